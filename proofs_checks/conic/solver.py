"""The one way a cone program is given to a solver: CLARABEL by name, with its status and objective as it reports."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import cvxpy as cp

__all__ = ["Outcome", "solve"]

SOLVER = cp.CLARABEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the solver says: its name and version, its status, its objective (None where there is none)."""

    method: str
    status: str
    reported: float | None = None
    n_iterations: int = 0


def solve(problem: Any, **options: float) -> Outcome:
    """Solve a cvxpy problem, whose variables then hold the returned points, or None.

    Parameters
    ----------
    problem : cvxpy.Problem
        Normalised by the caller: its data are of the order of 1.
    **options : float
        Settings of the solver, such as ``tol_gap_rel``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "solution may be inaccurate": the ends are recomputed, whatever it says
        try:
            problem.solve(solver=SOLVER, canon_backend=cp.SCIPY_CANON_BACKEND, **options)
        except cp.SolverError as error:
            return Outcome(method=_name(problem), status=f"error: {error}")
    value = problem.value
    return Outcome(
        method=_name(problem),
        status=str(problem.status),
        reported=float(value) if value is not None and math.isfinite(value) else None,
        n_iterations=int(problem.solver_stats.num_iters or 0) if problem.solver_stats else 0,
    )


def _name(problem: Any) -> str:
    import clarabel

    stats = problem.solver_stats
    return f"{stats.solver_name if stats else SOLVER} {clarabel.__version__}"
