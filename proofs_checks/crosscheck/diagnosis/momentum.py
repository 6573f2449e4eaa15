"""Momentum: which forms fit the measured weights, and which of them outputs cannot tell apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from ..momentum import Momentum
from .families import FAMILIES, Fitted, Misfit, fit_family, fit_free_schedule, guide_of, weights_of
from .numbers import fewest_places
from .series import Forward, Series
from .weights import StepWeights, fit_weights, needs_previous, refitted

__all__ = ["MomentumFit", "fit_momentum", "limit_of", "measured_weights"]

_ERROR = 1e-9  # that a true form is refused
_COARSER = 2.0  # an implementation may round as if its unit were twice the modelled one
_GROWING = ("ema", "heavy ball")
_GOOD = 1.5  # misfit of a form over that of rounding, below which all steps follow it
_FREE = 10  # ratios beyond which a schedule of single θ_k is worth a look


@dataclass(frozen=True, kw_only=True)
class MomentumFit:
    """What the weights of several steps say.

    Attributes
    ----------
    fits : tuple of StepWeights
        The weights, without a model.
    members : tuple of Fitted
        Forms with the same directions that fit, the usual one first; empty if none does.
    rivals : tuple of Fitted
        Forms with other directions that fit as well as rounding lets one see.
    nearest : Fitted or None
        The closest form, whether it fits or not.
    uses_previous : bool
        Whether the gradient at the parameters before matters.
    is_sum : bool
        Whether later steps are the map of sums of gradients as exactly as the first step is the map of the first.
    """

    fits: tuple[StepWeights, ...]
    members: tuple[Fitted, ...]
    rivals: tuple[Fitted, ...]
    nearest: Fitted | None
    uses_previous: bool
    is_sum: bool = True

    @property
    def momentum(self) -> Momentum:
        """Return the first form that fits, or the nearest."""
        if self.members:
            return self.members[0].momentum
        return Momentum() if self.nearest is None else self.nearest.momentum

    @property
    def n_parameters(self) -> float:
        """Return how many parameters the form has; inf where none fits."""
        return len(self.members[0].values) if self.members else math.inf

    @property
    def misfit(self) -> float:
        """Return the excess of the form over the number of ratios: about 1 where it fits."""
        best = self.members[0] if self.members else self.nearest
        return math.inf if best is None or best.n_ratios == 0 else best.excess / best.n_ratios


def limit_of(n_ratios: int) -> float:
    """Return the excess beyond which a form is refused."""
    return _COARSER**2 * float(stats.chi2.isf(_ERROR, max(n_ratios, 1)))


def fit_momentum(forward: Forward, series: Sequence[Series]) -> MomentumFit:
    """Return the forms of momentum that fit the steps of all series through a known map."""
    forward.floor_is_open = _sees_floor(forward, series)
    uses_previous = needs_previous(forward, series)
    every = [fit for one in series for fit in fit_weights(forward, one, with_previous=uses_previous)]
    found = fit_forms([fit for fit in every if fit.is_telling], uses_previous)
    families = [one for one in FAMILIES if (one.average == "recursive") == uses_previous]
    groups = [families]
    if forward.floor_is_open:
        # against a floor the length of an average counts, and forms of one direction have two: growing, and even
        groups = [[one for one in families if (one.average in _GROWING) == grows] for grows in (True, False)]
    if found.fits and (found.misfit > _GOOD or len(groups) > 1):
        results = []
        for group in groups:
            guide = guide_of(found.fits, group)
            again = [_again(forward, fit, guide) for fit in every]
            results.append((fit_forms([fit for fit in again if fit.is_telling], uses_previous), again))
        found, every = min(results, key=lambda pair: pair[0].misfit)
    at_first = [fit.noise / fit.modelled for fit in every if fit.step == 0]
    later = [fit.noise / fit.modelled for fit in found.fits]
    is_sum = not (at_first and later) or float(np.median(later)) < 8 * max(float(np.median(at_first)), 1.0)
    return replace(found, is_sum=is_sum)


def _sees_floor(forward: Forward, series: Sequence[Series]) -> bool:
    """Return whether the floor is large enough for the length of an average to show at ordinary sizes."""
    if not forward.has_floor or not series:
        return False
    sizes = [float(np.linalg.norm(g)) for one in series for row in one.gradients for g in row.values() if np.any(g)]
    least = min(sizes, default=math.inf)
    return forward.convention.floor.value > 0.1 * least * min(forward.unit(one.run.dtype) for one in series)


def _again(forward: Forward, fit: StepWeights, guide: Momentum) -> StepWeights:
    """Return a fit that may have ended in another minimum, begun again from a form that most of the steps follow.

    A curve that is not monotone has more than one minimum; and against a floor the length of the average counts, which
    the form knows.
    """
    first = float(guide.weights(0)[0])
    if fit.step == 0 or first == 0:
        return fit
    start = weights_of(guide, fit) / first
    if np.sum(fit.excess(start) ** 2) / fit.spread > 9 * fit.n_free:
        fit = refitted(forward, fit, start)
    if forward.has_floor:
        length = float(np.linalg.norm(start)) / float(np.linalg.norm(fit.weights))
        fit = refitted(forward, fit, fit.weights * length, always=True)
    return fit


def fit_forms(fits: Sequence[StepWeights], uses_previous: bool) -> MomentumFit:
    """Return the forms of momentum that fit measured weights."""
    if not fits:
        return MomentumFit(fits=(), members=(), rivals=(), nearest=None, uses_previous=uses_previous)
    families = [one for one in FAMILIES if (one.average == "recursive") == uses_previous]
    limit = limit_of(sum(fit.n_free for fit in fits))
    tried: list[Fitted] = []
    misfit = Misfit(fits)
    for count in (0, 1, 2):
        found = [_simplified(fit_family(one, fits, misfit), misfit) for one in families if len(one.parameters) == count]
        tried += found
        if any(one.excess <= limit for one in found):
            break
        outstanding = _outstanding(tried, limit)
        if outstanding:
            limit = max(one.excess for one in outstanding)
            break
    else:
        for form in ("none", "next weight", "fixed") if sum(fit.n_free for fit in fits) >= _FREE else ():
            tried.append(fit_free_schedule(form, fits))
            if tried[-1].excess <= limit:
                break
    accepted = [one for one in tried if one.excess <= limit] or _level(tried)
    if len(accepted) == 1 and len(accepted[0].values) > 2:
        accepted = _level(tried) or accepted
    nearest = min(tried, key=lambda one: one.excess)
    if not accepted:
        return MomentumFit(fits=tuple(fits), members=(), rivals=(), nearest=nearest, uses_previous=uses_previous)
    least = min(one.excess for one in accepted)
    # among forms of equally many parameters, one that fits worse than chance explains is refused
    close = [one for one in accepted if one.excess - least <= max(limit_of(1), 0.02 * limit)]
    leader = close[0]
    members = [one for one in close if same_directions(one.momentum, leader.momentum)]
    rivals = [one for one in close if one not in members]
    best_rival = min(rivals, key=lambda one: one.excess, default=None)
    if best_rival is not None and best_rival.excess < min(one.excess for one in members) - 9.0:
        leader = best_rival
        members = [one for one in close if same_directions(one.momentum, leader.momentum)]
        rivals = [one for one in close if one not in members]
    return MomentumFit(fits=tuple(fits), members=tuple(members), rivals=tuple(rivals), nearest=nearest,
                       uses_previous=uses_previous)  # fmt: skip


def _outstanding(tried: Sequence[Fitted], limit: float) -> list[Fitted]:
    """Return forms that miss the limit by little where all others miss by a thousand times more.

    The weights of such a form are seen to more digits than the map is known to.
    """
    if not tried:
        return []
    best = min(tried, key=lambda one: one.excess)
    alike = [one for one in tried if same_directions(one.momentum, best.momentum)]
    others = [one for one in tried if one not in alike]
    is_alone = bool(others) and all(one.excess > 1000 * best.excess for one in others)
    near = [one for one in alike if one.excess <= 2 * best.excess]
    return near if is_alone and best.excess <= 25 * limit else []


def _level(tried: Sequence[Fitted]) -> list[Fitted]:
    """Return the constant rate where a schedule of single θ_k is one up to a hundredth; nothing elsewhere."""
    thetas = np.array(tried[-1].momentum.thetas[:-1] if tried and len(tried[-1].values) > 2 else ())
    if len(thetas) < 3 or float(np.ptp(thetas)) > 0.01 * float(thetas.mean()):
        return []
    constant = [one for one in tried if one.family.average == "first gradient" and len(one.values) == 1]
    return [min(constant, key=lambda one: one.excess)] if constant else []


def same_directions(one: Momentum, other: Momentum, n_steps: int = 12) -> bool:
    """Return whether two forms give every step the same direction."""
    for k in range(n_steps):
        rows = [np.concatenate([form.weights(k), form.buffer_share(k) * form.previous_weights(k)])
                for form in (one, other)]  # fmt: skip
        a, b = (row / np.linalg.norm(row) for row in rows)
        if np.max(np.abs(a - b)) > 1e-6:
            return False
    return True


def _simplified(found: Fitted, misfit: Misfit) -> Fitted:
    """Return the form at the numbers of fewest digits that fit as well."""
    if not found.values or not all(map(math.isfinite, found.values)):
        return found
    inflation = math.sqrt(max(1.0, found.excess / max(found.n_ratios, 1)))
    simple = tuple(fewest_places(value, max(4 * error * inflation, 5 * misfit.unit))
                   for value, error in zip(found.values, found.errors, strict=True))  # fmt: skip
    best = found
    for values in (simple, *((*found.values[:i], one, *found.values[i + 1 :]) for i, one in enumerate(simple))):
        if any(value >= 1.0 and name == "beta" for name, value in zip(found.family.parameters, values, strict=True)):
            continue
        momentum = found.family.momentum(values)
        excess = float(np.sum(misfit(momentum) ** 2))
        # a round number within the rounding of the runs is no accident, as long as it fits
        is_next = all(abs(a - b) <= 5 * misfit.unit for a, b in zip(values, found.values, strict=True))
        limit = limit_of(found.n_ratios) if is_next else 0.0
        if excess <= max(found.excess + 36 * inflation**2 * len(values), limit):
            best = replace(found, values=values, momentum=momentum, excess=excess)
            break
    return best


def measured_weights(fits: Sequence[StepWeights], most: int = 4) -> str:
    """Return the weights of the second and third steps in words, the newest set to 1."""
    words: list[str] = []
    for fit in fits:
        k = fit.step
        if k not in (1, 2) or fit.with_previous or fit.weights[k] == 0 or len(words) >= most:
            continue
        ratios = fit.weights[:k] / fit.weights[k]
        errors = fit.errors[:k] * np.linalg.norm(fit.weights) / abs(fit.weights[k])
        listed = ", ".join(f"{r:.{_digits(e)}f} ± {e:.1g}" for r, e in zip(ratios, errors, strict=True))
        words.append(f"step {k}: {listed} ({fit.series.name})")
    return "; ".join(words)


def _digits(error: float) -> int:
    if not 0 < error < 1:
        return 2
    return min(max(1 - math.floor(math.log10(error)), 2), 7)
