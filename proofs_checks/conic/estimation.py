"""Performance estimation at p = 2: the worst case of a method over all smooth functions as a semidefinite program.

A program maximises ``c·y + <C, G>`` over values y and a Gram matrix ``G ⪰ 0`` under rows ``a·y + <S, G> ≤ b``.
Multipliers ``λ ≥ 0`` with ``Σ λa = c`` and ``Σ λS - C ⪰ 0`` bound it by ``Σ λb``: the solver's are rounded to fractions
and that is checked without rounding, as are the rows at a rational point, so both ends of an estimate are proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import cvxpy as cp
import numpy as np
import threadpoolctl

from . import solver
from .exact import Matrix, inner, is_positive_semidefinite, rounded, shifted, simplest, symmetric
from .solved import Enclosed

__all__ = ["Estimate", "Program", "Row", "estimate", "point_value", "upper_end"]

_ERRORS = (1e-5, 1e-7, 1e-12)
"""How far a multiplier may be moved to a simple fraction; the last keeps what the solver returned."""

_TIGHT = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}

Point = tuple[Sequence[Fraction], Matrix]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One condition: ``values · y + <gram, G> ≤ bound``, or an equality."""

    name: str
    values: tuple[Fraction, ...]
    gram: Matrix
    bound: Fraction = Fraction(0)
    is_equality: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is maximised, under which rows.

    Attributes
    ----------
    name : str
        What it estimates.
    rows : tuple of Row
        The conditions.
    values : tuple of Fraction
        c.
    gram : Matrix
        C, symmetric.
    trace : Fraction
        A bound on the trace of G that follows from the rows: what rounding may be charged to.
    interior : (values, Matrix), optional
        A point of the rows with room in each inequality: what a rounded point is mixed with.
    witness : (values, Matrix), optional
        A rational point believed to be the worst case.
    """

    name: str
    rows: tuple[Row, ...]
    values: tuple[Fraction, ...]
    gram: Matrix
    trace: Fraction
    interior: Point | None = None
    witness: Point | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Enclosed):
    """The worst case between two proved ends: ``lower`` and ``upper`` are rounded outward from the fractions.

    Attributes
    ----------
    multipliers : dict of str to Fraction
        By the name of the row; those that are not 0. With ``shift`` they are the certificate of the upper end.
    shift : Fraction
        Multiple of the identity that was added to the slack matrix, paid for with ``trace``.
    exact_lower, exact_upper : Fraction
        The ends.
    """

    multipliers: dict[str, Fraction] = field(repr=False)
    shift: Fraction
    exact_lower: Fraction
    exact_upper: Fraction

    def certificate(self) -> dict[str, Any]:
        """Return what proves the upper end, as plain values."""
        multipliers = {name: str(value) for name, value in self.multipliers.items()}
        return {"multipliers": multipliers, "shift": str(self.shift), "upper": str(self.exact_upper)}


def estimate(program: Program) -> Estimate:
    """Return the worst case of a program: solved by CLARABEL, both ends re-made from fractions.

    Raises
    ------
    ArithmeticError
        If nothing the solver returned can be turned into a certificate or a point.
    """
    outcome, multipliers, point, residuals = _solved(program)
    found, shift, upper = _certified(program, multipliers)
    points = [p for p in (program.witness, _repaired(program, point), program.interior) if p is not None]
    values = [value for value in (point_value(program, p) for p in points) if value is not None]
    if not values:
        raise ArithmeticError(f"{program.name}: no point satisfies every row exactly; the status was {outcome.status}.")
    lower = max(values)
    return Estimate(
        method=outcome.method, status=outcome.status, n_iterations=outcome.n_iterations, scale=1.0,
        lower=_outward(lower, -1), upper=_outward(upper, 1), reported=outcome.reported,
        reported_dual=float(sum(float(row.bound) * x for row, x in zip(program.rows, multipliers, strict=True))),
        residuals=residuals, multipliers=found, shift=shift, exact_lower=lower, exact_upper=upper,
    )  # fmt: skip


def upper_end(program: Program, multipliers: Mapping[str, Fraction], shift: Fraction = Fraction(0)) -> Fraction | None:
    """Return the bound that a certificate proves, None where it proves nothing. Fractions only; no solver.

    Parameters
    ----------
    program : Program
        What is bounded.
    multipliers : mapping of str to Fraction
        By the name of the row; the others are 0.
    shift : Fraction
        Multiple of the identity, >= 0, added to the slack matrix at the price ``shift · trace``.
    """
    rows = {row.name: row for row in program.rows}
    if shift < 0 or not set(multipliers) <= set(rows):
        return None
    if any(value < 0 and not rows[name].is_equality for name, value in multipliers.items()):
        return None
    used = [(rows[name], value) for name, value in multipliers.items() if value]
    for index, wanted in enumerate(program.values):
        if sum((value * row.values[index] for row, value in used), Fraction(0)) != wanted:
            return None
    slack = [[-x for x in row] for row in program.gram]
    for row, value in used:
        for i, entries in enumerate(row.gram):
            for j, x in enumerate(entries):
                if x:
                    slack[i][j] += value * x
    if not is_positive_semidefinite(shifted(slack, shift)):
        return None
    return sum((value * row.bound for row, value in used), shift * program.trace)


def point_value(program: Program, point: Point) -> Fraction | None:
    """Return the objective at a rational point, None where a row does not hold or G is not positive semidefinite."""
    values, gram = point
    if not is_positive_semidefinite(gram):
        return None
    for row in program.rows:
        left = sum((a * y for a, y in zip(row.values, values, strict=True) if a), inner(row.gram, gram))
        if left > row.bound or (row.is_equality and left != row.bound):
            return None
    return sum((c * y for c, y in zip(program.values, values, strict=True)), inner(program.gram, gram))


def _solved(
    program: Program,
) -> tuple[solver.Outcome, np.ndarray, tuple[np.ndarray, np.ndarray] | None, dict[str, float]]:
    size = len(program.gram)
    a = np.array([[float(x) for x in row.values] for row in program.rows])
    s = np.array([[float(x) for line in row.gram for x in line] for row in program.rows])
    b = np.array([float(row.bound) for row in program.rows])
    fixed = np.array([row.is_equality for row in program.rows])
    gram, values = cp.Variable((size, size), PSD=True), cp.Variable(len(program.values))
    left = a @ values + s @ cp.vec(gram, order="C")
    constraints: list[Any] = [left[~fixed] <= b[~fixed]]
    if fixed.any():
        constraints.append(left[fixed] == b[fixed])
    weight = np.array([[float(x) for x in line] for line in program.gram])
    cost = np.array([float(x) for x in program.values]) @ values + cp.sum(cp.multiply(weight, gram))
    with threadpoolctl.threadpool_limits(1):
        outcome = solver.solve(cp.Problem(cp.Maximize(cost), constraints), **_TIGHT)
    multipliers = np.zeros(len(b))
    if gram.value is None or constraints[0].dual_value is None:
        return outcome, multipliers, None, {}
    multipliers[~fixed] = constraints[0].dual_value
    if fixed.any():
        multipliers[fixed] = constraints[1].dual_value
    rest = a @ values.value + s @ gram.value.ravel() - b
    residuals = {
        "rows": float(max(rest[~fixed].max(initial=0.0), np.abs(rest[fixed]).max(initial=0.0))),
        "gram": max(0.0, -float(np.linalg.eigvalsh(gram.value)[0])),
    }
    return outcome, multipliers, (np.asarray(values.value), np.asarray(gram.value)), residuals


def _certified(program: Program, multipliers: np.ndarray) -> tuple[dict[str, Fraction], Fraction, Fraction]:
    """Return the certificate of the least bound among the simplest roundings of the solver's multipliers."""
    best: tuple[dict[str, Fraction], Fraction, Fraction] | None = None
    top = float(np.abs(multipliers).max(initial=0.0))
    for error in _ERRORS:
        exact = _balanced(
            program, [_rounded(row, x, error * top) for row, x in zip(program.rows, multipliers, strict=True)]
        )
        shift = Fraction(0)
        for _ in range(48):
            bound = None if exact is None else upper_end(program, exact, shift)
            if bound is not None:
                if best is None or bound < best[2]:
                    best = (exact or {}, shift, bound)
                break
            shift = max(4 * shift, Fraction(1, 2**46))
    if best is None:
        raise ArithmeticError(f"{program.name}: no rounding of the multipliers is a certificate.")
    return best


