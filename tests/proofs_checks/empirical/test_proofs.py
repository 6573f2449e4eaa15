"""Proofs as checks: a refutation is a violation, what is undecided decides nothing, and a limit is kept."""

from __future__ import annotations

import time

import pytest

from proofs_checks.empirical import proofs
from proofs_checks.empirical.check import Context
from proofs_checks.evidence import KINDS, Verdict
from proofs_checks.proof import Proposition, Step
from proofs_checks.prove.catalogue import propositions
from proofs_checks.rigorous.balls import Decision


def proposition(result: Decision = Decision.PROVED, **changes: object) -> Proposition:
    step = Step(claim="1 ≤ 2", latex=r"1\le 2", justification="Count.", result=result)
    fields = {"statement": "T1", "name": "One is less, or two.", "kind": "rigorous", "prove": lambda: (step,)}
    return Proposition(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "verdict", "margin"),
    [
        (Decision.PROVED, Verdict.HOLDS, 0.0),
        (Decision.REFUTED, Verdict.VIOLATED, -1.0),
        (Decision.UNDECIDED, Verdict.INCONCLUSIVE, None),
    ],
)
def test_verdict_follows_the_proof(result: Decision, verdict: Verdict, margin: float | None) -> None:
    evidence = proofs.check_of(proposition(result)).run(Context(seed=3))
    assert evidence.is_ok
    assert (evidence.verdict, evidence.margin, evidence.kind) == (verdict, margin, "rigorous")
    assert (evidence.witness is not None) == (verdict is Verdict.VIOLATED)
    assert evidence.data["proof"] == "One is less, or two."
    if evidence.witness is not None:
        assert evidence.witness["seed"] == 3
        assert evidence.witness["step"] == "1 ≤ 2"


def test_a_proof_that_takes_too_long_is_stopped_and_undecided() -> None:
    def endless() -> tuple[Step, ...]:
        while True:
            time.sleep(0.01)

    start = time.perf_counter()
    evidence = proofs.check_of(proposition(prove=endless, time_limit=0.2)).run(Context())
    assert time.perf_counter() - start < 5
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "stopped after 0.2 s" in evidence.detail


def test_every_proof_is_a_check_and_the_quick_ones_are_short() -> None:
    assert len(proofs.CHECKS) == len(propositions())
    assert len({check.name for check in proofs.CHECKS}) == len(proofs.CHECKS)
    assert all(check.kind in KINDS and not check.is_random for check in proofs.CHECKS)
    quick = [check for check in proofs.CHECKS if check.level == "quick"]
    assert max(check.cost for check in quick) < 1


def test_names_of_checks_are_words_joined_by_lines() -> None:
    check = proofs.check_of(proposition())
    assert check.name == "one_is_less_or_two"
    assert check.function.__doc__ == "One is less, or two."
