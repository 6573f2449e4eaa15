"""T4d: the infimum of ``‖[A_1 … A_n]‖_q + ‖[B_1; …; B_n]‖_q`` over the splittings ``C_i = A_i + B_i``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import threadpoolctl
from numpy.typing import ArrayLike

from schattor_theory.checks import check_choice, check_exponent, check_integer, fail
from schattor_theory.errors import DTypeError, ExponentError, NonFiniteError, ParameterError, ShapeError
from schattor_theory.geometry import dual_exponent

from . import program
from .program import LARGEST, PROGRAM_EXPONENTS, Points
from .reweighting import best_splitting, reweighted
from .solved import GAP, Solved, column_norm, row_norm

__all__ = ["METHODS", "rows_columns_infimum", "splitting_cost"]

METHODS = ("auto", "program", "reweighting")

_CALL = "rows_columns_infimum"
_EPS = float(np.finfo(float).eps)


def splitting_cost(rows: ArrayLike, columns: ArrayLike, q: float) -> float:
    """Return T4d's bound of a splitting: ``‖(Σ A_iA_i*)^{1/2}‖_q + ‖(Σ B_i*B_i)^{1/2}‖_q``.

    It bounds ``(E‖Σ ξ_i(A_i + B_i)‖_q²)^{1/2}`` for independent ξ_i of mean 0 and variance 1.

    Parameters
    ----------
    rows, columns : array, shape (n, m, d)
        A_i and B_i.
    q : float
        In [1, 2].

    Source
    ------
    T4d in docs/theory/martingale.md.

    Examples
    --------
    >>> units = np.eye(4)[:, None, :]
    >>> splitting_cost(units, 0 * units, 1), splitting_cost(0 * units, units, 1)
    (2.0, 4.0)
    """
    return row_norm(np.asarray(rows), q) + column_norm(np.asarray(columns), q)


def rows_columns_infimum(series: ArrayLike, q: float, *, method: str = "auto", n_iterations: int = 2000) -> Solved:
    """Return the infimum of :func:`splitting_cost` over all splittings of a series, between two proved ends.

    Every returned splitting is one that exists, so ``upper`` is a bound of T4d also where the ends do not meet.

    Parameters
    ----------
    series : array, shape (n, m, d)
        C_i, real or complex.
    q : float
        In [1, 2].
    method : {"auto", "program", "reweighting"}
        A semidefinite program for CLARABEL (q = 1, 4/3, 8/5 or 16/9), or alternating minimisation
        (every q, any size). "auto" takes the program where it is small enough, and the record says which it was.
    n_iterations : int
        The most iterations of the reweighting; it stops when the ends meet.

    Returns
    -------
    Solved
        With ``lower``, ``upper``, ``gap``, ``is_solved`` and the points they were computed from.

    Raises
    ------
    ExponentError
        For q outside [1, 2].
    ShapeError, DTypeError, NonFiniteError
        If the series is not a stack of finite matrices.
    ParameterError
        If the program is asked for where there is none.

    Scaling
    -------
    ``cC`` has |c| times the infimum, at any scale of float64; an orthogonal mixture of the C_i has the same infimum.

    Source
    ------
    T4d in docs/theory/martingale.md.

    Examples
    --------
    >>> units = np.eye(4)[:, None, :]
    >>> found = rows_columns_infimum(units, 1)
    >>> found.is_solved, round(found.value, 4)
    (True, 2.0)
    """
    c = _checked(series)
    exponent = check_exponent(_CALL, q, "q")
    if exponent > 2:
        fail(ExponentError, _CALL, "q", "lie in [1, 2]", q, "T4d is a statement about these.")
    check_choice(_CALL, "method", method, METHODS)
    n_iterations = check_integer(_CALL, "n_iterations", n_iterations, minimum=1)
    # numerics: divided by the largest entry first, so that the norm that is divided by next is finite
    top = float(np.abs(c).max(initial=0.0))
    if top == 0:
        return _nothing(c)
    scaled = c / top
    norm = min(row_norm(scaled, exponent), column_norm(scaled, exponent))
    scaled = scaled / norm
    reduced, mixing = _reduced(scaled)
    with threadpoolctl.threadpool_limits(1):
        if _takes_program(method, reduced, exponent):
            return _by_program(c, scaled, reduced, mixing, exponent, (top, norm))
        return _by_reweighting(c, scaled, reduced, mixing, exponent, (top, norm), n_iterations)


def _takes_program(method: str, reduced: np.ndarray, q: float) -> bool:
    is_possible = q in PROGRAM_EXPONENTS
    if method == "program" and not is_possible:
        way_out = f'The program is for q = 1, 4/3, 8/5 or 16/9, here q={q:g}: take method="reweighting".'
        fail(ParameterError, _CALL, "method", 'be "auto" or "reweighting" at this q', method, way_out)
    return method == "program" or (method == "auto" and is_possible and program.n_rows(reduced) <= LARGEST)


def _reduced(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return as few matrices as span the series, and the isometry that mixes them back.

    proof step: both norms are those of ``C`` times an isometry of the index, and a matrix that is zero is best split
    into zeros (average over its sign).
    """
    n, m, d = series.shape
    left, s, right = np.linalg.svd(series.reshape(n, m * d), full_matrices=False)
    kept = s > max(n, m * d) * _EPS * s[0]
    return (s[kept, None] * right[kept]).reshape(-1, m, d), left[:, kept]


