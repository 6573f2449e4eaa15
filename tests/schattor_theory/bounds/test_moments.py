"""The moment bounds of T4 as values: constants by independent computations, hypotheses that fail, bad arguments."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from schattor_theory.bounds import (
    covariance_bound,
    moment_bound,
    price_bound,
    row_column_bound,
    two_smooth_bound,
    weighted_bound,
)
from schattor_theory.bounds.moments import MOMENT_LEVELS
from schattor_theory.errors import ExponentError, NonFiniteError, ParameterError, ShapeError, UnknownNameError
from tests.joined import every

EPS = float(np.finfo(float).eps)


def nuclear(x: np.ndarray) -> np.ndarray:
    return np.linalg.svd(x, compute_uv=False).sum(axis=-1)


def sign_sums(terms: np.ndarray) -> np.ndarray:
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=len(terms))))
    return np.tensordot(signs, terms, axes=1)


def test_levels_have_the_constants_of_the_statement():
    at = {level: moment_bound(5.0, q=1.5, moment_order=1.5, level=level, first_moment=2.0, conditionally_symmetric=True)
          for level in MOMENT_LEVELS}  # fmt: skip
    root = 2**0.5
    values = {level: bound.value for level, bound in at.items()}
    assert values == pytest.approx(
        {
            "triangle": None,
            "symmetric": 5.0,
            "first_term": 2 + 3 * root,
            "martingale": 5 * root,
            "fallback": 10.0,
            "best": 2 + 3 * 3**0.25,
        }
    )
    assert moment_bound(5.0, q=7, moment_order=1, level="triangle").value == 5.0


def test_first_term_never_exceeds_the_general_level():
    for order in (1.0, 1.3, 2.0):
        general = moment_bound(4.0, q=2, moment_order=order).value
        first = moment_bound(4.0, q=2, moment_order=order, level="first_term", first_moment=1.0).value
        assert first <= general * (1 + 4 * EPS)


def test_infinite_moments_give_an_infinite_bound():
    assert moment_bound(math.inf, q=1.5, moment_order=1.5).value == math.inf
    bound = moment_bound(math.inf, q=1.5, moment_order=1.5, level="first_term", first_moment=math.inf)
    assert bound.value == math.inf


@every(
    ("bound", "reason"),
    [
        (moment_bound(1.0, q=1, moment_order=1.5), "q = 1 lies outside"),
        (moment_bound(1.0, q=4, moment_order=1.5), "q = 4 lies outside"),
        (moment_bound(1.0, q=2, moment_order=1.5, level="triangle"), "the triangle inequality is the case β = 1"),
        (moment_bound(1.0, q=2, moment_order=2, level="symmetric"), "not conditionally symmetric"),
        (moment_bound(1.0, q=2, moment_order=1.5, level="fallback"), "level 'fallback' is the case q = β"),
        (moment_bound(1.0, q=2, moment_order=1.5, level="best", first_moment=1.0), "level 'best' is the case q = β"),
        (covariance_bound(np.eye(2), q=2.5), "exceeds 2"),
        (covariance_bound(np.eye(2), q=math.inf), "exceeds 2"),
        (weighted_bound(np.eye(2), 1.0, q=2, inner_exponent=1.5, moment_order=1.5), "a = 1.5 is below q = 2"),
        (weighted_bound(np.eye(2), 1.0, q=1, inner_exponent=4, moment_order=1.5), "a = 4 lies outside"),
        (row_column_bound(np.eye(2), np.eye(2), q=3), "exceeds 2"),
        (two_smooth_bound(1.0, p=1.5), "below 2"),
        (two_smooth_bound(1.0, p="inf"), "no constant"),
        (price_bound(1.0, q=2, moment_order=1.5, rank=3), "there is no price"),
    ],
)
def test_hypothesis_that_fails_gives_a_reason(bound, reason):
    assert bound.status == "not_applicable"
    assert bound.value is None
    assert reason in bound.reason


def test_the_end_of_the_range_counts_as_inside_up_to_rounding():
    for order in (1.1, 1.25, 1.7):
        assert moment_bound(1.0, q=order / (order - 1), moment_order=order).is_applicable


def test_covariance_bound_is_attained_by_signs_in_a_row():
    row = np.zeros((6, 6, 6))
    row[np.arange(6), 0, np.arange(6)] = 1.5
    second = float(np.mean(nuclear(sign_sums(row)) ** 2))
    covariance = np.einsum("kij,klj->il", row, row)
    assert covariance_bound(covariance, q=1).value == pytest.approx(second, rel=1e-12)
    assert not covariance_bound(0.9 * covariance, q=1).value >= second


def test_covariance_bound_holds_below_one():
    terms = np.random.default_rng(3).standard_normal((5, 3, 3))
    singular = np.linalg.svd(sign_sums(terms), compute_uv=False)
    second = float(np.mean(np.sum(singular**0.5, axis=-1) ** 4))
    assert covariance_bound(np.einsum("kij,klj->il", terms, terms), q=0.5).value >= second


def test_complex_covariance_is_its_hermitian_spectrum():
    matrix = np.array([[2.0, 1j], [-1j, 2.0]])  # eigenvalues 1 and 3
    assert covariance_bound(matrix, q=1).value == pytest.approx((1 + math.sqrt(3)) ** 2)


def test_weighted_bound_is_attained_by_fresh_coordinates():
    # signs on r coordinates, W = r^{-1/s} I, a = β: Σ E‖W⁺Z‖^β = r r^{β/s}, E‖S‖_1^β = r^β
    r, order = 6, 1.5
    s = 1 / (1 - 1 / order)
    weight = r ** (-1 / s) * np.eye(r)
    bound = weighted_bound(
        weight, r * r ** (order / s), q=1, inner_exponent=order, moment_order=order, conditionally_symmetric=True
    )
    assert bound.value == pytest.approx(r**order, rel=1e-12)


def test_weighted_bound_does_not_see_the_scale_of_the_weight():
    def value(c):
        return weighted_bound(c * np.diag([1.0, 2.0]), 7.0 / c**1.5, q=1, inner_exponent=1.5, moment_order=1.5).value

    assert value(3.0) == pytest.approx(value(1.0), rel=1e-13)


def test_rows_and_columns_add():
    bound = row_column_bound(4 * np.eye(1), 9 * np.eye(1), q=1)
    assert bound.value == pytest.approx(25.0)
    assert bound.constants["rows"] == 2.0
    assert bound.constants["columns"] == 3.0


def test_third_part_changes_the_order_of_the_moment():
    bound = row_column_bound(np.zeros((2, 2)), np.zeros((2, 2)), q=1, diagonal_moments=0.1)
    assert bound.constants["moment_order"] == 1.0
    assert bound.value == pytest.approx(0.2)  # 2^{2/q-1} = 2, to the power q = 1
    # with second moments it would be refuted: one rare sign has E‖S‖_1² = 0.1
    assert bound.value**2 < 0.1


@pytest.mark.parametrize("p", [2, 3, 4.5])
def test_two_smooth_constant_is_the_curvature_of_the_norm(p):
    # (1, 1) ± ε(1, -1) in ℓ_p: the second difference of the squared norm approaches p - 1
    eps = 1e-4
    after = np.sum(np.abs([1 + eps, 1 - eps]) ** p) ** (2 / p)
    increment = (after - 2 ** (2 / p)) / (2 ** (2 / p) * eps**2)
    assert two_smooth_bound(1.0, p=p).value == pytest.approx(increment, rel=1e-5)


def test_price_bound_is_attained_by_fresh_coordinates():
    for q, order, r in ((1, 2, 9), (1.5, 2, 4), (1, 1.5, 8)):
        bound = price_bound(r, q=q, moment_order=order, rank=r, conditionally_symmetric=True)
        assert bound.value == pytest.approx(r ** (order / q), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_bounds_scale_over_the_float_range(scale):
    assert covariance_bound(scale**2 * np.eye(3), q=1).value == pytest.approx(9 * scale**2, rel=1e-12)
    assert moment_bound(scale**1.5, q=1.5, moment_order=1.5).value == pytest.approx(2**0.5 * scale**1.5, rel=1e-12)


def test_zero_differences_have_the_bound_zero():
    zeros = np.zeros((3, 3))
    assert moment_bound(0, q=2, moment_order=2).value == 0
    assert covariance_bound(zeros, q=1).value == 0
    assert row_column_bound(zeros, zeros, q=1).value == 0
    assert covariance_bound(np.zeros((0, 0)), q=1).value == 0


@every(
    ("call", "error", "message"),
    [
        (lambda: moment_bound(-1.0, q=1, moment_order=1), ParameterError,
         "moment_bound: sum_of_moments must be a number >= 0, got sum_of_moments=-1.0."),
        (lambda: moment_bound(math.nan, q=1, moment_order=1), ParameterError, "moment_bound: sum_of_moments must be a"),
        (lambda: moment_bound(1.0, q=0.5, moment_order=1), ExponentError, "moment_bound: q must lie in [1, inf]"),
        (lambda: moment_bound(1.0, q=1, moment_order=3), ParameterError, "moment_bound: moment_order must lie in"),
        (lambda: moment_bound(1.0, q=1, moment_order=1, level="all"), UnknownNameError, "moment_bound: level must be"),
        (lambda: moment_bound(1.0, q=1.5, moment_order=1.5, level="best"), ParameterError,
         "moment_bound: first_moment must be given at level 'best'"),
        (lambda: moment_bound(1.0, q=2, moment_order=2, level="first_term"), ParameterError,
         "moment_bound: first_moment must be given at level 'first_term', got first_moment=None."),
        (lambda: moment_bound(1.0, q=2, moment_order=2, level="first_term", first_moment=2.0), ParameterError,
         "moment_bound: first_moment must be at most sum_of_moments=1.0, got first_moment=2.0."),
        (lambda: covariance_bound(np.eye(2), q=0), ParameterError, "covariance_bound: q must be a positive finite"),
        (lambda: covariance_bound(np.eye(2), q=1, side="top"), UnknownNameError, "covariance_bound: side must be one"),
        (lambda: covariance_bound(np.ones((2, 3)), q=1), ShapeError,
         "covariance_bound: covariance must be a square matrix, got covariance=(2, 3)."),
        (lambda: covariance_bound(np.array([[math.nan]]), q=1), NonFiniteError,
         "covariance_bound: covariance must be finite"),
        (lambda: covariance_bound(np.array([[1.0, 2.0], [0.0, 1.0]]), q=1), ParameterError,
         "covariance_bound: covariance must be symmetric or Hermitian"),
        (lambda: covariance_bound(np.diag([1.0, -1.0]), q=1), ParameterError,
         "covariance_bound: covariance must be positive semidefinite, got covariance=-1.0."),
        (lambda: weighted_bound(np.diag([1.0, -1.0]), 1.0, q=1, inner_exponent=2, moment_order=2), ParameterError,
         "weighted_bound: weight must be positive semidefinite"),
        (lambda: row_column_bound(np.eye(2), np.eye(2), q=1, diagonal_moments=-1.0), ParameterError,
         "row_column_bound: diagonal_moments must be a number >= 0"),
        (lambda: two_smooth_bound("1", p=2), ParameterError, "two_smooth_bound: sum_of_moments must be a number >= 0"),
        (lambda: price_bound(1.0, q=1, moment_order=2, rank=0), ParameterError,
         "price_bound: rank must be an integer >= 1, got rank=0."),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)
