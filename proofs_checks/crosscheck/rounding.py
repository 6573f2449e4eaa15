"""A model of rounding: every result of an operation is off by up to half a unit in its last place, at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["EXACT", "SUMS", "Rounding", "rounded", "size_of_sums"]

SUMS = 2.0**-24
"""Unit roundoff of the sums in a product of matrices of float32 and below."""


def rounded(x: float | np.ndarray, unit: float) -> np.ndarray:
    """Return ``x`` rounded to the nearest number of a precision with unit roundoff ``unit``, a power of two."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.rint(mantissa / unit) * unit, exponent)


def size_of_sums(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how large the partial sums in ``a @ b`` are together, in units of the error of each.

    A sum of n terms of random sign passes through n partial sums, of √(n/2) terms in the root mean square; each is off
    by half a unit in its last place.
    """
    return np.sqrt((a * a) @ (b * b) * (a.shape[-1] / 2))


@dataclass(frozen=True, slots=True)
class Rounding:
    """Errors drawn evenly from half a unit in the last place, of every entry by itself or one for a whole matrix.

    Half a unit in the last place of x is u times the power of two at or below |x|: between u/2 and u times |x|.

    Attributes
    ----------
    unit : float
        Unit roundoff u; 0 rounds nothing.
    rng : numpy.random.Generator or None
        Where the errors come from.
    """

    unit: float = 0.0
    rng: np.random.Generator | None = None

    def entries(self, x: np.ndarray) -> np.ndarray:
        """Return ``x`` with an error in every entry."""
        if self.rng is None or self.unit == 0:
            return x
        mantissa, exponent = np.frexp(x)
        error = 0.5 * self.rng.uniform(-1, 1, size=np.shape(x))
        if self.unit <= np.finfo(np.float64).epsneg:
            # numerics: half a unit would be rounded away in float64; whole ones, so rare that the variance is the same
            error = np.sign(error) * (np.abs(error) < 1 / 24)
        return np.ldexp(mantissa + self.unit * error * (x != 0), exponent)

    def product(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return ``a @ b`` with an error in every entry and, as sums of n terms in any order have it, in the sums.

        Sums of half precision are kept in float32, as hardware does.
        """
        x = a @ b
        if self.rng is None or self.unit == 0:
            return x
        return self.entries(x + min(self.unit, SUMS) * size_of_sums(a, b) * self.rng.uniform(-1, 1, size=x.shape))

    def constant(self, x: float) -> float | np.ndarray:
        """Return a constant of the method, such as a coefficient, as the computation has it: exact."""
        return x

    def scalar(self, x: float | np.ndarray) -> float | np.ndarray:
        """Return ``x``, one number or one a matrix, with an error each: they shift a matrix as a whole."""
        return self.entries(np.asarray(x))[()]


EXACT = Rounding()
