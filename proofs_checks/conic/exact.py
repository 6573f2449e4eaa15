"""Rational arithmetic behind a certificate: a solver's points are rounded to fractions, then only fractions count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

__all__ = [
    "Matrix",
    "gauge_above",
    "inner",
    "is_positive_semidefinite",
    "root_above",
    "rounded",
    "shifted",
    "simplest",
    "symmetric",
]

Matrix = list[list[Fraction]]

GRID = 2**44
"""Entries are rounded to multiples of its reciprocal: finer than any solver's error, and short fractions."""


def rounded(values: np.ndarray, grid: int = GRID) -> Matrix:
    """Return a matrix as fractions on a grid.

    Examples
    --------
    >>> rounded(np.array([[0.3, 2.0]]), 4)
    [[Fraction(1, 4), Fraction(2, 1)]]
    """
    return [[Fraction(round(float(x) * grid), grid) for x in row] for row in values]


def simplest(value: float, error: float) -> Fraction:
    """Return the fraction of the least denominator, up to 10^6, within ``error`` of a number; else one on the grid.

    Examples
    --------
    >>> simplest(0.3333333334, 1e-8), simplest(0.36363636, 1e-6)
    (Fraction(1, 3), Fraction(4, 11))
    """
    denominator = 1
    while denominator <= 10**6:
        near = Fraction(value).limit_denominator(denominator)
        if abs(near - Fraction(value)) <= error:
            return near
        denominator = denominator + 1 if denominator < 64 else 2 * denominator
    return Fraction(round(value * GRID), GRID)


def symmetric(matrix: Matrix) -> Matrix:
    """Return ``(A + Aᵀ)/2``."""
    size = range(len(matrix))
    return [[(matrix[i][j] + matrix[j][i]) / 2 for j in size] for i in size]


def shifted(matrix: Matrix, shift: Fraction) -> Matrix:
    """Return ``A + shift · I``."""
    return [[x + shift if i == j else x for j, x in enumerate(row)] for i, row in enumerate(matrix)]


def inner(a: Matrix, b: Matrix) -> Fraction:
    """Return ``<A, B>``."""
    return sum((x * y for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True) if x and y), Fraction(0))


def is_positive_semidefinite(matrix: Sequence[Sequence[Fraction]]) -> bool:
    """Return whether a symmetric rational matrix is positive semidefinite, by elimination without rounding.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> is_positive_semidefinite([[one, one], [one, one]]), is_positive_semidefinite([[one, two], [two, one]])
    (True, False)
    """
    rows = [list(row) for row in matrix]
    size = len(rows)
    if any(rows[i][j] != rows[j][i] for i in range(size) for j in range(i)):
        return False
    for k in range(size):
        pivot = rows[k][k]
        if pivot < 0:
            return False
        if pivot == 0:
            # a zero on the diagonal of a positive semidefinite matrix has a zero row
            if any(rows[k][j] for j in range(k, size)):
                return False
            continue
        for i in range(k + 1, size):
            if rows[i][k]:
                factor = rows[i][k] / pivot
                for j in range(i, size):
                    rows[i][j] -= factor * rows[k][j]
                    rows[j][i] = rows[i][j]
    return True


def root_above(x: Fraction) -> Fraction:
    """Return a rational number that is at least ``√x``, above it by at most 2^-60 of 1 + √x.

    Examples
    --------
    >>> root_above(Fraction(4, 9)), float(root_above(Fraction(2)))
    (Fraction(2, 3), 1.4142135623730951)
    """
    numerator, denominator = math.isqrt(x.numerator), math.isqrt(x.denominator)
    if numerator**2 == x.numerator and denominator**2 == x.denominator:
        return Fraction(numerator, denominator)
    scale = 1 << 60
    return Fraction(math.isqrt(x.numerator * scale * scale // x.denominator) + 1, scale)


def _size_above(weight: Matrix, exponent: float) -> Fraction:
    """Return an upper bound on the trace, Frobenius norm or largest eigenvalue of a positive semidefinite matrix."""
    if exponent == 1:
        return sum((weight[i][i] for i in range(len(weight))), Fraction(0))
    if exponent == 2:
        return root_above(inner(weight, weight))
    largest = float(np.linalg.eigvalsh(np.array(weight, dtype=float))[-1])
    bound, step = Fraction(round(largest * GRID), GRID), Fraction(1, GRID)
    while not is_positive_semidefinite(shifted([[-x for x in row] for row in weight], bound + step)):
        step *= 2
    return bound + step


def gauge_above(w: Matrix, d: Matrix, t: Matrix, parts: tuple[float, float]) -> Fraction:
    """Return a rational upper bound on the norm of D, proved by the weights after they were shifted until they may.

    Parameters
    ----------
    w, d, t : lists of fractions
        Shapes (m, m), (m, n), (n, n); the weights need not be positive semidefinite.
    parts : tuple of float
        The exponents of the cone, see :mod:`proofs_checks.conic.cones`.

    Examples
    --------
    >>> three = [[Fraction(3)]]
    >>> gauge_above(three, three, three, (1, 1))
    Fraction(3, 1)
    """
    w, t = symmetric(w), symmetric(t)
    shift = Fraction(0)
    while True:
        first, second = shifted(w, shift), shifted(t, shift)
        above = [[*first[i], *d[i]] for i in range(len(w))]
        below = [[*(row[j] for row in d), *second[j]] for j in range(len(t))]
        if is_positive_semidefinite(above + below):
            return root_above(_size_above(first, parts[0]) * _size_above(second, parts[1]))
        shift = max(2 * shift, Fraction(1, GRID))
