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


def telegraph_stationarity(theta: float, gap: float, lipschitz: float, eta: float, n_steps: int = 400) -> float:
    """Return the mean slope of the sign-momentum run under telegraph noise with σ = 1, started uniformly on a period.

    The noise average is a chain N_k = ±S, ``S = √(θ/(2-θ))``, flipped with odds θ/2; f has the trapezoid slope wave of
    height just below S, kinks of slope ±L and depth Δ. The method then only ever follows the sign of N_k, whatever f.
    """
    s, rng = np.sqrt(theta / (2 - theta)), np.random.default_rng(11)
    # Z_k given the past is a martingale difference of variance 1
    values, odds = np.array([s, -s * (2 - theta) / theta]), np.array([1 - theta / 2, theta / 2])
    assert abs(odds @ values) <= 1e-12
    assert abs(odds @ values**2 - 1) <= 1e-12
    half = gap / s + s / lipschitz

    def slope(x):
        inside = np.mod(x, half)
        height = np.minimum(s * (1 - 1e-9), lipschitz * np.minimum(inside, half - inside))
        return np.where(np.mod(x, 2 * half) < half, height, -height)

    x = 2 * half * (np.arange(4000) + 0.5) / 4000
    state, momentum, total = 1.0, 0.0, 0.0
    for k in range(n_steps):
        flip = k > 0 and rng.random() < theta / 2
        z = -state * s * (2 - theta) / theta if flip else state * s
        state = -state if flip else state
        gradient = slope(x)
        total += np.abs(gradient).mean()
        momentum = gradient + z if k == 0 else (1 - theta) * momentum + theta * (gradient + z)
        assert np.all(np.sign(momentum) == state)
        x = x - eta * np.sign(momentum)
    return total / n_steps


@pytest.fixture
def telegraph():
    return telegraph_stationarity


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
