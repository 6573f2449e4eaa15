"""Witnesses: the kept ones replay to the last certified digit; a changed digit, a sign, a lost step are seen."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from proofs_checks.adversarial import Node, Witness, load_witnesses, read_witness, save_witness
from proofs_checks.adversarial.find import EXPONENTS
from proofs_checks.adversarial.witness import DIGITS, FOLDER
from proofs_checks.rigorous import balls, scalar_constant
from proofs_checks.rigorous.balls import Decision
from schattor_theory.errors import ParameterError, SchattorError, StoreError
from tests.joined import every

KEPT = load_witnesses()
PAIRS = [w for w in KEPT if w.kind == "one-step" and w.q == w.moment_order]


def replayed(witness: Witness) -> str:
    return balls.decimal_below(witness.certified_lower(), DIGITS)


@every("witness", KEPT, ids=lambda w: w.name)
def test_kept_witness_replays_to_its_last_certified_digit(witness: Witness) -> None:
    assert replayed(witness) == witness.certified
    assert len(witness.certified.split(".")[1]) == DIGITS


@every("witness", PAIRS, ids=lambda w: w.name)
def test_kept_pair_is_below_the_scalar_constant_and_what_is_proved(witness: Witness) -> None:
    lower = witness.certified_lower()
    with balls.precision(200):
        constant = scalar_constant.scalar_constant(witness.q, 40).constant
        assert balls.at_most(lower, balls.power(2, 2 - witness.q)) is Decision.PROVED
        # where this fails the conjecture K_q = C_q is refuted
        assert balls.less(constant, lower) is Decision.REFUTED
        gap = constant - lower
        if witness.is_scalar:
            assert gap < balls.exact("1e-25")
        else:
            assert balls.at_most(balls.exact(witness.least_commutator), witness.commutator()) is Decision.PROVED
            # the gap falls with the square of the commutator size; searches leave it within a factor of ten
            assert gap < balls.exact(2) * balls.exact(witness.least_commutator) ** 2


def test_every_exponent_has_a_scalar_witness_and_ones_that_do_not_commute() -> None:
    assert {w.q for w in PAIRS if w.is_scalar and w.commutes} == set(EXPONENTS)
    for least in (0.1, 0.001):
        assert {w.q for w in PAIRS if not w.commutes and w.least_commutator == least} == set(EXPONENTS)


def test_beyond_two_a_pair_exceeds_the_scalar_constant() -> None:
    (witness,) = [w for w in KEPT if w.q != w.moment_order]
    assert (witness.moment_order, witness.q) == (Fraction(3, 2), 3)
    assert witness.commutes
    constant = scalar_constant.scalar_constant("3/2", 20).constant
    assert balls.less(constant, witness.certified_lower()) is Decision.PROVED
    assert witness.certified.startswith("1.33219264")


def test_kept_files_are_the_ones_that_would_be_written(tmp_path: Path) -> None:
    for path in sorted(FOLDER.glob("*.json"))[:5]:
        witness = read_witness(path)
        again = save_witness(witness, tmp_path)
        assert again.name == path.name
        assert again.read_bytes() == path.read_bytes()
        assert witness.command.startswith("python -m proofs_checks.adversarial --kind ")


def pair(**changes: object) -> Witness:
    fields = {"kind": "one-step", "q": Fraction(3, 2), "moment_order": Fraction(3, 2), "field": "real",
              "a": np.array([[1.0, 0.2], [0.0, 0.5]]), "b": np.array([[-5.0, 1.0], [0.3, 0.1]])}  # fmt: skip
    return Witness.certify(**(fields | changes))


def test_one_changed_bit_changes_the_certified_digits() -> None:
    right = pair()
    b = right.b.copy()
    b[0, 0] = np.nextafter(b[0, 0], 0)
    assert replayed(dataclasses.replace(right, b=b)) != right.certified
    assert replayed(dataclasses.replace(right, b=-right.b)) != right.certified
    assert replayed(dataclasses.replace(right, q=Fraction("1.5000001"), moment_order=Fraction("1.5000001"))) != (
        right.certified
    )


def test_certified_digits_agree_with_floating_point_from_below() -> None:
    right = pair()
    q = 1.5

    def total(x: np.ndarray) -> float:
        return float(np.sum(np.linalg.svd(x, compute_uv=False) ** q))

    u, s, vh = np.linalg.svd(right.a)
    slope = (u * s ** (q - 1)) @ vh
    value = (total(right.a + right.b) - total(right.a) - q * np.sum(slope * right.b)) / total(right.b)
    assert float(right.certified) == pytest.approx(value, rel=1e-13)
    with balls.precision(300):
        assert balls.at_most(balls.exact(right.certified), right.enclosure(DIGITS)) is Decision.PROVED


def test_complex_and_rectangular_pairs_and_their_files(tmp_path: Path) -> None:
    a, b = np.array([[1.0, 0.5j, 0.0]]), np.array([[-2.0j, 0.1, 3.0]])
    witness = pair(a=a, b=b, field="complex")
    again = read_witness(save_witness(witness, tmp_path))
    assert np.array_equal(again.a, a)
    assert np.array_equal(again.b, b)
    assert replayed(again) == witness.certified
    assert not again.commutes
    assert not again.a.flags.writeable


def test_martingale_of_equal_values_has_the_moment_of_signs() -> None:
    # ±1, then ±1 with equal chances: E|S|^q = 2^{q-1} against 2
    one = np.array([[1.0]])
    witness = Witness.certify(
        kind="martingale", q=Fraction(3, 2), moment_order=Fraction(3, 2), field="real", a=one, nodes=(Node(one, 1.0),)
    )
    with balls.precision(200):
        expected = balls.power(2, "1/2") / 2
        assert balls.less(abs(witness.enclosure() - expected), "1e-25") is Decision.PROVED
    assert witness.name == "martingale_q=3-2_2-step_1x1_real"
    lost = dataclasses.replace(witness, nodes=(Node(one, 0.5),))
    assert replayed(lost) != witness.certified


def test_a_pair_of_noise_around_the_scalar_case_is_told_by_its_commutator() -> None:
    rng = np.random.default_rng(3)
    noisy = pair(a=np.eye(2), b=-6.8 * np.eye(2) + 1e-12 * rng.standard_normal((2, 2)))
    assert not noisy.commutes  # exactly, there is no common form
    assert noisy.commutator() < 1e-10
    assert pair(a=np.eye(2), b=np.array([[3.0, -4.0], [4.0, 3.0]])).commutes
    # commutators of entries at both ends of the range are still exact
    spread = pair(a=np.diag([1e300, 1.0]), b=np.array([[1e-300, 0.0], [0.0, -5e-300]]))
    assert spread.commutes


def test_commutator_of_a_martingale_is_refused() -> None:
    one = np.array([[1.0]])
    witness = Witness(
        kind="martingale", q=Fraction(2), moment_order=Fraction(2), field="real", a=one, nodes=(Node(one, 1.0),)
    )
    with pytest.raises(ParameterError, match=r"Witness\.commutator: kind must be one-step, got kind='martingale'"):
        witness.commutator()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"b": None}, "Witness: kind must fit the matrices"),
        ({"b": np.array([[np.nan, 0.0], [0.0, 1.0]])}, "Witness: matrices must be finite and of one shape"),
        ({"b": np.eye(3)}, "Witness: matrices must be finite and of one shape"),
        ({"kind": "three-step"}, "Witness: kind must be one of 'one-step', 'martingale'"),
        ({"field": "rational"}, "Witness: field must be one of 'real', 'complex'"),
        ({"b": np.zeros((2, 2))}, "Witness.enclosure: a must have a finite ratio"),
    ],
)
def test_wrong_witnesses_are_refused(changes: dict, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofs_checks.adversarial.witness._MOST_BITS", 1000)
    with pytest.raises(SchattorError, match=message):
        pair(**changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "read_witness: path must be a JSON file"),
        ("[]", "read_witness: path must be a witness of schema 1"),
        ('{"schema": 2}', "read_witness: path must be a witness of schema 1"),
        ('{"schema": 1, "kind": "one-step"}', "read_witness: path must hold the fields of schema 1"),
    ],
)
def test_files_that_are_no_witness_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "witness.json"
    path.write_text(text)
    with pytest.raises(StoreError, match=message):
        read_witness(path)


@pytest.mark.parametrize("entry", ["nan", "inf", "x", 3])
def test_entries_that_are_no_finite_float_are_refused(entry: object, tmp_path: Path) -> None:
    path = save_witness(pair(), tmp_path)
    content = json.loads(path.read_text())
    content["a"][0][0] = entry
    path.write_text(json.dumps(content))
    with pytest.raises(StoreError, match="read_witness: path must hold the fields of schema 1"):
        read_witness(path)


def test_a_missing_file_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="read_witness"):
        read_witness(tmp_path / "none.json")
