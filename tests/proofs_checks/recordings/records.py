"""Records of noise whose constants are known."""

from __future__ import annotations

import numpy as np

from synthetic.seeds import Streams

__all__ = ["gaussian", "generator", "one_hot", "pareto"]


def generator(label: str, seed: int = 0) -> np.random.Generator:
    return Streams({"record": label, "seed": seed}).generator("data")


def gaussian(k: int, m: int, n: int, seed: int = 0) -> np.ndarray:
    """Return standard Gaussian matrices: N2's left σ is ``√n m^{1/q}``."""
    return generator("gaussian", seed).standard_normal((k, m, n))


def one_hot(k: int, d: int, seed: int = 0) -> np.ndarray:
    """Return signs on uniformly random diagonal coordinates: σ is 1 for N1 and ``d^{1/q-1/2}`` for N2."""
    rng = generator("one hot", seed)
    noise = np.zeros((k, d, d))
    place = rng.integers(0, d, k)
    noise[np.arange(k), place, place] = 1.0 - 2.0 * rng.integers(0, 2, k)
    return noise


def pareto(k: int, m: int, n: int, index: float, seed: int = 0) -> np.ndarray:
    """Return matrices of Frobenius norm τ, ``P(τ > x) = x^{-index}`` for x >= 1."""
    rng = generator(f"pareto {index}", seed)
    noise = rng.standard_normal((k, m, n))
    radius = (1 - rng.random((k, 1, 1))) ** (-1 / index)
    return noise / np.linalg.norm(noise, axis=(1, 2), keepdims=True) * radius
