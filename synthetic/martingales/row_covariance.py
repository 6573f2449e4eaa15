"""Gaussian matrices with a given row covariance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..family import read_only
from ..haar import haar_orthogonal
from ..spectra import spectrum
from .gaussian_moments import gaussian_moment
from .norms import power
from .record import MartingaleFamily, MatrixMartingale, Weight, checked

__all__ = ["FAMILY", "RowCovariance"]


@dataclass(frozen=True, eq=False, kw_only=True)
class RowCovariance(MatrixMartingale):
    """``Z_i = Σ^{1/2} G_i/√n`` with independent standard normals, n columns: ``E Z_iZ_iᵀ = Σ``; ``S ~ √n_steps Z_1``.

    Attributes
    ----------
    roots : array, shape (m,)
        Square roots of the eigenvalues of Σ.
    basis : array or None, shape (m, m)
        Its eigenvectors; None for the coordinate vectors.
    """

    roots: np.ndarray
    basis: np.ndarray | None = None

    name = "row_covariance"
    summary = "Gaussian matrices with a given row covariance."
    why_not_exact = "E‖Σ^{1/2}G‖_q^β is known for q = 2, a single row or column, and as for Ginibre where Σ is flat."
    conditionally_symmetric = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "roots", read_only(self.roots))
        if self.basis is not None:
            object.__setattr__(self, "basis", read_only(self.basis))

    def _normal(self, rng: np.random.Generator, size: tuple[int, ...], factor: float) -> np.ndarray:
        z = (factor / math.sqrt(self.shape[1]) * self.roots)[:, None] * rng.standard_normal((*size, *self.shape))
        return z if self.basis is None else self.basis @ z

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self._normal(rng, (trials, self.n_steps), 1.0)

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self._normal(rng, (trials,), math.sqrt(self.n_steps))

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float | None:
        rows, columns = self.roots, np.ones(self.shape[1])
        if weight is not None and weight.side == "right":
            columns = weight.levels
        elif weight is not None:
            root = np.diag(self.roots) if self.basis is None else self.basis * self.roots
            rows = np.linalg.svd(weight.inverse @ root, compute_uv=False)
            # numerics: singular values at the rounding level of zero are zero
            rows = rows * (rows > rows.max(initial=0.0) * len(rows) * np.finfo(float).eps)
        return gaussian_moment(rows / math.sqrt(self.shape[1]), columns, q, order)

    def _moment(self, q: float, order: float) -> float | None:
        found = self._step_moments(q, order, None)
        return None if found is None else power(math.sqrt(self.n_steps), order) * found

    def _covariance(self, side: str) -> np.ndarray:
        squares = self.n_steps * self.roots**2
        if side == "right":
            return math.fsum(squares) / self.shape[1] * np.eye(self.shape[1])
        return np.diag(squares) if self.basis is None else (self.basis * squares) @ self.basis.T

    def _ceiling(self, q: float) -> float:
        return math.inf if self.roots.any() else 0.0


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    rows: str | Sequence[float] = "power",
    decay: float = 1.0,
    floor: float = 0.01,
    rotated: bool = False,
) -> RowCovariance:
    """Return Gaussian matrices whose row covariance has ``scale²`` times these eigenvalues."""
    call = "row_covariance"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    eigenvalues = spectrum(call, "rows", rows, shape[0], decay=decay, floor=floor)
    if not isinstance(rotated, bool):
        fail(ParameterError, call, "rotated", "be true or false", rotated)
    if rotated and rng is None:
        fail(ParameterError, call, "rng", "be a generator", rng, "The basis is random with rotated=True.")
    basis = None if rng is None or not rotated else haar_orthogonal(rng, 1, shape[0])[0]
    return RowCovariance(shape=shape, n_steps=n_steps, roots=scale * np.sqrt(eigenvalues), basis=basis)


FAMILY = MartingaleFamily(
    "row_covariance",
    "Gaussian matrices with a given row covariance",
    build,
    {
        "rows": "eigenvalues of the row covariance: flat, power, spike, one_hot, or the numbers themselves",
        "decay": "exponent of the power law",
        "floor": "small value of the spike",
        "rotated": "whether the eigenvectors are Haar-distributed (needs rng)",
    },
)
