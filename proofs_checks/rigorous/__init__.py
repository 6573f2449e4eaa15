"""Rigorous checks: numbers enclosed in balls, and inequalities decided on the enclosures."""
