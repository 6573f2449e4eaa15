"""Certificates of duality maps: how far a computed direction may be from the exact one, and how it was found.

Everything is per matrix, in the Frobenius norm, which no other Schatten norm p >= 2 exceeds. A backward stable
decomposition is exact for a matrix within ``BACKWARD_ERROR max(m, n) eps ‖m‖_F`` of the given one: the *rounding
allowance*. The error of a map is the allowance times the condition of the map at this spectrum, whatever the method;
a fast path adds an *excess* of its own, which its residuals bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import check_matrices, largest_entry, resolution
from ..checks import fail
from ..errors import DTypeError, ShapeError

__all__ = [
    "BACKWARD_ERROR",
    "DIAGONAL",
    "GRAM",
    "METHOD_NAMES",
    "NO_DECOMPOSITION",
    "POLYNOMIAL",
    "SVD",
    "DualityCertificate",
    "diagonal_certificate",
    "frobenius",
    "map_condition",
    "polar_error_bound",
    "rounding_allowance",
    "unneeded_certificate",
]

# source: LAPACK's error bounds have "a modestly growing function" here; measured on its own dgesdd: up to 4.3 at d = 8,
# below 1 from d = 32 on
BACKWARD_ERROR = 4.0

METHOD_NAMES = ("svd", "diagonal", "gram", "polynomial", "no decomposition")
SVD, DIAGONAL, GRAM, POLYNOMIAL, NO_DECOMPOSITION = range(len(METHOD_NAMES))


@dataclass(frozen=True, slots=True, eq=False)
class DualityCertificate:
    """How each direction of a stack was found, and a bound on its error.

    Parameters
    ----------
    method : integer array, shape (...)
        Index into ``METHOD_NAMES``.
    error_bound : array, shape (...)
        Bound on ``‖D - D_p(m)‖_F``, unit 1; inf where nothing is claimed (a singular value counted as zero, a tie).
    fell_back : truth array, shape (...)
        Where a fast path was tried, its certificate did not meet the tolerance, and the SVD took over.

    Source
    ------
    D1, certificates, in docs/theory/geometry.md.
    """

    method: np.ndarray
    error_bound: np.ndarray
    fell_back: np.ndarray

    @property
    def fallbacks(self) -> int:
        """Return how many matrices fell back to the SVD."""
        return int(np.count_nonzero(self.fell_back))

    @property
    def counts(self) -> dict[str, int]:
        """Return how many matrices each method gave, without those that gave none."""
        found = np.bincount(self.method.ravel(), minlength=len(METHOD_NAMES))
        return {name: int(n) for name, n in zip(METHOD_NAMES, found, strict=True) if n}


def rounding_allowance(x: np.ndarray, eps: float, size: np.ndarray | None = None) -> np.ndarray:
    """Return ``BACKWARD_ERROR max(m, n) eps ‖x‖_F`` of matrices (..., m, n), shape (...); ``size`` is this norm."""
    return np.asarray(BACKWARD_ERROR * max(x.shape[-2:]) * eps * (frobenius(x) if size is None else size))


def frobenius(x: np.ndarray) -> np.ndarray:
    """Return ``‖x‖_F`` of contiguous matrices (..., m, n) with entries of moderate size, shape (...)."""
    flat = x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])
    # numerics: one pass and no temporary; not a dot product of BLAS, whose order of summation may depend on threads
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", flat, flat)))


def map_condition(s: np.ndarray, weights: np.ndarray, q: float, cut: float) -> np.ndarray:
    """Return the condition of the duality map at singular values ``s``: ``‖dD‖_F <= condition · ‖dm‖_F``.

    The derivative of ``U diag(h(s)) Vᵀ`` has, in the bases of U and V, the entries ``(h_i - h_j)/(s_i - s_j)`` on the
    symmetric and ``(h_i + h_j)/(s_i + s_j)`` on the antisymmetric part, and ``h_i/s_i`` outside the range. For
    ``h = s^{q-1}``, q <= 2, h is concave with h(0) = 0, and none exceeds ``h/s`` at the least value; for q > 2 it is
    convex, and none exceeds ``(q-1)h/s`` at the largest. The division by ``‖s‖_q^{q-1}`` adds
    ``(q-1)‖D‖_F²/‖s‖_q``. At q = inf the gap below the top group counts.

    Parameters
    ----------
    s : array, shape (k, r)
        Singular values, in any order.
    weights : array, shape (k, r)
        Those of the direction.
    q : float
        Dual exponent, in [1, inf].
    cut : float
        Values up to ``cut`` times the largest count as zero.

    Returns
    -------
    array, shape (k,)
        Unit 1/m; inf where a value counts as zero and the map jumps there, or where it is not bounded.
    """
    top = s.max(axis=-1)
    safe = np.where(top > 0, top, 1.0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        if math.isinf(q):
            is_top = weights > 0
            count = np.count_nonzero(is_top, axis=-1)
            below = np.where(is_top, -np.inf, s).max(axis=-1)
            gap = np.where(is_top, s, np.inf).min(axis=-1) - below
            return np.where(top > 0, 1 / (count * np.minimum(gap, safe[:, 0])), np.inf)
        if q > 2:
            slope = (q - 1) * weights.max(axis=-1) / top
        else:
            slope = np.where((s > cut * safe).all(axis=-1), (weights / s).max(axis=-1), np.inf)
        # ‖s‖_q = <s, w> for the weights of norm one
        norm = np.add.reduce(s * weights, axis=-1)
        spread = (q - 1) * np.add.reduce(weights * weights, axis=-1) / norm
    return np.where(top > 0, slope + spread, np.inf)


def diagonal_certificate(s: np.ndarray, weights: np.ndarray, q: float, cut: float) -> tuple[np.ndarray, np.ndarray]:
    """Return error bound and method of diagonal slices, each shape (k,): nothing but rounding of the weights.

    The bound is inf where a value that is not zero counts as zero, or one that is not equal to the largest as equal.
    """
    top = s.max(axis=-1, keepdims=True)
    ratio = s / np.where(top > 0, top, 1.0)
    is_ruled = (ratio > 0) & (ratio <= cut)
    if math.isinf(q):
        is_ruled = (ratio < 1) & (ratio >= 1 - 4 * cut)
    power = q if math.isfinite(q) else 1.0
    rounding = 8 * power * float(np.finfo(s.dtype).eps) * np.sqrt(np.add.reduce(weights * weights, axis=-1))
    bound = np.where(is_ruled.any(axis=-1), np.inf, rounding)
    return bound, np.full(len(s), DIAGONAL)


def unneeded_certificate(m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return method, error bound and fallback where nothing is decomposed: ``m/‖m‖_2`` at p = 2, and empty matrices."""
    lead = m.shape[:-2]
    rounding = 8 * float(np.finfo(m.dtype).eps) if 0 not in m.shape[-2:] else 0.0
    return np.full(lead, NO_DECOMPOSITION), np.full(lead, rounding), np.zeros(lead, dtype=bool)


