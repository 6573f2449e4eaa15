"""A Dask scheduler and two workers on this machine: the same rows, and what the death of either costs."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from proofs_checks.scaling.run import run_study
from proofs_checks.scaling.study_file import read_study

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
STUDY = """
[study]
name = "cluster"
block_size = 4
[[arm]]
name = "main"
p = [2, inf]
dimension = [4, 8, 16]
horizon = [50, 200]
noise = "fixed_signs"
problem = "quadratic"
tuning = "theory"
repeats = 8
"""


@dataclass
class Cluster:
    """A scheduler and its workers, as processes."""

    address: str
    scheduler: subprocess.Popen
    workers: list[subprocess.Popen]


def started(*arguments: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s"}
    return subprocess.Popen(
        [sys.executable, "-m", *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    common = ("--no-dashboard", "--host", "127.0.0.1")
    scheduler = started("distributed.cli.dask_scheduler", "--port", str(port), *common)
    worker = ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", *common)
    workers = [started(*worker, "--local-directory", str(tmp_path / f"worker{i}")) for i in range(2)]
    found = Cluster(address, scheduler, workers)
    try:
        wait_for_workers(address, 2)
        yield found
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, timeout="60s") as client:
        client.wait_for_workers(count, timeout=60)


def command(path: Path, out: Path, address: str | None) -> list[str]:
    where = [] if address is None else ["--scheduler", address]
    return [sys.executable, "-m", "proofs_checks", "study", "run", str(path), "--out", str(out), *where]


@contextmanager
def running(path: Path, out: Path, address: str) -> Iterator[subprocess.Popen]:
    """Give the running command; it does not outlive its test."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(path, out, address), cwd=ROOT, **pipes) as run:
        try:
            yield run
        finally:
            run.kill()


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "results.parquet").read_bytes()).hexdigest()


def parts(folder: Path) -> list[Path]:
    return sorted((folder / "parts").glob("*.parquet"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "cluster.toml"
    file.write_text(STUDY)
    return file


@pytest.fixture
def expected(tmp_path: Path) -> Path:
    """A folder of the same study, run here."""
    run_study(read_study(STUDY, "cluster.toml"), tmp_path / "local", jobs=1)
    return tmp_path / "local"


def test_a_cluster_gives_the_same_rows(cluster: Cluster, path: Path, expected: Path, tmp_path: Path) -> None:
    done = subprocess.run(command(path, tmp_path / "out", cluster.address), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "out") == digest(expected)


def test_a_killed_worker_costs_no_row(cluster: Cluster, path: Path, expected: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with running(path, out, cluster.address) as run:
        wait_for_parts(run, out, 1)
        cluster.workers[0].send_signal(signal.SIGKILL)
        assert run.wait(timeout=300) == 0
    assert digest(out) == digest(expected)


def test_a_dead_scheduler_leaves_every_finished_cell(
    cluster: Cluster, path: Path, expected: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with running(path, out, cluster.address) as run:
        wait_for_parts(run, out, 1)
        cluster.scheduler.send_signal(signal.SIGKILL)
        said, errors = run.communicate(timeout=300)
    assert run.returncode == 3, errors
    assert "the scheduler ended before the cell did" in said
    assert errors == ""
    kept = {part.name: part.read_bytes() for part in parts(out)}
    assert kept
    done = subprocess.run(command(path, out, None), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert digest(out) == digest(expected)
    assert {name: (out / "parts" / name).read_bytes() for name in kept} == kept


def wait_for_parts(run: subprocess.Popen, out: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(parts(out)) < count and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.poll() is None
    assert len(parts(out)) >= count


def test_an_address_where_nothing_listens_is_bad_usage(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = subprocess.run(
        command(path, tmp_path / "out", f"tcp://127.0.0.1:{port}"), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "scheduler must be the address of a running Dask scheduler" in done.stderr
    assert "Traceback" not in done.stderr