def _rounded(row: Row, multiplier: float, error: float) -> Fraction:
    if not np.isfinite(multiplier) or abs(multiplier) <= error or (multiplier < 0 and not row.is_equality):
        return Fraction(0)
    return simplest(multiplier, error)


def _balanced(program: Program, multipliers: Sequence[Fraction]) -> dict[str, Fraction] | None:
    """Return multipliers with ``Σ λa = c`` exactly: the largest ones are changed by what rounding left."""
    order = sorted(range(len(multipliers)), key=lambda r: -abs(multipliers[r]))
    rest = [
        wanted - sum((multipliers[r] * program.rows[r].values[i] for r in order if multipliers[r]), Fraction(0))
        for i, wanted in enumerate(program.values)
    ]
    exact = {program.rows[r].name: multipliers[r] for r in order if multipliers[r]}
    if not any(rest):
        return exact
    columns, pivots = _basis([program.rows[r].values for r in order], len(program.values))
    change = _combination([program.rows[order[c]].values for c in columns], rest, pivots)
    if change is None:
        return None
    for column, x in zip(columns, change, strict=True):
        name = program.rows[order[column]].name
        exact[name] = exact.get(name, Fraction(0)) + x
    return exact


def _basis(vectors: Sequence[Sequence[Fraction]], size: int) -> tuple[list[int], list[int]]:
    """Return the first vectors that are independent, with the coordinate on which each one pivots."""
    reduced: list[tuple[int, list[Fraction]]] = []
    chosen: list[int] = []
    for index, vector in enumerate(vectors):
        rest = list(vector)
        for pivot, row in reduced:
            if rest[pivot]:
                factor = rest[pivot] / row[pivot]
                rest = [x - factor * y for x, y in zip(rest, row, strict=True)]
        first = next((i for i, x in enumerate(rest) if x), None)
        if first is not None:
            reduced.append((first, rest))
            chosen.append(index)
        if len(chosen) == size:
            break
    return chosen, [pivot for pivot, _ in reduced]


