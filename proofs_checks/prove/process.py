"""A process that proves: it is ended when a proof outlasts its limit, and another one takes its place."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from ..proof import Proof, Proposition
from .catalogue import named

__all__ = ["Prover", "prove_each"]

_START = 120.0
"""Seconds that the imports of a new process may take; they do not count against a proof."""


class Prover:
    """Carries out propositions of the catalogue in a process of its own; use as a context manager."""

    def __init__(self) -> None:
        # spawn: a forked child would inherit the state of BLAS threads
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def prove(self, proposition: Proposition) -> Proof:
        """Return the proof; undecided if the time limit was reached or the process died."""
        pipe = self._started()
        start = time.perf_counter()
        try:
            if pipe is None:
                raise EOFError
            pipe.send(proposition.name)
            if pipe.poll(proposition.time_limit):
                found: Proof = pipe.recv()
                return found
        except (EOFError, OSError):
            self._end()
            return proposition.lost(time.perf_counter() - start)
        except BaseException:
            self._end()
            raise
        self._end()
        return proposition.stopped(time.perf_counter() - start)

    def _started(self) -> Connection | None:
        if self._process is not None and self._process.is_alive():
            return self._pipe
        self._end()
        self._pipe, child = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(child,), daemon=True)
        self._process.start()
        child.close()  # else a child that died would not be noticed
        try:
            return self._pipe if self._pipe.poll(_START) and self._pipe.recv() else None
        except (EOFError, OSError):
            return None

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def prove_each(propositions: Sequence[Proposition]) -> Iterator[tuple[Proposition, Proof]]:
    """Yield each proposition with its proof as it is done, in order."""
    with Prover() as prover:
        for one in propositions:
            yield one, prover.prove(one)


def _serve(pipe: Connection) -> None:
    """Answer names with proofs until the other end goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, which ends this process
    pipe.send(True)
    while True:
        try:
            name = pipe.recv()
        except EOFError:
            return
        pipe.send(named(name).run())
