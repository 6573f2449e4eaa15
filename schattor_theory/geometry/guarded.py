"""Which method finds a duality map or a norm on the host, slice by slice, and what happens where it is not certified.

The choice depends on dtype, shape and exponent; whether its result stands, on the slice's own residuals. Both leave the
stack out of it: a slice has the same bits alone, in a stack, and in any chunk. A slice whose certificate fails is
decomposed (SVD) and marked.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import largest_entry
from .certificates import GRAM, POLYNOMIAL, SVD, frobenius, map_condition, rounding_allowance
from .certified_polar import certified_polar
from .gram import gram_map, gram_norm
from .spectral import by_slice_kind
from .workspace import Workspace, blocks

__all__ = ["by_blocks", "chosen_map", "chosen_norm", "guarded_map", "guarded_norm"]

_SMALLEST, _LARGEST = 1e-8, 1e8
"""Frobenius norms between which fourth powers and their inverses stay inside float32, and more inside float64."""

Decomposed = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
"""From matrices (k, m, n) to norm (k,), direction (k, m, n), singular values and weights (k, min(m, n))."""


def chosen_map(shape: tuple[int, int], q: float) -> int:
    """Return the method of ``method="auto"`` for matrices of one shape and dual exponent.

    Time of the SVD over time of the method, float64, Gaussian, one BLAS thread, while the machine was shared (idle, the
    polynomials gain most; the benchmarks measure again):

    ====================== ======= ======= ======= ======= ======= =======
    smaller side                 8      16      32      64     128     256
    polynomials, q = 1         2.7     3.4     2.1     1.4     0.7     0.4
    Gram, q = 1                1.4     1.2     1.1     1.1     1.1     1.4
    Gram, q = 3/2              1.1     1.2     1.0     1.2     1.2     1.4
    ====================== ======= ======= ======= ======= ======= =======
    """
    small = min(shape)
    if small < 8 or q >= 2:
        return SVD
    if q == 1 and small <= 64:
        return POLYNOMIAL
    return GRAM


def chosen_norm(shape: tuple[int, int], q: float, tolerance: float | None) -> int:
    """Return the method for norms: Gram, but by default not where most spectra would refuse it.

    Below q = 2 the small singular values count, and those of a random matrix of aspect below 2 come out of a Gram
    matrix with fewer digits than a decomposition gives. The nuclear norm of small matrices is the trace that certifies
    their polar factor: faster than singular values at size 8 and 16, slower from 32 on.
    """
    small, large = min(shape), max(shape)
    if small >= 8 and q == 1 and small <= 16:
        return POLYNOMIAL
    if small < 8 or (q < 2 and tolerance is None and large < 2 * small):
        return SVD
    return GRAM


def by_blocks(
    m: np.ndarray,
    *,
    diagonal: Callable[[np.ndarray], tuple[np.ndarray, ...]],
    general: Callable[[np.ndarray], tuple[np.ndarray, ...]],
    is_size: tuple[bool, ...],
) -> tuple[np.ndarray, ...]:
    """Return what :func:`by_slice_kind` gives for a stack, worked on in blocks of slices, each scaled to moderate size.

    Parameters
    ----------
    m : array, shape (..., m, n)
        Finite matrices.
    diagonal, general : callable
        As for ``by_slice_kind``, both returning tuples.
    is_size : tuple of bool
        Which of the results scale with ``m``, and are multiplied by its largest entry.
    """
    stack = m.reshape(-1, *m.shape[-2:])
    whole: list[np.ndarray] = []
    for block in blocks(stack):
        part, scale = _scaled(stack[block])
        found = by_slice_kind(part, diagonal=diagonal, general=general)
        whole = whole or [np.empty((len(stack), *x.shape[1:]), dtype=x.dtype) for x in found]
        for kept, one, sized in zip(whole, found, is_size, strict=True):
            kept[block] = one if scale is None or not sized else scale * one
    lead = m.shape[:-2]
    return tuple(x.reshape(lead + x.shape[1:])[()] for x in whole)


def _scaled(x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return matrices of moderate size, and the powers of two they were divided by, 1 where they had it.

    numerics: where none needs it nothing is divided (None), which saves two passes; each slice decides for itself.
    """
    with np.errstate(over="ignore", under="ignore"):
        size = frobenius(x)
    is_moderate = (size > _SMALLEST) & (size < _LARGEST)
    if is_moderate.all():
        return x, None
    # numerics: a power of two changes no digit, so that a slice has the same digits on both sides of the limits
    exponents = np.frexp(largest_entry(x))[1] - 1
    scale = np.ldexp(np.ones((), dtype=x.dtype), np.where(is_moderate[:, None, None], 0, exponents))
    return x / scale, scale[:, 0, 0]


