"""Rank-one matrices of independent uniformly random directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .closed_forms import chi_moment, quadratic_form_moment, sign_sum_law
from .factored import Factored
from .norms import mean_of_powers, power
from .record import MartingaleFamily, MatrixMartingale, Weight, checked

__all__ = ["FAMILY", "RankOne"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RankOne(MatrixMartingale):
    """``Z_i = scale · u_iv_iᵀ``, independent u_i, v_i uniform on the unit spheres: every Schatten norm is ``scale``.

    Attributes
    ----------
    scale : float
        Norm of every difference.
    """

    scale: float

    name = "rank_one"
    summary = "rank-one matrices of uniformly random directions."
    why_not_exact = "E‖S‖_q^β is known at q = β = 2, for one step and for 1×1 only."
    conditionally_symmetric = True

    def _directions(self, rng: np.random.Generator, trials: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the u_i (trials, n_steps, m), times the scale, and the v_i (trials, n_steps, n)."""
        u, v = (rng.standard_normal((trials, self.n_steps, size)) for size in self.shape)
        u *= (self.scale / _lengths(u))[..., None]
        v /= _lengths(v)[..., None]
        return u, v

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        u, v = self._directions(rng, trials)
        return u[..., :, None] * v[..., None, :]

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        u, v = self._directions(rng, trials)
        return np.swapaxes(u, -1, -2) @ v

    def factored_sums(self, rng: np.random.Generator, trials: int) -> Factored:
        u, v = self._directions(rng, self._trials("factored_sums", trials))
        return Factored(np.swapaxes(u, -1, -2), v)

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float | None:
        if weight is None:
            return power(self.scale, order)
        # |W⁺u| and |g| are independent for u = g/|g|, g normal
        top = float(weight.levels[0])
        found = quadratic_form_moment((weight.levels / top) ** 2, 1, order)
        size = len(weight.inverse)
        return None if found is None else power(self.scale * top, order) * found / chi_moment(size, order)

    def _covariance(self, side: str) -> np.ndarray:
        size = self.shape[0] if side == "left" else self.shape[1]
        return self.n_steps * self.scale**2 / size * np.eye(size)

    def _moment(self, q: float, order: float) -> float | None:
        if self.shape == (1, 1):
            return power(self.scale, order) * mean_of_powers(*sign_sum_law(self.n_steps), order)
        return None

    def _ceiling(self, q: float) -> float:
        return self.scale * self.n_steps


def _lengths(x: np.ndarray) -> np.ndarray:
    """Return the Euclidean lengths of the vectors in the last axis, of normals, whose squares stay in the range."""
    return np.sqrt(np.einsum("...i,...i->...", x, x))


def build(shape: Any, n_steps: int, *, scale: float = 1.0, rng: np.random.Generator | None = None) -> RankOne:
    """Return ``scale`` times rank-one matrices of random directions."""
    shape, n_steps, scale = checked("rank_one", shape, n_steps, scale)
    return RankOne(shape=shape, n_steps=n_steps, scale=scale)


FAMILY = MartingaleFamily("rank_one", "rank-one matrices of uniformly random directions", build)
