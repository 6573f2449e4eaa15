"""Orientation: whether tall, wide and square matrices are all treated as one map has it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..convention import Convention, EntrywiseMap, Floor
from ..finding import Finding
from .activity import Kind, kind_of
from .identify import Identified, identify
from .noise import noise_of
from .seen import Seen

__all__ = ["identified_by_shape"]


_WITHOUT: dict[str, Callable[[int, int], bool]] = {"tall": lambda m, n: m <= n, "wide": lambda m, n: m >= n}
"""Which shapes are kept where the tall, or the wide, ones are set aside."""


def _not(keep: Callable[[int, int], bool]) -> Callable[[int, int], bool]:
    return lambda m, n: not keep(m, n)


def identified_by_shape(kind: Kind, cut: Seen) -> tuple[Identified, Kind, list[Finding], Seen]:
    """Return the map; where there is none for all shapes, that of the shapes which have one, and what is wrong then."""
    found = identify(kind, cut.ordinary, cut.swept, cut.extremes, may_fit=False)
    if found.map is not None:
        return found, kind, *_odd_ones(found, cut)
    for name, keep in _WITHOUT.items():
        part, rest = cut.only(keep), cut.only(_not(keep))
        if len(part.ordinary) < 2 or not rest.ordinary:
            continue
        other = kind_of(part.ordinary, cut.swept)
        # the sweep is of one shape, which may be one of those left out
        again = identify(other, part.ordinary, cut.swept, part.extremes, may_fit=False)
        if again.map is not None:
            theirs = kind_of(rest.ordinary, {})
            there = identify(theirs, rest.ordinary, {}, (), may_fit=False)
            words = there.map.words if there.map is not None else f"no map known ({theirs.name})"
            finding = Finding(
                property="axes",
                value=f"{name} matrices are treated otherwise, as where a transpose is lost",
                is_fault=True,
                evidence=f"Other shapes follow the {again.map.words}; {len(rest.ordinary)} {name} ones: {words}.",
            )
            return again, other, [finding], part
    return identify(kind, cut.ordinary, cut.swept, cut.extremes, may_fit=True), kind, [], cut


def _odd_ones(found: Identified, cut: Seen) -> tuple[list[Finding], Seen]:
    """Return a finding where a map fits most shapes, but no matrix of one orientation, and the observations it fits."""
    if found.map is None or isinstance(found.map, EntrywiseMap):
        return [], cut
    convention = Convention(map=found.map, floor=found.floor.floor if found.floor else Floor())
    for name, keep in _WITHOUT.items():
        kept, rest = cut.only(keep), cut.only(_not(keep)).ordinary
        if len(rest) < 2 or len(kept.ordinary) < 2:
            continue
        left = [noise_of(convention, [one], repeats=1).total for one in rest]
        others = [noise_of(convention, [one], repeats=1).total for one in kept.ordinary]
        if np.median(left) > max(8 * np.median(others), 1e-4) and np.min(left) > np.median(others):
            return [
                Finding(
                    property="axes",
                    value=f"{name} matrices are treated otherwise, as where a transpose is lost",
                    is_fault=True,
                    evidence=f"{np.median(left):.2g} of their steps is not that of the {found.map.words}, "
                    f"of other shapes {np.median(others):.1e}.",
                )
            ], kept
    return [], cut
