"""A model of rounding: every result of an operation is off by a relative error up to the unit roundoff, at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["EXACT", "Rounding"]


@dataclass(frozen=True, slots=True)
class Rounding:
    """Relative errors drawn evenly from [-u, u]: of every entry by itself, or one for a whole matrix.

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
        return x * (1 + self.unit * self.rng.uniform(-1, 1, size=x.shape))

    def scalar(self, x: float | np.ndarray) -> float | np.ndarray:
        """Return ``x``, one number or one a matrix, with an error each: they shift a matrix as a whole."""
        if self.rng is None or self.unit == 0:
            return x
        return x * (1 + self.unit * self.rng.uniform(-1, 1, size=np.shape(x)))


EXACT = Rounding()
