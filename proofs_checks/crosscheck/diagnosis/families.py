"""Families of momentum: every average with every look-ahead, fitted to weights that were measured without a model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..momentum import Momentum
from .series import stored_unit
from .weights import StepWeights

__all__ = [
    "FAMILIES",
    "Family",
    "Fitted",
    "Misfit",
    "fit_family",
    "fit_free_schedule",
    "guide_of",
    "misfit_of",
    "weights_from",
    "weights_of",
]

_BETAS = (0.05, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.86, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)
_TAUS = (0.03, 0.1, 0.25, 0.5, 0.75, 0.9)
_POWERS = (0.1, 0.25, 1 / 3, 0.5, 2 / 3, 0.75, 0.9, 1.0, 1.5)
_LARGEST = 1 - 1e-7
_LENGTH = 16  # of a schedule that is a formula


@dataclass(frozen=True, kw_only=True)
class Family:
    """One average with one look-ahead.

    Attributes
    ----------
    average, look_ahead : str
        Of :class:`.Momentum`.
    parameters : tuple of str
        What is free: "beta", "tau", "power" (``θ_k = (k+1)^-power``).
    beta : float
        μ where it is not free.
    """

    average: str
    look_ahead: str
    parameters: tuple[str, ...]
    beta: float = 0.0

    def momentum(self, values: Sequence[float] | np.ndarray) -> Momentum:
        """Return the momentum for values of the parameters."""
        given = dict(zip(self.parameters, map(float, values), strict=True))
        thetas = tuple((k + 1.0) ** -given["power"] for k in range(1, _LENGTH)) if "power" in given else ()
        return Momentum(average=self.average, look_ahead=self.look_ahead, beta=given.get("beta", self.beta),
                        tau=given.get("tau", 0.0), thetas=thetas)  # fmt: skip

    def grid(self) -> Iterator[tuple[float, ...]]:
        """Return where to start."""
        axes = {"beta": _BETAS, "tau": _TAUS, "power": _POWERS}
        return itertools.product(*(axes[name] for name in self.parameters))

    def bounds(self) -> tuple[list[float], list[float]]:
        """Return the ranges of the parameters."""
        upper = {"beta": _LARGEST, "tau": 1.0, "power": 4.0}
        return [0.0] * len(self.parameters), [upper[name] for name in self.parameters]


def _families() -> tuple[Family, ...]:
    # the sum of all gradients has no rate below 1, and no parameter
    found = [Family(average="none", look_ahead="none", parameters=()),
             Family(average="heavy ball", look_ahead="none", parameters=(), beta=1.0)]  # fmt: skip
    ahead = {
        "ema": ("none", "ema", "heavy ball", "bias corrected", "fixed"),
        "heavy ball": ("none", "heavy ball", "ema"),
        "first gradient": ("none", "next weight", "ema", "heavy ball", "fixed"),
        "bias corrected": ("none", "next weight", "ema", "heavy ball", "fixed"),
        "recursive": ("none", "next weight", "fixed"),
    }
    # heavy ball with a fixed look-ahead has the directions of ema with another τ
    for average, forms in ahead.items():
        for form in forms:
            parameters = ("beta", "tau") if form == "fixed" else ("beta",)
            found.append(Family(average=average, look_ahead=form, parameters=parameters))
    for form in ("none", "next weight", "fixed"):
        parameters = ("power", "tau") if form == "fixed" else ("power",)
        found.append(Family(average="schedule", look_ahead=form, parameters=parameters))
    return tuple(found)


FAMILIES = _families()
"""All families, the usual ones first; those with fewer parameters are preferred where both fit."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A family at its best parameters.

    Attributes
    ----------
    family : Family
        The family.
    values, errors : tuple of float
        Parameters and their standard errors.
    momentum : Momentum
        At these values.
    excess : float
        Sum over the steps of the squared misfit of the weights over their noise; about ``n_ratios`` for a true family.
    n_ratios : int
        How many ratios of weights were measured.
    """

    family: Family
    values: tuple[float, ...]
    errors: tuple[float, ...]
    momentum: Momentum
    excess: float
    n_ratios: int


def weights_of(momentum: Momentum, fit: StepWeights) -> np.ndarray:
    """Return the weights of a momentum in the order of ``fit``."""
    return weights_from(momentum, fit.step, fit.with_previous)


def weights_from(momentum: Momentum, k: int, with_previous: bool) -> np.ndarray:
    """Return the weights of ``G_0 … G_k``, then of ``G'_1 … G'_k`` where asked for; otherwise G' is G."""
    weights = momentum.weights(k)
    if momentum.average != "recursive" and not with_previous:
        return weights
    previous = momentum.buffer_share(k) * momentum.previous_weights(k)[1:]
    return np.concatenate([weights, previous]) if with_previous else weights + np.concatenate([[0.0], previous])


