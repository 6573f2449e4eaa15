"""The polar factor by polynomials alone, with residuals that certify it: a sequence of matrix products.

Seven or eight minimax quintics (Polar Express) take the singular values in [l, 1] of the scaled matrix to 1 within
rounding; matrices with smaller ones get a second sequence. Then ``‖I - X Xᵀ‖_F`` says whether X is orthonormal, and
``Δ = m - S X`` with S the symmetric part of ``m Xᵀ`` whether it belongs to m: X is the polar factor of ``m - Δ``.
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
"""‖I - X Xᵀ‖_F in units of max(m, n) eps up to which X counts as orthonormal."""

_ROUNDING_SHARE = 0.99
"""What is left of the lower bound on the least singular value after rounding: at most 1e-6 of it was noise."""


@functools.cache
def sequences(rank: int) -> tuple[tuple[Polynomial, ...], ...]:
    """Return the polynomials all matrices get, and those that the ones not orthonormal yet get after them.

    n minimax quintics from l end within 2e-16 of 1 for l = 2.0e-3 (n = 7), 4.6e-4 (8), and 8.4e-3 (6). Of Gaussian
    matrices divided by ``‖m‖_4`` a share of 7 % at size 16 and 19 % at 32 has a value below 2e-3, and of 9 % at size 64
    below 5e-4: there the eighth step for all costs less than the second sequence for many.
    """
    first = polar_express(7, least=2e-3) if rank <= 16 else polar_express(8, least=5e-4)
    return first, polar_express(6, least=1e-2)


def growth(rank: int) -> tuple[float, ...]:
    """Return, after each sequence, how much the polynomials so far can enlarge a singular value.

    An odd quintic ``a x + b x³ + c x⁵`` with b < 0 stays below ``a x`` as long as ``x² <= -b/c``, and the inputs do (a
    test evaluates it), so that the slopes at zero multiply. A value that has become 1 was at least the inverse.
    """
    slopes = [math.prod(row[0] for row in rows) for rows in sequences(rank)]
    return tuple(math.prod(slopes[: i + 1]) for i in range(len(slopes)))


def certified_polar(
    m: np.ndarray, eps: float, tolerance: float | None, workspace: Workspace
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``(‖m‖_1, polar factor, error bound, accepted)`` of wide matrices, by matrix products alone.

    Parameters
    ----------
    m : array, shape (k, r, c), r <= c, float64
        Contiguous matrices with entries of moderate size.
    eps : float
        Machine epsilon of the dtype the matrices came in: it decides which singular values count as zero.
    tolerance : float or None
        Excess allowed beyond the error of a backward stable decomposition; None allows as much as that error.
    workspace : Workspace
        Memory to work in.

    Returns
    -------
    tuple of arrays
        Norm (k,), factor (k, r, c), bound on its Frobenius error (k,), and whether it is accepted. The factor is
        written over by the next call with this workspace. numerics: every matrix is treated alone, so its bits do not
        depend on the stack.
    """
    first, second = sequences(m.shape[-2])
    slopes = growth(m.shape[-2])
    unit = max(m.shape[-2:]) * float(np.finfo(float).eps)
    work = _Buffers(m.shape, workspace)
    x, size, allowance = work.start(m, eps)
    x = work.run(x, first)
    departure = work.departure(x)
    slope = np.full(len(m), slopes[0])
    late = np.flatnonzero(~(departure <= _ORTHONORMAL * unit))
    if late.size:
        again = _Buffers((late.size, *m.shape[-2:]), Workspace())
        y = again.run(x[late], second)
        x[late] = y
        departure[late] = again.departure(y)
        slope[late] = slopes[1]

    # m Xᵀ = S + K; the norm is its trace, and in it the error of X counts twice over
    work.transpose(x)
    w = np.matmul(m, work.transposed, out=work.square)
    norm = np.add.reduce(w.reshape(len(w), -1)[:, :: w.shape[-1] + 1], axis=-1)
    np.copyto(work.gram, w.swapaxes(-1, -2))
    if m.shape[-2] == m.shape[-1]:
        w -= work.gram
        delta = frobenius(w) / 2
    else:
        w += work.gram
        w *= 0.5
        delta = frobenius(m - w @ x)

    least = _ROUNDING_SHARE * size / slope
    own = allowance / least
    is_stable = delta <= allowance
    if tolerance is not None:
        is_stable |= delta <= tolerance * least
    # no singular value may be one of those that count as zero
    is_full = (departure <= _ORTHONORMAL * unit) & (max(m.shape[-2:]) * eps * slope < _ROUNDING_SHARE)
    bound = (delta + allowance) / np.maximum(least - delta, least / 2) + departure
    return norm, x, bound, is_full & is_stable & (own < 0.5) & (delta < least / 2)


class _Buffers:
    """Arrays of one block of matrices (k, r, c), written over at every step so that they stay in the cache."""

    def __init__(self, shape: tuple[int, ...], workspace: Workspace) -> None:
        k, r, c = shape
        self.x, self.y = workspace.array("x", shape), workspace.array("y", shape)
        self.transposed = workspace.array("transposed", (k, c, r))
        self.gram, self.square = workspace.array("gram", (k, r, r)), workspace.array("square", (k, r, r))
        self.gram_diagonal, self.square_diagonal = (a.reshape(k, -1)[:, :: r + 1] for a in (self.gram, self.square))

    def transpose(self, x: np.ndarray) -> None:
        # numerics: a product with a transposed view takes a slow path in NumPy at these sizes
        np.copyto(self.transposed, x.swapaxes(-1, -2))

    def start(self, m: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ``m/‖m‖_4`` (no singular value above 1), ``‖m‖_4 = ‖m mᵀ‖_F^{1/2} >= s_1``, and the allowance."""
        self.transpose(m)
        np.matmul(m, self.transposed, out=self.gram)
        size = np.sqrt(frobenius(self.gram))
        allowance = BACKWARD_ERROR * max(m.shape[-2:]) * eps * np.sqrt(np.add.reduce(self.gram_diagonal, axis=-1))
        return np.divide(m, size[:, None, None], out=self.x), size, allowance

    def run(self, x: np.ndarray, rows: tuple[Polynomial, ...]) -> np.ndarray:
        """Return ``p(x)`` for the composition p of odd quintics, in a buffer of this block.

        numerics: ``a + b A + c A² = (√c A + b/(2√c))² + a - b²/(4c)`` for c > 0: the factor √c goes into the copy of
        the transpose, so that beside three products there is one pass over x and two over diagonals.
        """
        y = self.y if x is not self.y else self.x
        for a, b, c in rows:
            root = math.sqrt(c)
            np.multiply(x.swapaxes(-1, -2), root, out=self.transposed)
            np.matmul(x, self.transposed, out=self.gram)
            np.add(self.gram_diagonal, b / (2 * root), out=self.gram_diagonal)
            np.matmul(self.gram, self.gram, out=self.square)
            np.add(self.square_diagonal, a - b * b / (4 * c), out=self.square_diagonal)
            np.matmul(self.square, x, out=y)
            x, y = y, self.x if y is not self.x else self.y
        return x

    def departure(self, x: np.ndarray) -> np.ndarray:
        """Return ``‖I - x xᵀ‖_F``."""
        self.transpose(x)
        np.matmul(x, self.transposed, out=self.gram)
        self.gram_diagonal -= 1
        return frobenius(self.gram)
