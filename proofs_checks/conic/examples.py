"""Series whose moments and infimum are known in closed form."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import optimize

from .solved import norm

__all__ = [
    "complex_gaussian_pair_moment",
    "rademacher_moment",
    "rows_and_columns",
    "rows_and_columns_gaussian_moment",
    "rows_and_columns_infimum",
]


def rows_and_columns(n: int) -> np.ndarray:
    """Return the 2n unit matrices of a row of length n beside (block-diagonally) a column of length n."""
    series = np.zeros((2 * n, n + 1, n + 1))
    index = np.arange(n)
    series[index, 0, index] = 1
    series[n + index, 1 + index, n] = 1
    return series


def rows_and_columns_infimum(n: int, q: float) -> float:
    """Return the infimum over splittings of :func:`rows_and_columns`: ``2√n`` at q = 1, ``√(2n)`` at q = 2.

    By convexity and symmetry every matrix of the row gives the same share u to the row part, every matrix of the column
    the same share v, which leaves a convex function of two numbers:
    ``((u√n)^q + nv^q)^{1/q} + (n(1-u)^q + ((1-v)√n)^q)^{1/q}``.
    """
    if q == 1:
        return 2 * math.sqrt(n)

    def cost(shares: np.ndarray) -> float:
        u, v = shares
        rows = (u * math.sqrt(n)) ** q + n * v**q
        columns = n * (1 - u) ** q + ((1 - v) * math.sqrt(n)) ** q
        return float(rows ** (1 / q) + columns ** (1 / q))

    starts = [(0.5, 0.5), (0.9, 0.1)]
    found = [optimize.minimize(cost, s, bounds=[(0, 1)] * 2, tol=1e-15) for s in starts]
    return min(float(result.fun) for result in found)


def rows_and_columns_gaussian_moment(n: int) -> float:
    """Return ``E‖Σ g_iC_i‖_1 = 2Γ(n + ½)/Γ(n)`` of :func:`rows_and_columns` for standard complex Gaussian g_i."""
    return 2 * math.exp(math.lgamma(n + 0.5) - math.lgamma(n))


def rademacher_moment(series: np.ndarray, q: float, moment_order: float) -> float:
    """Return ``E‖Σ ε_iC_i‖_q^β`` for independent fair signs, by enumeration."""
    n = len(series)
    # a sign common to all changes no norm, so the first may be kept
    signs = np.array([(1.0, *rest) for rest in itertools.product((1.0, -1.0), repeat=n - 1)])
    return float(np.mean(norm(np.tensordot(signs, series, axes=1), q) ** moment_order))


def complex_gaussian_pair_moment(first: np.ndarray, second: np.ndarray, q: float, n_nodes: int = 48) -> float:
    """Return ``E‖g_1C_1 + g_2C_2‖_q`` for standard complex Gaussian g_i, by quadrature over the sphere.

    ``(g_1, g_2)`` is a length, of mean Γ(5/2), times a uniform point ``(√t, √(1-t) e^{iφ})``, t uniform on [0, 1], up
    to a common phase. Gauss–Legendre in t and the trapezoidal rule in φ: nearly all digits where no sum is singular,
    three or four where some are and the norm has a kink.
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    t = (nodes + 1) / 2
    phase = np.exp(2j * math.pi * np.arange(2 * n_nodes) / (2 * n_nodes))
    sums = np.sqrt(t)[:, None, None, None] * first + (np.sqrt(1 - t)[:, None] * phase)[..., None, None] * second
    norms = norm(sums, q).mean(axis=1)
    return math.gamma(2.5) * float(norms @ weights) / 2
