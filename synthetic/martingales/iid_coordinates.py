"""A fair sign on a uniformly random diagonal coordinate in every step."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from .closed_forms import sign_sum_law
from .norms import mean_of_powers, power
from .record import Law, MartingaleFamily, MatrixMartingale, Weight, checked
from .signs import on_diagonal

__all__ = ["FAMILY", "IidCoordinates"]


@dataclass(frozen=True, eq=False, kw_only=True)
class IidCoordinates(MatrixMartingale):
    """``Z_i = scale · ε_i e_{J_i}e_{J_i}ᵀ`` with J_i uniform on the r = min(m, n) diagonal coordinates.

    S is diagonal with entries ``scale · R_{N_j}``: N the multinomial counts, R_k a sum of k fair signs.

    Attributes
    ----------
    scale : float
        Size of every difference.
    """

    scale: float

    name = "iid_coordinates"
    summary = "a fair sign on a uniformly random diagonal coordinate in each step."
    why_not_exact = "E‖S‖_q^β is a sum over all counts unless β = q or β = 2q, or the whole law is small."
    conditionally_symmetric = True

    @property
    def _rank(self) -> int:
        return min(self.shape)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        places = rng.integers(0, self._rank, size=(trials, self.n_steps, 1))
        signs = self.scale * (1.0 - 2.0 * rng.integers(0, 2, size=places.shape))
        return on_diagonal(signs * (places == np.arange(self._rank)), self.shape)

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        counts = rng.multinomial(self.n_steps, np.full(self._rank, 1 / self._rank), size=trials)
        return on_diagonal(self.scale * (2.0 * rng.binomial(counts, 0.5) - counts), self.shape)

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float:
        if weight is None:
            return power(self.scale, order)
        # one row or one column: every Schatten norm is the Euclidean length of a column (row) of W⁺
        lengths = np.linalg.norm(weight.inverse[:, : self._rank], axis=0)
        return mean_of_powers(np.full(self._rank, 1 / self._rank), self.scale * lengths, order)

    def _covariance(self, side: str) -> np.ndarray:
        size = self.shape[0] if side == "left" else self.shape[1]
        return on_diagonal(np.full(self._rank, self.n_steps * self.scale**2 / self._rank), (size, size))

    def _moment(self, q: float, order: float) -> float | None:
        r = self._rank
        if not (r == 1 or order == q or (order == 2 * q and math.isfinite(q))):
            return None
        chance = self._chances(1 / r)
        found = r * math.fsum(chance * self._walk_moments(order, len(chance)))
        if r > 1 and order == 2 * q:
            found += r * (r - 1) * self._pair_moment(q)
        return power(self.scale, order) * found

    def _chances(self, share: float) -> np.ndarray:
        """Return the binomial law of a count; numerics: without its upper tail where that is below 1e-60."""
        chance = stats.binom.pmf(np.arange(self.n_steps + 1), self.n_steps, share)
        return chance[: np.flatnonzero(chance > 1e-60)[-1] + 1]

    def _walk_moments(self, order: float, size: int) -> np.ndarray:
        """Return ``E|R_k|^order`` for k < size."""
        return np.array([mean_of_powers(*sign_sum_law(k), order) for k in range(size)])

    def _pair_moment(self, q: float) -> float:
        """Return ``E|R_{N_1}|^q |R_{N_2}|^q``: the two counts share a binomial number of steps fairly."""
        both = self._chances(2 / self._rank)
        walk = self._walk_moments(q, len(both))
        logs = special.gammaln(np.arange(len(both)) + 1)
        shared = [
            math.fsum(np.exp(logs[k] - logs[: k + 1] - logs[k::-1] - k * math.log(2)) * walk[: k + 1] * walk[k::-1])
            for k in range(len(both))
        ]
        return math.fsum(both * shared)

    def paths(self) -> Law | None:
        if not self._can_list(2 * self._rank, self.n_steps):
            return None
        single = np.concatenate([np.eye(self._rank), -np.eye(self._rank)])
        index = np.array(list(itertools.product(range(2 * self._rank), repeat=self.n_steps)))
        return np.full(len(index), 1 / len(index)), on_diagonal(self.scale * single[index], self.shape)

    def _ceiling(self, q: float) -> float:
        return self.scale * self.n_steps


def build(shape: Any, n_steps: int, *, scale: float = 1.0, rng: np.random.Generator | None = None) -> IidCoordinates:
    """Return ``scale`` times signs on uniformly random coordinates."""
    shape, n_steps, scale = checked("iid_coordinates", shape, n_steps, scale)
    return IidCoordinates(shape=shape, n_steps=n_steps, scale=scale)


FAMILY = MartingaleFamily(
    "iid_coordinates", "a fair sign on a uniformly random diagonal coordinate in each step", build
)
