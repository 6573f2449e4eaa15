"""The checks against worst cases never take a weak search or luck for evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proofs_checks.adversarial import search, trees
from proofs_checks.empirical import witnesses
from proofs_checks.empirical.check import FALSE_FAILURES, Context
from proofs_checks.evidence import Verdict
from proofs_checks.rigorous import balls

CHECKS = {check.name: check for check in witnesses.CHECKS}
SEARCHES = ("worst_case_search_finds_nothing_above_the_constant", "short_martingales_stay_below_the_constant")


def context(seed: int = 11) -> Context:
    return Context(seed=seed, error_rate=FALSE_FAILURES / 100)


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
