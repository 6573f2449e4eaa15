"""Certificates of duality maps: residual bounds that hold and are not lazy, conditions that are attained, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory import DualityCertificate, duality_map, polar_error_bound
from schattor_theory.errors import DTypeError, NonFiniteError, ShapeError
from schattor_theory.geometry.certificates import (
    BACKWARD_ERROR,
    METHOD_NAMES,
    diagonal_certificate,
    frobenius,
    map_condition,
    rounding_allowance,
)
from tests.contracts.oracle import exact_map, orthogonal, with_spectrum
from tests.strategies import rng

SHAPES = ((5, 5), (7, 4), (4, 7))
VALUES = [2.0, 1.0, 0.5, 1e-2]


@pytest.mark.parametrize("size", [0.0, 1e-14, 1e-10, 1e-6, 1e-3])
@pytest.mark.parametrize("shape", SHAPES)
def test_residuals_bound_the_error_of_any_claimed_polar_factor(shape: tuple[int, int], size: float) -> None:
    r = rng("claimed polar factors")
    m = with_spectrum(r, shape, [3.0, *VALUES][: min(shape)])
    exact, least = exact_map(m, math.inf), [3.0, *VALUES][: min(shape)][-1]
    for _ in range(5):
        step = r.standard_normal(shape)
        claimed = duality_map(m, "inf") + size * step / np.linalg.norm(step)
        error, bound = np.linalg.norm(claimed - exact), float(polar_error_bound(m, claimed))
        assert error <= bound
        # a residual of size e turns the factor by e ‖m‖/s_min at most
        assert bound <= 4 * (error + BACKWARD_ERROR * 7 * 2.0**-52) * np.linalg.norm(m) / least


def test_the_bound_is_the_same_for_a_stack_and_at_any_scale() -> None:
    m = rng("scaled bounds").standard_normal((6, 5, 4))
    u = duality_map(m, "inf")
    whole = polar_error_bound(m, u)
    assert whole.shape == (6,)
    for i in range(6):
        assert polar_error_bound(m[i], u[i]) == pytest.approx(whole[i], rel=0.5)
    assert polar_error_bound(m * 1e-200, u) == pytest.approx(whole, rel=0.5)
    assert polar_error_bound(m.swapaxes(1, 2), u.swapaxes(1, 2)) == pytest.approx(whole, rel=0.5)
    assert polar_error_bound(np.zeros((2, 0, 3)), np.zeros((2, 0, 3))).tolist() == [0, 0]


def test_nothing_is_claimed_about_a_wrong_orthogonal_matrix_or_a_deficient_one() -> None:
    r = rng("wrong orthogonal")
    m = with_spectrum(r, (4, 4), [2.0, 1.5, 1.0, 0.5])
    u, _, vh = np.linalg.svd(m)
    assert polar_error_bound(m, u @ vh) < 1e-13
    for flipped in range(4):  # orthogonal, and uᵀm symmetric: only positive definiteness tells
        signs = np.where(np.arange(4) == flipped, -1.0, 1.0)
        assert math.isinf(polar_error_bound(m, (u * signs) @ vh))
    assert math.isinf(polar_error_bound(m, np.zeros_like(m)))
    assert math.isinf(polar_error_bound(m, 3 * u @ vh))
    deficient = (u * [1.0, 1.0, 1.0, 0.0]) @ vh
    assert math.isinf(polar_error_bound(deficient, u @ vh))
    other = polar_error_bound(m, orthogonal(r, 4))
    assert math.isinf(other) or other > 0.1


def test_float32_results_are_measured_in_float64() -> None:
    m = rng("float32 bounds").standard_normal((8, 6)).astype(np.float32)
    u = duality_map(m, "inf")
    exact = exact_map(m.astype(float), math.inf)
    assert np.linalg.norm(u - exact) <= polar_error_bound(m, u) <= 1e-4


def test_refuses_what_it_cannot_measure() -> None:
    m = np.eye(3)
    with pytest.raises(ShapeError, match=r"^polar_error_bound: u must have the shape of m, \(3, 3\), got u=\(2, 3\)"):
        polar_error_bound(m, m[:2])
    with pytest.raises(NonFiniteError, match=r"^polar_error_bound: u must have finite entries"):
        polar_error_bound(m, m * math.nan)
    with pytest.raises(DTypeError, match=r"^polar_error_bound: m must be a NumPy array, got m='list'"):
        polar_error_bound([[1.0]], m)


def weights_of(s: np.ndarray, q: float) -> np.ndarray:
    if math.isinf(q):
        return (s == s.max()) / np.count_nonzero(s == s.max())
    return s ** (q - 1) / np.sum(s**q) ** ((q - 1) / q)


CASES = (1.0, 4 / 3, 1.5, 2.5, 4.0, math.inf)


@pytest.mark.parametrize("q", CASES)
def test_the_condition_bounds_every_small_change(q: float) -> None:
    p = 1.0 if math.isinf(q) else math.inf if q == 1 else q / (q - 1)
    r = rng("conditions")
    for s in ([1.0, 0.5, 0.1, 0.1], [1.0, 0.9, 0.8, 0.05], [2.0, 0.3, 0.2, 0.1]):
        s = np.array(s)
        m, step = np.diag(s), 1e-7
        condition = float(map_condition(s[None], weights_of(s, q)[None], q, 1e-15)[0])
        changes = r.standard_normal((60, 4, 4))
        changes[:30] -= changes[:30].swapaxes(1, 2)  # antisymmetric ones turn the singular vectors most
        changes *= step / np.linalg.norm(changes, axis=(1, 2), keepdims=True)
        moved = np.linalg.norm(duality_map(m + changes, p) - duality_map(m, p), axis=(1, 2))
        assert (moved <= (1 + 1e-3) * condition * step).all()


def test_half_the_condition_is_exceeded() -> None:
    # the turn in the plane of the two least values of the polar factor: 1/s_min exactly
    s, step = np.array([1.0, 0.1, 0.1]), 1e-7
    turn = np.zeros((3, 3))
    turn[1, 2], turn[2, 1] = step / math.sqrt(2), -step / math.sqrt(2)
    moved = np.linalg.norm(duality_map(np.diag(s) + turn, "inf") - np.eye(3))
    condition = float(map_condition(s[None], np.ones((1, 3)), 1.0, 1e-15)[0])
    assert moved == pytest.approx(condition * step, rel=1e-5)
    assert moved > condition * step / 2


def test_no_condition_is_finite_where_the_map_jumps() -> None:
    s = np.array([[1.0, 1e-17]])
    assert math.isinf(map_condition(s, np.array([[1.0, 0.0]]), 1.0, 1e-15)[0])
    assert math.isinf(map_condition(np.zeros((1, 2)), np.zeros((1, 2)), 1.5, 1e-15)[0])
    # at p = 1 a gap of 1e-3 counts, and values that count as equal do not
    assert map_condition(np.array([[1.0, 0.999]]), np.array([[1.0, 0.0]]), math.inf, 1e-15)[0] == pytest.approx(1e3)
    assert map_condition(np.array([[1.0, 1.0]]), np.array([[0.5, 0.5]]), math.inf, 1e-15)[0] == pytest.approx(0.5)


def test_diagonal_slices_claim_nothing_where_a_rule_replaced_a_value() -> None:
    s = np.array([[1.0, 0.5], [1.0, 0.0], [1.0, 1e-17], [1.0, 1 - 1e-16]])
    cut = 1e-15
    bound, code = diagonal_certificate(s, (s > cut).astype(float), 1.0, cut)
    assert np.isinf(bound).tolist() == [False, False, True, False]
    assert [METHOD_NAMES[c] for c in code] == ["diagonal"] * 4
    assert np.isinf(diagonal_certificate(s, np.ones_like(s) / 2, math.inf, cut)[0]).tolist() == [
        False,
        False,
        False,
        True,
    ]


def test_the_allowance_is_in_the_unit_of_the_matrix() -> None:
    m = rng("allowances").standard_normal((3, 4, 6))
    assert frobenius(m) == pytest.approx(np.linalg.norm(m, axis=(1, 2)))
    assert rounding_allowance(8 * m, 2.0**-52) == pytest.approx(8 * rounding_allowance(m, 2.0**-52))
    assert frobenius(np.zeros((2, 0, 3))).tolist() == [0, 0]


def test_a_certificate_counts_its_methods() -> None:
    certificate = DualityCertificate(np.array([[0, 3], [3, 1]]), np.zeros((2, 2)), np.array([[True, False]] * 2))
    assert certificate.counts == {"svd": 1, "diagonal": 1, "polynomial": 2}
    assert certificate.fallbacks == 2
