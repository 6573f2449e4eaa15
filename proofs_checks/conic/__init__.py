"""Convex programs: the infimum over splittings into rows and columns (T4d), by a named solver that is not believed."""

from __future__ import annotations

from .rows_columns import rows_columns_infimum, splitting_cost
from .solved import Solved

__all__ = ["Solved", "rows_columns_infimum", "splitting_cost"]
