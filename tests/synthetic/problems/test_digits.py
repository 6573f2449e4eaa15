"""Data problems: gradients by enumeration of the samples, and the proved smoothness of logistic regression."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory import ProductGeometry, Schattor
from synthetic.problems import PROBLEMS
from synthetic.problems.digits import class_errors, cross_entropy
from tests.synthetic.problems.cases import NETWORK, points, product, rng, tree

N = 30


def build(name: str):
    if name == "network":
        return PROBLEMS["digits_network"].build(None, product(NETWORK), rng=rng("net"), width=4, n_samples=N, l2=0.1)
    return PROBLEMS["digits_logistic"].build(None, None, n_samples=N, bias=name == "bias", l2=0.1)


every_model = pytest.mark.parametrize("name", ["logistic", "bias", "network"])


def assert_equal(a, b, rel: float = 1e-11) -> None:
    for x, y in zip(a.values(), b.values(), strict=True) if isinstance(a, dict) else [(a, b)]:
        assert np.abs(x - y).max() <= rel * (1 + np.abs(y).max())


@every_model
def test_minibatch_of_every_sample_is_the_gradient(name: str) -> None:
    problem = build(name)
    x = points(problem, rng("all", name), 2)
    assert_equal(problem.minibatch_gradient(x, np.array([np.arange(N), np.arange(N)[::-1]])), problem.gradient(x))


@every_model
def test_single_samples_average_to_the_gradient(name: str) -> None:
    problem = build(name)
    x = tree(lambda v: v[0], points(problem, rng("one", name), 1))
    stack = tree(lambda v: np.broadcast_to(v, (N, *v.shape)), x)
    single = problem.minibatch_gradient(stack, np.arange(N)[:, None])
    assert_equal(tree(lambda g: g.mean(axis=0), single), problem.gradient(x))
    leaf = next(iter(single.values())) if isinstance(single, dict) else single
    assert leaf.std(axis=0).max() > 0  # the samples do differ, so the average says something


@every_model
def test_minibatch_gradient_of_a_stack_is_its_slices(name: str) -> None:
    problem = build(name)
    x = points(problem, rng("rows", name), 3)
    indices = rng("rows index", name).integers(0, N, size=(3, 5))
    whole = problem.minibatch_gradient(x, indices)
    for i in range(3):
        one = problem.minibatch_gradient(tree(lambda v, i=i: v[i], x), indices[i])
        assert_equal(one, tree(lambda g, i=i: g[i], whole))


def test_cross_entropy_is_stable_for_huge_logits() -> None:
    logits, classes = np.array([[1e4, 0.0], [0.0, -1e4]]), np.array([0, 1])
    assert cross_entropy(logits, classes) == pytest.approx(5e3)
    assert class_errors(logits, classes) == pytest.approx(np.array([[0.0, 0.0], [0.5, -0.5]]))


def test_logistic_regression_starts_at_the_entropy_of_ten_classes() -> None:
    assert build("logistic").initial_gap == pytest.approx(math.log(10), rel=1e-14)


@pytest.mark.parametrize("p", [1, 2, 4, "inf"])
def test_logistic_curvature_at_zero_is_a_fifth_of_the_bound(p) -> None:
    """At W = 0 the softmax is uniform: its Hessian is J/10, and the bound has J/2, on the same worst direction."""
    problem = PROBLEMS["digits_logistic"].build((64, 10), p, n_samples=N)
    values, vectors = np.linalg.eigh(problem.images.T @ problem.images / N)
    weights = np.sort(values)[::-1][:9]
    d = np.ones(9) if p == "inf" else np.eye(9)[0] if p in (1, 2) else (weights / weights[0]) ** (1 / (p - 2))
    contrasts = np.linalg.qr(np.column_stack([np.ones(10), np.eye(10)[:, :9]]))[0][:, 1:]
    direction = (vectors[:, ::-1][:, :9] * d) @ contrasts.T
    h = 1e-5
    change = (problem.gradient(h * direction) - problem.gradient(-h * direction)) / (2 * h)
    geometry = Schattor(p, step_size=1, momentum=0).geometry
    ratio = geometry.dual_norm(change) / geometry.norm(direction)
    assert 5 * ratio == pytest.approx(problem.smoothness(p), rel=1e-6)


def test_logistic_bias_bound_covers_each_block_alone() -> None:
    problem = build("bias")
    alone = PROBLEMS["digits_logistic"].build(None, 4, n_samples=N, l2=0.1).smoothness(4)
    for balance in (1, 2, "inf"):
        both = problem.smoothness(ProductGeometry({"weights": 4, "bias": 2}, balance=balance))
        assert both >= max(alone, 0.5 + 0.1) * (1 - 1e-12)


def test_network_learns_the_digits_and_the_objective_falls() -> None:
    geometry = product(NETWORK, "inf", "inf")
    problem = PROBLEMS["digits_network"].build(None, geometry, rng=rng("learn"), width=16, n_samples=300)
    optimizer = Schattor(geometry, step_size=0.02, momentum=0.5)
    x = tree(lambda v: v[None], problem.start)
    state = optimizer.init(x)
    for _ in range(60):
        x, state = optimizer.step(x, problem.gradient(x), state)
    assert problem.value(x)[0] < problem.initial_gap / 4
    assert problem.accuracy(x)[0] > 0.9
    assert problem.smoothness(geometry) is None
