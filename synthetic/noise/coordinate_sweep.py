"""Signs on diagonal coordinates that a deterministic sweep visits in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array

from ..family import Family, matrix_shape
from ..problems.record import on_diagonal, scattered
from ..spectra import lp_norm
from .controlled import ControlledNoise, law_options, levels_and_tail
from .per_block import per_block
from .record import Demand, Draws

__all__ = ["FAMILY", "CoordinateSweep"]


@dataclass(frozen=True, eq=False, kw_only=True)
class CoordinateSweep(ControlledNoise):
    """Controlled noise whose i-th singular value sits at diagonal position ``i + k mod r`` in step k.

    N2 asks for one Σ above the covariance of *every* step. With B = Σ⁻¹ it says ``B_jj <= 1/(σ max w)²`` for each j,
    and ``tr B^{-q/2} >= Σ_j B_jj^{-q/2}`` by convexity, so the least constant is ``σ(E τ²)^{1/2} r^{1/q} max w``: the
    price of T4f. N3 asks for a mean only, and ``W = r^{-1/s} I`` gives ``σ r^{1/q-1/α} ‖w‖_α`` as in a fresh basis.
    The constants are those of at least r steps.

    Source
    ------
    Section C in docs/theory/synthetic.md; T4f in docs/theory/martingale.md.
    """

    name: ClassVar[str] = "coordinate_sweep"

    @property
    def basis_demands(self) -> tuple[Demand, ...]:
        return (Demand("step", "", "step", 1),)

    def place(self, values: Array, draws: Draws) -> Array:
        used = np.flatnonzero(self.levels)
        positions = (draws["step"] + used) % len(self.levels)
        return on_diagonal(scattered(values[..., used], positions, len(self.levels)), self.shape)

    def _covariance_level(self, q: float, side: str) -> float:
        return float(len(self.levels) ** (1 / q) * lp_norm(self.levels, math.inf))

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
) -> CoordinateSweep:
    """Return signs on swept coordinates with ``E‖Z‖_q^α = σ^α`` in ``geometry``, α = moment_order."""
    call = "coordinate_sweep"
    fields = levels_and_tail(
        call, matrix_shape(call, shape), geometry, sigma=sigma, moment_order=moment_order, weights=weights,
        decay=decay, floor=floor, tail=tail, tail_index=tail_index, tail_probability=tail_probability,
    )  # fmt: skip
    return CoordinateSweep(**fields)


FAMILY = Family(
    "coordinate_sweep", "fair signs on diagonal coordinates visited in turn: no dimension-free N2", build, law_options()
)
