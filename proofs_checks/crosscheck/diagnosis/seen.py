"""Seen: the observations of one dtype, sorted by what they are good for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .observation import LEAST_RATIO, Observation, regular, sweep
from .partition import Blocks, parts

__all__ = ["Seen", "sized"]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The observations of one dtype, sorted by what they are good for."""

    every: tuple[Observation, ...]
    ordinary: tuple[Observation, ...]
    extremes: tuple[Observation, ...]
    swept: dict[int, Observation]

    @classmethod
    def of(cls, seen: Sequence[Observation]) -> Seen:
        ordinary, swept = regular(seen), sweep(seen)
        extremes = [
            one
            for one in seen
            if one.is_finite
            and one.size > 0
            and min(one.gradient.shape) > 1
            and one.is_full_rank
            and one.s_in[-1] <= LEAST_RATIO * one.s_in[0]
            and 2.0**-6 <= np.max(np.abs(one.gradient)) <= 2.0**10
        ]
        return cls(every=tuple(seen), ordinary=ordinary, extremes=tuple(extremes), swept=swept)

    def cut(self, blocks: Blocks) -> Seen:
        """Return the observations of the blocks."""
        if blocks.kind == "whole":
            return self
        cut = [
            [part for one in group for part in parts(one, blocks)]
            for group in (self.every, self.ordinary, self.extremes)
        ]
        # a block may be a vector, which says nothing of the map, or ill-conditioned where the whole is not
        proper = [
            one
            for one in cut[1]
            if min(one.gradient.shape) > 1
            and one.size > 0
            and one.is_full_rank
            and one.s_in[-1] > LEAST_RATIO * one.s_in[0]
        ]
        # one gradient at many sizes is cut alike at all of them
        cuts = next((blocks.cuts[one.name] for one in self.swept.values() if blocks.cuts.get(one.name)), ())
        alike = replace(blocks, cuts={one.name: cuts for one in self.swept.values()})
        first = {k: parts(one, alike)[0] for k, one in self.swept.items()}
        return Seen(every=tuple(cut[0]), ordinary=tuple(proper or cut[1]), extremes=(), swept=first)

    def only(self, keep: Callable[[int, int], bool]) -> Seen:
        """Return the observations whose shapes are kept."""
        return replace(
            self,
            ordinary=tuple(one for one in self.ordinary if keep(*one.gradient.shape)),
            extremes=tuple(one for one in self.extremes if keep(*one.gradient.shape)),
        )


def sized(seen: Sequence[Observation]) -> list[Observation]:
    """Return the observations of ordinary size, all where there are none."""
    sized = [one for one in seen if 2.0**-3 <= np.max(np.abs(one.gradient)) <= 2.0**5]
    return sized or list(seen)
