"""Refit: where a diagnosis read step by step does not hold for all steps, the convention that they follow together."""

from __future__ import annotations

from collections.abc import Sequence

from ..finding import Diagnosis
from ..probe import Run
from ..verdict import Verdict, judge
from .said import with_convention
from .search import Refitted, refitted
from .together import Together

__all__ = ["reconsidered"]

_TRIED = 2
"""Conventions judged in each round of the search; those that are equally good mostly differ in words alone."""


def reconsidered(
    diagnosis: Diagnosis, verdict: Verdict, runs: Sequence[Run], *, seed: object = 0
) -> tuple[Diagnosis, Verdict]:
    """Return the diagnosis and its verdict, with the convention that conforms where another than the first does.

    Parameters
    ----------
    diagnosis : Diagnosis
        Read step by step.
    verdict : Verdict
        Of its convention.
    runs : sequence of Run
        All runs with finite inputs.
    seed : number or str
        Of the copies with rounding errors.
    """
    convention = diagnosis.convention
    if convention is None or not verdict.is_different or verdict.trouble:
        return diagnosis, verdict
    together = Together(runs, convention)
    if not together.stacks:
        return diagnosis, verdict
    for found in refitted(together, convention):
        for one in found[:_TRIED]:
            now = judge(runs, one.convention, seed=seed)
            if now.outcome == "conforms":
                equals = [other.convention for other in found if _is_equal(other, one)]
                return with_convention(diagnosis, convention, one, equals, len(now.comparisons)), now
            if any(step.step == 0 for step in now.failures):
                # another form of the average mends no first step
                return diagnosis, verdict
    return diagnosis, verdict


def _is_equal(one: Refitted, other: Refitted) -> bool:
    """Return whether a convention fits as well as another with as many free step sizes."""
    return one is not other and one.order[:2] == other.order[:2]