def guarded_map(
    x: np.ndarray, q: float, method: int, tolerance: float | None, decomposed: Decomposed, workspace: Workspace
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``(‖x‖_q, D_p(x), error bound, method, fell back)`` of general matrices.

    Parameters
    ----------
    x : array, shape (k, m, n), float32 or float64
        Finite matrices of moderate size.
    q : float
        Dual exponent.
    method : int
        ``SVD``, ``GRAM`` or ``POLYNOMIAL``.
    tolerance : float or None
        Excess allowed beyond the error of a decomposition; None allows as much again as that error.
    decomposed : callable
        The map by SVD.
    workspace : Workspace
        Memory to work in; the direction may lie in it.

    Returns
    -------
    tuple of arrays
        Shapes (k,), (k, m, n), (k,), (k,) and (k,).
    """
    eps = float(np.finfo(x.dtype).eps)
    codes = np.full(len(x), method)
    if method == SVD:
        norm, direction, bound = _by_svd(x, q, eps, decomposed)
        return norm, direction, bound, codes, np.zeros(len(x), dtype=bool)
    y, is_turned = _lying(x, method)
    if method == GRAM:
        norm, direction, bound, accepted = gram_map(y, q, eps, tolerance, workspace)
    else:
        norm, direction, bound, accepted = certified_polar(y, eps, tolerance, workspace)
    direction = direction.swapaxes(-1, -2) if is_turned else direction
    norm, direction = norm.astype(x.dtype, copy=False), direction.astype(x.dtype, copy=False)
    fell_back = ~accepted
    if fell_back.any():
        norm[fell_back], direction[fell_back], bound[fell_back] = _by_svd(x[fell_back], q, eps, decomposed)
        codes[fell_back] = SVD
    return norm, direction, bound, codes, fell_back


def guarded_norm(
    x: np.ndarray,
    q: float,
    method: int,
    tolerance: float | None,
    values: Callable[[np.ndarray], np.ndarray],
    workspace: Workspace,
) -> np.ndarray:
    """Return ``‖x‖_q`` of general matrices (k, m, n) of moderate size; ``values`` is the norm by SVD.

    With X the polar factor of ``x - Δ`` and ``tr S = <X, x>``, ``tr S <= ‖x‖_1 <= tr S + ‖Δ‖_1``: the trace is as
    accurate as a backward stable decomposition when Δ is within its allowance.
    """
    y, _ = _lying(x, method)
    eps = float(np.finfo(x.dtype).eps)
    if method == POLYNOMIAL:
        norm, _, _, accepted = certified_polar(y, eps, None, workspace)
    else:
        norm, _, accepted = gram_norm(y, q, eps, tolerance, workspace)
    norm = norm.astype(x.dtype, copy=False)
    if not accepted.all():
        norm[~accepted] = values(x[~accepted])
    return norm


def _lying(x: np.ndarray, method: int) -> tuple[np.ndarray, bool]:
    """Return matrices as a method takes them, wide for Gram and tall for polynomials, and whether they were transposed.

    numerics: float32 is computed in float64, as NumPy's own decompositions are
    """
    rows, columns = x.shape[-2:]
    is_turned = rows > columns if method == GRAM else rows < columns
    return np.ascontiguousarray(x.swapaxes(-1, -2) if is_turned else x, dtype=np.float64), is_turned


def _by_svd(x: np.ndarray, q: float, eps: float, decomposed: Decomposed) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    norm, direction, s, weights = decomposed(x)
    cut = max(x.shape[-2:]) * eps
    bound = map_condition(s, weights, q, cut) * rounding_allowance(np.ascontiguousarray(x), eps)
    return norm, direction, bound
