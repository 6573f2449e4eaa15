"""First two moments of ``Σ_k s_k^q`` for the singular values of a real Gaussian matrix."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from scipy import special

__all__ = ["real_linear_moments"]

_NODES = 24


@functools.lru_cache(maxsize=256)
def real_linear_moments(r: int, extra: int, q: float) -> tuple[float, float]:
    """Return ``E Σ s_k^q`` and ``E (Σ s_k^q)²`` for an r×(r+extra) matrix of independent standard normals.

    The density of the singular values is ``∏ s_k^extra e^{-s_k²/2} ∏_{j<k} |s_j² - s_k²|``. By de Bruijn's formula
    ``E ∏(1 + t f(s_k))`` is a ratio of Pfaffians of antisymmetric matrices ``<ψ_j, ε ψ_k>``, bordered by ``∫ ψ_j`` for
    odd r, where ``εψ(s) = ∫ sgn(u-s) ψ(u) du`` and the ψ_j span the polynomials in s² times the weight. The ψ_j are
    orthonormal, so that the matrices are well conditioned; the integrals are by Gauss rules on panels graded to 0.

    Parameters
    ----------
    r, extra : int
        Shorter side, and by how much the other is longer.
    q : float
        Exponent, >= 1.

    Source
    ------
    de Bruijn, On some multiple integrals involving determinants (1955); Forrester, Log-Gases (2010), chapter 6.
    """
    nodes, weights, integrate = _panels(math.sqrt(r) + math.sqrt(r + extra) + 9.0)
    psi = _functions(r, extra, nodes)

    def pairing(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return ``<left_j, ε right_k>``."""
        return (left * weights) @ ((right @ weights)[:, None] - 2 * integrate(right)).T

    def matrix(inner: np.ndarray, edge: np.ndarray) -> np.ndarray:
        return _bordered(inner, edge @ weights) if r % 2 else inner

    def linear(values: np.ndarray) -> np.ndarray:
        """Return ``A^{-1}B``, B the part of the matrix for ``ψ (1 + t f)`` that is linear in t."""
        once = pairing(psi * values, psi)
        return np.linalg.solve(a, matrix(once - once.T, psi * values))

    f = nodes**q
    a = matrix(_antisymmetric(pairing(psi, psi)), psi)
    x = linear(f)
    y = np.linalg.solve(a, matrix(_antisymmetric(pairing(psi * f, psi * f)), np.zeros_like(psi)))
    # log Pf(A + tB + t²C) = log Pf A + t tr(X)/2 + t² (tr(Y)/2 - tr(X²)/4) + …, X = A^{-1}B, Y = A^{-1}C
    first = float(np.trace(x)) / 2
    pairs = float(np.trace(y)) / 2 - float(np.trace(x @ x)) / 4 + first**2 / 2
    return first, float(np.trace(linear(f * f))) / 2 + 2 * pairs


def _antisymmetric(x: np.ndarray) -> np.ndarray:
    """Return the antisymmetric part, for matrices antisymmetric up to rounding."""
    return (x - x.T) / 2


def _bordered(x: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Return the antisymmetric matrix with this last column."""
    return np.block([[x, edge[:, None]], [-edge[None, :], np.zeros((1, 1))]])


def _functions(r: int, extra: int, s: np.ndarray) -> np.ndarray:
    """Return ``c_j L_j^{(extra-1/2)}(s²) s^extra e^{-s²/2}``, orthonormal on (0, ∞), at the nodes, shape (r, nodes)."""
    alpha, x = extra - 0.5, s * s
    # numerics: the normalised three-term recurrence, started from the weight itself, neither over- nor underflows
    values = np.empty((r, len(s)))
    values[0] = np.exp(0.5 * math.log(2) - 0.5 * special.gammaln(alpha + 1) + extra * np.log(s) - x / 2)
    for j in range(r - 1):
        previous = values[j - 1] * math.sqrt(j * (j + alpha)) if j else 0.0
        values[j + 1] = ((2 * j + 1 + alpha - x) * values[j] - previous) / math.sqrt((j + 1) * (j + 1 + alpha))
    return values


def _panels(end: float) -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return nodes and weights on (0, end), and the map of values at the nodes to the integrals from 0 to the nodes."""
    edges = np.concatenate([[0.0], 0.5 ** np.arange(40, 0, -1), np.arange(1.0, math.ceil(end) + 0.5, 0.5)])
    x, w = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(edges) / 2
    nodes = (edges[:-1] + half)[:, None] + half[:, None] * x
    # integral of the interpolating polynomial from -1 to each node, by its Legendre series
    k = np.arange(_NODES)
    legendre = np.polynomial.legendre.legvander(x, _NODES)
    primitive = np.empty((_NODES, _NODES))
    primitive[:, 0] = x + 1
    primitive[:, 1:] = (legendre[:, 2:] - legendre[:, :-2])[:, : _NODES - 1] / (2 * k[1:] + 1)
    inner = primitive @ ((2 * k + 1)[:, None] / 2 * (legendre[:, :_NODES] * w[:, None]).T)

    def integrate(values: np.ndarray) -> np.ndarray:
        panels = values.reshape(*values.shape[:-1], -1, _NODES)
        sums = (panels * w).sum(axis=-1) * half
        before = np.cumsum(sums, axis=-1) - sums
        return (before[..., None] + (panels @ inner.T) * half[:, None]).reshape(values.shape)

    return nodes.ravel(), (half[:, None] * w).ravel(), integrate
