"""Schedule: which polynomial iteration the curve of singular values is, by name, steps and normalisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule

from ..convention import NORMALISATIONS, PolynomialMap
from .observation import Observation, cut, trimmed

__all__ = ["MOST_STEPS", "Candidate", "Curve", "all_candidates", "indistinct", "norm_of", "schedules"]

MOST_STEPS = 20
"""Schedules are tried with 1 to this many steps."""

_MOST_ROW_STEPS = 13
"""With an input divided by norms of its rows, with so many."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A polynomial map with what it leaves of the curve.

    Attributes
    ----------
    map : PolynomialMap
        The map.
    residual : float
        Root mean square of the share of the singular values out that it leaves, a factor for each observation fitted.
    """

    map: PolynomialMap
    residual: float

    @property
    def words(self) -> str:
        """Return name and number of steps, and the normalisation and margin where they are not the usual ones."""
        schedule = self.map.schedule
        usual = POLAR_SCHEDULES.get(schedule.name)
        n = schedule.n_steps
        words = f"{schedule.name}, {n} step{'s' * (n > 1)}"
        if not self.is_named:
            words = f"not a named schedule: {words}"
        if usual is not None and usual().input_margin != schedule.input_margin:
            words += f", input margin {schedule.input_margin:g} instead of {usual().input_margin:g}"
        if self.map.normalisation != "frobenius":
            words += f", {self.map.normalisation} normalisation"
        return words

    @property
    def is_named(self) -> bool:
        """Return whether the schedule has a name of its own."""
        return self.map.schedule.name in POLAR_SCHEDULES

    @property
    def rank(self) -> tuple[int, int, float, int]:
        """Return an order in which usual ones come first, of those the better ones."""
        schedule = self.map.schedule
        usual = POLAR_SCHEDULES[schedule.name]() if schedule.name in POLAR_SCHEDULES else schedule
        return (
            (self.map.normalisation != "frobenius") + 2 * (usual.input_margin != schedule.input_margin),
            int(usual.n_steps != schedule.n_steps or schedule.name not in POLAR_SCHEDULES),
            self.residual,
            schedule.n_steps,
        )


class Curve:
    """The singular values in and out of many observations as flat arrays.

    Parameters
    ----------
    seen : sequence of Observation
        The observations.
    shares : sequence of float, optional
        What a floor leaves of the normalised input of each.
    whole : bool
        Whether the smallest singular values are kept as well.
    """

    def __init__(
        self, seen: Sequence[Observation], shares: Sequence[float] | None = None, *, whole: bool = False
    ) -> None:
        kept = [(one.s_in, one.s_out) if whole else cut(one) for one in seen]
        self.sizes = np.array([len(s) for s, _ in kept])
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        self.d = np.concatenate([d for _, d in kept])
        self.total = np.add.reduceat(self.d**2, self.starts)
        shares = [1.0] * len(kept) if shares is None else shares
        self.x = {
            name: np.concatenate(
                [s * t / norm_of(one.s_in, name) for (s, _), one, t in zip(kept, seen, shares, strict=True)]
            )
            for name in NORMALISATIONS
            if name != "aol"
        }

    def factors(self, y: np.ndarray) -> np.ndarray:
        """Return the best factor of each observation for predictions ``y``, shape (..., values)."""
        bottom = np.add.reduceat(y * y, self.starts, axis=-1)
        top = np.add.reduceat(self.d * y, self.starts, axis=-1)
        return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)

    def left(self, y: np.ndarray) -> np.ndarray:
        """Return ``(s_out - factor·y)/‖s_out‖`` for every value."""
        scale = np.repeat(np.sqrt(np.where(self.total > 0, self.total, 1.0)), self.sizes)
        return (self.d - np.repeat(self.factors(y), self.sizes, axis=-1) * y) / scale

    def residuals(self, y: np.ndarray) -> np.ndarray:
        """Return the root mean square share of an observation that ``y`` leaves, see :func:`.trimmed`; shape (...)."""
        bounded = np.clip(np.nan_to_num(y, nan=1e9, posinf=1e9, neginf=-1e9), -1e9, 1e9)
        found = trimmed(np.sqrt(np.add.reduceat(self.left(bounded) ** 2, self.starts, axis=-1)))
        return np.where(np.all(np.abs(bounded) < 1e9, axis=-1), found, np.inf)

    def residual(self, y: np.ndarray) -> float:
        """Return the same for one prediction."""
        return float(self.residuals(y))


def norm_of(s: np.ndarray, normalisation: str) -> float:
    """Return what a normalisation divides by, from singular values."""
    if normalisation == "spectral":
        return float(s[0])
    if normalisation == "schatten":
        return float(s[0] * np.sum((s / s[0]) ** 4) ** 0.25)
    return float(s[0] * np.sqrt(np.sum((s / s[0]) ** 2)))


def schedules() -> tuple[PolarSchedule, ...]:
    """Return the named schedules with :data:`MOST_STEPS` steps and the margins they are seen with."""
    found = []
    for make in POLAR_SCHEDULES.values():
        schedule = make()
        found.append(schedule.with_steps(MOST_STEPS))
        margins = {0.0, 0.01, 0.02} if schedule.input_margin else {0.01}
        found += [
            replace(schedule, n_steps=MOST_STEPS, input_margin=m) for m in sorted(margins - {schedule.input_margin})
        ]
        if 1 < len(schedule.polynomials) == schedule.n_steps:
            again = schedule.polynomials * math.ceil(MOST_STEPS / schedule.n_steps)
            found.append(
                replace(schedule, name=f"{schedule.name}, its list begun again", polynomials=again, n_steps=MOST_STEPS)
            )
            found.append(
                replace(schedule, name=f"{schedule.name}, its list backwards", polynomials=schedule.polynomials[::-1])
            )
    return tuple(found)


def all_candidates(seen: Sequence[Observation], shares: Sequence[float] | None = None) -> tuple[Candidate, ...]:
    """Return every named schedule with every number of steps and normalisation, best first."""
    curve, found = Curve(seen, shares), []
    with np.errstate(all="ignore"):
        for schedule in schedules():
            first = _first_steps(schedule)
            for normalisation, x in curve.x.items():
                y = x / (1 + schedule.input_margin)
                for n, row in enumerate(schedule.steps, start=1):
                    y = _odd(row, y)
                    if n >= first:
                        one = PolynomialMap(schedule=schedule.with_steps(n), normalisation=normalisation)
                        found.append(Candidate(map=one, residual=curve.residual(y)))
    return _distinct(found)


def _first_steps(schedule: PolarSchedule) -> int:
    """Return the number of steps from which on a schedule is not another one."""
    if schedule.name in POLAR_SCHEDULES:
        return 1
    listed = len(POLAR_SCHEDULES[schedule.name.split(",")[0]]().polynomials)
    return listed if schedule.name.endswith("backwards") else listed + 1


def aol_candidates(seen: Sequence[Observation]) -> tuple[Candidate, ...]:
    """Return the same with the normalisation that is not one of singular values, with residuals of whole matrices."""
    inputs = [_row_normalised(one.gradient) for one in seen[:8]]
    targets = [one.update.T if one.gradient.shape[0] > one.gradient.shape[1] else one.update for one in seen[:8]]
    found = []
    with np.errstate(all="ignore"):
        for schedule in (make() for make in POLAR_SCHEDULES.values()):
            y = inputs
            for n, row in enumerate(schedule.with_steps(_MOST_ROW_STEPS).steps, start=1):
                y = [_odd_of_matrix(row, one) for one in y]
                left = [_left(target, one) for target, one in zip(targets, y, strict=True)]
                one = PolynomialMap(schedule=schedule.with_steps(n), normalisation="aol")
                found.append(Candidate(map=one, residual=float(trimmed(np.array(left)))))
    return _distinct(found)


def _row_normalised(g: np.ndarray) -> np.ndarray:
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / np.max(np.abs(x))
    return x / np.sqrt(np.sum(np.abs(x @ x.T), axis=1, keepdims=True))


def _odd_of_matrix(row: Sequence[float], x: np.ndarray) -> np.ndarray:
    gram = x @ x.T
    total = row[-1] * x
    for a in row[-2::-1]:
        total = gram @ total + a * x
    return total


def _left(target: np.ndarray, y: np.ndarray) -> float:
    bottom = float(np.sum(y * y))
    factor = float(np.sum(y * target)) / bottom if 0 < bottom < 1e200 else 0.0
    return float(np.linalg.norm(target - factor * y) / np.linalg.norm(target))


def indistinct(found: Sequence[Candidate], n_values: int, least: float) -> tuple[Candidate, ...]:
    """Return the candidates that outputs do not tell from the best, usual ones first.

    Those whose mean square is above the best by no more than six standard deviations of a mean of ``n_values``
    squares, or whose residual is below ``least``, the rounding of the dtype.
    """
    best = found[0].residual
    bound = max(best * math.sqrt(1 + 6 * math.sqrt(2 / max(n_values, 1))), least)
    return tuple(sorted((one for one in found if one.residual <= bound), key=lambda one: one.rank))


def _distinct(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return the candidates best first, of those that are one and the same polynomial only the most usual one."""
    kept: dict[object, Candidate] = {}
    for one in sorted(found, key=lambda one: one.rank):
        schedule = one.map.schedule
        kept.setdefault((schedule.steps, schedule.input_margin, one.map.normalisation), one)
    return tuple(sorted(kept.values(), key=lambda one: one.residual))


def _odd(row: Sequence[float], x: np.ndarray) -> np.ndarray:
    square, factor = x * x, row[-1]
    for a in row[-2::-1]:
        factor = factor * square + a
    return factor * x
