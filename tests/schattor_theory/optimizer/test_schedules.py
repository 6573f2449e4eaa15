"""Schedules: their values, the two ways they are evaluated, and their refusals."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from schattor_theory import MomentumSchedule, PolynomialSchedule, Schattor, parameter_free
from schattor_theory.errors import ParameterError
from schattor_theory.optimizer.schedules import check_step_size, evaluate
from tests.conftest import Library


def test_polynomial_schedule_is_its_formula() -> None:
    schedule = PolynomialSchedule(0.3, 0.75)
    for k in (0, 1, 9, 10**6):
        assert schedule(k) == pytest.approx(0.3 / (k + 1) ** 0.75, rel=1e-14)


def test_momentum_schedule_has_theta_as_a_power() -> None:
    for power in (0, 0.5, 1):
        for k in (0, 1, 9, 10**6):
            assert 1 - MomentumSchedule(power)(k) == pytest.approx((k + 1) ** -power, rel=1e-9)


def test_momentum_schedule_meets_the_lemma_of_t3() -> None:
    for power in (0, 0.3, 0.5, 1):
        theta = 1 - MomentumSchedule(power)(np.arange(1.0, 1000))
        assert (np.diff(1 / theta) <= 1 + 1e-9).all()


def test_schedules_take_arrays_of_integer_steps_and_whole_number_powers() -> None:
    np.testing.assert_allclose(PolynomialSchedule(2, 1)(np.arange(3)), [2, 1, 2 / 3])
    np.testing.assert_allclose(PolynomialSchedule(Fraction(1, 2), 2)(np.arange(3)), [1 / 2, 1 / 8, 1 / 18])
    np.testing.assert_allclose(MomentumSchedule(1)(np.arange(3)), [0, 1 / 2, 2 / 3])


def test_schedules_are_values() -> None:
    assert PolynomialSchedule(1, 1) == PolynomialSchedule(1.0, np.float64(1))
    assert len({MomentumSchedule(0.5), MomentumSchedule(0.5), MomentumSchedule(1)}) == 2
    assert type(PolynomialSchedule(np.float64(1), 1).scale) is float


def test_parameter_free_pair_has_the_exponents_of_t5_any() -> None:
    assert parameter_free(0.1) == {"step_size": PolynomialSchedule(0.1, 0.75), "momentum": MomentumSchedule(0.5)}
    opt = Schattor(3, **parameter_free(0.1))
    assert opt.theta_at(8) == pytest.approx(1 / 3, rel=1e-14)
    assert opt.step_size_at(15) == pytest.approx(0.1 / 8, rel=1e-14)


@pytest.mark.parametrize("schedule", [0.25, lambda k: 0.25, PolynomialSchedule(1, 0.5)])
def test_evaluation_has_the_shape_of_the_steps_and_the_dtype_asked_for(eager_xp: Library, schedule: object) -> None:
    from array_api_compat import array_namespace, device

    for shape in ((), (3,), (2, 2), (0,)):
        k = eager_xp.array(np.full(shape, 15, dtype=np.int32))
        values = evaluate(schedule, k, array_namespace(k).float32, check_step_size)
        assert tuple(values.shape) == shape
        assert eager_xp.host(values).dtype == np.float32
        np.testing.assert_array_equal(eager_xp.host(values), np.float32(0.25))
        assert device(values) == device(k)


def test_numpy_steps_are_evaluated_once_for_each_distinct_step() -> None:
    asked: list[int] = []
    values = evaluate(lambda k: asked.append(k) or k + 0.5, np.array([[3, 1], [3, 3]]), np.float64, check_step_size)
    np.testing.assert_array_equal(values, [[3.5, 1.5], [3.5, 3.5]])
    assert sorted(asked) == [1, 3]


BAD_SCHEDULES = {
    "scale 0": (lambda: PolynomialSchedule(0, 1), "PolynomialSchedule: scale must be a positive finite number"),
    "scale nan": (lambda: PolynomialSchedule(math.nan, 1), "PolynomialSchedule: scale must be a positive finite"),
    "power -1": (lambda: PolynomialSchedule(1, -1), "PolynomialSchedule: power must be a finite number >= 0"),
    "power 1.1": (
        lambda: MomentumSchedule(1.1),
        "MomentumSchedule: power must lie in [0, 1], got power=1.1. T3's lemma needs 1/θ_k - 1/θ_{k-1} <= 1.",
    ),
    "parameter-free": (lambda: parameter_free(-1), "parameter_free: scale must be a positive finite number"),
}


@pytest.mark.parametrize("case", BAD_SCHEDULES)
def test_refuses_a_schedule_with(case: str) -> None:
    make, message = BAD_SCHEDULES[case]
    with pytest.raises(ParameterError) as caught:
        make()
    assert str(caught.value).startswith(message)
