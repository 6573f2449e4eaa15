"""An independent answer to compare with, and the one rule for how close is close enough.

The oracle is the singular value decomposition in 40-digit arithmetic (mpmath), never the code under test.

Tolerances. A backward stable SVD returns the exact one of ``g + E`` with ``‖E‖ <= c max(m, n) eps ‖g‖``; LAPACK's c is
a modest constant, here 8. A norm is 1-Lipschitz, so its error is at most that: :func:`tolerance`. A duality map
amplifies E by the condition of the map ``h(s) = s^{q-1}/‖s‖_q^{q-1}`` at these singular values, which divided
differences of h give exactly: :func:`map_tolerance`. No number here was fitted to a result.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np

__all__ = ["C", "exact_map", "exact_norm", "exact_svd", "map_tolerance", "orthogonal", "tolerance", "with_spectrum"]

C = 8
DIGITS = 40


def exact_svd(m: np.ndarray) -> tuple[mpmath.matrix, list[mpmath.mpf], mpmath.matrix]:
    """Return the thin SVD of one matrix to 40 digits."""
    with mpmath.workdps(DIGITS):
        tall = m.shape[0] >= m.shape[1]
        u, s, vh = mpmath.svd_r(mpmath.matrix((m if tall else m.T).astype(float).tolist()), full_matrices=False)
        return (u, list(s), vh) if tall else (vh.T, list(s), u.T)


def _unit_power_sum(s: list[mpmath.mpf], q: float) -> mpmath.mpf:
    return mpmath.fsum((x / s[0]) ** mpmath.mpf(q) for x in s) ** (1 / mpmath.mpf(q)) * s[0]


def exact_norm(m: np.ndarray, p: float) -> float:
    """Return ``‖m‖_p`` of one matrix, correctly rounded but for the last conversion."""
    with mpmath.workdps(DIGITS):
        s = exact_svd(m)[1]
        if s[0] == 0:
            return 0.0
        return float(s[0] if math.isinf(p) else _unit_power_sum(s, p))


def exact_map(m: np.ndarray, p: float) -> np.ndarray:
    """Return ``D_p(m)`` of one matrix, with the documented rule for zeros and ties: max(m, n) eps of the largest."""
    cut = max(m.shape) * float(np.finfo(m.dtype).eps)
    with mpmath.workdps(DIGITS):
        u, s, vh = exact_svd(m)
        if s[0] == 0:
            return np.zeros(m.shape)
        if p == 1:
            top = [1 if x >= s[0] * (1 - cut) else 0 for x in s]
            w = [mpmath.mpf(t) / sum(top) for t in top]
        else:
            q = mpmath.mpf(1) if math.isinf(p) else mpmath.mpf(p) / (mpmath.mpf(p) - 1)
            powers = [(x / s[0]) ** (q - 1) if x > cut * s[0] else mpmath.mpf(0) for x in s]
            total = max(powers) if q == 1 else mpmath.fsum(x ** (q / (q - 1)) for x in powers) ** ((q - 1) / q)
            w = [x / total for x in powers]
        product = u * mpmath.diag(w) * vh
        return np.array([[float(product[i, j]) for j in range(m.shape[1])] for i in range(m.shape[0])])


def tolerance(m: np.ndarray) -> float:
    """Return the relative error a backward stable computation on ``m`` may have: ``c max(m, n) eps``."""
    return C * max(1, *m.shape[-2:]) * float(np.finfo(m.dtype).eps)


def map_tolerance(m: np.ndarray, p: float) -> float:
    """Return the error, in the Frobenius norm, that a backward stable ``D_p`` may have on this one matrix."""
    s = np.linalg.svd(m.astype(float), compute_uv=False)
    if s.size == 0 or s[0] == 0:
        return 0.0
    s = s / s[0]
    cut = max(m.shape) * float(np.finfo(m.dtype).eps)
    q = math.inf if p == 1 else 1.0 if math.isinf(p) else p / (p - 1)
    if q == math.inf:
        h = (s >= 1 - cut) / np.count_nonzero(s >= 1 - cut)
        slope, norm_part = 0.0, 0.0
    else:
        total = np.sum(s**q) ** (1 / q)
        s = np.where(s > cut, s, 0.0)
        h = np.where(s > 0, np.where(s > 0, s, 1.0) ** (q - 1), 0.0) / total ** (q - 1)
        slope = np.max((q - 1) * h[s > 0] / s[s > 0])
        norm_part = (q - 1) * float(np.sum(h**2)) / total
    gaps = [abs(h[i] - h[j]) / abs(s[i] - s[j]) for i in range(len(s)) for j in range(i) if abs(s[i] - s[j]) > 4 * cut]
    sums = [(h[i] + h[j]) / (s[i] + s[j]) for i in range(len(s)) for j in range(len(s)) if s[i] + s[j] > 0]
    condition = max([slope, *gaps, *sums]) + norm_part
    return tolerance(m) * condition * float(np.linalg.norm(s)) + tolerance(m) * float(np.linalg.norm(h))


def orthogonal(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a Haar distributed orthogonal matrix (n, n)."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diagonal(r))


def with_spectrum(rng: np.random.Generator, shape: tuple[int, int], s: list[float]) -> np.ndarray:
    """Return a matrix of ``shape`` with singular values ``s`` and random singular vectors."""
    rows, columns = shape
    return orthogonal(rng, rows)[:, : len(s)] * np.asarray(s) @ orthogonal(rng, columns)[: len(s)]
