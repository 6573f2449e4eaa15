"""Entrywise: the floor of a map that does not see the matrix, ``g/(|g| + ε)``."""

from __future__ import annotations

import math

import numpy as np

from .numbers import short_decimal
from .observation import Observation

__all__ = ["entry_floor", "without_floor"]


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
    error = max(3 * float(np.std(np.log(found))) / math.sqrt(len(found)), 1e-5)
    return short_decimal(float(np.median(found)), error, digits=3)


def without_floor(one: Observation, epsilon: float) -> Observation:
    """Return the observation as it would be without a floor ε in the division of every entry."""
    size = np.abs(one.gradient)
    grown = np.divide(size + epsilon, size, out=np.ones_like(size), where=size > 0)
    return one.with_update(one.update * grown)
