"""Tests of the documentation: its code, its commands, its links, its formulas, its reference, its notebooks."""
