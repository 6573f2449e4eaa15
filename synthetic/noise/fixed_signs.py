"""Signs in a fixed basis: ``Z = σ τ U diag(ε_i w_i) Vᵀ`` with U, V the same in every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array

from ..devices import as_like
from ..family import Family, matrix_shape, read_only
from ..problems.record import on_diagonal, rotations
from ..spectra import lp_norm
from .controlled import ControlledNoise, law_options, levels_and_tail
from .per_block import per_block
from .record import Draws

__all__ = ["FAMILY", "FixedSigns"]


@dataclass(frozen=True, eq=False, kw_only=True)
class FixedSigns(ControlledNoise):
    """Controlled noise in a fixed basis: N2 with ``σ(E τ²)^{1/2}``, N3(α, α, W) with σ, both without a dimension.

    Attributes
    ----------
    left_basis, right_basis : array or None, shapes (m, r) and (n, r)
        Orthonormal columns; None is the identity's.

    Source
    ------
    Section C in docs/theory/synthetic.md: N3's W is ``U diag(w^{q/s}) Uᵀ``, for which ``‖W⁺Z‖_α = ‖Z‖_q``.
    """

    left_basis: np.ndarray | None = None
    right_basis: np.ndarray | None = None

    name: ClassVar[str] = "fixed_signs"
    runs_on_devices: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("left_basis", "right_basis"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, read_only(getattr(self, field)[:, : len(self.levels)]))

    def place(self, values: Array, draws: Draws) -> Array:
        if self.left_basis is None or self.right_basis is None:
            return on_diagonal(values, self.shape)
        left, right = (as_like(b, values) for b in (self.left_basis, self.right_basis))
        return (left * values[..., None, :]) @ right.T

    def _covariance_level(self, q: float, side: str) -> float:
        return lp_norm(self.levels, q)

    def _weighted_level(self, q: float, order: float) -> float:
        return lp_norm(self.levels, q)


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
    rotated: bool = False,
) -> FixedSigns:
    """Return signs in a fixed basis with ``E‖Z‖_q^α = σ^α`` in ``geometry``, α = moment_order."""
    call = "fixed_signs"
    size = matrix_shape(call, shape)
    fields = levels_and_tail(
        call, size, geometry, sigma=sigma, moment_order=moment_order, weights=weights, decay=decay, floor=floor,
        tail=tail, tail_index=tail_index, tail_probability=tail_probability,
    )  # fmt: skip
    left, right = rotations(call, size, rotated, rng)
    return FixedSigns(**fields, left_basis=left, right_basis=right)


FAMILY = Family(
    "fixed_signs",
    "fair signs in a fixed basis: N1, N2 and N3 with one sigma",
    build,
    law_options(rotated="whether the fixed basis is Haar-distributed instead of the identity"),
)
