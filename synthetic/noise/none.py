"""No noise: Z = 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import array_namespace
from schattor_theory.assumptions import CovarianceNoise, MomentNoise, MomentShape
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..blocks import map_blocks
from ..family import Family
from .record import Draws, Noise

__all__ = ["FAMILY", "NoNoise"]


@dataclass(frozen=True, eq=False, kw_only=True)
class NoNoise(Noise):
    """``Z = 0`` on one matrix or a dict of blocks; every assumption holds with sigma = 0."""

    name: ClassVar[str] = "none"
    runs_on_devices: ClassVar[bool] = True
    conditionally_symmetric: ClassVar[bool] = True
    constants: ClassVar[str] = "exact"

    def draw(self, streams: Any, n_steps: int) -> dict[str, np.ndarray]:
        return {"nothing": np.zeros((n_steps, 0))}

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Any:
        return map_blocks(lambda g: array_namespace(g).zeros_like(g), gradient)

    def moment_sigma(self, p: Any, moment_order: float = 2) -> float:
        return 0.0

    def covariance_sigma(self, p: Any, side: str = "left") -> float:
        return 0.0

    def assumptions(self, p: Any) -> tuple[Any, ...]:
        return (CovarianceNoise(sigma=0.0), MomentNoise(moment_order=2, sigma=0.0, conditionally_symmetric=True))

    def why_not(self, assumption: str, p: Any) -> str:
        return ""

    def moment_shape(self, p: Any) -> MomentShape:
        return MomentShape(constant=1.0, moment_order=2.0, sigma=0.0, source="no noise")


def build(
    shape: Any = None,
    geometry: Any = None,
    *,
    sigma: float = 0.0,
    moment_order: float = 2.0,
    rng: np.random.Generator | None = None,
) -> NoNoise:
    """Return the absence of noise; sigma has to be 0."""
    if sigma != 0:
        fail(ParameterError, "none", "sigma", "be 0", sigma, 'For signs in a fixed basis take "fixed_signs".')
    return NoNoise()


FAMILY = Family("none", "no noise", build)
