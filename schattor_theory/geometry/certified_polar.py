"""The polar factor by polynomials alone, with residuals that certify it: a sequence of matrix products.

Minimax quintics (Polar Express) take the singular values in [l, 1] of the scaled matrix to 1 within rounding. Then
``‖I - Xᵀ X‖_F`` says whether X is orthonormal, and ``Δ = m - X S`` with S the symmetric part of ``Xᵀ m`` whether it
belongs to m: X is the polar factor of ``m - Δ``.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from .certificates import BACKWARD_ERROR, frobenius
from .coefficients import Polynomial, polar_express
from .workspace import Workspace

__all__ = ["certified_polar", "growth", "sequences"]

_ORTHONORMAL = 4.0
"""‖I - Xᵀ X‖_F in units of max(m, n) eps up to which X counts as orthonormal."""

_ROUNDING_SHARE = 0.99
"""What is left of the lower bound on the least singular value after rounding: at most 1e-6 of it was noise."""


@functools.cache
def sequences(rank: int) -> tuple[tuple[Polynomial, ...], ...]:
    """Return the polynomials to try, in order: a few for most matrices, and more for those that they do not finish.

    n minimax quintics from l end within 2e-16 of 1 for l = 2.0e-3 (n = 7), 4.6e-4 (8) and 8.4e-3 (6). Of Gaussian
    matrices divided by ``‖m‖_4`` a share of 7 % at size 16 and 19 % at 32 has a value below 2e-3, and of 9 % at size 64
    below 5e-4: there the eighth step for all costs less than the second sequence for many.

    numerics: the second is the first and six more, not eleven from 6e-6: such steep ones leave large values small for
    a while, and the backward error of 9 % of Gaussian matrices of size 16 is then too large to be accepted.
    """
    first = polar_express(7, least=2e-3) if rank <= 16 else polar_express(8, least=5e-4)
    return first, first + polar_express(6, least=1e-2)


@functools.cache
def growth(rows: tuple[Polynomial, ...]) -> float:
    """Return how much polynomials, one after the other, can enlarge a singular value.

    An odd quintic ``a x + b x³ + c x⁵`` with b < 0 stays below ``a x`` as long as ``x² <= -b/c``, and the inputs do (a
    test evaluates it), so that the slopes at zero multiply. A value that has become 1 was at least the inverse.
    """
    return math.prod(row[0] for row in rows)


def certified_polar(
    m: np.ndarray, rows: tuple[Polynomial, ...], eps: float, tolerance: float | None, workspace: Workspace
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``(‖m‖_1, polar factor, error bound, accepted)`` of tall matrices, by matrix products alone.

    Parameters
    ----------
    m : array, shape (k, c, r), c >= r, float64
        Contiguous matrices with entries of moderate size.
    rows : tuple of polynomials
        One of :func:`sequences`.
    eps : float
        Machine epsilon of the dtype the matrices came in: it decides which singular values count as zero.
    tolerance : float or None
        Excess allowed beyond the error of a backward stable decomposition; None allows as much as that error.
    workspace : Workspace
        Memory to work in.

    Returns
    -------
    tuple of arrays
        Norm (k,), factor (k, c, r), bound on its Frobenius error (k,), and whether it is accepted. The factor is
        written over by the next call with this workspace. numerics: every matrix is treated alone, so its bits do not
        depend on the stack.
    """
    unit = max(m.shape[-2:]) * float(np.finfo(float).eps)
    work = _Buffers(m.shape, workspace)
    size, allowance = work.start(m, eps, rows[0])
    x = work.run(rows)
    departure = work.departure(x)

    # Xᵀ m = S + K; the norm is its trace, and in it the error of X counts twice over
    w = np.matmul(x.swapaxes(-1, -2), m, out=work.square)
    norm = np.add.reduce(work.square_diagonal, axis=-1)
    if m.shape[-2] == m.shape[-1]:
        delta = frobenius(np.subtract(w, w.swapaxes(-1, -2), out=work.gram)) / 2
    else:
        symmetric = np.add(w, w.swapaxes(-1, -2), out=work.gram)
        symmetric *= 0.5
        delta = frobenius(m - x @ symmetric)

    least = _ROUNDING_SHARE / growth(rows) * size
    half = 0.5 * least
    limit = allowance if tolerance is None else np.maximum(allowance, tolerance * least)
    accepted = (departure <= _ORTHONORMAL * unit) & (delta <= limit) & (np.maximum(delta, allowance) < half)
    if max(m.shape[-2:]) * eps * growth(rows) >= _ROUNDING_SHARE:  # a singular value may be one that counts as zero
        accepted[:] = False
    return norm, x, (delta + allowance) / np.maximum(least - delta, half) + departure, accepted


