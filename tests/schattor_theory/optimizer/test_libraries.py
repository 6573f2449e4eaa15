"""The optimizer on every array library: the same iterates, the same library, device and dtype, and no value read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from schattor_theory import MomentumSchedule, PolynomialSchedule, ProductGeometry, Schattor
from tests.conftest import LIBRARIES, Library
from tests.contracts.oracle import tolerance
from tests.schattor_theory.optimizer.runs import gradients, run

METHODS = {
    "ball, constants": Schattor(3, 0.1, 0.9),
    "regularized, schedules": Schattor(3, PolynomialSchedule(0.1, 1), MomentumSchedule(0.5), "regularized"),
    "look-ahead, decay": Schattor(3, 0.1, 0.9, bias_correction=True, look_ahead="nesterov", weight_decay=0.1),
    "callable look-ahead": Schattor(3, 0.1, 0.9, look_ahead=lambda k: 1 / (k + 2)),
}
SHAPE = (2, 3, 4)
N_STEPS = 3


def three_steps(opt: Schattor, x: Any, *seen: Any, recursive: bool = False) -> tuple:
    state, previous = opt.init(x), None
    for g in seen:
        options = {"previous_gradient": g if previous is None else previous} if recursive else {}
        x, state = opt.step(x, g, state, **options)
        previous = g
    return x, state


def inputs(library: Library, dtype: type = np.float64) -> list[Any]:
    return [library.array(a.astype(dtype)) for a in (np.ones(SHAPE), *gradients(N_STEPS, SHAPE))]


@pytest.mark.parametrize("method", METHODS)
def test_every_library_takes_the_steps_that_numpy_takes(xp: Library, method: str) -> None:
    opt = METHODS[method]
    x, state = xp.call(lambda *a: three_steps(opt, *a), *inputs(xp))
    want, want_state = three_steps(opt, *inputs(LIBRARIES["numpy"]()))
    np.testing.assert_allclose(xp.host(x), want, atol=100 * tolerance(want))
    np.testing.assert_allclose(xp.host(state.momentum), want_state.momentum, atol=100 * tolerance(want))
    np.testing.assert_array_equal(xp.host(state.step), want_state.step)
    np.testing.assert_array_equal(xp.host(state.status), 0)


def test_every_library_takes_recursive_steps(xp: Library) -> None:
    opt = Schattor(3, 0.1, 0.9, recursive=True)
    x, _ = xp.call(lambda *a: three_steps(opt, *a, recursive=True), *inputs(xp))
    want, _ = three_steps(opt, *inputs(LIBRARIES["numpy"]()), recursive=True)
    np.testing.assert_allclose(xp.host(x), want, atol=100 * tolerance(want))


@pytest.mark.parametrize("method", ["regularized, schedules", "look-ahead, decay"])
def test_float32_stays_float32_in_the_same_library_and_device(xp: Library, method: str) -> None:
    x, *seen = inputs(xp, np.float32)
    after, state = xp.call(lambda *a: three_steps(METHODS[method], *a), x, *seen)
    assert type(after) is type(state.momentum) is type(x)
    assert after.dtype == state.momentum.dtype == x.dtype
    assert xp.host(state.step).dtype == xp.host(state.status).dtype == np.int32
    if hasattr(x, "device"):
        assert after.device == state.step.device == state.status.device == x.device
    double, _ = three_steps(METHODS[method], *inputs(LIBRARIES["numpy"]()))
    np.testing.assert_allclose(xp.host(after), double, atol=100 * tolerance(np.ones(SHAPE, dtype=np.float32)))


def test_numpy_float64_scalars_do_not_promote_float32() -> None:
    opt = Schattor(
        3,
        lambda k: np.float64(0.1),
        lambda k: np.float64(0.5),
        look_ahead=np.float64(0.3),
        weight_decay=np.float64(0.1),
    )
    x, state = run(opt, np.ones((3, 4), dtype=np.float32), [g.astype(np.float32) for g in gradients(2)])
    assert x.dtype == state.momentum.dtype == np.float32


def test_blocks_take_the_same_steps_in_every_library(xp: Library) -> None:
    opt = Schattor(ProductGeometry({"w": 3, "twin": 3, "b": 2}, {"w": 0.5}, 2), 0.1, 0.9)
    shapes = {"w": (2, 3, 4), "twin": (2, 3, 4), "b": (2, 4, 1)}
    params = {b: np.ones(s) for b, s in shapes.items()}
    seen = [{b: gradients(2, s, b)[k] for b, s in shapes.items()} for k in range(2)]
    x, state = xp.call(lambda *a: three_steps(opt, *a), xp.blocks(params), *map(xp.blocks, seen))
    want, _ = three_steps(opt, params, *seen)
    for b in params:
        np.testing.assert_allclose(xp.host(x[b]), want[b], atol=100 * tolerance(want[b]))
    np.testing.assert_array_equal(xp.host(state.step), 2)


def test_one_jitted_step_serves_every_step_number() -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    library = LIBRARIES["jax"]()
    opt, n_traces = METHODS["regularized, schedules"], 0

    def counted(x, g, state):
        nonlocal n_traces
        n_traces += 1
        return opt.step(x, g, state)

    step = jax.jit(counted)
    x, *seen = inputs(library)
    state = opt.init(x)
    for g in seen:
        x, state = step(x, g, state)
    eager, _ = three_steps(opt, *inputs(LIBRARIES["numpy"]()))
    np.testing.assert_allclose(library.host(x), eager, atol=100 * tolerance(eager))
    assert n_traces == 1


def test_a_schedule_may_branch_on_the_step_number_on_numpy() -> None:
    seen, given = gradients(4), []

    def warm_up(k):
        given.append(k)
        return 0.1 if k < 2 else 0.05 * math.sqrt(k)

    x, _ = run(Schattor(2, warm_up, 0), np.zeros((3, 4)), seen)
    want = -sum(warm_up(k) * g / np.linalg.norm(g) for k, g in enumerate(seen))
    np.testing.assert_allclose(x, want, atol=10 * tolerance(x))
    assert all(type(k) is int for k in given)


def test_runs_of_different_ages_get_the_coefficients_of_their_own_step() -> None:
    opt, seen = Schattor(3, lambda k: 1 / (k + 1), lambda k: k / (k + 1)), gradients(3, (2, 3, 4))
    spoiled = seen[0].copy()
    spoiled[0] = math.nan
    x, state = run(opt, np.zeros((2, 3, 4)), [spoiled, *seen[1:]])
    np.testing.assert_array_equal(state.step, [2, 3])
    younger, _ = run(opt, np.zeros((3, 4)), [g[0] for g in seen[1:]])
    np.testing.assert_allclose(x[0], younger, atol=tolerance(younger))


def test_a_stack_of_runs_is_each_run_alone() -> None:
    for opt in METHODS.values():
        x, *seen = inputs(LIBRARIES["numpy"](), np.float64)
        together, state = three_steps(opt, x, *seen)
        for i in range(SHAPE[0]):
            alone, alone_state = three_steps(opt, x[i], *(g[i] for g in seen))
            np.testing.assert_array_equal(together[i], alone)
            np.testing.assert_array_equal(state.momentum[i], alone_state.momentum)


class ReadError(AssertionError):
    """A value was read off the device."""


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return array-api-strict on its second device with every way of reading a value closed."""
    library = LIBRARIES["array-api-strict-device1"]()
    kind = type(library.array(np.ones(1)))

    def refuse(*_: object, **__: object) -> None:
        raise ReadError("a value was read")

    numbers = ("__bool__", "__float__", "__int__", "__index__", "__complex__")
    for name in (*numbers, "__dlpack__", "__array__", "__buffer__", "__iter__", "to_device"):
        monkeypatch.setattr(kind, name, refuse, raising=False)
    return library


