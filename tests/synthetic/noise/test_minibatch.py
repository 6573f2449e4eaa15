"""Minibatch noise: everything that can be enumerated over the samples is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from schattor_theory import ProductGeometry, dual_exponent, schatten_norm
from schattor_theory.assumptions import NotApplicable
from schattor_theory.errors import ParameterError
from synthetic.noise import NOISES, minibatch_covariance_sigma, minibatch_moment_sigma
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams
from tests.synthetic.noise.cases import rng

N = 4
BATCHES = np.array(list(itertools.product(range(N), repeat=2)))


@pytest.fixture(name="problem")
def _problem():
    return PROBLEMS["digits_logistic"].build(None, None, n_samples=N)


def every_batch(problem) -> np.ndarray:
    """Return Z for each of the N² equally likely batches of two."""
    noise = NOISES["minibatch"].build(None, None, batch_size=2, n_samples=N)
    x = np.repeat(problem.start[None], len(BATCHES), axis=0)
    return noise.realise({"indices": BATCHES}, problem, x, problem.gradient(x))


def test_mean_is_zero_exactly(problem) -> None:
    z = every_batch(problem)
    assert z.mean(axis=0) == pytest.approx(np.zeros((64, 10)), abs=1e-16)
    assert np.abs(z).max() > 0.01


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("p", [2, 4, "inf"])
def test_covariance_constant_is_that_of_all_batches(problem, p, side: str) -> None:
    z = every_batch(problem) / N  # N² batches, each with probability 1/N²: [z_1 … z_N²]/N is a root of the covariance
    stacked = np.concatenate(z, axis=1 if side == "left" else 0)
    expected = float(schatten_norm(stacked, dual_exponent(p)))
    found = minibatch_covariance_sigma(problem, problem.start, p, batch_size=2, side=side)
    assert found == pytest.approx(expected, rel=1e-9)
    assert found != pytest.approx(minibatch_covariance_sigma(problem, problem.start, p, batch_size=1, side=side))


def test_covariance_constant_of_several_blocks_is_one_for_each() -> None:
    geometry = ProductGeometry({"weights": 4, "bias": 2})
    problem = PROBLEMS["digits_logistic"].build(None, geometry, n_samples=N, bias=True)
    found = minibatch_covariance_sigma(problem, problem.start, geometry, batch_size=2)
    plain = PROBLEMS["digits_logistic"].build(None, None, n_samples=N)
    assert found["weights"] == pytest.approx(minibatch_covariance_sigma(plain, plain.start, 4, batch_size=2), rel=1e-12)
    assert found["bias"] > 0


@pytest.mark.parametrize(("p", "order"), [(2, 2.0), ("inf", 1.5)])
def test_moment_interval_holds_the_enumerated_moment(problem, p, order: float) -> None:
    """The t interval at level 1 - 1e-9 of 4000 bounded values."""
    q = {2: 2, "inf": 1}[p]
    exact = float(np.mean(schatten_norm(every_batch(problem), q) ** order)) ** (1 / order)
    found = minibatch_moment_sigma(
        problem, problem.start, p, batch_size=2, rng=rng("moment", p), moment_order=order, n_draws=4000, level=1 - 1e-9
    )
    assert found.contains(exact)
    assert not found.contains(1.3 * exact)
    assert found.n == 4000


def test_moment_is_estimated_for_a_network_too() -> None:
    names = ("hidden", "hidden_bias", "output", "output_bias")
    geometry = ProductGeometry(dict.fromkeys(names, 4))
    problem = PROBLEMS["digits_network"].build(None, geometry, rng=rng("net"), width=3, n_samples=20)
    found = minibatch_moment_sigma(problem, problem.start, geometry, batch_size=4, rng=rng("net batches"), n_draws=50)
    assert 0 < found.low < found.value < found.high


def test_same_batch_at_another_point_is_the_same_sample(problem) -> None:
    noise = NOISES["minibatch"].build(None, None, batch_size=2, n_samples=N)
    draws = noise.draw(Streams(1), 3)
    x = rng("points").standard_normal((3, 64, 10))
    z = noise.realise(draws, problem, x, problem.gradient(x))
    assert z + problem.gradient(x) == pytest.approx(problem.minibatch_gradient(x, draws["indices"]), abs=1e-15)


def test_indices_are_drawn_with_replacement_from_all_samples() -> None:
    noise = NOISES["minibatch"].build(None, None, batch_size=8, n_samples=5)
    indices = noise.draw(Streams(2), 200)["indices"]
    assert indices.dtype == np.int64
    assert set(indices.ravel()) == set(range(5))


def test_constants_are_not_known_in_advance(problem) -> None:
    noise = NOISES["minibatch"].build(None, None)
    assert noise.constants == "estimated"
    assert noise.moment_sigma("inf") is None
    assert noise.covariance_sigma("inf") is None
    assert noise.assumptions("inf") == ()
    shape = noise.moment_shape("inf")
    assert isinstance(shape, NotApplicable)
    assert "depends on the point" in shape.reason


def test_refusals(problem) -> None:
    with pytest.raises(ParameterError, match=r"minibatch: sigma must be None, got sigma=1\.0\. The data dictates it"):
        NOISES["minibatch"].build(None, None, sigma=1.0)
    with pytest.raises(ParameterError, match="minibatch: batch_size must be an integer >= 1"):
        NOISES["minibatch"].build(None, None, batch_size=0)
    noise = NOISES["minibatch"].build(None, None, batch_size=2, n_samples=N + 1)
    with pytest.raises(ParameterError, match=r"MinibatchNoise.realise: problem must have 5 samples, got problem=4"):
        noise.realise({"indices": BATCHES[0]}, problem, problem.start, problem.gradient(problem.start))
    quadratic = PROBLEMS["quadratic"].build((2, 2), 2)
    with pytest.raises(ParameterError, match="problem must have 5 samples, got problem='Quadratic'"):
        noise.realise({"indices": BATCHES[0]}, quadratic, quadratic.start, quadratic.start)
