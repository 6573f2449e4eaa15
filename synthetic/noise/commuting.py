"""Controlled noise on diagonal matrices that are stored as their diagonals (section R)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array

from ..family import Family, matrix_shape
from .controlled import ControlledNoise, law_options, levels_and_tail
from .fixed_signs import FixedSigns
from .random_coordinates import RandomCoordinates
from .record import Draws

__all__ = ["FAMILIES", "CommutingCoordinates", "CommutingSigns"]


@dataclass(frozen=True, eq=False, kw_only=True)
class CommutingSigns(FixedSigns):
    """``Z = σ τ diag(ε_i w_i)`` stored as its diagonal, a column: the law ``fixed_signs`` without a rotation.

    The same seed gives the same numbers as ``fixed_signs``. ``shape`` is that of the column, (r, 1).

    Source
    ------
    Sections C and R in docs/theory/synthetic.md.
    """

    name: ClassVar[str] = "commuting_signs"

    def place(self, values: Array, draws: Draws) -> Array:
        return values[..., None]


@dataclass(frozen=True, eq=False, kw_only=True)
class CommutingCoordinates(RandomCoordinates):
    """The law ``random_coordinates`` stored as its diagonal, a column.

    The same seed gives the same numbers as ``random_coordinates``. A one-hot law costs one position a step, any other
    a sort of r numbers. ``shape`` is that of the column, (r, 1).

    Source
    ------
    Sections C and R in docs/theory/synthetic.md.
    """

    name: ClassVar[str] = "commuting_coordinates"
    runs_on_devices: ClassVar[bool] = False

    def place(self, values: np.ndarray, draws: Draws) -> np.ndarray:
        r, used, uniform = len(self.levels), np.flatnonzero(self.levels), draws["basis"]
        z = np.zeros_like(values)
        if uniform.shape[-1] == r:
            np.put_along_axis(z, np.argsort(uniform, axis=-1), values, axis=-1)
        else:  # one level is not zero, or none
            used = used[:1] if len(used) else np.array([0])
            positions = np.minimum((uniform * r).astype(np.int64), r - 1)
            np.put_along_axis(z, positions, values[..., used], axis=-1)
        return z[..., None]


def _builder(law: type[ControlledNoise], usual: str) -> Callable[..., Any]:
    """Return the build function of a law whose usual weights are these."""

    def build(
        shape: Any,
        geometry: Any,
        *,
        sigma: float = 1.0,
        moment_order: float = 2.0,
        rng: np.random.Generator | None = None,
        weights: str | Sequence[float] = usual,
        decay: float = 1.0,
        floor: float = 0.01,
        tail: str = "none",
        tail_index: float | None = None,
        tail_probability: float | None = None,
    ) -> Any:
        """Return the law on the diagonals of m×n matrices with ``E‖Z‖_q^α = σ^α``, α = moment_order."""
        r = min(matrix_shape(law.name, shape))
        fields = levels_and_tail(
            law.name, (r, r), geometry, sigma=sigma, moment_order=moment_order, weights=weights, decay=decay,
            floor=floor, tail=tail, tail_index=tail_index, tail_probability=tail_probability,
        )  # fmt: skip
        return law(**fields | {"shape": (r, 1)})

    return build


FAMILIES = (
    Family(
        CommutingSigns.name,
        "fixed_signs on diagonal matrices stored as their diagonals, for the problem commuting",
        _builder(CommutingSigns, "flat"),
        law_options(),
    ),
    Family(
        CommutingCoordinates.name,
        "random_coordinates on diagonal matrices stored as their diagonals, for the problem commuting",
        _builder(CommutingCoordinates, "one_hot"),
        law_options(),
    ),
)
