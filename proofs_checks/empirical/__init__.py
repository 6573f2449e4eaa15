"""CHECKS: the numerical checks, each a record of one statement, one file a group of statements."""

from __future__ import annotations

from . import descent, geometry, momentum_error, updaters
from .check import Check, Context, Finding

__all__ = ["CHECKS", "Check", "Context", "Finding"]

CHECKS: tuple[Check, ...] = (
    *geometry.CHECKS,
    *updaters.CHECKS,
    *descent.CHECKS,
    *momentum_error.CHECKS,
)
