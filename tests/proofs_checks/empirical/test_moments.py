"""The checks of the moment bounds: how probes become a finding, and the full level on a seed of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proofs_checks.empirical import moments
from proofs_checks.empirical.check import FALSE_FAILURES, Context
from proofs_checks.empirical.moments import CHECKS
from proofs_checks.evidence import Verdict
from proofs_checks.moments.probe import Probed

CONTEXT = Context(seed=5, error_rate=FALSE_FAILURES / 100, check="test")
HELD = Probed(bound="T4g", statement="T4g", q=1.0, moment_order=2.0, verdict=Verdict.HOLDS, bound_value=2.0, ratio=0.5,
              ratio_low=0.4, ratio_high=0.75, trials=9)  # fmt: skip


def finding(*verdicts: Verdict):
    return moments._finding(CONTEXT, "test", [({"martingale": "m"}, replace(HELD, verdict=v)) for v in verdicts])


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([Verdict.HOLDS, Verdict.NOT_APPLICABLE], Verdict.HOLDS),
        ([Verdict.HOLDS, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.INCONCLUSIVE, Verdict.VIOLATED, Verdict.HOLDS], Verdict.VIOLATED),
        ([Verdict.NOT_APPLICABLE], Verdict.NOT_APPLICABLE),
    ],
)
def test_finding_is_that_of_the_worst_probe(verdicts, expected):
    assert finding(*verdicts).verdict is expected


def test_margin_is_what_the_upper_ends_leave():
    assert finding(Verdict.HOLDS).margin == pytest.approx(0.25)


def test_violation_names_the_martingale_and_the_seed():
    witness = finding(Verdict.VIOLATED).witness
    assert (witness["martingale"], witness["seed"], witness["bound"]) == ("m", 5, "T4g")


def test_statements_a_to_g_each_have_a_check():
    assert {check.statement for check in CHECKS} == {"T4a*", *(f"T4{letter}" for letter in "abcdefg")}


def test_tight_witness_that_misses_its_bound_is_violated(monkeypatch):
    (one, *_) = (w for w in moments.WITNESSES if w.bound == "T4b-left")
    monkeypatch.setattr(moments, "WITNESSES", (replace(one, bound="T4b-right"),))
    ((_, probed),) = moments._witness_probes(CONTEXT, "T4b")
    assert probed.verdict is Verdict.VIOLATED
    assert probed.reason == "the witness no longer attains the bound"


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_holds_at_the_full_level(check):
    evidence = check.run(Context(seed=17, level="full", error_rate=FALSE_FAILURES / 100))
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.HOLDS, evidence.detail
