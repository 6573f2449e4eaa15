"""T4f and T4g measured: exponents -1/p, the turn near n = d, the price of dimension; planted errors are seen."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from proofs_checks.moments.curves import average_curves, price_points, slope, transition

STEPS = (1, 2, 4, 8, 16, 32, 64, 128)


@pytest.fixture(scope="module")
def curves():
    return average_curves("iid_coordinates", ("2", "4", "inf"), dimension=8, steps=STEPS, trials=1024, seed=3)


@pytest.mark.parametrize(("p", "exponent"), [("2", -0.5), ("4", -0.25), ("inf", 0.0), ("3", -1 / 3)])
def test_fresh_coordinates_fall_like_a_power(p, exponent):
    points = average_curves("fresh_coordinates", (p,), dimension=8, steps=STEPS)[p]
    assert [point.n_steps for point in points] == [1, 2, 4, 8]
    assert slope(points[0], points[-1]).value == pytest.approx(exponent, abs=1e-12)


def test_measured_averages_hold_the_exact_ones(curves):
    for points in curves.values():
        for point in points:
            assert point.measured.low * (1 - 1e-12) <= point.exact <= point.measured.high * (1 + 1e-12)


def test_refutes_an_exact_law_that_is_a_third_larger(curves):
    points = [replace(point, exact=1.33 * point.exact) for point in curves["inf"]]
    assert any(not point.measured.contains(point.exact) for point in points)


def test_interval_of_a_slope_holds_the_exact_one(curves):
    points = curves["inf"]
    exact = [replace(point, measured=None) for point in points]
    found = slope(points[0], points[3])
    assert found.low <= slope(exact[0], exact[3]).value <= found.high


def test_curves_turn_near_the_dimension(curves):
    assert transition(curves["2"]) is None
    for p in ("4", "inf"):
        assert 2 <= transition(curves[p]) <= 16
    longer = average_curves("iid_coordinates", ("inf",), dimension=32, steps=(*STEPS, 256, 512))["inf"]
    # four times the dimension turns at four times the n, up to the grid
    assert transition(longer) / transition(curves["inf"]) == pytest.approx(4, rel=0.15)


def test_a_curve_that_never_turns_has_no_transition():
    fresh = average_curves("fresh_coordinates", ("inf",), dimension=8, steps=STEPS)["inf"]
    assert transition(fresh) is None


def test_uniform_coordinates_are_those_of_the_coupon_table():
    # d = 64: E‖average of n‖_1, docs/theory
    points = average_curves("iid_coordinates", ("inf",), dimension=64, steps=(16, 64, 256))["inf"]
    assert [round(point.exact, 4) for point in points] == [0.8946, 0.6757, 0.3860]


@pytest.mark.parametrize(("q", "order"), [(1.0, 2.0), (1.0, 1.5), (4 / 3, 2.0)])
def test_price_is_paid(q, order):
    for point in price_points(q, order, (1, 2, 8, 32)):
        assert point.attained == pytest.approx(point.price, rel=1e-12)
        assert point.price == pytest.approx(point.rank ** (1 / q - 1 / order))


def test_refutes_another_price():
    assert all(
        not math.isclose(p.attained, p.rank ** (1 / p.q - 1), rel_tol=1e-3) for p in price_points(1.0, 2.0, (4,))
    )
