"""Several steps: what the momentum, the step sizes, the decay and the blocks are, once one step is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..convention import Convention, Decay, EntrywiseMap, Floor
from ..finding import PROPERTIES, Finding
from ..momentum import Momentum
from ..probe import ONE, Run
from .blocks import fit_blocks
from .decay import DecayFit, fit_decay
from .families import Fitted
from .late import late_start
from .look_ahead import average_words, momentum_findings
from .momentum import MomentumFit, fit_momentum, measured_weights
from .numbers import short_decimal
from .restored import restored_finding
from .series import Forward, Series, finite_steps, series_of
from .signs import entrywise_findings, rate_in_gradient
from .steps import StepFactors, is_late_correction, law_finding, step_factors_of, step_finding
from .unusual import Unusual, restarted_form, unusual_form

__all__ = ["several_steps"]

_FACTOR = 2e-6
"""Relative accuracy of a factor of the step."""

_ORDINARY = 2.0**-8
"""Gradients of a smaller largest entry are there for the floor, not for the weights."""


def several_steps(runs: Sequence[Run], convention: Convention | None) -> tuple[tuple[Finding, ...], Convention | None]:
    """Return the findings on several steps, and the convention completed by them.

    Parameters
    ----------
    runs : sequence of Run
        All runs of a target, of any probes.
    convention : Convention or None
        What one step says: map, scale, floor, precision, without momentum and decay, in units of the first average;
        None where it says nothing.
    """
    findings: list[Finding] = []
    single = [run for run in runs if _is_single(run)]
    if convention is None:
        late = late_start(runs)
        if late is not None:
            return late
    blocks = fit_blocks(runs, convention)
    if blocks is not None:
        findings.append(blocks.finding)
        if convention is None and blocks.exponents:
            # a target of several blocks alone: their runs tell its momentum as well
            convention = blocks.completes(None)
            single = [run for run in runs if len(run.probe.start) > 1 and finite_steps(run) > 0]
    if convention is not None:
        some, convention = _of_matrices(single, convention)
        findings += some
    if blocks is not None:
        convention = blocks.completes(convention)
        if convention is not None and blocks.is_regularized:
            # the radii were measured in units of the first average
            first = math.sqrt(float(convention.momentum.weights(0)[0]) or 1.0)
            radii = {name: short_decimal(radius / first, 1e-3, digits=3) for name, radius in convention.radii.items()}
            convention = replace(convention, radii=radii)
    restored = restored_finding(runs)
    if restored is not None:
        findings.append(restored)
    order = {name: place for place, name in enumerate(PROPERTIES)}
    return tuple(sorted(findings, key=lambda one: order[one.property])), convention


def _of_matrices(runs: Sequence[Run], convention: Convention) -> tuple[list[Finding], Convention]:
    """Return the findings on decay, momentum and step sizes."""
    forward = Forward(convention)
    decay = fit_decay(runs, forward)
    if isinstance(convention.map, EntrywiseMap):
        series, _ = _moving(runs, decay.candidates[0], decay.factors)
        if decay.candidates[0].form == "l2" and series:
            # one step leaves the rate between two signs: all steps together narrow it
            rate = rate_in_gradient(
                lambda value: _moving(runs, Decay(form="l2", rate=value), ())[0], decay.candidates[0].rate, convention
            )
            decay = _renamed(decay, Decay(form="l2", rate=rate))
            series, _ = _moving(runs, decay.candidates[0], ())
        some, convention, momentum = entrywise_findings(series, convention)
        steps: tuple[float, ...] = ()
        if isinstance(convention.map, EntrywiseMap) and convention.map.name == "sign":
            finding, steps = step_finding(step_factors_of(Forward(convention), series, momentum))
            some.append(finding)
        convention = replace(convention, momentum=momentum, decay=decay.candidates[0], step_factors=steps)
        return [*some, decay.finding], convention
    found, decay = _with_best_decay(runs, forward, decay)
    some, convention = _completed(found, convention)
    law = law_finding(runs, found.decay)
    return [*some, decay.finding, *([law] if law is not None else [])], convention


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The momentum with one form of decay."""

    decay: Decay
    forward: Forward
    fit: MomentumFit
    series: list[Series]
    faint: list[Series]


def _is_single(run: Run) -> bool:
    """Return whether a run has one matrix, and a finite first step."""
    start = run.probe.start
    return list(start) == [ONE] and start[ONE].ndim == 2 and start[ONE].size > 0 and finite_steps(run) > 0


