"""D1 and D2 as cone programs: the best point of a ball, the regularised step, and the two forms of a norm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cvxpy as cp
import numpy as np
import threadpoolctl
from numpy.typing import ArrayLike

from schattor_theory.checks import check_exponent, check_nonnegative, check_positive, fail
from schattor_theory.errors import DTypeError, ExponentError, NonFiniteError, ShapeError

from . import solver
from .cones import CONE_EXPONENTS, PARTS, block, dual_parts, gauge, part
from .solved import Enclosed

__all__ = ["OracleSolved", "ball_oracle", "norm_by_duality", "regularized_oracle"]

Weights = tuple[np.ndarray, np.ndarray]
"""(W, T) of a cone, or those of the dual one."""

_TIGHT = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleSolved(Enclosed):
    """The value of a program of an oracle: each end is the value of a point that its weights prove feasible.

    Neither end uses a singular value: one is the objective at ``point``, divided by the norm that ``weights`` prove for
    it, the other what ``dual_weights`` prove about the dual norm of the matrix.

    Attributes
    ----------
    p : float
        Exponent of the ball.
    point : array, shape (m, n)
        The feasible point, in the unit of the oracle.
    weights, dual_weights : tuple of array
        (W, T) that fit ``point`` and (A, C) that fit M, before any repair; empty for a matrix of zeros.
    """

    p: float
    point: np.ndarray
    weights: Weights | tuple[()] = field(default=(), repr=False)
    dual_weights: Weights | tuple[()] = field(default=(), repr=False)


def ball_oracle(matrix: ArrayLike, p: float, *, penalty: float = 0.0) -> OracleSolved:
    """Return ``max{<M, D> - (ε/2)‖D‖_F² : ‖D‖_p ≤ 1}`` by a cone program, between two ends, with its point.

    Without penalty this is ``‖M‖_q`` and a point of D1. Where that has many (p = 1 with ties, p = inf at low rank), a
    penalty ε up to ``k(s_1 - s_{k+1})``, respectively up to the least non-zero singular value, leaves only the smallest
    in the Frobenius norm: the projection of M/ε on the ball.

    Parameters
    ----------
    matrix : array, shape (m, n)
        M, real; a small one, the program has (m + n)²/2 unknowns.
    p : float
        1, 4/3, 2, 4 or inf.
    penalty : float
        ε >= 0, in the unit of M.

    Raises
    ------
    ExponentError
        For another exponent.
    ShapeError, DTypeError, NonFiniteError
        If the input is not one finite real matrix.

    Scaling
    -------
    ``cM`` with penalty cε has c times the value, at any scale of float64, and the same point.

    Source
    ------
    D1 in docs/theory/geometry.md.

    Examples
    --------
    >>> found = ball_oracle([[3.0, 0.0], [0.0, 4.0]], float("inf"))
    >>> found.is_solved, round(found.upper, 6)
    (True, 7.0)
    """
    call = "ball_oracle"
    m, exponent = _checked(call, matrix), _cone_exponent(call, p)
    epsilon = check_nonnegative(call, "penalty", penalty)
    unit = _unit(m)
    if unit == 0:
        return _nothing(m, exponent)
    m, epsilon = _divided(m, unit), epsilon / unit
    d, w, t, inequality, constraints = _cone(m.shape, exponent)
    cost = cp.sum(cp.multiply(m, d))
    if epsilon:
        cost -= (epsilon / 2) * cp.sum_squares(d)
    constraints += [part(w, PARTS[exponent][0]) <= 1, part(t, PARTS[exponent][1]) <= 1]
    outcome, dual = _solved(cp.Problem(cp.Maximize(cost), constraints), inequality, m.shape)
    point, weights = _values(m, d, w, t)
    size = gauge(weights[0], point, weights[1], PARTS[exponent])
    size = max(1.0, size) if epsilon else size
    point, weights = _times(1 / size if size > 0 else 0.0, point, weights)
    lower = float(np.vdot(m, point)) - epsilon / 2 * float(np.vdot(point, point))
    # for every N: <M, D> - (ε/2)‖D‖² ≤ ‖N‖_q + ‖M - N‖²/(2ε), here with N = M - εD
    rest = m - epsilon * point
    upper = gauge(dual[0], -rest, dual[1], dual_parts(exponent)) + epsilon / 2 * float(np.vdot(point, point))
    # the objective is 0 at 0, which is a lower end where no point came back
    return _record(outcome, exponent, point, weights, _times(unit, m, dual)[1], max(lower, 0.0), upper, unit)


def regularized_oracle(matrix: ArrayLike, p: float, step_size: float) -> OracleSolved:
    """Return ``min <M, Y> + ‖Y‖_p²/(2η)``, which is ``-η‖M‖_q²/2``, by a cone program, between two ends.

    Parameters
    ----------
    matrix : array, shape (m, n)
        M, real.
    p : float
        1, 4/3, 2, 4 or inf.
    step_size : float
        η > 0.

    Raises
    ------
    ExponentError, ShapeError, DTypeError, NonFiniteError, ParameterError
        As for :func:`ball_oracle`.

    Scaling
    -------
    ``cM`` has c² times the value and c times the point; the value and the point are proportional to η.

    Source
    ------
    D2 in docs/theory/geometry.md.

    Examples
    --------
    >>> found = regularized_oracle([[3.0, 0.0], [0.0, 4.0]], 2.0, 0.1)
    >>> found.is_solved, round(found.upper, 6), np.round(np.diag(found.point), 4).tolist()
    (True, -1.25, [-0.3, -0.4])
    """
    call = "regularized_oracle"
    m, exponent = _checked(call, matrix), _cone_exponent(call, p)
    eta = check_positive(call, "step_size", step_size)
    unit = _unit(m)
    if unit == 0:
        return _nothing(m, exponent)
    m = _divided(m, unit)
    d, w, t, inequality, constraints = _cone(m.shape, exponent)
    length = cp.Variable()
    constraints += [part(w, PARTS[exponent][0]) <= length, part(t, PARTS[exponent][1]) <= length]
    cost = cp.sum(cp.multiply(m, d)) + cp.square(length) / 2
    outcome, dual = _solved(cp.Problem(cp.Minimize(cost), constraints), inequality, m.shape)
    point, weights = _values(m, d, w, t)
    size = gauge(weights[0], point, weights[1], PARTS[exponent])
    slope = float(np.vdot(m, point))
    # the best multiple of the returned point
    factor = max(0.0, -slope) / size**2 if size > 0 else 0.0
    point, weights = _times(factor, point, weights)
    upper = factor * slope + (factor * size) ** 2 / 2
    lower = -(gauge(dual[0], m, dual[1], dual_parts(exponent)) ** 2) / 2
    record = _record(outcome, exponent, point, weights, _times(unit, m, dual)[1], lower, upper, unit * unit * eta)
    point, weights = _times(unit * eta, point, weights)
    return replace(record, point=point, weights=weights)


def norm_by_duality(matrix: ArrayLike, q: float) -> OracleSolved:
    """Return ``‖M‖_q = min ½(‖A‖_a + ‖C‖_b)`` over ``[[A, M], [Mᵀ, C]] ⪰ 0``: the dual form, a program of its own.

    For q = 1 the spectral ball is its dual, for q = inf the nuclear ball. The point is the dual one, of that ball.

    Parameters
    ----------
    matrix : array, shape (m, n)
        M, real.
    q : float
        1, 4/3, 2, 4 or inf.

    Raises
    ------
    ExponentError, ShapeError, DTypeError, NonFiniteError
        As for :func:`ball_oracle`.

    Source
    ------
    D1 in docs/theory/geometry.md.

    Examples
    --------
    >>> found = norm_by_duality([[3.0, 0.0], [0.0, 4.0]], 1.0)
    >>> found.is_solved, round(found.lower, 6)
    (True, 7.0)
    """
    call = "norm_by_duality"
    m, exponent = _checked(call, matrix), _cone_exponent(call, q)
    unit = _unit(m)
    if unit == 0:
        return _nothing(m, exponent)
    m = _divided(m, unit)
    a, c = (cp.Variable((size, size), symmetric=True) for size in m.shape)
    inequality = block(a, m, c) >> 0
    size = (part(a, PARTS[exponent][0]) + part(c, PARTS[exponent][1])) / 2
    outcome, dual = _solved(cp.Problem(cp.Minimize(size), [inequality]), inequality, m.shape)
    weights = (_or_zero(a.value, (m.shape[0],) * 2), _or_zero(c.value, (m.shape[1],) * 2))
    point = -2 * _off_diagonal(inequality, m.shape)
    bound = gauge(dual[0], point, dual[1], dual_parts(exponent))
    point, dual = _times(1 / bound if bound > 0 else 0.0, point, dual)
    upper = gauge(weights[0], m, weights[1], PARTS[exponent])
    lower = max(0.0, float(np.vdot(m, point)))
    return _record(outcome, exponent, point, dual, _times(unit, m, weights)[1], lower, upper, unit)


def _cone(shape: tuple[int, int], p: float) -> tuple[Any, Any, Any, Any, list[Any]]:
    d = cp.Variable(shape)
    w, t = (cp.Variable((size, size), symmetric=True) for size in shape)
    inequality = block(w, d, t) >> 0
    return d, w, t, inequality, [inequality]


def _solved(problem: Any, inequality: Any, shape: tuple[int, int]) -> tuple[solver.Outcome, Weights]:
    """Return what the solver says, and the two dual weights in the scale in which the off-diagonal block is M."""
    with threadpoolctl.threadpool_limits(1):
        outcome = solver.solve(problem, **_TIGHT)
    dual = inequality.dual_value
    m = shape[0]
    if dual is None:
        return outcome, (np.zeros((m, m)), np.zeros((shape[1], shape[1])))
    dual = 2 * np.asarray(dual)
    return outcome, (dual[:m, :m], dual[m:, m:])


def _off_diagonal(inequality: Any, shape: tuple[int, int]) -> np.ndarray:
    dual = inequality.dual_value
    return np.zeros(shape) if dual is None else np.asarray(dual)[: shape[0], shape[0] :]


def _values(m: np.ndarray, d: Any, w: Any, t: Any) -> tuple[np.ndarray, Weights]:
    sizes = m.shape
    return _or_zero(d.value, sizes), (_or_zero(w.value, (sizes[0],) * 2), _or_zero(t.value, (sizes[1],) * 2))


def _times(factor: float, point: np.ndarray, weights: Weights) -> tuple[np.ndarray, Weights]:
    return factor * point, (factor * weights[0], factor * weights[1])


def _or_zero(value: Any, shape: tuple[int, int]) -> np.ndarray:
    found = np.zeros(shape) if value is None else np.asarray(value, dtype=float)
    return found if np.isfinite(found).all() else np.zeros(shape)


def _record(
    outcome: solver.Outcome, p: float, point: np.ndarray, weights: Weights, dual: Weights, lower: float, upper: float,
    scale: float,
) -> OracleSolved:  # fmt: skip
    slack = 64 * sum(point.shape) * float(np.finfo(float).eps)
    size = max(abs(lower), abs(upper))
    reported = None if outcome.reported is None else outcome.reported * scale
    return OracleSolved(
        method=outcome.method, status=outcome.status, n_iterations=outcome.n_iterations, scale=scale,
        lower=float((lower - slack * size) * scale), upper=float((upper + slack * size) * scale),
        reported=reported, reported_dual=None,
        residuals={"weights": _violation(weights, point)},
        p=p, point=point, weights=weights, dual_weights=dual,
    )  # fmt: skip


def _violation(weights: Weights, point: np.ndarray) -> float:
    whole = np.block([[weights[0], point], [point.T, weights[1]]])
    return max(0.0, -float(np.linalg.eigvalsh((whole + whole.T) / 2)[0]))


def _nothing(m: np.ndarray, p: float) -> OracleSolved:
    return OracleSolved(
        method="none", status="a matrix of zeros", lower=0.0, upper=0.0, reported=None, reported_dual=None,
        residuals={}, scale=1.0, n_iterations=0, p=p, point=np.zeros_like(m),
    )  # fmt: skip


def _unit(m: np.ndarray) -> float:
    """Return the Frobenius norm; finite where the entries are, or the largest entry where it is not."""
    top = float(np.abs(m).max(initial=0.0))
    return top * float(np.linalg.norm(m / top)) if top > 0 else 0.0


def _divided(m: np.ndarray, unit: float) -> np.ndarray:
    # numerics: two divisions, so that the reciprocal of a small unit does not overflow
    top = float(np.abs(m).max())
    return (m / top) / (unit / top)


def _cone_exponent(call: str, p: object) -> float:
    exponent = check_exponent(call, p, "p" if call != "norm_by_duality" else "q")
    near = [known for known in CONE_EXPONENTS if known == exponent or abs(known - exponent) < 1e-12]
    if not near:
        way_out = "Other exponents need cones with more squarings."
        fail(ExponentError, call, "p" if call != "norm_by_duality" else "q", "be 1, 4/3, 2, 4 or inf", p, way_out)
    return near[0]


def _checked(call: str, matrix: ArrayLike) -> np.ndarray:
    m = np.asarray(matrix)
    if m.dtype.kind not in "biuf":
        fail(DTypeError, call, "matrix", "hold real numbers", m.dtype, "Dilate a complex matrix first.")
    m = m.astype(np.float64)
    if m.ndim != 2 or 0 in m.shape:
        fail(ShapeError, call, "matrix", "be one matrix, shape (m, n), neither of them 0", m.shape)
    if not np.isfinite(m).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(m))[0])
        fail(NonFiniteError, call, f"matrix[{', '.join(map(str, where))}]", "be finite", m[where].item())
    return m
