"""Mutants of T5 and T6 with their corollaries and sharper forms: stationarity of both oracles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from schattor_theory.bounds import corollaries, derived, momentum_error, regularized, setting, stationarity, tuning
from schattor_theory.optimizer import schedules
from synthetic.noise import controlled

from .mutant import Mutant, of
from .ways import bound_times, called_with, constant, times

__all__ = ["MUTANTS"]


def _without_drift(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *a, **k: right(*a, **k) | {"drift": 0.0}


def _other_order(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda theta, beta: right(theta, min(2.0, 1.1 * beta))


def _settled_too_soon(right: Callable[..., Any]) -> Callable[..., Any]:
    def weight(*a: Any, **k: Any) -> tuple[float, float]:
        limit, burn_in = right(*a, **k)
        return limit, 0.95 * burn_in

    return weight


def _symmetric(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda call, shape: replace(right(call, shape), constant=1.0)


def _one_step_late(right: Callable[..., Any]) -> Callable[..., Any]:
    """Let the bound use θ_{k-1} where the method uses θ_k."""
    return lambda *a: np.concatenate([[1.0], right(*a)[:-1]])


def _length_forgotten(right: Any) -> property:
    return property(lambda self: 2 - self.direction_defect)


def _grows(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *a: right(self, *a) * len(self.levels) ** 0.3


def _without_logarithm(right: Callable[..., Any]) -> Callable[..., Any]:
    """Replace the 1 + ln K of the drift term by 1."""
    return lambda **k: bound_times(1 / (1 + math.log(k["n_steps"])), "drift")(right)(**k)


def _without_drift_part(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda rate, theta: (0.0, 1 - rate / 2)


def _of_many_steps(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda theta, n_steps: theta / (2 - theta)


def _no_condition(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *a: None


def _markov_of_order_two(right: Callable[..., Any]) -> Callable[..., Any]:
    """Give the noise terms of the form "moment" the factor γ^{-1/(2β)}."""

    def bound(**k: Any) -> Any:
        if k.get("form", "moment") != "moment":
            return right(**k)
        factor = k["failure_probability"] ** (0.5 / k.get("moment_order", 2.0))
        return bound_times(factor, "burn_in")(bound_times(factor, "noise")(right))(**k)

    return bound


def _one_event(right: Callable[..., Any]) -> Callable[..., Any]:
    """Give the noise terms of the form "bounded" the factor of a single step."""

    def bound(**k: Any) -> Any:
        if k.get("form", "moment") != "bounded":
            return right(**k)
        steps, gamma = k["n_steps"], k["failure_probability"]
        factor = math.sqrt(math.log(2 / gamma) / math.log(2 * steps / gamma))
        return bound_times(factor, "burn_in")(bound_times(factor, "noise")(right))(**k)

    return bound


_t5, _any, _n2, _hp = (partial(of, statement) for statement in ("T5", "T5-any", "T5-N2", "T5-hp"))
_sharper, _t6, _t6s = (partial(of, statement) for statement in ("T5'", "T6", "T6*"))
_PROOF = "bound_follows_from_descent_and_momentum_error"
_RUNS = "mean_stationarity_stays_below_its_bound"
_SQUARED = "squared_stationarity_stays_below_its_bound"

MUTANTS: tuple[Mutant, ...] = (
    _t5("drift_term_lost", "2Lη(1-θ)/θ → 0", setting, "constant_terms", _without_drift, _PROOF),
    _t5("drift_of_the_schedule_off", "b_k → 0.99b_k", momentum_error, "drift", times(0.99), _PROOF),
    _t5("noise_term_too_low", "2cσ → 1.8cσ", stationarity, "stationarity_bound", bound_times(0.9, "noise"), _PROOF),
    _t5("noise_term_lost", "2cσκ_θ → 0", stationarity, "stationarity_bound", bound_times(0.0, "noise"), _PROOF, _RUNS),
    _t5("averaging_weight_of_another_order", "β → 1.1β in κ_θ", momentum_error, "stationary_weight", _other_order,
        _PROOF),
    _t5("constant_of_the_noise_ignored", "cσ → σ", setting, "check_shape", _symmetric, _PROOF),
    _t5("price_of_the_length_forgotten", "2 + ω - δ → 2 - δ", setting.Setting, "loss", _length_forgotten, _PROOF),
    _t5("curvature_term_off", "Lη/2 → 0.99Lη/2", stationarity, "stationarity_bound", bound_times(0.99, "curvature"),
        "gap_and_curvature_terms_are_attained"),
    _t5("curvature_term_halved", "Lη/2 → Lη/4", stationarity, "stationarity_bound", bound_times(0.5, "curvature"),
        _RUNS),
    _t5("stationarity_bound_halved", "the whole bound halved", stationarity, "stationarity_bound", bound_times(0.5),
        "heavy_ball_stays_below_its_bound", "inexact_directions_stay_below_their_bound"),
    _t5("stationarity_bound_tenth", "a tenth of the whole bound", stationarity, "stationarity_bound",
        bound_times(0.1), "small_study_is_free_of_the_dimension"),
    _t5("noise_grows_with_the_dimension", "σ → σr^{0.3} in the noise alone", controlled.ControlledNoise, "realise",
        _grows, "small_study_is_free_of_the_dimension"),
    _t5("best_step_too_long", "η → 1.05η", tuning, "best_step_size", times(1.05), "tuning_minimises_the_bound"),
    _t5("burn_in_too_low", "1/(θK) → 0.95/(θK)", setting, "average_weight", _settled_too_soon,
        "tuning_minimises_the_bound"),
    _t5("best_momentum_too_low", "1-θ → 0.95(1-θ)", tuning, "best_momentum", times(0.95),
        "tuning_minimises_the_bound"),
    _t5("rate_off", "(β-1)/(3β-2) → 0.95 of it", tuning, "rate_exponent", times(0.95), "tuning_minimises_the_bound"),
    _t5("rate_of_recursive_momentum", "(β-1)/(3β-2) → (β-1)/(2β-1)", tuning, "rate_exponent",
        called_with(recursive=True), "tuning_minimises_the_bound"),
    _any("weighted_bound_halved", "the whole bound halved", stationarity, "stationarity_bound", bound_times(0.5),
         "weighted_stationarity_stays_below_its_bound"),
    _any("half_zeta_too_low", "1.307 → 1.2", corollaries, "_HALF_ZETA", constant(1.2),
         "parameter_free_form_dominates_its_sums"),
    _any("parameter_free_noise_halved", "2cσS_K → cσS_K", corollaries, "parameter_free_bound",
         bound_times(0.5, "noise"), "parameter_free_form_dominates_its_sums"),
    _any("logarithm_lost", "2Lη(1 + ln K) → 2Lη", corollaries, "parameter_free_bound", _without_logarithm,
         "parameter_free_form_dominates_its_sums"),
    _any("parameter_free_drift_too_low", "2Lη(1 + ln K) → 1.9Lη(1 + ln K)", corollaries, "parameter_free_bound",
         bound_times(0.95, "drift"), "parameter_free_form_dominates_its_sums"),
    _any("tuned_exponent_off", "θ_k = (k+1)^{-b} → (k+1)^{-0.97b}", corollaries, "tuned_exponents",
         lambda right: lambda order: (right(order)[0], 0.97 * right(order)[1]),
         "parameter_free_form_dominates_its_sums"),
    _any("step_schedule_of_another_power", "(k+1)^{-a} → (k+1)^{-0.9a}", schedules.PolynomialSchedule, "__call__",
         lambda right: lambda self, k: right(replace(self, power=0.9 * self.power), k),
         "parameter_free_form_dominates_its_sums"),
    _any("momentum_schedule_of_another_power", "1 - (k+1)^{-b} → 1 - (k+1)^{-0.9b}", schedules.MomentumSchedule,
         "__call__", lambda right: lambda self, k: right(replace(self, power=0.9 * self.power), k),
         "parameter_free_form_dominates_its_sums"),
    _any("schedule_one_step_late", "θ_k → θ_{k-1} in the bound", stationarity, "_thetas", _one_step_late,
         "parameter_free_form_dominates_its_sums"),
    _n2("leading_term_too_low", "4(LΔσ²/K)^{1/4} → 3.8(LΔσ²/K)^{1/4}", corollaries, "covariance_corollary",
        bound_times(0.95, "leading"), "covariance_corollary_dominates_its_sums"),
    _n2("burn_in_of_the_corollary_too_low", "3 → 2.85", corollaries, "_COROLLARY_BURN_IN", constant(2.85),
        "covariance_corollary_dominates_its_sums"),
    _n2("condition_of_the_corollary_loosened", "θ ≤ 4/5 → θ ≤ 1", corollaries, "_COROLLARY_THETA_MAX", constant(1.0),
        "covariance_corollary_dominates_its_sums"),
    _hp("noise_of_one_run_lost", "noise terms → 0", corollaries, "high_probability_bound", bound_times(0.0, "noise"),
        "few_runs_exceed_the_high_probability_bound"),
    _hp("markov_of_another_order", "γ^{-1/β} → γ^{-1/(2β)}", corollaries, "high_probability_bound",
        _markov_of_order_two, "noise_factors_come_from_their_inequalities"),
    _hp("union_bound_forgotten", "√(2 ln(2K/γ)) → √(2 ln(2/γ))", corollaries, "high_probability_bound",
        _one_event, "noise_factors_come_from_their_inequalities"),
    _sharper("sharper_noise_halved", "(2-θ)cσ → (1-θ/2)cσ", derived, "sharper_stationarity_bound",
             bound_times(0.5, "noise"), "mean_stationarity_stays_below_the_sharper_bound"),
    _sharper("sharper_burn_in_too_low", "(2-θ)cσ/(θK) → 0.95 of it", derived, "sharper_stationarity_bound",
             bound_times(0.95, "burn_in"), "sharper_form_follows_from_its_recursion"),
    _t6("squared_bound_halved", "the whole bound halved", regularized, "regularized_bound", bound_times(0.5),
        "sharp_form_follows_from_descent_and_momentum_error", _SQUARED),
    _t6("squared_bound_off", "0.99 of the whole bound", regularized, "regularized_bound", bound_times(0.99),
        "sharp_form_follows_from_descent_and_momentum_error", "gap_term_is_attained_by_gradient_steps"),
    _t6("drift_of_the_squared_bound_lost", "κ → 0", regularized, "kappa_and_margin", _without_drift_part,
        "sharp_form_follows_from_descent_and_momentum_error"),
    _t6("burn_in_of_the_squared_bound_lost", "A² → θ/(2-θ)", regularized, "weight_square", _of_many_steps,
        "sharp_form_follows_from_descent_and_momentum_error"),
    _t6("noise_of_the_pairs_halved", "b → b/2", regularized, "regularized_pairs", bound_times(0.5, "noise"),
        "pairs_dominate_the_sharp_form"),
    _t6("pairs_too_low", "(a, b) → 0.9(a, b)", regularized, "regularized_pairs", bound_times(0.9),
        "pairs_dominate_the_sharp_form"),
    _t6("side_condition_ignored", "(a, b) without its condition on Lη", regularized, "_side_condition",
        _no_condition, "pairs_dominate_the_sharp_form"),
    _t6("second_moments_not_asked_for", "T6 at β < 2", regularized, "_refusal", _no_condition,
        "pairs_dominate_the_sharp_form"),
    _t6s("sharper_squared_bound_halved", "the whole bound halved", derived, "sharper_regularized_bound",
         bound_times(0.5), "squared_stationarity_stays_below_the_sharper_bound"),
)  # fmt: skip
"""The mutants of T5 and T6."""
