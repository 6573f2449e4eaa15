"""The optax shell: the core's updates on trees, under jit, in chains and partitions, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from schattor_theory import Schattor
from schattor_theory.errors import ExponentError, ParameterError, UnknownNameError
from schattor_theory.parameters import matrix_shape

jax = pytest.importorskip("jax", reason="jax is not installed")
optax = pytest.importorskip("optax", reason="optax is not installed")
from schattor_theory.optax import schattor  # noqa: E402

pytestmark = pytest.mark.peers

SHAPES = {"kernel": (3, 3, 2, 4), "bias": (4,), "dense": {"w": (4, 3), "v": (4, 3)}, "gain": ()}


@pytest.fixture(autouse=True)
def _double_precision() -> Any:
    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def drawn(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    is_shape = lambda shape: isinstance(shape, tuple)  # noqa: E731
    return jax.tree.map(lambda shape: jax.numpy.asarray(rng.standard_normal(shape)), SHAPES, is_leaf=is_shape)


def trained(transformation: Any, steps: int, *, compiled: bool) -> tuple[Any, Any]:
    def step(params: Any, state: Any, gradient: Any) -> tuple[Any, Any]:
        updates, state = transformation.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    step = jax.jit(step) if compiled else step
    params = drawn(0)
    state = transformation.init(params)
    for k in range(steps):
        params, state = step(params, state, drawn(k + 1))
    return params, state


@pytest.mark.parametrize("outputs", ["last", pytest.param("first", marks=pytest.mark.slow)])
# operation by operation, each is compiled by itself
@pytest.mark.parametrize("compiled", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_updates_are_those_of_the_core(compiled: bool, outputs: str) -> None:
    options: dict[str, Any] = {"momentum": 0.8, "look_ahead": "nesterov", "weight_decay": 0.5, "oracle": "regularized"}
    params, state = trained(schattor(0.1, p=3, outputs=outputs, **options), 3, compiled=compiled)
    method = Schattor(3, 0.1, **options)
    leaves, tree = jax.tree.flatten(params)
    starts, gradients = tree.flatten_up_to(drawn(0)), [tree.flatten_up_to(drawn(k)) for k in (1, 2, 3)]
    for i, leaf in enumerate(leaves):
        x = np.asarray(starts[i]).reshape(matrix_shape(leaf.shape, outputs))
        alone = method.init(x)
        for gradient in gradients:
            x, alone = method.step(x, np.asarray(gradient[i]).reshape(x.shape), alone)
        np.testing.assert_allclose(np.asarray(leaf), x.reshape(leaf.shape), rtol=1e-12, atol=1e-12)
    assert {int(k) for k in jax.tree.leaves(state.step)} == {3}


@pytest.mark.slow
def test_follows_an_optax_schedule() -> None:
    schedule = optax.exponential_decay(0.5, transition_steps=1, decay_rate=0.5)
    transformation = schattor(schedule, p=2)
    params = {"w": jax.numpy.zeros((2, 3))}
    state = transformation.init(params)
    lengths = []
    for k in range(3):
        updates, state = transformation.update({"w": drawn(k)["kernel"][0, :2, 0, :3]}, state, params)
        lengths.append(float(jax.numpy.linalg.norm(updates["w"])))
    assert lengths == pytest.approx([0.5, 0.25, 0.125], rel=1e-12)


@pytest.mark.slow
def test_goes_into_chains_and_partitions() -> None:
    parts = {"matrices": schattor(0.1, p="inf"), "others": optax.sgd(1.0)}
    labels = {"kernel": "matrices", "bias": "others", "dense": {"w": "matrices", "v": "matrices"}, "gain": "others"}
    transformation = optax.chain(optax.clip_by_global_norm(1e3), optax.partition(parts, labels))
    params, gradient = drawn(0), drawn(1)
    updates, _ = transformation.update(gradient, transformation.init(params), params)
    np.testing.assert_allclose(updates["bias"], -gradient["bias"], rtol=1e-15)
    assert float(jax.numpy.linalg.norm(updates["dense"]["w"], 2)) == pytest.approx(0.1, rel=1e-12)


@pytest.mark.slow
def test_a_leaf_with_a_gradient_that_is_not_finite_stays_and_the_others_move() -> None:
    transformation, params, gradient = schattor(0.1), drawn(0), drawn(1)
    gradient["dense"]["w"] = gradient["dense"]["w"].at[0, 0].set(jax.numpy.nan)
    updates, state = jax.jit(transformation.update)(gradient, transformation.init(params), params)
    assert not np.any(updates["dense"]["w"])
    assert np.any(updates["dense"]["v"])
    assert (int(state.status["dense"]["w"]), int(state.step["dense"]["w"])) == (1, 0)
    assert (int(state.status["dense"]["v"]), int(state.step["dense"]["v"])) == (0, 1)


def test_an_empty_tree_has_an_empty_update() -> None:
    transformation = schattor(0.1)
    assert transformation.update({}, transformation.init({}), {})[0] == {}


def test_the_parameters_are_needed() -> None:
    transformation, params = schattor(0.1), drawn(0)
    with pytest.raises(ParameterError, match=r"schattor.update: params must be given, got params=None. Call update\("):
        transformation.update(drawn(1), transformation.init(params))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"p": 0.5}, ExponentError, "p must lie in"),
        ({"momentum": 1.0}, ParameterError, "momentum must lie in"),
        ({"outputs": "middle"}, UnknownNameError, "schattor: outputs must be one of 'first', 'last'"),
    ],
)
def test_options_are_checked_at_once(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        schattor(0.1, **options)