def _combination(
    vectors: Sequence[Sequence[Fraction]], target: Sequence[Fraction], pivots: Sequence[int]
) -> list[Fraction] | None:
    """Return the weights with which independent vectors add up to a target, None where they cannot."""
    size = len(vectors)
    table = [[vector[p] for vector in vectors] + [target[p]] for p in pivots]
    for k in range(size):
        swap = next((r for r in range(k, size) if table[r][k]), None)
        if swap is None:
            return None
        table[k], table[swap] = table[swap], table[k]
        table[k] = [x / table[k][k] for x in table[k]]
        for r in range(size):
            if r != k and table[r][k]:
                factor = table[r][k]
                table[r] = [x - factor * y for x, y in zip(table[r], table[k], strict=True)]
    weights = [row[-1] for row in table]
    for i, wanted in enumerate(target):
        if sum((w * v[i] for w, v in zip(weights, vectors, strict=True)), Fraction(0)) != wanted:
            return None
    return weights


def _repaired(program: Program, point: tuple[np.ndarray, np.ndarray] | None) -> Point | None:
    """Return the solver's point as fractions, mixed with as little of the interior point as makes every row hold."""
    if point is None or program.interior is None or not all(np.isfinite(x).all() for x in point):
        return None
    values = [Fraction(x) for x in point[0]]
    gram = _semidefinite(symmetric(rounded(point[1])), _fixed_diagonal(program))
    inside_values, inside = program.interior
    share = Fraction(1, 2**40)
    while share < 1:
        y = [(1 - share) * a + share * b for a, b in zip(values, inside_values, strict=True)]
        g = [
            [(1 - share) * a + share * b for a, b in zip(p, q, strict=True)] for p, q in zip(gram, inside, strict=True)
        ]
        if point_value(program, (y, g)) is not None:
            return y, g
        share *= 2
    return None


def _fixed_diagonal(program: Program) -> dict[int, Fraction]:
    """Return the entries of the diagonal that an equality fixes by itself."""
    fixed = {}
    for row in program.rows:
        entries = [(i, j, x) for i, line in enumerate(row.gram) for j, x in enumerate(line) if x]
        if row.is_equality and not any(row.values) and len(entries) == 1 and entries[0][0] == entries[0][1]:
            fixed[entries[0][0]] = row.bound / entries[0][2]
    return fixed


def _semidefinite(gram: Matrix, diagonal: Mapping[int, Fraction]) -> Matrix:
    """Return a positive semidefinite matrix near a rounded one, with the fixed entries of the diagonal as they are."""
    for i, x in diagonal.items():
        gram[i][i] = x
    weight, whole = Fraction(0), gram
    while not is_positive_semidefinite(whole):
        weight = max(4 * weight, Fraction(1, 2**44))
        # a convex combination with the diagonal keeps the diagonal
        whole = [
            [x if i == j and i in diagonal else (1 - weight) * x + (weight if i == j else 0) for j, x in enumerate(row)]
            for i, row in enumerate(gram)
        ]
    return whole


def _outward(x: Fraction, direction: int) -> float:
    near = float(x)
    if (Fraction(near) - x) * direction >= 0:
        return near
    return float(np.nextafter(near, direction * np.inf))
