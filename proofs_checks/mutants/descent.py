"""Mutants of T1 to T3: descent of both oracles, and the error of momentum."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from schattor_theory.bounds import descent, momentum_error
from schattor_theory.optimizer import momentum

from .mutant import Mutant, of
from .ways import at_arguments, bound_times, called_with, power, times

__all__ = ["MUTANTS"]


def _without_bregman_constant(right: Callable[..., Any]) -> Callable[..., Any]:
    """Lose the 2^{2-q} of the Bregman term at 1 < q < 2, below the caps, so that ρ = 1/2 is where it shows."""

    def function(relative_error: float, q: Any) -> float:
        found = right(relative_error, q)
        return found / 2 ** (2 - q) if 1 < q < 2 and found < 2 and relative_error < 1 else found

    return function


def _own_step(right: Callable[..., Any]) -> Callable[..., Any]:
    """Let the drift of step k count η_k where it counts η_{k-1}."""
    return lambda steps, theta, pace: right(np.append(steps[1:], steps[-1]), theta, pace)


def _other_order(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda theta, beta, tau=None: right(theta, min(2.0, 1.1 * beta), tau)


def _always_applies(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda thetas: None


_t1, _t2, _t3 = (partial(of, statement) for statement in ("T1", "T2", "T3"))

MUTANTS: tuple[Mutant, ...] = (
    _t1("price_of_the_error_too_low", "2η‖e‖ → 1.9η‖e‖", descent, "descent_bound", bound_times(0.95, "error"),
        "descent_holds_on_random_inputs", "descent_is_attained"),
    _t1("descent_curvature_halved", "Lη²/2 → Lη²/4", descent, "descent_bound", bound_times(0.5, "curvature"),
        "descent_is_attained"),
    _t1("misalignment_factor_too_low", "2 → 1.9 in the forms of ρ", descent, "misalignment_factor", times(0.95),
        "misalignment_stays_below_its_bound"),
    _t1("misalignment_bound_too_low", "2 → 1.9 in the minimum", descent, "misalignment_bound", bound_times(0.95),
        "misalignment_stays_below_its_bound"),
    _t1("bregman_constant_lost", "(2^{2-q}/q)(ρ/(1-ρ))^{q-1} → (1/q)(ρ/(1-ρ))^{q-1}", descent, "misalignment_factor",
        _without_bregman_constant, "misalignment_stays_below_its_bound"),
    _t1("length_of_the_direction_ignored", "ω → 0", descent, "descent_bound", called_with(norm_excess=0.0),
        "inexact_descent_holds_for_polynomial_directions"),
    _t1("defect_of_the_direction_ignored", "δ → 0", descent, "descent_bound", called_with(direction_defect=0.0),
        "inexact_descent_holds_for_polynomial_directions"),
    _t2("regularized_curvature_halved", "Lη²‖M‖²/2 → Lη²‖M‖²/4", descent, "regularized_descent_bound",
        bound_times(0.5, "curvature"), "regularized_descent_holds"),
    _t2("regularized_error_too_low", "η‖M‖‖e‖ → 0.95η‖M‖‖e‖", descent, "regularized_descent_bound",
        bound_times(0.95, "error"), "regularized_descent_holds"),
    _t3("drift_halved", "b_k → b_k/2", momentum_error, "drift", times(0.5), "drift_bound_is_attained"),
    _t3("drift_nearly_lost", "b_k → b_k/20", momentum_error, "drift", times(0.05),
        "momentum_error_is_drift_plus_noise"),
    _t3("drift_of_the_wrong_step", "Lη_{k-1} → Lη_k", momentum_error, "drift", _own_step,
        "drift_bound_is_attained"),
    _t3("theta_of_the_average_off", "θ → 0.99θ in M_k", momentum, "exponential_average",
        at_arguments(lambda average, gradient, theta: (average, gradient, 0.99 * theta)),
        "momentum_error_is_drift_plus_noise"),
    _t3("noise_weight_off", "A_k → 0.99A_k", momentum_error, "noise_weights", times(0.99),
        "noise_weights_are_norms_of_averaging_weights"),
    _t3("noise_weight_too_small", "A_k → 0.8A_k", momentum_error, "noise_weights", times(0.8),
        "averaged_noise_stays_below_its_moment_bound"),
    _t3("noise_weight_of_another_order", "β → 1.1β in A_k", momentum_error, "noise_weights", _other_order,
        "noise_weights_are_norms_of_averaging_weights"),
    _t3("bias_corrected_schedule_off", "θ_k → θ_k^{1.02}", momentum_error, "bias_corrected_thetas", power(1.02),
        "noise_weights_are_norms_of_averaging_weights"),
    _t3("condition_of_the_lemma_ignored", "1/θ_k - 1/θ_{k-1} ≤ 1 not asked for", momentum_error,
        "first_failure_of_the_lemma", _always_applies, "noise_weights_are_norms_of_averaging_weights"),
)  # fmt: skip
"""The mutants of T1, T2 and T3."""
