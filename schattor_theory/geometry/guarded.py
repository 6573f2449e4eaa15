"""Which methods find a duality map or a norm on the host, slice by slice, and what happens where one is not certified.

The choice depends on dtype, shape and exponent; whether a result stands, on the slice's own residuals. Both leave the
stack out of it: a slice has the same bits alone, in a stack, and in any chunk. The slices of a stack whose certificate
fails are gathered for the next attempt; the last is a decomposition (SVD).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from ..arrays import largest_entry
from .certificates import GRAM, POLYNOMIAL, SVD, frobenius, map_condition, rounding_allowance
from .certified_polar import certified_polar, sequences
from .gram import gram_map, gram_norm
from .spectral import by_slice_kind
from .workspace import Workspace, blocks

__all__ = ["by_attempts", "chosen_map", "chosen_norm", "map_attempts", "norm_attempts"]

_SMALLEST, _LARGEST = 1e-8, 1e8
"""Frobenius norms between which fourth powers and their inverses stay inside float32, and more inside float64."""

_LEAST, _MOST = 1e-50, 1e50
"""Largest entries between which a first attempt, in float64, is as good at one size as at another."""

_DIMENSIONS = 1e10
"""More than the norm of a matrix exceeds its largest entry by."""

Attempt = Callable[[np.ndarray], tuple[np.ndarray, ...]]
"""From matrices (k, m, n) of moderate size to results with first axis k, the last of them: is the slice certified?"""

Find = Callable[..., tuple[np.ndarray, ...]]
"""A kernel on matrices lying as it takes them, all its settings but eps and workspace given."""

Decomposed = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
"""From matrices (k, m, n) to norm (k,), direction (k, m, n), singular values and weights (k, min(m, n))."""


def chosen_map(shape: tuple[int, int], q: float) -> int:
    """Return the method of ``method="auto"`` for matrices of one shape and dual exponent.

    Time of the SVD over time of the method, float64, square Gaussian, one BLAS thread (the benchmarks measure again):

    ====================== ======= ======= ======= ======= ======= =======
    smaller side                 8      16      32      64     128     256
    polynomials, q = 1         3.2     3.4     2.5     1.7     0.8     0.4
    Gram, q = 1                1.5     1.3     1.1     1.2     1.3     1.4
    Gram, q = 3/2              1.3     1.3     1.1     1.2     1.3     1.4
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

    Below q = 2 the small singular values count, and those of a random matrix that is not wide come out of a Gram matrix
    with fewer digits than a decomposition gives: by default it takes aspect 3 at q = 1, 2.6 at q = 1.2 and 2 at q = 3/2
    (1.5 to 2.6 times as fast as singular values there, half as fast below), or a tolerance that four of five square
    Gaussian matrices of size 32 to 256 meet: 1e-10, from q = 3/2 on 1e-12 to size 64 and more beyond. The nuclear norm
    of small matrices is the trace that certifies their polar factor: 1.8 and 1.6 times as fast at size 8 and 16, aspect
    1; 1.1 and 0.7 at 32 and 64.
    """
    small, large = min(shape), max(shape)
    if small < 8:
        return SVD
    if q == 1 and small <= 16 and large < 3 * small:
        return POLYNOMIAL
    usual_error = 1e-10 if q < 1.5 else 1e-12 * max(1.0, small / 64) ** 3
    is_wide, is_tolerant = large >= (5 - 2 * q) * small, tolerance is not None and tolerance >= usual_error
    return GRAM if q >= 2 or is_wide or is_tolerant else SVD


def by_attempts(
    m: np.ndarray,
    attempts: Sequence[Attempt],
    *,
    diagonal: Callable[[np.ndarray], tuple[np.ndarray, ...]],
    is_size: tuple[bool, ...],
    check: Callable[[], object],
) -> tuple[np.ndarray, ...]:
    """Return the results of the first attempt at each slice that certifies it, and of the last where none does.

    numerics: a pass over a large stack costs as much as a product of small matrices, so neither size nor finiteness is
    looked at before the first attempt: what it certifies is finite, and of a size that it can handle.

    Parameters
    ----------
    m : array, shape (..., m, n)
        Matrices.
    attempts : sequence of callables
        In order; each is given what those before it left.
    diagonal : callable
        From diagonals (k, min(m, n)) to the same results without the last; they need no certificate.
    is_size : tuple of bool
        Which of the results scale with ``m``, and are multiplied by the power of two it was divided by.
    check : callable
        Refuses entries that are not finite; called where not everything is certified at once.

    Returns
    -------
    tuple of arrays
        The results without the last, first axes (...).
    """

    def of_diagonal(d: np.ndarray) -> tuple[np.ndarray, ...]:
        return *diagonal(d), np.isfinite(d).all(axis=-1)

    def results(part: np.ndarray, attempt: Attempt, *, is_scaled: bool) -> list[np.ndarray]:
        return _in_blocks(part, attempt, of_diagonal, is_size, is_scaled=is_scaled)

    stack = m.reshape(-1, *m.shape[-2:])
    if len(attempts) == 1:
        check()
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        *whole, accepted = results(stack, attempts[0], is_scaled=len(attempts) == 1)
    rest = np.flatnonzero(~accepted)
    if rest.size:
        check()
        sizes = largest_entry(stack[rest])[:, 0, 0].astype(np.float64)
        odd = rest[~((sizes > _LEAST) & (sizes < _MOST))]
        for attempt, tried in [(attempts[0], odd), *((one, rest) for one in attempts[1:])]:
            rest = tried[~accepted[tried]]
            if rest.size:
                *found, accepted[rest] = results(stack[rest], attempt, is_scaled=True)
                for kept, one in zip(whole, found, strict=True):
                    kept[rest] = one
    lead = m.shape[:-2]
    return tuple(x.reshape(lead + x.shape[1:])[()] for x in whole)


def _in_blocks(
    stack: np.ndarray,
    general: Attempt,
    diagonal: Callable[[np.ndarray], tuple[np.ndarray, ...]],
    is_size: tuple[bool, ...],
    *,
    is_scaled: bool,
) -> list[np.ndarray]:
    """Return what :func:`by_slice_kind` gives for a stack, in blocks of slices, scaled to moderate size if asked."""
    whole: list[np.ndarray] = []
    for block in blocks(stack):
        part, scale = _scaled(stack[block]) if is_scaled else (stack[block], None)
        found = by_slice_kind(part, diagonal=diagonal, general=general)
        whole = whole or [np.empty((len(stack), *x.shape[1:]), dtype=x.dtype) for x in found]
        for kept, one, sized in zip(whole, found, (*is_size, False), strict=True):
            kept[block] = one if scale is None or not sized else scale * one
    return whole


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


def map_attempts(
    shape: tuple[int, int], q: float, method: int, tolerance: float | None, decomposed: Decomposed, workspace: Workspace
) -> list[Attempt]:
    """Return the attempts at ``(‖x‖_q, D_p(x), error bound, method)``, shapes (k,), (k, m, n), (k,) and (k,).

    Parameters
    ----------
    shape : tuple of int
        Of each matrix; they come as float32 or float64.
    q : float
        Dual exponent.
    method : int
        ``SVD``, ``GRAM`` or ``POLYNOMIAL``.
    tolerance : float or None
        Excess allowed beyond the error of a decomposition; None allows as much again as that error.
    decomposed : callable
        The map by SVD.
    workspace : Workspace
        Memory to work in; a direction may lie in it.
    """

    def by_svd(x: np.ndarray) -> tuple[np.ndarray, ...]:
        eps = float(np.finfo(x.dtype).eps)
        norm, direction, s, weights = decomposed(x)
        bound = map_condition(s, weights, q, max(shape) * eps) * rounding_allowance(np.ascontiguousarray(x), eps)
        return norm, direction, bound, np.full(len(x), SVD), np.ones(len(x), dtype=bool)

    def by_residuals(find: Find, x: np.ndarray) -> tuple[np.ndarray, ...]:
        y, is_turned = _lying(x, method)
        eps = float(np.finfo(x.dtype).eps)
        norm, direction, bound, accepted = find(y, eps=eps, tolerance=tolerance, workspace=workspace)
        accepted &= _is_moderate(norm)
        direction = direction.swapaxes(-1, -2) if is_turned else direction
        norm, direction = norm.astype(x.dtype, copy=False), direction.astype(x.dtype, copy=False)
        return norm, direction, bound, np.full(len(x), method), accepted

    if method == SVD:
        return [by_svd]
    finds: list[Find] = [functools.partial(gram_map, q=q)] if method == GRAM else _polynomials(shape)
    return [*(functools.partial(by_residuals, find) for find in finds), by_svd]


def norm_attempts(
    shape: tuple[int, int],
    q: float,
    method: int,
    tolerance: float | None,
    values: Callable[[np.ndarray], np.ndarray],
    workspace: Workspace,
) -> list[Attempt]:
    """Return the attempts at ``‖x‖_q``, shape (k,); ``values`` is the norm by SVD, the rest as in ``map_attempts``.

    With X the polar factor of ``x - Δ`` and ``tr S = <X, x>``, ``tr S <= ‖x‖_1 <= tr S + ‖Δ‖_1``: the trace is as
    accurate as a backward stable decomposition when Δ is within its allowance.
    """

    def by_svd(x: np.ndarray) -> tuple[np.ndarray, ...]:
        return values(x), np.ones(len(x), dtype=bool)

    def by_residuals(find: Find, x: np.ndarray) -> tuple[np.ndarray, ...]:
        y, _ = _lying(x, method)
        norm, *_, accepted = find(y, eps=float(np.finfo(x.dtype).eps), workspace=workspace)
        return norm.astype(x.dtype, copy=False), accepted & _is_moderate(norm)

    if method == SVD:
        return [by_svd]
    finds: list[Find] = [functools.partial(gram_norm, q=q, tolerance=tolerance)]
    if method == POLYNOMIAL:
        finds = [functools.partial(find, tolerance=None) for find in _polynomials(shape)]
    return [*(functools.partial(by_residuals, find) for find in finds), by_svd]


def _is_moderate(norm: np.ndarray) -> np.ndarray:
    return (norm > _LEAST / _DIMENSIONS) & (norm < _MOST * _DIMENSIONS)


def _polynomials(shape: tuple[int, int]) -> list[Find]:
    return [functools.partial(certified_polar, rows=rows) for rows in sequences(min(shape))]


def _lying(x: np.ndarray, method: int) -> tuple[np.ndarray, bool]:
    """Return matrices as a method takes them, wide for Gram and tall for polynomials, and whether they were transposed.

    numerics: float32 is computed in float64, as NumPy's own decompositions are
    """
    rows, columns = x.shape[-2:]
    is_turned = rows > columns if method == GRAM else rows < columns
    return np.ascontiguousarray(x.swapaxes(-1, -2) if is_turned else x, dtype=np.float64), is_turned
