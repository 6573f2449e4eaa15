"""docs/mutants.md lists the mutants as they are, each killed by a check of its own statement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proofs_checks.empirical import CHECKS
from proofs_checks.evidence import Evidence, Verdict
from proofs_checks.mutants import MUTANTS, __main__
from proofs_checks.mutants.hunt import Hunt
from proofs_checks.mutants.table import MADE_BY, expected, listed, page

PAGE = Path(__file__).parents[3] / "docs" / "mutants.md"


def killed(name: str, statement: str) -> Hunt:
    entry = Evidence(
        statement=statement, check="a_check", kind="identity", verdict=Verdict.VIOLATED, witness={"seed": 0}
    )
    return Hunt(mutant=name, entries=(entry,), seconds=1.25)


HUNTS = {mutant.name: killed(mutant.name, mutant.statement) for mutant in MUTANTS}


def test_the_page_is_not_stale() -> None:
    rows = list(listed(PAGE.read_text(encoding="utf-8")))
    assert [row for row, _ in rows] == expected(), f"docs/mutants.md is stale: run `{MADE_BY}`."


def test_each_is_killed_by_a_check_of_its_statement() -> None:
    statement_of = {check.name: check.statement for check in CHECKS}
    for (statement, *_), killer in listed(PAGE.read_text(encoding="utf-8")):
        assert statement_of.get(killer) == statement, killer


def test_rows_are_read_back_as_they_were_written() -> None:
    text = page(HUNTS)
    assert [row for row, _ in listed(text)] == expected()
    assert {killer for _, killer in listed(text)} == {"a_check"}
    assert f"{len(MUTANTS)} of {len(MUTANTS)} are killed at seed 0" in text


def test_a_survivor_is_said_loudly() -> None:
    name = MUTANTS[0].name
    text = page(HUNTS | {name: replace(HUNTS[name], entries=())})
    assert f"{len(MUTANTS) - 1} of {len(MUTANTS)} are killed" in text
    assert "**survives**" in next(line for line in text.splitlines() if f"`{name}`" in line)


def command(monkeypatch: pytest.MonkeyPatch, hunts: dict[str, Hunt], *words: str) -> int:
    monkeypatch.setattr(__main__, "hunts", lambda names, **_: (hunts[name] for name in names))
    return __main__.main(list(words))


def test_command_writes_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "mutants.md"
    assert command(monkeypatch, HUNTS, "--out", str(out)) == 0
    assert out.read_text(encoding="utf-8") == page(HUNTS)


def test_command_names_survivors(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    name = MUTANTS[0].name
    survivor = HUNTS | {name: replace(HUNTS[name], entries=())}
    assert command(monkeypatch, survivor, name) == 1
    assert "0 of 1 killed" in capsys.readouterr().out


def test_command_ends_with_the_survivors(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    name = MUTANTS[0].name
    command(monkeypatch, HUNTS | {name: replace(HUNTS[name], entries=())}, name)
    assert capsys.readouterr().out.splitlines()[-1] == f"survives: {name}"


def test_command_refuses_an_unknown_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(monkeypatch, HUNTS, "no_such_mutant_at_all") == 2
    assert "mutant must name a mutant" in capsys.readouterr().err


@pytest.mark.slow
def test_hunts_run_in_processes_of_their_own() -> None:
    names = ("two_smooth_bound_too_low", "rate_off")
    found = {one.mutant: one for one in __main__.hunts(names, seed=0, jobs=2)}
    assert {name: found[name].killer is not None for name in names} == dict.fromkeys(names, True)
