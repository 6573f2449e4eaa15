"""Signs in a fresh Haar-distributed basis each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..family import Family, matrix_shape
from ..haar import orthonormal_columns
from ..spectra import lp_norm
from .controlled import ControlledNoise, law_options, levels_and_tail
from .per_block import per_block
from .record import Demand, Draws

__all__ = ["FAMILY", "HaarSigns"]


@dataclass(frozen=True, eq=False, kw_only=True)
class HaarSigns(ControlledNoise):
    """Controlled noise with independent Haar-distributed U and V in each step.

    ``E ZZᵀ`` is a multiple of the identity, so the least left N2 constant is ``σ(E τ²)^{1/2} m^{1/q-1/2} ‖w‖_2``, and
    N3(α, α, W) holds for ``W = m^{-1/s} I`` with ``σ m^{1/q-1/α} ‖w‖_α``.

    Source
    ------
    Section C in docs/theory/synthetic.md.
    """

    name: ClassVar[str] = "haar_signs"

    @property
    def basis_demands(self) -> tuple[Demand, ...]:
        return (Demand("basis", "basis", "normal", sum(self.shape) * len(self.levels)),)

    def place(self, values: np.ndarray, draws: Draws) -> np.ndarray:
        (m, n), r = self.shape, len(self.levels)
        normals, lead = draws["basis"], values.shape[:-1]
        left = orthonormal_columns(normals[..., : m * r].reshape(*lead, m, r)).astype(values.dtype, copy=False)
        right = orthonormal_columns(normals[..., m * r :].reshape(*lead, n, r)).astype(values.dtype, copy=False)
        return (left * values[..., None, :]) @ right.swapaxes(-1, -2)

    def _covariance_level(self, q: float, side: str) -> float:
        d = self.shape[0] if side == "left" else self.shape[1]
        return d ** (1 / q - 0.5) * lp_norm(self.levels, 2)

    def _weighted_level(self, q: float, order: float) -> float:
        return self.shape[0] ** (1 / q - 1 / order) * lp_norm(self.levels, order)


@per_block
def build(
    shape: Any,
    geometry: Any,
    *,
    sigma: float = 1.0,
    moment_order: float = 2.0,
    rng: np.random.Generator | None = None,
    weights: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    tail: str = "none",
    tail_index: float | None = None,
    tail_probability: float | None = None,
) -> HaarSigns:
    """Return signs in fresh Haar bases with ``E‖Z‖_q^α = σ^α`` in ``geometry``, α = moment_order."""
    call = "haar_signs"
    fields = levels_and_tail(
        call, matrix_shape(call, shape), geometry, sigma=sigma, moment_order=moment_order, weights=weights,
        decay=decay, floor=floor, tail=tail, tail_index=tail_index, tail_probability=tail_probability,
    )  # fmt: skip
    return HaarSigns(**fields)


FAMILY = Family("haar_signs", "fair signs in a fresh Haar-distributed basis each step", build, law_options())
