"""Matrices of floats as text that means exactly them: hexadecimal floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["read_matrix", "read_number", "write_matrix"]


def write_matrix(x: np.ndarray) -> list[list[Any]]:
    """Return the rows, each entry as a hexadecimal float, or as [real, imaginary] for a complex matrix."""
    if np.iscomplexobj(x):
        return [[[float(e.real).hex(), float(e.imag).hex()] for e in row] for row in x]
    return [[float(e).hex() for e in row] for row in x]


def read_matrix(rows: list[list[Any]]) -> np.ndarray:
    """Return the matrix of :func:`write_matrix`."""
    is_complex = isinstance(rows[0][0], list)
    if is_complex:
        found = np.array([[complex(read_number(e[0]), read_number(e[1])) for e in row] for row in rows])
    else:
        found = np.array([[read_number(e) for e in row] for row in rows])
    if found.ndim != 2 or found.size == 0:
        raise ValueError(f"a matrix has rows of one length, got {found.shape}")
    found.flags.writeable = False
    return found


def read_number(text: str) -> float:
    """Return the finite float that the text spells."""
    number = float.fromhex(text)
    if not math.isfinite(number):
        raise ValueError(f"entries are finite, got {text}")
    return number
