"""Mutants of D1 to D4: norms, duality maps, updaters, momentum, blocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from schattor_theory.geometry import product, schatten, spectral
from schattor_theory.optimizer import momentum, schattor

from .mutant import Mutant, of
from .ways import times

__all__ = ["MUTANTS"]

Blocks = dict[str, np.ndarray]
StepOfBlocks = Callable[[Any, Any, Blocks, Blocks, Any], Blocks]


def _another_power(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda s, q, cut: right(s, q + 0.05, cut)


def _cut_too_high(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda s, q, cut: right(s, q, 1e-2 if q == 1 else cut)


def _one_of_the_ties(right: Callable[..., Any]) -> Callable[..., Any]:
    def weights(s: Any, q: float, cut: float) -> Any:
        if not math.isinf(q):
            return right(s, q, cut)
        return np.where(np.arange(s.shape[-1]) == np.argmax(s, axis=-1)[..., None], np.sign(s), 0.0)

    return weights


def _first_row_shrunk(right: Callable[..., Any]) -> Callable[..., Any]:
    def function(m: Any, p: Any, *a: Any, **k: Any) -> Any:
        d = right(m, p, *a, **k).copy()
        d[..., 0, :] *= 0.999
        return d

    return function


def _transpose_lost(right: Callable[..., Any]) -> Callable[..., Any]:
    def function(m: Any) -> Any:
        u, s, vh = right(m)
        # V is square for a tall matrix, so that V in place of Vᵀ goes unnoticed by every shape
        return (u, s, vh.swapaxes(-1, -2)) if m.shape[-2] > m.shape[-1] > 1 else (u, s, vh)

    return function


def _uphill(right: StepOfBlocks) -> StepOfBlocks:
    def moved(self: Any, xp: Any, x: Blocks, average: Blocks, eta: Any) -> Blocks:
        return {b: 2 * x[b] - y for b, y in right(self, xp, x, average, eta).items()}

    return moved


def _too_short(right: StepOfBlocks) -> StepOfBlocks:
    def moved(self: Any, xp: Any, x: Blocks, average: Blocks, eta: Any) -> Blocks:
        return {b: x[b] + 0.9 * (y - x[b]) for b, y in right(self, xp, x, average, eta).items()}

    return moved


def _ball_in_place_of_regularized(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *a: right(replace(self, oracle="ball"), *a)


def _one_step_late(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda mu, k: (1 - mu) / (1 - mu ** (k + 2)) * (1 + mu * (k == 0))


def _heavy_ball(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda average, gradient, theta: (1 - theta) * average + gradient


def _late_start(right: Callable[..., Any]) -> Callable[..., Any]:
    # the average starts from 0: its first step is like every other
    return lambda self, xp, k, dtype: right(self, xp, xp.maximum(k, 1), dtype)


def _equal_weights(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda weighted, outer: right(weighted, 1.0)


_d1, _d2, _d3, _d4 = (partial(of, statement) for statement in ("D1", "D2", "D3", "D4"))

MUTANTS: tuple[Mutant, ...] = (
    _d1("norm_off_in_the_ninth_digit", "‖X‖_p → (1 + 1e-9)‖X‖_p", schatten, "_norm", times(1 + 1e-9),
        "norms_are_power_sums_of_singular_values"),
    _d1("duality_map_of_another_power", "s^{q-1} → s^{q-0.95}", schatten, "_direction_weights", _another_power,
        "duality_map_attains_the_dual_norm", "dual_map_inverts_the_duality_map"),
    _d1("duality_map_with_a_special_row", "first row of D_p(M) 0.1 % too small", schatten, "duality_map",
        _first_row_shrunk, "duality_map_is_equivariant"),
    _d1("transpose_lost_for_tall_matrices", "U h(s) Vᵀ → U h(s) V for m > n", spectral, "thin_svd", _transpose_lost,
        "duality_map_attains_the_dual_norm", "duality_map_is_equivariant"),
    _d1("polar_factor_cut_too_high", "p = ∞: rank cut max(m, n) eps → 1e-2", schatten, "_direction_weights",
        _cut_too_high, "duality_map_attains_the_dual_norm"),
    _d1("ties_not_shared", "p = 1: U_1V_1ᵀ/k → one u_1v_1ᵀ", schatten, "_direction_weights", _one_of_the_ties,
        "duality_map_is_equivariant"),
    _d1("sign_lost_on_diagonals", "sign(d_i)h(|d_i|) → h(|d_i|)", schatten, "from_diagonal",
        lambda right: lambda d, shape: abs(right(d, shape)), "duality_map_attains_the_dual_norm"),
    _d2("ball_step_uphill", "X - ηD_p(M) → X + ηD_p(M)", schattor.Schattor, "_moved", _uphill,
        "ball_step_is_a_minimiser", "known_methods_are_special_cases"),
    _d2("regularized_step_too_short", "steps 10 % too short", schattor.Schattor, "_moved", _too_short,
        "regularized_step_is_a_minimiser", "known_methods_are_special_cases"),
    _d2("regularized_step_of_the_ball_oracle", "η‖M‖_q D_p(M) → ηD_p(M)", schattor.Schattor, "_moved",
        _ball_in_place_of_regularized, "regularized_step_is_a_minimiser", "known_methods_are_special_cases"),
    _d2("methods_of_another_power", "s^{q-1} → s^{q-0.95}", schatten, "_direction_weights", _another_power,
        "known_methods_are_special_cases"),
    _d3("average_replaced_by_heavy_ball", "(1-θ)M + θG → (1-θ)M + G", momentum, "exponential_average", _heavy_ball,
        "heavy_ball_is_bias_corrected_momentum", "weights_follow_from_the_recursion"),
    _d3("bias_correction_one_step_late", "1 - μ^{k+1} → 1 - μ^{k+2}", momentum, "bias_corrected_theta",
        _one_step_late, "heavy_ball_is_bias_corrected_momentum", "weights_follow_from_the_recursion"),
    _d3("first_gradient_like_the_others", "M_0 = G_0 → M_0 = θG_0", schattor.Schattor, "_theta", _late_start,
        "weights_follow_from_the_recursion"),
    _d4("balance_ignored", "w_b of t → w_b of t = ∞", product, "_balance_weights", _equal_weights,
        "product_map_attains_the_product_dual_norm", "search_finds_the_product_dual_norm"),
    _d4("radius_counted_twice", "ρ_b‖M_b‖ → ρ_b²‖M_b‖ in the dual norm", product.ProductGeometry, "dual_norm",
        lambda right: lambda self, g, **k: right(self, {b: self.radii[b] * x for b, x in g.items()}, **k),
        "product_map_attains_the_product_dual_norm", "search_finds_the_product_dual_norm"),
    _d4("product_dual_norm_too_low", "|||G|||_* → (1 - 1e-6)|||G|||_*", product.ProductGeometry, "dual_norm",
        times(1 - 1e-6), "product_map_attains_the_product_dual_norm", "search_finds_the_product_dual_norm"),
    _d4("product_dual_norm_too_high", "|||G|||_* → (1 + 1e-6)|||G|||_*", product.ProductGeometry, "dual_norm",
        times(1 + 1e-6), "product_map_attains_the_product_dual_norm", "search_finds_the_product_dual_norm"),
)  # fmt: skip
"""The mutants of definitions D1 to D4."""
