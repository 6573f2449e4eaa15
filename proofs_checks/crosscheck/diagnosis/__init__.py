"""Diagnosis: which convention outputs follow, property by property, with the numbers that say so.

A function of runs alone: no class name, default or source of a target is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..convention import Convention
from ..finding import PROPERTIES, Diagnosis, Finding
from ..probe import Run
from .away import away_finding
from .numbers import short_decimal
from .several import several_steps
from .single import single_step

__all__ = ["diagnose", "several_steps", "single_step"]


def diagnose(runs: Sequence[Run]) -> Diagnosis:
    """Return what runs say about every property of a target.

    Parameters
    ----------
    runs : sequence of Run
        Of the designed probes, in one dtype or more; of a recording, whatever it holds.

    Returns
    -------
    Diagnosis
        Findings in the order of ``PROPERTIES``, and the convention they make together.
    """
    # numerics: outputs may hold anything, and candidates may leave the range: both are judged by their values
    with np.errstate(all="ignore"):
        first, convention = single_step(runs)
        later, convention = several_steps(runs, convention)
    if convention is not None:
        convention = _rounded(convention, _floor_error(first))
        first = tuple(_in_own_unit(one, convention) for one in first)
        away = away_finding(runs, convention.decay.form)
        later = (*later, *([away] if away is not None else []))
    order = {name: k for k, name in enumerate(PROPERTIES)}
    findings = sorted((*first, *later), key=lambda one: order[one.property])
    return Diagnosis(findings=tuple(findings), convention=convention)


def _floor_error(findings: Sequence[Finding]) -> float:
    """Return how far the floor may be off, relative: it is read from steps that rounding has moved."""
    errors = [float(one.data["error"]) for one in findings if one.property == "floor" and "error" in one.data]
    return max(errors, default=0.0)


def _rounded(convention: Convention, floor_error: float) -> Convention:
    """Return the convention with a floor and a factor that are short decimals where they are so within their error."""
    floor, scale = convention.floor, convention.scale
    if floor.form != "none":
        convention = replace(convention, floor=replace(floor, value=short_decimal(floor.value, floor_error, digits=2)))
    return replace(convention, scale=replace(scale, factor=short_decimal(scale.factor, 2e-6, digits=4)))


def _in_own_unit(one: Finding, convention: Convention | None) -> Finding:
    """Return the finding on a floor in the unit of the average, once the weight of the first gradient is known."""
    if convention is None or one.property != "floor" or "form" not in one.data or convention.floor.form == "none":
        return one
    measured, value = float(one.data["epsilon"]), convention.floor.value
    if measured == value:
        return one
    words = f"ε = {value:.3g} {convention.floor.form}"
    evidence = (
        f"{one.evidence} As measured {measured:.3g} in the unit of the gradient, of which the average takes "
        f"{value / measured:.4g}."
    )
    return replace(one, value=words, evidence=evidence, data={**one.data, "epsilon": value})
