"""Threads within the process, and the one BLAS thread of each."""

from __future__ import annotations

import functools
import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import threadpoolctl

__all__ = ["even_parts", "in_threads", "one_blas_thread"]

T = TypeVar("T")


@functools.lru_cache(maxsize=1)
def _controller(n_modules: int) -> threadpoolctl.ThreadpoolController:
    """Return what controls the libraries loaded by now; a new library comes with a new module."""
    np.linalg.svd(np.eye(2))  # numerics: loads the BLAS, so that the controller sees it
    return threadpoolctl.ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Give every BLAS of the process one thread: the same sums on every machine, and no fight for cores.

    Finding the libraries costs milliseconds, so it is done again only when modules were imported meanwhile.
    """
    with _controller(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


def even_parts(items: range, size: int, multiple: int = 1) -> list[range]:
    """Return consecutive parts of at most ``size`` items whose lengths differ by at most one.

    Parameters
    ----------
    items : range
        What to part.
    size : int
        Most items in a part, >= 1.
    multiple : int
        The number of parts is raised to a multiple of it, as far as there are items.

    Examples
    --------
    >>> even_parts(range(7), 4), even_parts(range(7), 7, multiple=3)
    ([range(0, 4), range(4, 7)], [range(0, 3), range(3, 5), range(5, 7)])
    """
    n_parts = math.ceil(len(items) / size)
    n_parts = min(len(items), math.ceil(n_parts / multiple) * multiple)
    small, more = divmod(len(items), max(1, n_parts))
    ends = [i * small + min(i, more) for i in range(n_parts + 1)]
    return [items[ends[i] : ends[i + 1]] for i in range(n_parts)]


def in_threads(work: Callable[[T, Callable[[], bool]], Any], parts: Sequence[T], threads: int) -> list[Any]:
    """Return ``work(part, is_stopped)`` of every part, in order, from at most ``threads`` threads.

    When one fails, or the caller is interrupted, ``is_stopped`` turns true for the others, and the first exception in
    the order of the parts is raised.
    """
    if threads == 1 or len(parts) <= 1:
        return [work(part, lambda: False) for part in parts]
    stopped = threading.Event()
    futures: list[Future[Any]] = []
    with ThreadPoolExecutor(min(threads, len(parts))) as pool:
        try:
            futures.extend(pool.submit(work, part, stopped.is_set) for part in parts)
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = [f for f in futures if f in done and not f.cancelled() and f.exception() is not None]
            if failed:
                failed[0].result()
            return [future.result() for future in futures]
        finally:  # also on Ctrl-C, wherever it comes
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
