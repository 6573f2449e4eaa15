"""The recipe for Slurm: its scripts, run as they stand on the page, with a Slurm that runs jobs on this machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proofs_checks.scaling.run import run_study
from proofs_checks.scaling.study_file import read_study

pytestmark = [pytest.mark.slow, pytest.mark.cluster]

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "how-to" / "run-on-a-cluster.md").read_text(encoding="utf-8")
STUDY = """
[study]
name = "recipe"
block_size = 4
[[arm]]
name = "main"
p = [2, inf]
dimension = [4, 8]
horizon = 50
noise = "fixed_signs"
problem = "quadratic"
tuning = "theory"
repeats = 8
"""
SHIMS = {
    "schattor": f'exec {sys.executable} -m proofs_checks "$@"',
    "scontrol": 'echo "$@" >> "$HOME/scontrol.txt"',
    # as the real one: it keeps a copy of the script, the job runs elsewhere, and its number is printed
    "sbatch": """copy=$(mktemp "$HOME/jobXXXXXX"); cp "$1" "$copy"
setsid bash "$copy" > "$HOME/worker.txt" 2>&1 &
echo $! >> "$HOME/jobs.txt"
echo "Submitted batch job $!\"""",
    "scancel": 'kill "$@"',
}


def block(language: str, mark: str) -> str:
    """Return the code block of the page that holds ``mark``."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return next(text for text in blocks if mark in text)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with a Slurm that runs jobs here, and a home with an environment to activate."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in SHIMS.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    activate = tmp_path / "venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text("export RECIPE=activated\n")
    known = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, [str(ROOT), known]))
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": path,
        "SLURM_CPUS_PER_TASK": "1",
        "SLURM_JOB_ID": "42",
    }


def test_a_batch_job_that_reaches_its_time_limit_is_queued_again(environment: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text(block("", "#SBATCH").replace("dimension_free", "rate"))
    job = subprocess.Popen(["bash", str(script)], env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)
    parts = tmp_path / "runs" / "rate" / "parts"
    deadline = time.monotonic() + 60
    while not parts.is_dir() and job.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert parts.is_dir()
    job.send_signal(signal.SIGTERM)
    assert job.wait(timeout=60) == 4
    assert (tmp_path / "scontrol.txt").read_text() == "requeue 42\n"


def test_a_batch_job_that_ends_is_not_queued_again(environment: dict[str, str], tmp_path: Path) -> None:
    study = tmp_path / "recipe.toml"
    study.write_text(STUDY)
    script = tmp_path / "job.sh"
    script.write_text(block("", "#SBATCH").replace("run dimension_free", f"run {study}"))
    job = subprocess.run(["bash", str(script)], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert job.returncode == 0, job.stderr
    assert not (tmp_path / "scontrol.txt").exists()


def test_slurm_workers_give_the_rows_of_a_local_run(environment: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    study, script, out = tmp_path / "recipe.toml", tmp_path / "slurm_cluster.py", tmp_path / "out"
    study.write_text(STUDY)
    script.write_text(block("python", "SLURMCluster"))
    cluster = subprocess.Popen(
        [sys.executable, str(script), "1"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        address = cluster.stdout.readline().strip()
        assert re.fullmatch(r"tcp://[\d.]+:\d+", address)
        command = ["schattor", "study", "run", str(study), "--out", str(out), "--scheduler", address]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "jobs.txt").read_text().strip()  # the workers were Slurm jobs
    finally:
        cluster.terminate()
        cluster.communicate()
        for job in (tmp_path / "jobs.txt").read_text().split() if (tmp_path / "jobs.txt").exists() else []:
            try:
                os.killpg(int(job), signal.SIGTERM)
            except ProcessLookupError:
                continue
    run_study(read_study(STUDY, "recipe.toml"), tmp_path / "local", jobs=1)
    assert (out / "results.parquet").read_bytes() == (tmp_path / "local" / "results.parquet").read_bytes()
