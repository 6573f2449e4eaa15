"""Measuring a claim: two ways of doing one thing, timed in turn in one run, under an error gate met in that run.

A benchmark is a file named as its claim. Its docstring begins ``Claim: …``, and its ``measure(quick)`` returns one
:class:`Measurement` or several; ``quick`` asks for the smallest sizes that still run every line, and judges no ratio.
Where it cannot run it raises :class:`CannotRunError` with the reason.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from proofs_checks.scaling.environment import environment

__all__ = ["CannotRunError", "Gate", "Measurement", "machine", "paired_seconds", "seconds_of"]

SHORTEST = 0.2
"""Seconds that one timing lasts at least, as ``timeit`` has it: a shorter call is repeated, and its time divided.

The first call after the other side's finds the caches full of foreign data and the memory that the other side gave back
to the system: of 5 ms it takes one more, which is not what a call costs in a loop.
"""


class CannotRunError(Exception):
    """A benchmark that cannot run here, for the reason in its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """An error that must stay within a limit for the times to count.

    Attributes
    ----------
    what : str
        What is compared with what, for example ``"polar factor against the SVD's, largest entry"``.
    error, limit : float
        Both in the same unit; NaN never meets the limit.
    """

    what: str
    error: float
    limit: float

    @property
    def is_met(self) -> bool:
        """Return whether the error is within the limit."""
        return self.error <= self.limit

    def record(self) -> dict[str, object]:
        """Return this gate as strict JSON values: an error that is no finite number as text."""
        error = self.error if math.isfinite(self.error) else str(self.error)
        return {"what": self.what, "error": error, "limit": self.limit, "is_met": self.is_met}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One line of the table: paired costs of two ways, and what they had to agree on.

    Attributes
    ----------
    what : str
        What is computed, one line: the table's first column.
    sizes : str
        Shapes, dtype, exponents, numbers of runs.
    ours, theirs : tuple of float
        Costs of the two sides in each pair, in ``unit``; the ratio of a pair is theirs divided by ours.
    peer : str
        What the other side is.
    gates : tuple of Gate
        At least one.
    required : float or None
        The ratio that the median should reach; None where none is promised.
    unit : {"s", "bytes"}
        What is compared.
    notes : str
        What a reader must know: a side that was scaled up from a share, the share of fallbacks.
    """

    what: str
    sizes: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    peer: str
    gates: tuple[Gate, ...]
    required: float | None = None
    unit: str = "s"
    notes: str = ""
    ratios: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.ours or len(self.ours) != len(self.theirs):
            lengths = f"{len(self.ours)} and {len(self.theirs)}"
            raise ValueError(f"Measurement: ours and theirs must be pairs, got {lengths} costs. Time them in turn.")
        if not self.gates:
            raise ValueError(f"Measurement: gates must not be empty, got none for {self.what!r}. Compare the results.")
        object.__setattr__(self, "ratios", tuple(b / a for a, b in zip(self.ours, self.theirs, strict=True)))

    @property
    def is_met(self) -> bool:
        """Return whether every error gate is met."""
        return all(gate.is_met for gate in self.gates)

    @property
    def ratio(self) -> float:
        """Return the median of the paired ratios."""
        return statistics.median(self.ratios)

    @property
    def is_reached(self) -> bool | None:
        """Return whether the median reaches the required ratio; None where none is required."""
        return None if self.required is None else self.ratio >= self.required

    def record(self) -> dict[str, object]:
        """Return this measurement as strict JSON values."""
        gates = [gate.record() for gate in self.gates]
        verdict = {"ratio": self.ratio, "is_met": self.is_met, "is_reached": self.is_reached}
        return asdict(self) | verdict | {"kind": "ratio", "gates": gates}


def seconds_of(work: Callable[[], object], calls: int = 1) -> float:
    """Return the seconds one call of ``work`` takes, over ``calls`` calls."""
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


def paired_seconds(
    ours: Callable[[], object], theirs: Callable[[], object], *, pairs: int = 7, warm: bool = True
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the seconds of both sides in each pair, timed in turn: ours, theirs, then theirs, ours, and so on.

    Parameters
    ----------
    ours, theirs : callable
        One side each, without arguments.
    pairs : int
        Number of pairs.
    warm : bool
        Whether each side is run once before, to load libraries and to settle how often a short call is repeated.

    Returns
    -------
    tuple of two tuples of float
        Ours and theirs, as :class:`Measurement` takes them.
    """
    sides: Sequence[Callable[[], object]] = (ours, theirs)
    calls = [1, 1]
    if warm:
        for side in (0, 1):
            seconds_of(sides[side])  # loads what the first call loads
            calls[side] = max(1, min(1000, math.ceil(SHORTEST / max(seconds_of(sides[side]), 1e-7))))
    found: tuple[list[float], list[float]] = ([], [])
    for pair in range(pairs):
        for side in (0, 1) if pair % 2 == 0 else (1, 0):
            found[side].append(seconds_of(sides[side], calls[side]))
    return tuple(found[0]), tuple(found[1])


def machine() -> dict[str, object]:
    """Return the machine and the versions that a measurement belongs to, as strict JSON values."""
    found = environment()
    found["machine"] = dict(found["machine"]) | {"processor": _processor()}  # type: ignore[call-overload]
    return {key: found[key] for key in ("machine", "versions", "blas")}


def _processor() -> str:
    """Return the processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else "unknown"
