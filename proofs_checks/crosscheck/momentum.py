"""Momentum as weights: every form averages the gradients linearly, ``D_k = Σ_j w_kj G_j``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from schattor_theory.checks import check_choice

__all__ = ["AVERAGES", "LOOK_AHEADS", "Momentum"]

AVERAGES = ("none", "ema", "heavy ball", "first gradient", "bias corrected", "schedule", "recursive")
"""How the buffer grows from zero. ema: ``B <- μB + (1-μ)G``; heavy ball: ``B <- μB + G``; first gradient: ema from
``B_0 = G_0`` on; bias corrected: ema over ``1 - μ^{k+1}``; schedule: first gradient with weights ``θ_k`` of its own;
recursive: ``B <- G + (1-θ)(B - G')`` with the gradient G' of the same sample at the parameters before."""

LOOK_AHEADS = ("none", "ema", "heavy ball", "next weight", "fixed", "bias corrected")
"""What the direction adds. ema: ``μB + (1-μ)G``; heavy ball: ``μB + G``; next weight: ``(1-θ_{k+1})M + θ_{k+1}G``;
fixed: ``(1-τ)M + τG``; bias corrected: ``μB/(1-μ^{k+2}) + (1-μ)G/(1-μ^{k+1})`` for the ema buffer B."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Momentum:
    """How gradients are averaged.

    Attributes
    ----------
    average : str
        One of ``AVERAGES``.
    beta : float
        μ in [0, 1); 1 - θ.
    look_ahead : str
        One of ``LOOK_AHEADS``.
    tau : float
        τ of the fixed look-ahead.
    thetas : tuple of float
        θ_1, θ_2, … of a schedule; the last is kept.
    taus : tuple of float
        τ_0, τ_1, … of a fixed look-ahead that changes from step to step; the last is kept. Empty: τ at every step.

    Examples
    --------
    >>> Momentum(average="ema", beta=0.5, look_ahead="ema").weights(1)
    array([0.125, 0.75 ])
    """

    average: str = "none"
    beta: float = 0.0
    look_ahead: str = "none"
    tau: float = 0.0
    thetas: tuple[float, ...] = ()
    taus: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_choice("Momentum", "average", self.average, AVERAGES)
        check_choice("Momentum", "look_ahead", self.look_ahead, LOOK_AHEADS)

    def theta(self, k: int) -> float:
        """Return θ_k of the forms that begin with the first gradient; θ_0 = 1."""
        if k == 0:
            return 1.0
        if self.average == "schedule":
            # a schedule of no θ's is that of a constant one
            return self.thetas[min(k, len(self.thetas)) - 1] if self.thetas else 1 - self.beta
        if self.average == "bias corrected":
            return (1 - self.beta) / (1 - self.beta ** (k + 1))
        return 1 - self.beta

    def tau_at(self, k: int) -> float:
        """Return τ_k of the fixed look-ahead."""
        return self.taus[min(k, len(self.taus) - 1)] if self.taus else self.tau

    def buffer_weights(self, k: int) -> np.ndarray:
        """Return the weights of ``G_0 … G_k`` in the average after step k, shape (k + 1,)."""
        age = k - np.arange(k + 1)
        powers = self.beta ** age.astype(float)
        if self.average == "none":
            return (age == 0).astype(float)
        if self.average == "heavy ball":
            return powers
        if self.average in ("ema", "bias corrected"):
            total = 1 - self.beta ** (k + 1) if self.average == "bias corrected" else 1.0
            return (1 - self.beta) * powers / total
        weights = np.zeros(k + 1)
        for j in range(k + 1):
            weights[: j + 1] *= 1 - self.theta(j)
            weights[j] += 1.0 if self.average == "recursive" else self.theta(j)
        return weights

    def previous_weights(self, k: int) -> np.ndarray:
        """Return the weights of the gradients at the parameters before, shape (k + 1,); zero unless recursive."""
        if self.average != "recursive":
            return np.zeros(k + 1)
        weights = np.zeros(k + 1)
        for j in range(1, k + 1):
            weights[: j + 1] *= 1 - self.theta(j)
            weights[j] -= 1 - self.theta(j)
        return weights

    def weights(self, k: int) -> np.ndarray:
        """Return the weights of ``G_0 … G_k`` in the direction of step k, shape (k + 1,)."""
        newest = np.zeros(k + 1)
        newest[-1] = 1.0
        of_buffer, of_gradient = self._look_ahead_weights(k)
        return of_buffer * self.buffer_weights(k) + of_gradient * newest

    def direction(self, gradients: list[np.ndarray], previous: list[np.ndarray] | None = None) -> np.ndarray:
        """Return ``D_k`` from ``G_0 … G_k``; without previous ones, G' is G: the gradients know no parameters."""
        k = len(gradients) - 1
        total = sum(w * g for w, g in zip(self.weights(k), gradients, strict=True))
        if self.average == "recursive":
            previous = gradients if previous is None else previous
            of_buffer, _ = self._look_ahead_weights(k)
            weights = of_buffer * self.previous_weights(k)
            total = total + sum(w * g for w, g in zip(weights[1:], previous[1:], strict=True))
        return total

    def buffer_share(self, k: int) -> float:
        """Return the factor of the buffer in the direction of step k."""
        return self._look_ahead_weights(k)[0]

    def _look_ahead_weights(self, k: int) -> tuple[float, float]:
        mu = self.beta
        forms: dict[str, Callable[[], tuple[float, float]]] = {
            "none": lambda: (1.0, 0.0),
            "ema": lambda: (mu, 1 - mu),
            "heavy ball": lambda: (mu, 1.0),
            "next weight": lambda: (1 - self.theta(k + 1), self.theta(k + 1)),
            "fixed": lambda: (1 - self.tau_at(k), self.tau_at(k)),
            "bias corrected": lambda: (mu / (1 - mu ** (k + 2)), (1 - mu) / (1 - mu ** (k + 1))),
        }
        return forms[self.look_ahead]()
