"""The shipped studies run from the command line, and a run that is killed goes on where it stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from proofs_checks.scaling.shipped_studies import shipped_studies

ROOT = Path(__file__).resolve().parents[3]


def command(*arguments: object) -> list[str]:
    code = "from proofs_checks.command_line.study import study; study()"
    return [sys.executable, "-c", code, *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=environment, timeout=300)


def rows(folder: Path):
    return pq.read_table(folder / "results.parquet")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_the_smoke_scale_of_every_shipped_study_gives_the_same_rows_on_any_number_of_jobs(name, tmp_path) -> None:
    """The rows are compared as a whole: statistics to the last bit."""
    for jobs in (1, 3):
        result = run("run", name, "--out", tmp_path / str(jobs), "--scale", "smoke", "--jobs", jobs, "--json")
        assert result.returncode == 0, result.stderr
        record = json.loads(result.stdout)
        assert record["failures"] == {}
        assert record["cells_done"] == record["cells"]
        assert "Traceback" not in result.stderr
    assert rows(tmp_path / "1").equals(rows(tmp_path / "3"))
    assert set(rows(tmp_path / "1")["status"].to_pylist()) == {"ok"}


@pytest.mark.slow
def test_a_run_that_is_killed_runs_only_what_is_missing_and_gives_the_same_rows(tmp_path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run("run", "rate", "--out", whole, "--scale", "smoke", "--jobs", 2).returncode == 0
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = command("run", "rate", "--out", parts, "--scale", "smoke", "--jobs", 2)
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(parts.glob("parts/*.parquet"))) < 3:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in parts.glob("parts/*.parquet")}
    assert 3 <= len(before) < len(list(whole.glob("parts/*.parquet")))
    assert not (parts / "results.parquet").exists()
    assert run("run", "rate", "--out", parts, "--scale", "smoke", "--jobs", 2).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert rows(parts).equals(rows(whole))


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_exits_4_and_says_how_to_go_on(tmp_path, stop) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = command("run", "rate", "--out", tmp_path / "out", "--jobs", 2)
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        # a shell lets what it runs in the background ignore Ctrl-C, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while process.poll() is None and not (tmp_path / "out" / "parts").is_dir():
        time.sleep(0.02)
    time.sleep(3)
    process.send_signal(stop)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4, errors
    assert "Run the same command again to go on" in errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_exits_2(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    result = run("run", "rate", "--out", tmp_path / "file" / "out", "--scale", "smoke")
    assert result.returncode == 2
    assert "Not a directory" in result.stderr
    assert "Traceback" not in result.stderr
