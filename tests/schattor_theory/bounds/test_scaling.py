"""Units: f → a f and X → b X change every bound by its unit and nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import (
    covariance_corollary,
    high_probability_bound,
    no_momentum_lower_bound,
    parameter_free_bound,
    recursive_bound,
    recursive_corollary,
    regularized_bound,
    regularized_pairs,
    sharper_regularized_bound,
    sharper_stationarity_bound,
    stationarity_bound,
    tuned,
    tuned_schedule_bound,
    weight_decay_gap_bound,
    weight_decay_last_value_bound,
)

SCALES = st.floats(1e-6, 1e6)


def shape(sigma: float) -> MomentShape:
    return MomentShape(constant=1.3, moment_order=1.6, sigma=sigma)


def square(sigma: float) -> MomentShape:
    return MomentShape(constant=1.0, moment_order=2.0, sigma=sigma)


# name -> (call of (gap F, smoothness F/X², sigma F/X, step X, step X²/F), powers of (F, X) of the value)
CALLS = {
    "T5": (
        lambda gap, lip, s, e, r: stationarity_bound(
            initial_gap=gap,
            smoothness=lip,
            sigma=s,
            moment_order=1.6,
            p=2,
            noise_model="moment",
            step_size=e,
            momentum=0.8,
            n_steps=60,
            direction_defect=0.1,
            norm_excess=0.2,
        ),
        (1, -1),
    ),
    "T5-any": (
        lambda gap, lip, s, e, r: stationarity_bound(
            initial_gap=gap,
            smoothness=lip,
            sigma=s,
            moment_order=2,
            p=4,
            step_size=lambda k: e / (k + 1),
            momentum=lambda k: 0.5,
            n_steps=20,
        ),
        (1, -1),
    ),
    "T10": (
        lambda gap, lip, s, e, r: stationarity_bound(
            initial_gap=gap,
            smoothness=lip,
            sigma=s,
            moment_order=2,
            p=4,
            step_size=e,
            momentum=0.7,
            n_steps=20,
            look_ahead="nesterov",
            bias_correction=True,
        ),
        (1, -1),
    ),
    "T6": (
        lambda gap, lip, s, e, r: regularized_bound(
            initial_gap=gap, smoothness=lip, shape=square(s), step_size=r, momentum=0.5, n_steps=20
        ),
        (2, -2),
    ),
    "T6 pair": (
        lambda gap, lip, s, e, r: regularized_pairs(
            initial_gap=gap, smoothness=lip, sigma=s, p=4, step_size=r, momentum=0.5, n_steps=20
        )[4],
        (2, -2),
    ),
    "N2": (
        lambda gap, lip, s, e, r: covariance_corollary(initial_gap=gap, smoothness=lip, sigma=s, n_steps=1000),
        (1, -1),
    ),
    "hp": (
        lambda gap, lip, s, e, r: high_probability_bound(
            initial_gap=gap, smoothness=lip, sigma=s, p=4, step_size=e, momentum=0.5, n_steps=9, failure_probability=0.1
        ),
        (1, -1),
    ),
    "parameter-free": (
        lambda gap, lip, s, e, r: parameter_free_bound(
            initial_gap=gap, smoothness=lip, shape=shape(s), scale=e, n_steps=30
        ),
        (1, -1),
    ),
    "tuned schedule": (
        lambda gap, lip, s, e, r: tuned_schedule_bound(
            initial_gap=gap, smoothness=lip, shape=shape(s), scale=e, n_steps=30
        ),
        (1, -1),
    ),
    "tuned": (lambda gap, lip, s, e, r: tuned(gap, lip, s, 500, 1.6).bound, (1, -1)),
    "T11": (
        lambda gap, lip, s, e, r: weight_decay_gap_bound(
            initial_gap=gap, smoothness=lip, shape=shape(s), step_size=e, weight_decay=0.1 / e, momentum=0.5, n_steps=9
        ),
        (1, 0),
    ),
    "T11 last": (
        lambda gap, lip, s, e, r: weight_decay_last_value_bound(
            initial_gap=gap, smoothness=lip, shape=shape(s), step_size=e, weight_decay=0.1 / e, momentum=0.5, n_steps=9
        ),
        (1, 0),
    ),
    "T12": (
        lambda gap, lip, s, e, r: recursive_bound(
            initial_gap=gap,
            smoothness=lip,
            difference_smoothness=2 * lip,
            shape=shape(s),
            step_size=e,
            momentum=0.5,
            n_steps=9,
        ),
        (1, -1),
    ),
    "T12 tuned": (
        lambda gap, lip, s, e, r: recursive_corollary(
            initial_gap=gap, smoothness=lip, difference_smoothness=2 * lip, sigma=s, n_steps=1000
        ),
        (1, -1),
    ),
    "T13c": (
        lambda gap, lip, s, e, r: no_momentum_lower_bound(sigma=s, smoothness=lip, step_size=e, n_steps=9),
        (1, -1),
    ),
    "T5'": (
        lambda gap, lip, s, e, r: sharper_stationarity_bound(
            initial_gap=gap, smoothness=lip, shape=shape(s), step_size=e, momentum=0.5, n_steps=9
        ),
        (1, -1),
    ),
    "T6*": (
        lambda gap, lip, s, e, r: sharper_regularized_bound(
            initial_gap=gap, smoothness=lip, shape=square(s), step_size=r, momentum=0.5, n_steps=9
        ),
        (2, -2),
    ),
}
NUMBERS = (0.9, 1.2, 0.8, 0.1, 0.2)
UNITS = ((1, 0), (1, -2), (1, -1), (0, 1), (-1, 2))


def scaled(name: str, a: float, b: float, powers: tuple[int, int] | None = None) -> tuple[float, float]:
    """Return (value in scaled units, value times the scale of its unit)."""
    call, unit = CALLS[name]
    unit = powers or unit
    numbers = [x * a**f * b**x_power for x, (f, x_power) in zip(NUMBERS, UNITS, strict=True)]
    return call(*numbers).value, call(*NUMBERS).value * a ** unit[0] * b ** unit[1]


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=12, deadline=None)
@given(a=SCALES, b=SCALES)
def test_bounds_scale_by_their_unit(name, a, b):
    left, right = scaled(name, a, b)
    assert math.isclose(left, right, rel_tol=1e-8)


def test_refutes_a_wrong_unit():
    left, right = scaled("T6", 3.0, 2.0, (1, -1))
    assert not math.isclose(left, right, rel_tol=0.01)


@settings(max_examples=30, deadline=None)
@given(a=SCALES, b=SCALES)
def test_tuned_step_scales_by_the_variable_and_momentum_not_at_all(a, b):
    plain, changed = tuned(0.9, 1.2, 0.8, 500), tuned(0.9 * a, 1.2 * a / b**2, 0.8 * a / b, 500)
    assert changed.step_size == pytest.approx(plain.step_size * b, rel=1e-6)
    assert changed.theta == pytest.approx(plain.theta, rel=1e-6)
