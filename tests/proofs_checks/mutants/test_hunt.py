"""A hunt stops at the first violation; a crash is a survivor; workers have the error too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proofs_checks import cli
from proofs_checks.empirical import Check, Context, Finding
from proofs_checks.empirical.run import chosen
from proofs_checks.evidence import Evidence, Verdict
from proofs_checks.ledger import read_ledger
from proofs_checks.mutants.hunt import Hunt, hunt, hunted, named
from proofs_checks.report.page import REPORT

MUTANT = named("drift_of_the_gap_halved")


def check(name: str, verdict: Verdict, cost: float = 1.0) -> Check:
    def function(context: Context) -> Finding:
        return Finding(verdict=verdict, detail="as told", margin=0.0, witness={"seed": context.seed})

    return Check(statement=MUTANT.statement, name=name, kind="inequality", function=function, cost=cost)


def raising(name: str) -> Check:
    def function(context: Context) -> Finding:
        raise RuntimeError("out of luck")

    return Check(statement=MUTANT.statement, name=name, kind="inequality", function=function)


def result(entries: list[Evidence]) -> Hunt:
    return Hunt(mutant=MUTANT.name, entries=tuple(entries), seconds=1.0)


def test_the_shortest_check_comes_first_and_the_first_violation_is_the_last() -> None:
    checks = [
        check("long", Verdict.VIOLATED, 3.0),
        check("short", Verdict.HOLDS, 1.0),
        check("middle", Verdict.VIOLATED, 2.0),
    ]
    assert [entry.check for entry in hunt(MUTANT, checks)] == ["short", "middle"]


def test_the_checks_of_the_record_come_first() -> None:
    name = MUTANT.checks[0]
    checks = [check("short", Verdict.HOLDS, 1.0), check(name, Verdict.HOLDS, 2.0), check("middle", Verdict.HOLDS, 1.5)]
    assert [entry.check for entry in hunt(MUTANT, checks)] == [name, "short", "middle"]


def test_the_error_is_in_place_while_the_checks_run_and_not_after() -> None:
    right = getattr(MUTANT.owner, MUTANT.attribute)
    seen = []

    def function(context: Context) -> Finding:
        seen.append(getattr(MUTANT.owner, MUTANT.attribute))
        return Finding(verdict=Verdict.HOLDS, detail="fine", margin=1.0)

    watching = Check(statement=MUTANT.statement, name="watching", kind="inequality", function=function)
    running = hunt(MUTANT, [watching, watching])
    next(running)
    running.close()
    assert seen[0] is not right
    assert getattr(MUTANT.owner, MUTANT.attribute) is right


def test_killed_is_violated_and_nothing_else() -> None:
    violated = result(list(hunt(MUTANT, [check("v", Verdict.VIOLATED)])))
    assert violated.killer is not None
    assert violated.words == f"The mutant {MUTANT.name} is killed by v after 1.0 s."
    others = [check("h", Verdict.HOLDS), check("i", Verdict.INCONCLUSIVE), check("n", Verdict.NOT_APPLICABLE)]
    survivor = result(list(hunt(MUTANT, [*others, raising("r")])))
    assert survivor.killer is None
    assert survivor.words == f"The mutant {MUTANT.name} survives: of 4 checks none is violated."


def test_hunted_kills_in_this_process() -> None:
    found = hunted(MUTANT.name)
    assert found.killer is not None
    assert found.killer.check == "weight_decay_bounds_follow_from_their_proof"
    assert found.killer.statement == MUTANT.statement
    assert found.seconds > 0


@pytest.mark.slow
def test_workers_have_the_error_too() -> None:
    checks = [one for one in chosen([MUTANT.statement]) if one.cost < 1]
    assert len(checks) > 1
    entries = {entry.check: entry for entry in hunt(MUTANT, checks, jobs=2)}
    assert entries["weight_decay_bounds_follow_from_their_proof"].verdict is Verdict.VIOLATED


def run(*arguments: object) -> object:
    return CliRunner().invoke(cli.app, ["verify", *map(str, arguments)])


def test_verify_finds_the_mutant(tmp_path: Path) -> None:
    found = run("--mutant", MUTANT.name, "--out", tmp_path, "--jobs", 1)
    assert found.exit_code == 1, found.output
    assert found.output.splitlines()[-1].startswith(f"The mutant {MUTANT.name} is killed by weight_decay_bounds_follow")
    ledger = read_ledger(tmp_path / "ledger.json")
    assert {entry.statement for entry in ledger.entries} == {MUTANT.statement}
    assert ledger.manifest["mutant"] == MUTANT.name
    assert ledger.manifest["planted"].startswith(f"{MUTANT.words} in schattor_theory.bounds.weight_decay")
    assert ledger.manifest["command"] == f"schattor verify --level quick --seed 0 --mutant {MUTANT.name}"
    html = (tmp_path / REPORT).read_text(encoding="utf-8")
    assert "An error was planted on purpose" in html
    assert f"<p>Remake: <code>schattor verify --mutant {MUTANT.name} --seed 0 --level quick</code></p>" in html


def test_reports_of_mutants_go_into_a_folder_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("--mutant", MUTANT.name, "--jobs", 1, "--json").exit_code == 1
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["mutants"]
    assert (tmp_path / "report" / "mutants" / MUTANT.name / "ledger.json").exists()


@pytest.mark.slow
def test_verify_finds_the_mutant_from_outside(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "proofs_checks", "verify", "--mutant", MUTANT.name, "--out", tmp_path, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    violated = [e for e in json.loads(done.stdout)["entries"] if e["verdict"] == "violated" and e["status"] == "ok"]
    assert [entry["statement"] for entry in violated] == [MUTANT.statement]


def test_unknown_mutant_is_bad_usage(tmp_path: Path) -> None:
    found = run("--mutant", "drift_of_the_gap_halve", "--out", tmp_path)
    assert found.exit_code == 2
    assert f"Did you mean {MUTANT.name!r}?" in found.output


def test_mutant_has_its_own_statement(tmp_path: Path) -> None:
    found = run("--mutant", MUTANT.name, "--only", "T1", "--out", tmp_path)
    assert found.exit_code == 2
    assert "verify: only must be left out with --mutant, which has its statement, got only='T1'" in found.output
