"""Ball arithmetic: numbers with proved error bounds (Arb, through python-flint), and comparisons that may be undecided.

Every other rigorous module goes through this one. An operation of python-flint on balls encloses the true result; what
is added here are the places where that is not enough: decimals, powers and absolute values at zero, end points that
keep their sign, and comparisons of which *undecided* is an outcome of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from fractions import Fraction
from numbers import Integral, Rational, Real

from flint import acb, arb, ctx, fmpq, fmpz_poly

from schattor_theory.checks import check_integer, fail
from schattor_theory.errors import ParameterError

__all__ = [
    "Decision",
    "absolute",
    "all_of",
    "at_most",
    "complex_roots",
    "decimal_above",
    "decimal_below",
    "exact",
    "exact_fraction",
    "hull",
    "largest",
    "less",
    "lower",
    "lower_float",
    "positive",
    "power",
    "precision",
    "smallest",
    "upper",
    "upper_float",
    "width",
]

Exact = int | float | str | Fraction
"""What stands for one real number exactly: a float for its binary value, text and fractions for decimals."""


class Decision(Enum):
    """Outcome of a comparison: PROVED for every point of the balls, REFUTED for every point, else UNDECIDED.

    A decision has no truth value, so that *undecided* cannot pass for either of the others.

    Examples
    --------
    >>> at_most(arb(1), arb(2)), at_most(arb(2, 1), arb(2)), at_most(arb(3), arb(2))
    (<Decision.PROVED: 'proved'>, <Decision.UNDECIDED: 'undecided'>, <Decision.REFUTED: 'refuted'>)
    """

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"

    def __bool__(self) -> bool:
        way_out = "Compare with Decision.PROVED or Decision.REFUTED."
        fail(ParameterError, "Decision", "decision", "not be used as a truth value", self, way_out)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with ``bits`` bits inside the block; the precision before it comes back afterwards.

    Examples
    --------
    >>> with precision(200):
    ...     print(width(exact("1/3")) < arb(2) ** -190)
    True
    """
    bits = check_integer("precision", "bits", bits, minimum=2)
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def exact(value: Exact) -> arb:
    """Return a ball around exactly this number: text and fractions as rationals, floats as their binary value.

    Integers and floats give a ball of radius zero; other rationals the narrowest one of the present precision.

    Raises
    ------
    ParameterError
        If the value is not a finite number, or text that does not spell one.

    Examples
    --------
    >>> exact("0.3").contains(fmpq(3, 10)), exact(0.3).contains(fmpq(3, 10)), exact(0.3).is_exact()
    (True, False, True)
    """
    requirement = 'be a finite int, float, Fraction or text such as "4/3"'
    if isinstance(value, str):
        try:
            value = Fraction(value.strip())
        except (ValueError, ZeroDivisionError):
            fail(ParameterError, "exact", "value", requirement, value)
    if isinstance(value, bool):
        fail(ParameterError, "exact", "value", requirement, value)
    if isinstance(value, Integral):
        return arb(int(value))
    if isinstance(value, Rational):
        return arb(fmpq(int(value.numerator), int(value.denominator)))
    # float() of a wider type rounds; then the ball would not be around this number
    if isinstance(value, Real) and math.isfinite(value) and float(value) == value:
        return arb(float(value))
    fail(ParameterError, "exact", "value", requirement, value)


def _ball(value: arb | Exact) -> arb:
    return value if isinstance(value, arb) else exact(value)


def lower(x: arb) -> arb:
    """Return the lower end, a ball of radius zero: rounded down to the present precision unless x is exact."""
    return x if x.is_exact() else x.lower()


def upper(x: arb) -> arb:
    """Return the upper end, a ball of radius zero: rounded up to the present precision unless x is exact."""
    return x if x.is_exact() else x.upper()


def width(x: arb) -> arb:
    """Return an upper bound of the diameter of the ball, of radius zero."""
    return (2 * x.rad()).upper()


def lower_float(x: arb) -> float:
    """Return a float at most the lower end, next to it to the present precision; -inf if there is none."""
    end = x.lower()
    if not end.is_finite():
        return math.inf if end == arb.pos_inf() else -math.inf
    number = float(end)
    while not arb(number) <= end:
        number = math.nextafter(number, -math.inf)
    return number


def upper_float(x: arb) -> float:
    """Return a float at least the upper end, next to it to the present precision; inf if there is none."""
    return -lower_float(-x)


def exact_fraction(x: arb) -> Fraction:
    """Return the rational number that a ball of radius zero is.

    Raises
    ------
    ParameterError
        If the ball has a radius, or is not finite.
    """
    if not (x.is_finite() and x.is_exact()):
        fail(ParameterError, "exact_fraction", "x", "be a finite ball of radius zero", x, "Take its lower or upper.")
    mantissa, exponent = (int(part) for part in x.man_exp())
    return Fraction(mantissa * 2**exponent) if exponent >= 0 else Fraction(mantissa, 2**-exponent)


def decimal_below(x: arb, digits: int) -> str:
    """Return the largest decimal with ``digits`` places after the point that is at most every point of the ball.

    Examples
    --------
    >>> decimal_below(exact("2/3"), 4), decimal_above(exact("2/3"), 4)
    ('0.6666', '0.6667')
    """
    # the ends as fractions: x.lower() would round to the present precision
    return _decimal(math.floor((exact_fraction(x.mid()) - exact_fraction(x.rad())) * 10**digits), digits)


