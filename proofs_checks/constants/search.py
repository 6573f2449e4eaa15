"""A live search for pairs above the scalar constant, within a number of seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from ..adversarial import SearchResult, Witness, search_one_step

__all__ = ["LEAST_COMMUTATOR", "Found", "search_all"]

LEAST_COMMUTATOR = 0.1
"""How far from commuting a pair has to be that is shown as a matrix witness: of 0 for scalar cases and at most 1."""

_SHAPES = (((2, 2), "real"), ((2, 2), "complex"), ((3, 3), "real"), ((2, 3), "real"), ((3, 3), "complex"))
_STARTS = 6

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What the search found at one exponent: every free search, and the witnesses of matrices that do not commute.

    ``is_cut`` says whether the user ended the whole search before its time was over.
    """

    q: Fraction
    free: tuple[SearchResult, ...]
    witnesses: tuple[Witness, ...]
    is_cut: bool = False

    @property
    def is_too_weak(self) -> bool:
        """Return whether some size did not find the scalar optimum that every size contains, or none was searched."""
        return not self.free or any(result.is_too_weak for result in self.free)


def search_all(
    exponents: Sequence[Fraction], seconds: float, *, seed: object = 0, command: str = "", tell: Tell | None = None
) -> dict[Fraction, Found]:
    """Search every exponent strictly between 1 and 2 in rounds, each with a seed of its own, until the time is over.

    The first size is searched at every exponent in any case, from one start at least. An interrupt by the user ends the
    search; what was found before is returned.

    Parameters
    ----------
    exponents : sequence of Fraction
        Those at 1 and 2 are left out: the constant is known.
    seconds : float
        When they are over no further search is begun.
    seed : int or str
        Seed of the first round.
    command : str
        What the witnesses say found them.
    tell : callable, optional
        Called with what is searched and the share of the time that is over.
    """
    inside = [q for q in exponents if 1 < q < 2]
    free: dict[Fraction, list[SearchResult]] = {q: [] for q in inside}
    kept: dict[Fraction, list[Witness]] = {q: [] for q in inside}
    begun, turn = time.monotonic(), 0
    share = seconds / (2 * len(_SHAPES) * max(1, len(inside)))
    is_cut = False
    try:
        while inside and (turn == 0 or time.monotonic() - begun < seconds):
            shape, field = _SHAPES[turn % len(_SHAPES)]
            lap = turn // len(_SHAPES)
            for q in inside:
                over = min(1.0, (time.monotonic() - begun) / seconds)
                if turn and over >= 1:
                    break
                if tell is not None:
                    tell(f"q = {q}, {shape[0]}×{shape[1]} {field}", over)
                search = partial(
                    search_one_step, q, shape, field=field, starts=_STARTS, seed=f"{seed}/{lap}", time_limit=share
                )
                result, away = search(), search(least_commutator=LEAST_COMMUTATOR)
                free[q].append(result)
                kept[q].append(away.witness(command))
                witness = result.witness(command)
                if not witness.commutes:
                    kept[q].append(witness)
            turn += 1
    except KeyboardInterrupt:
        is_cut = True
    return {q: Found(q, tuple(free[q]), tuple(kept[q]), is_cut) for q in inside}
