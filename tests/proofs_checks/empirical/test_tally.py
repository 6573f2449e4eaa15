"""Comparisons without chance: the closest is kept, and what is not a number fails."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.empirical.check import Check, Context, Finding
from proofs_checks.empirical.tally import Tally
from proofs_checks.evidence import Verdict
from schattor_theory.errors import ParameterError


def tally() -> Tally:
    return Tally(Context(seed=4, check="a test"))


def test_holds_within_the_slack_and_not_beyond() -> None:
    for excess, verdict in ((0.9e-9, Verdict.HOLDS), (1.1e-9, Verdict.VIOLATED)):
        found = tally()
        found.at_most(1 + excess, 1.0, slack=1e-9)
        assert found.finding("x").verdict is verdict


def test_keeps_the_inputs_of_the_worst_comparison() -> None:
    found = tally()
    for value in (1.5, 3.0, 2.5):
        found.at_most(value, 2.0, witness={"input": value})
    finding = found.finding("x")
    assert finding.witness == {"seed": 4, "check": "a test", "input": 3.0, "value": 3.0, "limit": 2.0, "slack": 0.0}
    assert finding.margin == -0.5


def test_a_number_that_is_not_one_is_a_violation() -> None:
    found = tally()
    found.equal(np.nan, 1.0, slack=1.0)
    assert found.finding("x").verdict is Verdict.VIOLATED


def test_no_slack_asks_for_equality() -> None:
    found = tally()
    found.equal([1.0, 2.0], [1.0, 2.0], slack=0.0)
    assert found.finding("x").margin == 1.0
    found.equal(1.0, 1.0 + 1e-15, slack=0.0)
    assert found.finding("x").verdict is Verdict.VIOLATED


def test_counts_every_entry() -> None:
    found = tally()
    found.at_most(np.zeros((3, 4)), 1.0)
    assert found.finding("Tried.").detail == "Tried. 12 comparisons."


def test_refuses_to_compare_nothing() -> None:
    with pytest.raises(ParameterError, match="value must hold at least one comparison"):
        tally().at_most(np.zeros(0), 1.0)


def test_a_check_that_raises_says_where_and_is_no_pass() -> None:
    def broken(_: Context) -> Finding:
        raise ZeroDivisionError("by nothing")

    evidence = Check(statement="T1", name="broken", kind="inequality", function=broken).run(Context())
    assert evidence.status.startswith("error: ZeroDivisionError: by nothing (test_tally.py, line ")
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert not evidence.is_ok
