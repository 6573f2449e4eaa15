"""Families of momentum: every average with every look-ahead, fitted to weights that were measured without a model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ..momentum import Momentum
from .weights import StepWeights

__all__ = ["FAMILIES", "Family", "Fitted", "fit_family", "fit_free_schedule", "guide_of", "misfit_of", "weights_from", "weights_of"]

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
    """

    average: str
    look_ahead: str
    parameters: tuple[str, ...]

    def momentum(self, values: Sequence[float]) -> Momentum:
        """Return the momentum for values of the parameters."""
        given = dict(zip(self.parameters, map(float, values), strict=True))
        thetas = tuple((k + 1.0) ** -given["power"] for k in range(1, _LENGTH)) if "power" in given else ()
        return Momentum(average=self.average, look_ahead=self.look_ahead, beta=given.get("beta", 0.0),
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
    found = [Family(average="none", look_ahead="none", parameters=())]
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


def misfit_of(momentum: Momentum, fits: Sequence[StepWeights]) -> np.ndarray:
    """Return how far the weights of a momentum are from measured ones, in standard errors."""
    found: dict[tuple[int, bool], np.ndarray] = {}
    rows = []
    for fit in fits:
        place = (fit.step, fit.with_previous)
        if place not in found:
            found[place] = weights_of(momentum, fit)
        rows.append(fit.excess(found[place]) / math.sqrt(fit.spread))
    return np.concatenate(rows)


def fit_family(family: Family, fits: Sequence[StepWeights]) -> Fitted:
    """Return the parameters at which a family comes closest to measured weights."""
    n_ratios = sum(fit.n_free for fit in fits)

    def misfit(values: np.ndarray) -> np.ndarray:
        return misfit_of(family.momentum(values), fits)

    if not family.parameters:
        left = misfit(np.array([]))
        return Fitted(family=family, values=(), errors=(), momentum=family.momentum(()),
                      excess=float(left @ left), n_ratios=n_ratios)  # fmt: skip
    # numerics: far from the truth the misfit is huge and flat, and only its order of size tells where to start
    starts = sorted(family.grid(), key=lambda values: float(np.sum(np.log1p(misfit(np.array(values)) ** 2))))
    return _best(family, misfit, [np.array(one) for one in starts[: len(family.parameters)]], family.momentum, n_ratios)


def guide_of(fits: Sequence[StepWeights], families: Sequence[Family]) -> Momentum:
    """Return the form that most of the steps follow, whatever the others do."""
    best: tuple[float, Momentum] = (math.inf, Momentum())
    for family in families:
        if len(family.parameters) > 1:
            continue

        def misfit(values: np.ndarray, family: Family = family) -> np.ndarray:
            return misfit_of(family.momentum(values), fits)

        def many(values: np.ndarray) -> float:
            return float(np.sum(np.log1p(misfit(values) ** 2)))

        if not family.parameters:
            best = min(best, (many(np.array([])), family.momentum(())), key=lambda pair: pair[0])
            continue
        start = min((np.array(values) for values in family.grid()), key=many)
        result = optimize.least_squares(misfit, start, bounds=family.bounds(), x_scale=0.1, loss="cauchy", f_scale=3.0)
        best = min(best, (many(result.x), family.momentum(result.x)), key=lambda pair: pair[0])
    return best[1]


def fit_free_schedule(look_ahead: str, fits: Sequence[StepWeights]) -> Fitted:
    """Return the schedule θ_1, θ_2, … that comes closest, each θ_k by itself."""
    longest = max(fit.step for fit in fits)
    count = longest + (1 if look_ahead == "next weight" else 0)
    extra = 1 if look_ahead == "fixed" else 0
    names = ("tau",) * extra + tuple(f"theta {k + 1}" for k in range(count))
    family = Family(average="schedule", look_ahead=look_ahead, parameters=names)

    def momentum(values: Sequence[float]) -> Momentum:
        return Momentum(average="schedule", look_ahead=look_ahead, tau=float(values[0]) if extra else 0.0,
                        thetas=tuple(map(float, values[extra:])))  # fmt: skip

    def misfit(values: np.ndarray) -> np.ndarray:
        return misfit_of(momentum(values), fits)

    starts = [np.array([0.1] * extra + [(k + 2.0) ** -power for k in range(count)]) for power in _POWERS]
    starts += [np.array([0.1] * extra + [theta] * count) for theta in (0.05, 0.1, 0.3, 0.5, 0.8)]
    starts = sorted(starts, key=lambda values: float(np.sum(np.log1p(misfit(values) ** 2))))[:1]
    return _best(family, misfit, starts, momentum, sum(fit.n_free for fit in fits), widest=1.0)


def _best(
    family: Family,
    misfit: Callable[[np.ndarray], np.ndarray],
    starts: list[np.ndarray],
    momentum: Callable[[Sequence[float]], Momentum],
    n_ratios: int,
    widest: float | None = None,
) -> Fitted:
    bounds = family.bounds() if widest is None else ([0.0] * len(starts[0]), [widest] * len(starts[0]))
    results = [optimize.least_squares(misfit, one, bounds=bounds, x_scale=0.1, xtol=1e-12, ftol=1e-12, gtol=1e-14,
                                      max_nfev=80)
               for one in starts]  # fmt: skip
    best = min(results, key=lambda result: result.cost)
    square = best.jac.T @ best.jac
    errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(square, rcond=1e-14)), 0.0))
    values = tuple(float(value) for value in best.x)
    return Fitted(family=family, values=values, errors=tuple(map(float, errors)), momentum=momentum(values),
                  excess=2 * float(best.cost), n_ratios=n_ratios)  # fmt: skip
