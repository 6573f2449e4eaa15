"""The checks of the moment bounds hold, and refute the bounds with an error planted in them."""

from __future__ import annotations

import pytest

from proofs_checks.empirical.check import FALSE_FAILURES, Context
from proofs_checks.empirical.moments import CHECKS
from proofs_checks.evidence import Verdict
from tests.proofs_checks.empirical.planted import Planted
from tests.proofs_checks.empirical.planted_moments import MOMENTS

BY_NAME = {check.name: check for check in CHECKS}


def context(seed: int = 5) -> Context:
    return Context(seed=seed, error_rate=FALSE_FAILURES / 100)


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "averages_turn_at_the_dimension"])
def test_holds(name: str) -> None:
    evidence = BY_NAME[name].run(context())
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.HOLDS, evidence.detail
    assert evidence.margin is not None
    assert evidence.margin >= 0


def slow_if_sampled(planted: Planted) -> object:
    marks = pytest.mark.slow if planted.check == "averages_turn_at_the_dimension" else ()
    return pytest.param(planted, id=f"{planted.check}: {planted.name}, {planted.words}", marks=marks)


@pytest.mark.parametrize("planted", [slow_if_sampled(p) for p in MOMENTS])
def test_refutes(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.put_in(monkeypatch)
    evidence = BY_NAME[planted.check].run(context(11))
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.VIOLATED, evidence.detail
    assert evidence.witness is not None
    assert evidence.witness["seed"] == 11


def test_every_check_has_a_planted_error() -> None:
    assert set(BY_NAME) == {planted.check for planted in MOMENTS}
