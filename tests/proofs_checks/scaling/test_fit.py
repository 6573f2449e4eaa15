"""Exponents: coverage on known truths, equivalence, and the labels that must not be given.

Each statistical test fails by chance with probability at most 1e-8 (binomial quantile of the stated rate).
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from proofs_checks.scaling.fit import Points, as_record, equivalent, exponent, fit_power_law, slope_weights
from schattor_theory.errors import ParameterError, ShapeError, UnknownNameError
from synthetic.seeds import Streams

FALSE_FAILURE = 1e-8
DIMENSIONS = np.array([4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])


def rng(name: str) -> np.random.Generator:
    return Streams({"test": "fit", "case": name}).generator("data")


def power_law(slope: float, g: np.random.Generator, x: np.ndarray = DIMENSIONS, n: int = 16, noise: float = 0.02):
    """Return values of ``0.2 x^slope`` with a spread that shrinks along x, as averages over d signs do."""
    return [0.2 * xi**slope * np.exp(noise * math.sqrt(x[0] / xi) * g.standard_normal(n)) for xi in x]


def points(values, x=DIMENSIONS, start: float = 10.0) -> Points:
    n = [len(v) for v in values]
    return Points(x, values, first=[np.full(k, start) for k in n], second_half=[np.full(k, 0.5) for k in n])


def test_slope_weights_are_least_squares() -> None:
    y = np.array([1.0, 3.0, 2.0, 5.0])
    x = np.array([4.0, 8.0, 20.0, 64.0])
    assert slope_weights(x) @ y == pytest.approx(np.polyfit(np.log(x), y, 1)[0], rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "floor"), [("studentised", 0.94), ("bca", 0.92)])
def test_exponent_interval_covers_the_true_exponent(method: str, floor: float) -> None:
    g = rng(f"cover {method}")
    trials, covered = 500, 0
    for trial in range(trials):
        logs = [np.log(v) for v in power_law(0.25, g)]
        covered += exponent(DIMENSIONS, logs, method=method, seed=trial).contains(0.25)
    assert covered >= stats.binom.ppf(FALSE_FAILURE, trials, floor)


def test_a_wrong_exponent_is_not_covered() -> None:
    logs = [np.log(v) for v in power_law(0.25, rng("wrong"))]
    assert not exponent(DIMENSIONS, logs).contains(0.27)


@pytest.mark.slow
def test_equivalence_errs_at_most_alpha_on_the_edge_of_the_margin() -> None:
    g = rng("edge")
    trials = 2000
    said = sum(
        equivalent([np.log(v) for v in power_law(0.02, g, noise=0.1)], DIMENSIONS, value=0, margin=0.02, alpha=0.05)
        for _ in range(trials)
    )
    assert said <= stats.binom.isf(FALSE_FAILURE, trials, 0.06)
    assert said >= stats.binom.ppf(FALSE_FAILURE, trials, 0.03)  # neither is it afraid to say so


def test_a_flat_series_is_dimension_free_and_a_growing_one_is_a_power_law() -> None:
    flat = fit_power_law(points(power_law(0.0, rng("flat"))))
    assert flat.label == "dimension-free"
    assert "zero within ±0.02" in flat.reason
    growing = fit_power_law(points(power_law(0.25, rng("growing"))))
    assert growing.label == "power law"
    assert growing.exponent is not None
    assert growing.exponent.value == pytest.approx(0.25, abs=0.01)


def test_a_curve_that_goes_up_and_down_is_not_a_power_law_although_its_slope_is_zero() -> None:
    bend = np.exp(0.3 * np.array([0, 1, 2, 3, 2, 1, 0.0]))
    values = [v * b for v, b in zip(power_law(0.0, rng("bend")), bend, strict=True)]
    fit = fit_power_law(points(values))
    assert fit.label == "not a power law"
    assert fit.exponent is not None
    assert fit.interval(0.9).low > -0.02
    assert fit.interval(0.9).high < 0.02
    assert "lower" in fit.reason


def test_runs_that_did_not_leave_their_start_do_not_count() -> None:
    values = power_law(0.0, rng("idle"))
    idle = Points(DIMENSIONS, values, first=values, second_half=values)
    fit = fit_power_law(idle)
    assert fit.label == "inconclusive"
    assert "did not leave their start" in fit.reason
    for factor, label in ((2.999, "inconclusive"), (3.001, "dimension-free")):
        start = [factor * v for v in values]
        assert fit_power_law(Points(DIMENSIONS, values, first=start, second_half=values)).label == label


def test_some_idle_points_are_left_out_and_named() -> None:
    values = power_law(0.0, rng("some"))
    start = [np.full(16, 0.1 if j < 2 else 10.0) for j in range(7)]
    fit = fit_power_law(Points(DIMENSIONS, values, first=start, second_half=[np.full(16, 0.5)] * 7))
    assert list(fit.counted) == [16, 32, 64, 128, 256]
    assert "4, 8" in fit.reason


def test_fewer_than_four_dimensions_are_inconclusive() -> None:
    x = DIMENSIONS[:3]
    fit = fit_power_law(points(power_law(0.0, rng("few"), x), x))
    assert fit.label == "inconclusive"
    assert "Fewer than four values of dimension (3)" in fit.reason


def test_zeros_and_values_that_are_not_finite_are_masked_with_a_count() -> None:
    values = power_law(0.0, rng("masked"))
    values[2][0], values[3][5], values[4][1] = 0.0, math.nan, math.inf
    fit = fit_power_law(points(values))
    assert fit.n_masked == 3
    assert "3 runs without a positive finite value are left out" in fit.reason
    assert fit.exponent is not None
    assert math.isfinite(fit.exponent.value)


def test_a_point_whose_runs_all_failed_is_no_point() -> None:
    values = power_law(0.0, rng("failed"), DIMENSIONS[:4])
    values[3][:] = math.nan
    assert fit_power_law(points(values, DIMENSIONS[:4])).label == "inconclusive"


def test_a_fit_does_not_depend_on_units_of_the_value_or_of_the_axis() -> None:
    values = power_law(0.25, rng("units"))
    one = fit_power_law(points(values)).exponent
    other = fit_power_law(points([1e150 * v for v in values], 10 * DIMENSIONS, 1e151)).exponent
    assert one is not None
    assert other is not None
    assert other.value == pytest.approx(one.value, abs=1e-9)
    assert other.low == pytest.approx(one.low, abs=1e-9)


def test_a_fit_is_strict_json() -> None:
    record = as_record(fit_power_law(points(power_law(0.0, rng("json")))), {"p": "inf"})
    assert json.loads(json.dumps(record, allow_nan=False))["label"] == "dimension-free"


def test_refuses_axes_that_do_not_increase_and_unknown_methods() -> None:
    with pytest.raises(ParameterError, match="x must be positive and increasing"):
        Points(np.array([4.0, 2.0]), [np.ones(2), np.ones(2)])
    with pytest.raises(ShapeError, match="one array for each of 3 axis values"):
        Points(np.array([1.0, 2.0, 3.0]), [np.ones(2)])
    with pytest.raises(UnknownNameError, match="Did you mean 'studentised'"):
        exponent(DIMENSIONS, [np.zeros(4)] * 7, method="studentized")
