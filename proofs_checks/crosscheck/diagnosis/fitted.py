"""Fitted: a polynomial iteration that is not a named one, from its curve of singular values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.optimize import least_squares, minimize_scalar

from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule

from ..convention import PolynomialMap
from .observation import Observation
from .schedule import Candidate, Curve, all_candidates

__all__ = ["fitted_polynomial"]

_ENOUGH = 0.3
"""A change is kept when it leaves this share of what the nearest named schedule leaves."""

_Rows = Sequence[Sequence[np.ndarray | float]]


@dataclass(frozen=True, kw_only=True)
class _Fit:
    map: PolynomialMap
    residual: float
    n_changed: int


def fitted_polynomial(
    nearest: Candidate | None, seen: Sequence[Observation], shares: Sequence[float] | None
) -> PolynomialMap | None:
    """Return the named schedule with the fewest coefficients changed that explains the curve much better.

    Tried are, about each schedule as it is named and about the nearest ones: one coefficient of one step, one
    coefficient of all steps of a repeated polynomial, the input margin; then a repeated cubic or quintic of its own.
    """
    if nearest is None:
        return None
    with np.errstate(all="ignore"):
        curve = Curve(seen, shares)
        found = [fit for start in _starts(seen, shares) for fit in _changes(curve, start)]
        found += _repeated(curve)
    found = [one for one in found if one.residual < _ENOUGH * nearest.residual]
    if not found:
        return None
    best = min(one.residual for one in found)
    good = [one for one in found if one.residual <= 2 * best]
    return min(good, key=lambda one: (one.n_changed, one.residual)).map


def _starts(seen: Sequence[Observation], shares: Sequence[float] | None) -> list[PolynomialMap]:
    """Return the named schedules with their own number of steps, then the nearest others."""
    starts = [PolynomialMap(schedule=make()) for make in POLAR_SCHEDULES.values()]
    names = {(one.schedule.name, one.schedule.n_steps) for one in starts}
    for one in all_candidates(seen, shares):
        key = (one.map.schedule.name, one.map.schedule.n_steps)
        if one.map.schedule.n_steps <= 10 and key not in names:
            starts.append(one.map)
            names.add(key)
        if len(starts) == 14:
            break
    return starts


def _values(of: PolynomialMap, curve: Curve, rows: _Rows, margin: np.ndarray | float) -> np.ndarray:
    """Return the singular values out, shape (..., values), for coefficients of shape (..., 1)."""
    y = curve.x[of.normalisation] / (1 + margin)
    for row in rows:
        square, factor = y * y, row[-1]
        for a in row[-2::-1]:
            factor = factor * square + a
        y = factor * y
    return y


def _best_value(values: Callable[[np.ndarray], np.ndarray], curve: Curve, grid: np.ndarray) -> tuple[float, float]:
    """Return the value in the range of a grid whose prediction leaves least of the curve, and what it leaves."""
    left = curve.residuals(values(grid[:, None]))
    inner = left[1:-1]
    dips = 1 + np.flatnonzero((inner <= left[:-2]) & (inner <= left[2:]) & np.isfinite(inner))
    best = (float(grid[np.argmin(left)]), float(np.min(left)))
    for at in dips[np.argsort(left[dips])[:3]]:
        found = minimize_scalar(lambda v: float(curve.residual(values(np.array([v])))), method="bounded",
                                bounds=(grid[at - 1], grid[at + 1]), options={"xatol": 1e-10})  # fmt: skip
        best = min(best, (float(found.x), float(found.fun)), key=lambda pair: pair[1])
    return best


def _changes(curve: Curve, of: PolynomialMap) -> list[_Fit]:
    found = []
    rows, margin = of.schedule.steps, of.schedule.input_margin
    places: list[tuple[tuple[int, ...], int]] = [((k,), j) for k in range(len(rows)) for j in range(len(rows[k]))]
    if len(set(rows)) == 1 and len(rows) > 1:
        places += [(tuple(range(len(rows))), j) for j in range(len(rows[0]))]
    for steps, j in places:
        changed = partial(_with_coefficient, rows, steps, j)
        predicted = partial(_with_changed, of, curve, changed, margin)
        old = rows[steps[0]][j]
        grid = old + max(abs(old), 0.5) * np.linspace(-1.2, 1.2, 121)
        value, residual = _best_value(predicted, curve, grid)
        where = "of every step" if len(steps) == len(rows) else f"of step {steps[0] + 1}"
        name = f"{of.schedule.name} with {_snap(value):.5g} for {old:.5g} {where}"
        found.append(_Fit(map=_made(of, name, changed(_snap(value)), margin), residual=residual, n_changed=1))
    grid = np.geomspace(0.5, 30.0, 200) - 1
    value, residual = _best_value(lambda v: _values(of, curve, rows, v), curve, grid)
    name = f"{of.schedule.name} with the input divided by {1 + value:.4g} times its norm"
    found.append(_Fit(map=_scaled_input(of, name, value), residual=residual, n_changed=1))
    return found


def _with_coefficient(
    rows: Sequence[Sequence[float]], steps: tuple[int, ...], j: int, value: np.ndarray | float
) -> _Rows:
    """Return the rows with another coefficient j in these steps."""
    return [[value if k in steps and place == j else one for place, one in enumerate(row)]
            for k, row in enumerate(rows)]  # fmt: skip


def _with_changed(
    of: PolynomialMap, curve: Curve, changed: Callable[[np.ndarray], _Rows], margin: float, value: np.ndarray
) -> np.ndarray:
    return _values(of, curve, changed(value), margin)


def _repeated(curve: Curve) -> list[_Fit]:
    """Return quintics repeated 1 to 10 times, all coefficients free: a grid, then least squares from its best."""
    base = PolynomialMap(schedule=PolarSchedule("x", ((1.0,),), 1))
    a, at_one, c = (v.ravel()[:, None] for v in np.meshgrid(
        np.linspace(1.25, 4.5, 14), np.linspace(0.5, 1.3, 9), np.linspace(-0.5, 4.0, 10), indexing="ij"))  # fmt: skip
    found = []
    for n in range(1, 11):
        left = curve.residuals(_values(base, curve, [(a, at_one - a - c, c)] * n, 0.0))
        for at in np.argsort(left)[:3]:
            start = np.array([a[at, 0], (at_one - a - c)[at, 0], c[at, 0]])

            def off(v: np.ndarray, n: int = n) -> np.ndarray:
                return curve.left(np.clip(np.nan_to_num(_values(base, curve, [tuple(v)] * n, 0.0)), -1e3, 1e3))

            value = least_squares(off, start, max_nfev=200, xtol=1e-13, ftol=1e-13, gtol=1e-13).x
            rows = [[_snap(float(one)) for one in value]] * n
            name = f"the polynomial ({', '.join(f'{one:.5g}' for one in rows[0])})"
            residual = curve.residual(_values(base, curve, rows, 0.0))
            found.append(_Fit(map=_made(base, name, rows, 0.0), residual=residual, n_changed=3))
    return found


def _snap(value: float) -> float:
    """Return the value at four digits after the point where that is all it has."""
    return round(value, 4) if abs(value - round(value, 4)) < 1e-5 else value


def _scaled_input(of: PolynomialMap, name: str, margin: float) -> PolynomialMap:
    """Return the map with another input margin; below zero it goes into the coefficients of the first step."""
    if margin >= 0:
        return _made(of, name, of.schedule.steps, margin)
    first, *rest = of.schedule.steps
    scaled = [one / (1 + margin) ** (2 * j + 1) for j, one in enumerate(first)]
    return _made(of, name, [scaled, *rest], 0.0)


def _made(of: PolynomialMap, name: str, rows: _Rows, margin: float) -> PolynomialMap:
    steps = tuple(tuple(float(one) for one in row) for row in rows)
    return replace(of, schedule=PolarSchedule(name, steps, len(steps), "fitted to outputs", margin))
