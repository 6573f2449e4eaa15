"""Smoothness seen along a run: never above the true constant, and close to it where the run can see it."""

from __future__ import annotations

import numpy as np
import pytest

from schattor_theory.errors import ParameterError, ShapeError
from synthetic.problems import PROBLEMS, secant_smoothness
from tests.synthetic.problems.cases import BLOCKS, NETWORK, points, product, rng


@pytest.mark.parametrize("p", [1, 2, 4, "inf"])
def test_estimate_finds_the_constant_of_a_quadratic_from_below(p) -> None:
    f = PROBLEMS["quadratic"].build((4, 3), p, left="power", right="power", smoothness=3.0)
    path = points(f, rng("path", p), 6)
    found = secant_smoothness(f, path, p, rng=rng("directions", p), n_directions=2, n_power_steps=30)
    assert found.value <= 3.0 * (1 + 1e-6)
    assert found.value >= 3.0 * (1 - 1e-4)
    assert found.along_path < found.in_directions
    assert (found.n_secants, found.n_directions) == (5, 6 * 2 * 31)
    assert found.to_dict()["value"] == found.value


def test_estimate_takes_blocks_and_lists_of_points() -> None:
    geometry = product(BLOCKS)
    f = PROBLEMS["separable"].build(BLOCKS, geometry)
    path = points(f, rng("blocks"), 5)
    listed = [{b: path[b][i] for b in path} for i in range(5)]
    assert secant_smoothness(f, path, geometry) == secant_smoothness(f, listed, geometry)
    assert 0 < secant_smoothness(f, path, geometry).value <= 1.0 + 1e-12


def test_points_that_did_not_move_are_left_out() -> None:
    f = PROBLEMS["quadratic"].build((2, 2), 2)
    found = secant_smoothness(f, [f.start, f.start, 2 * f.start], 2)
    assert found.n_secants == 1
    assert found.value == pytest.approx(1.0)


def test_network_has_a_positive_estimate() -> None:
    geometry = product(NETWORK, "inf", "inf")
    f = PROBLEMS["digits_network"].build(None, geometry, rng=rng("net"), width=4, n_samples=40)
    found = secant_smoothness(f, points(f, rng("net path"), 3, 0.1), geometry, rng=rng("net d"), n_directions=1)
    assert np.isfinite(found.value)
    assert found.value > 0


def test_refuses_a_single_point_and_directions_without_a_generator() -> None:
    f = PROBLEMS["quadratic"].build((2, 2), 2)
    with pytest.raises(ShapeError, match="secant_smoothness: path must hold at least two points"):
        secant_smoothness(f, [f.start], 2)
    with pytest.raises(ShapeError, match="path must hold at least two points"):
        secant_smoothness(f, [], 2)
    with pytest.raises(ParameterError, match="rng must be a generator when n_directions > 0"):
        secant_smoothness(f, [f.start, 2 * f.start], 2, n_directions=1)
