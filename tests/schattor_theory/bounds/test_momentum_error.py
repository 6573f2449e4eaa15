"""Drift and noise weights of momentum against the averages they describe."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory.bounds import (
    bias_corrected_thetas,
    bias_correction_excess,
    first_failure_of_the_lemma,
    momentum_error_drift,
    momentum_error_lemma,
    momentum_error_weights,
    stationary_weight,
)
from schattor_theory.bounds.momentum_error import noise_weights
from schattor_theory.bounds.setting import average_weight
from schattor_theory.errors import ParameterError, ShapeError
from tests.joined import every

ORDERS = [1.0, 1.3, 1.5, 2.0]


def schedules(n_steps: int = 40) -> dict[str, np.ndarray]:
    k = np.arange(1.0, n_steps + 1)
    constant = np.full(n_steps, 0.2)
    constant[0] = 1.0
    return {
        "constant": constant,
        "bias_corrected": bias_corrected_thetas(0.8, n_steps),
        "mean": 1 / k,
        "root": k**-0.5,
        "none": np.ones(n_steps),
    }


def weights_of_the_average(thetas: np.ndarray) -> np.ndarray:
    """Return the weight of G_j in M_k as row k, column j, by running the average on unit vectors."""
    rows = [np.eye(len(thetas))[0]]
    for k in range(1, len(thetas)):
        rows.append((1 - thetas[k]) * rows[-1] + thetas[k] * np.eye(len(thetas))[k])
    return np.array(rows)


@every("name", schedules())
@every("order", ORDERS)
def test_weights_are_norms_of_the_averaging_weights(name, order):
    thetas = schedules()[name]
    direct = (weights_of_the_average(thetas) ** order).sum(1) ** (1 / order)
    assert momentum_error_weights(thetas, order) == pytest.approx(direct, rel=1e-12)


def test_refutes_weights_of_a_wrong_exponent():
    thetas = schedules()["constant"]
    direct = (weights_of_the_average(thetas) ** 2).sum(1) ** 0.5
    assert momentum_error_weights(thetas, 1.9) != pytest.approx(direct, rel=1e-3)


@pytest.mark.parametrize("order", ORDERS)
def test_look_ahead_weights_are_norms_of_the_averaging_weights(order):
    thetas, tau = schedules()["bias_corrected"], np.linspace(0, 1, 40)
    rows = (1 - tau)[:, None] * weights_of_the_average(thetas) + np.diag(tau)
    rows[0] = np.eye(40)[0]
    direct = (rows**order).sum(1) ** (1 / order)
    assert noise_weights(thetas, order, tau) == pytest.approx(direct, rel=1e-12)


@pytest.mark.parametrize("name", schedules())
def test_drift_is_that_of_a_path_at_full_speed(name):
    # f = Lx²/2 on a line walked at full speed attains ‖B_k‖ = b_k
    thetas, steps = schedules()[name], np.linspace(0.1, 0.3, 40)
    lipschitz, x = 1.7, -np.concatenate([[0.0], np.cumsum(steps[:-1])])
    gradients = lipschitz * x
    error = weights_of_the_average(thetas) @ gradients - gradients
    assert momentum_error_drift(steps, thetas, smoothness=lipschitz) == pytest.approx(np.abs(error), abs=1e-12)


def test_drift_of_constant_parameters_increases_to_its_limit():
    thetas = schedules(400)["constant"]
    b = momentum_error_drift(np.full(400, 0.5), thetas, smoothness=2.0, norm_excess=0.25)
    limit = 1.25 * 2.0 * 0.5 * 0.8 / 0.2
    assert np.all(np.diff(b) >= 0)
    assert np.all(b <= limit * (1 + 1e-14))
    assert b[-1] == pytest.approx(limit, rel=1e-12)


@every("order", ORDERS)
@every("theta", [1e-9, 1e-4, 0.3, 1.0])
def test_stationary_weight_is_the_limit_and_below_its_bound(theta, order):
    kappa = stationary_weight(theta, order)
    assert kappa <= theta ** (1 - 1 / order) * (1 + 1e-15)
    # fixed point of the recursion of T3
    assert ((1 - theta) * kappa) ** order + theta**order == pytest.approx(kappa**order, rel=1e-12)
    if theta < 1e-3:
        assert kappa == pytest.approx(order ** (-1 / order) * theta ** (1 - 1 / order), rel=1e-3)


def average_weight_holds(average, bias: bool) -> bool:
    for order in ORDERS:
        for theta in (0.02, 0.2, 0.7, 1.0):
            for n_steps in (1, 3, 20, 400):
                thetas = bias_corrected_thetas(1 - theta, n_steps) if bias else np.full(n_steps, theta)
                thetas[0] = 1.0
                if momentum_error_weights(thetas, order).mean() > average(order, theta, n_steps) * (1 + 1e-13):
                    return False
    return True


@pytest.mark.parametrize("bias", [False, True])
def test_average_weight_bounds_the_mean(bias):
    assert average_weight_holds(lambda b, t, n: sum(average_weight(b, t, n, bias_correction=bias)), bias)


@pytest.mark.parametrize("bias", [False, True])
def test_refutes_an_average_weight_without_half_its_burn_in(bias):
    def planted(order, theta, n_steps):
        limit, burn_in = average_weight(order, theta, n_steps, bias_correction=bias)
        return limit + burn_in / 2

    assert not average_weight_holds(planted, bias)


@pytest.mark.parametrize("order", [1.2, 1.5, 2.0])
def test_bias_correction_excess_is_attained_by_small_theta(order):
    theta, n_steps = 1e-4, 400_000
    mean = momentum_error_weights(bias_corrected_thetas(1 - theta, n_steps), order).mean()
    excess = (mean / stationary_weight(theta, order) - 1) * theta * n_steps
    assert 0.98 * bias_correction_excess(order) <= excess <= bias_correction_excess(order)


def test_bias_correction_excess_is_monotone_with_its_closed_ends():
    values = [bias_correction_excess(b) for b in (1.0, 1.001, 1.2, 1.6, 1.999, 2.0)]
    assert values[0] == 0.0
    assert values[-1] == math.pi / 2 + math.log(2)
    assert np.all(np.diff(values) > 0)
    assert values[-2] == pytest.approx(values[-1], rel=1e-3)


def test_bias_corrected_thetas_are_those_of_heavy_ball():
    mu, n_steps = 0.9, 12
    rows = weights_of_the_average(bias_corrected_thetas(mu, n_steps))
    heavy = np.array([[mu ** (k - j) if j <= k else 0.0 for j in range(n_steps)] for k in range(n_steps)])
    assert rows == pytest.approx(heavy / heavy.sum(1, keepdims=True), rel=1e-12)
    assert np.all(bias_corrected_thetas(0.0, 3) == 1.0)
    assert bias_corrected_thetas(1 - 1e-12, 5) == pytest.approx(1 / np.arange(1.0, 6.0), rel=1e-9)


@every("name", ["mean", "root", "bias_corrected", "none"])
@every("order", ORDERS)
def test_lemma_bounds_every_weight_where_its_condition_holds(name, order):
    thetas = schedules()[name]
    assert first_failure_of_the_lemma(thetas) is None
    assert np.all(momentum_error_weights(thetas, order) <= thetas ** (1 - 1 / order) * (1 + 1e-12))
    bound = momentum_error_lemma(thetas, order)
    assert bound.value >= momentum_error_weights(thetas, order)[-1] * (1 - 1e-12)


def test_lemma_is_not_applicable_where_theta_falls_too_fast_and_then_fails():
    thetas = schedules()["constant"]
    bound = momentum_error_lemma(thetas, 2.0)
    assert bound.status == "not_applicable"
    assert bound.reason == "The lemma needs 1/θ_k - 1/θ_(k-1) <= 1, which fails at k = 1."
    # the condition is not idle: here the conclusion is false
    assert momentum_error_weights(thetas, 2.0)[1] > thetas[1] ** 0.5


@every(
    ("call", "error", "message"),
    [
        (
            lambda: momentum_error_weights([0.5, 0.5], 2),
            ParameterError,
            "momentum_error_weights: thetas[0] must be 1, got",
        ),
        (
            lambda: momentum_error_weights([1.0, 0.0], 2),
            ParameterError,
            "momentum_error_weights: thetas[1] must lie in (0, 1], got thetas[1]=0.0. theta is 1 - momentum.",
        ),
        (
            lambda: momentum_error_weights([], 2),
            ShapeError,
            "momentum_error_weights: thetas must have at least one entry, got thetas=[].",
        ),
        (
            lambda: momentum_error_weights([[1.0]], 2),
            ShapeError,
            "momentum_error_weights: thetas must be one-dimensional, got thetas='shape (1, 1)'.",
        ),
        (
            lambda: momentum_error_weights(["a"], 2),
            ParameterError,
            "momentum_error_weights: thetas must be a sequence of real numbers, got thetas=['a'].",
        ),
        (
            lambda: momentum_error_weights([1.0], 3),
            ParameterError,
            "momentum_error_weights: moment_order must lie in [1, 2], got moment_order=3.",
        ),
        (
            lambda: momentum_error_drift([1.0], [1.0, 0.5], smoothness=1.0),
            ShapeError,
            "momentum_error_drift: step_sizes must have 2 entries, one for each step, got step_sizes=1.",
        ),
        (
            lambda: momentum_error_drift([1.0, -1.0], [1.0, 0.5], smoothness=1.0),
            ParameterError,
            "momentum_error_drift: step_sizes[1] must be a finite number >= 0, got step_sizes[1]=-1.0.",
        ),
        (
            lambda: momentum_error_drift([0.0], [1.0], smoothness=1.0),
            ParameterError,
            "momentum_error_drift: step_sizes must have an entry > 0, got step_sizes='all zero'.",
        ),
        (
            lambda: momentum_error_drift([1.0], [1.0], smoothness=-1.0),
            ParameterError,
            "momentum_error_drift: smoothness must be a finite number >= 0, got smoothness=-1.0.",
        ),
        (
            lambda: momentum_error_drift([1.0], [1.0], smoothness=1.0, norm_excess=-1.0),
            ParameterError,
            "momentum_error_drift: norm_excess must lie in (-1, inf), got norm_excess=-1.0.",
        ),
        (
            lambda: stationary_weight(0.0, 2),
            ParameterError,
            "stationary_weight: theta must lie in (0, 1], got theta=0.0.",
        ),
        (
            lambda: bias_corrected_thetas(1.0, 3),
            ParameterError,
            "bias_corrected_thetas: momentum must lie in [0, 1), got momentum=1.0. momentum is 1 - θ",
        ),
        (
            lambda: bias_corrected_thetas(0.5, 0),
            ParameterError,
            "bias_corrected_thetas: n_steps must be an integer >= 1, got n_steps=0.",
        ),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)
