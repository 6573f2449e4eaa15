"""Mutants of T9 and C: the constants of the synthetic problems and of the noise laws."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from synthetic.noise import (
    controlled,
    coordinate_sweep,
    gaussian,
    gradient_sign,
    haar_signs,
    random_coordinates,
    tails,
)
from synthetic.problems import huber, quadratic, record, saturating
from synthetic.spectra import lp_norm

from .mutant import Mutant, of
from .ways import times

__all__ = ["MUTANTS"]


def _of_the_dimension(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda curvatures, p: right(curvatures, p) * len(curvatures) ** 0.05


def _longer_side(right: Callable[..., Any]) -> Callable[..., Any]:
    """Pair the eigenvalues up to max(m, n), the shorter list continued by its least one."""

    def smoothness(self: Any, geometry: Any) -> float:
        left, columns = (np.sort(x)[::-1] for x in (self.left, self.right))
        r = max(len(left), len(columns))
        pairs = np.prod([np.pad(x, (0, r - len(x)), mode="edge") for x in (left, columns)], axis=0)
        return record.paired_smoothness(pairs, float(getattr(geometry, "p", geometry)))

    return smoothness


def _opposite_order(right: Any) -> property:
    """Pair the largest eigenvalue of one side with the least of the other."""

    def curvatures(self: Any) -> np.ndarray:
        r = min(len(self.left), len(self.right))
        return np.sort(self.left)[::-1][:r] * np.sort(self.right)[::-1][:r][::-1]

    return property(curvatures)


def _another_exponent(right: Callable[..., Any]) -> Callable[..., Any]:
    """Use p/(p-1) where p/(p-2) belongs."""
    return lambda curvatures, p: right(curvatures, p + 1) if 2 < p < np.inf else right(curvatures, p)


def _other_side(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, p, side="left": right(self, p, {"left": "right", "right": "left"}[side])


def _not_uniform(right: Callable[..., Any]) -> Callable[..., Any]:
    def place(self: Any, values: Any, draws: Any) -> Any:
        # the order of the uniforms places the values: the last coordinates get smaller ones
        uniform = draws["basis"]
        return right(self, values, {**draws, "basis": uniform * np.linspace(1.0, 0.6, uniform.shape[-1])})

    return place


_t9, _c = partial(of, "T9"), partial(of, "C")
_ATTAINED = "smoothness_is_attained_and_never_exceeded"
_NORMS = "norms_of_noise_are_exact"

MUTANTS: tuple[Mutant, ...] = (
    _t9("smoothness_grows_with_the_dimension", "L → Lr^{0.05}", record, "paired_smoothness", _of_the_dimension,
        _ATTAINED),
    _t9("smoothness_of_the_longer_side", "i ≤ min(m, n) → i ≤ max(m, n)", quadratic.Quadratic, "smoothness",
        _longer_side, _ATTAINED),
    _t9("eigenvalues_paired_in_opposite_order", "λ_i(P)λ_i(Q) → λ_i(P)λ_{r+1-i}(Q)", quadratic.Quadratic,
        "_curvatures", _opposite_order, _ATTAINED),
    _t9("smoothness_of_another_exponent", "p/(p-2) → (p+1)/(p-1)", record, "paired_smoothness", _another_exponent,
        _ATTAINED),
    _t9("smoothness_too_low", "L → 0.98L", quadratic.Quadratic, "smoothness", times(0.98), _ATTAINED),
    _t9("gradient_off", "∇f → 1.01∇f", quadratic.Quadratic, "gradient", times(1.01), "gradients_are_derivatives"),
    _t9("slope_of_saturation_off", "φ' → 1.01φ'", saturating, "saturation_slope", times(1.01),
        "gradients_are_derivatives"),
    _c("moment_of_the_noise_off", "σ → 1.05σ in N1", controlled.ControlledNoise, "moment_sigma", times(1.05), _NORMS),
    _c("covariance_of_the_other_side", "N2 on the left ↔ on the right", controlled.ControlledNoise,
       "covariance_sigma", _other_side, _NORMS),
    _c("sweep_taken_for_random_coordinates", "m^{1/q}σ → σm^{1/q-1/2}‖w‖_2", coordinate_sweep.CoordinateSweep,
       "_covariance_level", lambda right: random_coordinates.RandomCoordinates._covariance_level, _NORMS),
    _c("dimension_of_haar_noise_ignored", "σm^{1/q-1/2}‖w‖_2 → σ‖w‖_q", haar_signs.HaarSigns, "_covariance_level",
       lambda right: lambda self, q, side: lp_norm(self.levels, q), _NORMS),
    _c("weighted_level_too_low", "σ → 0.95σ in N3", controlled.ControlledNoise, "weighted_sigma", times(0.95), _NORMS),
    _c("gaussian_covariance_too_low", "N2 of the Gaussian noise → 0.95 of it", gaussian.GaussianNoise,
       "covariance_sigma", times(0.95), _NORMS),
    _c("gaussian_noise_too_large", "Z → 1.05Z", gaussian.GaussianNoise, "realise", times(1.05), _NORMS),
    _c("sign_of_the_gradient_too_low", "N1 of Z = ±2∇f → 0.95 of it", gradient_sign.GradientSign, "moment_sigma",
       times(0.95), _NORMS),
    _c("slope_of_huber_too_low", "sup ‖∇f‖_q → 0.95 of it", huber.Huber, "gradient_bound", times(0.95), _NORMS),
    _c("coordinates_not_uniform", "the last coordinates come less often", random_coordinates.RandomCoordinates,
       "place", _not_uniform, "sampled_moments_of_noise_agree"),
    _c("pareto_moment_off", "E τ^α → 1.01 of it", tails.Pareto, "moment", times(1.01), "tail_moments_are_exact"),
    _c("tail_not_normalised", "τ → 1.08τ", tails.TwoPoint, "radius", times(1.08), "tail_moments_are_exact",
       "sampled_moments_of_noise_agree"),
)  # fmt: skip
"""The mutants of T9 and of the noise laws."""
