"""Hunting a mutant: the checks of its statement on the product with the error in it, until one is violated."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from schattor_theory.checks import fail, nearest_name
from schattor_theory.errors import UnknownNameError

from ..empirical.check import Check
from ..empirical.run import chosen, run_checks
from ..evidence import Evidence, Verdict
from . import MUTANTS, Mutant

__all__ = ["Hunt", "hunt", "hunted", "named", "plant"]


def named(name: str, call: str = "verify") -> Mutant:
    """Return the mutant with this name.

    Raises
    ------
    UnknownNameError
        If there is none; the message gives the nearest name.
    """
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    near = nearest_name(name, [mutant.name for mutant in MUTANTS])
    hint = f"Did you mean {near!r}?" if near else "They are listed in docs/mutants.md."
    fail(UnknownNameError, call, "mutant", "name a mutant", name, hint)


def plant(name: str) -> None:
    """Put the error of a mutant into this process for good."""
    named(name).plant()


def hunt(
    mutant: Mutant, checks: Sequence[Check], *, seed: int = 0, level: str = "quick", jobs: int = 1
) -> Iterator[Evidence]:
    """Yield the evidence of checks with the error in place, up to the first that is violated.

    Those that the record names come first, then the others, the shortest first in both.

    Parameters
    ----------
    mutant : Mutant
        What is planted, in this process while it lasts and in every worker.
    checks : sequence of Check
        What runs.
    seed : int
        Seed of the run.
    level : {"quick", "full"}
        How much work to do.
    jobs : int
        Number of processes; 1 runs everything in this one.
    """
    ordered = sorted(checks, key=lambda check: (check.name not in mutant.checks, check.cost))
    prepare = partial(plant, mutant.name)
    running = run_checks(ordered, seed=seed, level=level, jobs=jobs, in_order=True, prepare=prepare)
    with mutant.planted(), closing(running):
        for evidence in running:
            yield evidence
            if evidence.is_ok and evidence.verdict is Verdict.VIOLATED:
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """What became of a mutant.

    Attributes
    ----------
    mutant : str
        Its name.
    entries : tuple of Evidence
        What ran, in order.
    seconds : float
        How long that took.
    """

    mutant: str
    entries: tuple[Evidence, ...]
    seconds: float

    @property
    def killer(self) -> Evidence | None:
        """Return the evidence that is violated; None for a survivor, also where a check could not run."""
        found = [entry for entry in self.entries if entry.is_ok and entry.verdict is Verdict.VIOLATED]
        return found[0] if found else None

    @property
    def words(self) -> str:
        """Return one sentence."""
        if self.killer is not None:
            return f"The mutant {self.mutant} is killed by {self.killer.check} after {self.seconds:.1f} s."
        return f"The mutant {self.mutant} survives: of {len(self.entries)} checks none is violated."


def hunted(name: str, seed: int = 0, level: str = "quick") -> Hunt:
    """Return what becomes of a mutant in this process, with the processor time of its checks."""
    mutant = named(name)
    start = time.process_time()
    entries = tuple(hunt(mutant, chosen([mutant.statement], level=level), seed=seed, level=level))
    return Hunt(mutant=name, entries=entries, seconds=time.process_time() - start)
