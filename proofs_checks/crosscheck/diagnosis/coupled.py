"""Decay in the gradient: the step is the map of ``G + λX``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..probe import ONE
from .losses import Loss, rounding_of, shortest
from .series import Basis, Forward

__all__ = ["Coupled", "coupled_rate"]


@dataclass(frozen=True, kw_only=True)
class Coupled:
    """Decay that goes through the map.

    Attributes
    ----------
    rate : float or None
        λ; None where no gradient shows it.
    evidence : str
        A sentence.
    """

    rate: float | None
    evidence: str


def coupled_rate(free: Sequence[Loss], pulled: Sequence[Loss], forward: Forward) -> Coupled | None:
    """Return decay through the gradient: the step is the map of ``G + λX``."""
    seen = [one for one in free if _is_map_of_weights(one, forward)]
    if free and not seen:
        return None
    rates = np.concatenate([[0.0], np.logspace(-5, 1, 121)])
    for one in sorted(pulled, key=lambda loss: loss.error):
        eta = one.run.probe.step_size if one.run.knows_step_size else 1.0
        total = (one.lost + one.step).ravel() / eta
        basis = {ONE: np.stack([one.run.probe.gradients[0][ONE], one.weights])}
        lefts = _lefts(forward, basis, total, rates)
        place = int(np.argmin(lefts))
        rate, left = _refined(forward, basis, total, rates[max(place - 1, 0)], rates[min(place + 1, len(rates) - 1)])
        share = math.sqrt(left / float(total @ total))
        if not rate > 0 or (not seen and (share > 0.03 or lefts[0] < 4 * left)):
            continue
        noise = max(math.sqrt(left / total.size), rounding_of(forward, one.run, one.step) / eta, one.error / eta)
        results = forward(basis, np.array([[1.0, rate], [1.0, 1.01 * rate]]))
        error = noise * 0.01 * rate / max(float(np.linalg.norm(results[1] - results[0])), 1e-300)
        rate = shortest(rate, 3 * error)
        evidence = (
            f"The step from these weights is the map of G + {rate:.4g} X within {share:.1e} "
            f"({one.run.probe.name})"
            + (f", and without a gradient the map of X ({seen[0].run.probe.name})." if seen else ".")
        )
        return Coupled(rate=rate, evidence=evidence)
    if not seen:
        return None
    return Coupled(rate=None, evidence=f"Without a gradient the step is the map of the weights "
                   f"({seen[0].run.probe.name}).")  # fmt: skip


def _is_map_of_weights(one: Loss, forward: Forward) -> bool:
    """Return whether a step without a gradient has the direction of the map of the weights."""
    step = one.lost.ravel()
    result = forward({ONE: one.weights[None]}, np.ones((1, 1)))[0]
    lengths = float(np.linalg.norm(step) * np.linalg.norm(result))
    return lengths > 0 and float(step @ result) > 0.98 * lengths


def _lefts(forward: Forward, basis: Basis, total: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return the squared distance of the map of ``G + λX`` from a step, for every λ."""
    return np.sum((forward(basis, np.stack([np.ones_like(rates), rates], axis=1)) - total) ** 2, axis=1)


def _refined(forward: Forward, basis: Basis, total: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the best λ between two, and its squared distance."""
    rate = left = math.inf
    for _ in range(10):
        trials = np.linspace(low, high, 21)
        lefts = _lefts(forward, basis, total, trials)
        place = int(np.argmin(lefts))
        rate, left = float(trials[place]), float(lefts[place])
        low, high = trials[max(place - 1, 0)], trials[min(place + 1, 20)]
    return rate, left
