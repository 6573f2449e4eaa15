"""Exponents: the dual exponent, and one spelling each."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from schattor_theory import dual_exponent, exponent_label
from schattor_theory.errors import ExponentError
from tests.joined import every
from tests.strategies import EXPONENTS

FRACTIONS = [Fraction(n, d) for d in range(1, 65) for n in range(d + 1, 4 * d) if math.gcd(n, d) == 1]


@pytest.mark.parametrize("p", EXPONENTS)
def test_dual_exponent_is_its_own_inverse(p: float) -> None:
    rounding = 4 * np.finfo(float).eps * max(p, dual_exponent(p))  # p/(p - 1) near 1 has the condition of the larger
    assert dual_exponent(dual_exponent(p)) == pytest.approx(p, rel=0 if p in (1, math.inf) else rounding)


def test_reciprocals_of_dual_exponents_add_to_one() -> None:
    for p in np.linspace(1.01, 40, 200):
        assert 1 / p + 1 / dual_exponent(p) == pytest.approx(1, abs=4 * np.finfo(float).eps)


def test_a_fraction_has_exactly_the_dual_fraction() -> None:
    for p in FRACTIONS:
        assert dual_exponent(float(p)) == float(p / (p - 1))


def test_one_and_infinity_are_dual() -> None:
    assert (dual_exponent(1), dual_exponent(math.inf)) == (math.inf, 1.0)


@pytest.mark.parametrize("p", [2, 2.0, "2", Fraction(2), np.float32(2), np.int64(2), np.array(2.0), "2.0", " 2 "])
def test_every_spelling_of_two_is_two(p: object) -> None:
    assert dual_exponent(p) == 2.0
    assert exponent_label(p) == "2"


def test_label_is_read_back_as_the_same_exponent() -> None:
    others = (1 + 2**-40, 1e6, 1e300, math.pi, 64.015625, math.inf)
    for p in (*map(float, FRACTIONS), *EXPONENTS, *others):
        assert dual_exponent(exponent_label(p)) == dual_exponent(p)
        assert exponent_label(exponent_label(p)) == exponent_label(p)


@pytest.mark.parametrize("p", [0, 0.5, -1, 1 - 2**-53, "0.5", "1/2", -math.inf, Fraction(1, 2)])
def test_dual_exponent_refuses_an_exponent_below_one(p: object) -> None:
    with pytest.raises(ExponentError) as caught:
        dual_exponent(p)
    assert str(caught.value) == (
        f"dual_exponent: p must lie in [1, inf], got p={p!r}. For p < 1 the functional is not a norm."
    )


@every("p", [math.nan, None, True, np.True_, 2j, np.complex128(2), [2], {}, b"2", 10**400, np.ones(2)])
def test_dual_exponent_refuses_what_is_not_an_exponent(p: object) -> None:
    way_out = r'Write a number, "4/3" or "inf"\.'
    with pytest.raises(ExponentError, match=r"dual_exponent: p must lie in \[1, inf\], got p=.* " + way_out):
        dual_exponent(p)


@pytest.mark.parametrize("p", ["", "two", "1/0", "nan", "infinity", "4/3/2", "1e400"])
def test_dual_exponent_refuses_a_word_that_is_not_an_exponent(p: str) -> None:
    with pytest.raises(ExponentError, match=r'Write a number, a fraction such as "4/3", or "inf"\.'):
        dual_exponent(p)
