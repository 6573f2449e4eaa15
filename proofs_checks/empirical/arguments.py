"""The arguments that many bounds share, by the names the bounds have for them."""

from __future__ import annotations

from typing import TypedDict

from schattor_theory.assumptions import MomentShape

__all__ = ["Horizon", "Method", "MethodForSteps", "Objective", "ShapedObjective"]


class Objective(TypedDict):
    """Δ and L."""

    initial_gap: float
    smoothness: float


class Horizon(Objective):
    """Δ, L and K."""

    n_steps: int


class ShapedObjective(Objective):
    """Δ, L and the moment shape of the noise."""

    shape: MomentShape


class Method(TypedDict):
    """η and 1 - θ, both constant."""

    step_size: float
    momentum: float


class MethodForSteps(Method):
    """η, 1 - θ and K."""

    n_steps: int
