"""Metamorphic tests: what a change of the input must do to norm and direction, over the floating-point range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schattor_theory import ProductGeometry, duality_map, schatten_norm
from tests.conftest import Library
from tests.contracts.oracle import map_tolerance, tolerance
from tests.joined import some
from tests.strategies import BLOCKS, EXPONENTS, MATRICES, rotated, well_conditioned

SCALES = {
    np.float64: (1e150, 1e-150, 1e300, 1e-300, -1e300),
    np.float32: (1e18, 1e-18, 1e30, 1e-30, -1e30),
}


@pytest.mark.parametrize("dtype", SCALES)
@pytest.mark.parametrize("p", some(EXPONENTS, 2))
def test_scale_changes_the_norm_alone(p: float, dtype: type) -> None:
    for name in ("tall", "wide", "rank one", "all tied", "diagonal", "column"):
        m = MATRICES[name].astype(dtype)
        for c in SCALES[dtype]:
            scaled = dtype(c) * m
            assert schatten_norm(scaled, p) / dtype(abs(c)) == pytest.approx(schatten_norm(m, p), rel=2 * tolerance(m))
            gap = np.linalg.norm(duality_map(scaled, p) - math.copysign(1, c) * duality_map(m, p))
            assert gap <= 2 * map_tolerance(m, p)


def test_every_library_keeps_the_direction_over_the_range(xp: Library) -> None:
    m = well_conditioned("range", (2, 3, 4))
    for p in (3.0, math.inf):
        want = duality_map(m, p)
        for dtype, c in ((np.float64, 1e290), (np.float64, 1e-290), (np.float32, 1e30), (np.float32, 1e-30)):
            scaled = (dtype(c) * m.astype(dtype)).astype(dtype)
            found = xp.call(lambda x, p=p: (duality_map(x, p), schatten_norm(x, p)), xp.array(scaled))
            direction, norm = map(xp.host, found)
            allowed = 2 * max(map_tolerance(x.astype(dtype), p) for x in m)
            assert np.linalg.norm(direction - want, axis=(-2, -1)).max() <= allowed
            np.testing.assert_allclose(norm / dtype(c), schatten_norm(m, p), rtol=2 * tolerance(m.astype(dtype)))


@pytest.mark.parametrize("p", EXPONENTS)
def test_orthogonal_factors_turn_the_direction(p: float) -> None:
    for name, m in MATRICES.items():
        q, r = rotated(name, m)
        turned = q @ m @ r
        if p == 1 and "tied" in name:
            continue  # rounding Q m R breaks a tie, which is a property of floating point and not of the map
        assert schatten_norm(turned, p) == pytest.approx(schatten_norm(m, p), rel=3 * tolerance(m))
        gap = np.linalg.norm(duality_map(turned, p) - q @ duality_map(m, p) @ r)
        assert gap <= 3 * map_tolerance(m, p) + 3 * tolerance(m)


def test_signed_permutations_keep_ties_at_p_one() -> None:
    m = MATRICES["top two tied"]
    order = np.array([2, 0, 3, 1])
    np.testing.assert_allclose(duality_map(-m[order], 1), -duality_map(m, 1)[order], atol=map_tolerance(m, 1))


@pytest.mark.parametrize("p", EXPONENTS)
def test_diagonal_shortcut_is_the_general_path(p: float) -> None:
    d = np.array([2.0, -1.5, 1.0, 0.0, 1e-30, -2.0])
    order = np.array([5, 0, 1, 2, 3, 4])
    diagonal = np.vstack([np.diag(d), np.zeros((2, 6))])
    general = diagonal[np.r_[order, 6, 7]]  # rows moved: the same singular values, and no longer diagonal
    assert schatten_norm(general, p) == pytest.approx(schatten_norm(diagonal, p), rel=2 * tolerance(diagonal))
    gap = duality_map(general, p) - duality_map(diagonal, p)[np.r_[order, 6, 7]]
    assert np.linalg.norm(gap) <= 2 * map_tolerance(diagonal, p)


@pytest.mark.parametrize("p", EXPONENTS)
def test_a_stack_may_mix_diagonal_and_general_slices(p: float) -> None:
    stack = np.stack([np.diag([1.0, 2.0]), [[0.0, 2.0], [1.0, 0.0]], np.zeros((2, 2)), [[1.0, 0.0], [1.0, 1.0]]])
    stack = stack.reshape(2, 2, 2, 2)
    directions, norms = duality_map(stack, p), schatten_norm(stack, p)
    for i in np.ndindex(2, 2):
        np.testing.assert_array_equal(directions[i], duality_map(stack[i], p))
        assert norms[i] == schatten_norm(stack[i], p)


def test_big_and_small_entries_that_broke_a_library() -> None:
    for value in (1e200, 1e-200):
        m = np.full((2, 2), value)
        for p in EXPONENTS:  # one singular value: every norm is 2 value
            assert schatten_norm(m, p) == pytest.approx(2 * value, rel=tolerance(m))
            np.testing.assert_allclose(duality_map(m, p), 0.5, rtol=4 * tolerance(m))


def test_large_exponents_do_not_underflow_the_power_of_small_values() -> None:
    m = np.array([[0.0, 1e-98], [1e-98, 0.0]])
    assert schatten_norm(m, 3) == pytest.approx(2 ** (1 / 3) * 1e-98, rel=tolerance(m))
    assert schatten_norm(m, 1e6) == pytest.approx(1e-98, rel=1e-6)


@given(exponent=st.integers(-1000, 1000), p=st.sampled_from(EXPONENTS))
def test_power_of_two_changes_no_bit_of_the_direction(exponent: int, p: float) -> None:
    m = MATRICES["wide"]
    np.testing.assert_array_equal(duality_map(np.ldexp(m, exponent), p), duality_map(m, p))
    assert schatten_norm(np.ldexp(m, exponent), p) == np.ldexp(schatten_norm(m, p), exponent)


@given(p=st.floats(1, 60), larger=st.floats(0, 10))
def test_norm_falls_in_the_exponent_by_no_more_than_the_rank_allows(p: float, larger: float) -> None:
    m = MATRICES["square"]
    small, large = schatten_norm(m, p), schatten_norm(m, p + larger)
    rounding = 1 + 2 * tolerance(m)
    assert large <= small * rounding
    assert small <= 4 ** (1 / p - 1 / (p + larger)) * large * rounding


@pytest.mark.parametrize("balance", EXPONENTS)
def test_product_direction_does_not_see_a_common_scale(balance: float) -> None:
    geometry = ProductGeometry(BLOCKS, {"w": 0.5}, balance)
    shapes = {"w": (3, 2), "b": (4, 1), "twin": (3, 2), "e": (2, 2)}
    m = {b: well_conditioned(b, shapes[b]) for b in BLOCKS}
    for c in (1e290, 1e-290):
        got = geometry.duality_map({b: c * x for b, x in m.items()})
        for b, want in geometry.duality_map(m).items():
            np.testing.assert_allclose(got[b], want, atol=100 * tolerance(want))
        scaled = geometry.dual_norm({b: c * x for b, x in m.items()}) / c
        assert scaled == pytest.approx(geometry.dual_norm(m), rel=20 * tolerance(m["w"]))
