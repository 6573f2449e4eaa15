"""Sums of few rank-one terms, kept as products: their singular values without the large matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Factored"]

LARGEST_CONDITION = 1e3
"""Most that ``‖R‖ ‖T‖/σ_min(R Tᵀ)`` may be for R and T to come from Gram matrices: see :func:`_core`."""


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
        return self.left @ self.right

    def singular_values(self) -> np.ndarray:
        """Return the singular values in decreasing order, shape (trials, min(m, n)); NaN where a factor is not finite.

        ``left = Q R`` and ``rightᵀ = P T`` give ``left @ right = Q (R Tᵀ) Pᵀ``: those of the k×k core, and zeros.
        """
        rank, inner = min(self.left.shape[1], self.right.shape[2]), self.left.shape[2]
        tops = [np.abs(x).max(axis=(-2, -1), keepdims=True, initial=0.0) for x in (self.left, self.right)]
        is_finite = np.isfinite(tops[0]) & np.isfinite(tops[1])
        left, right = (self.left, self.right) if is_finite.all() else self._zero_where(~is_finite)
        # numerics: divided by the largest entries, so that no product over- or underflows
        left, right = (x / np.where(is_finite & (t > 0), t, 1.0) for x, t in zip((left, right), tops, strict=True))
        # with 2k > rank the core is no smaller than what it would save
        values = np.linalg.svd(left @ right, compute_uv=False) if 2 * inner > rank else _core(left, right)
        found = np.zeros((len(self), rank))
        found[:, : values.shape[1]] = values * np.where(is_finite, tops[0], 1.0)[:, :, 0]
        found *= np.where(is_finite, tops[1], np.nan)[:, :, 0]
        return found

    def _zero_where(self, flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the factors with zeros in the products that are flagged, which no decomposition may see."""
        return np.where(flags, 0.0, self.left), np.where(flags, 0.0, self.right)


def _core(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the singular values of ``R Tᵀ``, shape (trials, k).

    numerics: R and T are Cholesky factors of Gram matrices where that is as good as QR, which takes twice the time.
    Rounding perturbs a Gram matrix by about ``k eps ‖R‖²``, hence singular values of R by at most
    ``k eps ‖R‖ κ(R)``, and those of the core by ``k eps ‖R‖ ‖T‖ (κ(R) + κ(T))``. Since ``σ_min(R Tᵀ)`` is at most
    ``σ_min(R) ‖T‖``, both conditions are at most ``‖R‖_F ‖T‖_F/σ_min(R Tᵀ)``, which each slice is judged by.
    """
    values = np.empty((len(left), left.shape[2]))
    columns = right.swapaxes(-1, -2)
    factors = [_cholesky(x.swapaxes(-1, -2) @ x) for x in (left, columns)]
    is_good = np.isfinite(factors[0]).all(axis=(-2, -1)) & np.isfinite(factors[1]).all(axis=(-2, -1))
    r, t = (np.where(is_good[:, None, None], x, 0.0) for x in factors)
    values = np.linalg.svd(r.swapaxes(-1, -2) @ t, compute_uv=False)
    size = np.sqrt((r * r).sum(axis=(-2, -1)) * (t * t).sum(axis=(-2, -1)))
    is_good &= size <= LARGEST_CONDITION * values[:, -1]
    if not is_good.all():
        r, t = (np.linalg.qr(x[~is_good], mode="r") for x in (left, columns))
        values[~is_good] = np.linalg.svd(r @ t.swapaxes(-1, -2), compute_uv=False)
    return values


def _cholesky(gram: np.ndarray) -> np.ndarray:
    """Return the lower Cholesky factor of each matrix, NaN where there is none."""
    try:
        return np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        if len(gram) == 1:
            return np.full_like(gram, np.nan)
        half = len(gram) // 2
        return np.concatenate([_cholesky(gram[:half]), _cholesky(gram[half:])])
