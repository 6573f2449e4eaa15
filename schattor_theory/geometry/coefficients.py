"""Coefficients of polynomials for the polar factor, computed from their definition: Taylor, minimax, Polar Express."""

from __future__ import annotations

import decimal
import functools
import math
from decimal import Decimal
from fractions import Fraction

from ..checks import check_in_interval, check_integer, check_nonnegative, fail
from ..errors import ParameterError

__all__ = ["PUBLISHED_CUSHION", "Polynomial", "minimax_quintic", "polar_express", "taylor_polynomial"]

Polynomial = tuple[float, ...]
"""Coefficients ``(a_1, a_3, a_5, …)`` of ``a_1 x + a_3 x³ + a_5 x⁵ + …``."""

_DIGITS = 60
"""Decimal digits of the minimax computation; where it stops, 1e-30 of them are still right."""

_ALMOST_ONE = Decimal("1e-9")
"""From this distance of the ends on the minimax quintic is Taylor's: its coefficients differ by the square of it."""

# source: the repository of arXiv:2505.16932
PUBLISHED_CUSHION = 0.02407327424182761
"""Cushion of the published list of Polar Express."""


def taylor_polynomial(order: int) -> Polynomial:
    """Return the coefficients of ``x Σ_{s ≤ κ} (2s)!/(4^s s!²) (1-x²)^s``: Newton–Schulz is κ = 1, its quintic κ = 2.

    It is x times the Taylor polynomial of ``y^{-1/2}`` at y = 1, and ``1 - p(x)² ≤ (1-x²)^{κ+1}`` on [0, 1].

    Parameters
    ----------
    order : int
        κ >= 0; up to 12, so that the coefficients are exact floats.

    Returns
    -------
    tuple of float
        ``(a_1, a_3, …, a_{2κ+1})``.

    Raises
    ------
    ParameterError
        If the order is not an integer from 0 to 12.

    Source
    ------
    arXiv:2601.19156.

    Examples
    --------
    >>> taylor_polynomial(1), taylor_polynomial(2)
    ((1.5, -0.5), (1.875, -1.25, 0.375))
    """
    order = check_integer("taylor_polynomial", "order", order, minimum=0)
    if order > 12:
        fail(ParameterError, "taylor_polynomial", "order", "be at most 12", order, "Beyond, floats do not hold it.")
    found = [Fraction(0)] * (order + 1)
    for s in range(order + 1):
        weight = Fraction(math.factorial(2 * s), 4**s * math.factorial(s) ** 2)
        for j in range(s + 1):
            found[j] += weight * math.comb(s, j) * (-1) ** j
    return tuple(float(a) for a in found)


def minimax_quintic(low: Decimal | float, high: Decimal | float) -> tuple[Decimal, Decimal, Decimal]:
    """Return ``(a, b, c)`` of the odd quintic that is closest to 1 on [low, high] in the largest error.

    Its error equioscillates: ``p = 1-E, 1+E, 1-E, 1+E`` at both ends and the two critical points between. They are
    found by exchange (Remez), in decimals. departure: where the ends differ by less than 1e-9 of their size, Taylor's
    ``15/8, -10/8, 3/8`` divided by powers of the centre, which are the same numbers to 18 digits.

    Parameters
    ----------
    low, high : Decimal or float
        ``0 < low < high``.

    Returns
    -------
    tuple of Decimal
        Right to at least 25 digits, or 18.

    Raises
    ------
    ParameterError
        If the ends are not two positive numbers in this order, or differ by a factor above 1e9.

    Source
    ------
    The greedy step of Polar Express, arXiv:2505.16932; Chebyshev's equioscillation theorem.

    Examples
    --------
    >>> [round(float(a), 6) for a in minimax_quintic(0.001, 1)]
    [8.470329, -25.108075, 18.629276]
    """
    low, high = Decimal(low), Decimal(high)
    if not (low.is_finite() and high.is_finite() and 0 < low < high <= low * 10**9):
        way_out = "Beyond a factor of 1e9 the slope at zero says all there is to say."
        fail(ParameterError, "minimax_quintic", "low", "lie in [1e-9 high, high), above 0", (low, high), way_out)
    with decimal.localcontext(prec=_DIGITS):
        if high - low < _ALMOST_ONE * high:
            centre = (low + high) / 2
            return Decimal(15) / 8 / centre, -Decimal(10) / 8 / centre**3, Decimal(3) / 8 / centre**5
        inner = ((3 * low + high) / 4, (low + 3 * high) / 4)
        error = None
        while True:
            points = (low, *inner, high)
            a, b, c, level = _interpolate(points)
            # a + 3bu + 5cu² = 0 at u = x²: the two critical points
            root = (9 * b * b - 20 * a * c).sqrt()
            inner = ((-3 * b - root) / (10 * c)).sqrt(), ((-3 * b + root) / (10 * c)).sqrt()
            # the level rises to its limit, twice as many digits each time
            if error is not None and abs(level - error) <= abs(level) * Decimal("1e-20"):
                return a, b, c
            error = level


