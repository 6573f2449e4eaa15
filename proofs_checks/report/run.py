"""Run: what a report takes from the folder of a run, of whatever kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..evidence import Evidence
from .blocks import Block

__all__ = ["COULD_NOT_RUN", "TOPICS", "VIOLATED", "Part", "Run", "Topic"]

VIOLATED, COULD_NOT_RUN = 1, 3


@dataclass(frozen=True, slots=True)
class Topic:
    """A section of the report.

    Attributes
    ----------
    title : str
        Its heading.
    command : str
        What makes a run for it.
    figure : str
        The figure that is to be there, in words; empty where there need not be one.
    """

    title: str
    command: str = ""
    figure: str = ""


TOPICS: dict[str, Topic] = {
    "dimension": Topic(
        "Is it free of the dimension?",
        "schattor study run dimension_free --out out/dimension_free",
        "stationarity against the dimension",
    ),
    "rate": Topic(
        "How fast in the number of steps?", "schattor study run rate --out out/rate", "the rate in the number of steps"
    ),
    "tightness": Topic(
        "How tight are the bounds?", "schattor tightness --out out/tightness", "measured means over their bounds"
    ),
    "constant": Topic(
        "Bracket of the best constant", "schattor constants --out out/constants", "the band of the best constant"
    ),
    "crosscheck": Topic("Which method is it?", "schattor crosscheck torch.optim:Muon --out out/crosscheck"),
    "record": Topic("What recorded gradients say", "schattor assumptions recorded.npz --out out/assumptions"),
    "other": Topic("More figures"),
}
"""The sections that runs fill, in their order."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something for a topic."""

    topic: str
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run, read.

    Attributes
    ----------
    name : str
        Of its folder, unique in the report.
    kind : str
        The command that made it, such as "verify".
    words : str
        Its verdict in words.
    exit_code : int
        0, 1 for a violation, 3 for something that could not run or is not finished.
    command : str
        The line that makes it again.
    entries : tuple of Evidence
        What it says about statements; names of checks are unique in the report.
    statements : tuple of str or None
        What was asked for; None where a run does not ask for statements.
    manifest : dict
        What its numbers may depend on.
    parts : tuple of Part
        Figures and tables.
    folder : str
        Where it is, as it was given.
    """

    name: str
    kind: str
    words: str
    exit_code: int = 0
    command: str = ""
    entries: tuple[Evidence, ...] = ()
    statements: tuple[str, ...] | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    parts: Sequence[Part] = ()
    folder: str = ""

    def remake(self, entry: Evidence) -> str:
        """Return the command that runs the check of an entry again."""
        if self.kind != "verify":
            return self.command
        level, mutant = self.manifest.get("level", "quick"), self.manifest.get("mutant")
        which = f"--only {entry.statement}" if mutant is None else f"--mutant {mutant}"
        return f"schattor verify {which} --seed {entry.seed} --level {level}"