class Misfit:
    """How far the weights of a momentum are from measured ones, in standard errors; all steps at once."""

    def __init__(self, fits: Sequence[StepWeights]) -> None:
        self.places = sorted({(fit.step, fit.with_previous) for fit in fits})
        row_of = {place: row for row, place in enumerate(self.places)}
        width = max((len(fit.weights) for fit in fits), default=1)
        self.rows = np.array([row_of[fit.step, fit.with_previous] for fit in fits], dtype=int)
        self.units = np.zeros((len(fits), width))
        self.roots = np.zeros((len(fits), width, width))
        for i, fit in enumerate(fits):
            self.units[i, : len(fit.weights)] = fit.weights / np.linalg.norm(fit.weights)
            root = fit.root / math.sqrt(fit.spread)
            self.roots[i, : root.shape[0], : root.shape[1]] = root
        self.width = width
        self.unit = 0.2 * min((stored_unit(fit.series.run) for fit in fits), default=2.0**-24)

    def __call__(self, momentum: Momentum) -> np.ndarray:
        """Return the misfits, a row of them for every step, zeros where a row is too long."""
        table = np.zeros((len(self.places), self.width))
        for row, (k, with_previous) in enumerate(self.places):
            weights = weights_from(momentum, k, with_previous)
            table[row, : len(weights)] = weights
        weights = table[self.rows]
        along = np.sum(weights * self.units, axis=1)
        least = np.maximum(1e-6 * np.linalg.norm(weights, axis=1), 1e-300)
        change = weights / np.maximum(along, least)[:, None] - self.units
        return np.matmul(self.roots, change[..., None])[..., 0].ravel()


def misfit_of(momentum: Momentum, fits: Sequence[StepWeights]) -> np.ndarray:
    """Return how far the weights of a momentum are from measured ones, in standard errors."""
    return Misfit(fits)(momentum)


def fit_family(family: Family, fits: Sequence[StepWeights], misfit: Misfit | None = None) -> Fitted:
    """Return the parameters at which a family comes closest to measured weights."""
    n_ratios = sum(fit.n_free for fit in fits)
    known = misfit or Misfit(fits)

    def left(values: np.ndarray) -> np.ndarray:
        return known(family.momentum(values))

    if not family.parameters:
        rest = left(np.array([]))
        return Fitted(family=family, values=(), errors=(), momentum=family.momentum(()),
                      excess=float(rest @ rest), n_ratios=n_ratios)  # fmt: skip
    # numerics: far from the truth the misfit is huge and flat, and only its order of size tells where to start
    starts = sorted(family.grid(), key=lambda values: _many(left(np.array(values))))
    return _best(family, left, [np.array(one) for one in starts[: len(family.parameters)]], family.momentum, n_ratios,
                 family.bounds())  # fmt: skip


def _many(misfits: np.ndarray) -> float:
    return float(np.sum(np.log1p(misfits**2)))


