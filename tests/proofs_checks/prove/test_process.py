"""The proving process: proofs come back whole, one that takes too long is ended, one that dies costs no other."""

from __future__ import annotations

import os
import time

import pytest

from proofs_checks.proof import Proposition, Step
from proofs_checks.prove import process
from proofs_checks.rigorous.balls import Decision


def steps() -> tuple[Step, ...]:
    return (Step(claim="1 = 1", latex="1=1", justification="", result=Decision.PROVED),)


def endless() -> tuple[Step, ...]:
    while True:
        time.sleep(0.05)


def deadly() -> tuple[Step, ...]:
    os._exit(1)


def proposition(name: str, prove, time_limit: float = 30.0) -> Proposition:
    return Proposition(statement="T1", name=name, kind="symbolic", prove=prove, time_limit=time_limit)


CATALOGUE = {
    one.name: one
    for one in (proposition("short", steps), proposition("endless", endless, 0.5), proposition("deadly", deadly))
}


def serve(pipe) -> None:
    """Stand in for what a process serves: the propositions of this file."""
    process.named = CATALOGUE.__getitem__
    process._serve(pipe)


@pytest.mark.slow
def test_one_that_takes_too_long_or_dies_is_undecided_and_the_next_is_proved(monkeypatch) -> None:
    with process.Prover() as prover:
        monkeypatch.setattr(process, "_serve", serve)
        names = ("short", "endless", "short", "deadly", "short")
        proofs = [prover.prove(CATALOGUE[name]) for name in names]
        kept = prover._process
    verdicts = [proof.verdict for proof in proofs]
    assert verdicts == [Decision.PROVED, Decision.UNDECIDED, Decision.PROVED, Decision.UNDECIDED, Decision.PROVED]
    assert "stopped after 0.5 s" in proofs[1].words
    assert 0.5 <= proofs[1].seconds < 5
    assert "the process died" in proofs[3].words
    assert kept is not None
    assert prover._process is None
    with pytest.raises(ValueError, match="process object is closed"):
        kept.is_alive()


@pytest.mark.slow
def test_an_interrupt_ends_the_process(monkeypatch) -> None:
    monkeypatch.setattr(process, "_serve", serve)
    prover = process.Prover()
    assert prover.prove(CATALOGUE["short"]).verdict is Decision.PROVED

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(prover._pipe), "poll", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prover.prove(CATALOGUE["endless"])
    assert prover._process is None
