"""The checks of T4d hold on a seed of their own and refute planted errors."""

from __future__ import annotations

import pytest

from proofs_checks.empirical import Context
from proofs_checks.empirical.splitting import CHECKS
from proofs_checks.evidence import Verdict
from tests.proofs_checks.conic.planted import SPLITTING
from tests.proofs_checks.empirical.planted import Planted

BY_NAME = {check.name: check for check in CHECKS}
SLOW = 0.9  # seconds of cost from which a check is left out of the fast suite


def marked(name: str, value: object, label: str) -> object:
    return pytest.param(value, id=label, marks=pytest.mark.slow if BY_NAME[name].cost > SLOW else ())


@pytest.mark.parametrize("name", [marked(name, name, name) for name in BY_NAME])
def test_holds_on_a_seed_of_its_own(name: str) -> None:
    evidence = BY_NAME[name].run(Context(seed=5))
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.HOLDS, (evidence.detail, evidence.margin, evidence.witness)


@pytest.mark.parametrize("planted", [marked(p.check, p, f"{p.check}: {p.words}") for p in SPLITTING])
def test_refutes(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.put_in(monkeypatch)
    evidence = BY_NAME[planted.check].run(Context(seed=11))
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.VIOLATED, evidence.detail
    assert evidence.witness is not None


def test_every_check_of_the_file_has_a_planted_error() -> None:
    assert set(BY_NAME) == {planted.check for planted in SPLITTING}
