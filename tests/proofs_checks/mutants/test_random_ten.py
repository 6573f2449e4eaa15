"""Ten mutants drawn anew each day are killed. SCHATTOR_MUTANTS=TEXT draws those of another day, or any others."""

from __future__ import annotations

import datetime
import os

import pytest

from proofs_checks.mutants import MUTANTS
from proofs_checks.mutants.hunt import hunted
from synthetic.seeds import Streams

TEN = 10


def drawn(text: str) -> list[str]:
    """Return ten names that this text draws."""
    order = Streams({"mutants": text}).generator("data").permutation(len(MUTANTS))
    return [MUTANTS[int(i)].name for i in order[:TEN]]


def draw() -> str:
    return os.environ.get("SCHATTOR_MUTANTS") or datetime.datetime.now(tz=datetime.UTC).date().isoformat()


def test_another_day_draws_others() -> None:
    assert drawn("2026-01-01") == drawn("2026-01-01") != drawn("2026-01-02")
    assert len(set(drawn("2026-01-01"))) == TEN


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(TEN))
def test_is_killed(turn: int) -> None:
    text = draw()
    name = drawn(text)[turn]
    print(f"mutant {name}, drawn by SCHATTOR_MUTANTS={text}")
    found = hunted(name)
    assert found.killer is not None, f"{found.words} Drawn by SCHATTOR_MUTANTS={text}."
