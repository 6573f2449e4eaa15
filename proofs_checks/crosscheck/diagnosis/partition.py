"""Partition: whether the map acts on the whole matrix or on blocks of its rows or columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from .activity import COARSE
from .observation import Observation

__all__ = ["Blocks", "blocks_of", "cuts_of", "parts", "upper_share"]


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The blocks a map acts on.

    Attributes
    ----------
    kind : str
        "whole", "row blocks", "column blocks".
    count : int
        Number of equal blocks; 0 where it is not the same for all shapes.
    cuts : mapping of probe to tuple of int
        Where each matrix is cut.
    share : float
        Median share of the steps that maps of the blocks leave unexplained.
    """

    kind: str
    count: int
    cuts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    share: float = 0.0


def _interval_shares(one: Observation, axis: int) -> np.ndarray:
    """Return what a map of singular values of rows a to b leaves, as squares of the step, for every a < b."""
    n = one.gradient.shape[axis]
    left = np.full((n + 1, n + 1), np.inf)
    for a in range(n):
        for b in range(a + 1, n + 1):
            rows = slice(a, b) if axis == 0 else slice(None)
            columns = slice(a, b) if axis == 1 else slice(None)
            part = one.part(rows, columns, "")
            left[a, b] = float(np.sum((part.outside if np.any(part.gradient) else part.update) ** 2))
    return left


def cuts_of(one: Observation, axis: int, allowed: float = COARSE) -> tuple[tuple[int, ...], float]:
    """Return the fewest cuts across an axis that leave at most ``allowed`` of the step, and the share they leave."""
    n = one.gradient.shape[axis]
    left = _interval_shares(one, axis)
    # best[k][b]: least that k blocks leave of the first b rows
    best, came = np.full((n + 1, n + 1), np.inf), np.zeros((n + 1, n + 1), dtype=int)
    best[0, 0] = 0.0
    for k in range(1, n + 1):
        for b in range(k, n + 1):
            totals = best[k - 1, :b] + left[:b, b]
            came[k, b] = int(np.argmin(totals))
            best[k, b] = totals[came[k, b]]
    for k in range(1, n + 1):
        # fewer blocks that nearly do are not it where more of them do exactly
        later = np.min(best[k + 1 :, n], initial=np.inf)
        if best[k, n] <= min((allowed * one.size) ** 2, max(1e4 * later, (1e-6 * one.size) ** 2)):
            cuts, b = [], n
            for j in range(k, 0, -1):
                b = int(came[j, b])
                cuts.append(b)
            return tuple(sorted(cuts)[1:]), float(np.sqrt(best[k, n])) / one.size
    return tuple(range(1, n)), 1.0


def upper_share(seen: Sequence[Observation]) -> float:
    """Return the upper quartile of what a map of singular values leaves: rows that do not divide are left whole."""
    return float(np.quantile([one.outside_share for one in seen], 0.75))


def blocks_of(seen: Sequence[Observation]) -> Blocks | None:
    """Return the blocks that explain steps which maps of the whole do not; None where there are none."""
    # a tenth of what the whole leaves: otherwise nothing is gained by blocks
    allowed = min(COARSE, 0.1 * upper_share(seen))
    for kind, axis in (("row blocks", 0), ("column blocks", 1)):
        # rows of zeros may belong to either of two blocks
        small = [
            one
            for one in seen
            if one.gradient.shape[axis] <= 16
            and one.outside_share > allowed
            and np.all(np.any(one.gradient, axis=1 - axis))
        ]
        if not small:
            continue
        found = {one.name: cuts_of(one, axis, allowed) for one in small}
        shares = [share for _, share in found.values()]
        # blocks of a single row are a map of each row alone, which is another kind
        proper = [one for one in small if len(found[one.name][0]) + 1 < one.gradient.shape[axis]]
        if np.median(shares) > allowed or len(proper) < 0.5 * len(small):
            continue
        counts = [len(found[one.name][0]) + 1 for one in proper]
        count = max(sorted(set(counts)), key=lambda n: (counts.count(n), -n))
        # rows that do not divide may be cut in some other way, or not at all
        even = [
            found[one.name][0] == _even(one.gradient.shape[axis], count)
            for one in proper
            if one.gradient.shape[axis] % count == 0
        ]
        is_even = bool(even) and float(np.mean(even)) > 0.6
        cuts = {name: cut for name, (cut, _) in found.items()}
        return Blocks(kind=kind, count=count if is_even else 0, cuts=cuts, share=float(np.median(shares)))
    return None


def _even(n: int, count: int) -> tuple[int, ...]:
    return tuple(n // count * k for k in range(1, count)) if n % count == 0 else ()


def parts(one: Observation, blocks: Blocks) -> list[Observation]:
    """Return the observations of the blocks of one; the whole where its rows do not divide, as the reference has it."""
    axis = 0 if blocks.kind == "row blocks" else 1
    n = one.gradient.shape[axis]
    cuts = blocks.cuts.get(one.name) or (_even(n, blocks.count) if blocks.count else ())
    if blocks.kind == "whole" or not cuts:
        return [one]
    edges = [0, *cuts, n]
    found = []
    for a, b in pairwise(edges):
        rows = slice(a, b) if axis == 0 else slice(None)
        columns = slice(a, b) if axis == 1 else slice(None)
        found.append(one.part(rows, columns, f"{'rows' if axis == 0 else 'columns'} {a} to {b}"))
    return [part for part in found if np.any(part.gradient)]
