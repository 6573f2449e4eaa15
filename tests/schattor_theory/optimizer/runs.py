"""Short runs that the optimizer tests step through: random gradients, and the recurrences written out by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from schattor_theory import Schattor, SchattorState, duality_map
from tests.strategies import well_conditioned

__all__ = ["directions_from", "gradients", "run", "steps_of"]


def gradients(n_steps: int, shape: tuple[int, ...] = (3, 4), name: str = "run") -> list[np.ndarray]:
    """Return ``n_steps`` gradients (..., m, n), singular values in [1, 2]."""
    return list(well_conditioned(f"{name} {shape}", (n_steps, *shape)))


def steps_of(opt: Schattor, params: Any, seen: Iterable[Any], state: SchattorState | None = None) -> list[tuple]:
    """Return ``[(params, state), ...]`` after each gradient in ``seen``."""
    state = opt.init(params) if state is None else state
    path = []
    for gradient in seen:
        params, state = opt.step(params, gradient, state)
        path.append((params, state))
    return path


def run(opt: Schattor, params: Any, seen: Iterable[Any], state: SchattorState | None = None) -> tuple:
    """Return parameters and state after the last gradient."""
    return steps_of(opt, params, seen, state)[-1]


def directions_from(
    seen: list[np.ndarray], p: float, direction_of: Callable[[int, list[np.ndarray]], np.ndarray]
) -> list[np.ndarray]:
    """Return ``D_p`` of what ``direction_of`` makes of the gradients up to each step."""
    return [duality_map(direction_of(k, seen[: k + 1]), p) for k in range(len(seen))]
