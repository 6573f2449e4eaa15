"""Signs in a fresh Haar-distributed basis each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace

from ..devices import as_like
from ..family import Family, matrix_shape
from ..haar import orthonormal_columns
from ..spectra import lp_norm
from .controlled import ControlledNoise, law_options, levels_and_tail
from .per_block import per_block
from .record import Demand, Draws, check_gradient

__all__ = ["FAMILY", "HaarSigns"]


@dataclass(frozen=True, eq=False, kw_only=True)
class HaarSigns(ControlledNoise):
    """Controlled noise with independent Haar-distributed U and V in each step.

    ``E ZZᵀ`` is a multiple of the identity, so the least left N2 constant is ``σ(E τ²)^{1/2} m^{1/q-1/2} ‖w‖_2``, and
    N3(α, α, W) holds for ``W = m^{-1/s} I`` with ``σ m^{1/q-1/α} ‖w‖_α``.

    Only the columns of U and V whose level is not zero are drawn. With r = min(m, n) equal levels, ``U diag(ε) Vᵀ`` is
    itself Haar-distributed with orthonormal rows or columns: U is so given V and ε, and stays so when multiplied by the
    orthogonal ``diag(ε) Vᵀ`` (for m >= n; else transpose). Then this one matrix is drawn in place of three.

    Source
    ------
    Section C in docs/theory/synthetic.md.
    """

    name: ClassVar[str] = "haar_signs"
    runs_on_devices: ClassVar[bool] = True

    @cached_property
    def _is_flat(self) -> bool:
        return bool((self.levels == self.levels[0]).all())

    @cached_property
    def _used(self) -> np.ndarray:
        """Return the indices of the levels that are not zero; one of them where all are."""
        used = np.flatnonzero(self.levels)
        return used if used.size else np.zeros(1, dtype=np.int64)

    @property
    def demands(self) -> tuple[Demand, ...]:
        signs = () if self._is_flat else (self.sign_demand,)
        return (*signs, *self.basis_demands, *self.tail.demands)

    @property
    def basis_demands(self) -> tuple[Demand, ...]:
        m, n = self.shape
        size = m * n if self._is_flat else (m + n) * len(self._used)
        return (Demand("basis", "basis", "normal", size),)

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Array:
        if not self._is_flat:
            return super().realise(draws, problem, params, gradient)
        gradient = check_gradient("HaarSigns.realise", gradient, self.shape)
        normals, (m, n) = draws["basis"], self.shape
        xp = array_namespace(normals)
        tall = orthonormal_columns(xp.reshape(normals, (*normals.shape[:-1], max(m, n), min(m, n))))
        radius = float(self.levels[0]) * self.tail.radius(draws.get("tail"))
        z = (tall if m >= n else xp.linalg.matrix_transpose(tall)) * _per_matrix(radius)
        return xp.astype(z, gradient.dtype, copy=False)

    def place(self, values: Array, draws: Draws) -> Array:
        (m, n), r = self.shape, len(self._used)
        normals, lead = draws["basis"], values.shape[:-1]
        xp = array_namespace(normals)
        left = orthonormal_columns(xp.reshape(normals[..., : m * r], (*lead, m, r)))
        right = orthonormal_columns(xp.reshape(normals[..., m * r :], (*lead, n, r)))
        left, right = (xp.astype(x, values.dtype, copy=False) for x in (left, right))
        if r < len(self.levels):
            values = xp.take(values, as_like(self._used, draws["signs"]), axis=-1)
        return (left * values[..., None, :]) @ xp.linalg.matrix_transpose(right)

    def _covariance_level(self, q: float, side: str) -> float:
        d = self.shape[0] if side == "left" else self.shape[1]
        return float(d ** (1 / q - 0.5) * lp_norm(self.levels, 2))

    def _weighted_level(self, q: float, order: float) -> float:
        return float(self.shape[0] ** (1 / q - 1 / order) * lp_norm(self.levels, order))


def _per_matrix(radius: Any) -> Any:
    """Return τ of shape (..., 1) as (..., 1, 1); a number as it is."""
    return radius[..., None] if hasattr(radius, "shape") else radius


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
