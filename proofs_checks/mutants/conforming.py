"""No false kill: the checks that catch mutants, on the product as it is and over many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..empirical import CHECKS, Check
from ..empirical.run import context_of
from ..evidence import Evidence, Verdict
from . import MUTANTS

__all__ = ["Conforming", "conforming", "watching"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conforming:
    """What the checks said of the product as it is at one seed.

    Attributes
    ----------
    seed : int
        Seed of the run.
    odd : tuple of Evidence
        What did not hold; violated is a false kill.
    """

    seed: int
    odd: tuple[Evidence, ...]

    @property
    def false_kills(self) -> tuple[str, ...]:
        """Return the names of the checks that called a true statement violated, or could not run."""
        return tuple(one.check for one in self.odd if not one.is_ok or one.verdict is Verdict.VIOLATED)

    @property
    def words(self) -> str:
        """Return one sentence."""
        if self.false_kills:
            return f"seed {self.seed}: false kill by {', '.join(self.false_kills)}"
        undecided = f" but for {len(self.odd)} undecided" if self.odd else ""
        return f"seed {self.seed}: every check holds{undecided}"


def watching() -> list[Check]:
    """Return the checks that some mutant names and that depend on the seed."""
    names = {name for mutant in MUTANTS for name in mutant.checks}
    return [check for check in CHECKS if check.name in names and check.is_random and check.level == "quick"]


def conforming(seed: int, checks: Sequence[Check] | None = None) -> Conforming:
    """Return what the checks, by default all that watch, say at a seed."""
    found = (check.run(context_of(seed, "quick")) for check in (watching() if checks is None else checks))
    return Conforming(seed=seed, odd=tuple(one for one in found if not one.is_ok or one.verdict is not Verdict.HOLDS))
