"""Enclosures of norms and pairings: closed forms, floating point, degenerate matrices, and errors that are seen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import acb_mat, arb

from proofs_checks.rigorous import balls, spectral
from proofs_checks.rigorous.balls import Decision
from schattor_theory.errors import ParameterError
from synthetic.seeds import Streams
from tests.joined import every

EXPONENTS = ("1.05", "4/3", "3/2", "1.9", "2", "3")


def draw(shape: tuple[int, int], *, is_complex: bool, label: str = "a") -> np.ndarray:
    rng = Streams({"test": "spectral", "shape": shape, "label": label}).generator("data")
    real = rng.standard_normal(shape)
    return real + 1j * rng.standard_normal(shape) if is_complex else real


def bits(q: str) -> int:
    return spectral.working_bits(float(Fraction(q)), 20)


@every("q", EXPONENTS)
@every(("shape", "is_complex"), [((1, 1), True), ((3, 3), False), ((2, 4), True), ((5, 3), False)])
def test_enclosures_agree_with_floating_point(shape: tuple[int, int], is_complex: bool, q: str) -> None:
    a, b = draw(shape, is_complex=is_complex), draw(shape, is_complex=is_complex, label="b")
    power = float(Fraction(q))
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    # backward error of the float SVD; its singular values here are above 0.1, so that f' is at most 10 (q-1)
    slack = 64 * np.finfo(float).eps * max(shape) * 10 * s[0] ** power
    with balls.precision(bits(q)):
        norm, pairing = spectral.schatten_power(a, q), spectral.gradient_pairing(a, b, q)
        assert balls.width(norm) < 1e-20
        assert balls.width(pairing) < 1e-20
    assert abs(float(norm.mid()) - np.sum(s**power)) < slack
    expected = np.real(np.vdot((u * s ** (power - 1)) @ vh, b))
    assert abs(float(pairing.mid()) - expected) < slack * np.linalg.norm(b)


def test_closed_forms_lie_in_the_balls() -> None:
    with balls.precision(400):
        diagonal = np.diag([4.0, -9.0, 0.0])
        assert spectral.schatten_power(diagonal, "3/2").overlaps(arb(35))
        assert spectral.schatten_norm(diagonal, 1).overlaps(arb(13))
        assert spectral.schatten_norm(diagonal, "inf").overlaps(arb(9))
        assert spectral.gradient_pairing(diagonal, np.diag([1.0, 2.0, 5.0]), "3/2").overlaps(arb(2 - 6))
        rank_one = np.outer([1.0, 2.0], [2.0, 1.0, 2.0])  # s = 3√5
        assert spectral.schatten_norm(rank_one, "3/2").overlaps(3 * arb(5).sqrt())
        assert spectral.gradient_pairing(rank_one, rank_one, "3/2").overlaps(spectral.schatten_power(rank_one, "3/2"))


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((2, 3)), np.eye(4), np.ones((3, 3)), np.diag([1.0, 1e-200]), 1e200 * np.eye(2), np.full((2, 4), 1e-300)],
    ids=["zero", "repeated", "rank one", "spread", "huge", "tiny"],
)
def test_degenerate_matrices_have_narrow_enclosures(matrix: np.ndarray) -> None:
    with balls.precision(400):
        found = spectral.singular_values(matrix)
        expected = np.linalg.svd(matrix, compute_uv=False)
        size = arb(float(expected[0]))
        for ball, value in zip(found, expected, strict=True):
            assert ball.lower() >= 0
            assert balls.width(ball) <= size * arb(2) ** -350
            assert abs(ball - arb(float(value))) <= size * 1e-15
        total = sum((balls.absolute(x.real) ** 2 for x in spectral.ball_matrix(matrix).entries()), arb(0))
        assert spectral.schatten_power(matrix, 2).overlaps(total)
        own = spectral.gradient_pairing(matrix, matrix, "3/2")
        assert own.overlaps(spectral.schatten_power(matrix, "3/2"))
        assert own.is_finite()


@pytest.mark.parametrize("q", ["1.1", "3/2", "3"])
def test_pairing_lies_between_the_difference_quotients_of_the_convex_power(q: str) -> None:
    a, b = np.diag([1.0, 0.5, 0.0]), draw((3, 3), is_complex=False)
    with balls.precision(3000):
        pairing = balls.exact(q) * spectral.gradient_pairing(a, b, q)
        state, step = spectral.ball_matrix(a), spectral.ball_matrix(b)
        at_a = spectral.schatten_power(a, q)
        for exponent in (-4, -400):
            t = arb(2) ** exponent
            ahead = (spectral.schatten_power(state + step * t, q) - at_a) / t
            behind = (at_a - spectral.schatten_power(state - step * t, q)) / t
            assert balls.at_most(pairing, ahead) is Decision.PROVED
            assert balls.at_most(behind, pairing) is Decision.PROVED
        # a has a null vector, where the quotients differ from the slope by t^{q-1} times a number of order one
        assert balls.at_most(ahead - behind, 100 * balls.power(t, min(1, Fraction(q) - 1))) is Decision.PROVED
        wrong = pairing + balls.absolute(pairing) / 1000
        assert balls.at_most(wrong, ahead) is Decision.REFUTED


def test_enclosures_are_invariant_under_transposes_and_scale() -> None:
    a, b = draw((2, 4), is_complex=True), draw((2, 4), is_complex=True, label="b")
    with balls.precision(bits("4/3")):
        found = spectral.gradient_pairing(a, b, "4/3")
        assert found.overlaps(spectral.gradient_pairing(a.conj().T, b.conj().T, "4/3"))
        assert found.overlaps(spectral.gradient_pairing(8 * a, b, "4/3") / 2)
        assert spectral.schatten_power(8 * a, "4/3").overlaps(16 * spectral.schatten_power(a, "4/3"))


def test_a_matrix_of_balls_gives_a_ball_that_holds_its_points() -> None:
    wide = acb_mat([[arb(1, 0.1), 0], [0, arb(2, 0.1)]])
    ball = spectral.schatten_power(wide, "3/2")
    for x, y in ((0.9, 2.1), (1.1, 1.9), (1.0, 2.0)):
        assert ball.overlaps(spectral.schatten_power(np.diag([x, y]), "3/2"))
    assert balls.width(ball) > 0.1


def test_a_wrong_decomposition_is_judged_and_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = spectral._approximate
    a = draw((3, 3), is_complex=False)
    with balls.precision(200):
        truth = spectral.schatten_power(a, "3/2")

        def wrong(matrix: acb_mat) -> tuple:
            left, values, vectors = right(matrix)
            return left, (values[0] * arb(1.001), *values[1:]), (vectors * arb(1.01)).mid()

        monkeypatch.setattr(spectral, "_approximate", wrong)
        found = spectral.schatten_power(a, "3/2")
        assert found.contains(truth)
        assert balls.width(found) > 1e-3


def test_a_wrong_exponent_is_refuted() -> None:
    a = np.diag([4.0, 9.0])
    with balls.precision(300):
        assert not spectral.schatten_power(a, "1.501").overlaps(arb(35))
        assert not spectral.gradient_pairing(a, a, "1.501").overlaps(arb(35))


def test_commutators_vanish_exactly_for_a_common_diagonal_form() -> None:
    with balls.precision(500):
        for a, b, is_zero in (
            (np.diag([1.0, 2.0]), np.diag([3.0, -4.0]), True),
            (np.array([[0.0, 1.0], [2.0, 0.0]]), np.array([[0.0, -3.0], [5.0, 0.0]]), True),
            (np.diag([1.0, 2.0]), np.array([[1.0, 1.0], [1.0, 1.0]]), False),
            (np.array([[1.0]]), np.array([[1.0j]]), True),
            (np.eye(2), np.array([[3.0, -4.0], [4.0, 3.0]]), True),  # a complex number in disguise
            (np.diag([1.0, -1.0]), np.array([[1.0, 2.0], [2.0, 3.0]]), False),
        ):
            entries = [e for block in spectral.commutators(a, b) for e in block.entries()]
            assert all(e.is_zero() for e in entries) == is_zero


@pytest.mark.parametrize("matrix", [np.zeros((0, 2)), np.ones(3), np.array([["x"]])])
def test_what_is_no_matrix_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(ParameterError, match="ball_matrix: matrix must be a matrix of numbers, not empty"):
        spectral.ball_matrix(matrix)


def test_matrices_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ParameterError, match="ball_matrix: matrix must be finite"):
        spectral.ball_matrix(np.array([[np.nan]]))


def test_pairing_refuses_exponent_one_and_other_shapes() -> None:
    with pytest.raises(ParameterError, match="gradient_pairing: q must be larger than 1, got q=1"):
        spectral.gradient_pairing(np.eye(2), np.eye(2), 1)
    with pytest.raises(ParameterError, match="gradient_pairing: b must have the shape of a"):
        spectral.gradient_pairing(np.eye(2), np.eye(3), 2)
