"""Controlled noise on diagonal matrices that are stored as their diagonals (section R)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace

from ..devices import as_like
from ..family import Family, matrix_shape
from .controlled import law_options, levels_and_tail
from .fixed_signs import FixedSigns
from .random_coordinates import RandomCoordinates
from .record import Draws, check_gradient, signs_of
from .tails import NoTail

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

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Array:
        gradient = check_gradient("CommutingSigns.realise", gradient, self.shape)
        values = signs_of(draws["signs"], len(self.levels))
        # numerics: in place, since a fresh array of this size costs more than the product
        values *= as_like(self.levels, values)
        if not isinstance(self.tail, NoTail):
            values *= self.tail.radius(draws["tail"])
        return array_namespace(values).astype(values, gradient.dtype, copy=False)[..., None]


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

    def place(self, values: Array, draws: Draws) -> Array:
        return self.diagonals(values, draws)[..., None]


def _builder(law: type[CommutingSigns | CommutingCoordinates], usual: str) -> Callable[..., Any]:
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
