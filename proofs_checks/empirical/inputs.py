"""Inputs on which identities and inequalities are tried: matrices that have broken such code, and random ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from synthetic.haar import haar_orthogonal

from .check import Context
from .tally import rounding

__all__ = [
    "EXPONENTS",
    "P_FAMILY",
    "inner",
    "map_condition",
    "matrices",
    "p_label",
    "random_direction",
    "with_spectrum",
]

P_FAMILY = (2.0, 4.0, math.inf)
"""The exponents of the family that every statement is tried on: normalised SGD, between, Muon."""

EXPONENTS = (1.0, 4 / 3, 1.5, 2.0, 3.0, 4.0, 10.0, math.inf)
"""Exponents for the identities, which hold for every p in [1, inf]."""

_SHAPES = ((5, 3), (3, 6), (4, 4), (1, 5), (6, 1), (1, 1))
_HADAMARD = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


def with_spectrum(rng: np.random.Generator, shape: tuple[int, int], s: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return a matrix of ``shape`` with singular values ``s`` and Haar-distributed singular vectors."""
    u, v = haar_orthogonal(rng, 1, shape[0])[0], haar_orthogonal(rng, 1, shape[1])[0]
    return (u[:, : len(s)] * np.asarray(s, dtype=float)) @ v[:, : len(s)].T


def matrices(context: Context, *, well_conditioned: bool = False) -> Iterator[tuple[str, np.ndarray]]:
    """Yield named matrices: tall, wide, one row or column, and unless ``well_conditioned`` also ties and low rank.

    Well-conditioned means singular values in [1, 2], none of them close to another.
    """
    rng = context.rng(inputs="matrices")
    for trial in range(8 if context.is_full else 2):
        for shape in _SHAPES:
            r = min(shape)
            spread = np.linspace(2, 1, r) if r > 1 else np.array([1.5])
            yield f"{shape[0]}x{shape[1]}, trial {trial}", with_spectrum(rng, shape, spread)
    if well_conditioned:
        return
    yield "rank one", np.outer(rng.standard_normal(5), rng.standard_normal(3))
    yield "rank two of four", with_spectrum(rng, (4, 5), [1.0, 0.5])
    yield "all singular values tied", 3 * _HADAMARD
    yield "two of four tied", _HADAMARD @ np.diag([2.0, 2.0, 1.0, 0.5]) @ _HADAMARD
    yield "diagonal with a zero", np.diag([2.0, 0.0, -2.0])
    yield "one zero row", np.vstack([with_spectrum(rng, (3, 3), [2.0, 1.0, 0.5]), np.zeros((1, 3))])
    yield "spread over nine decades", with_spectrum(rng, (4, 4), [1.0, 1e-3, 1e-6, 1e-9])


def map_condition(s: np.ndarray, q: float) -> float:
    """Return how much ``D_p`` amplifies a small change of a matrix with these singular values, none of them tied.

    The Lipschitz constant of ``U h(s) Vᵀ``, ``h(s) = s^{q-1}/‖s‖_q^{q-1}``, in the Frobenius norm: the largest divided
    difference of h, and of its odd extension, plus what the normalisation adds.
    """
    s = np.sort(np.asarray(s, dtype=float))[::-1]
    if math.isinf(q):
        gap = s[0] - s[1] if len(s) > 1 else s[0]
        return 1.0 + 1.0 / gap
    total = float(np.sum(s**q) ** (1 / q))
    h = s ** (q - 1) / total ** (q - 1)
    slopes = [float(np.max((q - 1) * h / s))]
    for i in range(len(s)):
        slopes += [abs(h[i] - h[j]) / (s[j] - s[i]) for j in range(i) if s[j] > s[i]]
        slopes += [(h[i] + h[j]) / (s[i] + s[j]) for j in range(len(s))]
    return max(slopes) + (q - 1) * float(h @ h) / total


def map_slack(m: np.ndarray, q: float) -> float:
    """Return the error, in the Frobenius norm, that a backward stable ``D_p`` of a well-conditioned matrix may have."""
    s = np.linalg.svd(m, compute_uv=False)
    return rounding(*m.shape) * (map_condition(s, q) * float(np.linalg.norm(s)) + math.sqrt(len(s)))


def random_direction(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return a random matrix, of full rank, of rank one or sparse by chance: bounds may be tight only on some."""
    kind = rng.integers(3)
    if kind == 0:
        return rng.standard_normal(shape)
    if kind == 1:
        return np.outer(rng.standard_normal(shape[0]), rng.standard_normal(shape[1]))
    return rng.standard_normal(shape) * (rng.random(shape) < 0.3) + 1e-3 * rng.standard_normal(shape)


def inner(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``<a, b>`` of each matrix, shape (...)."""
    return (a * b).sum(axis=(-2, -1))


def p_label(p: float) -> str:
    """Return p as it is spelled in tables."""
    return "inf" if math.isinf(p) else f"{p:.4g}"
