"""Interval methods: coverage on known truths, and refusals.

Each coverage test fails by chance with probability at most 1e-8: the number of covered intervals among N is compared
with the binomial quantile of the *stated* coverage floor. A floor below the nominal level states how much the method
is allowed to undercover at that sample size.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from schattor_theory.errors import NonFiniteError, ParameterError, ShapeError
from synthetic import estimates
from synthetic.estimates import (
    Estimate,
    bca_contrast,
    hoeffding_mean,
    median_of_means,
    student_t_contrast,
    student_t_mean,
    studentised_contrast,
)
from synthetic.seeds import Streams

FALSE_FAILURE = 1e-8


def rng(name: str) -> np.random.Generator:
    return Streams({"test": "estimates", "case": name}).generator("data")


def assert_covers(covered: int, trials: int, floor: float) -> None:
    """Fail when ``covered`` of ``trials`` intervals is too few for a coverage of at least ``floor``."""
    assert covered >= stats.binom.ppf(FALSE_FAILURE, trials, floor), (covered, trials, floor)


def slope_weights(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / np.sum((x - x.mean()) ** 2)


def test_student_t_interval_covers_a_normal_mean_exactly() -> None:
    data = rng("t").standard_normal((4000, 8)) + 3
    found = [student_t_mean(row, level=0.9) for row in data]
    covered = sum(e.contains(3.0) for e in found)
    assert_covers(covered, 4000, 0.9)
    assert covered <= stats.binom.isf(FALSE_FAILURE, 4000, 0.9)


def test_the_coverage_test_refutes_an_interval_that_is_a_fifth_too_short() -> None:
    data = rng("short").standard_normal((4000, 8)) + 3
    covered = 0
    for row in data:
        e = student_t_mean(row, level=0.9)
        half = 0.8 * (e.high - e.low) / 2
        covered += abs(e.value - 3.0) <= half
    with pytest.raises(AssertionError):
        assert_covers(covered, 4000, 0.9)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "floor"), [(studentised_contrast, 0.94), (bca_contrast, 0.92)])
def test_bootstrap_slope_covers_a_power_law_with_unequal_skewed_groups(method, floor) -> None:
    x = np.log([4.0, 8.0, 16.0, 32.0, 64.0])
    weights = slope_weights(x)
    g = rng(f"slope {method.__name__}")
    trials, covered = 600, 0
    for _ in range(trials):
        groups = [0.3 * xi + (g.exponential(size=16) - 1) / math.exp(xi / 2) for xi in x]
        covered += method(groups, weights, rng=g, level=0.95, n_resamples=800).contains(0.3)
    assert_covers(covered, trials, floor)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "floor"), [(studentised_contrast, 0.94), (bca_contrast, 0.91)])
def test_bootstrap_mean_covers_a_skewed_mean(method, floor) -> None:
    g = rng(f"mean {method.__name__}")
    trials = 800
    covered = sum(
        method([g.exponential(size=24)], [1.0], rng=g, level=0.95, n_resamples=800).contains(1.0) for _ in range(trials)
    )
    assert_covers(covered, trials, floor)


@pytest.mark.slow
def test_welch_contrast_covers_with_unequal_variances() -> None:
    g = rng("welch")
    trials = 4000
    covered = 0
    for _ in range(trials):
        groups = [g.normal(1.0, 1.0, 16), g.normal(3.0, 5.0, 6)]
        covered += student_t_contrast(groups, [-1.0, 1.0], level=0.95).contains(2.0)
    assert_covers(covered, trials, 0.94)


def test_median_of_means_covers_where_the_variance_is_infinite() -> None:
    # Pareto index 1.6 on [1, inf): mean 8/3; E|X - EX|^1.3 by quadrature of the density
    index, order = 1.6, 1.3
    mean = index / (index - 1)
    u = (np.arange(2_000_000) + 0.5) / 2_000_000
    moment = float(np.mean(np.abs(u ** (-1 / index) - mean) ** order)) * 1.1  # rounded up: the rule cuts the tail
    g = rng("mom")
    trials = 500
    covered = 0
    for _ in range(trials):
        values = g.random(200) ** (-1 / index)
        covered += median_of_means(values, central_moment=moment, moment_order=order, level=0.95).contains(mean)
    assert_covers(covered, trials, 0.95)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99, 0.999])
def test_median_of_means_uses_enough_blocks_and_no_more(level: float) -> None:
    k = estimates._blocks_for(level)
    assert k % 2 == 1
    assert stats.binom.sf((k + 1) // 2 - 1, k, 0.25) <= 1 - level
    assert k == 1 or stats.binom.sf((k - 1) // 2 - 1, k - 2, 0.25) > 1 - level


def test_hoeffding_interval_covers_a_bounded_mean() -> None:
    g = rng("hoeffding")
    covered = sum(hoeffding_mean(g.random(30) < 0.1, lower=0, upper=1, level=0.9).contains(0.1) for _ in range(1000))
    assert_covers(covered, 1000, 0.9)


def test_equal_values_give_an_interval_of_length_zero() -> None:
    for e in (
        student_t_mean([2.0, 2.0, 2.0]),
        studentised_contrast([[2.0, 2.0]], [1.0], rng=rng("equal")),
        bca_contrast([[2.0, 2.0]], [1.0], rng=rng("equal")),
    ):
        assert (e.value, e.low, e.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("method", [studentised_contrast, bca_contrast])
def test_bootstrap_is_a_function_of_its_generator_and_follows_units(method) -> None:
    groups = [rng("units").exponential(size=10), rng("units").exponential(size=12)]
    one = method(groups, [-1.0, 1.0], rng=rng("same"))
    assert one == method(groups, [-1.0, 1.0], rng=rng("same"))
    scaled = method([1e3 * group for group in groups], [-1.0, 1.0], rng=rng("same"))
    assert scaled.low == pytest.approx(one.scaled(1e3).low, rel=1e-9)
    assert scaled.high == pytest.approx(one.scaled(1e3).high, rel=1e-9)


def test_estimate_is_strict_json_even_when_it_is_not_finite() -> None:
    text = json.dumps(Estimate(math.nan, -math.inf, math.inf, 0.95, 3, "none").to_dict(), allow_nan=False)
    found = {"value": None, "low": "-inf", "high": "inf", "level": 0.95, "n": 3, "method": "none"}
    assert json.loads(text) == found


@pytest.mark.parametrize(("value", "low", "high"), [(1.5, 0.1, 2.0), (1.0, -math.inf, math.inf)])
def test_estimate_comes_back_from_json(value: float, low: float, high: float) -> None:
    one = Estimate(value, low, high, 0.95, 3, "none")
    assert Estimate.from_dict(json.loads(json.dumps(one.to_dict(), allow_nan=False))) == one


def test_an_estimate_that_is_damaged_is_refused() -> None:
    whole = Estimate(1.0, 0.0, 2.0, 0.95, 3, "none").to_dict()
    with pytest.raises(ParameterError, match=r"Estimate\.from_dict: fields must have the names value, low, high"):
        Estimate.from_dict({name: value for name, value in whole.items() if name != "low"})
    with pytest.raises(ParameterError, match="fields must have the names"):
        Estimate.from_dict(whole | {"colour": 1})
    with pytest.raises(ParameterError, match='fields must hold numbers, "inf", "-inf" or None'):
        Estimate.from_dict(whole | {"low": "small"})


def test_refuses_values_that_are_not_finite_and_names_the_first() -> None:
    with pytest.raises(NonFiniteError, match=r"student_t_mean: values\[1\] must be finite, got values\[1\]=nan"):
        student_t_mean([1.0, math.nan, math.inf])


def test_refuses_one_value_a_wrong_level_and_a_value_outside_the_declared_range() -> None:
    with pytest.raises(ShapeError, match="at least 2 numbers"):
        student_t_mean([1.0])
    with pytest.raises(ParameterError, match="level"):
        student_t_mean([1.0, 2.0], level=1.0)
    with pytest.raises(ParameterError, match=r"values must lie in \[0, 1\], got values=1.5"):
        hoeffding_mean([0.5, 1.5], lower=0, upper=1)
    with pytest.raises(ParameterError, match="upper must be greater than lower"):
        hoeffding_mean([0.5], lower=1, upper=0)
    with pytest.raises(ShapeError, match="one number for each of the 2 groups"):
        student_t_contrast([[1.0, 2.0], [1.0, 3.0]], [1.0])
    with pytest.raises(ShapeError, match="at least"):
        median_of_means([1.0, 2.0], central_moment=1.0, level=0.999)
