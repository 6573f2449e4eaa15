"""Mutants of T4d: rows beside columns, and the cone program of the best splitting."""

from __future__ import annotations

from functools import partial

from schattor_theory.bounds import martingale, moments

from ..conic import rows_columns
from ..empirical import splitting
from .mutant import Mutant, of
from .ways import bound_times, constant, times

__all__ = ["MUTANTS"]

_t = partial(of, "T4d")

MUTANTS: tuple[Mutant, ...] = (
    _t("splitting_cost_too_low", "cost of a splitting → 0.9 of it", rows_columns, "splitting_cost", times(0.9),
       "rows_and_columns_bound_the_second_moment", "rows_and_columns_bound_is_attained",
       "infimum_over_splittings_has_its_closed_form"),
    _t("splitting_cost_off", "cost of a splitting → 0.999 of it", rows_columns, "splitting_cost", times(0.999),
       "infimum_over_splittings_has_its_closed_form"),
    _t("dual_value_too_high", "value of a dual point → 1.001 of it", rows_columns, "_dual_value", times(1.001),
       "infimum_over_splittings_has_its_closed_form"),
    _t("factor_for_signs_too_low", "√3 → 1.2", splitting, "SIGN_FACTOR", constant(1.2),
       "infimum_is_within_root_three_for_signs"),
    _t("factor_for_complex_gaussians_too_low", "√2 → 1.1", splitting, "GAUSSIAN_FACTOR", constant(1.1),
       "infimum_is_within_root_two_for_complex_gaussians"),
    _t("third_part_halved", "2^{2/q-1} → 2^{2/q-2}", martingale, "martingale_constant", times(0.5),
       "third_part_needs_its_own_moment"),
    _t("declared_splitting_too_low", "(rows + columns)² → 0.9 of it", moments, "row_column_bound", bound_times(0.9),
       "declared_splitting_holds_for_rows_and_columns"),
)  # fmt: skip
"""The mutants of T4d."""
