"""The bracket at one exponent: its ends, its decimals, and which witnesses count."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.adversarial import Witness
from proofs_checks.constants.bracket import LEAST_COMMUTATOR, bracket_of, read_exponents
from proofs_checks.rigorous.balls import Decision, exact
from schattor_theory.errors import ParameterError

THREE_HALVES = Fraction(3, 2)


def pair(a, b, *, q=THREE_HALVES, **fields) -> Witness:
    matrices = {"a": np.array(a, dtype=float), "b": np.array(b, dtype=float)}
    return Witness(kind="one-step", q=q, moment_order=q, field="real", **matrices, **fields)


SCALAR = pair([[1]], [[-6.8284]])
TURNED = pair([[1, 0], [0, 0.01]], [[-6.8, 0.7], [0.7, 0]])
DIAGONAL = pair([[1, 0], [0, 0]], [[-6.8284, 0], [0, 0]])
NEARLY = pair([[1, 0], [0, 0.01]], [[-6.8284, 1e-9], [1e-9, 0]])


def test_ends_of_three_halves_are_their_closed_forms() -> None:
    found = bracket_of(THREE_HALVES, 20)
    assert (2 * found.scalar.constant**2).overlaps(2 + exact(2).sqrt())
    assert (found.upper**4).overlaps(exact(3))
    row = found.to_dict()
    assert row["scalar_low"] == "1.30656296487637652785"
    assert row["scalar_high"] == "1.30656296487637652786"
    assert row["upper"] == "1.31607401295249246082"
    assert row["maximiser_low"].startswith("6.828427124746190097")
    assert 0.00727 < row["gap"] < 0.00729


@pytest.mark.parametrize("q", ["8/7", "1.2", "4/3"])
def test_there_is_no_gap_where_the_constant_is_known(q) -> None:
    row = bracket_of(Fraction(q), 12).to_dict()
    assert row["proof"] == "sharp"
    assert row["gap"] == 0
    assert row["upper"] == row["scalar_high"]


@pytest.mark.parametrize(("q", "value"), [(1, "2.000000"), (2, "1.000000")])
def test_both_ends_of_the_range_are_exact(q, value) -> None:
    row = bracket_of(Fraction(q), 6).to_dict()
    assert row["scalar_low"] == row["scalar_high"] == row["upper"] == row["first_upper"] == value
    assert row["maximiser_low"] is None
    assert row["gap"] == row["first_gap"] == 0


def test_numbers_and_non_commuting_matrices_are_kept_apart() -> None:
    found = bracket_of(THREE_HALVES, 12, [TURNED, SCALAR, DIAGONAL, NEARLY])
    assert found.scalar_witness is SCALAR
    assert found.matrix_witness is TURNED
    assert float(TURNED.commutator()) > LEAST_COMMUTATOR
    assert found.beats_scalar is not Decision.PROVED
    assert found.exceeds_upper is Decision.REFUTED


def test_a_commuting_or_nearly_commuting_pair_is_no_matrix_witness() -> None:
    assert bracket_of(THREE_HALVES, 12, [DIAGONAL, NEARLY]).matrix_witness is None


def test_witnesses_of_other_exponents_are_left_out() -> None:
    assert bracket_of(Fraction(7, 5), 12, [SCALAR, TURNED]).scalar_witness is None
    elsewhere = replace(SCALAR, moment_order=Fraction(7, 5))
    assert bracket_of(THREE_HALVES, 12, [elsewhere]).scalar_witness is None


def test_sees_a_witness_that_beats_the_scalar_constant_and_one_that_breaks_the_proof(monkeypatch) -> None:
    monkeypatch.setattr(Witness, "certified_lower", lambda self, digits=25: exact("1.31"))
    found = bracket_of(THREE_HALVES, 12, [NEARLY])
    assert found.matrix_witness is NEARLY
    assert found.beats_scalar is Decision.PROVED
    assert found.exceeds_upper is Decision.REFUTED
    monkeypatch.setattr(Witness, "certified_lower", lambda self, digits=25: exact("1.3161"))
    assert bracket_of(THREE_HALVES, 12, [NEARLY]).exceeds_upper is Decision.PROVED


def test_exponents_are_read_once_each_and_in_order() -> None:
    assert read_exponents("1.5, 4/3,3/2") == (Fraction(4, 3), THREE_HALVES)


@pytest.mark.parametrize("text", ["", "0.9", "1.5,x", "1/0", "2.01"])
def test_refuses_exponents_outside_the_range(text) -> None:
    with pytest.raises(ParameterError, match=r"constants: q must hold numbers in \[1, 2\], got q="):
        read_exponents(text)


@pytest.mark.parametrize(("digits", "message"), [(0, "digits must be an integer >= 1"), (1001, "be at most 1000")])
def test_refuses_a_number_of_digits_it_does_not_compute(digits, message) -> None:
    with pytest.raises(ParameterError, match=f"bracket_of: .*{message}"):
        bracket_of(THREE_HALVES, digits)
