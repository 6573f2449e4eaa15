"""The scalar inequalities in the proof of T4a* by ball arithmetic, and its upper end as an enclosure.

Each lemma says what it proves and does so on the whole range of its parameters, by branch and bound; where an
inequality becomes an equality at the edge of the range, the factor that vanishes there is divided out by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from schattor_theory.bounds import scalar_worst_step
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from .balls import Decision, Exact, all_of, at_most, exact, hull, positive, power
from .boxes import Cover, prove_on_box
from .scalar_constant import scalar_constant

__all__ = ["LEMMAS", "WIDTH_ABOVE", "WIDTH_BELOW", "Lemma", "pair_gap", "proved_upper", "taylor_coefficient"]

WIDTH_ABOVE = Fraction("1.0078")
"""Upper end over lower end on [4/3, 2], rounded up."""

WIDTH_BELOW = Fraction("1.0252")
"""Upper end over lower end on [1, 8/7], rounded up."""

_KNOT_LOW, _KNOT_HIGH = Fraction(8, 7), Fraction(4, 3)


def proved_upper(q: Exact, digits: int = 15) -> arb:
    """Return a ball around the proved upper end of K_q: T4a*(a) and (c) in docs/theory/best-constant.md.

    Parameters
    ----------
    q : Fraction, str, int or float
        In [1, 2]; text for fractions, as in "8/7". A float stands for its binary value.
    digits : int
        Relative accuracy.

    Raises
    ------
    ParameterError
        If q is outside [1, 2].

    Examples
    --------
    >>> (proved_upper("3/2") ** 4).overlaps(exact(3)), proved_upper("1.2").overlaps(scalar_constant("1.2").constant)
    (True, True)
    """
    number = _fraction(q)
    if number >= _KNOT_HIGH:
        return power(exact(3), (2 - number) / 2)
    if number >= _KNOT_LOW:
        return scalar_constant(number, digits).constant
    theta = 7 * (number - 1)
    return power(exact(2), 1 - theta) * power(scalar_constant(_KNOT_LOW, digits + 2).constant, theta)


def _fraction(q: Exact) -> Fraction:
    try:
        number = Fraction(q.strip() if isinstance(q, str) else q)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        number = Fraction(0)
    if not 1 <= number <= 2:
        fail(ParameterError, "proved_upper", "q", "lie in [1, 2]", q)
    return number


def taylor_coefficient(nu: arb) -> arb:
    """Return the coefficient of t²/2 in the last display of (iii), the least of all after division by (3-ν)^{2k}."""
    return (10 - 2 * nu) * (3 - nu) ** 2 - 6 * (1 - nu) ** 2 - 4 * (2 - nu) ** 2 - 2 * nu


def pair_gap(nu: arb, t: arb) -> arb:
    """Return ``(2E_1 - E_2)/(t² e^{-(3-ν)t})`` for b_k = 1, b_l = e^{-t}: inequality (8), left minus right, over t².

    With ``C(x) = (cosh x - 1)/x²``, ``S(x) = sinh x/x`` and ``R(x) = (S(x) - 1)/x²`` no quotient is left that is 0/0 at
    t = 0.
    """
    first, second, third = 3 - nu, 1 - nu, 2 - nu
    even = (10 - 2 * nu) * first**2 * _series(first * t, 2)
    even -= 6 * second**2 * _series(second * t, 2) + 4 * third**2 * _series(third * t, 2)
    # 2(sinh νt/sinh t - ν)/t² = 2ν(ν²R(νt) - R(t))/S(t)
    return even + 2 * nu * (nu**2 * _series(nu * t, 3) - _series(t, 3)) / _series(t, 1)


_TERMS = 40


def _series(x: arb, offset: int) -> arb:
    """Return ``Σ_j x^{2j}/(2j+offset)!`` for 0 ≤ x ≤ 12: it grows with x, so two points enclose a ball."""
    # the radius may push the lower end below zero, where the series falls
    low = x.lower() if x.lower() >= 0 else arb(0)
    return hull(_series_at(low, offset), _series_at(x.upper(), offset))


def _series_at(x: arb, offset: int) -> arb:
    square, term, total = x**2, 1 / arb(offset).fac(), arb(0)
    for j in range(_TERMS):
        total += term
        term = term * square / ((2 * j + offset + 1) * (2 * j + offset + 2))
    # the terms that are left fall at least by half each, as x² ≤ 144 < 80·81/2
    return total + hull(0, 2 * term.upper())


def _slope_of_the_contraction() -> Cover:
    # with x = b²/t = y/(1-y): |dg_t/db| = |1-2y|(1-y), and 1 - (1-2y)(1-y) = y(3-2y), 1 + (1-2y)(1-y) = 2-3y+2y²
    return prove_on_box(lambda y: all_of((positive(3 - 2 * y), positive(2 - 3 * y + 2 * y**2))), [(0, 1)])


def _taylor_coefficients() -> Cover:
    return prove_on_box(lambda nu: positive(taylor_coefficient(nu)), [(0, 1)])


def _pair_inequality() -> Cover:
    near = prove_on_box(lambda nu, t: positive(pair_gap(nu, t)), [(0, 1), (0, 2)])
    if near.decision is not Decision.PROVED:
        return near
    # t ≥ 2: left minus right, times 2e^{-(3-ν)t}, is at least 8 - 12E² - 4E - 4E³ with E = e^{-t} ≤ e^{-2}
    far = prove_on_box(lambda e: positive(8 - 12 * e**2 - 4 * e - 4 * e**3), [(0, Fraction(1, 7))])
    ends = at_most(exact(-2).exp(), Fraction(1, 7))
    return Cover(all_of((far.decision, ends)), near.pieces + far.pieces, far.piece)


def _ratio_at(q: arb, x: arb) -> tuple[arb, arb]:
    """Return the scalar ratio ``(1-x)^q - x^q + qx^{q-1}`` and its derivative in q, for one x and every q of the ball.

    The ratio at any x is at most C_q.
    """
    log, log_rest = x.log(), (1 - x).log()
    rest, low, lowered = (q * log_rest).exp(), (q * log).exp(), ((q - 1) * log).exp()
    return rest - low + q * lowered, rest * log_rest - low * log + lowered + q * lowered * log


def _is_narrow(log_upper: Callable[[arb], arb], slope: arb, limit: Fraction) -> Callable[[arb], Decision]:
    """Return the condition ``upper ≤ limit·C_q`` on a piece, in logarithms; ``slope`` is that of log upper in q."""

    def condition(q: arb) -> Decision:
        # near the best x for the largest q of the piece below 2
        x = exact(1 / scalar_worst_step(min(max(float(q.upper()), 1 + 1e-9), 1.999)))
        middle = q.mid()
        ratio, derivative = _ratio_at(q, x)
        # mean value form: the excess at the middle, and its derivative on the whole piece
        excess = log_upper(middle) - exact(limit).log() - _ratio_at(middle, x)[0].log()
        excess += (slope - derivative / ratio) * (q - middle)
        # a bound from below of C_q refutes nothing
        return Decision.PROVED if at_most(excess, 0) is Decision.PROVED else Decision.UNDECIDED

    return condition


def _band_above() -> Cover:
    slope = -exact(3).log() / 2
    return prove_on_box(_is_narrow(lambda q: (q - 2) * slope, slope, WIDTH_ABOVE), [(_KNOT_HIGH, 2)])


def _band_below() -> Cover:
    log = exact(2).log()
    slope = 7 * (scalar_constant(_KNOT_LOW).constant.log() - log)
    return prove_on_box(_is_narrow(lambda q: log + (q - 1) * slope, slope, WIDTH_BELOW), [(1, _KNOT_LOW)])


@dataclass(frozen=True, slots=True)
class Lemma:
    """A scalar inequality: where it stands in the proof, what it says, and the function that proves it."""

    place: str
    text: str
    prove: Callable[[], Cover]


LEMMAS: dict[str, Lemma] = {
    "contraction": Lemma(
        "(5)",
        "t|t - b²| ≤ (b² + t)² for all t > 0 and b",
        _slope_of_the_contraction,
    ),
    "taylor_coefficients": Lemma(
        "(iii)",
        "(10-2ν)(3-ν)^{2k} - 6(1-ν)^{2k} - 4(2-ν)^{2k} - 2ν > 0 for 0 ≤ ν ≤ 1, k ≥ 1",
        _taylor_coefficients,
    ),
    "pair_inequality": Lemma(
        "(8)",
        "2E_1 > E_2 for b_k ≠ b_l of one sign and 0 ≤ ν ≤ 1, without the Taylor argument",
        _pair_inequality,
    ),
    "band_above": Lemma("(c)", f"3^{{(2-q)/2}} ≤ {float(WIDTH_ABOVE)} C_q on [4/3, 2]", _band_above),
    "band_below": Lemma("(c)", f"2(C_{{8/7}}/2)^{{7(q-1)}} ≤ {float(WIDTH_BELOW)} C_q on [1, 8/7]", _band_below),
}
"""The scalar inequalities of docs/theory/best-constant.md by name."""
