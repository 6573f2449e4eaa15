"""Mutants of T4c and T4g, for the checks of the most favourable weight and of the parts of the price of dimension."""

from __future__ import annotations

from schattor_theory.bounds import martingale, moments

from .mutant import Mutant, of
from .ways import bound_times, power

__all__ = ["MUTANTS"]

MUTANTS: tuple[Mutant, ...] = (
    of("T4c", "weighted_bound_off", "0.95 of the whole bound", moments, "weighted_bound", bound_times(0.95),
       "no_weight_breaks_the_weighted_bound"),
    of("T4g", "price_too_low", "r^{1/q-1/β} → its 0.9-th power", martingale, "price_of_dimension", power(0.9),
       "price_of_dimension_is_the_product_of_its_parts"),
)  # fmt: skip
"""The mutants of T4c and T4g."""
