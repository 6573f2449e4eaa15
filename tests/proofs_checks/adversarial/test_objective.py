"""The one-step ratio and the commutator size: gradients, symmetries, the scalar case, a wrong gradient seen."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.adversarial.climb import climb, polish
from proofs_checks.adversarial.description import describe
from proofs_checks.adversarial.objective import OneStep, commutator_size, commutator_squared
from proofs_checks.adversarial.pairs import Block, Pair, read_exponent
from proofs_checks.adversarial.trees import Tree
from schattor_theory.errors import ExponentError
from synthetic.seeds import Streams
from tests.joined import every

SHAPES = [(1, 1, False), (2, 2, False), (3, 3, True), (2, 4, True), (5, 3, False)]


def generator(label: object) -> np.random.Generator:
    return Streams({"test": "objective", "label": label}).generator("data")


def slope_error(function: Callable[[np.ndarray], tuple[float, np.ndarray]], x: np.ndarray, label: object) -> float:
    """Return how far the analytic slope is from a central difference, relative to the size of the gradient."""
    direction = generator(label).standard_normal(x.size)
    h = 1e-5
    difference = (function(x + h * direction)[0] - function(x - h * direction)[0]) / (2 * h)
    gradient = function(x)[1]
    return abs(difference - gradient @ direction) / (1 + np.linalg.norm(gradient) * np.linalg.norm(direction))


def flat_ratio(ratio: OneStep, pair: Pair) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    def function(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, in_a, in_b = ratio.with_gradient(*pair.matrices(x))
        return value, pair.flat(in_a, in_b)

    return function


# error of a central difference at h = 1e-5: h² times third derivatives of order 10³ here, and eps/h from rounding
DIFFERENCE = 1e-6


@every(("m", "n", "is_complex"), SHAPES)
@every(("q", "order"), [(1.3, 1.3), (1.8, 1.8), (3.0, 1.5), (1.7, 1.4)])
def test_gradient_of_the_ratio_is_its_derivative(m: int, n: int, is_complex: bool, q: float, order: float) -> None:
    pair = Pair(m, n, is_complex)
    rng = generator((m, n))
    x = pair.flat(pair.draw(rng), pair.draw(rng))
    function = flat_ratio(OneStep(q, order), pair)
    assert slope_error(function, x, "direction") < DIFFERENCE
    value, gradient = function(x)
    assert slope_error(lambda y: (function(y)[0], 1.001 * gradient), x, "direction") > 10 * DIFFERENCE or not np.any(
        np.abs(gradient) > 0.1
    )
    assert np.isfinite(value)


@pytest.mark.parametrize(("m", "n", "is_complex"), SHAPES[1:])
def test_gradients_of_commutator_factors_and_trees_are_derivatives(m: int, n: int, is_complex: bool) -> None:
    rng = generator((m, n, "others"))
    pair = Pair(m, n, is_complex)
    a, b = pair.draw(rng), pair.draw(rng)

    def commutator(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, in_a, in_b = commutator_squared(*pair.matrices(x))
        return value, pair.flat(in_a, in_b)

    assert slope_error(commutator, pair.flat(a, b), 1) < DIFFERENCE
    factored = pair.factored(1)

    def in_factors(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, in_a, in_b = OneStep(1.5, 1.5).with_gradient(*factored.matrices(y))
        return value, factored.pull_back(y, in_a, in_b)

    y = factored.flat(a, b)
    assert np.linalg.matrix_rank(factored.matrices(y)[1]) == 1
    # B has zero singular values, where the gradient is only Hölder: move A alone
    fixed = y.copy()

    def in_state(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = in_factors(np.concatenate([x, fixed[x.size :]]))
        return value, gradient[: x.size]

    assert slope_error(in_state, y[: pair.flat(a, b).size // 2], 2) < DIFFERENCE
    for n_steps in (2, 3):
        tree = Tree(1.4, Block(m, n, is_complex), n_steps)
        x = rng.standard_normal(tree.block.size + tree.n_nodes * (tree.block.size + 1))
        assert slope_error(tree.with_gradient, x, n_steps) < DIFFERENCE


def test_the_ratio_of_numbers_is_the_scalar_one() -> None:
    for s in (0.5, 2.0, 7.0):
        for q in (1.2, 1.7):
            expected = (abs(1 - s) ** q - 1 + q * s) / s**q
            assert OneStep(q, q).value(np.array([[1.0]]), np.array([[-s]])) == pytest.approx(expected, rel=1e-14)
            assert OneStep(q, q).value(3 * np.eye(4), -3 * s * np.eye(4)) == pytest.approx(expected, rel=1e-13)


def test_the_ratio_keeps_its_value_under_unitary_maps_scale_and_transposes() -> None:
    rng = generator("symmetry")
    pair = Pair(3, 4, True)
    a, b = pair.draw(rng), pair.draw(rng)
    u, v = (np.linalg.qr(Pair(n, n, True).draw(rng))[0] for n in (3, 4))
    ratio = OneStep(1.6, 1.6)
    for x, y in ((u @ a @ v, u @ b @ v), (1e100 * a, 1e100 * b), (a.conj().T, b.conj().T)):
        assert ratio.value(x, y) == pytest.approx(ratio.value(a, b), rel=1e-12)
        assert commutator_size(x, y) == pytest.approx(commutator_size(a, b), rel=1e-12)


def test_commutator_size_is_zero_for_aligned_pairs_and_at_most_one() -> None:
    assert commutator_size(np.diag([1.0, 2.0]), np.diag([-3.0, 1.0])) == 0
    assert commutator_size(np.array([[1.0]]), np.array([[1.0j]])) == 0
    assert commutator_size(np.eye(2), np.array([[3.0, -4.0], [4.0, 3.0]])) < 1e-15
    rng = generator("size")
    assert all(0 < commutator_size(*rng.standard_normal((2, 3, 3))) < 1 for _ in range(20))


def test_climbing_and_newton_steps_find_the_top_of_a_hill_with_a_flat_direction() -> None:
    def hill(x: np.ndarray) -> tuple[float, np.ndarray]:
        top = np.array([1.0, -2.0, 0.0])
        weights = np.array([1.0, 1e4, 0.0])
        return -float(weights @ (x - top) ** 4), -4 * weights * (x - top) ** 3

    value, x = climb(hill, np.array([3.0, 3.0, 3.0]), iterations=500)
    better, y = polish(hill, x, steps=30)
    assert value <= better <= 0
    assert y[:2] == pytest.approx([1.0, -2.0], abs=1e-2)
    assert y[2] == 3.0


def test_climbing_never_returns_what_has_no_value() -> None:
    def nowhere(x: np.ndarray) -> tuple[float, np.ndarray]:
        return float("nan"), np.zeros_like(x)

    assert climb(nowhere, np.ones(2), iterations=5)[0] == -np.inf


def test_description_of_the_scalar_pair_in_a_larger_matrix() -> None:
    a, b = np.diag([1.0, 0.3, 0.0]), np.diag([-6.8, 0.0, 0.0])
    found = describe(a, b)
    assert (found["rank_a"], found["rank_b"], found["rank_sum"]) == (2, 1, 2)
    assert found["alignment"] == pytest.approx(1.0)
    assert found["step_over_state"] == pytest.approx(6.8)
    assert found["commutator"] == 0
    turned = describe(a, np.outer([1.0, 1.0, 0.0], [1.0, 1.0, 0.0]))
    assert turned["alignment"] < 0.9


def test_exponents_are_read_exactly() -> None:
    assert read_exponent("search", "q", "4/3") == Fraction(4, 3)
    assert read_exponent("search", "q", 1.1) == Fraction(11, 10)
    for wrong in (1, "x", 0.5, None, True):
        with pytest.raises(ExponentError, match="search: q must be a number or fraction larger than 1"):
            read_exponent("search", "q", wrong)
