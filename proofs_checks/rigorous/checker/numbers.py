"""Logarithms, exponentials and powers between two integers: the arithmetic of the certificate checker.

A number is known as a pair ``(low, high)`` of integers with ``low ≤ 2^BITS · number ≤ high``. Nothing but integers and
fractions of the standard library is used, so that an error in the library of the prover does not repeat itself here.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import NamedTuple

__all__ = ["BITS", "ONE", "Pair", "exp", "from_fraction", "log", "power"]

BITS = 96
ONE = 1 << BITS

_SLACK = 1 << 9
"""Upper bound of the error of a series in units, see the two places."""


class Pair(NamedTuple):
    """A number between ``low`` and ``high``, in units of 2^-BITS."""

    low: int
    high: int

    def __add__(self, other: Pair) -> Pair:  # type: ignore[override]  # a tuple is joined and repeated
        return Pair(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Pair) -> Pair:
        return Pair(self.low - other.high, self.high - other.low)

    def __neg__(self) -> Pair:
        return Pair(-self.high, -self.low)

    def __mul__(self, other: Pair) -> Pair:  # type: ignore[override]  # a tuple is joined and repeated
        products = [a * b for a in self for b in other]
        return Pair(min(products) >> BITS, -(-max(products) >> BITS))

    def times(self, factor: int) -> Pair:
        """Return the number times an integer."""
        ends = (factor * self.low, factor * self.high)
        return Pair(min(ends), max(ends))

    def least(self, other: Pair) -> Pair:
        """Return the minimum of the two numbers."""
        return Pair(min(self.low, other.low), min(self.high, other.high))


def from_fraction(value: Fraction | int) -> Pair:
    """Return the two integers around a rational number."""
    scaled = Fraction(value) * ONE
    return Pair(scaled.__floor__(), scaled.__ceil__())


def _arctanh(z: Fraction) -> Pair:
    """Return ``z + z³/3 + z⁵/5 + …`` for 0 ≤ z ≤ 1/3.

    Each power is cut down and off by at most two units (its error is carried on with a factor of at most 1/9), each
    quotient by one more; there are at most 40 terms, and what follows the last one is below four units.
    """
    power_of_z = (z * ONE).__floor__()
    square = (power_of_z * power_of_z) >> BITS
    total, odd = 0, 1
    while power_of_z:
        total += power_of_z // odd
        power_of_z = (power_of_z * square) >> BITS
        odd += 2
    return Pair(total, total + _SLACK)


def _double_arctanh(z: Fraction) -> Pair:
    found = _arctanh(abs(z))
    found = found + found
    return found if z >= 0 else -found


_LOG_2 = _double_arctanh(Fraction(1, 3))


@functools.cache
def log(x: Fraction) -> Pair:
    """Return the logarithm of a rational number x > 0: x = m 2^e with 2/3 ≤ m ≤ 4/3, log m = 2 artanh((m-1)/(m+1))."""
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    mantissa = x / Fraction(2) ** exponent
    while mantissa > Fraction(4, 3):
        mantissa, exponent = mantissa / 2, exponent + 1
    while mantissa < Fraction(2, 3):
        mantissa, exponent = mantissa * 2, exponent - 1
    return _double_arctanh((mantissa - 1) / (mantissa + 1)) + _LOG_2.times(exponent)


def exp(y: Pair) -> Pair:
    """Return the exponential, which rises with y."""
    return Pair(_exp(y.low).low, _exp(y.high).high)


def _exp(y: int) -> Pair:
    """Return exp of the number y/2^BITS: y = k log 2 + r with \\|r\\| < 1/2, and the Taylor series of r.

    Each term is off by at most two units (the error before it is carried on with a factor below 1/2), there are at
    most 30, and what follows the last one is below one unit.
    """
    k = round(Fraction(y, _LOG_2.low))
    rest = Pair(y, y) - _LOG_2.times(k)
    low, high = _taylor(rest.low) - _SLACK, _taylor(rest.high) + _SLACK
    return Pair(low << k, high << k) if k >= 0 else Pair(low >> -k, -(-high >> -k))


def _taylor(r: int) -> int:
    total, term, n = 0, ONE, 0
    while term not in (0, -1):
        total += term
        n += 1
        term = ((term * r) >> BITS) // n
    return total


@functools.cache
def power(x: Fraction, exponent: Fraction) -> Pair:
    """Return ``x^exponent`` for rational x ≥ 0 and exponent ≥ 0, of which one is not 0."""
    if x == 0:
        return Pair(0, 0)
    if exponent == 0 or x == 1:
        return Pair(ONE, ONE)
    return exp(from_fraction(exponent) * log(x))