def _by_program(
    c: np.ndarray, scaled: np.ndarray, reduced: np.ndarray, mixing: np.ndarray, q: float, units: tuple[float, float]
) -> Solved:
    points = program.solve_weights(reduced, q)
    rows: np.ndarray = reduced / 2
    duals: list[np.ndarray | None] = []
    if points.row_weight is not None and points.column_weight is not None:
        rows, dual = best_splitting(reduced, points.row_weight, points.column_weight)
        duals = [dual, points.dual]
    return _enclosed(c, scaled, mixing, q, units, rows, duals, points)


def _by_reweighting(
    c: np.ndarray, scaled: np.ndarray, reduced: np.ndarray, mixing: np.ndarray, q: float, units: tuple[float, float],
    n_iterations: int,
) -> Solved:  # fmt: skip
    best_rows, best_dual = reduced / 2, np.zeros_like(reduced)
    upper, lower, used = math.inf, 0.0, 0
    for rows, dual in reweighted(reduced, q, n_iterations=n_iterations):
        used += 1
        cost, value = splitting_cost(rows, reduced - rows, q), _dual_value(reduced, dual, q)
        if cost < upper:
            upper, best_rows = cost, rows
        if value > lower:
            lower, best_dual = value, dual
        if upper - lower <= 0.01 * GAP * upper:
            break
    status = "ends meet" if upper - lower <= GAP * upper else f"stopped after {used} iterations"
    points = Points(method="reweighting", status=status, n_iterations=used)
    return _enclosed(c, scaled, mixing, q, units, best_rows, [best_dual], points)


def _dual_value(series: np.ndarray, dual: np.ndarray, q: float) -> float:
    """Return ``Re Σ <Y_i, C_i>`` after Y was scaled into the two dual balls; 0 for a point that proves nothing."""
    if not np.isfinite(dual).all():
        return 0.0
    p = dual_exponent(q)
    size = max(row_norm(dual, p), column_norm(dual, p))
    return max(0.0, float(np.vdot(dual, series).real) / size) if size > 0 else 0.0


def _enclosed(
    c: np.ndarray, scaled: np.ndarray, mixing: np.ndarray, q: float, units: tuple[float, float], rows: np.ndarray,
    duals: Sequence[np.ndarray | None], points: Points,
) -> Solved:  # fmt: skip
    """Return the two ends that rows and duals prove for the whole series, with what the method says of ``points``."""
    top, norm = units
    scale = norm * top
    n, m, d = scaled.shape
    slack = 16 * max(n * m, n * d) * _EPS  # backward error of the two decompositions and of the mixing
    whole = _mixed(mixing, rows) if np.isfinite(rows).all() else scaled / 2
    candidates = [(splitting_cost(a, scaled - a, q), a) for a in (whole, scaled, np.zeros_like(scaled))]
    upper, best = min(candidates, key=lambda pair: pair[0])
    mixed = [_mixed(mixing, dual) for dual in duals if dual is not None and np.isfinite(dual).all()]
    mixed.append(np.zeros_like(scaled))
    lower, dual = max(((_dual_value(scaled, y, q), y) for y in mixed), key=lambda pair: pair[0])
    final = best * norm * top
    p = dual_exponent(q)
    size = max(row_norm(dual, p), column_norm(dual, p))
    return Solved(
        lower=max(0.0, lower * (1 - slack)) * norm * top,
        upper=upper * (1 + slack) * norm * top,
        method=points.method,
        status=points.status,
        n_iterations=points.n_iterations,
        residuals=points.residuals,
        reported=None if points.reported is None else points.reported * scale,
        reported_dual=None if points.reported_dual is None else points.reported_dual * scale,
        scale=scale,
        rows=final,
        columns=c - final,
        dual=dual / size if size > 0 else dual,
    )


def _mixed(mixing: np.ndarray, series: np.ndarray) -> np.ndarray:
    return np.tensordot(mixing, series, axes=1)


def _nothing(c: np.ndarray) -> Solved:
    zeros = np.zeros_like(c)
    return Solved(
        method="none", status="a series of zeros", lower=0.0, upper=0.0, reported=None, reported_dual=None,
        residuals={}, scale=1.0, n_iterations=0, rows=zeros, columns=zeros, dual=zeros,
    )  # fmt: skip


def _checked(series: ArrayLike) -> np.ndarray:
    c = np.asarray(series)
    if c.dtype.kind not in "biufc":
        fail(DTypeError, _CALL, "series", "hold real or complex numbers", c.dtype)
    c = c.astype(np.complex128 if np.iscomplexobj(c) else np.float64)
    if c.ndim != 3 or 0 in c.shape:
        fail(ShapeError, _CALL, "series", "be a stack of matrices, shape (n, m, d), none of them 0", c.shape)
    if not np.isfinite(c).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(c))[0])
        fail(NonFiniteError, _CALL, f"series[{', '.join(map(str, where))}]", "be finite", c[where].item())
    return c
