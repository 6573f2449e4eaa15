"""MUTANTS: errors planted on purpose, each of which the checks of its statement must refute."""

from __future__ import annotations

from . import (
    best_constant,
    conic,
    descent,
    extensions,
    geometry,
    martingale,
    sharper,
    splitting,
    stationarity,
    weighted,
    worlds,
)
from .mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *geometry.MUTANTS,
    *descent.MUTANTS,
    *martingale.MUTANTS,
    *best_constant.MUTANTS,
    *splitting.MUTANTS,
    *stationarity.MUTANTS,
    *sharper.MUTANTS,
    *weighted.MUTANTS,
    *extensions.MUTANTS,
    *worlds.MUTANTS,
    *conic.MUTANTS,
)
"""The mutants, in the order of the statements of their groups."""
