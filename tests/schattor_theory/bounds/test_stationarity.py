"""T5 against hand computations, its limits, and exact expectations over every noise pattern."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import any_schedule_bound, bias_corrected_thetas, stationarity_bound
from schattor_theory.errors import ParameterError, SchattorError, ShapeError, UnknownNameError
from schattor_theory.geometry import ProductGeometry, SchattenGeometry
from tests.joined import every

BASE = {
    "initial_gap": 0.8,
    "smoothness": 1.3,
    "sigma": 0.6,
    "moment_order": 2,
    "p": "inf",
    "step_size": 0.07,
    "momentum": 0.75,
    "n_steps": 30,
}
SHAPE = MomentShape(constant=1.0, moment_order=2.0, sigma=0.6)


def bound_of(**changes):
    return stationarity_bound(**{**BASE, **changes})


def test_closed_form_is_the_formula_of_T5():  # noqa: N802
    bound = bound_of()
    gap, lipschitz, sigma, eta, theta, n_steps = 0.8, 1.3, 0.6, 0.07, 0.25, 30
    terms = {
        "initial_gap": gap / (n_steps * eta),
        "curvature": lipschitz * eta / 2,
        "drift": 2 * lipschitz * eta * (1 - theta) / theta,
        "noise": 2 * sigma * math.sqrt(theta / (2 - theta)),
        "burn_in": 2 * sigma / (theta * n_steps),
    }
    assert bound.terms == pytest.approx(terms)
    assert bound.value == pytest.approx(sum(terms.values()))
    assert bound.value == math.fsum(bound.terms.values())
    assert (bound.statement, bound.statistic, bound.sense) == ("T5", "stationarity_mean", "upper")
    assert bound.dominant == "drift"


@pytest.mark.parametrize("order", [1.0, 1.4, 2.0])
def test_moment_noise_pays_its_constant_and_its_order(order):
    bound = bound_of(noise_model="moment", moment_order=order, p=2)
    theta, n_steps, sigma = 0.25, 30, 0.6
    constant = 1.0 if order == 1 else 2 ** ((2 - order) / order)
    kappa = theta / (1 - (1 - theta) ** order) ** (1 / order)
    assert bound.terms["noise"] == pytest.approx(2 * constant * sigma * kappa)
    burn_in = 0.0 if order == 1 else 2 * constant * sigma / (theta * n_steps)
    assert bound.terms["burn_in"] == pytest.approx(burn_in)


def test_without_momentum_every_weight_is_one():
    bound = bound_of(momentum=0.0)
    assert (bound.terms["drift"], bound.terms["burn_in"]) == (0.0, 0.0)
    assert bound.terms["noise"] == 1.2


def test_theta_near_one_joins_theta_equal_to_one_up_to_the_burn_in():
    near, at = bound_of(momentum=1e-13, n_steps=10**7), bound_of(momentum=0.0, n_steps=10**7)
    assert near.value == pytest.approx(at.value, rel=1e-6)


def test_single_step_and_no_noise_are_finite():
    assert bound_of(n_steps=1, momentum=0.0, sigma=0.0).value == pytest.approx(0.8 / 0.07 + 1.3 * 0.07 / 2)
    assert bound_of(initial_gap=0.0, smoothness=0.0, sigma=0.0).value == 0.0
    assert math.isfinite(bound_of(n_steps=10**7, momentum=1 - 1e-9).value)


def test_bias_correction_has_its_own_burn_in():
    bound = bound_of(bias_correction=True)
    kappa = math.sqrt(0.25 / 1.75)
    assert bound.terms["burn_in"] == pytest.approx(1.2 * kappa * (math.pi / 2 + math.log(2)) / (0.25 * 30))
    thetas = bias_corrected_thetas(0.75, 30)
    exact = any_schedule_bound(np.full(30, 0.07), thetas, initial_gap=0.8, smoothness=1.3, shape=SHAPE)
    assert exact.value <= bound.value


@pytest.mark.parametrize(
    "changes", [{}, {"momentum": 0.0}, {"n_steps": 1}, {"direction_defect": 0.2, "norm_excess": 0.1}]
)
def test_recursion_is_at_most_the_closed_form_and_near_it_for_long_runs(changes):
    closed = bound_of(**changes)
    eta, mu = BASE["step_size"], {**BASE, **changes}["momentum"]
    recursion = bound_of(**{**changes, "step_size": lambda k: eta, "momentum": lambda k: mu})
    assert recursion.statement == "T5-any"
    assert recursion.statistic == "stationarity_weighted_mean"
    assert recursion.value <= closed.value * (1 + 1e-14)
    long = bound_of(**{**changes, "n_steps": 20_000})
    long_recursion = bound_of(**{**changes, "n_steps": 20_000, "step_size": lambda k: eta})
    assert long_recursion.value == pytest.approx(long.value, rel=1e-3)


def test_zero_theta_of_the_first_step_is_not_read_from_the_schedule():
    # θ_0 = 1 always: M_0 = G_0
    first = bound_of(momentum=lambda k: 0.75 if k else 0.1)
    assert first.terms == bound_of(momentum=lambda k: 0.75).terms


def test_inexact_oracle_depends_on_its_alignment_only():
    # T1: (δ, ω, η) and (1-κ, 0, (1+ω)η) are the same
    delta, excess = 0.3, 0.2
    alignment = (1 - delta) / (1 + excess)
    one = bound_of(direction_defect=delta, norm_excess=excess)
    other = bound_of(direction_defect=1 - alignment, norm_excess=0.0, step_size=0.07 * 1.2)
    assert one.terms == pytest.approx(other.terms)
    assert one.value > bound_of().value


def test_an_oracle_that_need_not_descend_has_no_bound():
    assert "do not descend" in bound_of(direction_defect=1.0).reason
    assert "Hölder" in bound_of(direction_defect=-0.5).reason
    # an exact oracle of another length is an exact oracle
    scaled = bound_of(direction_defect=-0.1, norm_excess=0.1, step_size=0.07 / 1.1)
    assert scaled.value == pytest.approx(bound_of().value)


@every(
    ("changes", "reason"),
    [
        ({"moment_order": 1.5}, "second moments"),
        ({"p": 1.5}, "p >= 2"),
        ({"p": ProductGeometry({"w": 2})}, "product_moment_shape"),
        ({"noise_model": "weighted", "moment_order": 1}, "above 1"),
        ({"noise_model": "weighted", "moment_order": 1.5, "inner_exponent": 4}, "inner exponent"),
        ({"oracle": "regularized", "momentum": lambda k: 0.5}, "constant step size"),
        ({"oracle": "regularized", "bias_correction": True}, "without bias correction"),
        ({"oracle": "regularized", "look_ahead": 0.5}, "look-ahead"),
        ({"oracle": "regularized", "direction_defect": 0.1}, "exact oracle"),
        ({"oracle": "regularized", "noise_model": "moment"}, "has order 1"),
        ({"oracle": "regularized", "momentum": 0.99, "step_size": 0.5}, "smaller step"),
    ],
)
def test_a_hypothesis_that_does_not_hold_is_a_reason(changes, reason):
    bound = bound_of(**changes)
    assert bound.status == "not_applicable"
    assert reason in bound.reason
    assert (bound.value, bound.terms) == (None, {})


def test_geometries_and_spelled_exponents_are_exponents():
    assert bound_of(p=SchattenGeometry(4)).value == bound_of(p="4").value
    assert bound_of(p=ProductGeometry({"w": 2}), noise_model="shape").value == bound_of(noise_model="shape").value


def test_muon_pays_for_dimension_in_the_noise_model_only():
    # T4f: under N1 there is no averaging at p = inf, under N2 there is
    fast, slow = bound_of(n_steps=10**6), bound_of(n_steps=10**6, noise_model="moment")
    assert slow.terms["noise"] == 2 * 0.6
    assert fast.terms["noise"] < slow.terms["noise"] / 2


def test_look_ahead_of_constant_schedules_is_at_most_its_closed_form():
    closed = bound_of(look_ahead="nesterov")
    assert closed.statement == "T10"
    assert closed.value == pytest.approx(bound_of(look_ahead=0.25).value)
    exact = bound_of(look_ahead=lambda k: 0.25)
    assert exact.value <= closed.value
    assert exact.value == pytest.approx(closed.value, rel=0.1)
    assert bound_of(look_ahead=0.0).value == pytest.approx(bound_of().value)


def test_nesterov_look_ahead_of_the_bias_corrected_form_is_the_next_theta():
    thetas = bias_corrected_thetas(0.75, 31)
    direct = any_schedule_bound(
        np.full(30, 0.07), thetas[:-1], initial_gap=0.8, smoothness=1.3, shape=SHAPE, look_ahead=thetas[1:]
    )
    assert bound_of(look_ahead="nesterov", bias_correction=True).value == pytest.approx(direct.value)


def test_more_noise_gap_and_curvature_never_help():
    for name in ("initial_gap", "smoothness", "sigma"):
        values = [bound_of(**{name: x}).value for x in (0.0, 0.1, 1.0, 10.0)]
        assert values == sorted(values)


STEPS = 10
SCHEDULES = {
    "constant": (np.full(STEPS, 0.2), np.array([1.0] + [0.3] * (STEPS - 1))),
    "none": (np.full(STEPS, 0.2), np.ones(STEPS)),
    "decreasing": (0.5 * np.arange(1.0, STEPS + 1) ** -0.75, np.arange(1.0, STEPS + 1) ** -0.5),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("start", [0.05, 0.9, 2.1])
@pytest.mark.parametrize("sigma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("tau", [None, 0.4])
def test_exact_expectation_of_a_scalar_run_is_below_the_bound(washboard, run_signs, name, start, sigma, tau):
    steps, thetas = SCHEDULES[name]
    taus = None if tau is None else np.full(STEPS, tau)
    gradients, _ = run_signs(washboard, start=start, sigma=sigma, step_sizes=steps, thetas=thetas, taus=taus)
    measured = float((gradients[:, :-1].mean(0) * steps).sum() / steps.sum())
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=sigma)
    bound = any_schedule_bound(
        steps, thetas, initial_gap=float(washboard.value(start)), smoothness=1.0, shape=shape, look_ahead=taus
    )
    assert measured <= bound.value


def quadratic_ratio(planted_gap: float, planted_curvature: float) -> float:
    """Return (measured mean slope)/(bound with scaled terms) of ``x²/2`` at its best step, no noise, no momentum."""
    n_steps, start = 1000, 10.0
    eta = math.sqrt(start**2 / n_steps)
    bound = bound_of(initial_gap=start**2 / 2, smoothness=1.0, sigma=0.0, momentum=0.0, step_size=eta, n_steps=n_steps)
    x, total = start, 0.0
    for _ in range(n_steps):
        total += abs(x)
        x -= eta * math.copysign(1.0, x) if x else 0.0
    value = planted_gap * bound.terms["initial_gap"] + planted_curvature * bound.terms["curvature"]
    return total / n_steps / value


def test_gap_and_curvature_terms_are_attained_by_a_quadratic():
    assert 0.99 <= quadratic_ratio(1.0, 1.0) <= 1.0


@pytest.mark.parametrize("planted", [(0.9, 1.0), (1.0, 0.9), (0.5, 1.0), (1.0, 0.5)])
def test_refutes_a_smaller_gap_or_curvature_term(planted):
    assert quadratic_ratio(*planted) > 1.0


def telegraph_ratio(telegraph, theta: float, planted_noise: float) -> float:
    """Return (stationarity)/(bound with a planted noise term) of telegraph noise on a wide, flat wave."""
    gap, lipschitz, eta = 1e4, 1.0, 1e-3 * theta
    bound = bound_of(
        initial_gap=gap, smoothness=lipschitz, sigma=1.0, step_size=eta, momentum=1 - theta, n_steps=10**14
    )
    rest = bound.value - bound.terms["noise"]
    return telegraph(theta, gap, lipschitz, eta) / (rest + planted_noise * bound.terms["noise"])


@pytest.mark.parametrize("theta", [1.0, 0.3, 0.05])
def test_half_the_noise_term_is_attained_by_telegraph_noise(telegraph, theta):
    assert telegraph_ratio(telegraph, theta, 1.0) == pytest.approx(0.5, rel=0.01)


def test_refutes_a_noise_term_below_half(telegraph):
    assert telegraph_ratio(telegraph, 0.3, 0.49) > 1


def test_results_of_a_schedule_do_not_depend_on_how_it_is_written():
    eta, theta = 0.4 * np.arange(1.0, 51) ** -0.75, np.arange(1.0, 51) ** -0.5
    direct = any_schedule_bound(eta, theta, initial_gap=0.8, smoothness=1.3, shape=SHAPE)
    called = bound_of(n_steps=50, step_size=lambda k: 0.4 * (k + 1) ** -0.75, momentum=lambda k: 1 - (k + 1) ** -0.5)
    assert called.value == pytest.approx(direct.value, rel=1e-13)


def test_extreme_step_sizes_neither_overflow_nor_vanish():
    for scale in (1e-200, 1e200):
        bound = any_schedule_bound([scale, scale], [1.0, 0.5], initial_gap=scale, smoothness=1 / scale, shape=SHAPE)
        assert bound.terms["initial_gap"] == pytest.approx(0.5)
        assert bound.terms["curvature"] == pytest.approx(0.5)


def test_records_are_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        bound_of().value = 0.0


PREFIX = "stationarity_bound: "


@every(
    ("changes", "error", "message"),
    [
        ({"initial_gap": -1.0}, ParameterError, "initial_gap must be a finite number >= 0, got initial_gap=-1.0."),
        ({"smoothness": math.nan}, ParameterError, "smoothness must be a finite number >= 0, got smoothness=nan."),
        ({"sigma": -0.1}, ParameterError, "sigma must be a finite number >= 0, got sigma=-0.1."),
        (
            {"moment_order": 2.5},
            ParameterError,
            "moment_order must lie in [1, 2], got moment_order=2.5. An order above",
        ),
        ({"p": 0.5}, SchattorError, "p must lie in [1, inf], got p=0.5. For p < 1 the functional is not a norm."),
        ({"noise_model": "momen"}, UnknownNameError, "noise_model must be one of 'covariance', 'moment', 'weighted'"),
        ({"step_size": 0.0}, ParameterError, "step_size must be a positive finite number, got step_size=0.0."),
        ({"momentum": 1.0}, ParameterError, "momentum must lie in [0, 1), got momentum=1.0. momentum is 1 - θ"),
        ({"momentum": lambda k: 1.0}, ParameterError, "1 - momentum(1) must lie in (0, 1], got 1 - momentum(1)=0.0."),
        (
            {"step_size": lambda k: -1.0},
            ParameterError,
            "step_sizes[0] must be a finite number >= 0, got step_sizes[0]=",
        ),
        ({"n_steps": 0}, ParameterError, "n_steps must be an integer >= 1, got n_steps=0."),
        ({"n_steps": 10.0}, ParameterError, "n_steps must be an integer >= 1, got n_steps=10.0."),
        ({"oracle": "bal"}, UnknownNameError, "oracle must be one of 'ball', 'regularized', got oracle='bal'. Did you"),
        (
            {"direction_defect": 1.5},
            ParameterError,
            "direction_defect must lie in (-inf, 1], got direction_defect=1.5.",
        ),
        ({"norm_excess": -1.0}, ParameterError, "norm_excess must lie in (-1, inf), got norm_excess=-1.0."),
        ({"look_ahead": 1.5}, ParameterError, "look_ahead[0] must lie in [0, 1], got look_ahead[0]=1.5."),
        (
            {"look_ahead": "nestero"},
            UnknownNameError,
            "look_ahead must be one of 'nesterov', got look_ahead='nestero'.",
        ),
        (
            {"bias_correction": True, "momentum": lambda k: 0.5},
            ParameterError,
            "bias_correction must be False with a momentum schedule, got bias_correction=True. Bias correction is",
        ),
    ],
)
def test_bad_arguments_are_named(changes, error, message):
    with pytest.raises(error) as caught:
        bound_of(**changes)
    assert str(caught.value).startswith(PREFIX + message)


def test_bad_arguments_of_the_recursion_are_named():
    with pytest.raises(ParameterError, match=r"any_schedule_bound: shape must be a MomentShape, got shape=2\.0\."):
        any_schedule_bound([1.0], [1.0], initial_gap=1.0, smoothness=1.0, shape=2.0)
    with pytest.raises(ShapeError, match="any_schedule_bound: look_ahead must have 1 entries, one for each step, got"):
        any_schedule_bound([1.0], [1.0], initial_gap=1.0, smoothness=1.0, shape=SHAPE, look_ahead=[0.0, 0.0])
