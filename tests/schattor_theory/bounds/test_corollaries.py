"""Corollaries of T5: their closed constants against the bounds they follow from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import (
    any_schedule_bound,
    covariance_corollary,
    high_probability_bound,
    momentum_error_weights,
    parameter_free_bound,
    stationarity_bound,
    tuned_exponents,
    tuned_schedule_bound,
)
from schattor_theory.bounds import corollaries as module
from schattor_theory.errors import ParameterError, UnknownNameError

ORDERS = [1.0, 1.2, 1.6, 2.0]


def recursion_and_closed(order, n_steps, *, gap=0.0, lipschitz=0.0, sigma=0.0):
    shape = MomentShape(constant=1.0, moment_order=order, sigma=sigma)
    k = np.arange(1.0, n_steps + 1)
    recursion = any_schedule_bound(0.3 * k**-0.75, k**-0.5, initial_gap=gap, smoothness=lipschitz, shape=shape)
    closed = parameter_free_bound(initial_gap=gap, smoothness=lipschitz, shape=shape, scale=0.3, n_steps=n_steps)
    return recursion, closed


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n_steps", [1, 2, 7, 100, 30_000])
def test_each_parameter_free_term_bounds_that_of_the_recursion(order, n_steps):
    recursion, closed = recursion_and_closed(order, n_steps, gap=1.0, lipschitz=1.0, sigma=1.0)
    for name in ("initial_gap", "curvature", "drift", "noise"):
        assert recursion.terms[name] <= closed.terms[name] * (1 + 1e-12)


def test_parameter_free_terms_are_near_those_of_the_recursion_for_long_runs():
    recursion, closed = recursion_and_closed(2.0, 300_000, gap=1.0, lipschitz=1.0)
    assert closed.terms["initial_gap"] == pytest.approx(recursion.terms["initial_gap"], rel=0.05)
    assert closed.terms["curvature"] == pytest.approx(recursion.terms["curvature"], rel=0.05)


def test_refutes_parameter_free_constants_a_tenth_smaller():
    recursion, closed = recursion_and_closed(2.0, 300_000, gap=1.0, lipschitz=1.0)
    for name in ("initial_gap", "curvature"):
        assert recursion.terms[name] > 0.9 * closed.terms[name]
    recursion, closed = recursion_and_closed(2.0, 1, sigma=1.0)
    assert recursion.terms["noise"] > 0.5 * closed.terms["noise"]


def test_the_rounded_curvature_constant_is_rounded_up():
    mpmath = pytest.importorskip("mpmath")
    assert mpmath.zeta(1.5) / 2 <= module._HALF_ZETA <= mpmath.zeta(1.5) / 2 + 0.001


def test_parameter_free_noise_is_continuous_at_second_moments():
    values = [recursion_and_closed(order, 1000, sigma=1.0)[1].value for order in (2.0, 2.0 - 1e-9)]
    assert values[0] == pytest.approx(values[1], rel=1e-7)


@pytest.mark.parametrize("order", ORDERS)
def test_tuned_exponents_balance_the_terms(order):
    step, theta = tuned_exponents(order)
    # with K^{-a} for η and K^{-b} for θ: 1/(Kη), η/θ and θ^{1-1/β} are of one size
    assert 1 - step == pytest.approx(step - theta)
    assert 1 - step == pytest.approx(theta * (1 - 1 / order))
    assert 1 - step == pytest.approx((order - 1) / (3 * order - 2))


def test_tuned_schedule_at_second_moments_is_the_parameter_free_one():
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=1.0)
    arguments = {"initial_gap": 1.0, "smoothness": 1.0, "shape": shape, "scale": 0.3, "n_steps": 500}
    assert tuned_schedule_bound(**arguments).value <= parameter_free_bound(**arguments).value
    heavy = {**arguments, "shape": MomentShape(constant=1.0, moment_order=1.3, sigma=1.0), "n_steps": 100_000}
    assert tuned_schedule_bound(**heavy).value < parameter_free_bound(**heavy).value


def corollary_grid():
    for theta in (0.8, 0.5, 0.1, 0.01, 1e-4):
        for n_steps in (1, 5, 50, 1000, 10**6):
            yield theta, n_steps


def corollary_holds(planted_leading: float, planted_burn_in: float, bias: bool) -> bool:
    """Return whether the (planted) N2 corollary bounds T5's closed form with its own schedule, over the grid."""
    for theta, n_steps in corollary_grid():
        sigma, gap, lipschitz = 2 * math.sqrt(1.5 * 0.4 / n_steps) / theta, 0.4, 1.5
        corollary = covariance_corollary(
            initial_gap=gap, smoothness=lipschitz, sigma=sigma, n_steps=n_steps, bias_correction=bias
        )
        if theta == 0.8 and not corollary.is_applicable:  # rounding of the condition's boundary
            continue
        assert corollary.constants["theta"] == pytest.approx(theta)
        direct = stationarity_bound(
            initial_gap=gap,
            smoothness=lipschitz,
            sigma=sigma,
            moment_order=2,
            p="inf",
            step_size=corollary.constants["step_size"],
            momentum=1 - corollary.constants["theta"],
            n_steps=n_steps,
            bias_correction=bias,
        )
        value = planted_leading * corollary.terms["leading"] + planted_burn_in * corollary.terms["burn_in"]
        if direct.value > value * (1 + 1e-12):
            return False
    return True


