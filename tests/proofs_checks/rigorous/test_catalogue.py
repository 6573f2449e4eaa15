"""The rigorous proofs: all proved, written out, and each breaks when a claim in it is made wrong."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction

import pytest

from proofs_checks.proof import Proof
from proofs_checks.rigorous import (
    CERTIFICATES,
    certificate,
    outside_numbers,
    polar_proofs,
    rounded_constants,
    saturating,
    scalar_proofs,
    steps,
)
from proofs_checks.rigorous.balls import Decision, exact
from proofs_checks.statements import STATEMENTS
from schattor_theory.geometry.coefficients import taylor_polynomial
from schattor_theory.geometry.polynomials import polar_schedule


@pytest.fixture(scope="module")
def proofs() -> dict[str, Proof]:
    return {proposition.name: proposition.run() for proposition in CERTIFICATES}


@pytest.mark.parametrize("proposition", CERTIFICATES, ids=lambda p: p.name)
def test_everything_is_proved(proposition, proofs) -> None:
    proof = proofs[proposition.name]
    assert proof.verdict is Decision.PROVED, proof.words
    assert proposition.statement in STATEMENTS
    assert proposition.kind == proof.kind == "rigorous"
    assert proposition.cost < 1
    json.dumps(proof.to_dict(), allow_nan=False)


def test_names_are_unique_sentences() -> None:
    names = [proposition.name for proposition in CERTIFICATES]
    assert len(set(names)) == len(names)
    assert all(name.endswith(".") for name in names)


def test_every_step_has_words_and_balanced_latex(proofs) -> None:
    for proof in proofs.values():
        for step in proof.steps:
            assert step.claim
            assert step.justification.endswith((".", ")"))
            assert step.latex.count("{") == step.latex.count("}")


def test_certificates_are_named_with_the_command_that_checks_them(proofs) -> None:
    named = [proof.certificate for proof in proofs.values() if proof.certificate]
    assert len(named) == 2
    for entry in named:
        assert entry["check"].endswith(entry["file"])
        assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])


def test_a_lost_certificate_leaves_its_proofs_undecided(monkeypatch, tmp_path) -> None:
    for module in (scalar_proofs, polar_proofs):
        monkeypatch.setattr(module, "certificate_path", lambda name: certificate.certificate_path(name, tmp_path))
    assert {step.result for step in scalar_proofs.inequality_steps()} == {Decision.PROVED, Decision.UNDECIDED}
    undecided = [step for step in polar_proofs.oracle_steps() if step.result is Decision.UNDECIDED]
    assert len(undecided) == 28  # 27 ranges and the conclusion


def outcomes(found) -> list[Decision]:
    return [step.result for step in found]


# what is made wrong, and the outcomes that must be among those of the steps
WRONG = {
    "a margin above the best one": (lambda: scalar_proofs.inequality_steps(Fraction(17, 100)), "refuted"),
    "a margin far above": (lambda: scalar_proofs.inequality_steps(Fraction(1, 2)), "refuted"),
    "a margin above log 2": (lambda: scalar_proofs.inequality_steps(Fraction(3, 4)), "refuted"),
    "another margin than that of the certificate": (
        lambda: scalar_proofs.inequality_steps(Fraction(1, 7)),
        "undecided",
    ),
    "φ'' with a 4 for the 3": (lambda: saturating.curvature_steps(4), "refuted"),
    "φ'' with a 2 for the 3": (lambda: saturating.curvature_steps(2), "refuted"),
    "Muon with another last digit": (lambda: polar_proofs.muon_steps((3.4445, -4.7750, 2.0325)), "refuted"),
    "Muon without critical points": (lambda: polar_proofs.muon_steps((3.4445, -1.0, 2.0315)), "refuted"),
    "Newton–Schulz that is not Taylor": (
        lambda: polar_proofs.taylor_steps(lambda order: (*taylor_polynomial(order)[:-1], 0.25)),
        "refuted",
    ),
    "Newton–Schulz of one order less": (
        lambda: polar_proofs.taylor_steps(lambda order: (*taylor_polynomial(order - 1), 0.0)),
        "refuted",
    ),
}


SLOW = "a margin above the best one"  # needs the smallest boxes


@pytest.mark.parametrize("error", [pytest.param(e, marks=pytest.mark.slow if e == SLOW else ()) for e in WRONG])
def test_a_planted_error_is_not_proved(error) -> None:
    make, outcome = WRONG[error]
    found = outcomes(make())
    assert Decision(outcome) in found
    assert found[0] is Decision.PROVED  # the hypothesis


@pytest.mark.parametrize("digit", [1, -1])
def test_a_table_with_a_last_digit_off_is_refuted(digit, monkeypatch) -> None:
    for name in ("_EXACT", "_RECIPE", "_FIRST_EXACT", "_FIRST_RECIPE"):
        table = getattr(polar_proofs, name)
        for k in range(len(table)):
            head, mark, tail = table[k].partition("e")
            moved = head[:-1] + str((int(head[-1]) + digit) % 10) + mark + tail
            monkeypatch.setattr(polar_proofs, name, (*table[:k], moved, *table[k + 1 :]))
            assert Decision.REFUTED in outcomes(polar_proofs.express_steps()), (name, moved)
        monkeypatch.setattr(polar_proofs, name, table)
    table = scalar_proofs._TABLE
    for q, printed in table.items():
        moved = str(Decimal(printed) + digit * Decimal("1e-6"))
        monkeypatch.setattr(scalar_proofs, "_TABLE", table | {q: moved})
        assert Decision.REFUTED in outcomes(scalar_proofs.constant_steps()), q


def test_wrong_coefficients_of_a_schedule_are_not_those_of_the_certificate(monkeypatch) -> None:
    real = polar_proofs.stored.named_schedules()
    wrong = tuple(s if s.name != "muon" else polar_schedule("muon").with_steps(6) for s in real)
    monkeypatch.setattr(polar_proofs.stored, "named_schedules", lambda: wrong)
    found = outcomes(polar_proofs.oracle_steps())
    assert found.count(Decision.UNDECIDED) == 4


@pytest.mark.parametrize(
    ("name", "factor", "make"),
    [
        ("quarter_circle_moment", "1.000002", outside_numbers.gaussian_steps),
        ("marchenko_pastur_mean", "1.000002", outside_numbers.gaussian_steps),
        ("complex_ginibre", "1.000002", outside_numbers.gaussian_steps),
        ("random_coordinate", "1.001", outside_numbers.random_coordinate_steps),
        ("_walk", "1.001", outside_numbers.random_coordinate_steps),
    ],
)
def test_a_closed_form_that_is_off_is_refuted(name, factor, make, monkeypatch) -> None:
    real = getattr(outside_numbers, name)
    monkeypatch.setattr(outside_numbers, name, lambda *given: real(*given) * exact(factor))
    assert Decision.REFUTED in outcomes(make())


def test_a_wrong_implementation_of_the_saturating_problem_is_refuted(monkeypatch) -> None:
    monkeypatch.setattr(saturating, "saturation_slope", lambda x: x / (1 + x * x) ** 2 * (1 + 1e-14))
    assert outcomes(saturating.curvature_steps())[-1] is Decision.REFUTED


@pytest.mark.parametrize(
    ("constant", "wrong", "make"),
    [
        ("corollaries._HALF_ZETA", 1.306, rounded_constants.parameter_free_steps),
        ("corollaries._COROLLARY_BURN_IN", 2.9, rounded_constants.corollary_steps),
        ("recursive._COROLLARY_BURN_IN", 2.8, rounded_constants.recursive_steps),
        ("necessity._COEFFICIENT", 0.489, rounded_constants.necessity_steps),
    ],
)
def test_a_constant_of_a_bound_on_the_wrong_side_is_refuted(constant, wrong, make, monkeypatch) -> None:
    monkeypatch.setattr(f"schattor_theory.bounds.{constant}", wrong)
    assert outcomes(make())[-1] is Decision.REFUTED


def test_a_wrong_integral_is_refuted(monkeypatch) -> None:
    monkeypatch.setattr(rounded_constants, "_burn_in", lambda: exact("2.265"))
    assert Decision.REFUTED in outcomes(rounded_constants.corollary_steps())
    assert Decision.REFUTED in outcomes(rounded_constants.recursive_steps())


def test_printed_decimals_are_within_half_a_unit() -> None:
    assert steps.rounds_to(exact("1.4385"), "1.44") is Decision.PROVED
    assert steps.rounds_to(exact("1.4349"), "1.44") is Decision.REFUTED
    assert steps.within(exact("1/3").union(exact("1/2")), "0.4", "0.05") is Decision.UNDECIDED
