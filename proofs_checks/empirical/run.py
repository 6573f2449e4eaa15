"""Running checks: a small pool of processes, evidence as it comes, one check's trouble never another's."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait

from ..evidence import Evidence, Verdict
from ..scaling.execute import start_worker
from . import CHECKS
from .check import FALSE_FAILURES, LEVELS, Check, Context

__all__ = ["chosen", "lost", "run_checks"]

LOST = "error: the worker process ended without a result (killed, or out of memory)"


def chosen(
    statements: Sequence[str] | None = None,
    *,
    level: str = "quick",
    random_only: bool = False,
    checks: Sequence[Check] = CHECKS,
) -> list[Check]:
    """Return the checks of these statements (all when None) that run at a level."""
    allowed = LEVELS[: LEVELS.index(level) + 1]
    return [
        check
        for check in checks
        if (statements is None or check.statement in statements)
        and check.level in allowed
        and (check.is_random or not random_only)
    ]


def context_of(seed: int, level: str) -> Context:
    """Return the context of a run: every check of the catalogue has the same share of the false failures."""
    return Context(seed=seed, level=level, error_rate=FALSE_FAILURES / max(1, len(CHECKS)))


def run_checks(
    checks: Sequence[Check],
    *,
    seed: int,
    level: str,
    jobs: int = 1,
    in_order: bool = False,
    prepare: Callable[[], object] | None = None,
) -> Generator[Evidence, None, None]:
    """Yield the evidence of each check as it finishes, the longest checks first.

    Parameters
    ----------
    checks : sequence of Check
        With more than one job they must be in ``CHECKS``, by whose names workers know them.
    seed : int
        Seed of the run.
    level : {"quick", "full"}
        How much work to do.
    jobs : int
        Number of processes; 1 runs everything in this one.
    in_order : bool
        Start them in the order given, for a caller that stops at the first evidence of a kind; what still runs then is
        ended.
    prepare : callable, optional
        What each worker process does before its first check, importable by name; this process is the caller's.
    """
    ordered = list(checks) if in_order else sorted(checks, key=lambda check: -check.cost)
    if jobs == 1 or len(ordered) < 2:
        for check in ordered:
            yield check.run(context_of(seed, level))
        return
    yield from _in_pool(ordered, seed, level, min(jobs, len(ordered)), prepare)


def _in_pool(
    ordered: list[Check], seed: int, level: str, jobs: int, prepare: Callable[[], object] | None
) -> Iterator[Evidence]:
    broken: list[Check] = []
    yield from _drain(ordered, seed, level, jobs, broken, prepare)
    # a worker that dies takes the whole pool along: each check that was left is tried once more, alone
    for check in broken:
        again: list[Check] = []
        yield from _drain([check], seed, level, 1, again, prepare)
        yield from (lost(one, seed) for one in again)


def _start(prepare: Callable[[], object] | None) -> None:
    start_worker()
    if prepare is not None:
        prepare()


def _drain(
    checks: list[Check],
    seed: int,
    level: str,
    jobs: int,
    broken: list[Check],
    prepare: Callable[[], object] | None = None,
) -> Iterator[Evidence]:
    """Yield evidence as it comes; the checks that a broken pool has lost are put into ``broken``."""
    # spawn: a forked child would inherit the state of BLAS threads and generators
    method = multiprocessing.get_context("spawn")
    before = {child.pid for child in multiprocessing.active_children()}
    pool = ProcessPoolExecutor(jobs, mp_context=method, initializer=_start, initargs=(prepare,))
    waiting: dict[Future[Evidence], Check] = {}
    try:
        for check in checks:
            try:
                waiting[pool.submit(_run_named, check.name, seed, level)] = check
            except BrokenExecutor:
                broken.append(check)
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                check = waiting.pop(future)
                if isinstance(future.exception(), BrokenExecutor):
                    broken.append(check)
                else:
                    yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if waiting:  # interrupted: checks that are still running are ended with their workers
            for child in multiprocessing.active_children():
                if child.pid not in before:
                    child.terminate()
                    child.join()


def lost(check: Check, seed: int) -> Evidence:
    """Return the evidence of a check whose worker died."""
    return Evidence(
        statement=check.statement,
        check=check.name,
        kind=check.kind,
        verdict=Verdict.INCONCLUSIVE,
        seed=seed,
        status=LOST,
        detail="The check could not run.",
    )


def _run_named(name: str, seed: int, level: str) -> Evidence:
    check = next(check for check in CHECKS if check.name == name)
    return check.run(context_of(seed, level))
