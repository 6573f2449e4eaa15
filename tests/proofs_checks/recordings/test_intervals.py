"""Intervals of moments under heavy tails: they hold the truth as often as they say, and planted ones do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proofs_checks.recordings.intervals import mean_low, moment_interval, moment_ratio_low, root, tail_index
from tests.proofs_checks.recordings.records import generator

LEVEL = 0.9
REPEATS = 60
# the probability of more than 15 misses of 60 at a true rate of 0.1 is below 1e-3, with fixed seeds
MOST_MISSES = 15


def pareto_sizes(n: int, index: float, seed: int) -> np.ndarray:
    return (1 - generator(f"sizes {index}", seed).random(n)) ** (-1 / index)


def misses(index: float, order: float, n: int = 400) -> tuple[int, int]:
    """Return how often the interval, and a t interval, miss ``E size^order``."""
    truth = index / (index - order)
    own = normal = 0
    for seed in range(REPEATS):
        sizes = pareto_sizes(n, index, seed)
        own += not moment_interval(sizes, order, level=LEVEL).contains(truth)
        powers = sizes**order
        normal += abs(powers.mean() - truth) > 1.645 * powers.std(ddof=1) / math.sqrt(n)
    return own, normal


@pytest.mark.parametrize(("index", "order"), [(1.5, 1.0), (2.4, 2.0), (6.0, 2.0)])
def test_moment_intervals_hold_the_truth(index: float, order: float) -> None:
    assert misses(index, order)[0] <= MOST_MISSES


def test_a_normal_interval_misses_where_the_variance_is_infinite() -> None:
    assert misses(2.2, 2.0)[1] > MOST_MISSES


@pytest.mark.slow
def test_the_tail_index_is_held() -> None:
    found = [tail_index(pareto_sizes(400, 1.5, seed), level=LEVEL) for seed in range(REPEATS)]
    assert sum(not t.low <= 1.5 <= t.high for t in found) <= MOST_MISSES
    assert sum(t.contradicts_moment(1.4) for t in found) <= MOST_MISSES


def test_an_infinite_second_moment_is_seen() -> None:
    found = tail_index(pareto_sizes(2000, 1.2, 0), level=0.99)
    assert found.contradicts_moment(2)
    assert not found.contradicts_moment(1.1)


def test_a_light_tail_is_not_called_a_power_law() -> None:
    sizes = np.abs(generator("light").standard_normal(4000)) + 3
    found = tail_index(sizes, level=LEVEL)
    assert not found.is_power_law
    assert not found.contradicts_moment(100)


def test_few_sizes_have_no_tail_and_no_upper_end() -> None:
    sizes = pareto_sizes(50, 3, 0)
    assert tail_index(sizes, level=LEVEL).n_tail == ()
    assert moment_interval(sizes, 2, level=LEVEL).high == math.inf


def test_the_upper_end_is_withdrawn_without_one_law() -> None:
    sizes = pareto_sizes(1000, 6, 0)
    assert math.isfinite(moment_interval(sizes, 2, level=LEVEL).high)
    found = moment_interval(sizes, 2, level=LEVEL, one_law=False)
    assert found.high == math.inf
    assert found.low > 0


def test_the_upper_end_is_infinite_where_the_moment_may_be() -> None:
    assert moment_interval(pareto_sizes(1000, 1.5, 0), 2, level=LEVEL).high == math.inf


def test_equal_sizes_have_a_narrow_interval() -> None:
    found = moment_interval(np.ones(1000), 2, level=LEVEL)
    assert found.low <= 1 <= found.high * (1 + 1e-12)
    assert found.high - found.low < 0.02


def test_zero_sizes_have_moment_zero() -> None:
    found = moment_interval(np.zeros(200), 2, level=LEVEL)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    assert moment_ratio_low(np.zeros(200), 2, level=LEVEL) == 1.0


def test_the_lower_end_of_a_mean_scales() -> None:
    sizes = pareto_sizes(300, 3, 1)
    assert mean_low(1e100 * sizes, error=0.05) == pytest.approx(1e100 * mean_low(sizes, error=0.05), rel=1e-5)
    assert mean_low(sizes, error=0.05) < sizes.mean()


def test_moment_ratio_refutes_a_small_kurtosis_and_never_a_true_one() -> None:
    exponential = [generator("ratio", seed).standard_exponential(2000) for seed in range(20)]
    found = [moment_ratio_low(sizes, 1, level=LEVEL) for sizes in exponential]
    assert min(found) > 1.2
    assert sum(ratio > 2 for ratio in found) <= 5  # E X²/(E X)² = 2


def test_root_takes_the_ends_to_their_root() -> None:
    found = root(moment_interval(np.full(500, 4.0), 2, level=LEVEL), 2, (0.5, 2.0))
    assert found.value == pytest.approx(4.0)
    assert found.low < 2.01
    assert found.high > 7.9
