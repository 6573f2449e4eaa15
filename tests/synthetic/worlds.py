"""Tiny problems and noises whose every number can be checked by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthetic.seeds import Streams

__all__ = ["Bowl", "NoNoise", "SignNoise", "Trouble"]


def _each(function: Any, *values: Any) -> Any:
    if isinstance(values[0], Mapping):
        return {b: function(*(v[b] for v in values)) for b in values[0]}
    return function(*values)


@dataclass(frozen=True)
class Bowl:
    """``f(X) = ½ ‖X‖_F²``, so that the gradient is X."""

    start: Any

    def value(self, x: Any) -> np.ndarray:
        leaves = x.values() if isinstance(x, Mapping) else [x]
        return sum(0.5 * np.sum(leaf**2, axis=(-2, -1)) for leaf in leaves)

    def gradient(self, x: Any) -> Any:
        return _each(np.array, x)


@dataclass(frozen=True)
class SignNoise:
    """One fair sign for each step and run, times a matrix of ones."""

    size: float = 0.1

    def draw(self, streams: Streams, n_steps: int) -> dict[str, np.ndarray]:
        return {"sign": np.sign(streams.generator("signs").random(n_steps) - 0.5)}

    def realise(self, draws: dict[str, np.ndarray], problem: Any, params: Any, gradient: Any) -> Any:
        return _each(lambda g: self.size * draws["sign"][:, None, None] * np.ones_like(g), gradient)


@dataclass(frozen=True)
class NoNoise(SignNoise):
    """No noise, and still a draw a step."""

    size: float = 0.0


@dataclass(frozen=True)
class Trouble(SignNoise):
    """A NaN in the gradient of the runs whose first draw is positive, from the step they reach ``at`` on."""

    at: int = 3

    def draw(self, streams: Streams, n_steps: int) -> dict[str, np.ndarray]:
        start = getattr(streams, "_steps_drawn", 0)
        streams._steps_drawn = start + n_steps  # type: ignore[attr-defined]
        return super().draw(streams, n_steps) | {
            "step": np.arange(start, start + n_steps),
            "repeat": np.full(n_steps, streams.repeat),
        }

    def realise(self, draws: dict[str, np.ndarray], problem: Any, params: Any, gradient: Any) -> Any:
        is_bad = (draws["repeat"] == 1) & (draws["step"] == self.at)
        z = super().realise(draws, problem, params, gradient)
        return _each(lambda x: np.where(is_bad[:, None, None], np.nan, x), z)
