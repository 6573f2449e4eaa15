"""A run that meets a NaN or an overflow is frozen with a status, and the others of its stack do not notice."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory import ProductGeometry, Schattor
from tests.conftest import Library
from tests.schattor_theory.optimizer.runs import gradients, run, steps_of

METHODS = {
    "ball": Schattor("inf", 0.1, 0.9),
    "regularized": Schattor(3, 0.1, 0.9, "regularized"),
    "frobenius": Schattor(2, 0.1, 0.9),
    "nuclear": Schattor(1, 0.1, 0.9),
    "bias corrected, look-ahead": Schattor(4, 0.1, 0.9, bias_correction=True, look_ahead="nesterov"),
    "scheduled, decay": Schattor(4, lambda k: 0.1 / (k + 1), lambda k: k / (k + 2), weight_decay=0.1),
}
START = np.zeros((3, 3, 4))


def spoiled(seen: list[np.ndarray], k: int, run_index: int, value: float) -> list[np.ndarray]:
    """Return the gradients with one entry of one run replaced at step k."""
    copies = [g.copy() for g in seen]
    copies[k][run_index, 1, 2] = value
    return copies


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("method", METHODS)
def test_a_bad_run_is_frozen_for_that_step_and_no_other_run_notices(method: str, value: float) -> None:
    seen = gradients(4, (3, 3, 4))
    clean = steps_of(METHODS[method], START, seen)
    found = steps_of(METHODS[method], START, spoiled(seen, 2, 1, value))
    (x, state), (x_before, before) = found[2], found[1]
    np.testing.assert_array_equal(x[1], x_before[1])
    np.testing.assert_array_equal(state.momentum[1], before.momentum[1])
    np.testing.assert_array_equal(state.step, [3, 2, 3])
    np.testing.assert_array_equal(state.status, [0, 1, 0])
    for (got, got_state), (want, want_state) in zip(found, clean, strict=True):
        for other in (0, 2):
            np.testing.assert_array_equal(got[other], want[other])
            np.testing.assert_array_equal(got_state.momentum[other], want_state.momentum[other])


def test_a_frozen_run_goes_on_as_if_the_step_had_not_been_and_keeps_its_status() -> None:
    seen = gradients(4, (3, 3, 4))
    for opt in METHODS.values():
        x, state = run(opt, START, spoiled(seen, 1, 1, math.nan))
        skipped, _ = run(opt, START, [seen[0], *seen[2:]])
        np.testing.assert_array_equal(x[1], skipped[1])
        assert list(state.status) == [0, 1, 0]


def test_after_a_bad_first_gradient_momentum_starts_at_the_first_finite_one() -> None:
    seen = gradients(3, (3, 3, 4))
    for opt in METHODS.values():
        _, state = run(opt, START, spoiled(seen, 0, 1, math.nan)[:2])
        np.testing.assert_array_equal(state.momentum[1], seen[1][1])
        np.testing.assert_array_equal(state.step, [2, 1, 2])


def test_a_run_without_a_stack_is_frozen_too() -> None:
    opt = METHODS["ball"]
    x, state = run(opt, START[0], [np.full((3, 4), math.nan)])
    np.testing.assert_array_equal(x, START[0])
    assert (int(state.step), int(state.status)) == (0, 1)


def test_overflowing_update_has_status_two_and_raises_no_warning() -> None:
    opt = Schattor("inf", 1e308, 0, "regularized")
    g = np.stack([np.full((2, 2), 1e10), np.full((2, 2), 1e-10)])
    x, state = run(opt, np.ones((2, 2, 2)), [g])
    np.testing.assert_array_equal(state.status, [2, 0])
    np.testing.assert_array_equal(state.step, [0, 1])
    np.testing.assert_array_equal(x[0], 1)
    assert np.isfinite(x).all()
    assert (x[1] != 1).all()


def test_overflow_of_recursive_momentum_has_status_two() -> None:
    opt = Schattor(3, 0.1, 0.9, recursive=True)
    big = np.full((2, 2), 1.7e308)
    x, state = opt.step(np.zeros((2, 2)), big, opt.init(np.zeros((2, 2))))
    after, state = opt.step(x, big, state, previous_gradient=-big)
    np.testing.assert_array_equal(after, x)
    assert int(state.status) == 2


def test_non_finite_parameters_have_status_two() -> None:
    x, state = run(METHODS["ball"], np.full((3, 4), math.nan), gradients(1))
    assert np.isnan(x).all()
    assert (int(state.status), int(state.step)) == (2, 0)


def test_the_first_trouble_stays_in_the_status() -> None:
    opt = Schattor("inf", 1e308, 0, "regularized")
    bad, huge = np.full((2, 2), math.nan), np.full((2, 2), 1e10)
    assert int(run(opt, np.ones((2, 2)), [bad, huge])[1].status) == 1
    assert int(run(opt, np.ones((2, 2)), [huge, bad])[1].status) == 2


def test_a_bad_block_freezes_every_block_of_its_run() -> None:
    opt = Schattor(ProductGeometry({"w": 3, "b": 2}), 0.1, 0.9)
    params = {"w": np.zeros((2, 3, 3)), "b": np.zeros((2, 4, 1))}
    g = {"w": gradients(1, (2, 3, 3))[0], "b": gradients(1, (2, 4, 1))[0]}
    g["b"][0, 2, 0] = math.nan
    x, state = opt.step(params, g, opt.init(params))
    np.testing.assert_array_equal(state.status, [1, 0])
    for b in params:
        np.testing.assert_array_equal(x[b][0], 0)
        np.testing.assert_array_equal(state.momentum[b][0], 0)
        assert (x[b][1] != 0).any()
        np.testing.assert_array_equal(state.momentum[b][1], g[b][1])


def test_a_bad_previous_gradient_freezes_its_run() -> None:
    opt = Schattor(3, 0.1, 0.9, recursive=True)
    seen = gradients(2, (2, 3, 3))
    x, state = opt.step(np.zeros((2, 3, 3)), seen[0], opt.init(np.zeros((2, 3, 3))))
    previous = np.stack([np.full((3, 3), math.nan), seen[0][1]])
    after, after_state = opt.step(x, seen[1], state, previous_gradient=previous)
    np.testing.assert_array_equal(after[0], x[0])
    np.testing.assert_array_equal(after_state.status, [1, 0])
    assert (after[1] != x[1]).any()


def test_every_library_freezes_the_bad_run_alone(xp: Library) -> None:
    seen = gradients(2, (2, 3, 4))
    bad = [seen[0], seen[1].copy()]
    bad[1][0] = math.nan
    opt = METHODS["bias corrected, look-ahead"]

    def two_steps(x, first, second):
        x, state = opt.step(x, first, opt.init(x))
        return opt.step(x, second, state)

    start = xp.array(START[:2])
    x, state = xp.call(two_steps, start, *map(xp.array, bad))
    np.testing.assert_array_equal(xp.host(state.status), [1, 0])
    np.testing.assert_array_equal(xp.host(state.step), [1, 2])
    clean, _ = xp.call(two_steps, start, *map(xp.array, seen))
    np.testing.assert_array_equal(xp.host(x)[1], xp.host(clean)[1])
    assert np.isfinite(xp.host(x)).all()


def test_empty_stacks_and_empty_matrices_are_stepped(eager_xp: Library) -> None:
    for shape in ((0, 3, 4), (2, 0, 4)):
        x, state = run(METHODS["regularized"], eager_xp.array(np.zeros(shape)), [eager_xp.array(np.zeros(shape))] * 2)
        assert tuple(x.shape) == tuple(state.momentum.shape) == shape
        np.testing.assert_array_equal(eager_xp.host(state.step), [2] * shape[0])
