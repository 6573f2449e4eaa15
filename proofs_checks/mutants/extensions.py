"""Mutants of T7, T8 and T10 to T13: blocks, transfer, look-ahead, weight decay, recursive momentum, necessity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from schattor_theory import assumptions
from schattor_theory.bounds import (
    descent,
    look_ahead,
    necessity,
    product,
    recursive,
    setting,
    stationarity,
    transfer,
    weight_decay,
)
from schattor_theory.geometry import dual_exponent
from schattor_theory.optimizer import momentum, schattor
from synthetic.problems import lift

from .mutant import Mutant, of
from .ways import at_arguments, bound_times, constant, field_times, power, times

__all__ = ["MUTANTS"]


def _outer_dual_alone(right: Callable[..., Any]) -> Callable[..., Any]:
    """Take u = t' where it is min(t', β)."""

    def shape(shapes: Any, radii: Any = None, balance: Any = float("inf")) -> Any:
        found = right(shapes, radii, balance)
        sizes = {b: (radii or {}).get(b, 1.0) * shapes[b].scale for b in shapes}
        outer = dual_exponent(float(balance))
        return replace(found, sigma=product._ell(list(sizes.values()), outer))

    return shape


def _theta_and_tau_exchanged(right: Callable[..., Any]) -> Callable[..., Any]:
    def coefficients(self: Any, xp: Any, k: Any, dtype: Any) -> tuple[Any, Any, Any]:
        theta, tau, eta = right(self, xp, k, dtype)
        # θ_0 = 1 and whatever τ_0 is give M_0 = G_0 either way
        return (theta, tau, eta) if tau is None else (xp.where(k == 0, theta, tau), theta, eta)

    return coefficients


def _wrong_step(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, xp, k, dtype: right(self, xp, k - 1 if self.look_ahead == "nesterov" else k, dtype)


def _exchanged_in_the_bound(right: Callable[..., Any]) -> Callable[..., Any]:
    def terms(setting: Any, shape: Any, eta: float, theta: float, tau: float = 0.0, **k: Any) -> Any:
        return right(setting, shape, eta, tau, theta, **k) if tau > 0 else right(setting, shape, eta, theta, tau, **k)

    return terms


def _drift_not_reduced(right: Callable[..., Any]) -> Callable[..., Any]:
    def terms(setting: Any, shape: Any, eta: float, theta: float, tau: float = 0.0, **k: Any) -> Any:
        return right(setting, shape, eta, theta, tau, **k) | {"drift": right(setting, shape, eta, theta)["drift"]}

    return terms


def _no_decay(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *a: right(replace(self, weight_decay=0.0), *a)


def _plain_momentum(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda average, gradient, previous, theta: (1 - theta) * average + theta * gradient


def _leaks_into_another_column(right: Callable[..., Any]) -> Callable[..., Any]:
    def gradient(self: Any, x: Any) -> Any:
        g = right(self, x)
        g[..., 1] = 0.01 * g[..., 0]
        return g

    return gradient


def _order_two(right: Callable[..., Any]) -> Callable[..., Any]:
    def mean(shape: Any, size: int) -> Any:
        return replace(right(shape, size), sigma=shape.sigma * float(size) ** -0.5)

    return mean


def _twice(right: Callable[..., Any]) -> Callable[..., Any]:
    def mean(shape: Any, size: int) -> Any:
        found = right(shape, size)
        return replace(found, constant=found.constant**2)

    return mean


def _smaller_gap(right: Callable[..., Any]) -> Callable[..., Any]:
    def bound(**k: Any) -> Any:
        found = right(**k)
        return replace(found, constants=found.constants | {"initial_gap": 0.95 * found.constants["initial_gap"]})

    return bound


def _nearer(right: Callable[..., Any]) -> Callable[..., Any]:
    def bound(**k: Any) -> Any:
        found = right(**k)
        start = found.constants["slope_cap"] / k["smoothness"] + k["step_size"] * k["n_steps"] ** 0.5
        return replace(found, constants=found.constants | {"start": start})

    return bound


_t7, _t8, _t10, _t11, _t12 = (partial(of, f"T{number}") for number in (7, 8, 10, 11, 12))
_t13a, _t13b, _t13c = (partial(of, f"T13{letter}") for letter in "abc")
_BATCH = ("minibatch_shape_is_attained", "minibatch_is_one_weighted_sum")
_STAYS = "gap_and_last_value_stay_below_their_bounds"

MUTANTS: tuple[Mutant, ...] = (
    _t7("product_smoothness_too_low", "L → 0.95L", product, "product_smoothness", times(0.95),
        "product_smoothness_is_exact"),
    _t7("product_noise_too_low", "cσ → 0.9cσ", product, "product_moment_shape", field_times(sigma=0.9),
        "product_moment_shape_holds_by_enumeration"),
    _t7("order_of_the_blocks_ignored", "u = min(t', β) → t'", product, "product_moment_shape", _outer_dual_alone,
        "product_moment_shape_holds_by_enumeration"),
    _t7("product_price_of_the_error_too_low", "2η|||e|||_* → 1.9η|||e|||_*", descent, "descent_bound",
        bound_times(0.95, "error"), "descent_holds_in_product_geometry"),
    _t7("product_stationarity_halved", "the whole bound halved", stationarity, "stationarity_bound",
        bound_times(0.5), "product_stationarity_stays_below_its_bound"),
    _t8("norm_transfer_off", "r^{1/q-1/2} → 0.99 of it", transfer, "norm_transfer",
        lambda right: lambda q, r: tuple(x * f for x, f in zip(right(q, r), (1.0, 0.99), strict=True)),
        "norms_transfer_with_both_sides_attained"),
    _t8("smoothness_transfer_off", "r^{1-2/p} → 0.99 of it", transfer, "smoothness_transfer", times(0.99),
        "smoothness_transfers_with_equality", "smoothness_factor_is_that_of_the_norms"),
    _t8("smoothness_transfer_of_another_power", "r^{1-2/p} → r^{0.98(1-2/p)}", transfer, "smoothness_transfer",
        power(0.98), "smoothness_transfers_with_equality"),
    _t10("look_ahead_bound_halved", "the whole bound halved", stationarity, "stationarity_bound", bound_times(0.5),
         "look_ahead_stays_below_its_bound"),
    _t10("look_ahead_too_short", "τ → 0.99τ in the method", momentum, "look_ahead_average",
         at_arguments(lambda average, gradient, tau: (average, gradient, 0.99 * tau)),
         "look_ahead_has_the_weights_of_its_recursion"),
    _t10("look_ahead_of_the_wrong_step", "Nesterov: τ_k = θ_{k+1} → θ_k", schattor.Schattor, "_tau", _wrong_step,
         "look_ahead_has_the_weights_of_its_recursion"),
    _t10("theta_and_tau_exchanged", "τ ↔ θ in the method", schattor.Schattor, "_coefficients",
         _theta_and_tau_exchanged, "look_ahead_has_the_weights_of_its_recursion"),
    _t10("theta_and_tau_exchanged_in_the_bound", "τ ↔ θ in the closed form", setting, "constant_terms",
         _exchanged_in_the_bound, "look_ahead_closed_form_dominates_its_recursion"),
    _t10("drift_not_reduced", "2(1-τ)Lη(1-θ)/θ → 2Lη(1-θ)/θ", setting, "constant_terms", _drift_not_reduced,
         "look_ahead_closed_form_dominates_its_recursion"),
    _t10("look_ahead_bound_too_low", "0.9 of the closed form", look_ahead, "look_ahead_bound", bound_times(0.9),
         "look_ahead_closed_form_dominates_its_recursion"),
    _t10("burn_in_of_look_ahead_too_low", "2cσ(1 + (1-τ)(1-θ)/θ)/K → 0.95 of it", look_ahead, "look_ahead_bound",
         bound_times(0.95, "burn_in"), "look_ahead_closed_form_dominates_its_recursion"),
    _t11("decay_forgotten", "(1-ηλ)X → X", schattor.Schattor, "_moved", _no_decay,
         "weight_decay_descends_in_the_ball"),
    _t11("gap_bound_halved", "the whole bound on the gap halved", weight_decay, "weight_decay_gap_bound",
         bound_times(0.5), _STAYS, "weight_decay_bounds_follow_from_their_proof"),
    _t11("last_value_bound_halved", "the whole bound on the last value halved", weight_decay,
         "weight_decay_last_value_bound", bound_times(0.5), _STAYS, "weight_decay_bounds_follow_from_their_proof"),
    _t11("drift_of_the_gap_halved", "4LR²γ(1-θ)/θ → 2LR²γ(1-θ)/θ", weight_decay, "weight_decay_gap_bound",
         bound_times(0.5, "drift"), "weight_decay_bounds_follow_from_their_proof"),
    _t11("curvature_of_the_gap_halved", "2LR²γ → LR²γ", weight_decay, "weight_decay_gap_bound",
         bound_times(0.5, "curvature"), "weight_decay_bounds_follow_from_their_proof"),
    _t11("burn_in_of_the_gap_too_low", "2Rcσ/(θK) → 0.95 of it", weight_decay, "weight_decay_gap_bound",
         bound_times(0.95, "burn_in"), "weight_decay_bounds_follow_from_their_proof"),
    _t12("plain_momentum_for_recursive", "G + (1-θ)(M - G') → (1-θ)M + θG", momentum, "recursive_average",
         _plain_momentum, "recursive_momentum_has_no_drift"),
    _t12("difference_term_lost", "2cℓηθ^{-1/β} → 0", recursive, "recursive_bound", bound_times(0.0, "difference"),
         "recursive_corollary_dominates_its_sums"),
    _t12("noise_of_recursive_momentum_too_low", "2cσκ_θ → 1.9cσκ_θ", recursive, "recursive_bound",
         bound_times(0.95, "noise"), "recursive_corollary_dominates_its_sums"),
    _t12("burn_in_of_recursive_momentum_too_low", "its burn-in → 0.95 of it", recursive, "recursive_bound",
         bound_times(0.95, "burn_in"), "recursive_corollary_dominates_its_sums"),
    _t12("burn_in_of_the_recursive_corollary_too_low", "3.25 → 1", recursive, "_COROLLARY_BURN_IN", constant(1.0),
         "recursive_corollary_dominates_its_sums"),
    _t12("recursive_bound_halved", "the whole bound halved", recursive, "recursive_bound", bound_times(0.5),
         "recursive_momentum_stays_below_its_bound", "recursive_corollary_dominates_its_sums"),
    _t12("recursive_leading_term_too_low", "3(5ℓ̄Δσ/K)^{1/3} → 2.7(5ℓ̄Δσ/K)^{1/3}", recursive,
         "recursive_corollary", bound_times(0.9, "leading"), "recursive_corollary_dominates_its_sums"),
    _t13a("minibatch_noise_too_low", "σm^{-(1-1/β)} → 0.95 of it", assumptions, "minibatch_shape",
          field_times(sigma=0.95), *_BATCH),
    _t13a("minibatch_of_order_two", "σm^{-(1-1/β)} → σm^{-1/2}", assumptions, "minibatch_shape", _order_two, *_BATCH),
    _t13a("minibatch_constant_twice", "c → c²", assumptions, "minibatch_shape", _twice, *_BATCH),
    _t13b("lift_of_two_columns", "a hundredth of the gradient in another column", lift.Lift, "gradient",
          _leaks_into_another_column, "lift_is_the_same_for_every_exponent", "constants_carry_over_to_the_lift"),
    _t13b("lift_smoother_than_its_function", "L → 0.95L", lift.Lift, "smoothness", times(0.95),
          "lift_is_the_same_for_every_exponent", "constants_carry_over_to_the_lift"),
    _t13c("gap_of_the_instance_off", "Δ of the instance → 0.95 of it", necessity, "no_momentum_lower_bound",
          _smaller_gap, "without_momentum_runs_stay_above_the_lower_bound"),
    _t13c("lower_bound_too_high", ".488σ → 1.05 of it", necessity, "no_momentum_lower_bound", bound_times(1.05),
          "without_momentum_runs_stay_above_the_lower_bound", "walk_without_momentum_stays_up"),
    _t13c("start_too_near_the_kink", "3η√K above the kink → η√K", necessity, "no_momentum_lower_bound", _nearer,
          "walk_without_momentum_stays_up"),
)  # fmt: skip
"""The mutants of T7, T8 and T10 to T13."""
