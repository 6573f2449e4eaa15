"""Maps of single entries over several steps: momentum under a sign, and the two decay rates of Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from ..convention import Convention, EntrywiseMap
from ..finding import Finding
from ..momentum import Momentum
from .families import FAMILIES, Family, Fitted, weights_from
from .look_ahead import average_words
from .momentum import same_directions
from .numbers import fewest_places
from .series import Series

__all__ = ["entrywise_findings", "rate_in_gradient"]

_CLEAR = 1e-4
"""An entry of the average below this share of the largest may have either sign after rounding."""


def entrywise_findings(series: Sequence[Series], convention: Convention) -> tuple[list[Finding], Convention, Momentum]:
    """Return the findings on the momentum of an entrywise map, the convention with the map, and the momentum."""
    if not series:
        words = "No run of several steps with a gradient."
        return [Finding(property="momentum", value="unknown", evidence=words, is_decided=False)], convention, Momentum()
    if has_even_entries(series):
        return _sign_findings(series, _with_map(convention, EntrywiseMap(name="sign")))
    return _adam_findings(series, convention)


def rate_in_gradient(with_rate: Callable[[float], Sequence[Series]], rate: float, convention: Convention) -> float:
    """Return λ of an entrywise map of ``G + λX``: of round ones near a first estimate the one that explains most."""
    if has_even_entries(with_rate(rate)):

        def left(value: float) -> float:
            return _fit_signs(with_rate(value), most=1)[0].wrong
    else:

        def left(value: float) -> float:
            return _fit_adam(with_rate(value), factor=convention.scale.factor, epsilon=_epsilon(convention))[2]

    digits = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 6.25, 7.0, 8.0, 9.0)
    round_ones = [digit * 10.0**power for power in range(-8, 3) for digit in digits]
    rates = sorted((one for one in round_ones if 0.4 < one / rate < 2.5), key=lambda one: abs(math.log(one / rate)))
    best = (math.inf, rate)
    for value in (rate, *rates):
        best = min(best, (left(value), value), key=lambda pair: pair[0])
        if best[0] < 1e-5:
            break
    return best[1]


def _epsilon(convention: Convention) -> float:
    of = convention.map
    return of.epsilon if isinstance(of, EntrywiseMap) and of.name == "adam" else 1e-8


def _with_map(convention: Convention, of: EntrywiseMap) -> Convention:
    """Return the convention with another map."""
    return replace(convention, map=of)


def has_even_entries(series: Sequence[Series]) -> bool:
    """Return whether all moved entries of a step have one size, as after a sign."""
    for one in series:
        for k in range(one.n_steps):
            sizes = np.abs(one.update(k))
            moved = sizes[sizes > 0.01 * sizes.max(initial=0.0)]
            noise = one.storage(k).max(initial=0.0)
            if moved.size and float(np.ptp(moved)) > max(1e-3 * float(moved.mean()), 16 * float(noise)):
                return False
    return True


@dataclass(frozen=True, kw_only=True)
class _SignFit:
    """A momentum under a sign: how many signs it does not explain, and between which parameters that is so."""

    family: Family
    values: tuple[float, ...]
    ranges: tuple[tuple[float, float], ...]
    momentum: Momentum
    wrong: int
    count: int

    @property
    def fitted(self) -> Fitted:
        errors = tuple((high - low) / 2 for low, high in self.ranges)
        return Fitted(family=self.family, values=self.values, errors=errors, momentum=self.momentum,
                      excess=float(self.wrong), n_ratios=self.count)  # fmt: skip


def _sign_findings(series: Sequence[Series], convention: Convention) -> tuple[list[Finding], Convention, Momentum]:
    found = _fit_signs(series)
    best = found[0]
    if best.wrong > 0.01 * best.count:
        finding = Finding(property="momentum", value="none of the known forms", is_decided=False,
                          evidence=f"{average_words(best.fitted)}, the nearest, leaves {best.wrong} of {best.count} "
                          "signs unexplained.")  # fmt: skip
        return [finding], convention, best.momentum
    equal = [one for one in found[1:] if one.wrong <= best.wrong and len(one.values) == len(best.values)]
    words = _words(best)
    others = tuple(dict.fromkeys(_words(one) for one in equal))
    evidence = f"{best.count - best.wrong} of {best.count} signs are those of this average"
    evidence += "".join(f", for {name} from {low:.4g} to {high:.4g}" for name, (low, high) in
                        zip(best.family.parameters, best.ranges, strict=True)) + "."  # fmt: skip
    is_decided = not others
    findings = [
        Finding(property="momentum", value=words, evidence=evidence, alternatives=others, is_decided=is_decided),
        Finding(property="look-ahead", value=best.momentum.look_ahead, is_decided=is_decided,
                evidence="From the same signs.",
                alternatives=tuple(dict.fromkeys(one.momentum.look_ahead for one in equal
                                                 if one.momentum.look_ahead != best.momentum.look_ahead))),
        Finding(property="bias correction", value="no", alternatives=() if best.family.average == "none" else ("yes",),
                is_decided=best.family.average == "none", evidence="A sign does not see the length of the average."),
    ]  # fmt: skip
    return findings, convention, best.momentum


def _words(one: _SignFit) -> str:
    ahead = one.momentum.look_ahead
    tau = f", τ = {one.momentum.tau:.4g}" if ahead == "fixed" else ""
    return average_words(one.fitted) + ("" if ahead == "none" else f", look-ahead ({ahead}{tau})")


def _fit_signs(series: Sequence[Series], most: int = 2) -> list[_SignFit]:
    """Return the forms that explain most signs, those with the fewest parameters first."""
    steps = [(one, k) for one in series for k in range(one.n_steps) if np.any(one.update(k))]
    averages = ("none", "ema", "heavy ball", "first gradient", "schedule", "bias corrected", "recursive")
    found: list[_SignFit] = []
    for count in range(most + 1):
        for family in (one for one in FAMILIES if one.average in averages and len(one.parameters) == count):
            grid = _grid(family)
            momenta = [family.momentum(values) for values in grid]
            wrong, clear = _wrong_signs(steps, momenta)
            least = int(wrong.min())
            place = [values for values, number in zip(grid, wrong, strict=True) if number == least]
            values, ranges = _roundest(place)
            found.append(_SignFit(family=family, values=values, ranges=ranges, momentum=family.momentum(values),
                                  wrong=least, count=int(clear.max())))  # fmt: skip
        if any(one.wrong == 0 for one in found):
            break
    found.sort(key=lambda one: (one.wrong, len(one.values)))
    # of forms with the same directions the first stands for all but those with another name
    kept: list[_SignFit] = []
    for one in found:
        if not any(one.family.average == other.family.average and same_directions(one.momentum, other.momentum)
                   for other in kept):  # fmt: skip
            kept.append(one)
    return kept


def _wrong_signs(steps: list[tuple[Series, int]], momenta: list[Momentum]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many clear signs each momentum does not explain, and how many there are."""
    wrong, count = np.zeros(len(momenta), dtype=int), np.zeros(len(momenta), dtype=int)
    table: dict[tuple[int, bool], np.ndarray] = {}
    for one, k in steps:
        has_previous = one.run.probe.previous_gradients is not None and momenta[0].average == "recursive"
        if (k, has_previous) not in table:
            table[k, has_previous] = np.array([weights_from(momentum, k, has_previous) for momentum in momenta])
        basis = one.basis(k, with_previous=has_previous)
        rows = np.concatenate([rows.reshape(len(rows), -1) for rows in basis.values()], axis=1)
        averages = table[k, has_previous] @ rows
        sizes = np.abs(averages)
        clear = sizes > _CLEAR * sizes.max(axis=1, keepdims=True)
        wrong += np.sum(clear & (np.sign(averages) != np.sign(one.update(k))), axis=1)
        count += np.sum(clear, axis=1)
    return wrong, count


