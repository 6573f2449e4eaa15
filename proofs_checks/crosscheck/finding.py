"""Finding and Diagnosis: what outputs say about one property of a target, and about all of them."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .convention import Convention

__all__ = ["PROPERTIES", "UNDECIDED", "Diagnosis", "Finding"]

PROPERTIES = (
    "activity", "map", "schedule", "normalisation", "floor", "scale", "axes", "precision", "partition", "stack",
    "momentum", "look-ahead", "bias correction", "step size", "weight decay", "blocks",
)  # fmt: skip
"""What is asked, in this order. activity: whether it moves at all, and spectrally; step size: of each step."""

UNDECIDED = "cannot be told apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What outputs say about one property.

    Attributes
    ----------
    property : str
        One of ``PROPERTIES``.
    value : str
        The answer in words, such as ``"ema, μ = 0.95"``; of an undecided one, what is left, in words.
    evidence : str
        The numbers that say so, in one sentence, with the names of the probes.
    alternatives : tuple of str
        What could not be told apart from ``value`` by outputs, in words.
    is_decided : bool
        Whether there is a single answer.
    is_fault : bool
        Whether the answer is a defect rather than a convention, such as a step that is NaN on a rank-one gradient.
    data : mapping
        Numbers for figures and tables.
    """

    property: str
    value: str
    evidence: str
    alternatives: tuple[str, ...] = ()
    is_decided: bool = True
    is_fault: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)

    @builtins.property  # the field of that name hides it
    def words(self) -> str:
        """Return one sentence."""
        if not self.is_decided:
            return f"{self.property}: {UNDECIDED}: {', '.join((self.value, *self.alternatives))}. {self.evidence}"
        return f"{self.property}: {self.value}. {self.evidence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All findings, and the convention they make together.

    Attributes
    ----------
    findings : tuple of Finding
        In the order of ``PROPERTIES``.
    convention : Convention or None
        What the reference can run; None where no convention describes the outputs.
    """

    findings: tuple[Finding, ...]
    convention: Convention | None

    def of(self, name: str) -> tuple[Finding, ...]:
        """Return the findings on one property."""
        return tuple(one for one in self.findings if one.property == name)
