"""Sums of few rank-one terms, kept as products: their singular values without the large matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Factored"]

LARGEST_CONDITION = 1e3
"""Most that ``‖R‖_F ‖T‖_F/σ_min(R Tᵀ)`` may be for Gram matrices to be used: see :func:`_by_gram_matrices`."""

SMALLEST, LARGEST = 1e-60, 1e60
"""Squared Frobenius norms of the factors between which all their products are normal floats."""


@dataclass(frozen=True, slots=True, eq=False)
class Factored:
    """A stack of real matrices ``left @ right`` with few inner columns.

    Attributes
    ----------
    left, right : array, shapes (trials, m, k) and (trials, k, n)
        The factors.
    """

    left: np.ndarray
    right: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def __getitem__(self, kept: slice) -> Factored:
        return Factored(self.left[kept], self.right[kept])

    def product(self) -> np.ndarray:
        """Return the matrices, shape (trials, m, n)."""
        return np.asarray(self.left @ self.right)

    def singular_values(self) -> np.ndarray:
        """Return the singular values in decreasing order, shape (trials, min(m, n)); NaN where a factor is not finite.

        ``left = Q R`` and ``rightᵀ = P T`` give ``left @ right = Q (R Tᵀ) Pᵀ``: those of the k×k core, and zeros. How a
        slice is treated depends on the slice alone.
        """
        rank, inner = min(self.left.shape[1], self.right.shape[2]), self.left.shape[2]
        found = np.zeros((len(self), rank))
        rest = np.ones(len(self), dtype=bool)
        if 2 * inner <= rank:  # else the core is no smaller than what it would save
            with np.errstate(over="ignore", invalid="ignore"):
                values, is_good = _by_gram_matrices(self.left, self.right)
            found[:, :inner] = values
            rest = ~is_good
        if rest.any():
            found[rest] = Factored(self.left[rest], self.right[rest])._by_decompositions()
        return found

    def _by_decompositions(self) -> np.ndarray:
        """Return the singular values from QR and SVD, at any scale and condition."""
        rank, inner = min(self.left.shape[1], self.right.shape[2]), self.left.shape[2]
        tops = [np.abs(x).max(axis=(-2, -1), keepdims=True, initial=0.0) for x in (self.left, self.right)]
        is_finite = np.isfinite(tops[0]) & np.isfinite(tops[1])
        # invariant: no decomposition sees a number that is not finite
        # numerics: divided by the largest entries, so that no product over- or underflows
        left, right = (
            np.where(is_finite, x, 0.0) / np.where(is_finite & (top > 0), top, 1.0)
            for x, top in zip((self.left, self.right), tops, strict=True)
        )
        if 2 * inner > rank:
            core = left @ right
        else:
            r, t = (np.asarray(np.linalg.qr(x, mode="r")) for x in (left, right.swapaxes(-1, -2)))
            core = r @ t.swapaxes(-1, -2)
        values = np.linalg.svd(core, compute_uv=False)
        found = np.zeros((len(self), rank))
        found[:, : values.shape[1]] = values * np.where(is_finite, tops[0], 1.0)[:, :, 0]
        found *= np.where(is_finite, tops[1], np.nan)[:, :, 0]
        return found


def _by_gram_matrices(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return singular values of ``R Tᵀ``, shape (trials, k), and which slices they are good for.

    With the Cholesky factor ``RᵀR = leftᵀ left`` their squares are the eigenvalues of ``R (right rightᵀ) Rᵀ``.

    numerics: rounding perturbs these by at most about ``k eps (‖R‖_F ‖T‖_F)²``, hence σ by half of that over σ, and R
    itself, whose condition is at most ``‖R‖_F ‖T‖_F/σ_min(R Tᵀ)`` since ``σ_min(R Tᵀ) <= σ_min(R) ‖T‖``, by no more. So
    the error of every singular value is at most about ``k eps ‖R‖_F ‖T‖_F`` times that number, which a slice is judged
    by, together with its scale. QR and SVD take one and a half times as long.
    """
    grams = left.swapaxes(-1, -2) @ left, right @ right.swapaxes(-1, -2)
    sizes = [np.einsum("kii->k", gram) for gram in grams]
    is_good = np.logical_and.reduce([(size > SMALLEST) & (size < LARGEST) for size in sizes])
    lower = _cholesky(np.where(is_good[:, None, None], grams[0], np.eye(left.shape[2])))
    is_good &= np.isfinite(lower).all(axis=(-2, -1))
    lower, other = (np.where(is_good[:, None, None], x, 0.0) for x in (lower, grams[1]))
    squares = np.linalg.eigvalsh(lower.swapaxes(-1, -2) @ (other @ lower))[:, ::-1]
    values = np.sqrt(np.maximum(squares, 0.0))
    is_good &= np.sqrt(sizes[0]) * np.sqrt(sizes[1]) <= LARGEST_CONDITION * values[:, -1]
    return values, is_good


def _cholesky(gram: np.ndarray) -> np.ndarray:
    """Return the lower Cholesky factor of each matrix, NaN where there is none."""
    try:
        return np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        if len(gram) == 1:
            return np.full_like(gram, np.nan)
        half = len(gram) // 2
        return np.concatenate([_cholesky(gram[:half]), _cholesky(gram[half:])])
