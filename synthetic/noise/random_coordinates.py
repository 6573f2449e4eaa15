"""Signs on uniformly random diagonal coordinates, fresh each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace

from ..devices import as_like
from ..family import Family, matrix_shape
from ..problems.record import on_diagonal, scattered
from ..spectra import lp_norm
from .controlled import ControlledNoise, law_options, levels_and_tail
from .per_block import per_block
from .record import Demand, Draws

__all__ = ["FAMILY", "RandomCoordinates"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RandomCoordinates(ControlledNoise):
    """Controlled noise whose i-th singular value sits at diagonal position π(i), π a fresh uniform permutation.

    ``E ZZᵀ`` and ``E ZᵀZ`` are multiples of the projection on the r = min(m, n) diagonal coordinates, so the least N2
    constant on either side is ``σ(E τ²)^{1/2} r^{1/q-1/2} ‖w‖_2``, and N3(α, α, W) has ``σ r^{1/q-1/α} ‖w‖_α``.

    Source
    ------
    Section C in docs/theory/synthetic.md.
    """

    name: ClassVar[str] = "random_coordinates"
    runs_on_devices: ClassVar[bool] = True

    @property
    def basis_demands(self) -> tuple[Demand, ...]:
        size = 1 if len(self._used) == 1 else len(self.levels)
        return (Demand("basis", "basis", "uniform", size),)

    @cached_property
    def _used(self) -> np.ndarray:
        """Return the indices of the levels that are not zero; one of them where all are."""
        used = np.flatnonzero(self.levels)
        return used if used.size else np.zeros(1, dtype=np.int64)

    def place(self, values: Array, draws: Draws) -> Array:
        return on_diagonal(self.diagonals(values, draws), self.shape)

    def diagonals(self, values: Array, draws: Draws) -> Array:
        """Return the diagonals of Z, shape (..., r), for values (..., r)."""
        used, uniform, r = self._used, draws["basis"], len(self.levels)
        xp = array_namespace(uniform)
        if len(used) == 1:
            # numerics: floor(u r) is uniform up to r 2^-53
            positions = xp.clip(xp.astype(uniform * r, xp.int64), max=r - 1)
        else:
            order = np.argsort(uniform, axis=-1) if isinstance(uniform, np.ndarray) else xp.argsort(uniform, axis=-1)
            positions = xp.take(order, as_like(used, order), axis=-1)
        chosen = xp.take(values, as_like(used, positions), axis=-1)
        return scattered(chosen, positions, r)

    def _covariance_level(self, q: float, side: str) -> float:
        return float(len(self.levels) ** (1 / q - 0.5) * lp_norm(self.levels, 2))

    def _weighted_level(self, q: float, order: float) -> float:
        return float(len(self.levels) ** (1 / q - 1 / order) * lp_norm(self.levels, order))


@per_block
def build(
    shape: Any,
    geometry: Any,
    *,
    sigma: float = 1.0,
    moment_order: float = 2.0,
    rng: np.random.Generator | None = None,
    weights: str | Sequence[float] = "one_hot",
    decay: float = 1.0,
    floor: float = 0.01,
    tail: str = "none",
    tail_index: float | None = None,
    tail_probability: float | None = None,
) -> RandomCoordinates:
    """Return signs on fresh random coordinates with ``E‖Z‖_q^α = σ^α`` in ``geometry``, α = moment_order."""
    call = "random_coordinates"
    fields = levels_and_tail(
        call, matrix_shape(call, shape), geometry, sigma=sigma, moment_order=moment_order, weights=weights,
        decay=decay, floor=floor, tail=tail, tail_index=tail_index, tail_probability=tail_probability,
    )  # fmt: skip
    return RandomCoordinates(**fields)


FAMILY = Family(
    "random_coordinates", "fair signs on uniformly random diagonal coordinates, fresh each step", build, law_options()
)
