"""Moments of Schatten norms of Gaussian matrices, in closed form or by quadrature that is exact to rounding."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from .closed_forms import chi_moment, planar_moment, quadratic_form_moment
from .norms import power
from .real_gaussian import real_linear_moments

__all__ = ["gaussian_moment", "ginibre_moment"]

_LARGEST_RANK = 64


def gaussian_moment(rows: np.ndarray, columns: np.ndarray, q: float, order: float, field: str = "real") -> float | None:
    """Return ``E‖diag(a) G diag(b)‖_q^β`` for G of independent entries with mean 0, ``E|g|² = 1``; None if unknown.

    Parameters
    ----------
    rows, columns : array
        a and b, non-negative.
    q, order : float
        q in [1, inf], β > 0.
    field : {"real", "complex"}
        Field of the entries.
    """
    top = float(rows.max(initial=0.0)), float(columns.max(initial=0.0))
    if min(top) == 0:
        return 0.0
    a, b = rows[rows > 0] / top[0], columns[columns > 0] / top[1]
    outer = power(top[0] * top[1], order)
    # numerics: levels come out of a decomposition, so equal ones differ by rounding
    if min(a.min(), b.min()) > 1 - 1e-14:
        found = ginibre_moment(len(a), len(b), q, order, field)
    elif q == 2 or min(len(a), len(b)) == 1:
        degrees, half = (1, 1.0) if field == "real" else (2, 0.5)
        found = quadratic_form_moment(half * np.multiply.outer(a**2, b**2).ravel(), degrees, order)
    else:
        return None
    return None if found is None else outer * found


def ginibre_moment(m: int, n: int, q: float, order: float, field: str = "real") -> float | None:
    """Return ``E‖G‖_q^β`` of an m×n Gaussian matrix, independent entries of mean 0, ``E|g|² = 1``; None if unknown.

    Rank one and q = 2: the chi distribution. Rank two: the direction of the two singular values is independent of their
    length. β = q or 2q: the singular values are a determinantal (complex) or Pfaffian (real) process, up to rank 64.

    Parameters
    ----------
    m, n : int
        Shape.
    q, order : float
        q in [1, inf], β > 0.
    field : {"real", "complex"}
        Field of the entries.

    Source
    ------
    Forrester, Log-Gases and Random Matrices (2010), chapters 3 and 5 (Laguerre ensembles).

    Examples
    --------
    >>> round(ginibre_moment(2, 2, 1, 1), 6), round(ginibre_moment(4, 4, 1, 1, "complex"), 6)
    (2.291594, 6.823255)
    """
    r, long = min(m, n), max(m, n)
    degrees = (1 if field == "real" else 2) * m * n
    length = chi_moment(degrees, order) * (1.0 if field == "real" else 2 ** (-order / 2))
    if r == 1 or q == 2:
        return length
    if r == 2:
        extra = long - 2 if field == "real" else 2 * (long - 2) + 1
        return length * planar_moment(q, order, extra, 1 if field == "real" else 2)
    if math.isinf(q) or order not in (q, 2 * q) or r > _LARGEST_RANK:
        return None
    if field == "real":
        first, second = real_linear_moments(r, long - r, q)
        return first if order == q else second
    overlaps = _laguerre_overlaps(r, long - r, q / 2)
    trace = float(np.trace(overlaps))
    if order == q:
        return trace
    return float(np.trace(_laguerre_overlaps(r, long - r, q))) + trace**2 - float((overlaps**2).sum())


def _laguerre_overlaps(r: int, alpha: int, exponent: float) -> np.ndarray:
    """Return ``∫ x^exponent φ_j φ_k x^α e^{-x} dx`` for the orthonormal Laguerre polynomials φ_0 … φ_{r-1}.

    Gauss quadrature for the weight ``x^{α+exponent} e^{-x}`` is exact for the products.
    """
    nodes, weights = special.roots_genlaguerre(r, alpha + exponent)
    k = np.arange(r)
    log_norm = 0.5 * (special.gammaln(k + 1) - special.gammaln(k + alpha + 1))
    # numerics: the weights sum to Γ(α+exponent+1); both factors are of order one after division by its root
    log_total = special.gammaln(alpha + exponent + 1)
    values = (
        np.array([special.eval_genlaguerre(j, alpha, nodes) for j in k]) * np.exp(log_norm + log_total / 2)[:, None]
    )
    return (values * (weights / np.exp(log_total))) @ values.T
