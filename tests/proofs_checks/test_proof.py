"""Proofs: what follows from the results of their steps, and how they come to be undecided."""

from __future__ import annotations

import json

import pytest

from proofs_checks.proof import Proof, Proposition, Step, settle
from proofs_checks.rigorous.balls import Decision
from schattor_theory.errors import ParameterError, UnknownNameError


def step(result: Decision = Decision.PROVED, **changes: object) -> Step:
    fields = {"claim": "1 ≤ 2", "latex": r"1\le 2", "justification": "Count.", "result": result}
    return Step(**(fields | changes))  # type: ignore[arg-type]


def proof(*results: Decision) -> Proof:
    return Proof(statement="T1", name="a_proof", kind="symbolic", steps=tuple(step(result) for result in results))


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ((Decision.PROVED, Decision.PROVED), Decision.PROVED),
        ((Decision.PROVED, Decision.UNDECIDED), Decision.UNDECIDED),
        ((Decision.UNDECIDED, Decision.REFUTED), Decision.REFUTED),
        ((), Decision.UNDECIDED),
    ],
)
def test_verdict_is_that_of_the_worst_step(results: tuple[Decision, ...], verdict: Decision) -> None:
    assert proof(*results).verdict is verdict


def test_open_steps_begin_with_what_is_refuted() -> None:
    found = proof(Decision.UNDECIDED, Decision.PROVED, Decision.REFUTED)
    assert [one.result for one in found.open_steps] == [Decision.REFUTED, Decision.UNDECIDED]
    assert found.words.startswith("Refuted: 1 ≤ 2")


def test_is_strict_json() -> None:
    content = json.loads(json.dumps(proof(Decision.PROVED).to_dict(), allow_nan=False))
    assert content["verdict"] == "proved"
    assert content["steps"] == [
        {"claim": "1 ≤ 2", "latex": r"1\le 2", "justification": "Count.", "result": "proved", "role": "step"}
    ]


def proposition(prove: object) -> Proposition:
    return Proposition(statement="T1", name="a_proof", kind="symbolic", prove=prove)  # type: ignore[arg-type]


def test_running_takes_a_proof_or_its_steps_and_measures_the_time() -> None:
    for returned in ((step(),), Proof(statement="T9", name="other", kind="conic", steps=(step(),))):
        found = proposition(lambda returned=returned: returned).run()
        assert (found.statement, found.name, found.kind, found.verdict) == (
            "T1",
            "a_proof",
            "symbolic",
            Decision.PROVED,
        )
        assert found.seconds >= 0


def test_an_error_on_the_way_is_undecided_and_says_what_it_was() -> None:
    def prove() -> tuple[Step, ...]:
        raise ArithmeticError("no solution for x_{1}")

    found = proposition(prove).run()
    assert found.verdict is Decision.UNDECIDED
    assert "ArithmeticError: no solution for x_{1}" in found.steps[0].claim
    assert "{1}" not in found.steps[0].latex


def test_a_proof_that_was_stopped_or_lost_is_undecided() -> None:
    for found in (proposition(tuple).stopped(1.5), proposition(tuple).lost(1.5)):
        assert found.verdict is Decision.UNDECIDED
        assert found.seconds == 1.5


def test_wrong_kinds_roles_and_limits_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Proof: kind must be one of 'symbolic', 'rigorous', 'conic', got"):
        Proof(statement="T1", name="a", kind="symbolical", steps=())
    with pytest.raises(UnknownNameError, match="Step: role must be one of 'hypothesis', 'step', 'conclusion', got"):
        step(role="lemma")
    with pytest.raises(ParameterError, match="Proposition: time_limit must be a positive finite number, got"):
        Proposition(statement="T1", name="a", kind="conic", prove=tuple, time_limit=0)


def test_two_findings_that_contradict_each_other_settle_nothing() -> None:
    assert settle(True, True) is settle(False, False) is Decision.UNDECIDED
