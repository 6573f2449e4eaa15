"""Entrywise: the floor of a map that does not see the matrix, ``g/(|g| + ε)``."""

from __future__ import annotations

import numpy as np

from .observation import Observation

__all__ = ["entry_floor"]


def entry_floor(swept: dict[int, Observation], size: float) -> float | None:
    """Return ε from the entries of one gradient at many sizes that come out smaller than ``size``; None where none do.

    A step by the sign alone has none; Adam and its kin have one.
    """
    found = []
    for one in swept.values():
        if not one.is_finite:
            continue
        kept = np.abs(one.update) / abs(size)
        shown = (kept < 0.97) & (kept > 1e-4) & (one.gradient != 0)
        found += list(np.abs(one.gradient[shown]) * (1 / kept[shown] - 1))
    if len(found) < 4 or np.std(np.log(found)) > 0.3:
        return None
    return float(np.median(found))
