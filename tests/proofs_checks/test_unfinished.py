"""A run of checks that was interrupted goes on where it stopped, and only where nothing has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from proofs_checks import cli, unfinished, verification
from proofs_checks.empirical import CHECKS, Context, Finding
from proofs_checks.evidence import Evidence, Verdict
from proofs_checks.ledger import read_ledger
from proofs_checks.unfinished import UNFINISHED, Unfinished, key_of

NAMES = [check.name for check in CHECKS if check.statement == "T8"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["verify", "--only", "T8", "--jobs", "1", *map(str, arguments)])


class Counted:
    """Checks of T8 that count how often each ran, and stop like Ctrl-C at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[str] = []
        self.stop_at: str | None = None
        checks = [
            replace(check, function=lambda context, name=check.name: self(name, context), cost=len(NAMES) - i)
            for i, check in enumerate(one for one in CHECKS if one.statement == "T8")
        ]
        monkeypatch.setattr(verification, "chosen", lambda *_, **__: checks)

    def __call__(self, name: str, context: Context) -> Finding:
        if name == self.stop_at:
            raise KeyboardInterrupt
        self.ran.append(name)
        return Finding(verdict=Verdict.HOLDS, detail="fine", margin=0.5, data={"seed": context.seed})


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def entries(folder: Path) -> list[dict[str, Any]]:
    found = [entry.to_dict() for entry in read_ledger(folder / "ledger.json").entries]
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in found]


def test_the_same_command_runs_only_what_is_missing_and_gives_the_same_ledger(counted: Counted, tmp_path: Path) -> None:
    assert run("--out", tmp_path / "whole").exit_code == 0
    assert not (tmp_path / "whole" / UNFINISHED).exists()
    counted.ran, counted.stop_at = [], NAMES[-1]
    stopped = run("--out", tmp_path / "parts")
    assert stopped.exit_code == 4
    place = tmp_path / "parts" / UNFINISHED
    words = f"schattor: interrupted; {len(NAMES) - 1} of {len(NAMES)} checks are kept in {place}. Run the same command"
    assert words in stopped.stderr
    assert not (tmp_path / "parts" / "ledger.json").exists()
    counted.ran, counted.stop_at = [], None
    assert run("--out", tmp_path / "parts").exit_code == 0
    assert counted.ran == NAMES[-1:]
    assert entries(tmp_path / "parts") == entries(tmp_path / "whole")
    assert read_ledger(tmp_path / "parts" / "ledger.json").manifest["taken_over"] == len(NAMES) - 1
    assert not place.exists()


@pytest.mark.parametrize("changed", ["seed", "code"])
def test_another_seed_or_other_code_starts_anew(
    changed: str, counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.stop_at = NAMES[-1]
    run("--out", tmp_path)
    counted.ran, counted.stop_at = [], None
    if changed == "code":
        (tmp_path / "other" / "synthetic").mkdir(parents=True)
        (tmp_path / "other" / "synthetic" / "new.py").write_text("x = 1\n")
        monkeypatch.setattr(unfinished, "_ROOT", tmp_path / "other")
    run("--out", tmp_path, *(("--seed", 1) if changed == "seed" else ()))
    assert counted.ran == NAMES


def test_the_key_is_of_the_command_the_environment_and_the_code() -> None:
    key = key_of("schattor verify", {"numpy": "2"})
    assert key == key_of("schattor verify", {"numpy": "2"})
    assert key not in {key_of("schattor verify --seed 1", {"numpy": "2"}), key_of("schattor verify", {"numpy": "3"})}


def found(name: str, **changes: Any) -> Evidence:
    return Evidence(statement="T8", check=name, kind="inequality", verdict=Verdict.HOLDS, **changes)


@pytest.fixture
def written(tmp_path: Path) -> Unfinished:
    one = Unfinished(tmp_path, "a key", "verify")
    one.add(found("first"))
    one.add(found("second", status="error: out of luck"))
    one.add(found("third"))
    return one


def test_a_check_that_could_not_run_is_tried_again(written: Unfinished, tmp_path: Path) -> None:
    assert list(Unfinished(tmp_path, "a key", "verify").entries) == ["first", "third"]
    assert Unfinished(tmp_path, "another key", "verify").entries == {}


def test_a_line_that_is_cut_short_is_dropped(written: Unfinished, tmp_path: Path) -> None:
    text = written.path.read_text(encoding="utf-8")
    written.path.write_text(text[:-20], encoding="utf-8")
    again = Unfinished(tmp_path, "a key", "verify")
    assert list(again.entries) == ["first"]
    again.add(found("third"))
    assert [json.loads(line).get("check") for line in written.path.read_text().splitlines()] == [None, "first", "third"]