@pytest.mark.parametrize("bias", [False, True])
def test_covariance_corollary_bounds_the_closed_form(bias):
    assert corollary_holds(1.0, 1.0, bias)


@pytest.mark.parametrize("planted", [(0.99, 1.0), (1.0, 0.5)])
@pytest.mark.parametrize("bias", [False, True])
def test_refutes_a_smaller_constant_in_the_covariance_corollary(planted, bias):
    assert not corollary_holds(*planted, bias)


def test_the_rounded_burn_in_of_the_corollary_is_rounded_up():
    exact = 2 * (math.pi / 2 + math.log(2)) / math.sqrt(2 * (2 - 0.8))
    assert exact <= module._COROLLARY_BURN_IN <= exact + 0.1


def test_covariance_corollary_is_not_applicable_without_its_conditions():
    base = {"initial_gap": 1.0, "smoothness": 1.0, "sigma": 1.0, "n_steps": 100}
    assert covariance_corollary(**base).terms["leading"] == pytest.approx(4 * 100**-0.25)
    assert "<= 4/5" in covariance_corollary(**{**base, "n_steps": 4}).reason
    assert "<= 4/5" in covariance_corollary(**{**base, "sigma": 0.0}).reason
    assert "LΔ > 0" in covariance_corollary(**{**base, "initial_gap": 0.0}).reason
    assert "p >= 2" in covariance_corollary(**base, p=1.5).reason


HP = {
    "initial_gap": 0.8,
    "smoothness": 1.3,
    "sigma": 0.6,
    "p": "inf",
    "step_size": 0.07,
    "momentum": 0.75,
    "n_steps": 30,
    "failure_probability": 0.05,
}


def test_high_probability_multiplies_the_noise_only():
    mean = stationarity_bound(**{k: v for k, v in HP.items() if k != "failure_probability"}, moment_order=2)
    tail = high_probability_bound(**HP)
    assert tail.terms["noise"] == pytest.approx(mean.terms["noise"] * 0.05**-0.5)
    assert tail.terms["burn_in"] == pytest.approx(mean.terms["burn_in"] * 0.05**-0.5)
    assert tail.terms["drift"] == mean.terms["drift"]
    assert tail.statistic == "stationarity_mean_quantile"
    bounded = high_probability_bound(**HP, form="bounded")
    assert bounded.terms["noise"] == pytest.approx(mean.terms["noise"] * math.sqrt(2 * math.log(60 / 0.05)))
    schedule = high_probability_bound(**{**HP, "step_size": lambda k: 0.07})
    assert schedule.statistic == "stationarity_weighted_mean_quantile"