@pytest.mark.parametrize("method", METHODS)
def test_step_reads_no_value(guarded: Library, method: str) -> None:
    three_steps(METHODS[method], *inputs(guarded))
    geometry = ProductGeometry({"w": 3, "b": 2}, balance=1)
    g = {b: guarded.array(gradients(1, SHAPE)[0]) for b in ("w", "b")}
    three_steps(Schattor(geometry, 0.1, 0.9, "regularized"), g, g, g)


def test_guard_sees_a_value_that_is_read(guarded: Library) -> None:
    x, g, *_ = inputs(guarded)
    with pytest.raises(ReadError):
        METHODS["ball, constants"].geometry.norm(g)  # the public call does look at its values
    with pytest.raises(ReadError):
        three_steps(Schattor(3, lambda k: 0.1 if k[0] > 3 else 0.2, 0.9), x, g)


def test_step_writes_to_none_of_its_inputs() -> None:
    frozen = LIBRARIES["numpy-read-only"]()
    for opt in METHODS.values():
        x, *seen = inputs(frozen)
        state = opt.init(x)
        for g in seen:
            kept = [np.array(a) for a in (x, g, *state)]
            for a in state:
                a.flags.writeable = False
            after, new_state = opt.step(x, g, state)
            for a, b in zip((x, g, *state), kept, strict=True):
                np.testing.assert_array_equal(a, b)
            assert not np.shares_memory(after, x)
            after.flags.writeable = False
            x, state = after, new_state


def test_init_and_step_return_new_dicts() -> None:
    opt = Schattor(ProductGeometry({"w": 3}), 0.1, 0.9)
    params, g = {"w": np.ones((2, 2))}, {"w": np.ones((2, 2))}
    state = opt.init(params)
    x, after = opt.step(params, g, state)
    x["w"][...] = 7
    after.momentum["w"][...] = 7
    for value in (params["w"], g["w"]):
        np.testing.assert_array_equal(value, 1)
    np.testing.assert_array_equal(state.momentum["w"], 0)
