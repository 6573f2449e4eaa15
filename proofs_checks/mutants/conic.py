"""Mutants of the oracles and of the worst cases at p = 2: the product, and the programs themselves, made wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np

from schattor_theory.bounds import descent, stationarity
from schattor_theory.geometry import schatten
from schattor_theory.optimizer import schattor

from ..conic import cones, instances, steps
from ..conic.exact import Matrix
from ..conic.steps import Vector
from .mutant import Mutant, of
from .ways import bound_times, times

__all__ = ["MUTANTS"]

DualityMap = Callable[[np.ndarray, float], np.ndarray]
StepMethod = Callable[..., tuple[np.ndarray, object]]
Interpolation = Callable[[tuple[Vector, Vector], tuple[Vector, Vector]], Matrix]

_d1, _d2 = partial(of, "D1"), partial(of, "D2")
_t1, _t2, _t5, _t6 = (partial(of, f"T{n}") for n in (1, 2, 5, 6))


def _polar_factor_of_full_rank(right: DualityMap) -> DualityMap:
    """Complete D_inf on the null space: it still attains the dual norm, but it is not the smallest that does."""

    def function(m: np.ndarray, p: float) -> np.ndarray:
        if not math.isinf(p):
            return right(m, p)
        u, _, vh = np.linalg.svd(m, full_matrices=False)
        return u @ vh

    return function


def _short(right: StepMethod) -> StepMethod:
    def function(self: object, x: np.ndarray, *a: object) -> tuple[np.ndarray, object]:
        moved, state = right(self, x, *a)
        return x + 0.999 * (moved - x), state

    return function


def _without_gradients(right: Interpolation) -> Interpolation:
    def function(i: tuple[Vector, Vector], j: tuple[Vector, Vector]) -> Matrix:
        change = [a - b for a, b in zip(i[1], j[1], strict=True)]
        return [
            [x - a * b / 4 for x, b in zip(row, change, strict=True)]
            for row, a in zip(right(i, j), change, strict=True)
        ]

    return function


def _is_regularized(arguments: dict[str, object]) -> bool:
    return arguments.get("oracle") == "regularized"


def _is_ball(arguments: dict[str, object]) -> bool:
    return arguments.get("oracle") != "regularized"


MUTANTS: tuple[Mutant, ...] = (
    _d1("duality_map_one_per_mille_short", "D_p(M) → 0.999 D_p(M)", schatten, "duality_map", times(0.999),
        "duality_map_solves_its_cone_program"),
    _d1("polar_factor_completed_on_the_null_space", "p = ∞: U₊V₊ᵀ → UVᵀ", schatten, "duality_map",
        _polar_factor_of_full_rank, "duality_map_solves_its_cone_program"),
    _d1("norm_a_little_too_large", "‖M‖_q → 1.00001‖M‖_q", schatten, "schatten_norm", times(1.00001),
        "duality_map_solves_its_cone_program", "nuclear_and_spectral_norms_are_dual_programs"),
    _d1("weights_prove_too_small_a_norm", "√(‖W‖_a‖T‖_b) → 0.9999 of it", cones, "gauge", times(0.9999),
        "nuclear_and_spectral_norms_are_dual_programs"),
    _d2("step_one_per_mille_short", "X⁺ - X → 0.999(X⁺ - X)", schattor.Schattor, "step", _short,
        "steps_solve_their_cone_programs"),
    _t1("exact_factor_too_low", "(1-√(1-ρ²))/ρ → 0.95 of it", descent, "misalignment_factor", times(0.95),
        "one_step_has_its_exact_worst_case"),
    _t1("curvature_of_one_step_too_low", "Lη²/2 → 0.45Lη²", descent, "descent_bound", bound_times(0.9, "curvature"),
        "one_step_has_its_exact_worst_case"),
    _t1("error_of_one_step_too_low", "2η‖e‖ → 1.9η‖e‖", descent, "descent_bound", bound_times(0.95, "error"),
        "one_step_has_its_exact_worst_case"),
    _t2("curvature_of_a_plain_step_too_low", "Lη²‖M‖²/2 → 0.45Lη²‖M‖²", descent, "regularized_descent_bound",
        bound_times(0.9, "curvature"), "one_plain_step_has_its_exact_worst_case"),
    _t2("error_of_a_plain_step_too_low", "η‖M‖‖e‖ → 0.99η‖M‖‖e‖", descent, "regularized_descent_bound",
        bound_times(0.99, "error"), "one_plain_step_has_its_exact_worst_case"),
    _t6("gap_of_plain_steps_too_low", "Δ/(μηK) → 0.99Δ/(μηK)", stationarity, "stationarity_bound",
        bound_times(0.99, when=_is_regularized), "plain_steps_have_their_exact_worst_case"),
    _t6("interpolation_without_gradients", "¼‖g_i - g_j‖² → 0 in the interpolation conditions", steps, "interpolation",
        _without_gradients, "plain_steps_have_their_exact_worst_case"),
    _t5("bound_of_normalised_steps_too_low", "T5 → 0.99 of it", stationarity, "stationarity_bound",
        bound_times(0.99, when=_is_ball), "normalised_steps_have_their_exact_worst_case"),
    _t5("budget_of_equal_gradients_too_low", "N(t - ¼) + t²/2 → 0.99 of it", steps, "chain_budget", times(0.99),
        "normalised_steps_have_their_exact_worst_case"),
    _t5("drift_of_a_run_on_a_line_lost", "2Lη(1-θ)/θ → 0", stationarity, "stationarity_bound",
        bound_times(0.0, "drift"), "drift_of_the_momentum_is_needed"),
    _t5("budget_of_a_run_too_low", "f_0 - inf f → half of it", instances.Instance, "budget", times(Fraction(1, 2)),
        "normalised_steps_have_their_exact_worst_case"),
)  # fmt: skip
"""The mutants of the cone programs."""
