"""The traps of ball arithmetic, each with what bare python-flint does."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.rigorous import balls
from proofs_checks.rigorous.balls import Decision
from schattor_theory.errors import ParameterError

FRACTIONS = st.fractions(min_value=-100, max_value=100, max_denominator=10**6)
POSITIVE = st.fractions(min_value=0, max_value=100, max_denominator=10**6)
RADII = st.floats(min_value=0, max_value=10)


def test_text_and_fractions_are_rationals_and_floats_their_binary_value() -> None:
    for text in ("0.3", "3/10", " 0.3 "):
        assert balls.exact(text).contains(fmpq(3, 10))
    assert balls.exact(Fraction(3, 10)).contains(fmpq(3, 10))
    assert not balls.exact(0.3).contains(fmpq(3, 10))
    assert balls.exact_fraction(balls.exact(0.3)) == Fraction(0.3)
    assert balls.exact_fraction(balls.exact(np.float32(0.3))) == Fraction(float(np.float32(0.3)))


def test_integers_and_floats_stay_exact_at_low_precision() -> None:
    with balls.precision(10):
        assert balls.exact_fraction(balls.exact(2**100 + 1)) == 2**100 + 1
        assert balls.exact_fraction(balls.exact(0.1)) == Fraction(0.1)


@pytest.mark.parametrize("value", [math.nan, math.inf, True, "a third", "1/0", None, 1j])
def test_exact_refuses_what_is_not_one_finite_number(value: object) -> None:
    with pytest.raises(ParameterError, match=r"exact: value must be a finite int, float, Fraction or text such as"):
        balls.exact(value)  # type: ignore[arg-type]


def test_precision_comes_back_even_after_an_error() -> None:
    before = ctx.prec
    with balls.precision(333):
        assert ctx.prec == 333
    with pytest.raises(ZeroDivisionError), balls.precision(333):
        raise ZeroDivisionError
    assert ctx.prec == before
    with pytest.raises(ParameterError, match="precision: bits must be an integer >= 2, got bits=1"), balls.precision(1):
        pass


def test_power_at_zero_is_finite_where_the_bare_power_is_not() -> None:
    touching = arb(0, 1)
    assert not (touching ** arb(1.5)).is_finite()
    ball = balls.power(touching, "3/2")
    assert ball.is_finite()
    assert ball.contains(0)
    assert ball.contains(1)
    assert ball.lower() >= 0
    assert balls.power(0, "1/2").is_zero()
    assert balls.power(arb(0, 1), 0) == 1
    assert not balls.power(arb(0, 1), -1).is_finite()
    assert not balls.power(arb.nan(), 2).is_finite()


def test_power_of_a_negative_ball_is_refused() -> None:
    with pytest.raises(ParameterError, match="power: x must reach a number >= 0"):
        balls.power(arb(-2, 1), "3/2")


@given(x=POSITIVE, radius=RADII, exponent=st.fractions(min_value=0, max_value=5, max_denominator=20))
def test_power_contains_the_power_of_every_point(x: Fraction, radius: float, exponent: Fraction) -> None:
    ball = balls.power(balls.exact(x) + arb(0, radius), exponent)
    with balls.precision(400):
        for part in (0, 0.25, 1):
            for point in (x + part * Fraction(radius), max(Fraction(0), x - part * Fraction(radius))):
                value = balls.exact(point) ** balls.exact(exponent) if point else arb(0 if exponent else 1)
                assert ball.overlaps(value)


@given(x=FRACTIONS, radius=RADII)
def test_absolute_contains_every_absolute_value_and_nothing_negative(x: Fraction, radius: float) -> None:
    centre = balls.exact(x)
    ball = balls.absolute(centre + arb(0, radius))
    assert ball.lower() >= 0
    for part in (-1, -0.5, 0, 0.5, 1):
        assert ball.overlaps(balls.exact(abs(x + Fraction(part) * Fraction(radius))))


def test_the_bare_absolute_value_of_a_ball_around_zero_reaches_below_zero() -> None:
    assert abs(arb(0, 1)).lower() < 0
    assert balls.absolute(arb(0, 1)).lower() == 0


@given(x=POSITIVE, y=POSITIVE)
def test_hull_contains_both_and_keeps_the_sign(x: Fraction, y: Fraction) -> None:
    up, down = balls.hull(x, y), balls.hull(-x, -y)
    assert up.lower() >= 0
    assert down.upper() <= 0
    assert all(up.contains(fmpq(v.numerator, v.denominator)) for v in (x, y))
    assert all(down.contains(fmpq(-v.numerator, v.denominator)) for v in (x, y))


def test_comparisons_know_three_outcomes() -> None:
    overlapping = arb(1, 0.5)
    assert balls.at_most(1, 1) is Decision.PROVED
    assert balls.less(1, 1) is Decision.REFUTED
    assert balls.at_most(2, 1) is Decision.REFUTED
    assert balls.at_most(overlapping, 1) is Decision.UNDECIDED
    assert balls.less(overlapping, overlapping) is Decision.UNDECIDED
    assert balls.at_most(arb.nan(), 1) is Decision.UNDECIDED
    assert balls.less(arb.nan(), 1) is Decision.UNDECIDED
    assert balls.positive(arb(0, 1)) is Decision.UNDECIDED
    assert balls.positive("1/3") is Decision.PROVED
    assert balls.positive(arb(-1, 1)) is not Decision.PROVED
    assert balls.positive(0) is Decision.REFUTED


def test_a_decision_has_no_truth_value() -> None:
    for decision in Decision:
        with pytest.raises(ParameterError, match="Decision: decision must not be used as a truth value"):
            bool(decision)


def test_undecided_is_neither_a_pass_nor_a_refutation_of_many() -> None:
    proved, refuted, undecided = Decision.PROVED, Decision.REFUTED, Decision.UNDECIDED
    assert balls.all_of([]) is proved
    assert balls.all_of([proved, proved]) is proved
    assert balls.all_of([proved, undecided]) is undecided
    assert balls.all_of([undecided, refuted]) is refuted


def test_largest_contains_the_maximum_where_the_builtin_picks_a_ball() -> None:
    wide, narrow = arb(0, 10), arb(1)
    assert not max(narrow, wide).contains(10) or not max(wide, narrow).contains(10)
    assert balls.largest(narrow, wide).contains(10)
    assert balls.smallest(narrow, wide).contains(-10)
    assert balls.largest("1/3", 0.25).contains(fmpq(1, 3))


@given(x=FRACTIONS)
def test_floats_and_decimals_are_rounded_outward(x: Fraction) -> None:
    ball = balls.exact(x)
    assert Fraction(balls.lower_float(ball)) <= x <= Fraction(balls.upper_float(ball))
    assert Fraction(balls.decimal_below(ball, 5)) <= x <= Fraction(balls.decimal_above(ball, 5))
    assert Fraction(balls.decimal_above(ball, 5)) - Fraction(balls.decimal_below(ball, 5)) <= Fraction(2, 10**5)


def test_ends_outside_the_range_of_floats() -> None:
    assert (balls.lower_float(arb(10) ** 400), balls.upper_float(arb(10) ** 400)) == (np.finfo(float).max, math.inf)
    assert (balls.lower_float(arb(10) ** -400), balls.upper_float(arb(10) ** -400)) == (0.0, 5e-324)
    assert (balls.lower_float(arb.nan()), balls.upper_float(arb.nan())) == (-math.inf, math.inf)
    assert balls.decimal_below(arb(-1) / 3, 3) == "-0.334"
    assert balls.decimal_above(arb(7), 0) == "7"


def test_ends_and_decimals_of_a_precise_ball_survive_a_lower_precision() -> None:
    with balls.precision(300):
        third = balls.exact("1/3").lower()
    assert balls.lower(third) == third == balls.upper(third)
    assert balls.decimal_below(third, 40) == "0." + 40 * "3"
    assert balls.decimal_above(third, 40) == "0." + 39 * "3" + "4"


def test_an_exact_fraction_of_a_ball_with_a_radius_is_refused() -> None:
    with pytest.raises(ParameterError, match="exact_fraction: x must be a finite ball of radius zero"):
        balls.exact_fraction(arb(1) / 3)
    assert balls.exact_fraction(arb(3) / 4) == Fraction(3, 4)


def test_a_ball_of_the_wrong_decimal_is_seen() -> None:
    planted = arb(0.1) * 3  # the binary 0.1 in place of the decimal
    with balls.precision(200):
        assert balls.at_most(arb(0.1) * 3, "0.3") is Decision.REFUTED
    assert balls.at_most(balls.exact("0.1") * 3, "0.3") is Decision.UNDECIDED
    assert planted.mid() != 0