class _Buffers:
    """Arrays of one block of matrices (k, c, r), written over at every step so that they stay in the cache.

    numerics: ``xᵀ x`` of small matrices is fastest with x copied: NumPy takes a slow symmetric product for two views of
    one array, and BLAS is slow with its right factor transposed. Time of this and of the two, in times of a plain
    product: 0.9, 3.5, 2.2 at size 8; 0.9, 2.9, 2.0 at 16; 0.9, 2.1, 1.7 at 32; 1.0, 1.6, 1.7 at 64.
    """

    def __init__(self, shape: tuple[int, ...], workspace: Workspace) -> None:
        k, _, r = shape
        self.x, self.y, self.copy = (workspace.array(name, shape) for name in ("x", "y", "copy"))
        self.gram, self.square = (workspace.array(name, (k, r, r)) for name in ("gram", "square"))
        self.gram_diagonal, self.square_diagonal = (a.reshape(k, -1)[:, :: r + 1] for a in (self.gram, self.square))

    def times_itself(self, x: np.ndarray, factor: float = 1.0) -> np.ndarray:
        """Return ``factor xᵀ x``, in this block's ``gram``."""
        np.multiply(x, factor, out=self.copy)
        return np.matmul(self.copy.swapaxes(-1, -2), x, out=self.gram)

    def start(self, m: np.ndarray, eps: float, row: Polynomial) -> tuple[np.ndarray, np.ndarray]:
        """Put ``m/‖m‖_4`` and what the first polynomial needs of it into place; return ``‖m‖_4`` and the allowance.

        ``‖m‖_4 = ‖mᵀ m‖_F^{1/2} >= s_1``: no singular value is above 1.
        """
        square = frobenius(self.times_itself(m))
        size = np.sqrt(square)
        allowance = BACKWARD_ERROR * max(m.shape[-2:]) * eps * np.sqrt(np.add.reduce(self.gram_diagonal, axis=-1))
        self.gram *= (math.sqrt(row[2]) / square)[:, None, None]
        # numerics: a product with the inverse takes a third of the time of a division
        np.multiply(m, (1 / size)[:, None, None], out=self.x)
        return size, allowance

    def run(self, rows: tuple[Polynomial, ...]) -> np.ndarray:
        """Return ``p(x)`` for the composition p of odd quintics, in a buffer of this block.

        numerics: ``a + b A + c A² = (√c A + b/(2√c))² + a - b²/(4c)`` for c > 0: the factor √c goes into the copy, so
        that beside three products there is one pass over x and two over diagonals.
        """
        x, y = self.x, self.y
        for i, (a, b, c) in enumerate(rows):
            root = math.sqrt(c)
            if i:
                self.times_itself(x, root)
            np.add(self.gram_diagonal, b / (2 * root), out=self.gram_diagonal)
            np.matmul(self.gram, self.gram, out=self.square)
            np.add(self.square_diagonal, a - b * b / (4 * c), out=self.square_diagonal)
            np.matmul(x, self.square, out=y)
            x, y = y, x
        return x

    def departure(self, x: np.ndarray) -> np.ndarray:
        """Return ``‖I - xᵀ x‖_F``."""
        self.times_itself(x)
        self.gram_diagonal -= 1
        return frobenius(self.gram)
