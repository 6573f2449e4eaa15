"""The scalar inequality of T4a for every t and every q in [1, 2], with a margin, by branch and bound.

``|1+t|^q ≤ 1 + qt + (2^{2-q} - c(2-q)(q-1))|t|^q`` with c = 1/6: the proof in words is in docs/theory/rigorous.md, its
steps are in :mod:`.scalar_proofs`. Divided by ``|t|^q``, with x = 1/|t|, what ``2^{2-q} - c(2-q)(q-1)`` bounds is

    f(x, q) = (1-x)^q - x^q + qx^{q-1}     for t ≤ -1,
    g(x, q) = (1+x)^q - x^q - qx^{q-1}     for t ≥ 1.

At q = 2 both sides are equal for every x, so near there the derivative in q is bounded instead; near q = 1, where
``x^{q-1}`` has no limit at x = 0, a lemma takes the place of the boxes, and for |t| ≤ 1 another.

Every bound on a box uses only values at its corners, so that a second program can check it with little more than powers
and logarithms of numbers: see :mod:`.checker`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from .balls import Decision, at_most, exact, largest, lower, positive, power, smallest, upper
from .boxes import Box, Cover, prove_on_box
from .certificate import content_of, encode_boxes, units

__all__ = ["MARGIN", "NEAR_ONE", "NEAR_TWO", "REGIONS", "Region", "gap", "near_one_bound", "prove_region", "slope"]

MARGIN = Fraction(1, 6)
"""c; the largest that is true is the limit at q → 2, .16902…"""

NEAR_ONE = Fraction(21, 20)
"""Up to this q the lemma near 1 takes the place of boxes."""

NEAR_TWO = Fraction(3, 2)
"""From this q on the derivative in q is bounded."""

Corners = tuple[arb, arb, arb, arb]
"""``x_1 ≤ x_2`` and ``q_1 ≤ q_2``, radius zero or nearly so."""


def gap(x: arb, q: arb, margin: Fraction = MARGIN, *, side: int = -1) -> arb:
    """Return ``2^{2-q} - c(2-q)(q-1)`` minus f (side -1) or g (side +1), as a ball around its value."""
    shifted = 1 + side * x
    found = power(shifted, q) - power(x, q) - side * q * power(x, q - 1)
    return power(2, 2 - q) - exact(margin) * (2 - q) * (q - 1) - found


def slope(x: arb, q: arb, margin: Fraction = MARGIN, *, side: int = -1) -> arb:
    """Return the derivative of :func:`gap` in q with the sign changed, for 0 < x < 1."""
    shifted, log = 1 + side * x, x.log()
    found = power(shifted, q) * shifted.log() - power(x, q) * log - side * power(x, q - 1) * (1 + q * log)
    return arb(2).log() * power(2, 2 - q) + exact(margin) * (3 - 2 * q) + found


def _log_power_most(low: arb, high: arb, a: arb) -> arb:
    """Return an upper bound of ``x^a|log x|`` on [low, high] ⊂ [0, 1], for the exponent a > 0 and all larger ones.

    It falls with the exponent, and in x rises up to ``1/(ea)`` at ``e^{-1/a}`` and falls from there.
    """
    if high.is_zero():
        return arb(0)
    if at_most(1 / a, -high.log()) is Decision.PROVED:
        return upper(power(high, a) * -high.log())
    if positive(low) is Decision.PROVED and at_most(-low.log(), 1 / a) is Decision.PROVED:
        return upper(power(low, a) * -low.log())
    return upper(1 / (arb(1).exp() * a))


def _middle(corners: Corners, margin: Fraction) -> arb:
    """Return a lower bound of the gap on a box with t ≤ -1, each term at the corner where it is worst."""
    x1, x2, q1, q2 = corners
    found = power(1 - x1, q1) - power(x1, q2) + q2 * power(x2, q1 - 1)
    return power(2, 2 - q2) - exact(margin) * (2 - q1) * (q2 - 1) - found


def _slope_left(corners: Corners, margin: Fraction) -> arb:
    """Return a lower bound of the slope with t ≤ -1, where f gives ``(1-x)^q log(1-x) + x^{q-1}(1 - (q-x)|log x|)``."""
    x1, x2, q1, q2 = corners
    found = power(x1, q2 - 1) - (q2 - x1) * _log_power_most(x1, x2, q1 - 1)
    found -= _log_power_most(1 - x2, 1 - x1, q1)
    return arb(2).log() * power(2, 2 - q2) + exact(margin) * (3 - 2 * q2) + found


def _slope_right(corners: Corners, margin: Fraction) -> arb:
    """Return a lower bound of the slope with t ≥ 1, where ``-x^q log x ≥ 0`` is dropped."""
    x1, x2, q1, q2 = corners
    found = power(1 + x1, q1) * (1 + x1).log()
    # x^{q-1}(q|log x| - 1)
    factor = -q1 * x2.log() - 1
    found += smallest(factor * power(x1, q2 - 1), factor * power(x2, q1 - 1))
    return arb(2).log() * power(2, 2 - q2) + exact(margin) * (3 - 2 * q2) + found


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the (x, q)-plane with one way of bounding.

    Attributes
    ----------
    name : str
        As in the certificate.
    side : int
        Sign of t.
    q_range : tuple of Fraction
        The range of q; x is in [0, 1].
    bound : callable
        From the corners of a box and the margin to a lower bound that must be positive.
    words : str
        What is bounded.
    """

    name: str
    side: int
    q_range: tuple[Fraction, Fraction]
    bound: Callable[[Corners, Fraction], arb]
    words: str

    def box(self) -> Box:
        """Return the whole region."""
        return ((Fraction(0), Fraction(1)), self.q_range)

    def bound_on(self, box: Box, margin: Fraction = MARGIN) -> arb:
        """Return the bound on a box with rational corners."""
        x1, x2, q1, q2 = (exact(end) for side in box for end in side)
        return self.bound((x1, x2, q1, q2), margin)


