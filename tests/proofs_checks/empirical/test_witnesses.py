"""The checks against worst cases hold, refute planted errors, and never take a weak search or luck for evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proofs_checks.adversarial import search, trees
from proofs_checks.empirical import witnesses
from proofs_checks.empirical.check import FALSE_FAILURES, Check, Context
from proofs_checks.evidence import KINDS, Verdict
from proofs_checks.rigorous import balls
from proofs_checks.statements import STATEMENTS
from tests.proofs_checks.empirical.planted import Planted
from tests.proofs_checks.empirical.planted_witnesses import WITNESSES

CHECKS = {check.name: check for check in witnesses.CHECKS}
SEARCHES = ("worst_case_search_finds_nothing_above_the_constant", "short_martingales_stay_below_the_constant")


def marked(name: str, value: object, *, label: str) -> object:
    return pytest.param(value, id=label, marks=pytest.mark.slow if CHECKS[name].cost > 0.9 else ())


def context(seed: int = 11) -> Context:
    return Context(seed=seed, error_rate=FALSE_FAILURES / 100)


@pytest.mark.parametrize("check", [marked(c.name, c, label=c.name) for c in CHECKS.values()])
def test_holds_on_a_seed_of_its_own(check: Check) -> None:
    evidence = check.run(context(seed=5))
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.HOLDS, (evidence.detail, evidence.margin, evidence.witness)
    assert evidence.margin is not None
    assert evidence.margin >= 0
    assert check.statement in STATEMENTS
    assert check.kind in KINDS
    assert check.function.__doc__


@pytest.mark.parametrize("planted", [marked(p.check, p, label=f"{p.check}: {p.words}") for p in WITNESSES])
def test_refutes(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.put_in(monkeypatch)
    evidence = CHECKS[planted.check].run(context())
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.VIOLATED, evidence.detail
    assert evidence.witness is not None
    assert evidence.witness["seed"] == 11


def test_every_check_has_a_planted_error() -> None:
    assert set(CHECKS) == {planted.check for planted in WITNESSES}


def test_a_search_that_misses_the_scalar_optimum_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    right = search.search_one_step

    def weak(*a: Any, **k: Any) -> Any:
        found = right(*a, **(k | {"starts": 1}))
        return replace(found, value=found.scalar - 1e-8)

    monkeypatch.setattr(search, "search_one_step", weak)
    evidence = CHECKS[SEARCHES[0]].run(context())
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "too weak to report" in evidence.detail


def test_martingales_of_matrices_that_miss_the_scalar_ones_are_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    right = trees.search_martingale

    def weak(q: object, shape: tuple[int, int], **k: Any) -> Any:
        found = right(q, shape, **(k | {"starts": 2}))
        return replace(found, value=1.0) if shape != (1, 1) else found

    monkeypatch.setattr(trees, "search_martingale", weak)
    evidence = CHECKS[SEARCHES[1]].run(context())
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "too weak to report" in evidence.detail


def test_a_pair_above_the_scalar_constant_is_said_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"name": "a pair", "beats_scalar": balls.Decision.PROVED.value}
    assert "THE CONJECTURE K_q = C_q IS REFUTED by a pair" in witnesses._loud([row])
    undecided = row | {"beats_scalar": balls.Decision.UNDECIDED.value}
    assert "REFUTED" not in witnesses._loud([undecided])


@pytest.mark.slow
def test_search_draws_from_the_seed_of_the_run() -> None:
    rows = [CHECKS[SEARCHES[0]].run(context(seed)).data["rows"] for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]
