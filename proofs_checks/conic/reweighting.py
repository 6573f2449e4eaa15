"""Rows and columns through their weights: ``‖[A_1 … A_n]‖_q = min_W ½(Σ tr A_i*W⁻¹A_i + ‖W‖_r)``, r = q/(2 - q).

For weights W, V the best splitting solves ``W Y_i + Y_i V = C_i``, ``A_i = W Y_i``, ``B_i = Y_i V``; for a splitting
the best weights are powers of its two covariances. Each half step lowers the one convex objective.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

__all__ = ["best_splitting", "best_weight", "reweighted"]

_FLOOR = 1e-13  # of the largest weight: below it a direction counts as unused, and a quotient 0/0 is avoided


def best_splitting(series: np.ndarray, w: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(A, Y)`` for Hermitian positive semidefinite weights: the rows, and the dual matrices."""
    (a, left), (b, right) = _spectrum(w), _spectrum(v)
    turned = left.conj().T @ series @ right
    dual = turned / (a[:, None] + b)
    back = right.conj().T
    return left @ (a[:, None] * dual) @ back, left @ dual @ back


def best_weight(series: np.ndarray, q: float, *, is_row: bool) -> np.ndarray:
    """Return the weight at which the quadratic form gives the norm of the row or the column."""
    n, m, d = series.shape
    stacked = series.transpose(1, 0, 2).reshape(m, n * d) if is_row else series.reshape(n * m, d).conj().T
    left, s, _ = np.linalg.svd(stacked, full_matrices=False)
    top = s[0] if s.size else 0.0
    if top == 0:
        return np.zeros((stacked.shape[0],) * 2, dtype=series.dtype)
    power = s / top
    # W = S^{(2-q)/2} ‖S^{1/2}‖_q^{q-1} with S = Σ A_iA_i*
    norm = float(np.sum(power**q)) ** (1 / q)
    return (left * (top * norm ** (q - 1) * power ** (2 - q))) @ left.conj().T


def reweighted(series: np.ndarray, q: float, *, n_iterations: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield ``(A, Y)`` of each iteration, from equal weights on."""
    _, m, d = series.shape
    w, v = np.eye(m), np.eye(d)
    for _ in range(n_iterations):
        rows, dual = best_splitting(series, w, v)
        yield rows, dual
        w = best_weight(rows, q, is_row=True)
        v = best_weight(series - rows, q, is_row=False)


def _spectrum(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh((weight + weight.conj().T) / 2)
    top = float(values[-1]) if values.size else 0.0
    return np.maximum(values, _FLOOR * top if top > 0 and math.isfinite(top) else _FLOOR), vectors
