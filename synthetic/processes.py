"""Processes beside this one, where the calls of small matrices do not wait for one interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["in_processes"]

T = TypeVar("T")
R = TypeVar("R")


def in_processes(work: Callable[[T], R], parts: Sequence[T]) -> list[R]:
    """Return ``work(part)`` of every part, in order, each from a process of its own.

    The processes are kept for five minutes, so that only the first call waits for them to start and import; functions
    and classes that are not in a module, as in a notebook, go to them by value. An exception of any part is raised
    here, and an interrupt stops them all.
    """
    if len(parts) == 1:
        return [work(parts[0])]
    import joblib  # takes as long to import as NumPy, and most runs need no process

    # one part a process: by itself joblib puts short ones together
    pool = joblib.Parallel(n_jobs=len(parts), batch_size=1, backend="loky")
    return list(pool(joblib.delayed(work)(part) for part in parts))
