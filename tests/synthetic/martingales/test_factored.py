"""Sums kept as products: the matrices and singular values of the sums themselves, at any size and scale."""

from __future__ import annotations

import numpy as np
import pytest

from synthetic import MARTINGALES
from synthetic.martingales import Factored
from synthetic.seeds import Streams


def rng(*name: object) -> np.random.Generator:
    return Streams({"test": "factored", "case": [str(part) for part in name]}).generator("data")


def pair(trials: int, m: int, k: int, n: int) -> Factored:
    g = rng(trials, m, k, n)
    return Factored(g.standard_normal((trials, m, k)), g.standard_normal((trials, k, n)))


def assert_values_are_those_of_the_product(found: np.ndarray, matrices: np.ndarray) -> None:
    """Both are resolved to ``max(m, n) eps`` of the largest; factors whose condition is about 10 lose as much more."""
    s = np.linalg.svd(matrices, compute_uv=False)
    assert found.shape == s.shape
    assert (np.abs(found - s) <= 10 * max(matrices.shape[1:]) * np.finfo(float).eps * s[:, :1]).all()


@pytest.mark.parametrize("sizes", [(9, 3, 8), (8, 3, 9), (5, 1, 5), (5, 5, 5), (4, 7, 3), (1, 2, 6), (6, 1, 1)])
def test_singular_values_are_those_of_the_product(sizes: tuple[int, int, int]) -> None:
    stack = pair(7, *sizes)
    found = stack.singular_values()
    assert_values_are_those_of_the_product(found, stack.product())
    with pytest.raises(AssertionError):
        assert_values_are_those_of_the_product(found * (1 + 1e-9), stack.product())


def test_ill_conditioned_and_singular_factors_are_as_exact_as_the_others_and_spoil_none() -> None:
    stack = pair(6, 12, 3, 11)
    stack.left[1, :, 2] = stack.left[1, :, 1] * (1 + 1e-9)  # κ about 1e9: a Gram matrix would lose it all
    stack.left[2, :, 2] = stack.left[2, :, 1]  # no Cholesky factor, or one of rounding noise
    stack.right[4, 0, :] = 0.0
    found = stack.singular_values()
    assert_values_are_those_of_the_product(found, stack.product())
    assert stack.left.shape[1:] == (12, 3)  # the core is taken: 2 k <= min(m, n)
    alone = np.concatenate([stack[i : i + 1].singular_values() for i in range(6)])
    np.testing.assert_array_equal(found, alone)


def test_without_the_guard_an_ill_conditioned_factor_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthetic.martingales.factored.LARGEST_CONDITION", 1e30)
    stack = pair(6, 12, 3, 11)
    stack.left[:, :, 2] = stack.left[:, :, 1] * (1 + 1e-9)
    with pytest.raises(AssertionError):
        assert_values_are_those_of_the_product(stack.singular_values(), stack.product())


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_no_product_leaves_the_range(scale: float) -> None:
    stack = pair(3, 6, 2, 6)
    far = Factored(stack.left * scale, stack.right / scale)
    np.testing.assert_allclose(far.singular_values(), stack.singular_values(), rtol=1e-12, atol=1e-14)
    both = Factored(stack.left * scale**0.5, stack.right * scale**0.5)
    np.testing.assert_allclose(both.singular_values(), scale * stack.singular_values(), rtol=1e-12, atol=1e-14 * scale)


def test_a_product_that_is_not_finite_spoils_no_other() -> None:
    stack = pair(4, 6, 2, 6)
    stack.left[1, 0, 0], stack.right[3, 0, 0] = np.nan, np.inf
    found = stack.singular_values()
    assert np.isnan(found[[1, 3]]).all()
    np.testing.assert_array_equal(found[[0, 2]], pair(4, 6, 2, 6).singular_values()[[0, 2]])


def test_a_zero_factor_and_no_trial_at_all() -> None:
    assert not Factored(np.zeros((2, 4, 1)), np.ones((2, 1, 4))).singular_values().any()
    assert Factored(np.zeros((0, 4, 1)), np.ones((0, 1, 4))).singular_values().shape == (0, 4)
    assert len(pair(5, 2, 1, 2)[1:3]) == 2


@pytest.mark.parametrize("name", list(MARTINGALES))
def test_factored_sums_are_the_sums_of_the_same_draws(name: str) -> None:
    shape, n_steps = (None, 8) if name == "digits_network" else ((4, 4), 4)
    if MARTINGALES[name].why_not(shape, n_steps, rng=rng(name, "build")):
        pytest.skip(MARTINGALES[name].why_not(shape, n_steps, rng=rng(name, "build")))
    martingale = MARTINGALES[name].build(shape, n_steps, rng=rng(name, "build"))
    found = martingale.factored_sums(rng(name), 6)
    found = found.product() if isinstance(found, Factored) else found
    np.testing.assert_array_equal(found, martingale.sums(rng(name), 6))


def test_rank_one_sums_are_factored() -> None:
    martingale = MARTINGALES["rank_one"].build((8, 8), 3)
    assert isinstance(martingale.factored_sums(rng("rank one"), 2), Factored)
