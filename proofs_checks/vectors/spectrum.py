"""Functions of singular values, enclosed: by exact characteristic polynomials, without any decomposition.

A rational matrix is ``M = c N`` with an integer matrix N. The eigenvalues of its Gram matrix G (``N Nᵀ`` or ``NᵀN``,
the smaller one) are the roots of a polynomial with integer coefficients, computed exactly; so multiplicities and the
rank are known, not decided, and the roots are isolated to any number of digits. ``U diag(g(s)) Vᵀ`` is ``h(G) N`` with
``h(s²) = g(s)/s``, and ``h(G)`` is the polynomial that interpolates h at the distinct non-zero eigenvalues: what it
does at the eigenvalue zero is without consequence, since N vanishes there. Close eigenvalues cost digits in the
interpolation, which the balls show; then more bits are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import numpy as np
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat, fmpz_mat, fmpz_poly

from ..rigorous.balls import complex_roots, exact, largest

__all__ = ["Level", "Spectrum", "rational_matrix", "spectrum_of"]


def rational_matrix(values: np.ndarray) -> fmpq_mat:
    """Return a matrix of floats exactly, shape (m, n)."""
    m, n = values.shape
    return fmpq_mat(m, n, [fmpq(*float(x).as_integer_ratio()) for x in values.flat])


@dataclass(frozen=True, slots=True)
class Level:
    """A singular value > 0 and how often it occurs.

    Attributes
    ----------
    value : arb
        Ball around s.
    multiplicity : int
        Known exactly.
    """

    value: arb
    multiplicity: int


@dataclass(slots=True)
class Spectrum:
    """What is known exactly about the singular values of a rational matrix ``M = scale · N``.

    Attributes
    ----------
    shape : tuple of int
        (m, n), both at least 1.
    integers : fmpz_mat
        N, without a common divisor.
    scale : fmpq
        c > 0.
    gram : fmpz_mat
        ``N Nᵀ`` if m <= n, else ``NᵀN``.
    polynomial : fmpz_poly
        Characteristic polynomial of the Gram matrix, divided by the power of x that belongs to the zeros.
    """

    shape: tuple[int, int]
    integers: fmpz_mat
    scale: fmpq
    gram: fmpz_mat
    polynomial: fmpz_poly
    _levels: dict[int, tuple[Level, ...]]

    @property
    def rank(self) -> int:
        """Return the rank, which is exact."""
        return int(self.polynomial.degree())

    @property
    def is_wide(self) -> bool:
        """Return whether m <= n, so that G stands to the left of N."""
        return self.shape[0] <= self.shape[1]

    def levels(self) -> tuple[Level, ...]:
        """Return the distinct singular values of N that are not zero, falling, to the present precision."""
        if ctx.prec not in self._levels:
            roots = complex_roots(self.polynomial) if self.rank else []
            found = [Level(root.real.sqrt(), multiplicity) for root, multiplicity in roots]
            found.sort(key=lambda level: level.value.mid(), reverse=True)
            self._levels[ctx.prec] = tuple(found)
        return self._levels[ctx.prec]

    def norm(self, q: Fraction | float) -> arb:
        """Return a ball around ``‖M‖_q``."""
        levels = self.levels()
        if not levels:
            return arb(0)
        top = levels[0].value
        if q == float("inf"):
            return arb(self.scale) * top
        exponent = exact(q)
        # numerics: ratios to the largest, so that no power leaves the range in which balls are narrow
        total = sum((level.multiplicity * (level.value / top) ** exponent for level in levels), arb(0))
        return arb(self.scale) * top * total ** (1 / exponent)

    def map(self, weights: Sequence[arb]) -> arb_mat:
        """Return ``U diag(g) Vᵀ`` for the value ``g_i = g(s_i)`` that belongs to each level."""
        nodes = [level.value**2 for level in self.levels()]
        if not nodes:
            return arb_mat(*self.shape)
        # Newton's form of the interpolating polynomial: divided differences, then Horner's rule on the matrix
        differences = [g / level.value for g, level in zip(weights, self.levels(), strict=True)]
        for k in range(1, len(nodes)):
            for i in range(len(nodes) - 1, k - 1, -1):
                differences[i] = (differences[i] - differences[i - 1]) / (nodes[i] - nodes[i - k])
        size = self.gram.nrows()
        gram, integers = arb_mat(self.gram), arb_mat(self.integers)
        result = _scalar(size, differences[-1])
        for k in range(len(nodes) - 2, -1, -1):
            result = result * (gram - _scalar(size, nodes[k])) + _scalar(size, differences[k])
        return result * integers if self.is_wide else integers * result

    def steepness(self, values: Sequence[arb], slopes: Sequence[arb]) -> arb:
        """Return a bound of ``‖dD‖_F/‖dN‖_F`` at N for the spectral map of the odd function ``g``.

        The differential multiplies, in the singular bases, the symmetric part of a pair by
        ``(g(s_i) - g(s_j))/(s_i - s_j)`` and the skew part by ``(g(s_i) + g(s_j))/(s_i + s_j)``. Beside s_i, a zero or
        absent singular value makes ``g(s_i)/s_i`` of both. Pairs of zeros are left out: where g jumps or is vertical
        at zero a rank is decided, and perturbations that change it are not looked at.

        Parameters
        ----------
        values, slopes : sequences of arb
            ``g(s_i)`` and ``g'(s_i)`` of each level.
        """
        levels = self.levels()
        found = [arb(0), *slopes]
        for i, (a, g) in enumerate(zip(levels, values, strict=True)):
            if self.rank < max(self.shape) or a.multiplicity > 1:
                found.append(g / a.value)
            for b, other in zip(levels[i + 1 :], values[i + 1 :], strict=True):
                found += [(g - other) / (a.value - b.value), (g + other) / (a.value + b.value)]
        return largest(*(abs(ball).upper() for ball in found))


def _scalar(size: int, value: arb) -> arb_mat:
    return arb_mat([[value if i == j else arb(0) for j in range(size)] for i in range(size)])


def spectrum_of(matrix: fmpq_mat) -> Spectrum:
    """Return the spectrum of a rational matrix with at least one row and one column."""
    integers, denominator = matrix.numer_denom()
    common = 0
    for entry in integers.entries():
        common = gcd(common, int(entry))
    common = common or 1
    m, n = matrix.nrows(), matrix.ncols()
    integers = fmpz_mat(m, n, [int(entry) // common for entry in integers.entries()])
    gram = integers * integers.transpose() if m <= n else integers.transpose() * integers
    coefficients = gram.charpoly().coeffs()
    n_zeros = next(i for i, c in enumerate(coefficients) if c != 0)
    polynomial = fmpz_poly(coefficients[n_zeros:])
    return Spectrum((m, n), integers, fmpq(common, int(denominator)), gram, polynomial, {})
