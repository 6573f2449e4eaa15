"""The scalar martingale whose moment ratio approaches the best constant C_q."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.bounds import scalar_best_constant
from schattor_theory.checks import check_in_interval, check_positive, fail
from schattor_theory.errors import ParameterError

from .norms import mean_of_powers, power
from .record import MOST_ATOMS, Law, MartingaleFamily, MatrixMartingale, Weight, checked
from .signs import on_diagonal

__all__ = ["FAMILY", "SelfSimilar"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SelfSimilar(MatrixMartingale):
    """``S_1 = ±scale``; s grows to ``s(1+δ)``, or with probability ``δ/(1/x + δ)`` turns to ``-s(1-x)/x`` and stops.

    All of it times ``e_1e_1ᵀ``. As δ → 0 and then n → ∞, ``E|S|^q/Σ E|Z_i|^q`` tends to ``(1-x)^q - x^q + qx^{q-1}``,
    whose maximum over x is C_q (T4a).

    Attributes
    ----------
    scale : float
        Size of the first difference.
    growth : float
        δ > 0.
    place : float
        x in (0, 1).
    """

    scale: float
    growth: float
    place: float

    name = "self_similar"
    summary = "grows by a small factor or turns back and stops; approaches C_q."
    why_not_exact = ""
    has_random_covariance = True

    @property
    def stop_probability(self) -> float:
        """Return the probability of turning back in a step."""
        return self.growth / (1 / self.place + self.growth)

    def limit_ratio(self, q: float) -> float:
        """Return ``(1-x)^q - x^q + qx^{q-1}``, what ``E|S|^q/Σ E|Z_i|^q`` tends to as δ → 0, n → ∞."""
        x = self.place
        return (1 - x) ** q - x**q + q * x ** (q - 1)

    def _alive(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the probability of being alive, and |S|, after 1, …, n steps."""
        k = np.arange(self.n_steps)
        return (1 - self.stop_probability) ** k, self.scale * (1 + self.growth) ** k

    def paths(self) -> Law | None:
        n, (alive, size) = self.n_steps, self._alive()
        if not self._can_list(2 * n):
            return None
        # row k < n-1 turns back in step k+1, counted from 0; the last row never does
        going = np.tril(np.broadcast_to(np.diff(size, prepend=0.0), (n, n)))
        values = going + np.diag(-size[:-1] / self.place, 1)
        share = np.append(alive[:-1] * self.stop_probability, alive[-1])
        return np.concatenate([share, share]) / 2, on_diagonal(np.concatenate([values, -values])[..., None], self.shape)

    def _ends(self) -> Law:
        """Return the probabilities and the values of |S|: turned back after 1, …, n-1 steps, or never."""
        alive, size = self._alive()
        share = np.append(alive[:-1] * self.stop_probability, alive[-1])
        return share, np.append(size[:-1] * ((1 - self.place) / self.place), size[-1])

    def outcomes(self) -> Law | None:
        if 2 * self.n_steps > MOST_ATOMS:
            return None
        share, size = self._ends()
        signed = np.concatenate([size, -size])
        return np.concatenate([share, share]) / 2, on_diagonal(signed[:, None], self.shape)

    def _values(self, rng: np.random.Generator, trials: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the step in which each run turns back (0-based; n_steps or more: never), and its sign."""
        turns = rng.geometric(self.stop_probability, size=trials)
        return turns, 1.0 - 2.0 * rng.integers(0, 2, size=trials)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        turns, signs = self._values(rng, trials)
        _, size = self._alive()
        k = np.arange(self.n_steps)
        going = np.diff(size, prepend=0.0) * (k < turns[:, None])
        back = np.append(0.0, -size[:-1] / self.place) * (k == turns[:, None])
        return on_diagonal((signs[:, None] * (going + back))[..., None], self.shape)

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        turns, signs = self._values(rng, trials)
        _, size = self._alive()
        last = np.minimum(turns, self.n_steps) - 1
        end = np.where(turns < self.n_steps, -size[last] * ((1 - self.place) / self.place), size[last])
        return on_diagonal((signs * end)[:, None], self.shape)

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> np.ndarray:
        length = 1.0 if weight is None else float(np.linalg.norm(weight.inverse[:, 0]))
        alive, size = self._alive()
        share = self.stop_probability
        both = (1 - share) * power(self.growth, order) + share * power(1 / self.place, order)
        first = power(size[:1] * length, order)
        return np.append(first, alive[:-1] * power(size[:-1] * length, order) * both)

    def _covariance(self, side: str) -> np.ndarray:
        size = self.shape[0] if side == "left" else self.shape[1]
        return on_diagonal(np.array([math.fsum(self._step_moments(2, 2, None))]), (size, size))

    def _moment(self, q: float, order: float) -> float:
        return mean_of_powers(*self._ends(), order)

    def _ceiling(self, q: float) -> float:
        return float(self._ends()[1].max())


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    exponent: float = 1.5,
    growth: float = 0.05,
    place: float | None = None,
) -> SelfSimilar:
    """Return the martingale whose ratio approaches C_q at q = ``exponent``, or at the given place x."""
    call = "self_similar"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    growth = check_positive(call, "growth", growth)
    if n_steps * math.log1p(growth) > 600:
        way_out = "The martingale would leave the float range."
        fail(ParameterError, call, "growth", f"be below exp(600/{n_steps}) - 1", growth, way_out)
    if place is None:
        q = check_in_interval(call, "exponent", exponent, 1, 2, include_low=False, include_high=False)
        # C_q = (q-1)/x^{2-q} at the maximiser; where this is ill-conditioned (q → 2) so is every other way
        place = ((q - 1) / scalar_best_constant(q)) ** (1 / (2 - q))
    place = check_in_interval(call, "place", place, 0, 1, include_low=False, include_high=False)
    return SelfSimilar(shape=shape, n_steps=n_steps, scale=scale, growth=growth, place=place)


FAMILY = MartingaleFamily(
    "self_similar",
    "grows by a small factor or turns back and stops; approaches C_q",
    build,
    {
        "exponent": "the q in (1, 2) whose C_q it approaches",
        "growth": "δ > 0: the smaller, and the more steps, the nearer",
        "place": "x in (0, 1); the maximiser of C_q at the exponent when left out",
    },
)
