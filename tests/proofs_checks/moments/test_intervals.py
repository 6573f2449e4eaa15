"""Intervals cover at every sample size, also without a variance; the moment ceilings they use are ceilings."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from proofs_checks.moments.intervals import (
    CentralMoment,
    central_moment_ceiling,
    empirical_bernstein,
    finite_sample_interval,
    groups_for,
    median_of_means,
    no_interval,
)
from proofs_checks.moments.stream import Statistics
from synthetic.estimates import _blocks_for
from synthetic.martingales import MARTINGALES
from synthetic.seeds import Streams

# with 400 runs at level 0.95 a method that keeps its level misses more than 45 times with probability below 1e-6
RUNS, LEVEL, MISSES = 400, 0.95, 45


def misses(values: np.ndarray, truth: float, interval, n_groups: int = 1) -> int:
    found = [interval(Statistics.of_values(row, 0, n_groups)) for row in values]
    return sum(not one.contains(truth) for one in found)


def bernoulli(rng, n: int) -> np.ndarray:
    return (rng.uniform(size=(RUNS, n)) < 0.02).astype(float)


def pareto(rng, n: int) -> np.ndarray:
    return rng.uniform(size=(RUNS, n)) ** (-1 / 1.5)  # index 1.5, mean 3, no variance


def test_empirical_bernstein_covers_a_rare_event():
    x = bernoulli(np.random.default_rng(5), 500)
    assert misses(x, 0.02, lambda s: empirical_bernstein(s, ceiling=1.0, level=LEVEL)) <= MISSES


def test_refutes_an_interval_of_a_tenth_of_the_width():
    x = bernoulli(np.random.default_rng(5), 500)

    def narrow(s):
        found = empirical_bernstein(s, ceiling=1.0, level=LEVEL)
        return replace(found, low=found.value - 0.1 * (found.value - found.low),
                       high=found.value + 0.1 * (found.high - found.value))  # fmt: skip

    assert misses(x, 0.02, narrow) > MISSES


def test_median_of_means_covers_without_a_variance():
    b, k = 1.4, groups_for(LEVEL)
    raw = 1.5 / (1.5 - b)  # E x^b
    moment = CentralMoment(b, 2 ** (2 - b) * raw, "test")
    x = pareto(np.random.default_rng(6), 60 * k)
    assert misses(x, 3.0, lambda s: median_of_means(s, moment, level=LEVEL), k) <= MISSES


def test_normal_interval_would_undercover_there():
    x = pareto(np.random.default_rng(6), 660)
    halves = 1.96 * x.std(axis=1, ddof=1) / math.sqrt(x.shape[1])
    assert np.sum(np.abs(x.mean(axis=1) - 3.0) > halves) > MISSES


def test_groups_are_those_of_the_estimates():
    for level in (0.9, 0.99, 1 - 1e-6):
        assert groups_for(level) == _blocks_for(level)


def test_single_trial_has_the_range_or_nothing():
    one = Statistics.of_values(np.array([0.4]), 0, 9)
    found = empirical_bernstein(one, ceiling=2.0, level=LEVEL)
    assert (found.low, found.high, found.method) == (0.0, 2.0, "range")
    moment = CentralMoment(2.0, 1.0, "test")
    assert median_of_means(one, moment, level=LEVEL).high == math.inf
    assert no_interval(one, "test").high == math.inf


def test_shorter_interval_is_taken_where_both_are_possible():
    rng = np.random.default_rng(7)
    s = Statistics.of_values(rng.uniform(0.9, 1.1, 20_000), 0, 25)
    moment = CentralMoment(2.0, 0.01, "test")
    wide_ceiling = finite_sample_interval(s, ceiling=1e6, central=moment, level=LEVEL)
    wide_moment = finite_sample_interval(s, ceiling=1.2, central=CentralMoment(2.0, 1e6, "test"), level=LEVEL)
    assert wide_ceiling.method.startswith("median")
    assert wide_moment.method == "empirical Bernstein"
    assert finite_sample_interval(s, ceiling=math.inf, central="unknown", level=LEVEL).high == math.inf


def build(name: str, n_steps: int, **options):
    rng = Streams({"test": name}).generator("basis")
    return MARTINGALES[name].build((3, 3), n_steps, rng=rng, **options)


CASES = {
    "signs": lambda: build("rademacher_series", 8),
    "gaussian series": lambda: build("rademacher_series", 8, coefficients="gaussian"),
    "ginibre": lambda: build("ginibre", 5),
    "complex ginibre": lambda: build("ginibre", 5, field="complex"),
    "row covariance": lambda: build("row_covariance", 4),
    "asymmetric": lambda: build("two_point", 6, probability=0.05),
    "haar": lambda: build("haar", 6),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("q", "order"), [(1.0, 1.0), (1.5, 1.5), (1.0, 2.0), (3.0, 2.0)])
def test_variance_stays_below_its_ceiling(name, q, order):
    martingale = CASES[name]()
    sums = martingale.sums(np.random.default_rng(8), 4000)
    x = np.sum(np.linalg.svd(sums, compute_uv=False) ** q, axis=-1) ** (order / q)
    ceiling = central_moment_ceiling(martingale, q, order)
    assert ceiling.order == 2.0
    # the spread of a sample variance of 4000 values with these tails is below 20 %
    assert x.var() <= 1.2 * ceiling.value


def test_gaussian_ceiling_is_not_vacuous():
    martingale = CASES["ginibre"]()
    x = np.sum(np.linalg.svd(martingale.sums(np.random.default_rng(9), 4000), compute_uv=False), axis=-1) ** 2
    assert central_moment_ceiling(martingale, 1.0, 2.0).value <= 4 * x.var()


def test_refutes_a_gaussian_ceiling_that_forgets_the_rank():
    martingale = CASES["ginibre"]()
    x = np.sum(np.linalg.svd(martingale.sums(np.random.default_rng(9), 4000), compute_uv=False), axis=-1) ** 2
    assert x.var() > 1.2 * central_moment_ceiling(martingale, 1.0, 2.0).value / 3**2


def test_heavy_tail_gets_an_order_below_its_index():
    martingale = build("heavy_tailed", 8)  # Pareto of index 1.8
    found = central_moment_ceiling(martingale, 1.0, 1.0)
    assert 1 < found.order < 1.8
    assert isinstance(central_moment_ceiling(martingale, 1.0, 1.9), str)