def _moving(runs: Sequence[Run], decay: Decay, factors: Sequence[float]) -> tuple[list[Series], list[Series]]:
    """Return the series of several steps with a gradient: of ordinary sizes, and of faint ones."""
    ordinary: list[Series] = []
    faint: list[Series] = []
    for run in runs:
        if run.probe.n_steps < 2 or run.probe.saved_before is not None or finite_steps(run) < 2:
            continue
        largest = max(
            float(np.max(np.abs(g))) for one in run.probe.gradients[: finite_steps(run)] for g in one.values()
        )
        if largest == 0:
            continue
        series = series_of(run, decay, factors)
        if series is not None:
            (ordinary if largest > _ORDINARY else faint).append(series)
    return ordinary, faint


def _with_best_decay(runs: Sequence[Run], forward: Forward, decay: DecayFit) -> tuple[_Found, DecayFit]:
    """Return the momentum with that of the possible decays which explains the steps best."""
    results = []
    for candidate in decay.candidates:
        series, faint = _moving(runs, candidate, decay.factors)
        fit = fit_momentum(forward, series)
        results.append(_Found(decay=candidate, forward=forward, fit=fit, series=series, faint=faint))
    best = results[0]
    if len(results) > 1:
        simplest = min(results, key=lambda one: one.fit.n_parameters)
        if simplest.fit.n_parameters < best.fit.n_parameters:
            best = simplest
            decay = _renamed(decay, best.decay)
        elif any(one.decay.form == "l2" and one.fit.n_parameters == best.fit.n_parameters for one in results[1:]):
            finding = replace(decay.finding, alternatives=(*decay.finding.alternatives, "l2, in the gradient"),
                              is_decided=False)  # fmt: skip
            decay = replace(decay, finding=finding)
    return best, decay


def _renamed(decay: DecayFit, chosen: Decay) -> DecayFit:
    value = f"{chosen.form}, λ = {chosen.rate:.4g}" + (": in the gradient, before the map" * (chosen.form == "l2"))
    evidence = f"{decay.finding.evidence} Only so do the steps have weights of a momentum."
    finding = replace(decay.finding, value=value, evidence=evidence, alternatives=(), is_decided=True)
    return replace(decay, finding=finding, candidates=(chosen,))


def _completed(found: _Found, convention: Convention) -> tuple[list[Finding], Convention]:
    """Return the findings on momentum and step sizes, and the convention with them."""
    fit, forward = found.fit, found.forward
    if not fit.members:
        return _unexplained(found, convention)
    strange = None if fit.is_sum else unusual_form(forward, found.series, fit.fits)
    if strange is not None:
        return _named(strange, convention, found.decay)
    chosen, same, factors, why = _by_length(found)
    finding, step_factors = step_finding(factors)
    is_late = factors is not None and is_late_correction(factors)
    findings = list(momentum_findings(fit, chosen, [] if is_late else same, why, is_late=is_late))
    if is_late:
        finding = replace(finding, value="the same at every step, but for the correction")
    findings.append(finding)
    again = restarted_form(fit.fits, chosen) if chosen.family.average == "schedule" and len(chosen.values) > 2 else None
    if again is not None:
        findings[0] = Finding(property="momentum", value=again.words, evidence=again.evidence, is_fault=True)
    return findings, dressed(convention, chosen.momentum, found.decay, step_factors)


def _by_length(found: _Found) -> tuple[Fitted, list[Fitted], StepFactors | None, str]:
    """Return the form whose lengths fit too, those that cannot be told from it, and the step sizes with it."""
    members = list(found.fit.members)
    lengths = {id(one): step_factors_of(found.forward, found.series, one.momentum) for one in members}
    why = ""
    if found.forward.is_homogeneous and len(members) > 1:
        members, why = _of_constant_length(members, lengths)
    if found.forward.has_floor and len(members) > 1 and found.faint:
        members, why = _of_faint_length(members, found, why)
    chosen, said = _by_convention(members, found.forward)
    same = [one for one in members if one is not chosen]
    if same:
        reason = said or (
            "the lengths of the averages differ by a constant alone, which the scale may hold"
            if found.forward.is_homogeneous or found.forward.has_floor
            else "they differ in the length of the average alone, which the map does not see"
        )
        names = ", ".join(dict.fromkeys(average_words(one) for one in [chosen, *same]))
        why = f"{why} {names}: {reason}.".strip()
    return chosen, same, lengths[id(chosen)], why


def _of_constant_length(members: list[Fitted], lengths: dict[int, StepFactors | None]) -> tuple[list[Fitted], str]:
    found = ((one, lengths[id(one)]) for one in members)
    constant = [one for one, length in found if length is not None and length.is_constant]
    if constant and len(constant) < len(members):
        refused = [one for one in members if one not in constant]
        worst = lengths[id(refused[0])]
        names = ", ".join(average_words(one) for one in refused)
        last = (
            "" if worst is None else f": the step sizes would be {', '.join(f'{f:.3g}' for f in worst.factors[:4])}, …"
        )
        return constant, f"The length of the steps refuses {names}{last}."
    return members, ""


