"""Failing: what there is to say of a target whose ordinary steps cannot be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..finding import Finding
from ..probe import ONE, Run
from .seen import Seen

__all__ = ["failing_findings", "undivided_finding"]


def undivided_finding(seen: Seen) -> Finding | None:
    """Return the finding on an iteration whose input is not divided by its norm: finite for small gradients alone."""
    sized = [one for one in seen.every if one.is_full_rank and 1 <= np.max(np.abs(one.gradient)) <= 2.0**5]
    broken = [one for one in sized if not one.is_finite]
    small = [k for k, one in seen.swept.items() if k <= 3 and one.is_finite and one.size > 0]
    if not small or len(broken) < 0.5 * len(sized) or not broken:
        return None
    largest = max(one.gradient_norm for one in seen.swept.values() if one.is_finite and one.gradient_norm < 1e3)
    least = min(one.gradient_norm for one in broken)
    return Finding(
        property="normalisation",
        value="none: the input is not divided by its norm",
        is_fault=True,
        evidence=f"{len(broken)} of {len(sized)} ordinary gradients, of norm {least:.3g} and more, give steps that "
        f"are not finite; one gradient made smaller gives finite ones up to norm {largest:.3g}.",
    )


def failing_findings(runs: Sequence[Run], seen: Seen) -> list[Finding]:
    """Return what there is to say where no ordinary gradient gives a finite step that is not zero."""
    single = [run for run in runs if set(run.probe.shapes) == {ONE} and len(run.probe.shapes[ONE]) == 2]
    stopped = [run for run in single if not run.parameters]
    if single and len(stopped) == len(single):
        return [
            Finding(
                property="activity",
                value=f"no step is made: {stopped[0].status}",
                is_fault=True,
                evidence=f"{len(stopped)} of {len(single)} probes stopped before the first step.",
            )
        ]
    finite = [one for one in seen.every if one.is_finite]
    if finite and not any(one.size for one in finite):
        moving = [run.probe.name for run in single if run.parameters and np.any(run.update(len(run.parameters) - 1))]
        where = f"; it does at {', '.join(moving[:3])}" if moving else ""
        return [
            Finding(
                property="activity",
                value="nothing moves",
                is_fault=True,
                evidence=f"The first step is zero at {len(finite)} probes with gradients that are not{where}.",
            )
        ]
    broken = sum(not one.is_finite for one in seen.every)
    if broken:
        return [
            Finding(
                property="activity",
                value="NaN at every ordinary gradient",
                is_fault=True,
                evidence=f"{broken} of {len(seen.every)} first steps have entries that are not finite.",
            )
        ]
    return [
        Finding(
            property="activity",
            value="not observed",
            is_decided=False,
            evidence="No run has a matrix with a first step.",
        )
    ]
