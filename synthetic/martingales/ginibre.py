"""Matrices of independent standard normals, real or complex."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice

from .coefficients import ComplexGaussian
from .gaussian_moments import gaussian_moment
from .norms import power
from .record import MartingaleFamily, MatrixMartingale, Weight, checked

__all__ = ["FAMILY", "Ginibre"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ginibre(MatrixMartingale):
    """``Z_i = scale · G_i`` with independent entries, standard normal or complex with ``E|g|² = 1``; ``S ~ √n Z_1``.

    Attributes
    ----------
    scale : float
        Multiplies every entry.
    field : {"real", "complex"}
        Field of the entries.
    """

    scale: float
    field: str

    name = "ginibre"
    summary = "independent matrices of independent standard normals."
    why_not_exact = "E‖G‖_q^β is known for rank at most 2, for q = 2, and for β = q or 2q up to rank 64."
    conditionally_symmetric = True

    @property
    def is_complex(self) -> bool:  # type: ignore[override]
        return self.field == "complex"

    def _draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return ComplexGaussian().draw(rng, size) if self.is_complex else rng.standard_normal(size)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self.scale * self._draw(rng, (trials, self.n_steps, *self.shape))

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self.scale * math.sqrt(self.n_steps) * self._draw(rng, (trials, *self.shape))

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float | None:
        if self.scale == 0:
            return 0.0
        return self._moment_times(self.scale, q, order, weight)

    def _moment(self, q: float, order: float) -> float | None:
        if self.scale == 0:
            return 0.0
        return self._moment_times(self.scale * math.sqrt(self.n_steps), q, order, None)

    def _moment_times(self, factor: float, q: float, order: float, weight: Weight | None) -> float | None:
        rows, columns = (np.ones(size) for size in self.shape)
        if weight is not None:
            rows, columns = (weight.levels, columns) if weight.side == "left" else (rows, weight.levels)
        found = gaussian_moment(rows, columns, q, order, self.field)
        return None if found is None else power(factor, order) * found

    def _ceiling(self, q: float) -> float:
        return math.inf if self.scale else 0.0

    def _covariance(self, side: str) -> np.ndarray:
        m, n = self.shape if side == "left" else self.shape[::-1]
        return self.n_steps * self.scale**2 * n * np.eye(m)


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    field: str = "real",
) -> Ginibre:
    """Return ``scale`` times matrices of independent standard normals."""
    call = "ginibre"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    check_choice(call, "field", field, ("real", "complex"))
    return Ginibre(shape=shape, n_steps=n_steps, scale=scale, field=field)


FAMILY = MartingaleFamily(
    "ginibre", "matrices of independent standard normals", build, {"field": "real or complex (E|g|² = 1)"}
)