def polar_error_bound(m: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return a bound on ``‖u - D_inf(m)‖_F`` for any matrices ``u``, from residuals alone.

    Let ``Q`` be the orthonormal factor of u, ``S`` the symmetric part of ``Qᵀm`` and ``Δ = m - QS``. Q is the polar
    factor of ``m - Δ`` as soon as S is positive definite, and moving by Δ turns the factor by at most
    ``‖Δ‖_F/(λ_min(S) - ‖Δ‖_2)``. The distance of u from Q is at most ``‖I - uᵀu‖_F``. All residuals are computed in
    float64, and the rounding allowance is added to Δ.

    Parameters
    ----------
    m : array, shape (..., m, n), float32 or float64
        Matrices, on the host, any unit.
    u : array, shape (..., m, n)
        Claimed polar factors.

    Returns
    -------
    array, shape (...)
        Unit 1; inf where S is not safely positive definite (m rank deficient, or u far off).

    Raises
    ------
    DTypeError, ShapeError, NonFiniteError
        If the two are not NumPy arrays of real matrices of one shape.

    Scaling
    -------
    The same for ``c m``, c > 0, and for ``Q m R`` with ``Q u R``.

    Source
    ------
    D1, certificates, in docs/theory/geometry.md.

    Examples
    --------
    >>> bool(polar_error_bound(np.diag([3.0, 4.0]), np.eye(2)) < 1e-14)
    True
    >>> bool(polar_error_bound(np.diag([3.0, 4.0]), np.eye(2) + 0.01) < 0.01)
    False
    """
    call = "polar_error_bound"
    for name, value in (("m", m), ("u", u)):
        if not isinstance(value, np.ndarray):
            fail(DTypeError, call, name, "be a NumPy array", type(value).__name__, "Copy it to the host first.")
        check_matrices(call, name, value)
    if m.shape != u.shape:
        fail(ShapeError, call, "u", f"have the shape of m, {m.shape}", u.shape, "It must belong to these matrices.")
    if 0 in m.shape:
        return np.zeros(m.shape[:-2])
    is_wide = m.shape[-2] < m.shape[-1]
    x, v = (np.ascontiguousarray(np.swapaxes(a, -1, -2) if is_wide else a, dtype=float) for a in (m, u))
    x = x / largest_entry(x)
    vt = np.ascontiguousarray(np.swapaxes(v, -1, -2))
    gram = vt @ v
    departure = frobenius(gram - np.eye(v.shape[-1]))
    # Q = u G^{-1/2}; where u is far from orthonormal, G says so and the bound is inf anyway
    roots, basis = np.linalg.eigh(gram)
    is_near = departure < 0.5
    roots = np.where(is_near[..., None], roots, 1.0)
    inverse_root = (basis / np.sqrt(roots)[..., None, :]) @ np.swapaxes(basis, -1, -2)
    q = v @ inverse_root
    w = np.swapaxes(q, -1, -2) @ x
    symmetric = (w + np.swapaxes(w, -1, -2)) / 2
    # at least the resolution of the arithmetic the residuals are computed in
    delta = frobenius(x - q @ symmetric) + rounding_allowance(x, float(np.finfo(float).eps))
    least = np.linalg.eigvalsh(symmetric)[..., 0] - delta
    is_safe = is_near & (least > 0)
    turned = delta / np.where(is_safe, least, 1.0)
    return np.where(is_safe, turned + departure + resolution(v), np.inf)
