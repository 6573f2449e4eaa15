"""The command ``schattor verify``: exit codes, one line for an error of the user, JSON, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from proofs_checks import cli, verification
from proofs_checks.empirical import CHECKS, Context, Finding
from proofs_checks.evidence import Verdict
from proofs_checks.ledger import read_ledger

DRAWN = "scalar_constant_is_sharp"
"""The check of T4a with a figure."""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def checks_with(monkeypatch: pytest.MonkeyPatch, function: Any) -> None:
    """Put a function in the place of one check of T8; both run in this process."""
    first, *others = [check for check in CHECKS if check.statement == "T8"]
    monkeypatch.setattr(verification, "chosen", lambda *_, **__: [replace(first, function=function), *others])


def test_verify_writes_ledger_report_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = [check for check in verification.chosen(["T4a", "T8"]) if check.name == DRAWN or check.statement == "T8"]
    monkeypatch.setattr(verification, "chosen", lambda *_, **__: quick)
    result = run("verify", "--only", "T4a,T8", "--out", tmp_path / "new" / "folder", "--jobs", 1)
    assert result.exit_code == 0, result.output
    out = tmp_path / "new" / "folder"
    ledger = read_ledger(out / "ledger.json")
    assert {entry.statement for entry in ledger.entries} == {"T4a", "T8"}
    assert (out / "figures" / "scalar_constant.png").read_bytes().startswith(b"\x89PNG")
    assert result.output.rstrip().splitlines()[-1] == f"Look at {out / 'report.html'}"
    assert (out / "report.html").exists()
    assert ledger.manifest["command"] == "schattor verify --level quick --seed 0 --only T4a,T8"


def test_verify_prints_json_and_nothing_else(tmp_path: Path) -> None:
    result = run("verify", "--only", "T8", "--seed", 7, "--out", tmp_path, "--jobs", 1, "--json")
    found = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not strict JSON"))
    assert found["exit_code"] == result.exit_code == 0
    assert found["schema"] == 1
    assert found["manifest"]["seed"] == 7
    assert found["verdict"] == "Nothing is violated. 3 of 3 checks hold."


def test_a_violation_is_exit_1_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def violated(context: Context) -> Finding:
        return Finding(verdict=Verdict.VIOLATED, detail="It does not.", margin=-1.0, witness={"seed": context.seed})

    checks_with(monkeypatch, violated)
    result = run("verify", "--out", tmp_path, "--jobs", 1)
    assert result.exit_code == 1
    assert "Violated: T8 (norms_transfer_with_both_sides_attained)." in result.output
    assert 'Witness: {"seed": 0}' in result.output
    assert read_ledger(tmp_path / "ledger.json").exit_code == 1
    assert "T8 is violated" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_check_that_raises_is_exit_3_and_named_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Context) -> Finding:
        raise RuntimeError("out of luck")

    checks_with(monkeypatch, broken)
    result = run("verify", "--out", tmp_path, "--jobs", 1)
    assert result.exit_code == 3
    assert "norms_transfer_with_both_sides_attained: error: RuntimeError: out of luck" in result.output
    broken_entry, *others = read_ledger(tmp_path / "ledger.json").entries
    assert broken_entry.status.startswith("error: RuntimeError: out of luck (test_verify.py, line ")
    assert {other.verdict for other in others} == {Verdict.HOLDS}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "T55"), "verify: only must name statements of docs/theory, got only='T55'. Did you mean 'T5'?"),
        (
            ("--only", ","),
            "verify: only must name a statement that has a check, got only=','. See `schattor verify --help`.",
        ),
        (("--level", "quik"), "verify: level must be one of 'quick', 'full', got level='quik'. Did you mean 'quick'?"),
        (("--seed", "-1"), "verify: seed must be an integer >= 0, got seed=-1."),
    ],
)
def test_bad_usage_is_exit_2_and_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("verify", "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert result.stderr.strip() == f"schattor: {message}"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("--levl", "quick"), ("--seed", "one"), ("--jobs", "0")])
def test_an_unknown_option_or_value_is_exit_2(arguments: tuple[str, ...]) -> None:
    assert run("verify", *arguments).exit_code == 2


def test_a_folder_under_a_file_is_exit_2_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(verification, "run_checks", lambda *_, **__: pytest.fail("checks ran"))
    result = run("verify", "--out", tmp_path / "file" / "out")
    assert result.exit_code == 2
    assert "verify: out must be a folder that can be written, got out=" in result.stderr
    assert "Traceback" not in result.stderr


def test_no_space_at_the_end_is_exit_2_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks_with(monkeypatch, lambda _: Finding(verdict=Verdict.HOLDS, detail="fine", margin=1.0))

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    result = run("verify", "--out", tmp_path, "--jobs", 1)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "No space left on device" in result.stderr


def test_interrupt_is_exit_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(verification, "run_checks", interrupted)
    result = run("verify", "--out", tmp_path)
    assert result.exit_code == 4
    assert "interrupted" in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="lists processes by /proc")
def test_a_terminated_run_is_exit_4_and_leaves_no_worker(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "proofs_checks", "verify", "--out", str(tmp_path), "--jobs", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    while len(_session(process.pid)) < 4 and process.poll() is None:  # itself, a resource tracker, two workers
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4, errors
    assert b"Traceback" not in errors
    deadline = time.monotonic() + 30  # multiprocessing's own resource tracker ends a moment after its parent
    while _session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _session(process.pid) == []


def _session(leader: int) -> list[int]:
    """Return the processes that are left of a session."""
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_in_session(pid, leader)]


def _is_in_session(pid: int, session: int) -> bool:
    try:
        return os.getsid(pid) == session
    except ProcessLookupError:  # it ended meanwhile
        return False
