"""DERIVATIONS: the constants of the theory derived from their hypotheses by computer algebra, one file a group.

A derivation starts from hypotheses in symbols and from classical results, goes on by rules that check what they claim
(:mod:`.chain`), and ends by comparing the formula it has arrived at with what ``schattor_theory`` computes. No constant
of a statement stands in it.
"""

from __future__ import annotations

from ..proof import Proposition
from . import (
    averages,
    blocks,
    corollaries,
    descent,
    look_ahead,
    momentum,
    necessity,
    recursive,
    regularized,
    schedules,
    stationarity,
    transfer,
    tuning,
    two_smoothness,
    weight_decay,
    worlds,
)

__all__ = ["DERIVATIONS"]

DERIVATIONS: tuple[Proposition, ...] = (
    *blocks.DERIVATIONS,
    *momentum.DERIVATIONS,
    *averages.DERIVATIONS,
    *descent.DERIVATIONS,
    *two_smoothness.DERIVATIONS,
    *stationarity.DERIVATIONS,
    *tuning.DERIVATIONS,
    *corollaries.DERIVATIONS,
    *schedules.DERIVATIONS,
    *regularized.DERIVATIONS,
    *transfer.DERIVATIONS,
    *worlds.DERIVATIONS,
    *look_ahead.DERIVATIONS,
    *weight_decay.DERIVATIONS,
    *recursive.DERIVATIONS,
    *necessity.DERIVATIONS,
)
