"""Planted errors of the best constant: a factor of a proof step changed, an end of the bracket moved."""

from __future__ import annotations

from collections.abc import Callable

from proofs_checks.empirical import hermitian_pairs, interpolation
from proofs_checks.rigorous import best_constant
from schattor_theory.bounds import martingale
from tests.proofs_checks.empirical.planted import Planted, times

__all__ = ["BEST_CONSTANT"]


def lowered_upper_end(factor: float) -> Callable:
    """Multiply the upper end of a bracket."""

    def wrong(right: Callable) -> Callable:
        def bracket(q: float) -> tuple[float, float]:
            low, high = right(q)
            return low, factor * high

        return bracket

    return wrong


def less_by(amount: float) -> Callable:
    """Make a function return less than what is right."""
    return lambda right: lambda *a, **k: right(*a, **k) - amount


BEST_CONSTANT: tuple[Planted, ...] = (
    Planted(
        "identities_of_the_best_constant_hold", "E_1 -> 0.99 E_1", hermitian_pairs, "first_excess", times(0.99)
    ),
    Planted("identities_of_the_best_constant_hold", "1 % off", hermitian_pairs, "bregman", times(1.01)),
    Planted("dual_inequality_holds", "0.1 % less", hermitian_pairs, "dual_side", times(0.999)),
    Planted("dual_inequality_holds", "E_2 -> 8 E_2", hermitian_pairs, "second_excess", times(8)),
    Planted("classes_with_a_sharp_constant_hold", "0.1 % less", hermitian_pairs, "dual_side", times(0.999)),
    Planted("classes_with_a_sharp_constant_hold", "constant 0.99 in (e)", hermitian_pairs, "bregman", times(1 / 0.99)),
    Planted("interpolating_family_holds", "ε' 10 % too large", interpolation, "shifted", times(1.1)),
    Planted(
        "interpolating_family_holds", "1 % less at the knots", martingale, "best_constant_bracket",
        lowered_upper_end(0.99),
    ),
    Planted(
        "one_step_inequality_holds_with_the_proved_constant", "1e-6 less", martingale, "best_constant_bracket",
        lowered_upper_end(1 - 1e-6),
    ),
    Planted(
        "one_step_inequality_holds_with_the_proved_constant", "1e-4 off", martingale, "scalar_best_constant",
        times(1 - 1e-4),
    ),
    Planted("scalar_lemmas_are_enclosed", "a coefficient below zero", best_constant, "taylor_coefficient", less_by(80)),
    Planted("scalar_lemmas_are_enclosed", "2E_1 < E_2 somewhere", best_constant, "pair_gap", less_by(40)),
    Planted(
        "pairing_fails_at_order_five", "K(Z) = XZ", interpolation, "next_image",
        lambda right: lambda image, x, a: x @ image,
    ),
)  # fmt: skip
