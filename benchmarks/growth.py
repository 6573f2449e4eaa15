"""Growth of a cost along an axis: a fitted exponent with its interval, beside the theoretical one."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from proofs_checks.scaling.fit import slope_weights
from synthetic.estimates import student_t_contrast

from .measuring import Gate

__all__ = ["Growth", "peak_bytes", "timed_in_turn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Costs at several values of an axis, and the power of the axis that they grow with.

    Attributes
    ----------
    what : str
        What is computed, one line.
    sizes : str
        What is held fixed.
    axis : str
        Name of the axis.
    x : tuple of float
        Its values, increasing.
    costs : tuple of tuples of float
        Repeated costs at each value, in ``unit``.
    expected : float
        The exponent in theory, as the axis goes to infinity.
    gates : tuple of Gate
        What must hold of the results for the costs to count.
    unit : {"s", "bytes"}
        What is counted.
    notes : str
        What a reader must know.
    fitted, upper_half : tuple of three floats
        The exponent with its 95 % interval over the repeats: on the whole range and on its upper half.
    """

    what: str
    sizes: str
    axis: str
    x: tuple[float, ...]
    costs: tuple[tuple[float, ...], ...]
    expected: float
    gates: tuple[Gate, ...]
    unit: str = "s"
    notes: str = ""
    fitted: tuple[float, float, float] = field(init=False)
    upper_half: tuple[float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.x) < 3 or len(self.x) != len(self.costs) or not self.gates:
            got = f"{len(self.x)} values, {len(self.costs)} costs and {len(self.gates)} gates"
            raise ValueError(f"Growth: x must have 3 values or more, costs at each, and a gate, got {got}.")
        object.__setattr__(self, "fitted", self._fit(0))
        object.__setattr__(self, "upper_half", self._fit(len(self.x) // 2 if len(self.x) > 3 else 1))

    def _fit(self, first: int) -> tuple[float, float, float]:
        logs = [np.log(np.asarray(costs, dtype=float)) for costs in self.costs[first:]]
        # few repeats: Student's t, since a bootstrap of three values is none
        found = student_t_contrast(logs, slope_weights(np.asarray(self.x[first:], dtype=float)), level=0.95)
        return found.value, found.low, found.high

    @property
    def is_met(self) -> bool:
        """Return whether every error gate is met."""
        return all(gate.is_met for gate in self.gates)

    def record(self) -> dict[str, object]:
        """Return this growth as strict JSON values."""
        gates = [gate.record() for gate in self.gates]
        return asdict(self) | {"kind": "growth", "gates": gates, "is_met": self.is_met}


def timed_in_turn(works: Sequence[Callable[[], object]], repeats: int) -> tuple[tuple[float, ...], ...]:
    """Return the seconds of each piece of work, ``repeats`` of each, in turn so that drift hits all alike."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for seconds, work in zip(found, works, strict=True):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
    return tuple(map(tuple, found))


def peak_bytes(work: Callable[[], object]) -> float:
    """Return the peak of the memory that ``work`` allocates through Python and NumPy.

    It should have run once before: a first run fills caches, and CPython keeps up to 2000 freed tuples of each length.
    """
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(found)
