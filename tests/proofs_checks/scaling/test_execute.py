"""Execution: an exception, a killed worker and a killed parent cost no more than they must."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proofs_checks.scaling.execute import run_cells

WORK = """
import os, signal, time
from pathlib import Path

def plain(cell):
    return {"value": cell.digest}

def kills_once(cell, mark, victim):
    if cell.digest == victim and not Path(mark).exists():
        Path(mark).write_text("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": cell.digest}

def kills_always(cell, victim):
    if cell.digest == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": cell.digest}

def threads(cell):
    import numpy, threadpoolctl
    return {"value": max(p["num_threads"] for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas")}

def waits(cell, folder):
    Path(folder, str(os.getpid())).write_text("x")
    time.sleep(600)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of work functions that worker processes can import."""
    (tmp_path / "cell_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cell_work", raising=False)
    import cell_work

    return cell_work


def test_an_exception_is_the_status_of_its_cell(study) -> None:
    cells = study.cells()

    def fragile(cell):
        if cell.digest == cells[0].digest:
            raise ValueError("planted")
        return {"value": 1}

    with ThreadPoolExecutor(2) as executor:
        found = {o.cell.digest: o for o in run_cells(cells, fragile, executor=executor)}
    assert len(found) == len(cells)
    assert found[cells[0].digest].error == "ValueError: planted"
    assert "planted" in found[cells[0].digest].details
    assert sum(o.columns is not None for o in found.values()) == len(cells) - 1


def test_the_most_expensive_cells_come_first(study) -> None:
    with ThreadPoolExecutor(1) as executor:
        costs = [o.cell.cost for o in run_cells(study.cells(), lambda cell: {}, executor=executor)]
    assert max(costs) == costs[0] > costs[-1]


@pytest.mark.slow
def test_workers_use_one_blas_thread(study, module) -> None:
    assert {o.columns["value"] for o in run_cells(study.cells()[:2], module.threads, jobs=2)} == {1}


@pytest.mark.slow
def test_a_killed_worker_costs_no_cell_when_it_succeeds_the_second_time(study, module, tmp_path) -> None:
    import functools

    cells = study.cells()
    work = functools.partial(module.kills_once, mark=str(tmp_path / "mark"), victim=cells[4].digest)
    found = list(run_cells(cells, work, jobs=2))
    assert sorted(o.cell.digest for o in found) == sorted(cell.digest for cell in cells)
    assert all(o.columns is not None for o in found)


@pytest.mark.slow
def test_a_cell_that_always_kills_its_worker_is_the_only_one_lost(study, module) -> None:
    import functools

    cells = study.cells()[:6]
    work = functools.partial(module.kills_always, victim=cells[1].digest)
    found = {o.cell.digest: o for o in run_cells(cells, work, jobs=2)}
    assert len(found) == 6
    assert [digest for digest, o in found.items() if o.columns is None] == [cells[1].digest]
    assert "worker process ended" in found[cells[1].digest].error


@pytest.mark.slow
def test_killing_the_parent_ends_its_workers(study, text, module, tmp_path) -> None:
    (tmp_path / "study.toml").write_text(text)
    (tmp_path / "pids").mkdir()
    script = f"""
        import functools, sys
        sys.path.insert(0, {str(tmp_path)!r})
        import cell_work
        from proofs_checks.scaling.execute import run_cells
        from proofs_checks.scaling.study_file import load_study
        if __name__ == "__main__":
            cells = load_study({str(tmp_path / "study.toml")!r}).cells()
            list(run_cells(cells, functools.partial(cell_work.waits, folder={str(tmp_path / "pids")!r}), jobs=2))
    """
    (tmp_path / "main.py").write_text(textwrap.dedent(script))
    root = Path(__file__).resolve().parents[3]
    parent = subprocess.Popen([sys.executable, str(tmp_path / "main.py")], env={**os.environ, "PYTHONPATH": str(root)})
    for _ in range(600):
        if len(list((tmp_path / "pids").iterdir())) == 2 or parent.poll() is not None:
            break
        time.sleep(0.1)
    workers = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    assert len(workers) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(100):
        if not any(is_running(pid) for pid in workers):
            break
        time.sleep(0.1)
    assert not any(is_running(pid) for pid in workers)


def is_running(pid: int) -> bool:
    """Return whether a process runs: one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False
