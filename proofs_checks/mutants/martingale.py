"""Mutants of T4a to T4g but T4d: the matrix martingale moment bounds, their constants and their worst cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from schattor_theory import assumptions
from schattor_theory.bounds import martingale, moments
from schattor_theory.geometry import dual_exponent
from synthetic.martingales import iid_coordinates, record

from ..adversarial import witness as witnesses
from ..moments import wrong_forms
from ..rigorous import scalar_constant
from .mutant import Mutant, of
from .ways import bound_times, called_with, field_times, power, times

__all__ = ["MUTANTS"]


def _level(name: str, q: float | None = None) -> Callable[[dict[str, Any]], bool]:
    """Say whether a moment bound is asked for at this level, and at this q if given."""
    return lambda k: k.get("level") == name and (q is None or k["q"] == q)


def _last_digit(right: Callable[..., Any]) -> Callable[..., Any]:
    def loaded() -> tuple[Any, ...]:
        first, *others = right()
        return (replace(first, certified=first.certified[:-1] + str((int(first.certified[-1]) + 1) % 10)), *others)

    return loaded


def _larger_root(right: Callable[..., Any]) -> Callable[..., Any]:
    def constant(*a: Any, **k: Any) -> Any:
        found = right(*a, **k)
        return found._replace(constant=found.constant * 1.03)

    return constant


def _order_two(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *a, **k: replace(right(*a, **k), moment_order=2.0)


def _other_side(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, side="left": right(self, {"left": "right", "right": "left"}[side])


def _any_exponent(right: Callable[..., Any]) -> Callable[..., Any]:
    def shape(self: Any, p: Any) -> Any:
        found = right(self, p)
        if isinstance(found, assumptions.NotApplicable):
            return assumptions.MomentShape(constant=1.0, moment_order=2.0, sigma=self.sigma, source="N2")
        return found

    return shape


def _any_inner_exponent(right: Callable[..., Any]) -> Callable[..., Any]:
    def shape(self: Any, p: Any) -> Any:
        return right(replace(self, inner_exponent=max(self.moment_order, dual_exponent(float(p)))), p)

    return shape


def _symmetric(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda order, conditionally_symmetric=False: right(order, True)


def _at_two(right: Callable[..., Any]) -> Callable[..., Any]:
    def function(*a: Any, **k: Any) -> Any:
        # the constant of p = 2 at every p
        return right(*a, **k) if float(k["p"]) == 2 else bound_times(1 / (float(k["p"]) - 1))(right)(*a, **k)

    return function


_t4a, _t4b, _t4c, _t4e, _t4f, _t4g = (partial(of, f"T4{letter}") for letter in "abcefg")
_BOUND = "moment_bound_holds_on_every_martingale"
_TWO_SMOOTH = ("one_step_is_two_smooth", "search_finds_no_larger_two_smoothness")

MUTANTS: tuple[Mutant, ...] = (
    _t4a("moment_shape_constant_too_low", "c → 0.9c", assumptions, "moment_shape_constant", times(0.9),
         "moment_shape_holds_by_enumeration"),
    _t4a("asymmetry_ignored", "c = 2^{(2-β)/β} → 1 for asymmetric noise", assumptions, "moment_shape_constant",
         _symmetric, "moment_shape_holds_by_enumeration"),
    _t4a("martingale_constant_too_low", "2^{2-β} → 0.9·2^{2-β}", martingale, "martingale_constant", times(0.9),
         "martingale_constant_bounds_two_step_martingales", "witnesses_replay_below_the_proved_constant",
         "worst_case_search_finds_nothing_above_the_constant"),
    _t4a("martingale_constant_far_too_low", "2^{2-β} → 0.7·2^{2-β}", martingale, "martingale_constant", times(0.7),
         "short_martingales_stay_below_the_constant"),
    _t4a("scalar_constant_off", "C_q → (1 - 1e-5)C_q", martingale, "scalar_best_constant", times(1 - 1e-5),
         "scalar_constant_is_sharp", "scalar_constant_is_enclosed"),
    _t4a("scalar_constant_off_in_the_last_digits", "C_q → (1 + 1e-12)C_q", martingale, "scalar_best_constant",
         times(1 + 1e-12), "scalar_constant_is_enclosed"),
    _t4a("scalar_constant_enclosed_too_high", "the enclosure of C_q → 1.03 of it", scalar_constant, "scalar_constant",
         _larger_root, "scalar_constant_fails_beyond_two"),
    _t4a("witness_claims_another_digit", "last certified digit + 1", witnesses, "load_witnesses", _last_digit,
         "witnesses_replay_below_the_proved_constant"),
    _t4a("triangle_level_too_low", "1 → 0.9 at β = 1", moments, "moment_bound",
         bound_times(0.9, when=_level("triangle")), _BOUND),
    _t4a("symmetric_level_too_low", "1 → 0.9 for symmetric differences", moments, "moment_bound",
         bound_times(0.9, when=_level("symmetric")), _BOUND),
    _t4a("first_term_level_too_low", "first term with 0.9, the others with 0.9·2^{2-β}", moments, "moment_bound",
         bound_times(0.9, when=_level("first_term")), _BOUND),
    _t4a("martingale_level_too_low_at_order_two", "1 → 0.9 at q = β = 2", moments, "moment_bound",
         bound_times(0.9, when=_level("martingale", 2.0)), _BOUND),
    _t4a("martingale_level_halved", "2^{2-β} → 2^{1-β} at q = β = 3/2", moments, "moment_bound",
         bound_times(0.5, when=_level("martingale", 1.5)), _BOUND),
    _t4a("two_line_level_halved", "2 → 0.98 at q = β", moments, "moment_bound",
         bound_times(0.49, when=_level("fallback")), _BOUND),
    _t4a("range_of_exponents_ignored", "β ≤ q ≤ β/(β-1) not asked for", moments, "_range_reason",
         lambda right: lambda *a: "", _BOUND),
    _t4b("covariance_bound_too_low", "‖(Σ E ZZᵀ)^{1/2}‖_q² → 0.9 of it", moments, "covariance_bound",
         bound_times(0.9), "covariance_bound_holds_on_every_martingale"),
    _t4b("covariance_too_small", "Σ → 0.9Σ", moments, "covariance_bound",
         lambda right: lambda covariance, **k: right(0.9 * covariance, **k),
         "covariance_bound_holds_on_every_martingale"),
    _t4b("covariance_of_the_wrong_side", "Σ E ZZᵀ ↔ Σ E ZᵀZ", record.MatrixMartingale, "covariance", _other_side,
         "covariance_bound_holds_on_every_martingale"),
    _t4b("covariance_shape_too_small", "σ → 0.95σ", assumptions.CovarianceNoise, "moment_shape",
         field_times(sigma=0.95), "covariance_shape_holds_by_enumeration"),
    _t4b("covariance_shape_beyond_two", "q ≤ 2 not asked for", assumptions.CovarianceNoise, "moment_shape",
         _any_exponent, "covariance_shape_holds_by_enumeration"),
    _t4b("false_form_with_a_true_constant", "C_q → 1.1C_q in the form that is false beyond q = 2", wrong_forms,
         "scalar_best_constant", times(1.1), "false_forms_are_refuted"),
    _t4c("weighted_bound_too_low", "2^{2-β}‖W‖_s^β Σ E‖W⁺Z‖_a^β → 0.9 of it", moments, "weighted_bound",
         bound_times(0.9), "weighted_bound_holds_on_every_martingale"),
    _t4c("weighted_shape_too_small", "c → 0.95c", assumptions.WeightedNoise, "moment_shape",
         field_times(constant=0.95), "weighted_shape_holds_by_enumeration"),
    _t4c("asymmetry_ignored_under_weights", "c = 2^{(2-β)/β} → 1 for asymmetric noise", assumptions,
         "moment_shape_constant", _symmetric, "weighted_shape_holds_by_enumeration"),
    _t4c("inner_exponent_ignored", "max(q, β) ≤ a ≤ β/(β-1) not asked for", assumptions.WeightedNoise,
         "moment_shape", _any_inner_exponent, "weighted_shape_holds_by_enumeration"),
    _t4e("two_smooth_bound_too_low", "p - 1 → 0.9(p - 1)", moments, "two_smooth_bound", bound_times(0.9),
         "two_smoothness_holds_on_every_martingale", *_TWO_SMOOTH),
    _t4e("two_smooth_bound_a_little_too_low", "p - 1 → 0.98(p - 1)", moments, "two_smooth_bound", bound_times(0.98),
         *_TWO_SMOOTH),
    _t4e("two_smooth_constant_of_two", "p - 1 → 1 at every p", moments, "two_smooth_bound", _at_two,
         "two_smoothness_holds_on_every_martingale", *_TWO_SMOOTH),
    _t4f("moment_noise_of_order_two", "β = min(α, q, p) → 2", assumptions.MomentNoise, "moment_shape", _order_two,
         "fresh_coordinates_are_not_averaged"),
    _t4f("law_of_random_coordinates_off", "E‖S‖_q^β → 1.3 of it", iid_coordinates.IidCoordinates, "_moment",
         times(1.3), "averages_turn_at_the_dimension"),
    _t4g("price_of_dimension_of_another_power", "r^{1/q-1/β} → r^{0.98(1/q-1/β)}", martingale, "price_of_dimension",
         power(0.98), "price_of_dimension_is_attained"),
    _t4g("price_bound_too_low", "r^{β/q-1}2^{2-β} → 0.9 of it", moments, "price_bound", bound_times(0.9),
         "price_of_dimension_holds_on_every_martingale"),
    _t4g("price_of_asymmetry_ignored", "2^{2-β} → 1 for asymmetric differences", martingale, "price_of_dimension",
         called_with(conditionally_symmetric=True), "price_of_dimension_is_attained"),
)  # fmt: skip
"""The mutants of the moment bounds."""
