"""Given singular values in a fresh Haar-distributed basis in every step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..family import read_only
from ..haar import orthonormal_columns
from ..spectra import lp_norm, spectrum
from .closed_forms import sign_sum_law
from .fixed_signs import SPECTRUM_OPTIONS
from .norms import mean_of_powers, power
from .record import MartingaleFamily, MatrixMartingale, Weight, checked

__all__ = ["FAMILY", "Haar"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Haar(MatrixMartingale):
    """``Z_i = U_i diag(w) V_iᵀ`` with independent Haar-distributed U_i, V_i; flat w: Haar orthogonal matrices.

    Attributes
    ----------
    levels : array, shape (r,)
        w >= 0, r = min(m, n).
    """

    levels: np.ndarray

    name = "haar"
    summary = "given singular values in a fresh Haar-distributed basis in each step."
    why_not_exact = "E‖S‖_q^β of a sum of rotated matrices is known at q = β = 2, for one step and for 1×1 only."
    conditionally_symmetric = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", read_only(self.levels))

    @property
    def _is_flat(self) -> bool:
        return bool((self.levels == self.levels[0]).all())

    def _draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        m, n = self.shape
        tall = orthonormal_columns(rng.standard_normal((*size, max(m, n), min(m, n))))
        if self._is_flat:
            z = self.levels[0] * tall
        else:
            r = len(self.levels)
            square = orthonormal_columns(rng.standard_normal((*size, r, r)))
            z = (tall * self.levels) @ np.swapaxes(square, -1, -2)
        return z if m >= n else np.swapaxes(z, -1, -2)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self._draw(rng, (trials, self.n_steps))

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        total = self._draw(rng, (trials,))
        for _ in range(self.n_steps - 1):
            total += self._draw(rng, (trials,))
        return total

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float | None:
        if weight is None:
            return power(lp_norm(self.levels, q), order)
        own, other = self.shape if weight.side == "left" else self.shape[::-1]
        if len(weight.levels) == own and weight.is_projection_multiple:
            return power(weight.levels[0] * lp_norm(self.levels, q), order)
        if self._is_flat and own <= other:
            # Z has orthonormal rows (columns) up to the factor: W⁺ZZ*W⁺ is a multiple of W⁺W⁺
            return power(self.levels[0] * lp_norm(weight.levels, q), order)
        if q == order == 2:
            return math.fsum((lp_norm(self.levels, 2) * weight.levels) ** 2) / own
        return None

    def _covariance(self, side: str) -> np.ndarray:
        size = self.shape[0] if side == "left" else self.shape[1]
        return self.n_steps * math.fsum(self.levels**2) / size * np.eye(size)

    def _moment(self, q: float, order: float) -> float | None:
        if self.shape == (1, 1):
            return power(self.levels[0], order) * mean_of_powers(*sign_sum_law(self.n_steps), order)
        return None

    def _ceiling(self, q: float) -> float:
        return self.n_steps * lp_norm(self.levels, q)


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    weights: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
) -> Haar:
    """Return ``scale`` times these singular values in fresh Haar-distributed bases."""
    call = "haar"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    levels = scale * spectrum(call, "weights", weights, min(shape), decay=decay, floor=floor)
    return Haar(shape=shape, n_steps=n_steps, levels=levels)


FAMILY = MartingaleFamily(
    "haar", "given singular values in a fresh Haar-distributed basis in each step", build, SPECTRUM_OPTIONS
)
