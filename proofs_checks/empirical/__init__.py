"""CHECKS: the numerical checks, each a record of one statement, one file a group of statements."""

from __future__ import annotations

from . import (
    averages,
    best_constant,
    blocks,
    conic,
    descent,
    geometry,
    martingale,
    moments,
    momentum_error,
    optimality,
    product_norm,
    proofs,
    regularized,
    scaling,
    sharper,
    splitting,
    stationarity,
    stationarity_proof,
    transfer,
    two_smoothness,
    updaters,
    variants,
    weight_decay,
    weighted,
    witnesses,
    worlds,
)
from .check import Check, Context, Finding

__all__ = ["CHECKS", "Check", "Context", "Finding"]

CHECKS: tuple[Check, ...] = (
    *geometry.CHECKS,
    *product_norm.CHECKS,
    *updaters.CHECKS,
    *averages.CHECKS,
    *descent.CHECKS,
    *momentum_error.CHECKS,
    *martingale.CHECKS,
    *moments.CHECKS,
    *splitting.CHECKS,
    *two_smoothness.CHECKS,
    *best_constant.CHECKS,
    *witnesses.CHECKS,
    *stationarity.CHECKS,
    *stationarity_proof.CHECKS,
    *scaling.CHECKS,
    *regularized.CHECKS,
    *blocks.CHECKS,
    *transfer.CHECKS,
    *worlds.CHECKS,
    *variants.CHECKS,
    *weight_decay.CHECKS,
    *optimality.CHECKS,
    *sharper.CHECKS,
    *weighted.CHECKS,
    *conic.CHECKS,
    *proofs.CHECKS,
)
