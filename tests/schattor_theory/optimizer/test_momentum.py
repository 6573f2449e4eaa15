"""Momentum (D3), bias correction, look-ahead (T10) and recursive momentum (T12) against their recurrences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from schattor_theory import MomentumSchedule, Schattor, duality_map
from tests.contracts.oracle import map_tolerance, tolerance
from tests.schattor_theory.optimizer.runs import directions_from, gradients, run, steps_of
from tests.strategies import EXPONENTS

MU = 0.8
START = np.zeros((3, 4))


def moves(opt: Schattor, seen: list[np.ndarray]) -> list[np.ndarray]:
    """Return the directions that were subtracted, one a step."""
    path = [START, *(x for x, _ in steps_of(opt, START, seen))]
    return [before - after for before, after in itertools.pairwise(path)]


def heavy_ball(seen: list[np.ndarray], mu: float = MU) -> np.ndarray:
    """Return ``V_k = μ V_{k-1} + G_k`` from ``V_{-1} = 0``."""
    return sum(mu ** (len(seen) - 1 - i) * g for i, g in enumerate(seen))


def assert_same_directions(got: list[np.ndarray], want: list[np.ndarray], p: float, seen: list[np.ndarray]) -> None:
    # averages of these gradients have singular values within a factor of ten, hence the factor
    allowed = 100 * max(map_tolerance(g, p) for g in seen)
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        assert np.linalg.norm(a - b) <= allowed, f"step {k}"


@pytest.mark.parametrize("p", [1.5, 2.0, 4.0, math.inf])
def test_bias_corrected_momentum_has_the_directions_of_heavy_ball(p: float) -> None:
    seen = gradients(7)
    got = moves(Schattor(p, 1.0, MU, bias_correction=True), seen)
    assert_same_directions(got, directions_from(seen, p, lambda _, up_to: heavy_ball(up_to)), p, seen)


def test_uncorrected_momentum_has_other_directions_than_heavy_ball() -> None:
    seen = gradients(7)
    got = moves(Schattor(4.0, 1.0, MU), seen)
    with pytest.raises(AssertionError, match="step 1"):
        assert_same_directions(got, directions_from(seen, 4.0, lambda _, up_to: heavy_ball(up_to)), 4.0, seen)


@pytest.mark.parametrize("p", [1.5, 2.0, 4.0, math.inf])
def test_nesterov_look_ahead_is_muons_gradient_plus_momentum_times_buffer(p: float) -> None:
    seen = gradients(7)
    got = moves(Schattor(p, 1.0, MU, bias_correction=True, look_ahead="nesterov"), seen)
    want = directions_from(seen, p, lambda _, up_to: up_to[-1] + MU * heavy_ball(up_to))
    assert_same_directions(got, want, p, seen)


def test_momentum_starts_at_the_first_gradient_whatever_the_schedule_says() -> None:
    seen = gradients(1)
    for options in ({"momentum": 0.99}, {"momentum": lambda k: 0.99}, {"momentum": 0.99, "bias_correction": True}):
        _, state = run(Schattor(3, 0.1, **options), START, seen)
        np.testing.assert_array_equal(state.momentum, seen[0])


def test_momentum_schedule_is_not_asked_for_step_zero() -> None:
    asked: list[int] = []

    def schedule(k: int) -> float:
        asked.append(k)
        return 0.5

    run(Schattor(3, 0.1, schedule), START, gradients(3))
    assert 0 not in asked
    assert {1, 2} <= set(asked)


def test_momentum_follows_its_recurrence_with_a_schedule() -> None:
    seen = gradients(5)
    _, state = run(Schattor(3, 0.1, MomentumSchedule(0.5)), START, seen)
    m = seen[0]
    for k, g in enumerate(seen[1:], start=1):
        m = (1 - (k + 1) ** -0.5) * m + (k + 1) ** -0.5 * g
    np.testing.assert_allclose(state.momentum, m, atol=4 * tolerance(START))


def test_power_one_is_the_mean_of_all_gradients() -> None:
    seen = gradients(9)
    _, state = run(Schattor(3, 0.1, MomentumSchedule(1)), START, seen)
    np.testing.assert_allclose(state.momentum, np.mean(seen, axis=0), atol=4 * tolerance(START))


def test_look_ahead_direction_is_its_formula() -> None:
    seen, taus = gradients(4), [1.0, 0.5, 0.25, 0.0]
    opt = Schattor(3, 1.0, MU, look_ahead=lambda k: taus[k])
    plain = steps_of(Schattor(3, 1.0, MU), START, seen)
    for move, g, tau, (_, state) in zip(moves(opt, seen), seen, taus, plain, strict=True):
        want = duality_map((1 - tau) * state.momentum + tau * g, 3)
        np.testing.assert_allclose(move, want, atol=100 * map_tolerance(g, 3))


@pytest.mark.parametrize("look_ahead", [0.3, 1.0, "nesterov", lambda k: 0.5])
def test_look_ahead_leaves_the_momentum_untouched(look_ahead: object) -> None:
    seen = gradients(5)
    _, plain = run(Schattor(3, 0.1, MU), START, seen)
    _, ahead = run(Schattor(3, 0.1, MU, look_ahead=look_ahead), START, seen)
    np.testing.assert_array_equal(ahead.momentum, plain.momentum)


def test_look_ahead_zero_is_none_and_one_forgets_the_momentum() -> None:
    seen = gradients(4)
    none, _ = run(Schattor(3, 0.1, MU), START, seen)
    zero, _ = run(Schattor(3, 0.1, MU, look_ahead=0), START, seen)
    np.testing.assert_allclose(zero, none, atol=4 * tolerance(START))
    one, _ = run(Schattor(3, 0.1, MU, look_ahead=1), START, seen)
    forgetful, _ = run(Schattor(3, 0.1, 0), START, seen)
    np.testing.assert_allclose(one, forgetful, atol=100 * map_tolerance(seen[0], 3))


def test_recursive_momentum_follows_t12() -> None:
    seen, before = gradients(5), gradients(5, name="previous")
    opt = Schattor(3, 0.1, MU, recursive=True)
    x, state = opt.step(START, seen[0], opt.init(START))
    m = seen[0]
    for g, old in zip(seen[1:], before[1:], strict=True):
        x, state = opt.step(x, g, state, previous_gradient=old)
        m = g + MU * (m - old)
        np.testing.assert_allclose(state.momentum, m, atol=20 * tolerance(START))


def test_recursive_momentum_without_noise_is_the_gradient_itself() -> None:
    target = gradients(1)[0]
    opt = Schattor(3, 0.1, 0.9, recursive=True)
    x, previous, state = START, None, opt.init(START)
    for k in range(6):
        options = {"previous_gradient": previous - target} if k else {}
        gradient, previous = x - target, x
        x, state = opt.step(x, gradient, state, **options)
        np.testing.assert_allclose(state.momentum, gradient, atol=20 * tolerance(START))


def test_first_recursive_step_does_not_use_the_previous_gradient() -> None:
    g = gradients(1)[0]
    opt = Schattor(3, 0.1, 0.9, recursive=True)
    without, _ = opt.step(START, g, opt.init(START))
    given, _ = opt.step(START, g, opt.init(START), previous_gradient=5 * g)
    np.testing.assert_allclose(given, without, atol=100 * map_tolerance(g, 3))


@pytest.mark.parametrize("p", EXPONENTS)
def test_coefficients_at_a_step_are_those_the_step_uses(p: float) -> None:
    opt = Schattor(p, lambda k: 0.5 / (k + 1), lambda k: k / (k + 3), look_ahead="nesterov")
    seen, state, x = gradients(4), None, START
    m = np.zeros_like(START)
    for k, g in enumerate(seen):
        before = x
        x, state = opt.step(x, g, opt.init(START) if state is None else state)
        theta, tau = opt.theta_at(k), opt.look_ahead_at(k)
        m = (1 - theta) * m + theta * g
        np.testing.assert_allclose(state.momentum, m, atol=4 * tolerance(START))
        want = before - opt.step_size_at(k) * duality_map((1 - tau) * m + tau * g, p)
        np.testing.assert_allclose(x, want, atol=100 * tolerance(START))
    assert opt.theta_at(0) == 1.0
    assert [opt.look_ahead_at(k) for k in range(3)] == [opt.theta_at(k + 1) for k in range(3)]


def test_theta_of_bias_correction_is_its_formula() -> None:
    opt = Schattor(3, 0.1, MU, bias_correction=True)
    for k in range(50):
        assert opt.theta_at(k) == pytest.approx((1 - MU) / (1 - MU ** (k + 1)), rel=1e-14)
    assert Schattor(3, 0.1, 0.0, bias_correction=True).theta_at(5) == 1.0
    assert Schattor(3, 0.1, MU).theta_at(7) == pytest.approx(1 - MU, rel=1e-15)
    assert Schattor(3, 0.1, MU).look_ahead_at(7) == 0.0