def guide_of(fits: Sequence[StepWeights], families: Sequence[Family]) -> Momentum:
    """Return the form that most of the steps follow, whatever the others do."""
    known = Misfit(fits)
    best: tuple[float, Momentum] = (math.inf, Momentum())
    for family in (one for one in families if len(one.parameters) < 2):

        def left(values: np.ndarray, family: Family = family) -> np.ndarray:
            rest = known(family.momentum(values))
            return np.sqrt(np.log1p((rest / 3) ** 2)) * np.sign(rest)  # grows slowly where a step goes astray

        start = min((np.array(values) for values in family.grid()), key=lambda values: float(np.sum(left(values) ** 2)))
        values = _descended(left, start, family.bounds())[0] if family.parameters else start
        best = min(best, (float(np.sum(left(values) ** 2)), family.momentum(values)), key=lambda pair: pair[0])
    return best[1]


def _descended(
    left: Callable[[np.ndarray], np.ndarray], start: np.ndarray, bounds: tuple[list[float], list[float]]
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return parameters after damped Gauss-Newton steps within bounds, the sum of squares there, and the slopes."""
    low, high = (np.array(one, dtype=float) for one in bounds)
    values, rest = np.clip(start, low, high), left(np.clip(start, low, high))
    square, slopes = float(rest @ rest), np.zeros((len(rest), len(start)))
    for _ in range(40):
        for i in range(len(values)):
            width = 1e-7 if values[i] + 1e-7 <= high[i] else -1e-7
            moved = values.copy()
            moved[i] += width
            slopes[:, i] = (left(moved) - rest) / width
        change, *_ = np.linalg.lstsq(slopes, -rest, rcond=1e-12)
        for length in (1.0, 0.4, 0.1, 0.02, 0.003):
            trial = np.clip(values + length * change, low, high)
            tried = left(trial)
            if float(tried @ tried) < square:
                break
        else:
            break
        is_done = float(tried @ tried) > square * (1 - 1e-9)
        values, rest, square = trial, tried, float(tried @ tried)
        if is_done:
            break
    return values, square, slopes


def fit_free_schedule(look_ahead: str, fits: Sequence[StepWeights]) -> Fitted:
    """Return the schedule θ_1, θ_2, … that comes closest, each θ_k by itself."""
    longest = max(fit.step for fit in fits)
    count = longest + (1 if look_ahead == "next weight" else 0)
    extra = 1 if look_ahead == "fixed" else 0
    names = ("tau",) * extra + tuple(f"theta {k + 1}" for k in range(count))
    family = Family(average="schedule", look_ahead=look_ahead, parameters=names)

    def momentum(values: Sequence[float] | np.ndarray) -> Momentum:
        return Momentum(average="schedule", look_ahead=look_ahead, tau=float(values[0]) if extra else 0.0,
                        thetas=tuple(map(float, values[extra:])))  # fmt: skip

    known = Misfit(fits)

    def left(values: np.ndarray) -> np.ndarray:
        return known(momentum(values))

    starts = [np.array([0.1] * extra + [(k + 2.0) ** -power for k in range(count)]) for power in _POWERS]
    starts += [np.array([0.1] * extra + [theta] * count) for theta in (0.05, 0.1, 0.3, 0.5, 0.8)]
    starts = sorted(starts, key=lambda values: _many(left(values)))[:1]
    bounds = [0.0] * len(names), [1.0] * len(names)
    return _best(family, left, starts, momentum, sum(fit.n_free for fit in fits), bounds)


def _best(
    family: Family,
    left: Callable[[np.ndarray], np.ndarray],
    starts: list[np.ndarray],
    momentum: Callable[[Sequence[float]], Momentum],
    n_ratios: int,
    bounds: tuple[list[float], list[float]],
) -> Fitted:
    found, square, slopes = min((_descended(left, one, bounds) for one in starts), key=lambda result: result[1])
    errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(slopes.T @ slopes, rcond=1e-14)), 0.0))
    values = tuple(float(value) for value in found)
    return Fitted(family=family, values=values, errors=tuple(map(float, errors)), momentum=momentum(values),
                  excess=square, n_ratios=n_ratios)  # fmt: skip
