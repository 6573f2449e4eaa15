"""Search: the conventions that all steps together follow, begun where a reading step by step has ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..convention import Convention, EntrywiseMap
from ..diagnosis.numbers import short_decimal
from ..diagnosis.steps import StepFactors, step_finding
from ..finding import Finding
from .candidates import adams, is_stable, momenta, with_floor, with_map, with_momentum
from .free import SAME, descended, shortened
from .look_ahead import with_changing_look_ahead
from .together import Lengths, Together

__all__ = ["Refitted", "refitted"]

_KEPT = 60  # candidates that a few early steps leave
_EARLY = 4  # steps
_COMPLETED = 5  # forms whose numbers are moved
_HOPELESS = 13.0
"""Mean score of the first steps, each with its own factor, beyond which no average is looked for.

Measured in float32: of the maps of 200 drawn conventions, each with its own steps, 7.8 at most (the iteration "cans",
which amplifies rounding) and mostly below 1; of steps that go uphill on rank one, 16.8. What lies below costs a search.
"""

_SHRINKS = ("decoupled", "independent", "squared")


@dataclass(frozen=True, kw_only=True)
class Refitted:
    """A convention with the score it leaves, and the finding on its step sizes."""

    convention: Convention
    score: float
    step_size: Finding

    @property
    def order(self) -> tuple[int, int, int, bool, int]:
        """Return what sorts conventions: how well they fit, then steps, parameters, a factor, digits."""
        c = self.convention
        numbers = (c.momentum.beta, c.momentum.tau, c.scale.factor, c.floor.value, c.decay.rate)
        free = 2 if self.step_size.value.startswith("changes") else 1 if c.step_factors else 0
        level = round(math.log(max(self.score, 1e-12)) / math.log(SAME)) if math.isfinite(self.score) else 10**9
        n_parameters = sum(x != 0 for x in numbers[:2]) + len(c.momentum.taus)
        digits = sum(len(f"{x:g}") for x in numbers)
        return level, free, n_parameters, abs(c.scale.factor - 1) > 1e-6, digits


def refitted(together: Together, convention: Convention) -> Iterator[list[Refitted]]:
    """Yield the conventions that come closest to all steps together, the best first: two rounds, the second less
    usual; none where the first steps already are those of no map like it.

    Parameters
    ----------
    together : Together
        The steps.
    convention : Convention
        Where to begin: its map or momentum may be wrong; its kind of map, scale formula and kind of decay are kept.
    """
    with np.errstate(all="ignore"):  # candidates that are not the target's may leave the range
        first, several = together.first_steps(), together.of_several_steps()
        start = _with_best_map(first, convention)
        if first.stacks and float(np.mean(first.direction_scores(start))) > _HOPELESS:
            return
        yield _completed(together, several, _with_momenta(several, start))
        yield _completed(together, several, with_changing_look_ahead(several, start))


def _completed(together: Together, several: Together, forms: list[Convention]) -> list[Refitted]:
    """Return conventions with step sizes, decay, and the numbers that all steps together say, the best first."""
    if not several.stacks:
        done = [shortened(together, descended(together, one)) for one in forms]
        return [Refitted(convention=one, score=together.score(one), step_size=step_finding(None)[0]) for one in done]
    dressed = []
    for one in forms:
        now, finding = with_lengths(one, several.lengths(one))
        dressed.append((Refitted(convention=now, score=together.score(now), step_size=finding), one))
    dressed.sort(key=lambda pair: pair[0].order)
    found = []
    for _, one in dressed[:_COMPLETED]:
        now = descended(several, one, lambda c: with_lengths(c, several.lengths(c))[0])
        finding = with_lengths(now, several.lengths(now))[1]
        now = shortened(together, descended(together, now))
        found.append(Refitted(convention=now, score=together.score(now), step_size=finding))
    return sorted(found, key=lambda one: one.order)


def _best(candidates: Iterator[Convention], score: Callable[[Convention], float]) -> Convention:
    scored = [(score(one), k, one) for k, one in enumerate(candidates)]
    return min(scored, key=lambda row: row[:2])[2]


def _with_best_map(first: Together, convention: Convention) -> Convention:
    """Return the convention with the iteration and the floor that the first steps follow best."""
    if isinstance(convention.map, EntrywiseMap) or not first.stacks:
        return convention

    def better(now: Convention, others: Iterator[Convention]) -> Convention:
        best = _best(others, first.score)
        return best if first.score(best) * SAME < first.score(now) else now

    others = list(with_map(convention))
    if others and not is_stable(convention):
        convention = _best(iter(others), first.score)
    elif others:
        convention = better(convention, iter(others))
    weight = float(convention.momentum.weights(0)[0])
    if convention.exponents or not _takes_floor(convention) or weight <= 0:
        return convention
    # somebody's round number is in the unit of the average, whose first weight is not known for certain yet
    value = convention.floor.value
    units = [replace(convention, floor=replace(convention.floor, value=value / share)) for share in {weight, 1.0}]
    return better(convention, (one for unit in units for one in with_floor(unit)))


def _takes_floor(convention: Convention) -> bool:
    of = convention.map
    return getattr(of, "normalisation", "") != "aol" and not getattr(of, "is_regularized", False)


def _with_momenta(several: Together, start: Convention) -> list[Convention]:
    """Return the convention with the forms of momentum that explain the steps best, whatever their lengths."""
    if not several.stacks:
        return [start]
    if start.adam is not None:
        return [_best(adams(start), lambda one: several.lengths(one).score)]
    early = several.early(_EARLY)
    candidates = [(family, with_momentum(start, family.momentum(values))) for family, values in momenta()]
    scored = sorted((early.lengths(one).score, k) for k, (_, one) in enumerate(candidates))[:_KEPT]
    best: dict[object, tuple[float, Convention]] = {}
    for _, k in scored:
        family, one = candidates[k]
        score = several.lengths(one).score
        if family not in best or score < best[family][0]:
            best[family] = score, one
    limit = 2 * min(score for score, _ in best.values()) + 10
    return [one for score, one in best.values() if score <= limit]


def with_lengths(convention: Convention, lengths: Lengths) -> tuple[Convention, Finding]:
    """Return the convention with the factor, step sizes and decay rate of measured lengths, and the finding on them."""
    if not np.isfinite(lengths.factors).all() or not lengths.factors[0] > 0:
        return convention, step_finding(None)[0]
    factors, decay = lengths.factors, convention.decay
    if decay.form in _SHRINKS:
        if decay.after:
            factors = factors / (1 - lengths.shares)
        decay = replace(decay, rate=_rate(decay.form, factors / factors[0], lengths))
    first = float(factors[0])
    found = StepFactors(
        momentum=convention.momentum,
        factors=tuple(map(float, factors / first)),
        errors=tuple(map(float, np.maximum(np.hypot(lengths.errors, lengths.errors[0]) / first, 1e-7))),
        misfit=0.0,
        probes=("all steps together",),
    )
    finding, step_factors = step_finding(found)
    scale = replace(convention.scale, factor=convention.scale.factor * first)
    return replace(convention, decay=decay, scale=scale, step_factors=step_factors), finding


def _rate(form: str, sizes: np.ndarray, lengths: Lengths) -> float:
    """Return λ from the share of the weights that each step takes, for steps of these sizes."""
    per = {"decoupled": sizes, "independent": np.ones_like(sizes), "squared": sizes**2}[form]
    rates, errors = lengths.shares / per, np.abs(lengths.share_errors / per) + 1e-300
    is_seen = np.isfinite(rates) & (lengths.share_errors > 0)
    if not is_seen.any():
        return 0.0
    rate = float(np.average(rates[is_seen], weights=errors[is_seen] ** -2.0))
    return short_decimal(rate, max(6 * float(np.min(errors[is_seen])) / abs(rate), 1e-6), digits=3)
