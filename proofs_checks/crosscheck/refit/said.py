"""Said: the findings of a diagnosis, with those replaced in which the convention of all steps together differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..convention import Convention, EntrywiseMap, PolynomialMap
from ..diagnosis.look_ahead import ahead_words, bias_finding, words_of_average
from ..finding import PROPERTIES, Diagnosis, Finding
from ..momentum import Momentum
from .look_ahead import FORMULAS
from .search import Refitted

__all__ = ["with_convention"]


_DECAYS = {
    "decoupled": "X times 1 - ηλ",
    "independent": "X times 1 - λ",
    "squared": "X times 1 - η²λ",
    "l2": "in the gradient, before the map",
    "cautious": "only where the weight has the sign of the step",
}


def with_convention(
    diagnosis: Diagnosis, before: Convention, found: Refitted, equals: Sequence[Convention], n_steps: int
) -> Diagnosis:
    """Return the diagnosis with another convention.

    Parameters
    ----------
    diagnosis : Diagnosis
        As read step by step.
    before : Convention
        The one it has.
    found : Refitted
        What all steps together follow.
    equals : sequence of Convention
        Others that they follow as well.
    n_steps : int
        How many steps that are.
    """
    now = found.convention
    new: list[Finding] = []
    how = f"All {n_steps} steps together follow it within rounding; read one by one they had been taken for"
    if now.map != before.map:
        new += _of_map(now, f"{how}: {before.map.words}.")
    if now.floor != before.floor:
        words = "none seen" if now.floor.form == "none" else f"ε = {now.floor.value:.3g} {now.floor.form}"
        new.append(Finding(property="floor", value=words, evidence=f"{how} ε = {before.floor.value:.3g}."))
    if now.scale != before.scale:
        new.append(_kept_data(diagnosis, Finding(property="scale", value=now.scale.words,
                                                 evidence=f"{how} {before.scale.words}.")))  # fmt: skip
    if now.adam is None and (now.momentum != before.momentum or _has_faults(diagnosis)):
        new += _of_momentum(now, equals, f"{how} {words_of_average(before.momentum, {})}.")
    if now.step_factors != before.step_factors:
        new.append(found.step_size)
    if now.decay != before.decay:
        words = f"{now.decay.form}, λ = {now.decay.rate:.4g} ({_DECAYS[now.decay.form]})"
        words += ", of the weights after the step" if now.decay.after else ""
        new.append(Finding(property="weight decay", value=words, evidence=f"{how} λ = {before.decay.rate:.4g}."))
    replaced = {one.property for one in new}
    kept = [one for one in diagnosis.findings if one.property not in replaced or _is_of_its_own(one)]
    order = {name: k for k, name in enumerate(PROPERTIES)}
    findings = sorted((*kept, *new), key=lambda one: order[one.property])
    return Diagnosis(findings=tuple(findings), convention=now)


def _is_of_its_own(one: Finding) -> bool:
    """Return whether a finding tells of special inputs, which stays true whatever the convention is."""
    return one.is_fault and one.property in ("map", "floor", "scale", "normalisation")


def _has_faults(diagnosis: Diagnosis) -> bool:
    return any(one.is_fault for one in diagnosis.of("momentum"))


def _kept_data(diagnosis: Diagnosis, one: Finding) -> Finding:
    data = {key: value for old in diagnosis.of(one.property) for key, value in old.data.items()}
    return replace(one, data=data)


def _of_map(now: Convention, evidence: str) -> list[Finding]:
    found = [Finding(property="map", value=now.map.words, evidence=evidence)]
    if isinstance(now.map, PolynomialMap):
        schedule = now.map.schedule
        found.append(Finding(property="schedule", value=f"{schedule.n_steps} steps of '{schedule.name}'",
                             evidence=evidence))  # fmt: skip
        margin = f", times {1 + schedule.input_margin:g}" if schedule.input_margin else ""
        found.append(Finding(property="normalisation", value=now.map.normalisation + margin, evidence=evidence))
    if isinstance(now.map, EntrywiseMap):
        found = [Finding(property="momentum", evidence=evidence,
                         value=f"Adam's two averages, β = ({now.map.betas[0]:.6g}, {now.map.betas[1]:.6g})"),
                 Finding(property="bias correction", value="yes: both averages", evidence=evidence)]  # fmt: skip
    return found


def _of_momentum(now: Convention, equals: Sequence[Convention], evidence: str) -> list[Finding]:
    chosen, others = now.momentum, [one.momentum for one in equals]
    value, ahead = _average(chosen), _ahead(chosen)
    alternatives = tuple(dict.fromkeys(_average(one) for one in others if _average(one) != value))
    aheads = tuple(dict.fromkeys(_ahead(one) for one in others if _ahead(one) != ahead))
    return [
        Finding(property="momentum", value=value, evidence=evidence, alternatives=alternatives,
                is_decided=not alternatives),
        Finding(property="look-ahead", value=ahead, evidence="From the same steps as the momentum.",
                alternatives=aheads, is_decided=not aheads),
        bias_finding(chosen, others),
    ]  # fmt: skip


def _average(momentum: Momentum) -> str:
    if momentum.average != "schedule" or not momentum.thetas:
        return words_of_average(momentum, {})
    power = -math.log(momentum.thetas[0]) / math.log(2.0)
    return words_of_average(momentum, {"power": power})


def _ahead(momentum: Momentum) -> str:
    for name, formula in FORMULAS.items():
        if momentum.taus and all(math.isclose(formula(k), tau) for k, tau in enumerate(momentum.taus)):
            return f"fixed at every step, τ_k = {name}: (1-τ_k)M + τ_kG"
    return ahead_words(momentum)
