"""Steps of rigorous proofs: decisions of ball arithmetic with the words around them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from flint import arb

from ..proof import Step
from .balls import Decision, Exact, at_most, exact
from .boxes import Cover

__all__ = ["covered", "hypothesis", "rounds_to", "step", "within"]


def step(claim: str, latex: str, justification: str, result: Decision, role: str = "step") -> Step:
    """Return a step."""
    return Step(claim=claim, latex=latex, justification=justification, result=result, role=role)


def hypothesis(claim: str, latex: str, justification: str = "Hypothesis.") -> Step:
    """Return a line that is assumed."""
    return step(claim, latex, justification, Decision.PROVED, "hypothesis")


def covered(claim: str, latex: str, justification: str, cover: Cover, role: str = "step") -> Step:
    """Return a step that branch and bound decided, with the number of pieces."""
    return step(claim, latex, f"{justification} Branch and bound: {cover.words}.", cover.decision, role)


def within(found: arb, expected: arb | Exact, distance: arb | Exact) -> Decision:
    """Decide whether ``|found - expected| ≤ distance``."""
    expected = expected if isinstance(expected, arb) else exact(expected)
    distance = distance if isinstance(distance, arb) else exact(distance)
    return at_most(abs(found - expected), distance)


def rounds_to(found: arb, printed: str) -> Decision:
    """Decide whether a number printed to so many places is within half a unit of the last one of the true number.

    Examples
    --------
    >>> rounds_to(exact("2/3"), "0.667"), rounds_to(exact("2/3"), "0.666"), rounds_to(exact("1/900"), "1.11e-3")
    (<Decision.PROVED: 'proved'>, <Decision.REFUTED: 'refuted'>, <Decision.PROVED: 'proved'>)
    """
    half = Fraction(10) ** int(Decimal(printed).as_tuple().exponent) / 2
    return within(found, printed, half)
