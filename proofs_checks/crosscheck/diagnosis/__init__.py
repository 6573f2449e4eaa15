"""Diagnosis: which convention outputs follow, property by property, with the numbers that say so.

A function of runs alone: no class name, default or source of a target is seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..finding import PROPERTIES, Diagnosis
from ..probe import Run
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
    # what is left after all steps replaces what was found from one
    order = {name: k for k, name in enumerate(PROPERTIES)}
    findings = sorted((*first, *later), key=lambda one: order[one.property])
    return Diagnosis(findings=tuple(findings), convention=convention)