def _of_faint_length(members: list[Fitted], found: _Found, why: str) -> tuple[list[Fitted], str]:
    """Return the forms whose averages grow as the faint steps show."""
    lefts = []
    for one in members:
        first = float(one.momentum.weights(0)[0])
        left = total = 0.0
        for series in found.faint:
            start = None
            for k in range(series.n_steps):
                weights = one.momentum.weights(k)[None] / first
                result = found.forward(series.basis(k, with_previous=False), weights)[0]
                update = series.update(k)
                start = update if start is None else start
                left += float(np.sum((update - result) ** 2))
                total += float(np.sum(update**2))
        lefts.append(left / total if total > 0 else 0.0)
    least = min(lefts)
    kept = [one for one, left in zip(members, lefts, strict=True) if left <= max(4 * least, least + 1e-6)]
    if len(kept) < len(members) and math.sqrt(least) < 0.2:
        refused = ", ".join(average_words(one) for one in members if one not in kept)
        names = ", ".join(series.name for series in found.faint)
        return kept, f"{why} Against the floor the average grows otherwise than in {refused} ({names}).".strip()
    return members, why


def _by_convention(members: list[Fitted], forward: Forward) -> tuple[Fitted, str]:
    """Return the form that makes the scale or the floor a round number, with the reason; else the usual one."""
    if len(members) == 1:
        return members[0], ""
    convention = forward.convention
    for one in members:
        first = float(one.momentum.weights(0)[0])
        if forward.is_homogeneous and _is_near(convention.scale.factor / first, 1.0, 2e-3):
            others = [other for other in members if not _is_near(float(other.momentum.weights(0)[0]), first, 2e-3)]
            if others:
                return one, f"{average_words(one)} is named since with it the scale is 1"
    if forward.has_floor and not forward.is_homogeneous:
        for one in members:
            value = convention.floor.value * float(one.momentum.weights(0)[0])
            if abs(math.log10(value) - round(math.log10(value))) < 0.01:
                return one, f"{average_words(one)} is named since with it ε is {value:.2g}"
    return members[0], ""


def _is_near(value: float, wanted: float, share: float) -> bool:
    return abs(value - wanted) <= share * abs(wanted)


def _unexplained(found: _Found, convention: Convention) -> tuple[list[Finding], Convention]:
    fit = found.fit
    if fit.nearest is None:
        words = "No run of several steps has different gradients and moves in their span."
        finding = Finding(property="momentum", value="unknown", evidence=words, is_decided=False)
        return [finding], replace(convention, decay=found.decay)
    unusual = unusual_form(found.forward, found.series, fit.fits)
    if unusual is not None:
        return _named(unusual, convention, found.decay)
    share = fit.nearest.excess / max(fit.nearest.n_ratios, 1)
    evidence = (f"Ratios of the weights to the newest: {measured_weights(fit.fits)}; the nearest, "
                f"{average_words(fit.nearest)}, leaves {share:.3g} times the misfit of rounding.")  # fmt: skip
    finding = Finding(property="momentum", value="none of the known forms", evidence=evidence, is_decided=False)
    return [finding], dressed(convention, fit.momentum, found.decay, ())


def _named(unusual: Unusual, convention: Convention, decay: Decay) -> tuple[list[Finding], Convention]:
    finding = Finding(property="momentum", value=unusual.words, evidence=unusual.evidence, is_fault=True)
    return [finding], dressed(convention, unusual.momentum, decay, ())


def dressed(convention: Convention, momentum: Momentum, decay: Decay, step_factors: tuple[float, ...]) -> Convention:
    """Return the convention of one step with a momentum: scale and floor in units of the average."""
    first = float(momentum.weights(0)[0])
    forward = Forward(convention)
    scale, floor = convention.scale, convention.floor
    if forward.is_homogeneous and first > 0:
        scale = replace(scale, factor=short_decimal(scale.factor / first, _FACTOR, digits=3))
    if decay.after and decay.form in ("decoupled", "independent", "squared"):
        scale = replace(scale, factor=short_decimal(scale.factor / (1 - decay.rate), _FACTOR, digits=3))
    if floor.form != "none" and first > 0:
        floor = Floor(value=short_decimal(floor.value * first, 1e-3, digits=3), form=floor.form)
    return replace(convention, momentum=momentum, decay=decay, scale=scale, floor=floor, step_factors=step_factors)
