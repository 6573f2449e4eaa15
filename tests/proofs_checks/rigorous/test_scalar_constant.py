"""C_q enclosed: the closed forms, the table, the maximum over every s, and a wrong constant that is seen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from proofs_checks.rigorous import balls, scalar_constant
from proofs_checks.rigorous.balls import Decision
from schattor_theory.bounds import martingale
from schattor_theory.errors import ParameterError
from tests.joined import every

# source: six decimals published for C_q, and twelve from an independent maximisation
TABLE = {
    "1.1": "1.724467046973",
    "1.2": "1.580830041081",
    "1.25": "1.524154",
    "1.3": "1.473485477653",
    "1.4": "1.384474723200",
    "1.5": "1.306562964876",
    "1.6": "1.236166427106",
    "1.7": "1.171298181943",
    "1.75": "1.140547",
    "1.8": "1.110771596256",
    "1.9": "1.053837397230",
}


@every("q", TABLE)
def test_constant_is_the_one_of_the_table_to_its_last_digit(q: str) -> None:
    found = scalar_constant.scalar_constant(q, 15)
    places = len(TABLE[q].split(".")[1])
    half_a_unit = Fraction(1, 2 * 10**places)
    assert balls.at_most(found.constant, Fraction(TABLE[q]) + half_a_unit) is Decision.PROVED
    assert balls.at_most(Fraction(TABLE[q]) - half_a_unit, found.constant) is Decision.PROVED
    assert balls.width(found.constant) < 1e-15
    assert abs(float(found.constant.mid()) - martingale.scalar_best_constant(float(q))) <= 1e-15


def test_closed_forms_lie_in_the_balls() -> None:
    with balls.precision(300):
        third = scalar_constant.scalar_constant("4/3", 60)
        half = scalar_constant.scalar_constant("3/2", 60)
        assert third.constant.overlaps(balls.power(3, "1/3"))
        assert third.maximiser.overlaps(arb(9))
        assert half.constant.overlaps((1 + 1 / arb(2).sqrt()).sqrt())
        assert (1 / half.maximiser).overlaps((2 - arb(2).sqrt()) / 4)
        assert balls.width(third.constant) < arb(10) ** -60


@pytest.mark.parametrize("q", ["1.000001", "1.05", "8/7", "1.5", "1.999999"])
def test_the_ratio_at_the_maximiser_is_the_constant_and_beside_it_less(q: str) -> None:
    with balls.precision(200):
        found = scalar_constant.scalar_constant(q, 40)
        assert scalar_constant.scalar_ratio(found.maximiser, q).overlaps(found.constant)
        for factor in ("0.9", "1.1", "-1"):
            beside = scalar_constant.scalar_ratio(found.maximiser * balls.exact(factor), q)
            assert balls.less(beside, found.constant) is Decision.PROVED


def test_a_ratio_on_a_ball_contains_the_ratio_of_its_points() -> None:
    ball = balls.hull("1/2", 3)
    for s in (0.5, 1.0, 2.0, 3.0):
        assert scalar_constant.scalar_ratio(ball, "3/2").contains(scalar_constant.scalar_ratio(arb(s), "3/2").mid())


def test_exact_ends() -> None:
    assert scalar_constant.scalar_constant(1).constant == 2
    assert not scalar_constant.scalar_constant(1).maximiser.is_finite()
    assert scalar_constant.scalar_constant(2).constant == 1


def test_a_float_stands_for_its_binary_value() -> None:
    decimal, binary = (scalar_constant.scalar_constant(q, 30).constant for q in ("1.1", 1.1))
    assert not decimal.overlaps(binary)
    assert abs(decimal - binary) < 1e-15


@pytest.mark.parametrize("q", ["0.9", "2.5", 0])
def test_exponents_outside_are_refused(q: object) -> None:
    with pytest.raises(ParameterError, match=r"scalar_constant: q must lie in \[1, 2\]"):
        scalar_constant.scalar_constant(q)  # type: ignore[arg-type]


def test_digits_are_at_least_one() -> None:
    with pytest.raises(ParameterError, match="scalar_constant: digits must be an integer >= 1, got digits=0"):
        scalar_constant.scalar_constant("1.5", 0)


def test_exponents_that_the_bits_do_not_separate_from_the_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalar_constant, "_MOST_BITS", 200)
    with pytest.raises(ParameterError, match="scalar_constant: q must be separated from 1 and 2 by 200 bits"):
        scalar_constant.scalar_constant(2 - Fraction(1, 2**190), 15)


@pytest.mark.parametrize("factor", [1.01, 3.0, 100.0])
def test_a_wrong_approximate_root_gives_the_right_enclosure_or_none(
    monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    truth = scalar_constant.scalar_constant("3/2", 40)
    right = scalar_constant._approximate_root
    monkeypatch.setattr(scalar_constant, "_approximate_root", lambda q: (right(q) * factor).mid())
    found = scalar_constant._enclose(balls.exact("3/2"))
    assert found is None or (found.constant.overlaps(truth.constant) and found.maximiser.overlaps(truth.maximiser))
    assert factor == 1.01 or found is None


def test_a_float_search_finds_nothing_larger() -> None:
    s = np.geomspace(1e-2, 1e4, 20001)
    for q in (1.1, 1.5, 1.9):
        ratio = (np.abs(1 - s) ** q - 1 + q * s) / s**q
        assert ratio.max() <= balls.upper_float(scalar_constant.scalar_constant(q, 15).constant) + 1e-12
