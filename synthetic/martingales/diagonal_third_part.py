"""One rare sign: why a diagonal third part of T4d needs q-th moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import check_in_interval

from .norms import power
from .record import Law, MartingaleFamily, MatrixMartingale, Weight, checked
from .signs import on_diagonal

__all__ = ["FAMILY", "DiagonalThirdPart"]


@dataclass(frozen=True, eq=False, kw_only=True)
class DiagonalThirdPart(MatrixMartingale):
    """``±scale · e_1e_1ᵀ`` in one random step with total probability π, else nothing: ``E‖S‖_q^β = π scale^β``.

    Every step has probability π/n; once the sign has come, no other does.

    Attributes
    ----------
    scale : float
        Size of the sign.
    probability : float
        π in (0, 1].
    """

    scale: float
    probability: float

    name = "diagonal_third_part"
    summary = "one rare sign on one entry, with total probability π."
    why_not_exact = ""
    conditionally_symmetric = True
    has_random_covariance = True

    def _values(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        signs = 1.0 - 2.0 * rng.integers(0, 2, size=trials)
        return self.scale * signs * (rng.random(trials) < self.probability)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        values = self._values(rng, trials)
        when = rng.integers(0, self.n_steps, size=(trials, 1)) == np.arange(self.n_steps)
        return on_diagonal((values[:, None] * when)[..., None], self.shape)

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return on_diagonal(self._values(rng, trials)[:, None], self.shape)

    def paths(self) -> Law | None:
        n = self.n_steps
        if not self._can_list(2 * n + 1):
            return None
        values = self.scale * np.concatenate([np.eye(n), -np.eye(n), np.zeros((1, n))])
        share = np.append(np.full(2 * n, self.probability / (2 * n)), 1 - self.probability)
        return share, on_diagonal(values[..., None], self.shape)

    def outcomes(self) -> Law:
        share = np.array([self.probability / 2, self.probability / 2, 1 - self.probability])
        return share, on_diagonal(self.scale * np.array([[1.0], [-1.0], [0.0]]), self.shape)

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float:
        length = 1.0 if weight is None else float(np.linalg.norm(weight.inverse[:, 0]))
        return self.probability / self.n_steps * power(self.scale * length, order)

    def _covariance(self, side: str) -> np.ndarray:
        size = self.shape[0] if side == "left" else self.shape[1]
        return on_diagonal(np.array([self.probability * self.scale**2]), (size, size))

    def _moment(self, q: float, order: float) -> float:
        return self.probability * power(self.scale, order)

    def _ceiling(self, q: float) -> float:
        return self.scale


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    probability: float = 0.1,
) -> DiagonalThirdPart:
    """Return ``±scale`` on the first entry with this total probability."""
    call = "diagonal_third_part"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    share = check_in_interval(call, "probability", probability, 0, 1, include_low=False)
    return DiagonalThirdPart(shape=shape, n_steps=n_steps, scale=scale, probability=share)


FAMILY = MartingaleFamily(
    "diagonal_third_part",
    "one rare sign on one entry",
    build,
    {"probability": "total probability of the sign, in (0, 1]"},
)
