"""The infimum over splittings: closed forms, scale, mixtures, a solver that lies, degenerate series, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proofs_checks.conic import Solved, examples, program, rows_columns_infimum, splitting_cost
from proofs_checks.conic.program import Points
from proofs_checks.conic.solved import GAP, norm
from schattor_theory.errors import (
    DTypeError,
    ExponentError,
    NonFiniteError,
    ParameterError,
    ShapeError,
    UnknownNameError,
)
from synthetic.haar import haar_orthogonal
from synthetic.seeds import Streams
from tests.joined import some

EPS = np.finfo(float).eps
EXPONENTS = (1, 4 / 3, 1.5, 8 / 5, 16 / 9, 2)


def random_series(label: str, *shape: int) -> np.ndarray:
    return Streams({"conic": label}).generator("data").standard_normal(shape)


def assert_meets(found: Solved, closed: float) -> None:
    """The ends enclose the closed form and are as near to each other as a solved program promises."""
    assert found.lower <= closed * (1 + 1e-9)
    assert found.upper >= closed * (1 - 1e-9)
    assert found.gap <= GAP


@pytest.mark.parametrize("q", EXPONENTS)
@pytest.mark.parametrize("n", some([1, 2, 3], 2))
def test_rows_beside_columns_have_their_closed_form(n: int, q: float) -> None:
    assert_meets(rows_columns_infimum(examples.rows_and_columns(n), q), examples.rows_and_columns_infimum(n, q))


@pytest.mark.parametrize(("n", "truth", "one_sided"), [(4, 3.877243, 6), (16, 7.937754, 20), (64, 15.968781, 72)])
def test_rows_beside_columns_have_the_numbers_of_the_table(n: int, truth: float, one_sided: float) -> None:
    series = examples.rows_and_columns(n)
    zeros = np.zeros_like(series)
    assert examples.rows_and_columns_gaussian_moment(n) == pytest.approx(truth, abs=5e-7)
    assert splitting_cost(series, zeros, 1) == pytest.approx(one_sided, rel=1e-12)
    assert splitting_cost(zeros, series, 1) == pytest.approx(one_sided, rel=1e-12)
    assert examples.rows_and_columns_infimum(n, 1) == pytest.approx(2 * math.sqrt(n), rel=1e-14)


def test_a_large_series_is_solved_by_reweighting_and_says_so() -> None:
    found = rows_columns_infimum(examples.rows_and_columns(16), 1)
    assert found.method == "reweighting"
    assert_meets(found, 8.0)


def test_the_solver_is_named_with_its_version() -> None:
    found = rows_columns_infimum(examples.rows_and_columns(2), 1)
    assert found.method.startswith("CLARABEL ")
    assert found.reported == pytest.approx(found.value, rel=1e-6)
    assert found.reported_dual == pytest.approx(found.value, rel=1e-6)
    assert max(found.residuals.values()) < 1e-7


@pytest.mark.parametrize("q", some([1, 4 / 3, 8 / 5, 16 / 9], 2))
def test_program_and_reweighting_enclose_one_number(q: float) -> None:
    series = random_series("two methods", 3, 2, 3)
    first = rows_columns_infimum(series, q, method="program")
    second = rows_columns_infimum(series, q, method="reweighting", n_iterations=100)
    assert first.is_solved
    assert max(first.lower, second.lower) <= min(first.upper, second.upper)


@pytest.mark.parametrize("q", [1, 4 / 3])
def test_complex_series_are_enclosed_by_both_methods(q: float) -> None:
    series = random_series("real", 2, 2, 2) + 1j * random_series("imaginary", 2, 2, 2)
    first = rows_columns_infimum(series, q, method="program")
    second = rows_columns_infimum(series, q, method="reweighting", n_iterations=100)
    assert first.is_solved
    assert max(first.lower, second.lower) <= min(first.upper, second.upper)
    assert np.allclose(first.rows + first.columns, series, rtol=0, atol=8 * EPS * np.abs(series).max())


def test_a_complex_series_of_real_matrices_has_the_real_infimum() -> None:
    series = random_series("real as complex", 2, 2, 2)
    assert rows_columns_infimum(series + 0j, 1).value == pytest.approx(rows_columns_infimum(series, 1).value, rel=2e-6)


@pytest.mark.parametrize("scale", some([1e-300, 1e-150, 1e-3, 1e2, 1e6, 1e150, 1e300], 2))
def test_the_infimum_scales_with_the_series(scale: float) -> None:
    series = random_series("scale", 3, 2, 2)
    found, unit = rows_columns_infimum(scale * series, 4 / 3), rows_columns_infimum(series, 4 / 3)
    assert found.is_solved
    assert found.value / scale == pytest.approx(unit.value, rel=2 * GAP)


def test_an_orthogonal_mixture_has_the_same_infimum() -> None:
    series = random_series("mixture", 3, 2, 2)
    mixing = haar_orthogonal(Streams("mixing").generator("basis"), 1, 5)[0, :, :3]
    mixed = np.tensordot(mixing, series, axes=1)
    assert rows_columns_infimum(mixed, 1).value == pytest.approx(rows_columns_infimum(series, 1).value, rel=2 * GAP)


def test_transposed_matrices_have_the_same_infimum() -> None:
    series = random_series("transposed", 3, 2, 3)
    turned = series.transpose(0, 2, 1)
    assert rows_columns_infimum(turned, 1).value == pytest.approx(rows_columns_infimum(series, 1).value, rel=2 * GAP)


def test_the_points_are_what_the_ends_say() -> None:
    series = random_series("points", 3, 2, 3)
    found = rows_columns_infimum(series, 4 / 3)
    assert np.allclose(found.rows + found.columns, series, rtol=0, atol=8 * EPS * np.abs(series).max())
    assert splitting_cost(found.rows, found.columns, 4 / 3) == pytest.approx(found.upper, rel=1e-11)
    n, m, d = series.shape
    for stacked in (found.dual.transpose(1, 0, 2).reshape(m, n * d), found.dual.reshape(n * m, d)):
        assert norm(stacked, 4) <= 1 + 1e-12
    assert np.vdot(found.dual, series) == pytest.approx(found.lower, rel=1e-11)


def lies(series: np.ndarray, q: float) -> Points:
    """Return what a solver might that calls a wrong point optimal."""
    _, m, d = series.shape
    dual = 1e3 * np.ones_like(series)
    return Points(method="LIAR", status="optimal", row_weight=np.diag([1.0, *[1e-9] * (m - 1)]),
                  column_weight=np.eye(d), dual=dual, reported=0.1, reported_dual=0.1)  # fmt: skip


def returns_nan(series: np.ndarray, q: float) -> Points:
    _, m, d = series.shape
    return Points(method="LIAR", status="optimal", row_weight=np.eye(m), column_weight=np.eye(d),
                  dual=np.full_like(series, np.nan), reported=0.1, reported_dual=0.1)  # fmt: skip


def returns_nothing(series: np.ndarray, q: float) -> Points:
    return Points(method="LIAR", status="infeasible")


@pytest.mark.parametrize("solver", [lies, returns_nan, returns_nothing])
def test_an_optimal_status_alone_is_not_believed(solver: object, monkeypatch: pytest.MonkeyPatch) -> None:
    series = random_series("liar", 3, 2, 2)
    truth = rows_columns_infimum(series, 1)
    monkeypatch.setattr(program, "solve_weights", solver)
    found = rows_columns_infimum(series, 1)
    assert found.method == "LIAR"
    assert not found.is_solved
    assert found.lower <= truth.upper
    assert found.upper >= truth.lower


@pytest.mark.parametrize("n_iterations", [1, 2, 5])
def test_an_early_stop_still_encloses(n_iterations: int) -> None:
    series = random_series("early", 4, 3, 3)
    truth = rows_columns_infimum(series, 1)
    found = rows_columns_infimum(series, 1, method="reweighting", n_iterations=n_iterations)
    assert found.lower <= truth.upper
    assert found.upper >= truth.lower
    assert found.n_iterations == n_iterations
    assert found.status.startswith("stopped")


@pytest.mark.parametrize("q", some(EXPONENTS, 2))
def test_degenerate_series_have_their_values(q: float) -> None:
    one = np.full((1, 1, 1), -3.0)
    assert rows_columns_infimum(one, q).value == pytest.approx(3.0, rel=1e-6)
    numbers = np.array([3.0, 4.0]).reshape(2, 1, 1)
    assert rows_columns_infimum(numbers, q).value == pytest.approx(5.0, rel=1e-6)
    row = np.eye(5)[:, None, :]
    assert rows_columns_infimum(row, q).value == pytest.approx(math.sqrt(5), rel=1e-5)
    zeros = rows_columns_infimum(np.zeros((2, 3, 4)), q)
    assert (zeros.lower, zeros.upper, zeros.gap, zeros.is_solved) == (0.0, 0.0, 0.0, True)


def test_at_q_two_it_is_the_frobenius_norm() -> None:
    series = random_series("frobenius", 5, 3, 2)
    assert_meets(rows_columns_infimum(series, 2), float(np.linalg.norm(series)))


def test_the_record_is_plain() -> None:
    record = rows_columns_infimum(examples.rows_and_columns(1), 1).to_dict()
    assert record["is_solved"] is True
    assert set(record) >= {"method", "status", "lower", "upper", "reported", "reported_dual", "residuals", "gap"}


def test_input_is_unchanged() -> None:
    series = random_series("unchanged", 3, 2, 2)
    series.flags.writeable = False
    rows_columns_infimum(series, 1)


@pytest.mark.parametrize(
    ("series", "options", "error", "message"),
    [
        (np.ones((2, 2)), {}, ShapeError, r"series must be a stack of matrices, shape \(n, m, d\), none of them 0"),
        (np.ones((0, 2, 2)), {}, ShapeError, "none of them 0"),
        (np.array([[["a"]]]), {}, DTypeError, "series must hold real or complex numbers"),
        (np.array([[[1.0, np.nan]]]), {}, NonFiniteError, r"series\[0, 0, 1\] must be finite"),
        (np.ones((1, 1, 1)), {"q": 2.5}, ExponentError, r"q must lie in \[1, 2\]"),
        (np.ones((1, 1, 1)), {"q": 0.5}, ExponentError, r"q must lie in \[1, inf\]"),
        (np.ones((1, 1, 1)), {"method": "scs"}, UnknownNameError, "method must be one of"),
        (np.ones((1, 1, 1)), {"q": 1.5, "method": "program"}, ParameterError, 'must be "auto" or "reweighting"'),
        (np.ones((1, 1, 1)), {"n_iterations": 0}, ParameterError, "n_iterations must be an integer >= 1"),
    ],
)
def test_refuses(series: np.ndarray, options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=f"rows_columns_infimum: .*{message}"):
        rows_columns_infimum(series, **({"q": 1} | options))


def test_quadrature_of_a_gaussian_pair_agrees_with_closed_forms() -> None:
    unit = np.eye(2)
    first, second = np.outer(unit[0], unit[0]), np.outer(unit[1], unit[1])
    # E|g| = √π/2 for each of two separate numbers; E‖(g_1, g_2)‖ = Γ(5/2) for a row
    assert examples.complex_gaussian_pair_moment(first, second, 1) == pytest.approx(math.sqrt(math.pi), rel=1e-3)
    row = np.outer(unit[0], unit[1])
    assert examples.complex_gaussian_pair_moment(first, row, 1) == pytest.approx(math.gamma(2.5), rel=1e-12)


def test_enumeration_of_signs_agrees_with_hand() -> None:
    numbers = np.ones((3, 1, 1))
    assert examples.rademacher_moment(numbers, 1, 1) == pytest.approx((2 * 3 + 6 * 1) / 8)
    assert examples.rademacher_moment(numbers, 1, 2) == pytest.approx(3.0)
