"""The claim "polar-ranges": what compositions of odd polynomials make of an interval, step by step, in fractions.

For each step the proof gives the next interval and the points where its ends are attained. Two things are checked: no
value of the polynomial lies outside, by its Bernstein coefficients on as many pieces as it takes, and both ends are
attained up to the tolerance, so that no narrower interval would do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import comb
from typing import Any

from .refusal import refuse

__all__ = ["TEXT", "check"]

TEXT = (
    "for every s in [least, 1] the odd polynomials, one after the other, take s/(1 + input_margin) into [low, high], "
    "and each interval on the way is attained up to 2^-56"
)

_UNIT_BITS = 64
"""Ends and points are whole multiples of 2^-64."""

_TOLERANCE = Fraction(1, 1 << 56)

_DEEPEST = 200


def check(claim: Mapping[str, Any], proof: Mapping[str, Any]) -> int:
    """Return how many steps were checked, over all entries of the claim."""
    entries, chains = claim["entries"], proof["chains"]
    if len(entries) != len(chains) or not entries:
        refuse("chains", f"be {len(entries)}, one for each entry", len(chains))
    return sum(_check_entry(entry, chain) for entry, chain in zip(entries, chains, strict=True))


def _check_entry(entry: Mapping[str, Any], chain: Sequence[Mapping[str, int]]) -> int:
    name = f"{entry['schedule']} from {entry['least']}"
    margin, least = Fraction(float.fromhex(entry["input_margin"])), Fraction(entry["least"])
    if not (margin >= 0 and 0 < least <= 1):
        refuse("least", "lie in (0, 1], with a margin >= 0", (entry["least"], entry["input_margin"]), name)
    rows = [[Fraction(float.fromhex(a)) for a in row] for row in entry["polynomials"]]
    if len(rows) != len(chain) or not rows:
        refuse("chain", f"have {len(rows)} steps, as many as polynomials", len(chain), name)
    low, high = least / (1 + margin), 1 / (1 + margin)
    for k, (row, link) in enumerate(zip(rows, chain, strict=True)):
        where = f"step {k + 1} of {name}"
        following = [_number(link[end], where) for end in ("low", "high")]
        for end, sign in ((following[0], 1), (following[1], -1)):
            # sign·(p - end) ≥ 0 on [low, high]
            if not _is_nonnegative(_bernstein(row, end, sign, low, high)):
                refuse("bound", "not be passed by the polynomial", float(end), where)
        for side, place in (("low", "low_at"), ("high", "high_at")):
            point, bound = _number(link[place], where), _number(link[side], where)
            if not low <= point <= high:
                refuse(place, "lie in the interval", float(point), where)
            if abs(_value(row, point) - bound) > _TOLERANCE:
                refuse(side, f"be attained at {float(point)!r}, up to 2^-56", float(bound), where)
        low, high = following
    claimed = [Fraction(entry[end]) for end in ("low", "high")]
    if claimed != [low, high]:
        refuse("low and high", "be those of the last step", [entry["low"], entry["high"]], name)
    return len(rows)


def _number(units: object, where: str) -> Fraction:
    if type(units) is not int:
        refuse("number", "be an integer", units, where)
    return Fraction(units, 1 << _UNIT_BITS)


def _value(row: Sequence[Fraction], x: Fraction) -> Fraction:
    return sum((a * x ** (2 * j + 1) for j, a in enumerate(row)), Fraction(0))


def _bernstein(row: Sequence[Fraction], end: Fraction, sign: int, low: Fraction, high: Fraction) -> list[int]:
    """Return the Bernstein coefficients of ``sign·(p(x) - end)`` on [low, high], times a common denominator."""
    degree = 2 * len(row) - 1
    plain = [Fraction(0)] * (degree + 1)
    plain[0] = -end
    for j, a in enumerate(row):
        plain[2 * j + 1] = a
    # x = low + (high-low)t
    width, shifted = high - low, [Fraction(0)] * (degree + 1)
    for k, a in enumerate(plain):
        for i in range(k + 1):
            shifted[i] += a * comb(k, i) * low ** (k - i) * width**i
    found = [
        sign * sum((Fraction(comb(i, j), comb(degree, j)) * shifted[j] for j in range(i + 1)), Fraction(0))
        for i in range(degree + 1)
    ]
    scale = 1
    for c in found:
        scale = scale * c.denominator // _common(scale, c.denominator)
    return [int(c * scale) for c in found]


def _common(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def _is_nonnegative(coefficients: list[int]) -> bool:
    """Return whether the polynomial is proved to be at least 0: on each piece the least coefficient bounds it."""
    waiting = [(coefficients, 0)]
    while waiting:
        now, depth = waiting.pop()
        if min(now) >= 0:
            continue
        # the end coefficients are values
        if now[0] < 0 or now[-1] < 0 or depth >= _DEEPEST:
            return False
        waiting += [(half, depth + 1) for half in _halves(now)]
    return True


def _halves(coefficients: list[int]) -> tuple[list[int], list[int]]:
    """Return the coefficients on the two halves of the piece, times 2^degree (de Casteljau without the divisions)."""
    degree = len(coefficients) - 1
    row, first, second = coefficients, [coefficients[0] << degree], [coefficients[-1] << degree]
    for level in range(1, degree + 1):
        row = [a + b for a, b in pairwise(row)]
        first.append(row[0] << (degree - level))
        second.append(row[-1] << (degree - level))
    return first, second[::-1]
