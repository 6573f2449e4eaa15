"""Planted errors that the checks of T4d must refute."""

from __future__ import annotations

from proofs_checks.conic import rows_columns
from proofs_checks.empirical import splitting
from schattor_theory.bounds import martingale
from tests.proofs_checks.empirical.planted import Planted, times

__all__ = ["SPLITTING"]

SPLITTING: tuple[Planted, ...] = (
    Planted("rows_and_columns_bound_the_second_moment", "× 0.9", rows_columns, "splitting_cost", times(0.9)),
    Planted("rows_and_columns_bound_is_attained", "× 0.9", rows_columns, "splitting_cost", times(0.9)),
    Planted("infimum_over_splittings_has_its_closed_form", "dual × 1.001", rows_columns, "_dual_value", times(1.001)),
    Planted(
        "infimum_over_splittings_has_its_closed_form", "cost × 0.999", rows_columns, "splitting_cost", times(0.999)
    ),
    Planted("infimum_is_within_root_three_for_signs", "1.2 for √3", splitting, "SIGN_FACTOR", lambda right: 1.2),
    Planted(
        "infimum_is_within_root_two_for_complex_gaussians",
        "1.1 for √2",
        splitting,
        "GAUSSIAN_FACTOR",
        lambda right: 1.1,
    ),
    Planted("third_part_needs_its_own_moment", "constant halved", martingale, "martingale_constant", times(0.5)),
)
