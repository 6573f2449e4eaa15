"""Factors by which implementations scale a step to the shape of its matrix; rows and columns as the array has them."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["SCALES", "scale_factor"]

SCALES: dict[str, Callable[[int, int], float]] = {
    "1": lambda rows, columns: 1.0,
    "sqrt(max(1, rows/columns))": lambda rows, columns: math.sqrt(max(1.0, rows / columns)),
    "sqrt(max(1, columns/rows))": lambda rows, columns: math.sqrt(max(1.0, columns / rows)),
    "sqrt(rows/columns)": lambda rows, columns: math.sqrt(rows / columns),
    "sqrt(columns/rows)": lambda rows, columns: math.sqrt(columns / rows),
    "sqrt(max(rows, columns))": lambda rows, columns: math.sqrt(max(rows, columns)),
    "sqrt(min(rows, columns))": lambda rows, columns: math.sqrt(min(rows, columns)),
    "sqrt(rows)": lambda rows, columns: math.sqrt(rows),
    "sqrt(columns)": lambda rows, columns: math.sqrt(columns),
    "sqrt(rows*columns)": lambda rows, columns: math.sqrt(rows * columns),
}
"""By formula; an implementation may multiply one by a constant, such as 0.2."""


def scale_factor(formula: str, shape: tuple[int, ...]) -> float:
    """Return the factor of a formula for a matrix of this shape, its last two axes."""
    rows, columns = shape[-2:]
    return SCALES[formula](rows, columns)
