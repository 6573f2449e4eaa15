"""Sign patterns, and matrices with given numbers on the diagonal."""

from __future__ import annotations

import numpy as np

__all__ = ["all_binary", "all_signs", "on_diagonal"]


def all_binary(n: int) -> np.ndarray:
    """Return the 2^n patterns of n zeros and ones, shape (2^n, n)."""
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1


def all_signs(n: int) -> np.ndarray:
    """Return the 2^n patterns of n signs, shape (2^n, n)."""
    return 1.0 - 2.0 * all_binary(n)


def on_diagonal(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return matrices of this shape with ``values`` (..., k) on the diagonal, k <= min(m, n)."""
    out = np.zeros((*values.shape[:-1], *shape), dtype=values.dtype)
    k = np.arange(values.shape[-1])
    out[..., k, k] = values
    return out
