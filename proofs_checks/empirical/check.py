"""Check: one numerical test of one statement, as a record; Context and Finding: what goes in and comes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import threadpoolctl

from schattor_theory.errors import SchattorError
from synthetic.seeds import Streams

from ..evidence import OK, Evidence, Verdict

__all__ = ["FALSE_FAILURES", "LEVELS", "Check", "Context", "Finding"]

LEVELS = ("quick", "full")

FALSE_FAILURES = 1e-6
"""Probability that a whole run calls a true statement violated; divided evenly among its checks."""

CONFIRMATION = 10
"""A suspected violation is tried again with a fresh seed and this many times the samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a check may use: a seed, a level, and its share of the false failures.

    Attributes
    ----------
    seed : int
        Seed of the whole run; each check has its own streams of it.
    level : {"quick", "full"}
        How much work to do.
    error_rate : float
        Probability with which this check may call a true statement violated.
    check : str
        Name of the check, part of its streams.
    attempt : int
        0, or 1 when a suspected violation is tried again.
    """

    seed: int = 0
    level: str = "quick"
    error_rate: float = FALSE_FAILURES / 100
    check: str = ""
    attempt: int = 0

    @property
    def is_full(self) -> bool:
        """Return whether the level is "full"."""
        return self.level == "full"

    @property
    def sample_factor(self) -> int:
        """Return how many times the usual number of samples to draw."""
        return CONFIRMATION if self.attempt else 1

    def again(self) -> Context:
        """Return the context in which a suspected violation is tried again."""
        return replace(self, attempt=1)

    def axes(self, **labels: object) -> dict[str, object]:
        """Return the axes of a stream of this check: the ``seed`` of a simulation."""
        return {"verify": self.seed, "check": self.check, "attempt": self.attempt, **labels}

    def rng(self, **labels: object) -> np.random.Generator:
        """Return a generator of this check."""
        return Streams(self.axes(**labels)).generator("data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the function of a check returns; see :class:`.Evidence` for the fields."""

    verdict: Verdict
    detail: str
    margin: float | None = None
    witness: Mapping[str, Any] | None = None
    constants: str = "exact"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One test of one statement.

    Attributes
    ----------
    statement : str
        Id in ``STATEMENTS``.
    name : str
        Unique; a sentence that would be true if the check passes.
    kind : str
        One of :data:`proofs_checks.evidence.KINDS`.
    function : callable
        From a Context to a Finding. It looks product functions up in their modules when it runs.
    level : {"quick", "full"}
        The lowest level at which it runs.
    is_random : bool
        Whether it depends on the seed.
    cost : float
        Rough seconds at the quick level, for the order of work and the progress display only.
    figure : str or None
        Stem of the figure that its data are drawn as.
    """

    statement: str
    name: str
    kind: str
    function: Callable[[Context], Finding]
    level: str = "quick"
    is_random: bool = True
    cost: float = 0.3
    figure: str | None = None

    def run(self, context: Context) -> Evidence:
        """Return the evidence; an exception becomes its status and verdict *inconclusive*, and costs no other check."""
        context = replace(context, check=self.name)
        start = time.perf_counter()
        try:
            # one BLAS thread: the same sums on every machine, and no fight for cores between workers
            with threadpoolctl.threadpool_limits(1):
                finding, status = self.function(context), OK
        except Exception as error:
            finding = Finding(verdict=Verdict.INCONCLUSIVE, detail="The check could not run.")
            status = f"error: {type(error).__name__}: {error}"
            if not isinstance(error, SchattorError):
                status += f" ({_place(error)})"
        return Evidence(
            statement=self.statement,
            check=self.name,
            kind=self.kind,
            verdict=finding.verdict,
            constants=finding.constants,
            figure=f"{self.figure}.png" if self.figure and finding.data else None,
            margin=finding.margin,
            seed=context.seed,
            seconds=time.perf_counter() - start,
            witness=finding.witness,
            status=status,
            detail=finding.detail,
            data=finding.data,
        )


def _place(error: BaseException) -> str:
    """Return the file and line where an error came from."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "no traceback"
    name = trace.tb_frame.f_code.co_filename.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{name}, line {trace.tb_lineno}"
