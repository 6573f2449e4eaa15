"""Laws of a random coefficient ξ with ``E ξ = 0``, ``E|ξ|² = 1``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import stats

from schattor_theory.checks import check_choice

__all__ = ["COEFFICIENTS", "Coefficient", "ComplexGaussian", "Gaussian", "Rademacher", "TwoPoint", "coefficient_of"]


class Coefficient:
    """A law of ξ."""

    name: ClassVar[str]
    is_complex: ClassVar[bool] = False

    @property
    def is_symmetric(self) -> bool:
        """Return whether ξ and -ξ have one law."""
        return True

    @property
    def ceiling(self) -> float:
        """Return the largest ``|ξ|``; inf if unbounded."""
        return math.inf

    def moment(self, order: float) -> float:
        """Return ``E|ξ|^order``."""
        raise NotImplementedError

    def draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        """Return independent ξ of this shape."""
        raise NotImplementedError

    def atoms(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return probabilities and values; None for a law with a density."""
        return None

    def sum_law(self, n: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return probabilities and values of ``ξ_1 + … + ξ_n``; None for a law with a density."""
        return None


@dataclass(frozen=True, slots=True)
class TwoPoint(Coefficient):
    """ξ is ``sqrt((1-π)/π)`` with probability π and ``-sqrt(π/(1-π))`` else."""

    probability: float

    name: ClassVar[str] = "two_point"

    @property
    def is_symmetric(self) -> bool:
        return self.probability == 0.5

    @property
    def high(self) -> float:
        """Return the value of probability π."""
        return math.sqrt((1 - self.probability) / self.probability)

    @property
    def low(self) -> float:
        """Return the other value, negative."""
        return -math.sqrt(self.probability / (1 - self.probability))

    @property
    def ceiling(self) -> float:
        return max(self.high, -self.low)

    def moment(self, order: float) -> float:
        return self.probability * self.high**order + (1 - self.probability) * (-self.low) ** order

    def draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return np.where(rng.random(size) < self.probability, self.high, self.low)

    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array([self.probability, 1 - self.probability]), np.array([self.high, self.low])

    def sum_law(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        k = np.arange(n + 1)
        return stats.binom.pmf(k, n, self.probability), k * self.high + (n - k) * self.low


@dataclass(frozen=True, slots=True)
class Rademacher(TwoPoint):
    """ξ is a fair sign."""

    probability: float = 0.5

    name: ClassVar[str] = "rademacher"

    def draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return 1.0 - 2.0 * rng.integers(0, 2, size=size)


@dataclass(frozen=True, slots=True)
class Gaussian(Coefficient):
    """ξ is a real standard normal."""

    name: ClassVar[str] = "gaussian"

    def moment(self, order: float) -> float:
        return 2 ** (order / 2) * math.gamma((order + 1) / 2) / math.sqrt(math.pi)

    def draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return rng.standard_normal(size)


@dataclass(frozen=True, slots=True)
class ComplexGaussian(Coefficient):
    """ξ has independent normal real and imaginary parts of variance 1/2."""

    name: ClassVar[str] = "complex_gaussian"
    is_complex: ClassVar[bool] = True

    def moment(self, order: float) -> float:
        return math.gamma(1 + order / 2)

    def draw(self, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        parts = rng.standard_normal((*size, 2))
        return (parts[..., 0] + 1j * parts[..., 1]) * math.sqrt(0.5)


COEFFICIENTS: dict[str, Coefficient] = {law.name: law for law in (Rademacher(), Gaussian(), ComplexGaussian())}


def coefficient_of(call: str, name: str) -> Coefficient:
    """Return the law of this name."""
    return COEFFICIENTS[check_choice(call, "coefficients", name, COEFFICIENTS)]
