"""An optimizer of plain NumPy put together from parts, each of which a deviation can replace by a wrong one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .averages import Average, without
from .matrices import Direction, per_slice

__all__ = ["DECAYS", "Blocks", "NumpyOptimizer", "Optimizer", "coupled", "each"]

Optimizer = Callable[..., tuple[Any, Any]]
"""From parameters, gradients and state (None at first) to parameters and state; keyword ``step_size``."""

Blocks = dict[str, np.ndarray]
Kept = Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]

DECAYS: dict[str, Kept] = {
    "none": lambda x, u, eta, rate: x - eta * u,
    "decoupled": lambda x, u, eta, rate: (1 - eta * rate) * x - eta * u,
    "independent": lambda x, u, eta, rate: x - rate * x - eta * u,
    "squared": lambda x, u, eta, rate: x - eta * (eta * rate) * x - eta * u,
    "after": lambda x, u, eta, rate: (1 - eta * rate) * (x - eta * u),
    "cautious": lambda x, u, eta, rate: x - eta * rate * np.where(x * u > 0, x, 0 * x) - eta * u,
}
"""From X, U, η and the rate to the parameters after the step."""


def each(direction: Direction) -> Callable[[Blocks], Blocks]:
    """Return the direction on every matrix of every block."""
    return lambda blocks: {name: per_slice(direction)(d) for name, d in blocks.items()}


def coupled(
    exponents: tuple[float, ...],
    radii: tuple[float, ...],
    balance: float,
    direction: Callable[[float], Direction],
    norm: Callable[[np.ndarray, float], float],
    *,
    regularized: bool = False,
) -> Callable[[Blocks], Blocks]:
    """Return the map of a product geometry: exponents and radii by position of the block, outer exponent ``balance``.

    With ``ν_b = ρ_b‖D_b‖_q``: block b is ``ρ_b (ν_b/‖ν‖_s)^{s-1}`` times its own map, 1/s + 1/balance = 1.
    """
    outer = 1.0 if math.isinf(balance) else math.inf if balance == 1 else balance / (balance - 1)

    def together(blocks: Blocks) -> Blocks:
        if any(d.ndim > 2 for d in blocks.values()):
            slices = [together(dict(zip(blocks, one, strict=True))) for one in zip(*blocks.values(), strict=True)]
            return {name: np.stack([one[name] for one in slices]) for name in blocks}
        names = list(blocks)
        p_of = {name: exponents[i % len(exponents)] for i, name in enumerate(names)}
        rho = {name: radii[i % len(radii)] for i, name in enumerate(names)}
        sizes = np.array([rho[name] * norm(blocks[name], p_of[name]) for name in names], dtype=np.float64)
        if not np.any(sizes):
            return {name: np.zeros_like(d) for name, d in blocks.items()}
        r = sizes / np.max(sizes)
        if math.isinf(outer):
            weights, total = (r == 1) / np.sum(r == 1), np.max(sizes)
        else:
            length = np.sum(r**outer) ** (1 / outer)
            weights, total = (r / length) ** (outer - 1), np.max(sizes) * length
        if regularized:
            weights = weights * total
        return {name: (float(w) * rho[name] * direction(p_of[name])(blocks[name])).astype(blocks[name].dtype)
                for name, w in zip(names, weights, strict=True)}  # fmt: skip

    return together


@dataclass(frozen=True, slots=True, kw_only=True)
class NumpyOptimizer:
    """An optimizer as a function of parameters, gradients and state that writes to none of them.

    Attributes
    ----------
    direction : callable
        From the averages of all blocks to their directions.
    average : callable
        One of :mod:`proofs_checks.crosscheck.deviations.averages`.
    scale : callable
        From rows and columns to a factor.
    decay : callable
        One of ``DECAYS``, or another.
    rate : float
        Of the decay.
    l2 : float
        Times the parameters, added to the gradient.
    step_factor : callable
        From k to ``η_k/η``.
    """

    direction: Callable[[Blocks], Blocks]
    average: Average = without
    scale: Callable[[int, int], float] = lambda rows, columns: 1.0
    decay: Kept = DECAYS["none"]
    rate: float = 0.0
    l2: float = 0.0
    step_factor: Callable[[int], float] = lambda k: 1.0

    def __call__(
        self, params: Any, grads: Any, state: Any, *, step_size: float = 1.0, previous_grads: Any = None
    ) -> tuple[Any, Any]:
        """Return parameters and state after one step."""
        if not isinstance(params, Mapping):
            past = None if previous_grads is None else {"": previous_grads}
            new, state = self({"": params}, {"": grads}, state, step_size=step_size, previous_grads=past)
            return new[""], state
        k, memories = (0, {}) if state is None else (state["k"], state["memory"])
        memory, averages = {}, {}
        for name, x in params.items():
            g = np.asarray(grads[name])
            g = g + self.l2 * x if self.l2 else g
            before = None if previous_grads is None else np.asarray(previous_grads[name])
            memory[name], averages[name] = self.average(memories.get(name), g, before, k)
        directions = self.direction(averages)
        eta = step_size * self.step_factor(k)
        new = {}
        for name, x in params.items():
            u = self.scale(*x.shape[-2:]) * directions[name]
            new[name] = np.asarray(self.decay(x, u, eta, self.rate), dtype=x.dtype)
        return new, {"k": k + 1, "memory": memory}
