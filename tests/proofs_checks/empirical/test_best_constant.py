"""The quantities of the proof of the best constant against their definitions, and the claims that are false."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.empirical import hermitian_pairs as pairs
from proofs_checks.empirical.interpolation import Family, integrated_exponent
from synthetic.seeds import Streams


def test_bregman_is_that_of_numbers_on_diagonal_pairs() -> None:
    x, a, q = np.diag([2.0, -1.0]), np.diag([0.5, 3.0]), 1.5
    numbers = [abs(s) ** q - abs(t) ** q - q * np.sign(t) * abs(t) ** (q - 1) * (s - t) for s, t in ((2, 0.5), (-1, 3))]
    assert pairs.bregman(x, a, q) == pytest.approx(sum(numbers))


def test_dual_side_has_the_traces_of_the_first_powers() -> None:
    rng = Streams("dual side").generator("data")
    a, b, x = pairs.draw_pairs(rng, 5, 4, is_complex=True)
    for k in (1, 2, 3):
        found = pairs.dual_side(x, a, lambda z, k=k: z**k)
        assert found == pytest.approx(np.sum(b**k, axis=-1), abs=1e-9 * np.abs(a).max() ** k)


def test_gap_at_the_fourth_power_is_the_commutator() -> None:
    rng = Streams("fourth power").generator("data")
    a, b = pairs.draw_hermitian(rng, 5, 3, is_complex=True), rng.standard_normal((5, 3))
    found = pairs.dual_side(a + pairs.diagonal(b), a, lambda z: z**4) - np.sum(b**4, axis=-1)
    size = np.sum(np.abs(pairs.commutator(a, pairs.diagonal(b))) ** 2, axis=(-2, -1))
    assert found == pytest.approx(size)


def test_excesses_vanish_for_equal_sizes() -> None:
    b = np.array([1.0, 1.0, -1.0])
    assert np.allclose(pairs.second_excess(b, 0.5), 0)
    assert pairs.first_excess(b, 0.5)[0, 1] == 0
    assert pairs.first_excess(b, 0.5)[0, 2] > 0


@pytest.mark.parametrize("p", [2.2, 2.5, 2.8])
def test_dual_inequality_is_false_between_two_and_three(p) -> None:
    a, b = np.array([[4.0, 3.5], [3.5, -0.5]]), np.array([-10.0, -1.25])
    ratio = pairs.dual_side(a + np.diag(b), a, lambda z: np.abs(z) ** p) / np.sum(np.abs(b) ** p)
    assert ratio < 0.995


def test_the_inequality_on_the_other_side_is_false() -> None:
    a, b = np.array([[4.0, 3.25], [3.25, 0.0]]), np.array([-8.0, -0.0625])
    found = pairs.dual_side(a + np.diag(b), a, lambda z: np.abs(z) ** 1.5)
    assert found > 1.05 * np.sum(np.abs(b) ** 1.5)


@pytest.mark.parametrize(("low", "high"), [(4 / 3, 2.0), (1.0, 2.0), (1.0, 8 / 7)])
def test_family_is_the_conjugate_it_is_said_to_be(low, high) -> None:
    family = Family(low, high, 0.7)
    p0, p1 = family.exponents
    y = np.linspace(0, 1 if low == 1 else 4, 200_001)
    first = 0.0 if low == 1 else y**p0 / p0
    for x in (0.1, 1.0, 2.5):
        found = float(family.value(np.array(x)))
        assert found == pytest.approx(np.max(x * y - first - 0.7 * y**p1 / p1), rel=1e-7)
        step = 1e-6
        slope = (family.value(np.array(x + step)) - family.value(np.array(x - step))) / (2 * step)
        assert float(family.slope(np.array(x))) == pytest.approx(float(slope), rel=1e-5)


def test_integrating_the_family_gives_the_exponent_between() -> None:
    q, ratio = integrated_exponent(4 / 3, 2.0, 0.5)
    assert q == pytest.approx(5 / 3)
    assert ratio == pytest.approx(2**q, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("p", [3.0, 3.5, 10.0])
def test_searches_for_the_open_dual_inequality_find_nothing_below_one(p) -> None:
    # not a proof: (L_p) is open there
    rng = Streams(f"open dual inequality {p}").generator("data")
    ratio, a, b = pairs.smallest_dual_ratio(rng, 3, p, starts=25)
    assert ratio > 1 - 1e-9 * (1 + np.abs(a).max() / np.abs(b).max())


@pytest.mark.slow
@pytest.mark.parametrize("p", [2.5])
def test_the_same_search_finds_the_false_one(p) -> None:
    rng = Streams("false dual inequality").generator("data")
    assert pairs.smallest_dual_ratio(rng, 2, p, starts=25)[0] < 0.99