def _grid(family: Family) -> list[tuple[float, ...]]:
    if not family.parameters:
        return [()]
    fine = np.concatenate(
        [np.arange(0.02, 0.89, 0.02), np.arange(0.9, 0.985, 0.01), np.array([0.99, 0.992, 0.995, 0.997, 0.999])]
    )
    axes = {"beta": fine, "tau": np.arange(0.02, 1.0, 0.02), "power": np.arange(0.05, 2.0, 0.05)}
    if len(family.parameters) == 1:
        return [(round(float(value), 6),) for value in axes[family.parameters[0]]]
    first, second = (axes[name] for name in family.parameters)
    return [(round(float(a), 6), round(float(b), 6)) for a in first for b in second]


def _roundest(values: list[tuple[float, ...]]) -> tuple[tuple[float, ...], tuple[tuple[float, float], ...]]:
    """Return the value with the fewest digits, the most central of them, and the range of each parameter."""
    array = np.array(values)
    if array.size == 0:
        return (), ()
    middle = np.median(array, axis=0)
    order = sorted(values, key=lambda one: (sum(len(f"{value:g}") for value in one),
                                            float(np.sum((np.array(one) - middle) ** 2))))  # fmt: skip
    ranges = tuple((float(low), float(high)) for low, high in zip(array.min(axis=0), array.max(axis=0), strict=True))
    return order[0], ranges