def _interpolate(points: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """Return a, b, c, E with ``ax + bx³ + cx⁵ = 1-E, 1+E, 1-E, 1+E`` at the four points."""
    rows = [[x, x**3, x**5, Decimal((-1) ** i), Decimal(1)] for i, x in enumerate(points)]
    for k in range(4):
        pivot = max(range(k, 4), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(4):
            if i != k:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return tuple(row[4] / row[k] for k, row in enumerate(rows))


@functools.cache
def polar_express(
    n_steps: int, *, least: float = 1e-3, cushion: float = 0.0, safety: float = 0.0, safety_inside: bool = False
) -> tuple[Polynomial, ...]:
    """Return the coefficients of the Polar Express: each step is the best quintic for what the steps before leave.

    The first step is the minimax quintic on ``[l, 1]``; it maps the interval onto ``[1-E, 1+E]``, the next interval.
    The published recipe differs in two ways. *Cushion*: the polynomial is made for ``[max(l, cushion·u), u]`` and,
    where that cut something off, scaled so that ``p(l) + p(u) = 2``. *Safety*: x/(1+safety) for x in every step but the
    last, either in the finished list or inside the recursion.

    Parameters
    ----------
    n_steps : int
        At least 1.
    least : float
        l in [1e-9, 1): the smallest singular value the schedule is made for, of a matrix of norm 1.
    cushion : float
        In [0, 1).
    safety : float
        At least 0.
    safety_inside : bool
        Whether the next interval is computed with the polynomial that has the safety factor.

    Returns
    -------
    tuple of tuples of float
        ``(a, b, c)`` of each step, each coefficient rounded once.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    N. Amsel et al., arXiv:2505.16932.

    Examples
    --------
    >>> [round(a, 6) for a in polar_express(1, cushion=PUBLISHED_CUSHION)[0]]
    [8.287212, -23.595887, 17.300387]
    """
    call = "polar_express"
    n_steps = check_integer(call, "n_steps", n_steps, minimum=1)
    least = check_in_interval(call, "least", least, 1e-9, 1, include_high=False)
    cushion = check_in_interval(call, "cushion", cushion, 0, 1, include_high=False)
    safety = check_nonnegative(call, "safety", safety)
    rows = []
    with decimal.localcontext(prec=_DIGITS):
        low, high, margin = Decimal(least), Decimal(1), 1 + Decimal(safety)
        for k in range(n_steps):
            cut = Decimal(cushion) * high
            polynomial = minimax_quintic(max(low, cut), high)
            if cut > low:
                scale = 2 / (_value(polynomial, low) + _value(polynomial, high))
                polynomial = tuple(scale * a for a in polynomial)  # type: ignore[assignment]
            shrunk = tuple(a / margin ** (2 * i + 1) for i, a in enumerate(polynomial))
            row = shrunk if k < n_steps - 1 else polynomial
            rows.append(tuple(float(a) for a in row))
            low = _value(row if safety_inside else polynomial, low)
            high = 2 - low
            if not low < high:  # to all digits there is nothing left to do
                low = high - high.next_plus() + high
    return tuple(rows)


def _value(polynomial: tuple[Decimal, ...], x: Decimal) -> Decimal:
    return sum((a * x ** (2 * i + 1) for i, a in enumerate(polynomial)), Decimal(0))
