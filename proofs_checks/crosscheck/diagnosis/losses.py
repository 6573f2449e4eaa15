"""Losses: what a first step takes from the weights, beyond the step that the same gradient makes from zero weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthetic.seeds import Streams

from ..probe import ONE, Run
from ..rounding import Rounding
from .series import Forward, finite_steps, stored_unit

__all__ = ["SURE", "Loss", "losses_of", "rounding_of", "shortest"]

SURE = 8.0
"""Standard errors that count as certain: errors of storage are not normal, but bounded."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one first step took from the weights: Δ = X_0 - X_1 without the step itself."""

    run: Run
    weights: np.ndarray
    lost: np.ndarray
    error: float
    step: np.ndarray  # ηU from zero weights; zero without a gradient

    @property
    def has_gradient(self) -> bool:
        return bool(np.any(self.run.probe.gradients[0][ONE]))

    @property
    def rate(self) -> float:
        """Return r of ``Δ = r X``."""
        return float(np.sum(self.lost * self.weights) / np.sum(self.weights**2))

    @property
    def rate_error(self) -> float:
        return self.error / float(np.linalg.norm(self.weights))

    @property
    def left(self) -> float:
        """Return the root mean square of ``Δ - r X`` in units of its error."""
        return float(np.sqrt(np.mean((self.lost - self.rate * self.weights) ** 2))) / self.error

    @property
    def is_seen(self) -> bool:
        is_large = float(np.sqrt(np.mean(self.lost**2))) > SURE * self.error
        return is_large or abs(self.rate) > SURE * self.rate_error


def losses_of(runs: Sequence[Run], forward: Forward | None) -> list[Loss]:
    """Return what first steps take from the weights; with a map, steps of one gradient may differ by its rounding."""
    usable = [run for run in runs if list(run.probe.start) == [ONE] and finite_steps(run) > 0]
    still = [run for run in usable if not np.any(run.probe.start[ONE])]
    found = []
    for run in usable:
        x = np.asarray(run.probe.start[ONE], dtype=float)
        if not np.any(x):
            continue
        g = run.probe.gradients[0][ONE]
        step = np.zeros_like(x)
        error = stored_unit(run) * float(np.sqrt(np.mean(run.parameters[0][ONE] ** 2))) * math.sqrt(2 / 3)
        if np.any(g):
            pair = next((one for one in still if one.dtype == run.dtype and one.probe.step_size == run.probe.step_size
                         and one.probe.start[ONE].shape == x.shape
                         and np.array_equal(one.probe.gradients[0][ONE], g)), None)  # fmt: skip
            if pair is None:
                continue
            step = -np.asarray(pair.parameters[0][ONE], dtype=float)
            error = math.hypot(error, stored_unit(run) * float(np.sqrt(np.mean(step**2))))
            if forward is not None:
                error = math.hypot(error, math.sqrt(2) * rounding_of(forward, run, step))
        lost = x - run.parameters[0][ONE] - step
        found.append(Loss(run=run, weights=x, lost=lost, error=max(error, 1e-300), step=step))
    return found


def rounding_of(forward: Forward, run: Run, step: np.ndarray) -> float:
    """Return the root mean square rounding error of an entry of a step by the map."""
    rng = Streams({"decay": run.probe.name}).generator("signs")
    basis, weights = {ONE: run.probe.gradients[0][ONE][None]}, np.ones((1, 1))
    exact = forward(basis, weights)
    drawn = [forward(basis, weights, Rounding(forward.unit(run.dtype), rng)) - exact for _ in range(6)]
    size = float(np.linalg.norm(exact))
    return float(np.sqrt(np.mean(np.square(drawn)))) * (float(np.linalg.norm(step)) / size if size > 0 else 0.0)


def shortest(value: float, error: float) -> float:
    """Return the number of fewest significant digits within the error."""
    for digits in range(1, 9):
        simple = float(f"{value:.{digits - 1}e}")
        if abs(simple - value) <= error:
            return simple
    return value