def test_bounded_noise_needs_a_small_probability_to_be_the_better_form():
    rare = {**HP, "failure_probability": 1e-6}
    assert high_probability_bound(**rare, form="bounded").value < high_probability_bound(**rare).value


def exceedance_allowed(signs_of, planted: float) -> bool:
    """Return whether P(some |N_k| > planted·A_k √(2 ln(2K/γ))) ≤ γ for fair signs, exactly."""
    n_steps, gamma = 12, 0.2
    thetas = np.array([1.0] + [0.25] * (n_steps - 1))
    signs = signs_of(n_steps)
    noise = [signs[:, 0]]
    for k in range(1, n_steps):
        noise.append((1 - thetas[k]) * noise[-1] + thetas[k] * signs[:, k])
    level = planted * momentum_error_weights(thetas, 2.0) * math.sqrt(2 * math.log(2 * n_steps / gamma))
    return float((np.abs(np.array(noise).T) > level).any(1).mean()) <= gamma


def test_noise_exceeds_its_bounded_level_rarely_enough(signs_of):
    assert exceedance_allowed(signs_of, 1.0)


def test_refutes_a_bounded_level_that_is_a_third(signs_of):
    assert not exceedance_allowed(signs_of, 1 / 3)


def test_quantile_of_every_run_is_below_the_bound(washboard, run_signs):
    n_steps, gamma = 10, 0.1
    thetas = np.array([1.0] + [0.3] * (n_steps - 1))
    gradients, _ = run_signs(washboard, start=1.2, sigma=1.0, step_sizes=np.full(n_steps, 0.2), thetas=thetas)
    means = gradients[:, :-1].mean(1)
    for form in ("moment", "bounded"):
        bound = high_probability_bound(
            initial_gap=float(washboard.value(1.2)),
            smoothness=1.0,
            sigma=1.0,
            p=2,
            step_size=0.2,
            momentum=0.7,
            n_steps=n_steps,
            failure_probability=gamma,
            form=form,
        )
        assert (means > bound.value).mean() <= gamma


def test_high_probability_is_not_applicable_with_the_reason_of_the_mean():
    assert "p >= 2" in high_probability_bound(**{**HP, "p": 1.5}).reason
    assert high_probability_bound(**{**HP, "p": 1.5}, form="bounded").reason.startswith("The bounded form needs p >= 2")
    assert "second moments" in high_probability_bound(**HP, moment_order=1.5).reason


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: high_probability_bound(**{**HP, "failure_probability": 0.0}),
            ParameterError,
            "high_probability_bound: failure_probability must lie in (0, 1), got failure_probability=0.0.",
        ),
        (
            lambda: high_probability_bound(**HP, form="bound"),
            UnknownNameError,
            "high_probability_bound: form must be one of 'moment', 'bounded', got form='bound'. Did you mean",
        ),
        (
            lambda: high_probability_bound(**{**HP, "sigma": -1.0}),
            ParameterError,
            "high_probability_bound: sigma must be a finite number >= 0, got sigma=-1.0.",
        ),
        (
            lambda: parameter_free_bound(
                initial_gap=1.0,
                smoothness=1.0,
                shape=MomentShape(constant=1, moment_order=2, sigma=1),
                scale=0.0,
                n_steps=3,
            ),
            ParameterError,
            "parameter_free_bound: scale must be a positive finite number, got scale=0.0.",
        ),
        (
            lambda: tuned_schedule_bound(initial_gap=1.0, smoothness=1.0, shape=None, scale=1.0, n_steps=3),
            ParameterError,
            "tuned_schedule_bound: shape must be a MomentShape, got shape=None.",
        ),
        (
            lambda: covariance_corollary(initial_gap=1.0, smoothness=1.0, sigma=-1.0, n_steps=3),
            ParameterError,
            "covariance_corollary: sigma must be a finite number >= 0, got sigma=-1.0.",
        ),
        (lambda: tuned_exponents(0.0), ParameterError, "tuned_exponents: moment_order must lie in [1, 2], got"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)
