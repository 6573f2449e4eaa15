"""Running a study into a folder: what is missing is run, stored as it finishes, put together and analysed."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..display import display
from .analysis import Analysis, analyse
from .columns import rows_of
from .environment import default_jobs, threads_for
from .execute import Work, run_cells
from .plan import Cell, Study
from .store import Store
from .work import run_cell

__all__ = ["analyse_folder", "run_study"]


def _progress() -> Progress:
    """Return a progress bar weighted by the cost of the cells; it draws nothing when stderr is not a terminal."""
    return display(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )


def _run_missing(
    store: Store, cells: Sequence[Cell], missing: Sequence[Cell], work: Work, jobs: int, executor: Executor | None
) -> dict[str, dict[str, str]]:
    """Run the missing cells, store each as it finishes, and return those that could not run."""
    failures: dict[str, dict[str, str]] = {}
    unit = sum(cell.cost for cell in cells) / max(1, len(cells)) or 1.0
    with _progress() as progress:
        task = progress.add_task("cells", total=sum(cell.cost for cell in missing) / unit)
        for outcome in run_cells(missing, work, jobs=jobs, executor=executor):
            cell = outcome.cell
            if outcome.columns is None:
                failures[cell.digest] = {"cell": cell.label(), "error": outcome.error, "details": outcome.details}
                store.write_failures(failures)
            else:
                store.write(cell, rows_of(cell, outcome.columns), outcome.seconds, outcome.records)
            progress.advance(task, cell.cost / unit)
    store.write_failures(failures)
    return failures


def run_study(
    study: Study,
    out: str | Path,
    *,
    jobs: int | None = None,
    device: str = "cpu",
    executor: Executor | None = None,
    work: Work | None = None,
) -> tuple[Store, Analysis]:
    """Run the cells of a study that have no part in ``out`` yet, and return the store and the analysis.

    Parameters
    ----------
    study : Study
        What to run.
    out : path
        The folder; made when it is not there.
    jobs : int, optional
        Local worker processes; by default one for each usable core, on a GPU one.
    device : {"cpu", "cuda"}
        Where arrays live.
    executor : concurrent.futures.Executor, optional
        Where to run the cells instead of local processes.
    work : callable, optional
        What to do with a cell; :func:`.work.run_cell` unless a test puts something in its place.

    Raises
    ------
    StoreError
        If the folder cannot be used; what is already stored stays as it is.
    KeyboardInterrupt
        After local workers have been ended; finished cells are stored.
    """
    store = Store.open(out, study, device=device)
    cells = study.cells()
    missing = store.missing(cells)
    jobs = jobs or default_jobs(device)
    threads = threads_for(jobs, len(missing)) if executor is None else 1  # a cluster's cores are its own affair
    work = work or functools.partial(run_cell, device=device, threads=threads)
    failures = _run_missing(store, cells, missing, work, jobs, executor)
    table = store.assemble(cells)
    return store, analyse(table, study, failures=failures, damaged=store.damaged)


def analyse_folder(folder: str | Path) -> tuple[Store, Analysis]:
    """Return the store and the analysis of a folder that a run has left, finished or not.

    Raises
    ------
    StoreError, StudyError
        If the folder holds no study.
    """
    store, study = Store.existing(folder)
    cells = study.cells()
    store.missing(cells)
    table = store.assemble(cells)
    return store, analyse(table, study, failures=store.failures(cells), damaged=store.damaged)
