"""From gradients to the average that a step follows, as the recurrences that implementations run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = [
    "LOOKS_AHEAD",
    "Average",
    "Grows",
    "average",
    "bias_corrected",
    "ema",
    "first_gradient",
    "heavy_ball",
    "recursive",
    "scheduled",
    "without",
]

Average = Callable[[Any, np.ndarray, "np.ndarray | None", int], tuple[Any, np.ndarray]]
"""From memory (None at first), gradient, gradient at the parameters before, and k to the memory and the average."""

Grows = Callable[["np.ndarray", np.ndarray, "np.ndarray | None", int], np.ndarray]
"""From the buffer (zero at first), gradient, gradient before, and k to the buffer."""


def ema(mu: float) -> Grows:
    """``B <- μB + (1-μ)G``."""
    return lambda b, g, before, k: mu * b + (1 - mu) * g


def heavy_ball(mu: float) -> Grows:
    """``B <- μB + G``."""
    return lambda b, g, before, k: mu * b + g


def first_gradient(mu: float) -> Grows:
    """``B_0 = G_0``, then ``B <- μB + (1-μ)G``."""
    return lambda b, g, before, k: mu * b + (1 - mu) * g if k else g + 0


def scheduled(thetas: Sequence[float]) -> Grows:
    """``B_0 = G_0``, then ``B <- (1-θ_k)B + θ_kG`` with θ_1, θ_2, … and the last kept."""

    def grow(b: np.ndarray, g: np.ndarray, before: np.ndarray | None, k: int) -> np.ndarray:
        theta = thetas[min(k, len(thetas)) - 1] if k else 1.0
        return (1 - theta) * b + theta * g

    return grow


def recursive(mu: float) -> Grows:
    """``B_0 = G_0``, then ``B <- G + μ(B - G')``."""
    return lambda b, g, before, k: g + mu * (b - (g if before is None else before)) if k else g + 0


def _same(mu: float, b: np.ndarray, g: np.ndarray, k: int) -> np.ndarray:
    return b


LOOKS_AHEAD: dict[str, Callable[[float, np.ndarray, np.ndarray, int], np.ndarray]] = {
    "none": _same,
    "ema": lambda mu, b, g, k: mu * b + (1 - mu) * g,
    "heavy ball": lambda mu, b, g, k: mu * b + g,
    "next weight": lambda mu, b, g, k: mu * b + (1 - mu) * g,
    "bias corrected": lambda mu, b, g, k: mu * b / (1 - mu ** (k + 2)) + (1 - mu) * g / (1 - mu ** (k + 1)),
}
"""From μ, the buffer, the gradient and k to the average; a fixed one is "ema" with another number for μ."""


def average(grow: Grows, mu: float = 0.0, look_ahead: str = "none") -> Average:
    """Return a buffer that grows so, and what is read from it."""

    def step(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
        buffer = grow(np.zeros_like(g) if memory is None else memory, g, before, k)
        return buffer, LOOKS_AHEAD[look_ahead](mu, buffer, g, k)

    return step


def bias_corrected(mu: float, look_ahead: str = "none", tau: float = 0.0) -> Average:
    """Return the ema over ``1 - μ^{k+1}``, and what is read from it."""

    def step(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
        buffer = ema(mu)(np.zeros_like(g) if memory is None else memory, g, before, k)
        corrected = buffer / (1 - mu ** (k + 1))
        if look_ahead == "next weight":
            theta = (1 - mu) / (1 - mu ** (k + 2))
            return buffer, (1 - theta) * corrected + theta * g
        if look_ahead == "fixed":
            return buffer, (1 - tau) * corrected + tau * g
        return buffer, LOOKS_AHEAD[look_ahead](mu, corrected, g, k)

    return step


def without(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
    """Return the gradient itself as the average; nothing is remembered."""
    return None, g
