"""Rational arithmetic of certificates: definiteness without rounding, and bounds that are never below the truth."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.conic import cones, exact
from schattor_theory.geometry import schatten_norm
from synthetic.seeds import Streams
from tests.joined import every


def fractions(rows: list[list[int]]) -> exact.Matrix:
    return [[Fraction(x) for x in row] for row in rows]


@every(
    ("rows", "is_semidefinite"),
    [
        ([[0]], True),
        ([[-1]], False),
        ([[0, 0], [0, 1]], True),
        ([[0, 1], [1, 5]], False),
        ([[1, 1], [1, 1]], True),
        ([[1, 2], [2, 4]], True),
        ([[1, 2], [2, 3]], False),
        ([[2, -1, 0], [-1, 2, -1], [0, -1, 2]], True),
        ([[1, 1, 1], [1, 1, 1], [1, 1, 0]], False),
        ([[1, 2], [0, 4]], False),  # not symmetric
        ([], True),
    ],
)
def test_definiteness_is_decided(rows: list[list[int]], is_semidefinite: bool) -> None:
    assert exact.is_positive_semidefinite(fractions(rows)) is is_semidefinite


def test_definiteness_sees_what_floats_do_not() -> None:
    tiny = Fraction(1, 10**40)
    one = Fraction(1)
    assert not exact.is_positive_semidefinite([[one, one], [one, one - tiny]])
    assert exact.is_positive_semidefinite([[one, one], [one, one + tiny]])


def test_the_matrix_is_unchanged() -> None:
    rows = fractions([[2, 1], [1, 2]])
    exact.is_positive_semidefinite(rows)
    assert rows == fractions([[2, 1], [1, 2]])


@pytest.mark.parametrize("x", [Fraction(0), Fraction(2), Fraction(1, 3), Fraction(10**30, 7), Fraction(1, 10**30)])
def test_a_root_is_bounded_from_above(x: Fraction) -> None:
    root = exact.root_above(x)
    assert root * root >= x
    assert (root - Fraction(1, 1 << 59)) ** 2 <= x or root <= Fraction(1, 1 << 59)


@pytest.mark.parametrize("p", cones.CONE_EXPONENTS)
@pytest.mark.parametrize("shape", [(2, 3), (3, 1), (1, 1)])
def test_weights_never_prove_less_than_the_norm(p: float, shape: tuple[int, int]) -> None:
    rng = Streams({"conic": "gauge"}).generator("data")
    d = rng.standard_normal(shape)
    u, s, vh = np.linalg.svd(d, full_matrices=False)
    # the best weights: (DDᵀ)^{1/2} and (DᵀD)^{1/2} to the powers that balance
    a, b = cones.PARTS[p]
    share = 0.0 if math.isinf(a) else p / (2 * a)
    w, t = (u * s ** (2 * share)) @ u.T, (vh.T * s ** (2 - 2 * share)) @ vh
    ones, nothing = tuple(map(np.eye, shape)), tuple(np.zeros((size, size)) for size in shape)
    for weights in ((w, t), ones, nothing):
        bound = exact.gauge_above(exact.rounded(weights[0]), exact.rounded(d), exact.rounded(weights[1]), (a, b))
        norm = float(schatten_norm(d, p))
        assert float(bound) >= norm * (1 - 1e-12)
        assert cones.gauge(weights[0], d, weights[1], (a, b)) >= norm * (1 - 1e-12)
    # numerics: a singular block needs a shift of the grid, 2^-44, and of the root of rounding
    assert float(exact.gauge_above(exact.rounded(w), exact.rounded(d), exact.rounded(t), (a, b))) <= norm * (1 + 1e-5)


def test_dual_parts_are_those_of_the_dual_exponent() -> None:
    for p, (a, b) in cones.PARTS.items():
        assert 1 / a + 1 / b == pytest.approx(2 / p)
        dual = cones.dual_parts(p)
        assert 1 / a + 1 / dual[0] == pytest.approx(1)
        assert 1 / b + 1 / dual[1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("value", "error", "simple"),
    [
        (0.5, 0.0, Fraction(1, 2)),
        (1 / 3, 1e-12, Fraction(1, 3)),
        (2.0000001, 1e-6, Fraction(2)),
        (0.0, 0.0, Fraction(0)),
    ],
)
def test_the_simplest_fraction_is_found(value: float, error: float, simple: Fraction) -> None:
    assert exact.simplest(value, error) == simple


def test_a_number_without_a_simple_fraction_stays_near() -> None:
    assert abs(exact.simplest(math.pi, 1e-14) - Fraction(math.pi)) <= Fraction(1, exact.GRID)
