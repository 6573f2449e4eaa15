"""Running the cells: one loop over one ``concurrent.futures.Executor``, results as they finish."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_sentinels
from typing import Any, Protocol, runtime_checkable

import threadpoolctl

from .plan import Cell

__all__ = ["Outcome", "run_cells"]

Columns = Mapping[str, object]
Work = Callable[[Cell], Columns]

LOST = "the worker process ended without a result (killed, or out of memory)"
_POLL = 1.0
"""Seconds after which an executor that may be gone is asked whether it is."""

CLUSTER_LOST = "the scheduler ended before the cell did; run the same command again with one that runs"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cell: its columns and recorded paths, or the error that is its status."""

    cell: Cell
    columns: Columns | None
    error: str
    details: str
    seconds: float

    @property
    def records(self) -> Mapping[str, Any]:
        """Return the recorded paths, by name."""
        records = (self.columns or {}).get("records", {})
        return records if isinstance(records, Mapping) else {}


def attempt(work: Work, cell: Cell) -> Outcome:
    """Run ``work`` on a cell with one BLAS thread; an exception becomes the outcome and never leaves the worker."""
    start = time.perf_counter()
    try:
        with threadpoolctl.threadpool_limits(1):
            columns = work(cell)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return Outcome(cell, None, text, traceback.format_exc(), time.perf_counter() - start)
    return Outcome(cell, columns, "", "", time.perf_counter() - start)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_sentinels([parent.sentinel])
        os._exit(1)


def start_worker() -> None:
    """Prepare a local worker: Ctrl-C is the parent's business, and a killed parent takes its workers along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _local_pool(jobs: int) -> ProcessPoolExecutor:
    # spawn: a forked child would inherit the state of BLAS threads and generators
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker)


def _close(pool: Executor, before: set[int | None]) -> None:
    """Shut a local pool down; cells that are still running are ended with their workers."""
    pool.shutdown(wait=False, cancel_futures=True)
    for child in multiprocessing.active_children():
        if child.pid not in before:
            child.terminate()
            child.join()


def _lost(cell: Cell, reason: str = LOST) -> Outcome:
    kind = "LostWorker" if reason == LOST else "LostScheduler"
    return Outcome(cell, None, f"{kind}: {reason}", reason, 0.0)


@runtime_checkable
class _Mortal(Protocol):
    """An executor that may go away before its futures are done, and says so."""

    @property
    def is_alive(self) -> bool: ...


def _completed(futures: Iterable[Future[Outcome]], pool: Executor) -> Iterator[Future[Outcome]]:
    """Yield futures as they finish; those that never will, since their executor is gone, last and not done."""
    waiting = set(futures)
    watched = pool if isinstance(pool, _Mortal) else None
    while waiting:
        done, waiting = wait(waiting, timeout=None if watched is None else _POLL, return_when=FIRST_COMPLETED)
        yield from done
        if watched is not None and not done and not watched.is_alive:
            yield from waiting
            return


def _drain(pool: Executor, work: Work, cells: Sequence[Cell], left: list[Cell]) -> Iterator[Outcome]:
    """Yield outcomes as they finish; the cells that a broken pool has lost are put into ``left``, in order."""
    futures: dict[Future[Outcome], Cell] = {}
    lost: set[int] = set()
    try:
        for cell in cells:
            futures[pool.submit(attempt, work, cell)] = cell
    except BrokenExecutor:
        lost.update(range(len(futures), len(cells)))
    place = {future: index for index, future in enumerate(futures)}
    for future in _completed(futures, pool):
        if future.cancelled() or not future.done():  # by an executor that is not there any more
            yield _lost(futures[future], CLUSTER_LOST)
            continue
        error = future.exception()
        if error is None:
            yield future.result()
        elif isinstance(error, BrokenExecutor):
            lost.add(place[future])
        elif not isinstance(error, Exception):
            raise error
        else:  # an executor of another kind has its own errors: they are the cell's status too
            yield Outcome(futures[future], None, f"{type(error).__name__}: {error}", str(error.__cause__ or ""), 0.0)
    left.extend(cells[index] for index in sorted(lost))


def run_cells(
    cells: Sequence[Cell], work: Work, *, jobs: int = 1, executor: Executor | None = None
) -> Iterator[Outcome]:
    """Yield the outcome of each cell as it finishes, the most expensive cells first.

    Parameters
    ----------
    cells : sequence of Cell
        What to run.
    work : callable
        ``work(cell)`` returns the columns of the cell. It must be importable by name in a new process.
    jobs : int
        Number of local worker processes, when no executor is given.
    executor : concurrent.futures.Executor, optional
        Where to run instead, for example a :class:`.cluster.ClusterExecutor`; it is left open.

    Notes
    -----
    A cell's exception is its outcome and costs no other cell. A broken local pool is made anew and the cells that had
    not started are submitted again; those that were running when it broke are each tried once more, alone, so that a
    cell that kills its worker cannot take others with it. When the consumer stops (Ctrl-C), local workers are ended.
    """
    ordered = sorted(cells, key=lambda cell: -cell.cost)
    if executor is not None:
        left: list[Cell] = []
        yield from _drain(executor, work, ordered, left)
        yield from map(_lost, left)
        return
    yield from _run_locally(ordered, work, jobs)


def _run_locally(ordered: list[Cell], work: Work, jobs: int) -> Iterator[Outcome]:
    suspects: list[Cell] = []
    while ordered:
        left: list[Cell] = []
        yield from _in_new_pool(min(jobs, len(ordered)), work, ordered, left)
        # a pool starts cells in the order of submission and takes one ahead: what broke it is among these
        n_started = jobs + 1
        suspects += left[:n_started]
        ordered = left[n_started:]
    for cell in suspects:
        again: list[Cell] = []
        yield from _in_new_pool(1, work, [cell], again)
        yield from map(_lost, again)


def _in_new_pool(jobs: int, work: Work, cells: Sequence[Cell], left: list[Cell]) -> Iterator[Outcome]:
    before = {child.pid for child in multiprocessing.active_children()}
    pool = _local_pool(jobs)
    try:
        yield from _drain(pool, work, cells, left)
    finally:
        _close(pool, before)
