"""Mutants of T4a*: the best constant, a factor of a proof step changed or an end of the bracket moved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from schattor_theory.bounds import martingale, moments

from ..empirical import hermitian_pairs, interpolation
from ..rigorous import best_constant
from .mutant import Mutant, Wrong, of
from .ways import bound_times, less_by, times

__all__ = ["MUTANTS"]


def lowered_upper_end(factor: float) -> Wrong:
    """Multiply the upper end of a bracket."""

    def wrong(right: Callable[[float], tuple[float, float]]) -> Callable[[float], tuple[float, float]]:
        def bracket(q: float) -> tuple[float, float]:
            low, high = right(q)
            return low, factor * high

        return bracket

    return wrong


_t = partial(of, "T4a*")

MUTANTS: tuple[Mutant, ...] = (
    _t("first_excess_off", "E_1 → 0.99E_1", hermitian_pairs, "first_excess", times(0.99),
       "identities_of_the_best_constant_hold"),
    _t("bregman_divergence_off", "D → 1.01D", hermitian_pairs, "bregman", times(1.01),
       "identities_of_the_best_constant_hold", "classes_with_a_sharp_constant_hold"),
    _t("dual_side_too_low", "Σ|<u_j, v_i>|²|x_j - a_i|^p → 0.999 of it", hermitian_pairs, "dual_side", times(0.999),
       "dual_inequality_holds", "classes_with_a_sharp_constant_hold"),
    _t("second_excess_too_large", "E_2 → 8E_2", hermitian_pairs, "second_excess", times(8), "dual_inequality_holds"),
    _t("interpolating_family_shifted", "ε' 10 % too large", interpolation, "shifted", times(1.1),
       "interpolating_family_holds"),
    _t("upper_end_too_low", "U_q → 0.99U_q", martingale, "best_constant_bracket", lowered_upper_end(0.99),
       "interpolating_family_holds", "one_step_inequality_holds_with_the_proved_constant"),
    _t("upper_end_off_in_the_sixth_digit", "U_q → (1 - 1e-6)U_q", martingale, "best_constant_bracket",
       lowered_upper_end(1 - 1e-6), "one_step_inequality_holds_with_the_proved_constant"),
    _t("lower_end_off", "C_q → (1 - 1e-4)C_q", martingale, "scalar_best_constant", times(1 - 1e-4),
       "one_step_inequality_holds_with_the_proved_constant"),
    _t("taylor_coefficient_off", "a Taylor coefficient 80 too small", best_constant, "taylor_coefficient",
       less_by(80), "scalar_lemmas_are_enclosed"),
    _t("pair_gap_off", "2E_1 - E_2 → 40 less", best_constant, "pair_gap", less_by(40), "scalar_lemmas_are_enclosed"),
    _t("pairing_of_another_order", "K(Z) → XZ", interpolation, "next_image",
       lambda right: lambda image, x, a: x @ image, "pairing_fails_at_order_five"),
    _t("best_constant_level_too_low", "first term with 0.9, the others with 0.9K", moments, "moment_bound",
       bound_times(0.9, when=lambda k: k.get("level") == "best"), "best_constant_bounds_every_martingale"),
)  # fmt: skip
"""The mutants of T4a*."""
