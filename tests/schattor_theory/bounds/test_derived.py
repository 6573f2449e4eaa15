"""The sharper forms of T5 and T6 that are under review: they say so, they are smaller, and exact runs obey them."""

from __future__ import annotations

import numpy as np
import pytest

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import (
    any_schedule_bound,
    regularized_bound,
    sharper_any_schedule_bound,
    sharper_regularized_bound,
    sharper_stationarity_bound,
    stationarity_bound,
)
from schattor_theory.errors import ParameterError

ETA, THETA, STEPS = 0.2, 0.3, 10
THETAS = np.array([1.0] + [THETA] * (STEPS - 1))


def shape_of(sigma: float, order: float = 2.0) -> MomentShape:
    return MomentShape(constant=1.0, moment_order=order, sigma=sigma)


NUMBERS = {"initial_gap": 0.7, "smoothness": 1.0, "step_size": ETA, "momentum": 1 - THETA, "n_steps": STEPS}


def test_derived_forms_say_that_they_are_under_review_and_are_smaller():
    shape = shape_of(0.6)
    stated = stationarity_bound(**NUMBERS, sigma=0.6, moment_order=2, p=2)
    sharper = sharper_stationarity_bound(**NUMBERS, shape=shape)
    assert sharper.review == "derived, under review"
    assert sharper.value < stated.value
    assert sharper.terms["noise"] == pytest.approx(stated.terms["noise"] * (2 - THETA) / 2)
    numbers = {"initial_gap": 0.7, "smoothness": 1.0, "shape": shape}
    recursion = sharper_any_schedule_bound(np.full(STEPS, ETA), THETAS, **numbers)
    assert recursion.review == "derived, under review"
    assert recursion.value < any_schedule_bound(np.full(STEPS, ETA), THETAS, **numbers).value
    assert recursion.value <= sharper.value
    squared = sharper_regularized_bound(**{**NUMBERS, "shape": shape})
    assert squared.review == "derived, under review"
    assert squared.value < regularized_bound(**NUMBERS, shape=shape).value
    assert squared.terms["initial_gap"] == pytest.approx(regularized_bound(**NUMBERS, shape=shape).terms["initial_gap"])


@pytest.mark.parametrize("start", [0.05, 0.9, 2.1])
@pytest.mark.parametrize("sigma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("theta", [0.3, 1.0])
def test_exact_scalar_runs_are_below_the_derived_bounds(washboard, run_signs, start, sigma, theta):
    thetas = np.array([1.0] + [theta] * (STEPS - 1))
    numbers = {"initial_gap": float(washboard.value(start)), "smoothness": 1.0, "shape": shape_of(sigma)}
    gradients, _ = run_signs(washboard, start=start, sigma=sigma, step_sizes=np.full(STEPS, ETA), thetas=thetas)
    recursion = sharper_any_schedule_bound(np.full(STEPS, ETA), thetas, **numbers)
    closed = sharper_stationarity_bound(**numbers, step_size=ETA, momentum=1 - theta, n_steps=STEPS)
    assert gradients[:, :-1].mean() <= recursion.value <= closed.value * (1 + 1e-14)
    gradients, _ = run_signs(
        washboard, start=start, sigma=sigma, step_sizes=np.full(STEPS, ETA), thetas=thetas, oracle="regularized"
    )
    squared = sharper_regularized_bound(**numbers, step_size=ETA, momentum=1 - theta, n_steps=STEPS)
    assert (gradients[:, :-1] ** 2).mean() <= squared.value


def test_derived_noise_constant_is_attained_without_momentum_and_refuted_when_smaller(telegraph):
    gap, lipschitz, eta = 1e4, 1.0, 1e-3
    bound = sharper_stationarity_bound(
        initial_gap=gap, smoothness=lipschitz, shape=shape_of(1.0), step_size=eta, momentum=0.0, n_steps=10**12
    )
    measured = telegraph(1.0, gap, lipschitz, eta)
    assert 0.99 * bound.value < measured <= bound.value
    assert measured > 0.9 * bound.terms["noise"] + bound.terms["curvature"] + bound.terms["initial_gap"]


def test_derived_regularized_form_needs_its_hypotheses():
    heavy = sharper_regularized_bound(**NUMBERS, shape=shape_of(1.0, 1.5))
    assert "second moments" in heavy.reason
    assert heavy.review == "derived, under review"
    assert (
        "T6* needs 1 - Lη/2" in sharper_regularized_bound(**{**NUMBERS, "step_size": 5.0}, shape=shape_of(1.0)).reason
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: sharper_stationarity_bound(**{**NUMBERS, "step_size": 0.0}, shape=shape_of(1.0)),
            "sharper_stationarity_bound: step_size must be a positive finite number, got step_size=0.0.",
        ),
        (
            lambda: sharper_any_schedule_bound([1.0], [0.5], initial_gap=1.0, smoothness=1.0, shape=shape_of(1.0)),
            "sharper_any_schedule_bound: thetas[0] must be 1, got thetas[0]=0.5. The first momentum is M_0 = G_0.",
        ),
        (
            lambda: sharper_regularized_bound(**NUMBERS, shape=None),
            "sharper_regularized_bound: shape must be a MomentShape, got shape=None.",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ParameterError) as caught:
        call()
    assert str(caught.value).startswith(message)
