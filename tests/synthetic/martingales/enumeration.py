"""What the list of all paths says about a martingale, computed from the paths alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

Law = tuple[np.ndarray, np.ndarray]


def moments(law: Law, q: float, order: float, apply: Callable[[np.ndarray], np.ndarray] = lambda z: z) -> float:
    """Return ``Σ_i E‖Z_i‖_q^β`` over the paths, from NumPy's singular values and vector norms alone."""
    probabilities, steps = law
    sizes = np.linalg.norm(np.linalg.svd(apply(steps), compute_uv=False), q, axis=-1)
    return float(probabilities @ (sizes**order).sum(axis=1))


def pasts(law: Law) -> Iterator[tuple[int, list[tuple[float, np.ndarray]]]]:
    """Yield, for every step and every past, the values of the next difference with their probabilities."""
    probabilities, steps = law
    for i in range(steps.shape[1]):
        groups: dict[bytes, list[tuple[float, np.ndarray]]] = defaultdict(list)
        for probability, path in zip(probabilities, steps, strict=True):
            groups[(np.round(path[:i], 9) + 0.0).tobytes()].append((float(probability), path[i]))
        for group in groups.values():
            yield i, group


def largest_drift(law: Law) -> float:
    """Return the largest entry of ``E_{i-1} Z_i`` times the probability of its past."""
    return max(float(np.abs(sum(p * z for p, z in group)).max()) for _, group in pasts(law))


def is_symmetric(law: Law) -> bool:
    """Return whether the law of every difference given the past is that of its negative."""
    for _, group in pasts(law):
        share: dict[bytes, float] = defaultdict(float)
        for p, z in group:
            share[(np.round(z, 9) + 0.0).tobytes()] += p
            share[(np.round(-z, 9) + 0.0).tobytes()] -= p
        if max(map(abs, share.values())) > 1e-12:
            return False
    return True


def covariance(law: Law, side: str) -> np.ndarray:
    """Return ``Σ E Z_iZ_i*`` or ``Σ E Z_i*Z_i`` over the paths."""
    letters = "kiab,kicb->ac" if side == "left" else "kiba,kibc->ac"
    first, second = (law[1], law[1].conj()) if side == "left" else (law[1].conj(), law[1])
    return np.einsum(letters, law[0][:, None, None, None] * first, second)


def conditional_covariance_mean_root(law: Law, q: float) -> float:
    """Return ``E ‖(Σ E_{i-1} Z_iZ_i*)^{1/2}‖_q²``, past by past."""
    probabilities, steps = law
    total = 0.0
    for probability, path in zip(probabilities, steps, strict=True):
        conditional = np.zeros((steps.shape[2],) * 2)
        for i in range(steps.shape[1]):
            same = (np.abs(steps[:, :i] - path[:i]) < 1e-12).all(axis=(1, 2, 3))
            weights = probabilities[same] / probabilities[same].sum()
            conditional += np.einsum("k,kab,kcb->ac", weights, steps[same, i], steps[same, i])
        values = np.clip(np.linalg.eigvalsh(conditional), 0, None)
        total += probability * float(np.sum(values ** (q / 2))) ** (2 / q)
    return total


def close(a: float, b: float, accuracy: float = 1e-11) -> bool:
    """Return whether two numbers agree to this relative accuracy."""
    return math.isclose(a, b, rel_tol=accuracy, abs_tol=1e-300)
