"""Oracles as cone programs: closed forms, scale, transposes, ties, a solver that lies or fails, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proofs_checks.conic import OracleSolved, ball_oracle, norm_by_duality, oracles, regularized_oracle
from proofs_checks.conic.cones import CONE_EXPONENTS
from proofs_checks.conic.solved import GAP
from proofs_checks.conic.solver import Outcome
from schattor_theory.errors import DTypeError, ExponentError, NonFiniteError, ParameterError, ShapeError
from schattor_theory.geometry import dual_exponent, duality_map, schatten_norm
from synthetic.seeds import Streams

each_exponent = pytest.mark.parametrize("p", CONE_EXPONENTS)


def matrix(label: str, *shape: int) -> np.ndarray:
    return Streams({"conic": label}).generator("data").standard_normal(shape)


def assert_meets(found: OracleSolved, closed: float) -> None:
    slack = 1e-12 * abs(closed)
    assert found.lower <= closed + slack
    assert found.upper >= closed - slack
    assert found.is_solved


@each_exponent
def test_ball_and_dual_form_enclose_the_dual_norm(p: float) -> None:
    m = matrix("values", 2, 3)
    q = dual_exponent(p)
    norm = float(np.linalg.norm(np.linalg.svd(m, compute_uv=False), q))
    assert_meets(ball_oracle(m, p), norm)
    assert_meets(norm_by_duality(m, q), norm)
    assert_meets(regularized_oracle(m, p, 0.7), -0.35 * norm**2)


@pytest.mark.parametrize("entries", [1e-3, 1e2, 1e6, 1e-150, 1e150, 1e-300, 1e300])
def test_the_scale_of_the_entries_does_not_matter(entries: float) -> None:
    p, m = 4, matrix("scale", 2, 2)
    found, unit = ball_oracle(entries * m, p), ball_oracle(m, p)
    assert found.is_solved
    assert found.upper / entries == pytest.approx(unit.upper, rel=GAP)
    assert np.allclose(found.point, unit.point, rtol=0, atol=1e-3)


@each_exponent
def test_points_are_in_the_ball_by_singular_values(p: float) -> None:
    m = matrix("points", 3, 2)
    found = ball_oracle(m, p)
    assert float(schatten_norm(found.point, p)) <= 1 + 1e-12
    assert float(np.vdot(m, found.point)) >= found.lower
    dual = norm_by_duality(m, dual_exponent(p))
    assert float(schatten_norm(dual.point, p)) <= 1 + 1e-12


@each_exponent
def test_weights_fit_the_point_and_the_matrix(p: float) -> None:
    m = 7 * matrix("weights", 2, 3)
    for found in (ball_oracle(m, p), regularized_oracle(m, p, 0.3), norm_by_duality(m, dual_exponent(p))):
        for (a, b), off in ((found.weights, found.point), (found.dual_weights, m)):
            for sign in (1, -1):  # the off-diagonal block may have either sign
                whole = np.block([[a, sign * off], [sign * off.T, b]])
                assert np.linalg.eigvalsh(whole)[0] >= -1e-6 * np.abs(whole).max()


@pytest.mark.parametrize("p", [4 / 3, 4])
def test_a_transposed_matrix_has_the_transposed_point(p: float) -> None:
    m = matrix("transposed", 2, 3)
    assert ball_oracle(m.T, p).upper == pytest.approx(ball_oracle(m, p).upper, rel=GAP)
    assert np.allclose(ball_oracle(m.T, p).point, ball_oracle(m, p).point.T, atol=1e-4)


def test_a_penalty_leaves_the_smallest_of_many_points() -> None:
    tied, low = np.diag([2.0, 2.0, 1.0]), np.outer([1.0, 2.0], [2.0, 1.0])
    assert np.allclose(ball_oracle(tied, 1, penalty=0.5).point, duality_map(tied, 1), atol=1e-5)
    assert np.allclose(ball_oracle(low, math.inf, penalty=0.5).point, duality_map(low, math.inf), atol=1e-5)


def test_a_penalised_value_lies_between_its_ends() -> None:
    m = np.diag([3.0, 1.0])
    # the projection of M/ε on the spectral ball: min(s/ε, 1)
    found = ball_oracle(m, math.inf, penalty=2.0)
    assert_meets(found, 3 - 1 + 0.5 - 0.25)
    assert np.allclose(found.point, np.diag([1.0, 0.5]), atol=1e-5)


@each_exponent
@pytest.mark.parametrize("rows", [[[-3.0]], [[1.0, 2.0, 2.0]]])
def test_vectors_have_their_length(p: float, rows: list) -> None:
    assert_meets(ball_oracle(rows, p), 3.0)
    assert_meets(norm_by_duality(rows, p), 3.0)


@each_exponent
def test_zeros_have_the_point_zero(p: float) -> None:
    for found in (ball_oracle(np.zeros((2, 3)), p), regularized_oracle(np.zeros((2, 3)), p, 1.0)):
        assert (found.lower, found.upper, found.gap, found.is_solved) == (0.0, 0.0, 0.0, True)
        assert not found.point.any()
        assert found.point.shape == (2, 3)


def wrong_points(problem: object, **options: float) -> Outcome:
    """Be a solver that calls a wrong point optimal."""
    for variable in problem.variables():
        variable.value = np.full(variable.shape, 1e3)
    return Outcome(method="LIAR", status="optimal", reported=0.1)


def points_without_numbers(problem: object, **options: float) -> Outcome:
    for variable in problem.variables():
        variable.save_value(np.full(variable.shape, np.nan))  # past cvxpy's own check
    return Outcome(method="LIAR", status="optimal", reported=0.1)


def no_points(problem: object, **options: float) -> Outcome:
    return Outcome(method="LIAR", status="infeasible")


@pytest.mark.parametrize("lie", [wrong_points, points_without_numbers, no_points])
@pytest.mark.parametrize("p", [1, 4, math.inf])
def test_an_optimal_status_alone_is_not_believed(lie: object, p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    m = matrix("liar", 2, 3)
    monkeypatch.setattr(oracles.solver, "solve", lie)
    norm = float(schatten_norm(m, dual_exponent(p)))
    for found, truth in (
        (ball_oracle(m, p), norm),
        (norm_by_duality(m, dual_exponent(p)), norm),
        (regularized_oracle(m, p, 1.0), -(norm**2) / 2),
    ):
        assert found.method == "LIAR"
        assert not found.is_solved
        assert found.lower <= truth <= found.upper


def test_the_record_is_plain() -> None:
    record = ball_oracle(matrix("plain", 2, 2), 4).to_dict()
    assert record["method"].startswith("CLARABEL ")
    assert record["is_solved"] is True
    assert record["reported"] == pytest.approx(record["upper"], rel=1e-6)
    assert max(record["residuals"].values()) < 1e-7


def test_input_is_unchanged() -> None:
    m = matrix("unchanged", 2, 2)
    m.flags.writeable = False
    ball_oracle(m, 4, penalty=0.1)
    regularized_oracle(m, 4, 0.1)


@pytest.mark.parametrize(
    ("value", "options", "error", "message"),
    [
        (np.ones(3), {}, ShapeError, r"matrix must be one matrix, shape \(m, n\), neither of them 0"),
        (np.ones((0, 2)), {}, ShapeError, "neither of them 0"),
        (np.ones((1, 1), dtype=complex), {}, DTypeError, "matrix must hold real numbers.*Dilate"),
        (np.array([[1.0, np.inf]]), {}, NonFiniteError, r"matrix\[0, 1\] must be finite"),
        (np.ones((1, 1)), {"p": 3}, ExponentError, "p must be 1, 4/3, 2, 4 or inf"),
        (np.ones((1, 1)), {"p": 0.5}, ExponentError, r"p must lie in \[1, inf\]"),
        (np.ones((1, 1)), {"penalty": -1.0}, ParameterError, "penalty must be"),
    ],
)
def test_refuses(value: np.ndarray, options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=f"ball_oracle: .*{message}"):
        ball_oracle(value, **({"p": 2} | options))


def test_the_other_oracles_refuse_in_their_own_name() -> None:
    with pytest.raises(ParameterError, match="regularized_oracle: step_size must be"):
        regularized_oracle(np.ones((1, 1)), 2, 0.0)
    with pytest.raises(ExponentError, match="norm_by_duality: q must be 1, 4/3, 2, 4 or inf"):
        norm_by_duality(np.ones((1, 1)), 3)
