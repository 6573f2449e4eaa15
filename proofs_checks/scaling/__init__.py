"""Scaling studies: plan (Study, Cell) → execute → store → fit → compare."""
