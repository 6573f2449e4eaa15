"""A first step that does not move: skipped, or made from the gradients before the newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..convention import Convention
from ..finding import PROPERTIES, Finding
from ..probe import Probe, Run
from .series import finite_steps

__all__ = ["late_start"]


def late_start(runs: Sequence[Run]) -> tuple[tuple[Finding, ...], Convention | None] | None:
    """Return the findings on a target whose first step never moves and whose second does; None of any other."""
    moving = [run for run in runs if finite_steps(run) > 1 and run.probe.saved_before is None]
    moving = [run for run in moving if any(np.any(g) for g in run.probe.gradients[0].values())]
    if not moving or not all(_is_still_at_first(run) for run in moving):
        return None
    if not any(np.any(run.update(1, name)) for run in moving for name in run.probe.start):
        return None
    names = ", ".join(run.probe.name for run in moving)
    evidence = f"The first step leaves the weights as they are, the second moves them ({names})."
    ways = (
        ("step size", "the first step is skipped", [_shifted(run, drop=1, lag=0) for run in moving]),
        ("momentum", "one step late: the average before the newest gradient", [_shifted(run, drop=1, lag=1)
                                                                               for run in moving]),
    )  # fmt: skip
    results = [(name, value, *_diagnosed(shifted)) for name, value, shifted in ways]
    fitting = [one for one in results if one[3] is not None and _is_settled(one[2])]
    if not fitting:
        constant = [_shifted(run, drop=1, lag=0) for run in moving if _is_constant(run)]
        found, convention = _kept(constant, moving)
        finding = Finding(property="step size", value="the first step is skipped", evidence=evidence, is_fault=True)
        return _sorted([*found, finding]), convention
    name, value, found, convention = fitting[0]
    rest = [one for one in found if one.property not in (name, "step size")]
    finding = Finding(property=name, value=value, evidence=evidence, is_fault=True)
    if convention is not None and name == "step size":
        convention = replace(convention, step_factors=(0.0, 1.0))
    return _sorted([*rest, finding]), convention


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    order = {name: place for place, name in enumerate(PROPERTIES)}
    return tuple(sorted(findings, key=lambda one: order[one.property]))


def _is_still_at_first(run: Run) -> bool:
    return not any(np.any(run.update(0, name)) for name in run.probe.start)


def _is_constant(run: Run) -> bool:
    first = run.probe.gradients[0]
    return all(np.array_equal(first[name], g[name]) for g in run.probe.gradients for name in first)


def _is_settled(findings: Sequence[Finding]) -> bool:
    momentum = [one for one in findings if one.property == "momentum"]
    return bool(momentum) and not any(one.is_fault or one.value.startswith(("none of", "unknown")) for one in momentum)


def _shifted(run: Run, *, drop: int, lag: int) -> Run:
    """Return the run from a later step on, as if it began there, with the gradients of ``lag`` steps before."""
    probe = run.probe
    last = finite_steps(run)
    previous = probe.previous_gradients
    later = Probe(
        name=probe.name,
        purpose=probe.purpose,
        start=run.parameters[drop - 1],
        gradients=probe.gradients[drop - lag : last - lag],
        previous_gradients=None if previous is None else previous[drop - lag : last - lag],
        step_size=probe.step_size,
    )
    return replace(run, probe=later, parameters=run.parameters[drop:last])


def _diagnosed(runs: Sequence[Run]) -> tuple[tuple[Finding, ...], Convention | None]:
    """Return what runs say that are taken to begin at their first step."""
    from .several import several_steps
    from .single import single_step

    first, convention = single_step(runs)
    if convention is None:
        return (), None
    later, convention = several_steps(runs, convention)
    return (*first, *later), convention


def _kept(constant: Sequence[Run], runs: Sequence[Run]) -> tuple[tuple[Finding, ...], Convention | None]:
    """Return what is said where the first gradient is averaged though its step is skipped."""
    from .look_ahead import momentum_findings
    from .momentum import fit_momentum
    from .series import Forward, series_of
    from .single import single_step

    if not constant:
        return (), None
    first, convention = single_step(constant)
    if convention is None:
        return first, None
    series = [one for one in (series_of(run) for run in runs if len(run.probe.start) == 1) if one is not None]
    fit = fit_momentum(Forward(convention), series)
    if not fit.members:
        return first, None
    chosen, *same = fit.members
    some = momentum_findings(fit, chosen, same, "")
    return (*first, *some), replace(convention, momentum=chosen.momentum, step_factors=(0.0, 1.0))
