"""Running checks: order, levels, several processes, and checks that fail."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from proofs_checks import empirical
from proofs_checks.empirical import CHECKS, Check, Context, Finding
from proofs_checks.empirical import run as running
from proofs_checks.evidence import Verdict
from proofs_checks.statements import select

FAST = [c for c in CHECKS if c.statement in ("D1", "T8")]


@pytest.mark.slow
def test_two_processes_give_the_evidence_of_one() -> None:
    found = {}
    for jobs in (1, 2):
        entries = {e.check: e for e in running.run_checks(FAST, seed=3, level="quick", jobs=jobs)}
        found[jobs] = {name: (e.verdict, e.margin, e.detail, e.data) for name, e in entries.items()}
    assert found[1] == found[2]
    assert len(found[1]) == len(FAST)


def test_long_checks_start_first() -> None:
    costs = {c.name: c.cost for c in FAST}
    checks = [replace(check, function=lambda _: _finding()) for check in FAST]
    order = [costs[e.check] for e in running.run_checks(checks, seed=0, level="quick")]
    assert order == sorted(order, reverse=True)


def test_random_only_leaves_out_what_the_seed_does_not_touch() -> None:
    chosen = running.chosen(random_only=True)
    assert 0 < len(chosen) < len(CHECKS)
    assert all(check.is_random for check in chosen)


def test_levels_nest() -> None:
    def check(level: str) -> Check:
        return Check(statement="T1", name=level, kind="inequality", function=lambda _: _finding(), level=level)

    checks = [check("quick"), check("full")]
    assert [c.name for c in running.chosen(level="quick", checks=checks)] == ["quick"]
    assert [c.name for c in running.chosen(level="full", checks=checks)] == ["quick", "full"]


def test_only_the_statements_asked_for_run() -> None:
    assert {c.statement for c in running.chosen(select(["T5"]))} == {"T5", "T5-any", "T5-N2", "T5-hp", "T5'"}


def test_the_error_rates_of_all_checks_sum_to_the_budget() -> None:
    rate = running.context_of(0, "quick").error_rate
    assert rate * len(CHECKS) <= empirical.check.FALSE_FAILURES * (1 + 1e-12)


def _finding() -> Finding:
    return Finding(verdict=Verdict.HOLDS, detail="fine", margin=1.0)


def _raises(_: Context) -> Finding:
    raise RuntimeError("no such luck")


def _dies(_: Context) -> Finding:
    os._exit(9)


def test_other_checks_run_when_one_raises() -> None:
    checks = [
        Check(statement="T1", name="raises", kind="inequality", function=_raises, cost=9),
        Check(statement="T2", name="fine", kind="inequality", function=lambda _: _finding()),
    ]
    first, second = running.run_checks(checks, seed=0, level="quick")
    assert "no such luck" in first.status
    assert second.verdict is Verdict.HOLDS


@pytest.mark.slow
def test_other_checks_run_when_one_kills_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    # forked workers see what is put in here
    monkeypatch.setattr(running.multiprocessing, "get_context", lambda _: _fork())
    dying = Check(statement="T1", name="dies", kind="inequality", function=_dies, cost=99)
    monkeypatch.setattr(running, "CHECKS", (dying, *FAST))
    found = {e.check: e for e in running.run_checks([dying, *FAST], seed=0, level="quick", jobs=2)}
    assert found["dies"].status == running.LOST
    assert all(found[check.name].verdict is Verdict.HOLDS for check in FAST)


def _fork() -> object:
    import multiprocessing.context

    return multiprocessing.context.ForkContext()
