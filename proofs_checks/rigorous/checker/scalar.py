"""The claim "von-bahr-esseen": one formula on each box, and the boxes leave nothing out.

What the formulas prove is said in docs/theory/rigorous.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .numbers import BITS, ONE, Pair, exp, from_fraction, log, power
from .refusal import refuse

__all__ = ["TEXT", "check"]

Bound = Callable[[Fraction, Fraction, Fraction, Fraction, Fraction], Pair]
"""From ``x_1, x_2, q_1, q_2`` and the margin to the bound on the box."""

TEXT = "|1+t|^q <= 1 + qt + (2^(2-q) - margin (2-q)(q-1)) |t|^q for every real t and every q in [1, 2]"

_UNIT_BITS = 40
"""Bounds are whole multiples of 2^-40."""

_LOG_2 = log(Fraction(2))


def _constant(q: Fraction) -> Pair:
    """Return ``2^{2-q}``."""
    return exp(from_fraction(2 - q) * _LOG_2)


def _log_power(x1: Fraction, x2: Fraction, a: Fraction) -> Pair:
    """Return a number whose high end is at least ``x^b|log x|`` for x in [x1, x2] and every b ≥ a.

    ``x^a|log x|`` rises up to ``1/(ea)`` at ``e^{-1/a}`` and falls from there.
    """
    if x2 == 0:
        return Pair(0, 0)
    peak = from_fraction(1 / a)
    if -log(x2).high >= peak.high:
        return power(x2, a) * -log(x2)
    if x1 > 0 and -log(x1).low <= peak.low:
        return power(x1, a) * -log(x1)
    return exp(Pair(-ONE, -ONE)) * peak


def _gap_left(x1: Fraction, x2: Fraction, q1: Fraction, q2: Fraction, margin: Fraction) -> Pair:
    """t ≤ -1, x = -1/t: ``2^{2-q} - margin(2-q)(q-1) - (1-x)^q + x^q - qx^{q-1}``, each term at its worst corner."""
    found = _constant(q2) - from_fraction(margin * (2 - q1) * (q2 - 1))
    return found - power(1 - x1, q1) + power(x1, q2) - from_fraction(q2) * power(x2, q1 - 1)


def _slope_left(x1: Fraction, x2: Fraction, q1: Fraction, q2: Fraction, margin: Fraction) -> Pair:
    """t ≤ -1: the same differentiated in q, sign changed; the logarithms of numbers below 1 are negative."""
    found = _LOG_2 * _constant(q2) + from_fraction(margin * (3 - 2 * q2)) - _log_power(1 - x2, 1 - x1, q1)
    return found + power(x1, q2 - 1) - from_fraction(q2 - x1) * _log_power(x1, x2, q1 - 1)


def _slope_right(x1: Fraction, x2: Fraction, q1: Fraction, q2: Fraction, margin: Fraction) -> Pair:
    """t ≥ 1, x = 1/t: ``2^{2-q} - margin(2-q)(q-1) - (1+x)^q + x^q + qx^{q-1}`` differentiated, sign changed."""
    found = _LOG_2 * _constant(q2) + from_fraction(margin * (3 - 2 * q2)) + power(1 + x1, q1) * log(1 + x1)
    factor = -(from_fraction(q1) * log(x2)) - from_fraction(1)
    return found + (factor * power(x1, q2 - 1)).least(factor * power(x2, q1 - 1))


def check(claim: Mapping[str, Any], proof: Mapping[str, Any]) -> int:
    """Return how many boxes and lemmas were checked."""
    margin = Fraction(claim["margin"])
    if not 0 <= margin <= 1:
        refuse("margin", "lie in [0, 1]", claim["margin"])
    near_one, near_two = Fraction(proof["near_one"]), Fraction(proof["near_two"])
    if not 1 < near_one <= near_two < 2:
        refuse("near_one", "lie in (1, near_two], near_two in it and 2", (proof["near_one"], proof["near_two"]))

    # |t| ≤ 1: the gap is at least (2^{2-q} - 1)|t|^q ≥ (2-q) log 2 |t|^q
    if not _LOG_2.low >= from_fraction(margin).high:
        refuse("margin", "be at most log 2", claim["margin"])
    # t ≤ -1 and q ≤ near_one: Λ - εΛ²/2 - 2 log 2 - margin, least at the last ε, with Λ ≥ 3 there
    epsilon = near_one - 1
    rate = log(2 / epsilon)
    if not rate.low >= from_fraction(3).high:
        refuse("near_one", "be at most 1 + 2/e^3", proof["near_one"])
    bound = rate - from_fraction(epsilon / 2) * rate * rate - _LOG_2.times(2) - from_fraction(margin)
    _check_bound("the bound near q = 1", bound, proof["near_one_bound"])

    ranges: dict[str, tuple[Bound, Fraction, Fraction]] = {
        "t <= -1, middle": (_gap_left, near_one, near_two),
        "t <= -1, near q = 2": (_slope_left, near_two, Fraction(2)),
        "t >= 1": (_slope_right, Fraction(1), Fraction(2)),
    }
    if set(proof["regions"]) != set(ranges):
        refuse("regions", f"be {sorted(ranges)}", sorted(proof["regions"]))
    for name, (formula, low, high) in ranges.items():
        boxes = [_Box.read(entry) for entry in proof["regions"][name]]
        _check_cover(name, boxes)
        for box in boxes:
            (x1, x2), (y1, y2) = box.x, box.y
            found = formula(x1, x2, low + (high - low) * y1, low + (high - low) * y2, margin)
            _check_bound(f"{name}, x in [{x1}, {x2}], part [{y1}, {y2}] of the range of q", found, box.bound)
    return 2 + sum(map(len, proof["regions"].values()))


@dataclass(frozen=True, slots=True)
class _Box:
    """The bound claimed for x in ``[i, i+1]/2^a`` and the part ``[j, j+1]/2^b`` of the range of q."""

    x: tuple[Fraction, Fraction]
    y: tuple[Fraction, Fraction]
    bound: int

    @classmethod
    def read(cls, entry: Sequence[int]) -> _Box:
        if not (isinstance(entry, list) and len(entry) == 5 and all(type(n) is int for n in entry)):
            refuse("box", "be five integers", entry)
        i, a, j, b, bound = entry
        if not (0 <= a <= 64 and 0 <= b <= 64 and 0 <= i < 1 << a and 0 <= j < 1 << b):
            refuse("box", "lie in the unit square", entry)
        x, y = (((Fraction(n, 1 << d), Fraction(n + 1, 1 << d))) for n, d in ((i, a), (j, b)))
        return cls(x, y, bound)


def _check_bound(where: str, found: Pair, claimed: object) -> None:
    """Refuse a claimed bound that is not positive, not proved, or not the one that the formula gives."""
    if type(claimed) is not int or claimed <= 0:
        refuse("bound", "be a positive integer", claimed, where)
    scaled, unit = claimed << (BITS - _UNIT_BITS), 1 << (BITS - _UNIT_BITS)
    if not scaled <= found.low < scaled + 2 * unit:
        refuse("bound", f"be the {found.low // unit} that its formula proves", claimed, where)


def _check_cover(name: str, boxes: Sequence[_Box]) -> None:
    """Refuse boxes that are not the pieces of the unit square cut along one side after the other."""
    unit = (Fraction(0), Fraction(1))
    waiting = [((unit, unit), list(boxes))]
    while waiting:
        cell, inside = waiting.pop()
        if len(inside) == 1 and (inside[0].x, inside[0].y) == cell:
            continue
        for side in (0, 1):
            low, high = cell[side]
            middle = (low + high) / 2
            first = [b for b in inside if (b.x, b.y)[side][1] <= middle]
            second = [b for b in inside if (b.x, b.y)[side][0] >= middle]
            if first and second and len(first) + len(second) == len(inside):
                for part, those in (((low, middle), first), ((middle, high), second)):
                    waiting.append(((part, cell[1]) if side == 0 else (cell[0], part), those))
                break
        else:
            words = " x ".join(f"[{low}, {high}]" for low, high in cell)
            refuse("boxes", "cover the region, each part once", f"{len(inside)} boxes in {words}", name)
