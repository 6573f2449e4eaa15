"""Parameters of any shape as matrices: which matrix, and that each is stepped as it would be alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from schattor_theory import Schattor, SchattorState
from schattor_theory.errors import UnknownNameError
from schattor_theory.parameters import matrix_shape, step_each
from tests.conftest import Library

SHAPES = [(4, 3), (4,), (2, 3, 2), (4, 3), (), (4, 1), (1, 3)]


@pytest.mark.parametrize(
    ("shape", "first", "last"),
    [
        ((), (1, 1), (1, 1)),
        ((7,), (7, 1), (7, 1)),
        ((2, 3), (2, 3), (2, 3)),
        ((8, 3, 5), (8, 15), (24, 5)),
        ((8, 3, 5, 2), (8, 30), (120, 2)),
    ],
)
def test_a_kernel_is_the_matrix_of_its_outputs_against_all_else(
    shape: tuple[int, ...], first: tuple[int, int], last: tuple[int, int]
) -> None:
    assert matrix_shape(shape) == first
    assert matrix_shape(shape, outputs="last") == last


def test_an_unknown_place_of_the_outputs_is_refused() -> None:
    with pytest.raises(
        UnknownNameError, match="matrix_shape: outputs must be one of 'first', 'last', got outputs='mid"
    ):
        matrix_shape((2, 3), outputs="middle")


def drawn(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(shape)) for shape in SHAPES]


def fresh(xp: Library) -> list[SchattorState]:
    zero = np.zeros((), dtype=np.int32)
    return [SchattorState(xp.array(zero), xp.array(np.zeros(shape)), xp.array(zero)) for shape in SHAPES]


def run(xp: Library, method: Schattor, gradients: list[list[np.ndarray]], outputs: str = "first") -> tuple[Any, Any]:
    x, states = [xp.array(one) for one in drawn(0)], fresh(xp)
    for gradient in gradients:
        x, states = step_each(method, x, [xp.array(g) for g in gradient], states, outputs=outputs)
    return x, states


@pytest.mark.parametrize("p", [2, 3, "inf"])
@pytest.mark.parametrize("oracle", ["ball", "regularized"])
@pytest.mark.parametrize("outputs", ["first", "last"])
def test_each_parameter_moves_as_its_matrix_alone(p: object, oracle: str, outputs: str) -> None:
    xp = Library("numpy", np.array)
    method = Schattor(p, 0.1, 0.9, oracle, look_ahead="nesterov", weight_decay=0.5)
    gradients = [drawn(seed) for seed in (1, 2, 3)]
    found, states = run(xp, method, gradients, outputs)
    for i, shape in enumerate(SHAPES):
        x = drawn(0)[i].reshape(matrix_shape(shape, outputs))
        alone = method.init(x)
        for gradient in gradients:
            x, alone = method.step(x, gradient[i].reshape(x.shape), alone)
        rounding = 50 * math.prod(x.shape) * np.finfo(float).eps
        np.testing.assert_allclose(found[i], x.reshape(shape), rtol=rounding, atol=rounding)
        np.testing.assert_allclose(states[i].momentum, alone.momentum.reshape(shape), rtol=rounding, atol=rounding)
        assert (found[i].shape, int(states[i].step)) == (shape, 3)


def test_works_on_every_array_library(xp: Library) -> None:
    if xp.name == "jax-jit":
        pytest.skip("reads states in between")
    method = Schattor(3, 0.1, 0.9)
    gradients = [drawn(seed) for seed in (1, 2)]
    found, _ = run(xp, method, gradients)
    expected, _ = run(Library("numpy", np.array), method, gradients)
    for mine, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(xp.host(mine), wanted, rtol=1e-12, atol=1e-12)


def test_a_parameter_with_a_gradient_that_is_not_finite_stays_and_the_others_of_its_shape_move() -> None:
    method, bad = Schattor("inf", 0.1, 0.9), drawn(2)
    bad[0][1, 2] = math.nan
    before, _ = run(Library("numpy", np.array), method, [drawn(1)])
    after, states = run(Library("numpy", np.array), method, [drawn(1), bad])
    np.testing.assert_array_equal(after[0], before[0])
    assert (int(states[0].step), int(states[0].status)) == (1, 1)
    assert not np.array_equal(after[3], before[3])
    assert (int(states[3].step), int(states[3].status)) == (2, 0)