def decimal_above(x: arb, digits: int) -> str:
    """Return the smallest decimal with ``digits`` places after the point that is at least every point of the ball."""
    return _decimal(math.ceil((exact_fraction(x.mid()) + exact_fraction(x.rad())) * 10**digits), digits)


def _decimal(units: int, digits: int) -> str:
    text = str(abs(units)).rjust(digits + 1, "0")
    sign = "-" if units < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def hull(x: arb | Exact, y: arb | Exact) -> arb:
    """Return a ball that contains both.

    When both are ≥ 0 (or both ≤ 0), so is the hull: the radius of a ball has 30 bits and is rounded up, which would
    push an end at zero across it.

    Examples
    --------
    >>> hull(0, exact("1/3")).lower() >= 0
    True
    """
    x, y = _ball(x), _ball(y)
    both = x.union(y)
    if x.lower() >= 0 and y.lower() >= 0 and not both.lower() >= 0:
        return _from_zero_to(both.upper())
    if x.upper() <= 0 and y.upper() <= 0 and not both.upper() <= 0:
        return -_from_zero_to((-both).upper())
    return both


def _from_zero_to(top: arb) -> arb:
    """Return a ball whose lower end is exactly 0 and whose upper end is at least ``top``."""
    centred = arb(0, (top / 2).upper())
    return centred + centred.rad()


def absolute(x: arb) -> arb:
    """Return a ball that contains ``|t|`` for every t in the ball, and no negative number.

    Examples
    --------
    >>> absolute(arb(0, 1)).lower() >= 0, abs(arb(0, 1)).lower() >= 0
    (True, False)
    """
    if x.lower() >= 0:
        return x
    if x.upper() <= 0:
        return -x
    return _from_zero_to(x.abs_upper())


def power(x: arb | Exact, exponent: arb | Exact) -> arb:
    """Return a ball that contains ``t^e`` for every t ≥ 0 in the ball; ``0^e = 0`` for e > 0 and ``0^0 = 1``.

    What the ball holds below zero is ignored: it is there for the radius, and the caller knows that the number is not
    negative. With an exponent that may be ≤ 0 and a ball that touches zero the result is the whole line, except at
    the exact exponent 0.

    Raises
    ------
    ParameterError
        If the whole ball is negative.

    Examples
    --------
    >>> power(arb(0, 1), "3/2").contains(0), (arb(0, 1) ** exact("3/2")).is_finite()
    (True, False)
    """
    x, exponent = _ball(x), _ball(exponent)
    if x.upper() < 0:
        fail(ParameterError, "power", "x", "reach a number >= 0", x)
    if exponent.is_zero():
        return arb(1)
    low, high = x.lower(), x.upper()
    if low > 0:
        # t ↦ t^e is monotone for every e: the two ends enclose it, more tightly than exp(e log x) of a wide ball
        ends = low**exponent, high**exponent
        return hull(*ends) if not x.is_exact() else ends[0]
    if exponent.lower() > 0 and high.is_finite():
        return arb(0) if high.is_zero() else hull(0, (high**exponent).upper())
    return arb(0, math.inf)


def largest(*balls: arb | Exact) -> arb:
    """Return a ball that contains the maximum of the numbers; the builtin ``max`` picks one ball, often wrongly."""
    first, *others = map(_ball, balls)
    for other in others:
        first = first.max(other)
    return first


def smallest(*balls: arb | Exact) -> arb:
    """Return a ball that contains the minimum of the numbers."""
    first, *others = map(_ball, balls)
    for other in others:
        first = first.min(other)
    return first


def at_most(x: arb | Exact, y: arb | Exact) -> Decision:
    """Return whether ``x <= y``: proved, refuted or undecided."""
    x, y = _ball(x), _ball(y)
    return Decision.PROVED if x <= y else Decision.REFUTED if x > y else Decision.UNDECIDED


def less(x: arb | Exact, y: arb | Exact) -> Decision:
    """Return whether ``x < y``: proved, refuted or undecided."""
    x, y = _ball(x), _ball(y)
    return Decision.PROVED if x < y else Decision.REFUTED if x >= y else Decision.UNDECIDED


def positive(x: arb | Exact) -> Decision:
    """Return whether ``x > 0``: proved, refuted or undecided."""
    return less(0, x)


def all_of(decisions: Iterable[Decision]) -> Decision:
    """Return REFUTED if one decision is, PROVED if all are (of an empty list too), else UNDECIDED."""
    found = set(decisions)
    if Decision.REFUTED in found:
        return Decision.REFUTED
    return Decision.UNDECIDED if Decision.UNDECIDED in found else Decision.PROVED


def complex_roots(polynomial: fmpz_poly) -> list[tuple[acb, int]]:
    """Return disjoint balls around the roots of a polynomial, each with its multiplicity, which is exact.

    Examples
    --------
    >>> [(float(root.real.mid()), multiplicity) for root, multiplicity in complex_roots(fmpz_poly([4, -4, 1]))]
    [(2.0, 2)]
    """
    found: list[tuple[acb, int]] = polynomial.complex_roots()  # type: ignore[assignment]  # flint's stub: list[acb]
    return found
