"""Laws of the radius τ >= 0 of a controlled noise, normalised to ``E τ^α = 1``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace
from schattor_theory.checks import check_choice, check_in_interval, check_positive, fail
from schattor_theory.errors import ParameterError

from .record import Demand

__all__ = ["TAILS", "NoTail", "Pareto", "Tail", "TwoPoint", "tail_of"]

TAILS = ("none", "pareto", "two_point")


@dataclass(frozen=True, slots=True)
class NoTail:
    """τ = 1."""

    demands: ClassVar[tuple[Demand, ...]] = ()

    def moment(self, order: float) -> float:
        """Return ``E τ^order = 1``."""
        return 1.0

    def radius(self, uniform: Array | None) -> Array | float:
        """Return τ."""
        return 1.0


@dataclass(frozen=True, slots=True)
class Pareto:
    """``P(τ > x) = (c/x)^index`` for x >= c, with c such that ``E τ^normalised_order = 1``; index > that order."""

    index: float
    normalised_order: float

    demands: ClassVar[tuple[Demand, ...]] = (Demand("tail", "tail", "uniform", 1),)

    @property
    def least(self) -> float:
        """Return c, the least value of τ."""
        return float((1 - self.normalised_order / self.index) ** (1 / self.normalised_order))

    def moment(self, order: float) -> float:
        """Return ``E τ^order``, inf from the tail index on."""
        return math.inf if order >= self.index else float(self.least**order / (1 - order / self.index))

    def radius(self, uniform: Array) -> Array:
        """Return τ for uniforms in [0, 1)."""
        return self.least * (1 - uniform) ** (-1 / self.index)


@dataclass(frozen=True, slots=True)
class TwoPoint:
    """τ is ``probability^(-1/normalised_order)`` with that probability, and else 0."""

    probability: float
    normalised_order: float

    demands: ClassVar[tuple[Demand, ...]] = (Demand("tail", "tail", "uniform", 1),)

    def moment(self, order: float) -> float:
        """Return ``E τ^order``."""
        return float(self.probability ** (1 - order / self.normalised_order))

    def radius(self, uniform: Array) -> Array:
        """Return τ for uniforms in [0, 1)."""
        large = self.probability ** (-1 / self.normalised_order)
        if isinstance(uniform, np.ndarray | float | int):
            return np.where(uniform < self.probability, large, 0.0)
        xp = array_namespace(uniform)
        return xp.where(uniform < self.probability, xp.full_like(uniform, large), xp.zeros_like(uniform))


Tail = NoTail | Pareto | TwoPoint


def tail_of(
    call: str, tail: str, moment_order: float, *, tail_index: float | None = None, tail_probability: float | None = None
) -> Tail:
    """Return the law of τ with ``E τ^moment_order = 1``.

    Raises
    ------
    ParameterError
        For a Pareto index that is not above the moment order (the moment would be infinite), a probability outside
        (0, 1], or an option of another tail.
    """
    check_choice(call, "tail", tail, TAILS)
    if tail != "pareto" and tail_index is not None:
        fail(ParameterError, call, "tail_index", 'be None without tail="pareto"', tail_index)
    if tail != "two_point" and tail_probability is not None:
        fail(ParameterError, call, "tail_probability", 'be None without tail="two_point"', tail_probability)
    if tail == "none":
        return NoTail()
    if tail == "two_point":
        probability = 0.1 if tail_probability is None else tail_probability
        return TwoPoint(check_in_interval(call, "tail_probability", probability, 0, 1, include_low=False), moment_order)
    if tail_index is None:
        fail(ParameterError, call, "tail_index", 'be given with tail="pareto"', tail_index, "For example 1.8.")
    index = check_positive(call, "tail_index", tail_index)
    if not index > moment_order:
        way_out = "At or below it that moment of the noise is infinite: lower moment_order."
        fail(ParameterError, call, "tail_index", f"be greater than moment_order = {moment_order:g}", index, way_out)
    return Pareto(index, moment_order)
