"""The state: what init makes, and that saving it loses nothing."""

from __future__ import annotations

import io

import numpy as np
import pytest

from schattor_theory import MomentumSchedule, ProductGeometry, Schattor, SchattorState
from schattor_theory.errors import ShapeError
from tests.conftest import Library
from tests.schattor_theory.optimizer.runs import gradients, run

METHODS = {
    "momentum": Schattor(3, 0.1, 0.9, bias_correction=True, look_ahead="nesterov"),
    "schedule": Schattor("inf", lambda k: 0.1 / (k + 1), MomentumSchedule(0.5), "regularized", weight_decay=0.1),
}
START = np.zeros((2, 3, 4))


def saved_and_loaded(state: SchattorState, like: object) -> SchattorState:
    file = io.BytesIO()
    np.savez(file, **state.to_arrays())
    file.seek(0)
    with np.load(file) as arrays:
        return SchattorState.from_arrays(arrays, like=like)


def test_state_before_the_first_step_is_zero(eager_xp: Library) -> None:
    for dtype in (np.float32, np.float64):
        params = eager_xp.array(np.ones((2, 3, 4), dtype=dtype))
        state = METHODS["momentum"].init(params)
        assert state.momentum.dtype == params.dtype
        for array, shape in ((state.step, (2,)), (state.status, (2,)), (state.momentum, (2, 3, 4))):
            assert tuple(array.shape) == shape
            assert not eager_xp.host(array).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_run_that_was_saved_and_loaded_takes_bit_for_bit_the_same_steps(method: str) -> None:
    opt, seen = METHODS[method], gradients(6, (2, 3, 4))
    seen[1][0, 0, 0] = np.nan  # so that step numbers and statuses differ between the runs
    want, want_state = run(opt, START, seen)
    half, state = run(opt, START, seen[:3])
    got, got_state = run(opt, half, seen[3:], saved_and_loaded(state, half))
    np.testing.assert_array_equal(got, want)
    for a, b in zip(got_state, want_state, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


def test_a_saved_run_of_every_library_goes_on_there(eager_xp: Library) -> None:
    opt, seen = METHODS["momentum"], [eager_xp.array(g) for g in gradients(3, (2, 3, 4))]
    half, state = run(opt, eager_xp.array(START), seen[:2])
    loaded = saved_and_loaded(state, half)
    assert type(loaded.momentum) is type(half)
    assert loaded.momentum.dtype == half.dtype
    after_loading, without = (run(opt, half, seen[2:], s)[0] for s in (loaded, state))
    np.testing.assert_array_equal(eager_xp.host(after_loading), eager_xp.host(without))


def test_blocks_are_saved_under_their_names() -> None:
    opt = Schattor(ProductGeometry({"w": 3, "b/c": 2}), 0.1, 0.9)
    params = {"w": np.zeros((3, 4)), "b/c": np.zeros((5, 1))}
    g = {"w": gradients(1)[0], "b/c": gradients(1, (5, 1))[0]}
    x, state = opt.step(params, g, opt.init(params))
    assert set(state.to_arrays()) == {"step", "status", "momentum/w", "momentum/b/c"}
    loaded = saved_and_loaded(state, x)
    for b in params:
        np.testing.assert_array_equal(opt.step(x, g, loaded)[0][b], opt.step(x, g, state)[0][b])


def test_empty_stack_is_saved_and_loaded(eager_xp: Library) -> None:
    params = eager_xp.array(np.zeros((0, 3, 4)))
    loaded = saved_and_loaded(METHODS["momentum"].init(params), params)
    assert tuple(loaded.momentum.shape) == (0, 3, 4)
    assert tuple(loaded.step.shape) == (0,)


def test_loaded_state_does_not_share_memory_with_the_arrays() -> None:
    arrays = METHODS["momentum"].init(START).to_arrays()
    loaded = SchattorState.from_arrays(arrays, like=START)
    for name in ("step", "momentum", "status"):
        assert not np.shares_memory(getattr(loaded, name), arrays[name])


def test_refuses_half_a_state_and_names_what_is_missing() -> None:
    arrays = METHODS["momentum"].init(START).to_arrays()
    del arrays["momentum"]
    with pytest.raises(ShapeError) as caught:
        SchattorState.from_arrays(arrays, like=START)
    assert str(caught.value) == (
        "SchattorState.from_arrays: arrays must hold a whole state, got arrays=['status', 'step']. "
        "These are missing: ['momentum']. Pass what to_arrays() returned for the same parameters."
    )


@pytest.mark.parametrize(("key", "shape"), [("momentum", (2, 3, 4)), ("step", (2,)), ("status", (2,))])
def test_refuses_a_state_of_other_parameters(key: str, shape: tuple[int, ...]) -> None:
    arrays = METHODS["momentum"].init(START).to_arrays()
    arrays[key] = np.zeros((9, *shape), dtype=arrays[key].dtype)
    with pytest.raises(ShapeError) as caught:
        SchattorState.from_arrays(arrays, like=START)
    assert str(caught.value) == (
        f"SchattorState.from_arrays: arrays[{key!r}] must have shape {shape}, got arrays[{key!r}]={(9, *shape)}. "
        "Pass what to_arrays() returned for the same parameters."
    )
