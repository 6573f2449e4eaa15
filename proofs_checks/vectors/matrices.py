"""The inputs: matrices of numbers that float64 (mostly float32 too) holds exactly, wherever they are made.

Random entries are whole numbers over a power of two, drawn as bits; structured ones come from factors with
orthogonal columns of whole numbers, so that ties, ranks and condition numbers are what they are said to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from synthetic.seeds import Streams

__all__ = ["MATRICES", "random_matrix"]

_BITS = 20


def random_matrix(name: str, *shape: int) -> np.ndarray:
    """Return entries in [-1, 1) with 20 binary places, a function of the name and the shape."""
    half = 2 ** (_BITS - 1)
    # numerics: the raw words of a stream never change with NumPy's version; numbers drawn from them may
    words = Streams({"reference vectors": name}).generator("data").bit_generator.random_raw(math.prod(shape))
    return ((words >> np.uint64(64 - _BITS)).astype(np.int64).reshape(shape) - half) / half


# columns that are orthogonal, all of one length: 5, 13, 3, 2
_TURN_5 = np.array([[3, -4], [4, 3]], dtype=float)
_TURN_13 = np.array([[5, -12], [12, 5]], dtype=float)
_TURN_3 = np.array([[1, 2, 2], [2, 1, -2], [2, -2, 1]], dtype=float)
_TURN_7 = np.array([[2, 3, 6], [3, -6, 2], [6, 2, -3]], dtype=float)
_SIGNS_4 = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=float)


def _turned(left: np.ndarray, values: list[float], right: np.ndarray) -> np.ndarray:
    """Return the matrix whose singular values are these, times the two lengths of the columns."""
    return (left[:, : len(values)] * np.array(values)) @ right[:, : len(values)].T


def _padded() -> np.ndarray:
    whole = np.zeros((5, 6))
    whole[1:3, 2:5] = random_matrix("padded", 2, 3)
    return whole


def _stack() -> np.ndarray:
    """Slices of every sort: general, zero, rank one, diagonal, a tie."""
    slices = [
        random_matrix("stack", 2, 3),
        np.zeros((2, 3)),
        np.outer([1, -2], [2, 0, 1]),
        np.array([[3.0, 0, 0], [0, -4, 0]]),
        np.array([[0, 1.0, 0], [-1, 0, 0]]),
    ]
    return np.stack(slices)


MATRICES: dict[str, Callable[[], np.ndarray]] = {
    "square": lambda: random_matrix("square", 4, 4),
    "tall": lambda: random_matrix("tall", 6, 4),
    "wide": lambda: random_matrix("wide", 4, 6),
    "long": lambda: random_matrix("long", 3, 12),
    "larger": lambda: random_matrix("larger", 8, 7),
    "two-by-two": lambda: np.array([[3.0, 1.0], [-2.0, 5.0]]),
    "one-by-one": lambda: np.array([[-2.5]]),
    "row": lambda: random_matrix("row", 1, 5),
    "column": lambda: random_matrix("column", 5, 1),
    "diagonal": lambda: np.diag([3.0, -4.0, 0.5]),
    "symmetric-indefinite": lambda: np.array([[1.0, 2.0, 0.0], [2.0, -3.0, 1.0], [0.0, 1.0, 0.5]]),
    "triangular": lambda: np.triu(np.ones((5, 5))),
    "rank-one": lambda: np.outer([1.0, -2.0, 3.0, 0.5], [2.0, 1.0, -1.0]),
    "rank-two": lambda: (
        np.outer([1.0, 2.0, 0.0, -1.0], [1.0, 0.0, 3.0]) + np.outer([0.0, 1.0, 1.0, 2.0], [2.0, -1.0, 1])
    ),
    "one-entry": lambda: np.pad([[-7.0]], ((1, 1), (0, 2))),
    "all-equal": lambda: _turned(_TURN_5, [1, 1], _TURN_13),
    "identity": lambda: np.eye(3),
    "tie-at-the-top": lambda: _turned(_TURN_3, [2, 2, 1], _TURN_7),
    "tie-below-the-top": lambda: _turned(_TURN_7, [3, 1, 1], _TURN_3),
    "tie-of-tall": lambda: _turned(_SIGNS_4, [2, 2, 1], _TURN_3),
    "tie-and-rank-two": lambda: _turned(_TURN_7, [1, 1], _TURN_3),
    "close-values": lambda: _turned(_TURN_3, [1 + 2**-12, 1, 0.25], _TURN_7),
    "condition-1e3": lambda: _turned(_TURN_3, [1024, 32, 1], _TURN_7),
    "condition-1e6": lambda: _turned(_TURN_7, [2**20, 2**7, 1], _TURN_3),
    "condition-1e12": lambda: _turned(_TURN_3, [2**40, 2**20, 1], _TURN_7),
    "vandermonde": lambda: np.vander(np.arange(1.0, 6.0), increasing=True),
    "zero": lambda: np.zeros((3, 2)),
    "no-rows": lambda: np.zeros((0, 3)),
    "no-columns": lambda: np.zeros((3, 0)),
    "padded": _padded,
    "stack": _stack,
    # 2^99 and 2^498 are near 1e30 and 1e150
    "scale-1e-30": lambda: random_matrix("scale", 3, 4) * 2.0**-99,
    "scale-1e30": lambda: random_matrix("scale", 3, 4) * 2.0**99,
    "scale-1e-150": lambda: random_matrix("scale", 3, 4) * 2.0**-498,
    "scale-1e150": lambda: random_matrix("scale", 3, 4) * 2.0**498,
    "scales-mixed": lambda: np.diag([2.0**25, 1.0, 2.0**-20]) + 2.0**-22,
    "full-1e200": lambda: np.full((2, 2), 1e200),
    "full-1e-200": lambda: np.full((2, 2), 1e-200),
}
"""The inputs by name; each is made when it is asked for."""