def _adam_findings(series: Sequence[Series], convention: Convention) -> tuple[list[Finding], Convention, Momentum]:
    epsilon = _epsilon(convention)
    betas, errors, share = _fit_adam(series, factor=convention.scale.factor, epsilon=epsilon)
    worst = f"; the steps are those within {share:.1e}"
    evidence = f"β ± {errors[0]:.1g}, {errors[1]:.1g}{worst} ({', '.join(one.name for one in series[:4])})."
    fits = share < 0.03
    value = f"Adam's two averages, β = ({betas[0]:.6g}, {betas[1]:.6g})"
    if not fits:
        value = f"entrywise with a memory, nearest to Adam with β = ({betas[0]:.3g}, {betas[1]:.3g})"
    finding = Finding(property="momentum", value=value, evidence=evidence, is_decided=fits,
                      data={"betas": list(betas), "share": share})  # fmt: skip
    correction = Finding(property="bias correction", value="yes: both averages" if fits else "unknown",
                         evidence="The first step has the size of the sign.", is_decided=fits)  # fmt: skip
    activity = Finding(property="activity", value="Adam: g/√(average of g²), entry by entry",
                       evidence=f"Steps differ in size from entry to entry{worst}.", is_decided=fits)  # fmt: skip
    of = EntrywiseMap(name="adam", betas=betas, epsilon=epsilon)
    return [activity, finding, correction], _with_map(convention, of), Momentum()


def _fit_adam(
    series: Sequence[Series], *, factor: float, epsilon: float
) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Return the decay rates at which the steps of Adam come closest, their errors, and the share that is left."""
    updates = [np.stack([one.update(k) for k in range(one.n_steps)]) for one in series]
    gradients = [np.concatenate([np.stack([g[name] for g in one.gradients]).reshape(one.n_steps, -1)
                                 for name in one.blocks], axis=1) for one in series]  # fmt: skip
    size = math.sqrt(sum(float(np.sum(u**2)) for u in updates))

    def left(betas: np.ndarray) -> np.ndarray:
        parts = [(factor * _adam_steps(g, betas[0], betas[1], epsilon) - u).ravel()
                 for g, u in zip(gradients, updates, strict=True)]  # fmt: skip
        return np.concatenate(parts) / size

    starts = [(a, b) for a in (0.0, 0.5, 0.8, 0.9, 0.95) for b in (0.5, 0.9, 0.95, 0.99, 0.999)]
    start = min(starts, key=lambda one: float(np.sum(left(np.array(one)) ** 2)))
    result = optimize.least_squares(left, np.clip(start, 1e-3, 0.9995), bounds=([0, 0], [1 - 1e-6] * 2), x_scale=0.1,
                                    xtol=1e-12, ftol=1e-12, gtol=1e-14)  # fmt: skip
    rest = max(len(result.fun) - 2, 1)
    errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(result.jac.T @ result.jac)), 0) * 2 * result.cost / rest)
    betas = [
        min(fewest_places(float(beta), 4 * float(error) + 1e-7), 1 - 1e-6)
        for beta, error in zip(result.x, errors, strict=True)
    ]
    return (betas[0], betas[1]), (float(errors[0]), float(errors[1])), math.sqrt(2 * result.cost)


def _adam_steps(gradients: np.ndarray, b1: float, b2: float, epsilon: float) -> np.ndarray:
    """Return the steps of Adam for gradients of shape (k, entries)."""
    first = second = np.zeros(gradients.shape[1])
    steps = []
    for k, g in enumerate(gradients):
        first = b1 * first + (1 - b1) * g
        second = b2 * second + (1 - b2) * g * g
        root = np.sqrt(second / (1 - b2 ** (k + 1)))
        total = first / (1 - b1 ** (k + 1))
        steps.append(np.divide(total, root + epsilon, out=np.zeros_like(total), where=root + epsilon > 0))
    return np.array(steps)
