"""No false alarm: the cross-check of optimizers that follow a convention, drawn at random."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..crosscheck import CrossCheck
from ..known import differences
from .drawn import drawn
from .independent import independent
from .said import examined, faults_of

__all__ = ["Alarm", "alarms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is said of the optimizer of one drawn convention.

    Attributes
    ----------
    number : int
        Of the draw.
    result : CrossCheck
        What is said.
    others : tuple of str
        Fields that are named otherwise than they were drawn; outputs may not tell them apart.
    """

    number: int
    result: CrossCheck
    others: tuple[str, ...]

    @property
    def is_false(self) -> bool:
        """Return whether an optimizer that follows its convention is called different, faulty, or cannot run."""
        return self.result.outcome in ("differs", "could not run") or bool(self.result.faults)

    @property
    def words(self) -> str:
        """Return the convention and what is said of it."""
        faults = faults_of(self.result)
        said = f"{self.result.words}{f' Faults: {faults}.' if faults else ''}"
        return f"number {self.number}: {drawn(self.number).words}. {said}"


def alarms(numbers: Iterable[int]) -> Iterator[Alarm]:
    """Yield what is said of the optimizer of each number."""
    for number in numbers:
        convention = drawn(number)
        result = examined(independent(convention), f"drawn {number}")
        diagnosed = None if result.diagnosis is None else result.diagnosis.convention
        others = ("no convention",) if diagnosed is None else differences(diagnosed, convention)
        yield Alarm(number=number, result=result, others=others)
