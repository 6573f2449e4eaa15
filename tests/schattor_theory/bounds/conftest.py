"""Runs of the scalar method over *every* sign pattern of the noise: expectations without sampling error."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Washboard:
    """A scalar L-smooth function with many stationary points: ``φ'(x) = a sin(Lx/a)``, slope at most a."""

    smoothness: float = 1.0
    slope: float = 0.7

    def value(self, x):
        return self.slope**2 / self.smoothness * (1 - np.cos(self.smoothness * x / self.slope))

    def gradient(self, x):
        return self.slope * np.sin(self.smoothness * x / self.slope)


@dataclass(frozen=True)
class Bowl:
    """``Lx²/2``."""

    smoothness: float = 1.0

    def value(self, x):
        return self.smoothness * np.asarray(x) ** 2 / 2

    def gradient(self, x):
        return self.smoothness * x


def all_signs(n_steps: int) -> np.ndarray:
    """Return every sign pattern, shape (2**n_steps, n_steps)."""
    return np.array(list(itertools.product([-1.0, 1.0], repeat=n_steps)))


def run_every_sign_pattern(
    problem,
    *,
    start: float,
    sigma: float,
    step_sizes,
    thetas,
    taus=None,
    oracle: str = "ball",
    decay: float = 0.0,
    recursive_spread: float | None = None,
    noise: Callable | None = None,
):
    """Return (|∇f(X_k)|, X_k), each (patterns, K + 1), of the scalar method under all ± σ noise patterns."""
    n_steps = len(thetas)
    signs = all_signs(n_steps)
    x = np.full(len(signs), float(start))
    momentum = previous = None
    gradients, points = [], []
    for k in range(n_steps):
        slope = problem.gradient(x)
        z = sigma * signs[:, k] if noise is None else noise(k, slope, signs)
        if recursive_spread is not None:
            # G(x; ξ) = ∇f(x) + ξ(σ + ℓx): the noise of a difference is ℓ(x - y)ξ
            sample = slope + signs[:, k] * (sigma + recursive_spread * x)
            if momentum is not None:
                before = problem.gradient(previous) + signs[:, k] * (sigma + recursive_spread * previous)
                momentum = sample + (1 - thetas[k]) * (momentum - before)
            else:
                momentum = sample
            used = momentum
        else:
            sample = slope + z
            momentum = sample if momentum is None else (1 - thetas[k]) * momentum + thetas[k] * sample
            used = momentum if taus is None else (1 - taus[k]) * momentum + taus[k] * sample
        gradients.append(np.abs(slope))
        points.append(x)
        previous = x
        move = np.sign(used) if oracle == "ball" else used
        x = (1 - decay * step_sizes[k]) * x - step_sizes[k] * move
    points.append(x)
    gradients.append(np.abs(problem.gradient(x)))
    return np.array(gradients).T, np.array(points).T


@pytest.fixture
def washboard():
    return Washboard()


@pytest.fixture
def bowl():
    return Bowl()


@pytest.fixture
def run_signs():
    return run_every_sign_pattern


@pytest.fixture
def signs_of():
    return all_signs
