"""Duality maps and norms through the Gram matrix of the smaller side, corrected and certified.

``x xᵀ = V diag(λ) Vᵀ`` costs about half a singular value decomposition, and its small eigenvalues are wrong by
``eps λ_1``, so that directions computed from it alone are off by ``eps κ²``. Here the rows of ``B = Vᵀx`` are used
instead: their lengths d are the singular values and ``B Bᵀ = diag(d)(I + F)diag(d)`` exactly, where F is *measured*.
The map is then ``V f(B Bᵀ) B`` with ``f(λ) = h(√λ)/√λ``, and the first-order effect of F is known entry by entry from
the divided differences of f. What is left is of second order in F (docs/theory/geometry.md, D1, certificates).
"""

from __future__ import annotations

import math

import numpy as np

from .certificates import frobenius, rounding_allowance
from .workspace import Workspace, times_own_transpose

__all__ = ["NORM_AMPLIFICATION", "gram_map", "gram_norm"]

_LARGEST_DEPARTURE = 0.1
"""‖F‖_F above which the expansion is not used: eps κ² is then no longer small."""

NORM_AMPLIFICATION = 4.0
"""How many times the error of a backward stable decomposition a norm from eigenvalues may have by default."""


def gram_map(
    x: np.ndarray, q: float, eps: float, tolerance: float | None, workspace: Workspace
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``(‖x‖_q, D_p(x), error bound, accepted)`` of wide matrices, for 1 <= q < 2.

    Parameters
    ----------
    x : array, shape (k, r, c), r <= c, float64
        Contiguous matrices with entries of moderate size.
    q : float
        Dual exponent, in [1, 2).
    eps : float
        Machine epsilon of the dtype the matrices came in: it decides which singular values count as zero.
    tolerance : float or None
        Excess allowed beyond the error of a backward stable decomposition; None allows as much again as that error.
    workspace : Workspace
        Memory to work in; the direction lies in it.

    Returns
    -------
    tuple of arrays
        Norm (k,), direction (k, r, c), bound on its Frobenius error (k,), and whether the bound meets the tolerance.
        numerics: every matrix is treated alone, so its bits do not depend on the stack.
    """
    rank = x.shape[-2]
    gram = workspace.array("gram", (len(x), rank, rank))
    is_finite = _made_finite(times_own_transpose(x, gram, workspace))
    _, v = np.linalg.eigh(gram)
    rows = np.matmul(np.swapaxes(v, -1, -2), x, out=workspace.array("x", x.shape))
    squares = np.einsum("kij,kij->ki", rows, rows)
    d, size = np.sqrt(squares), np.sqrt(np.add.reduce(squares, axis=-1))
    top, bottom = d.max(axis=-1), d.min(axis=-1)
    cut = max(x.shape[-2:]) * eps
    is_full = is_finite & (bottom > cut * top)
    if not is_full.all():
        d[~is_full] = top[~is_full] = bottom[~is_full] = 1.0
    rows *= (1 / d)[..., None]
    f = times_own_transpose(rows, gram, workspace)
    f.reshape(len(f), -1)[:, :: rank + 1] -= 1
    departure = frobenius(f)
    is_full &= departure < _LARGEST_DEPARTURE
    departure = np.where(is_full, departure, 0.0)

    norm, weights, least_weight = _weights(d, q)
    square = departure**2 / (1 - departure)
    # f^{1/2} C f^{1/2} d with ‖C‖ <= ε²/(1-ε): the powers of d that remain are those of the least and largest value
    second = math.sqrt(rank * 1.1) * square * least_weight * (top / bottom) ** (q / 2)
    spread = 1.0 if weights is None else np.add.reduce(weights**2, axis=-1)
    second += (q - 1) * square * np.sqrt(spread)
    condition = (least_weight / bottom + (q - 1) * spread / norm) / (1 - departure)
    allowance = condition * rounding_allowance(x, eps, size)
    limit = allowance if tolerance is None else np.maximum(allowance, tolerance)

    # |Y_ij| <= |F_ij| at q = 1, and <= (1 - q/2) max(w/d) |F_ij| d_j otherwise
    first, middle = departure, v
    if weights is not None:
        middle = workspace.array("square", v.shape)
        first = (1 - q / 2) * least_weight / bottom * frobenius(np.multiply(f, d[:, None, :], out=middle))
        np.multiply(v, weights[:, None, :], out=middle)
    first = math.sqrt(1.1) * first
    for i in np.flatnonzero(is_full & (first + second > limit)):
        y = f[i] * _first_order(d[i], None if weights is None else weights[i], q)
        first[i] = math.sqrt(1.1) * frobenius(y)
        if first[i] + second[i] > limit[i]:
            middle[i] += v[i] @ y
            first[i] = 0.0
    accepted = is_full & (first + second <= limit) & (allowance < 0.5)
    direction = np.matmul(middle, rows, out=workspace.array("y", x.shape))
    return norm, direction, allowance + first + second, accepted


def _weights(d: np.ndarray, q: float) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Return ``‖d‖_q``, the weights ``d^{q-1}/‖d‖_q^{q-1}`` (None: all of them 1), and the least; d is positive."""
    if q == 1:
        return np.add.reduce(d, axis=-1), None, np.ones(len(d))
    top = d.max(axis=-1, keepdims=True)
    ratio = d / top
    powers = ratio ** (q - 1)
    total = np.add.reduce(powers * ratio, axis=-1, keepdims=True)
    weights = powers / total ** ((q - 1) / q)
    return (top * total ** (1 / q))[..., 0], weights, weights.min(axis=-1)


def _first_order(d: np.ndarray, weights: np.ndarray | None, q: float) -> np.ndarray:
    """Return the factors Y_ij/F_ij of one matrix: ``d_i d_j² f[d_i², d_j²]`` with the divided difference of f.

    For ``f = λ^a``, ``a = (q-2)/2``, and ``L = log(λ_i/λ_j)`` the divided difference is
    ``λ_j^{a-1} (e^{aL} - 1)/(e^L - 1)``; at q = 1 it is ``-1/(d_i d_j (d_i + d_j))``.
    """
    column, row = d[:, None], d[None, :]
    if weights is None:
        return np.asarray(-row / (column + row))
    a = (q - 2) / 2
    logs = np.log(d / d.min())
    gap = 2 * (logs[:, None] - logs[None, :])
    denominator = np.expm1(gap)
    is_equal = denominator == 0
    quotient = np.where(is_equal, a, np.expm1(a * gap) / np.where(is_equal, 1.0, denominator))
    # d_i d_j² λ_j^{a-1} = (d_i/d_j) d_j^{q-1}, in the units of the weights
    return np.asarray(quotient * (column / row) * weights[None, :])


def gram_norm(
    x: np.ndarray, q: float, eps: float, tolerance: float | None, workspace: Workspace
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``(‖x‖_q, relative error bound, accepted)`` of wide matrices, from the eigenvalues of ``x xᵀ``.

    An error of x by the rounding allowance moves ``x xᵀ`` by up to ``δ = 2 s_1`` times it; with eigenvalues known to δ,
    in ℓ_2 over the spectrum, a singular value is off by at most ``min(δ/s, √δ)``.

    Parameters
    ----------
    x : array, shape (k, r, c), r <= c, float64
        Contiguous matrices with entries of moderate size.
    q : float
        Exponent of the norm, in [1, inf].
    eps : float
        Machine epsilon of the dtype the matrices came in.
    tolerance : float or None
        Relative error allowed; None allows ``NORM_AMPLIFICATION`` times that of a backward stable decomposition.
    workspace : Workspace
        Memory to work in.

    Returns
    -------
    tuple of arrays, each shape (k,)
    """
    gram = workspace.array("gram", (len(x), x.shape[-2], x.shape[-2]))
    is_finite = _made_finite(times_own_transpose(x, gram, workspace))
    values = np.linalg.eigvalsh(gram)
    s = np.sqrt(np.maximum(values, 0.0))
    top = s.max(axis=-1, keepdims=True)
    safe = np.where(top > 0, top, 1.0)
    if math.isinf(q):
        norm, slopes = top[..., 0], (s == top).astype(float)
    else:
        ratio = s / safe
        total = np.add.reduce(ratio**q, axis=-1, keepdims=True)
        norm = (safe * total ** (1 / q))[..., 0]
        # the slope d‖s‖_q/ds_i, taken where the error may have moved s_i to
        slopes = ratio if q == 2 else (ratio + math.sqrt(max(x.shape[-2:]) * eps)) ** (q - 1)
        slopes = slopes / np.where(total > 0, total, 1.0) ** ((q - 1) / q)
    allowance = rounding_allowance(x, eps, np.sqrt(np.add.reduce(s * s, axis=-1)))
    delta = 2 * allowance * top[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.sqrt(np.add.reduce((slopes / np.maximum(s, np.sqrt(delta)[:, None])) ** 2, axis=-1)) * delta / norm
        stable = np.sqrt(np.add.reduce(slopes**2, axis=-1)) * allowance / norm
    limit = NORM_AMPLIFICATION * stable
    limit = limit if tolerance is None else np.maximum(limit, tolerance)
    return norm, own, is_finite & (own <= limit)


def _made_finite(gram: np.ndarray) -> np.ndarray:
    """Return which Gram matrices are finite, and put the identity in place of the others, which LAPACK gives up on.

    No entry is larger than the trace, so that one says it.
    """
    is_finite = np.isfinite(np.einsum("kii->k", gram))
    if not is_finite.all():
        gram[~is_finite] = np.eye(gram.shape[-1])
    return np.asarray(is_finite)
