"""Mutants of T5' and T6*, for the checks that recompute them from their proofs."""

from __future__ import annotations

from functools import partial

from schattor_theory.bounds import derived

from .mutant import Mutant, of
from .ways import bound_times

__all__ = ["MUTANTS"]

_sharper, _squared = partial(of, "T5'"), partial(of, "T6*")

MUTANTS: tuple[Mutant, ...] = (
    _sharper("sharper_noise_term_off", "(2-θ)cσ → 0.95 of it", derived, "sharper_stationarity_bound",
             bound_times(0.95, "noise"), "sharper_form_follows_from_its_recursion",
             "telegraph_attains_the_sharper_noise_term"),
    _sharper("sharper_drift_term_off", "2Lη(1-θ)/θ → 0.9 of it", derived, "sharper_stationarity_bound",
             bound_times(0.9, "drift"), "sharper_form_follows_from_its_recursion"),
    _squared("sharper_squared_bound_off", "0.99 of the whole bound", derived, "sharper_regularized_bound",
             bound_times(0.99), "sharper_squared_form_follows_from_its_proof",
             "one_long_step_attains_the_sharper_squared_form"),
)  # fmt: skip
"""The mutants of T5' and T6*."""
