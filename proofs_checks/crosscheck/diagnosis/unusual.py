"""Averages that are no momentum of the usual forms: restarted, of mapped or normalised gradients, overwritten."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ..momentum import Momentum
from .families import Fitted, weights_of
from .momentum import limit_of
from .numbers import fewest_places
from .series import Forward, Series
from .weights import StepWeights, residual_of

__all__ = ["Unusual", "restarted_form", "unusual_form"]

_FORMS = (("ema", "none"), ("ema", "ema"), ("first gradient", "none"), ("first gradient", "ema"), ("none", "none"))
_BETAS = np.array([0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99])


@dataclass(frozen=True, kw_only=True)
class Unusual:
    """A form that explains the steps and that no convention has.

    Attributes
    ----------
    words : str
        The form.
    evidence : str
        A sentence.
    momentum : Momentum
        The nearest usual one.
    """

    words: str
    evidence: str
    momentum: Momentum


def unusual_form(forward: Forward, series: Sequence[Series], fits: Sequence[StepWeights]) -> Unusual | None:
    """Return the first unusual form that explains the steps, or None."""
    by_steps = _after_the_map(forward, series) or _overwritten(forward, series)
    return by_steps or restarted_form(fits) or _late(fits) or _normalised(fits)


def restarted_form(fits: Sequence[StepWeights], schedule: Fitted | None = None) -> Unusual | None:
    """Return an average that begins anew every few steps; of a schedule that fits, one that does so at some steps."""
    if schedule is not None:
        thetas = schedule.momentum.thetas
        anew = [k + 1 for k, theta in enumerate(thetas) if theta > 1 - 1e-3]
        if not anew or len(anew) == len(thetas):
            return None
        words = ", ".join(map(str, anew))
        return Unusual(words=f"restarted before steps {words}; in between θ_k = "
                       + ", ".join(f"{theta:.4g}" for theta in thetas if theta <= 1 - 1e-3),
                       evidence=f"The weights of all gradients before steps {words} are 0 from then on.",
                       momentum=schedule.momentum)  # fmt: skip
    longest = max((fit.step for fit in fits), default=0)
    for period in range(2, longest + 1):

        def weights(momentum: Momentum, fit: StepWeights, period: int = period) -> np.ndarray:
            k = fit.step
            recent = momentum.weights(k % period)
            return np.concatenate([np.zeros(k + 1 - len(recent)), recent])

        found = _best(fits, weights)
        if found is not None:
            momentum, excess = found
            return Unusual(words=f"restarted every {period} steps: {momentum.average}, μ = {momentum.beta:.4g}",
                           evidence=f"After every {period} steps the weights of all gradients before are 0; "
                           f"{excess:.2g} of the misfit of rounding.", momentum=momentum)  # fmt: skip
    return None


def _late(fits: Sequence[StepWeights]) -> Unusual | None:
    """Return an average of all gradients but the newest."""

    def weights(momentum: Momentum, fit: StepWeights) -> np.ndarray:
        return np.append(momentum.weights(fit.step - 1), 0.0)

    found = _best([fit for fit in fits if fit.step > 1], weights)
    if found is None:
        return None
    momentum, excess = found
    return Unusual(words=f"one step late: the average before the newest gradient, {momentum.average}, "
                   f"μ = {momentum.beta:.4g}", evidence="The newest gradient has weight 0 in every step; "
                   f"{excess:.2g} of the misfit of rounding.", momentum=momentum)  # fmt: skip


def _normalised(fits: Sequence[StepWeights]) -> Unusual | None:
    """Return an average of gradients that were divided by their norms."""
    lengths = {id(fit): _lengths(fit) for fit in fits}

    def weights(momentum: Momentum, fit: StepWeights) -> np.ndarray:
        return weights_of(momentum, fit) / lengths[id(fit)]

    found = _best(fits, weights)
    if found is None:
        return None
    momentum, excess = found
    return Unusual(words=f"of normalised gradients: {momentum.average}, μ = {momentum.beta:.4g}, of G/‖G‖",
                   evidence="The weight of a gradient falls with its own length; "
                   f"{excess:.2g} of the misfit of rounding.", momentum=momentum)  # fmt: skip


def _lengths(fit: StepWeights) -> np.ndarray:
    basis = fit.series.basis(fit.step, with_previous=fit.with_previous)
    return np.sqrt(sum(np.sum(rows.reshape(len(rows), -1) ** 2, axis=1) for rows in basis.values()))


def _best(
    fits: Sequence[StepWeights], weights: Callable[[Momentum, StepWeights], np.ndarray]
) -> tuple[Momentum, float] | None:
    """Return the momentum whose changed weights fit, with its misfit over that of rounding; None where none does."""
    fits = [fit for fit in fits if not fit.with_previous]
    n_ratios = sum(fit.n_free for fit in fits)
    if n_ratios < 3 or float(np.median([fit.noise / fit.modelled for fit in fits])) > 8:
        return None
    for average, look_ahead in _FORMS:

        def misfit(values: np.ndarray, average: str = average, look_ahead: str = look_ahead) -> np.ndarray:
            momentum = Momentum(average=average, beta=float(values[0]), look_ahead=look_ahead)
            return np.concatenate([fit.excess(weights(momentum, fit)) / math.sqrt(fit.spread) for fit in fits])

        start = min(_BETAS, key=lambda beta: float(np.sum(np.log1p(misfit(np.array([beta])) ** 2))))
        result = optimize.least_squares(misfit, [start], bounds=([0.0], [1 - 1e-7]), x_scale=0.1, xtol=1e-12)
        if 2 * result.cost <= limit_of(n_ratios):

            def fits_too(beta: float, misfit: Callable[[np.ndarray], np.ndarray] = misfit) -> bool:
                return float(np.sum(misfit(np.array([beta])) ** 2)) <= limit_of(n_ratios)

            beta = fewest_places(float(result.x[0]), 1e-3 if result.cost > 0 else 0.0, accept=fits_too)
            return Momentum(average=average, beta=beta, look_ahead=look_ahead), 2 * result.cost / n_ratios
    return None


def _after_the_map(forward: Forward, series: Sequence[Series]) -> Unusual | None:
    """Return an average of the maps of single gradients."""
    shares, ratios = [], []
    for one in series:
        for k in range(1, min(one.n_steps, 6)):
            basis = one.basis(k, with_previous=False)
            columns = forward(basis, np.eye(k + 1)).T
            update = one.update(k)
            size = float(np.linalg.norm(update))
            if size == 0 or np.linalg.matrix_rank(columns) <= k:
                continue
            weights, *_ = np.linalg.lstsq(columns, update, rcond=None)
            shares.append(float(np.linalg.norm(update - columns @ weights)) / size)
            if k == 1 and weights[1] != 0:
                ratios.append(weights[0] / weights[1])
    unit = max((forward.unit(one.run.dtype) for one in series), default=0.0)
    if not shares or max(shares) > max(32 * unit, 1e-4) or not ratios:
        return None
    ratio = float(np.median(ratios))
    return Unusual(words=f"taken after the map: each gradient is mapped, and the steps are averaged, μ = {ratio:.3g}",
                   evidence=f"Steps are sums of the maps of single gradients within {max(shares):.1e}.",
                   momentum=Momentum())  # fmt: skip


def _overwritten(forward: Forward, series: Sequence[Series]) -> Unusual | None:
    """Return an average whose buffer was replaced by its normalised self, or by the step."""
    for words in ("divided by its norm", "replaced by the step"):
        ratios, shares = [], []
        for one in series:
            found = _recursion(forward, one, words)
            if found is None:
                continue
            ratios += found[0]
            shares += found[1]
        if not shares:
            continue
        unit = max(forward.unit(one.run.dtype) for one in series)
        spread = float(np.ptp(ratios)) / max(abs(float(np.median(ratios))), 1e-12)
        if max(shares) < max(32 * unit, 1e-4) and spread < max(64 * unit, 1e-3):
            ratio = float(np.median(ratios))
            return Unusual(words=f"of a buffer that is overwritten: {words} after every step",
                           evidence=f"Every step is the map of B + {ratio:.4g} G with such a buffer, within "
                           f"{max(shares):.1e}.", momentum=Momentum())  # fmt: skip
    return None


def _recursion(forward: Forward, one: Series, words: str) -> tuple[list[float], list[float]] | None:
    """Return the ratio of G to the buffer in every step, and what is left, for a buffer that is changed after it."""
    ratios, shares = [], []
    buffer: np.ndarray | None = None
    if len(one.blocks) != 1:
        return None
    name = one.blocks[0]
    for k in range(min(one.n_steps, 5)):
        g, update = one.gradients[k][name], one.update(k)
        if buffer is None:
            average = g
        else:
            basis = {name: np.stack([buffer, g])}
            trials = np.logspace(-4, 4, 161)
            for _ in range(6):
                lefts, _ = residual_of(update, forward(basis, np.stack([np.ones_like(trials), trials], axis=1)))
                place = int(np.argmin(np.sum(lefts**2, axis=1)))
                low, high = trials[max(place - 1, 0)], trials[min(place + 1, len(trials) - 1)]
                left = math.sqrt(float(np.sum(lefts[place] ** 2)))
                ratio = float(trials[place])
                trials = np.geomspace(low, high, 33)
            ratios.append(ratio)
            shares.append(left / max(float(np.linalg.norm(update)), 1e-300))
            average = buffer + ratio * g
        buffer = average / np.linalg.norm(average) if words == "divided by its norm" else update.reshape(g.shape)
        if not np.any(buffer):
            return None
    return ratios, shares
