"""The semidefinite program of rows and columns, for CLARABEL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cvxpy as cp
import numpy as np

from . import solver
from .solved import dilated

__all__ = ["LARGEST", "PROGRAM_EXPONENTS", "Points", "n_rows", "solve_weights"]

PROGRAM_EXPONENTS = {1.0: 0, 4 / 3: 1, 8 / 5: 2, 16 / 9: 3}
"""q for which ``‖W‖_r``, r = q/(2 - q) = 2^j, is semidefinite: the number j of squarings."""

LARGEST = 48
"""Rows of the largest matrix inequality that is given to the solver: its time grows with the sixth power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What the solver returned, in the unit of the normalised series; None where it returned nothing."""

    method: str
    status: str
    row_weight: np.ndarray | None = None
    column_weight: np.ndarray | None = None
    dual: np.ndarray | None = None
    reported: float | None = None
    reported_dual: float | None = None
    residuals: dict[str, float] = field(default_factory=dict)
    n_iterations: int = 0


def n_rows(series: np.ndarray) -> int:
    """Return the size of the matrix inequality of a series; a complex one is dilated."""
    n, m, d = series.shape
    return (4 if np.iscomplexobj(series) else 1) * m * d + n


def solve_weights(series: np.ndarray, q: float) -> Points:
    """Return the weights and the dual matrices of ``min ½(tr T + ‖W‖_r + ‖V‖_r)``, the infimum over splittings.

    Over ``[[W ⊗ I + I ⊗ V, c], [cᵀ, T]] ⪰ 0``, W, V ⪰ 0, where c holds the C_i as columns. A complex series is dilated:
    its infimum gets the factor 2^{1/q}, and averaging over the rotation by i brings any point back.
    """
    if not np.iscomplexobj(series):
        return _solve(series, q)
    points = _solve(dilated(series), q)
    factor = 2 ** (1 / q)
    return replace(
        points,
        row_weight=_folded(points.row_weight),
        column_weight=_folded(points.column_weight),
        dual=_folded(points.dual),
        reported=None if points.reported is None else points.reported / factor,
        reported_dual=None if points.reported_dual is None else points.reported_dual / factor,
    )


def _folded(x: np.ndarray | None) -> np.ndarray | None:
    """Return the complex matrices whose dilations are nearest to real ones."""
    if x is None:
        return None
    m, d = x.shape[-2] // 2, x.shape[-1] // 2
    a, b, c, e = x[..., :m, :d], x[..., :m, d:], x[..., m:, :d], x[..., m:, d:]
    return ((a + e) + 1j * (c - b)) / 2


def _solve(series: np.ndarray, q: float) -> Points:
    n, m, d = series.shape
    columns = series.reshape(n, m * d).T
    w, v = cp.Variable((m, m), symmetric=True), cp.Variable((d, d), symmetric=True)
    t = cp.Variable((n, n), symmetric=True)
    weights = cp.kron(w, np.eye(d)) + cp.kron(np.eye(m), v)
    inequality = cp.bmat([[weights, columns], [columns.T, t]]) >> 0
    constraints: list[Any] = [inequality, w >> 0, v >> 0]
    squarings = PROGRAM_EXPONENTS[q]
    size = _norm(w, squarings, constraints) + _norm(v, squarings, constraints)
    problem = cp.Problem(cp.Minimize((cp.trace(t) + size) / 2), constraints)
    outcome = solver.solve(problem)
    if w.value is None or inequality.dual_value is None:
        return Points(method=outcome.method, status=outcome.status)
    block = inequality.dual_value[: m * d, m * d :]
    residuals = {
        "weights": max(0.0, -float(np.linalg.eigvalsh(w.value)[0]), -float(np.linalg.eigvalsh(v.value)[0])),
        "inequality": max(0.0, -float(np.linalg.eigvalsh(_symmetric(inequality.args[0].value))[0])),
    }
    dual = -2 * block.T.reshape(n, m, d)
    return Points(
        method=outcome.method,
        status=outcome.status,
        row_weight=w.value,
        column_weight=v.value,
        dual=dual,
        reported=outcome.reported,
        reported_dual=float(np.vdot(dual, series)),
        residuals=residuals,
        n_iterations=outcome.n_iterations,
    )


def _norm(weight: Any, squarings: int, constraints: list[Any]) -> Any:
    """Return an expression for ``‖W‖_r`` of W ⪰ 0, r = 2^squarings: W² ⪯ tX and ‖X‖_{r/2} ≤ t give ‖W‖_r ≤ t."""
    if squarings == 0:
        return cp.trace(weight)
    if squarings == 1:
        return cp.norm(weight, "fro")
    size = weight.shape[0]
    x, t = cp.Variable((size, size), PSD=True), cp.Variable()
    constraints.append(cp.bmat([[x, weight], [weight, t * np.eye(size)]]) >> 0)
    constraints.append(_norm(x, squarings - 1, constraints) <= t)
    return t


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return (matrix + matrix.T) / 2
