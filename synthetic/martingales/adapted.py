"""Martingales whose conditional covariance depends on the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from schattor_theory.checks import check_choice, check_in_interval, fail
from schattor_theory.errors import ParameterError, ShapeError

from .norms import mean_of_powers, power
from .record import Law, MartingaleFamily, MatrixMartingale, Weight, checked
from .signs import all_signs, on_diagonal

__all__ = ["FAMILY", "AdaptedJump", "AdaptedWalk"]


@dataclass(frozen=True, eq=False, kw_only=True)
class AdaptedJump(MatrixMartingale):
    """The counterexample of T4b to a random conditional covariance inside the norm; two steps.

    ``Z_1 = a e_1e_1ᵀ`` with probability π and ``-aπ/(1-π) e_1e_1ᵀ`` else; after the large value ``Z_2 = ±a e_2e_2ᵀ``
    with a fair sign, else 0.

    Attributes
    ----------
    scale : float
        a.
    probability : float
        π in (0, 1).
    """

    scale: float
    probability: float

    name = "adapted"
    summary = "a second step that follows the large value of the first only."
    why_not_exact = ""
    has_random_covariance = True

    def paths(self) -> Law:
        a, share = self.scale, self.probability
        values = np.zeros((3, 2, 2))
        values[:2, 0, 0] = a
        values[0, 1, 1], values[1, 1, 1] = a, -a
        values[2, 0, 0] = -a * share / (1 - share)
        return np.array([share / 2, share / 2, 1 - share]), on_diagonal(values, self.shape)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        probabilities, steps = self.paths()
        return steps[rng.choice(3, size=trials, p=probabilities)]


@dataclass(frozen=True, eq=False, kw_only=True)
class AdaptedWalk(MatrixMartingale):
    """``Z_i = scale · ε_i e_je_jᵀ`` where j moves on by one coordinate, modulo r, after every positive sign.

    Attributes
    ----------
    scale : float
        Size of every difference.
    """

    scale: float

    name = "adapted"
    summary = "signs on a coordinate that the past signs choose."
    why_not_exact = "E‖S‖_q^β is enumerated up to 12 steps."
    conditionally_symmetric = True
    has_random_covariance = True

    def _placed(self, signs: np.ndarray) -> np.ndarray:
        r = min(self.shape)
        moves = (signs > 0).cumsum(axis=1) - (signs > 0)
        return on_diagonal(self.scale * signs[..., None] * (moves[..., None] % r == np.arange(r)), self.shape)

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self._placed(1.0 - 2.0 * rng.integers(0, 2, size=(trials, self.n_steps)))

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        values, place = np.zeros((trials, min(self.shape))), np.zeros(trials, dtype=int)
        for _ in range(self.n_steps):
            up = rng.integers(0, 2, size=trials)
            values[np.arange(trials), place] += self.scale * (2.0 * up - 1.0)
            place = (place + up) % values.shape[1]
        return on_diagonal(values, self.shape)

    def paths(self) -> Law | None:
        if not self._can_list(2, self.n_steps):
            return None
        signs = all_signs(self.n_steps)
        return np.full(len(signs), 1 / len(signs)), self._placed(signs)

    def _occupation(self) -> np.ndarray:
        """Return the probability of each coordinate at each step, shape (n_steps, r)."""
        r = min(self.shape)
        shares = np.zeros((self.n_steps, r))
        for i in range(self.n_steps):
            np.add.at(shares[i], np.arange(i + 1) % r, stats.binom.pmf(np.arange(i + 1), i, 0.5))
        return shares

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> Any:
        if weight is None:
            return power(self.scale, order)
        lengths = self.scale * np.linalg.norm(weight.inverse[:, : min(self.shape)], axis=0)
        return np.array([mean_of_powers(shares, lengths, order) for shares in self._occupation()])

    def _covariance(self, side: str) -> np.ndarray:
        size = self.shape[0] if side == "left" else self.shape[1]
        return on_diagonal(self.scale**2 * self._occupation().sum(axis=0), (size, size))

    def _ceiling(self, q: float) -> float:
        return self.scale * self.n_steps


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    dependence: str = "jump",
    probability: float | None = None,
) -> AdaptedJump | AdaptedWalk:
    """Return the T4b counterexample ("jump") or signs on a coordinate that the past chooses ("walk")."""
    call = "adapted"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    check_choice(call, "dependence", dependence, ("jump", "walk"))
    if dependence == "walk":
        if probability is not None:
            fail(ParameterError, call, "probability", 'be None with dependence="walk"', probability)
        return AdaptedWalk(shape=shape, n_steps=n_steps, scale=scale)
    if n_steps != 2:
        fail(ParameterError, call, "n_steps", "be 2", n_steps, 'Any number of steps: dependence="walk".')
    if min(shape) < 2:
        fail(ShapeError, call, "shape", "have at least 2 rows and columns", shape)
    share = 0.01 if probability is None else probability
    share = check_in_interval(call, "probability", share, 0, 1, include_low=False, include_high=False)
    return AdaptedJump(shape=shape, n_steps=n_steps, scale=scale, probability=share)


FAMILY = MartingaleFamily(
    "adapted",
    "the conditional covariance depends on the past",
    build,
    {
        "dependence": "jump (the counterexample of T4b, two steps) or walk (any number of steps)",
        "probability": "probability of the large first value of the jump, 0.01 when left out",
    },
)
