"""What a polynomial polar schedule does to an interval of singular values, enclosed: its δ and ω for T1's inexact form.

The image of an interval under a continuous function is an interval, so the range of a composition is found step by
step: each polynomial maps ``[a, b]`` onto the interval between its least and largest value at a, b and the critical
points between them. No cutting into boxes is needed, and the ends are known to as many digits as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from flint import arb, fmpq, fmpq_poly

from schattor_theory.geometry.polynomials import PolarSchedule

from .balls import Decision, Exact, complex_roots, exact, hull, largest, less, precision, smallest

__all__ = [
    "Oracle",
    "Range",
    "critical_points",
    "image",
    "inexact_oracle",
    "keeps_signs",
    "largest_error",
    "minimax_bracket",
    "output_ranges",
    "value",
]

_BITS = 192


class Range(NamedTuple):
    """An interval whose ends are known up to the radius of a ball."""

    low: arb
    high: arb


class Oracle(NamedTuple):
    """What a schedule gives on singular values in ``[l, 1]·‖M‖_F``, as in T1's inexact form.

    Attributes
    ----------
    direction_defect : arb
        δ = 1 - min p: ``<M, D> ≥ (1-δ)‖M‖_1``.
    norm_excess : arb
        ω = max p - 1: ``‖D‖_∞ ≤ 1 + ω``.
    """

    direction_defect: arb
    norm_excess: arb

    @property
    def alignment(self) -> arb:
        """Return ``κ = (1-δ)/(1+ω)``, on which alone the bounds depend after a change of the step size."""
        return (1 - self.direction_defect) / (1 + self.norm_excess)


def _rational(value: float | Fraction) -> fmpq:
    fraction = Fraction(value)
    return fmpq(fraction.numerator, fraction.denominator)


def value(polynomial: Sequence[float], x: arb) -> arb:
    """Return ``a_1 x + a_3 x³ + …`` for coefficients that stand for their binary values."""
    square, total = x * x, arb(0)
    for a in reversed(polynomial):
        total = total * square + arb(_rational(a))
    return total * x


def critical_points(polynomial: Sequence[float]) -> tuple[arb, ...]:
    """Return balls around the positive critical points, rising: the roots of ``Σ (2j+1) a_j u^j`` at ``u = x²``."""
    derivative = fmpq_poly([_rational(a) * (2 * j + 1) for j, a in enumerate(polynomial)])
    if derivative.degree() < 1:
        return ()
    roots = [root.real for root, _ in complex_roots(derivative.numer()) if root.imag.is_zero()]
    return tuple(sorted((u.sqrt() for u in roots if u > 0), key=lambda x: float(x.mid())))


def image(polynomial: Sequence[float], interval: Range) -> Range:
    """Return the image of an interval.

    A critical point that may or may not lie in the interval, because it is within a radius of an end, counts only
    towards the outer side of the enclosure.
    """
    sure = [value(polynomial, interval.low), value(polynomial, interval.high)]
    possible = list(sure)
    positive = critical_points(polynomial)
    for x in (*positive, *(-x for x in positive)):
        inside = (less(interval.low, x), less(x, interval.high))
        if Decision.REFUTED in inside:
            continue
        found = value(polynomial, x)
        possible.append(found)
        if Decision.UNDECIDED not in inside:
            sure.append(found)
    return Range(
        hull(smallest(*possible), smallest(*sure)),
        hull(largest(*possible), largest(*sure)),
    )


def output_ranges(schedule: PolarSchedule, least: Exact, most: Exact = 1, *, bits: int = _BITS) -> tuple[Range, ...]:
    """Return the range of the output after each step, for singular values in ``[least, most]·‖M‖_F``.

    Parameters
    ----------
    schedule : PolarSchedule
        Its coefficients and input margin stand for their binary values.
    least, most : Fraction, str, int or float
        ``0 ≤ least ≤ most``.
    bits : int
        Precision of the computation.

    Examples
    --------
    >>> from schattor_theory.geometry.polynomials import polar_schedule
    >>> low, high = output_ranges(polar_schedule("muon"), "0.01")[-1]
    >>> print(low.str(6, radius=False), high.str(6, radius=False))
    0.681831 1.13436
    """
    with precision(bits):
        margin = 1 + exact(schedule.input_margin)
        interval = Range(exact(least) / margin, exact(most) / margin)
        found = []
        for polynomial in schedule.steps:
            interval = image(polynomial, interval)
            found.append(interval)
        return tuple(found)


def inexact_oracle(schedule: PolarSchedule, least: Exact, *, bits: int = _BITS) -> Oracle:
    """Return δ and ω of the schedule on singular values in ``[least, 1]·‖M‖_F``.

    Examples
    --------
    >>> from schattor_theory.geometry.polynomials import polar_schedule
    >>> print(inexact_oracle(polar_schedule("polar-express"), "0.001").direction_defect < arb(10) ** -14)
    True
    """
    low, high = output_ranges(schedule, least, bits=bits)[-1]
    with precision(bits):
        return Oracle(1 - low, high - 1)


def largest_error(interval: Range) -> arb:
    """Return the largest distance from 1 in the interval."""
    return largest(abs(1 - interval.low), abs(interval.high - 1))


def keeps_signs(schedule: PolarSchedule) -> Decision:
    """Decide whether the composition is at least 0 on all of [0, 1]: a singular value below l then only helps little.

    If it is, ``<M, D> ≥ (1-δ)(Σ of the singular values ≥ l‖M‖_F)``; if not, small ones can make it an ascent direction.
    """
    low = output_ranges(schedule, 0)[-1].low
    if low >= 0:
        return Decision.PROVED
    return Decision.REFUTED if low < 0 else Decision.UNDECIDED


def minimax_bracket(polynomial: Sequence[float], inner: Range, outer: Range) -> Range:
    """Return two numbers between which the least possible error of an odd quintic on an interval lies.

    The interval is known to contain ``inner`` and to lie in ``outer``. Above: the error of this polynomial on the outer
    one. Below (de la Vallée-Poussin): the least of its errors at the ends of the inner one and the two critical points,
    if they alternate in sign there, because ``x, x³, x⁵`` is a Chebyshev system on the positive numbers; else 0.
    """
    above = largest_error(image(polynomial, outer)).upper()
    points = [inner.low, *(x for x in critical_points(polynomial) if inner.low < x < inner.high), inner.high]
    signed = [(-1) ** (i + 1) * (value(polynomial, x) - 1) for i, x in enumerate(points)]
    alternate = len(points) == 4 and all(e > 0 for e in signed)
    return Range(smallest(*signed).lower() if alternate else arb(0), above)
