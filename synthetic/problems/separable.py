"""Separable: ``f((X_b)_b) = Σ_b f_b(X_b)``, with exact smoothness in a product geometry of any balance (T7)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.bounds.product import product_smoothness
from schattor_theory.checks import check_choice, check_positive

from ..family import Family, block_shapes, product_of
from . import quadratic, saturating
from .record import Problem, steepest_weights

__all__ = ["FAMILY", "Separable"]

_OBJECTIVES = {family.name: family for family in (quadratic.FAMILY, saturating.FAMILY)}


@dataclass(frozen=True, eq=False, kw_only=True)
class Separable(Problem):
    """``f = Σ_b f_b(X_b)`` on a dict of blocks.

    Attributes
    ----------
    blocks : mapping of str to Problem
        The objective of each block.

    Source
    ------
    T7 in docs/theory/extensions.md.
    """

    blocks: Mapping[str, quadratic.Quadratic | saturating.Saturating]

    name: ClassVar[str] = "separable"

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", dict(self.blocks))

    @property
    def constants(self) -> str:
        return "exact" if all(f.constants == "exact" for f in self.blocks.values()) else "upper"

    @property
    def runs_on_devices(self) -> bool:  # type: ignore[override]
        """Return whether every block's objective does."""
        return all(f.runs_on_devices for f in self.blocks.values())

    @property
    def start(self) -> dict[str, np.ndarray]:
        return {b: f.start for b, f in self.blocks.items()}

    @property
    def lower_bound(self) -> float:
        return math.fsum(f.lower_bound for f in self.blocks.values())

    def value(self, x: Mapping[str, np.ndarray]) -> Array:
        return sum(f.value(x[b]) for b, f in self.blocks.items())

    def gradient(self, x: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {b: f.gradient(x[b]) for b, f in self.blocks.items()}

    def smoothness(self, geometry: Any) -> float:
        """Return ``L = ‖(ρ_b² L_b)_b‖_{ℓ_v}``, v = t/(t-2) for t > 2, inf for t <= 2, exactly."""
        product = product_of("Separable.smoothness", geometry, self.blocks)
        constants = {b: f.smoothness(product.exponents[b]) for b, f in self.blocks.items()}
        return product_smoothness(constants, product.radii, product.balance)

    def _scaled_constants(self, product: Any) -> np.ndarray:
        return np.array([product.radii[b] ** 2 * f.smoothness(product.exponents[b]) for b, f in self.blocks.items()])

    def extremal_pair(self, geometry: Any) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return two points at which A2 is an equality, as far as it is one in each block."""
        product = product_of("Separable.extremal_pair", geometry, self.blocks)
        weights = steepest_weights(self._scaled_constants(product), product.balance)
        pairs = {b: f.extremal_pair(product.exponents[b]) for b, f in self.blocks.items()}
        x, y = {}, {}
        for weight, (b, (x_b, y_b)) in zip(weights, pairs.items(), strict=True):
            middle, half = (x_b + y_b) / 2, (y_b - x_b) / 2
            x[b], y[b] = middle - weight * product.radii[b] * half, middle + weight * product.radii[b] * half
        return x, y


def build(
    shape: Any,
    geometry: Any,
    *,
    smoothness: float | None = 1.0,
    initial_gap: float | None = 0.25,
    rng: np.random.Generator | None = None,
    objective: str = "quadratic",
    scale_spread: float = 1.0,
    **options: Any,
) -> Separable:
    """Return a sum over blocks with this smoothness and initial gap in a product geometry.

    The gap is shared equally. ``ρ_b² L_b`` is spread evenly on a logarithmic scale over a factor ``scale_spread``.
    """
    call = "separable"
    shapes = block_shapes(call, shape)
    product = product_of(call, geometry, shapes)
    family = _OBJECTIVES[check_choice(call, "objective", objective, _OBJECTIVES)]
    spread = np.geomspace(1.0, check_positive(call, "scale_spread", scale_spread), len(shapes))
    if len(shapes) == 1:
        spread = np.ones(1)
    shares = dict(zip(shapes, map(float, spread), strict=True))
    gap = None if initial_gap is None else check_positive(call, "initial_gap", initial_gap) / len(shapes)
    level = 1.0 if smoothness is None else check_positive(call, "smoothness", smoothness)
    level = level / (1.0 if smoothness is None else product_smoothness(shares, None, product.balance))
    blocks = {}
    for b, size in shapes.items():
        constant = level * shares[b] / product.radii[b] ** 2
        blocks[b] = family.build(
            size, product.exponents[b], smoothness=constant, initial_gap=gap, rng=rng, **options
        )
    return Separable(blocks=blocks)


FAMILY = Family(
    "separable",
    "a sum of one objective for each block, exact smoothness in a product geometry",
    build,
    {
        "objective": "objective of each block: quadratic, saturating",
        "scale_spread": "ratio of the last to the first ρ_b² L_b",
    }
    | {
        option: f"of {' and '.join(f.name for f in _OBJECTIVES.values() if option in f.options)}: {meaning}"
        for family in _OBJECTIVES.values()
        for option, meaning in family.options.items()
    },
)