REGIONS = (
    Region("t <= -1, middle", -1, (NEAR_ONE, NEAR_TWO), _middle, "the gap itself"),
    Region("t <= -1, near q = 2", -1, (NEAR_TWO, Fraction(2)), _slope_left, "the gap's derivative in q, sign changed"),
    Region("t >= 1", 1, (Fraction(1), Fraction(2)), _slope_right, "the gap's derivative in q, sign changed"),
)
"""What is proved by boxes; the rest is the lemma near t = 0 and the lemma near q = 1."""


def prove_region(region: Region, margin: Fraction = MARGIN, *, most_pieces: int = 20_000) -> Cover:
    """Prove the region by boxes, or find a point where the gap is negative: one point refutes the whole claim."""

    def condition(x: arb, q: arb) -> Decision:
        ends = (largest(0, lower(x)), smallest(1, upper(x)), lower(q), upper(q))
        if positive(region.bound(ends, margin)) is Decision.PROVED:
            return Decision.PROVED
        is_negative = positive(-gap(x.mid(), q.mid(), margin, side=region.side)) is Decision.PROVED
        return Decision.REFUTED if is_negative else Decision.UNDECIDED

    return prove_on_box(condition, region.box(), most_pieces=most_pieces, keep_parts=True)


def near_one_bound(margin: Fraction = MARGIN, last: Fraction = NEAR_ONE) -> arb:
    """Return ``H(ε) = Λ - εΛ²/2 - 2 log 2 - c`` at the last ε = q - 1, with ``Λ = log(2/ε)``: there H is least."""
    epsilon = exact(last - 1)
    log = (2 / epsilon).log()
    return log - epsilon * log**2 / 2 - 2 * arb(2).log() - exact(margin)


NAME = "von-bahr-esseen"
TEXT = "|1+t|^q <= 1 + qt + (2^(2-q) - margin (2-q)(q-1)) |t|^q for every real t and every q in [1, 2]"


def certificate(covers: Mapping[str, Cover] | None = None, margin: Fraction = MARGIN) -> dict[str, Any]:
    """Return the content of the certificate that these proofs of the regions give; without them they are made.

    Raises
    ------
    ParameterError
        If a region is not proved.
    """
    if covers is None:
        covers = {region.name: prove_region(region, margin) for region in REGIONS}
    regions = {}
    for region in REGIONS:
        cover = covers[region.name]
        if cover.decision is not Decision.PROVED:
            fail(ParameterError, "certificate", "covers", "be proofs of every region", f"{region.name}: {cover.words}")
        pieces = ((piece, region.bound_on(piece, margin)) for piece in cover.parts)
        regions[region.name] = encode_boxes(pieces, region.box())
    claim = {"name": NAME, "text": TEXT, "margin": str(margin)}
    proof = {"near_one": str(NEAR_ONE), "near_two": str(NEAR_TWO), "near_one_bound": units(near_one_bound(margin))}
    return content_of(claim, proof | {"regions": regions})
