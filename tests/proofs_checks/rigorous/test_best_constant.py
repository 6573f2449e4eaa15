"""The scalar inequalities behind the best constant: proved, and refuted or undecided when made wrong."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from proofs_checks.rigorous import best_constant
from proofs_checks.rigorous.balls import Decision, exact, hull, lower_float, positive, upper_float
from proofs_checks.rigorous.best_constant import LEMMAS, pair_gap, proved_upper, taylor_coefficient
from proofs_checks.rigorous.boxes import prove_on_box
from proofs_checks.rigorous.scalar_constant import scalar_constant
from schattor_theory.bounds import best_constant_bracket
from schattor_theory.errors import ParameterError
from tests.joined import every


@pytest.mark.parametrize("name", LEMMAS)
def test_every_lemma_is_proved(name) -> None:
    cover = LEMMAS[name].prove()
    assert cover.decision is Decision.PROVED, cover.words


def gap_by_definition(nu, t):
    """2E_1 - E_2 from the definitions, b_k = 1, b_l = e^{-t}."""
    b = math.exp(-t)
    phi = b ** (4 - 2 * nu)
    first = 1.5 * (1 - phi) * (1 - b**2) + (1 - b * phi) * (1 - b)
    second = nu + nu * phi**2 * b ** (2 * nu - 2) - 2 * phi * (1 - b ** (2 * nu)) / (1 - b**2)
    return (2 * first - second) * math.exp((3 - nu) * t) / t**2


@every("nu", [0.0, 0.25, 0.7, 1.0])
@every("t", [0.01, 0.3, 1.0, 2.0])
def test_pair_gap_is_the_difference_of_the_two_excesses(nu, t) -> None:
    assert float(pair_gap(arb(nu), arb(t))) == pytest.approx(gap_by_definition(nu, t), rel=1e-10)


def test_pair_gap_encloses_its_values_on_a_box() -> None:
    box = pair_gap(hull(arb(0.2), arb(0.3)), hull(arb(0), arb(0.5)))
    values = [float(pair_gap(arb(nu), arb(t))) for nu in np.linspace(0.2, 0.3, 5) for t in np.linspace(0, 0.5, 9)]
    assert lower_float(box) <= min(values)
    assert max(values) <= upper_float(box)


def test_the_far_part_is_what_is_left_of_the_inequality() -> None:
    for nu in np.linspace(0, 1, 5):
        for t in (2.0, 3.0, 7.0):
            e = math.exp(-t)
            assert gap_by_definition(nu, t) * 2 * t**2 * math.exp(-(3 - nu) * t) >= 8 - 12 * e**2 - 4 * e - 4 * e**3


def test_higher_taylor_coefficients_are_larger_after_division() -> None:
    nu = np.linspace(0, 1, 101)
    for k in range(1, 9):
        scaled = ((10 - 2 * nu) * (3 - nu) ** (2 * k) - 6 * (1 - nu) ** (2 * k) - 4 * (2 - nu) ** (2 * k) - 2 * nu) / (
            3 - nu
        ) ** (2 * k)
        first = np.array([float(taylor_coefficient(arb(float(x)))) for x in nu]) / (3 - nu) ** 2
        assert np.all(scaled >= first - 1e-12)
        assert np.all(first > 5)


@pytest.mark.parametrize("excess", [20, 60])
def test_refutes_a_coefficient_that_is_lowered(excess) -> None:
    # the first coefficient runs from 68 at ν = 0 to 26 at ν = 1
    cover = prove_on_box(lambda nu: positive(taylor_coefficient(nu) - excess), [(0, 1)])
    assert cover.decision is (Decision.PROVED if excess == 20 else Decision.REFUTED)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "limit"), [("WIDTH_ABOVE", "1.0077"), ("WIDTH_BELOW", "1.025")])
def test_a_band_said_to_be_narrower_is_not_proved(monkeypatch, name, limit) -> None:
    monkeypatch.setattr(best_constant, name, Fraction(limit))
    lemma = "band_above" if name == "WIDTH_ABOVE" else "band_below"
    assert LEMMAS[lemma].prove().decision is Decision.UNDECIDED


def test_upper_end_is_that_of_the_theory_package() -> None:
    for q in ("1", "1.01", "1.05", "8/7", "1.25", "4/3", "1.5", "1.9", "2"):
        ball = proved_upper(q)
        assert float(ball.mid()) == pytest.approx(best_constant_bracket(float(Fraction(q)))[1], rel=1e-14)
        assert float(ball.rad()) < 1e-13


def test_upper_end_is_the_scalar_constant_between_its_knots_alone() -> None:
    assert proved_upper("1.2").overlaps(scalar_constant("1.2").constant)
    assert proved_upper("1.4") > scalar_constant("1.4").constant
    assert proved_upper("1.1") > scalar_constant("1.1").constant
    assert (proved_upper("4/3", 40) ** 3).overlaps(exact(3))


@pytest.mark.parametrize("q", ["0.9", "2.1", "x", float("nan"), None])
def test_refuses_an_exponent_outside_the_range(q) -> None:
    with pytest.raises(ParameterError, match=r"proved_upper: q must lie in \[1, 2\], got q="):
        proved_upper(q)
