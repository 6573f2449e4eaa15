"""Tuned parameters against brute-force minimisation of the closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import (
    best_momentum,
    best_step_size,
    look_ahead_bound,
    rate_exponent,
    stationarity_bound,
    tuned,
)
from schattor_theory.errors import ParameterError, UnknownNameError
from tests.joined import every


def value(theta, eta, *, sigma=1.0, n_steps=1000, order=2.0, gap=0.7, lipschitz=1.4, **changes):
    return stationarity_bound(
        initial_gap=gap,
        smoothness=lipschitz,
        sigma=sigma,
        moment_order=order,
        p=2,
        noise_model="shape",
        step_size=eta,
        momentum=1 - theta,
        n_steps=n_steps,
        **changes,
    ).value


@pytest.mark.parametrize("theta", [0.003, 0.2, 1.0])
@pytest.mark.parametrize("changes", [{}, {"direction_defect": 0.3, "norm_excess": 0.2}, {"look_ahead": 0.6}])
def test_best_step_size_minimises_the_closed_form(theta, changes):
    best = best_step_size(theta, initial_gap=0.7, smoothness=1.4, n_steps=1000, **changes)
    found = minimize_scalar(
        lambda log_eta: value(theta, math.exp(log_eta), sigma=0.0, **changes),
        bounds=(-15, 5),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert best == pytest.approx(math.exp(found.x), rel=1e-5)


def test_best_step_sizes_are_the_closed_forms_of_the_statements():
    gap, lipschitz, n_steps, theta = 0.7, 1.4, 1000, 0.2
    numbers = {"initial_gap": gap, "smoothness": lipschitz, "n_steps": n_steps}
    plain = math.sqrt(2 * gap * theta / (n_steps * lipschitz * (4 - 3 * theta)))
    assert best_step_size(theta, **numbers) == pytest.approx(plain)
    nesterov = math.sqrt(2 * gap * theta / (n_steps * lipschitz * (4 - 7 * theta + 4 * theta**2)))
    assert best_step_size(theta, **numbers, look_ahead=theta) == pytest.approx(nesterov)
    three = value(theta, plain, sigma=0.0)
    assert three == pytest.approx(math.sqrt(2 * gap * lipschitz * (4 - 3 * theta) / (n_steps * theta)))


@pytest.mark.parametrize("order", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("sigma", [0.05, 1.0, 10.0])
@pytest.mark.parametrize("n_steps", [1, 100, 10**6])
def test_no_pair_on_a_grid_beats_the_tuned_one(order, sigma, n_steps):
    tuning = tuned(0.7, 1.4, sigma, n_steps, order)
    assert tuning.bound.value == pytest.approx(
        value(tuning.theta, tuning.step_size, sigma=sigma, n_steps=n_steps, order=order), rel=1e-12
    )
    for theta in np.geomspace(1e-7, 1, 57):
        best = best_step_size(theta, initial_gap=0.7, smoothness=1.4, n_steps=n_steps)
        for factor in (0.9, 1.0, 1.1):
            assert tuning.bound.value <= value(theta, factor * best, sigma=sigma, n_steps=n_steps, order=order) * (
                1 + 1e-9
            )


def test_refutes_a_tuning_with_a_doubled_theta():
    tuning = tuned(0.7, 1.4, 1.0, 10**6)
    planted = min(1.0, 2 * tuning.theta)
    best = best_step_size(planted, initial_gap=0.7, smoothness=1.4, n_steps=10**6)
    assert value(planted, best, n_steps=10**6) > tuning.bound.value * 1.01


def test_without_noise_or_averaging_there_is_no_momentum():
    for tuning in (tuned(0.7, 1.4, 0.0, 100), tuned(0.7, 1.4, 3.0, 100, 1.0)):
        assert tuning.momentum == 0.0
        assert tuning.step_size == pytest.approx(math.sqrt(2 * 0.7 / (1.4 * 100)))
    assert tuned(0.7, 1.4, 3.0, 100, 1.0).bound.value == pytest.approx(math.sqrt(2 * 1.4 * 0.7 / 100) + 6.0)


@pytest.mark.parametrize("order", [1.25, 1.5, 2.0])
def test_methods_agree_for_long_runs_and_second_order_is_the_closer(order):
    values = {
        m: tuned(1.0, 1.0, 1.0, 10**7, order, method=m).bound.value for m in ("numerical", "second_order", "leading")
    }
    assert values["numerical"] <= values["second_order"] <= values["leading"] * (1 + 1e-12)
    assert values["leading"] == pytest.approx(values["numerical"], rel=0.02)


def test_second_order_theta_helps_where_the_burn_in_dominates():
    best, second, leading = (
        tuned(1.0, 1.0, 10.0, 1000, method=m).bound.value for m in ("numerical", "second_order", "leading")
    )
    assert best <= second <= 1.15 * best
    assert leading > 1.3 * best


def test_leading_theta_is_the_stated_formula():
    gap, lipschitz, sigma, n_steps, order, constant = 0.7, 1.4, 2.0, 10**5, 1.5, 1.2
    a, b = math.sqrt(8 * gap * lipschitz / n_steps), 2 * constant * sigma * order ** (-1 / order)
    theta = (a * order / (2 * b * (order - 1))) ** (2 * order / (3 * order - 2))
    momentum = best_momentum(
        initial_gap=gap,
        smoothness=lipschitz,
        sigma=sigma,
        n_steps=n_steps,
        moment_order=order,
        constant=constant,
        method="leading",
    )
    assert 1 - momentum == pytest.approx(theta)


@pytest.mark.parametrize("order", [1.5, 2.0])
def test_tuned_value_falls_at_the_rate_of_the_theory(order):
    values = [tuned(1.0, 1.0, 1.0, n_steps, order).bound.value for n_steps in (10**10, 10**12)]
    slope = -math.log(values[1] / values[0]) / math.log(100)
    assert slope == pytest.approx(rate_exponent(order), rel=0.01)


def test_tuned_leading_constant_is_four_at_second_moments():
    # 4(LΔσ²/K)^{1/4}: T5's N2 corollary is the tuned value to leading order
    assert tuned(1.0, 1.0, 1.0, 10**12).bound.value * 10**3 == pytest.approx(4, rel=1e-3)


def test_rates_have_their_known_values():
    assert rate_exponent(2) == 0.25
    assert rate_exponent(2, recursive=True) == pytest.approx(1 / 3)
    assert rate_exponent(1) == 0.0
    # N1 with α ≥ q: K^{-1/(p+2)}
    for p in (2.0, 4.0, 10.0):
        assert rate_exponent(p / (p - 1)) == pytest.approx(1 / (p + 2))


def test_look_ahead_takes_the_best_step_size_when_none_is_given():
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=1.0)
    numbers = {"initial_gap": 0.7, "smoothness": 1.4, "shape": shape, "momentum": 0.8, "n_steps": 1000}
    best = look_ahead_bound(**numbers)
    for factor in (0.9, 1.1):
        eta = factor * best.constants["step_size"]
        assert look_ahead_bound(**numbers, step_size=eta).value > best.value


@every(
    ("call", "error", "message"),
    [
        (
            lambda: tuned(0.0, 1.0, 1.0, 10),
            ParameterError,
            "tuned: initial_gap must be a positive finite number, got initial_gap=0.0. Without a gap or curvature",
        ),
        (lambda: tuned(1.0, -1.0, 1.0, 10), ParameterError, "tuned: smoothness must be a positive finite number, got"),
        (
            lambda: tuned(1.0, 1.0, -1.0, 10),
            ParameterError,
            "tuned: sigma must be a finite number >= 0, got sigma=-1.0.",
        ),
        (lambda: tuned(1.0, 1.0, 1.0, 0), ParameterError, "tuned: n_steps must be an integer >= 1, got n_steps=0."),
        (lambda: tuned(1.0, 1.0, 1.0, 10, 3), ParameterError, "tuned: moment_order must lie in [1, 2], got"),
        (
            lambda: tuned(1.0, 1.0, 1.0, 10, 2, 0.0),
            ParameterError,
            "tuned: constant must be a positive finite number, got",
        ),
        (
            lambda: tuned(1.0, 1.0, 1.0, 10, method="lead"),
            UnknownNameError,
            "tuned: method must be one of 'numerical', 'second_order', 'leading', got method='lead'. Did you mean",
        ),
        (
            lambda: best_momentum(initial_gap=1.0, smoothness=1.0, sigma=1.0, n_steps=10, method="x"),
            UnknownNameError,
            "best_momentum: method must be one of",
        ),
        (
            lambda: best_step_size(0.0, initial_gap=1.0, smoothness=1.0, n_steps=10),
            ParameterError,
            "best_step_size: theta must lie in (0, 1], got theta=0.0. theta is 1 - momentum: 1 means no momentum.",
        ),
        (
            lambda: best_step_size(0.5, initial_gap=1.0, smoothness=1.0, n_steps=10, look_ahead=2),
            ParameterError,
            "best_step_size: look_ahead must lie in [0, 1], got look_ahead=2.",
        ),
        (lambda: rate_exponent(2.5), ParameterError, "rate_exponent: moment_order must lie in [1, 2], got"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)
