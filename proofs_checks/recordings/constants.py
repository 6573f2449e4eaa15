"""Constants of N1, N2 and N3 in a record of noise, each with an interval that survives heavy tails."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from schattor_theory.geometry import schatten_norm
from synthetic.estimates import Estimate

from .intervals import mean_low, moment_interval, root

__all__ = ["Constants", "Ranks", "Spectra", "covariance_sigma", "moment_sigma", "ranks", "spectra", "weighted_sigma"]

_BATCHES = (1, 4, 16, 64)
_LEAST_BATCHES = 20
_RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """The constants at one exponent p; every one in the unit of the gradients.

    Attributes
    ----------
    p, q : float
        The exponent and its dual.
    moment, weighted : dict of float to Estimate
        σ of N1 and of N3 (a = 2, W of the record, the better side) by moment order.
    covariance : dict of str to Estimate
        σ of N2, left and right.
    """

    p: float
    q: float
    moment: dict[float, Estimate]
    covariance: dict[str, Estimate]
    weighted: dict[float, Estimate]

    @property
    def best_covariance(self) -> Estimate:
        """Return N2's σ on the side where the sample value is smaller; N2 asks for one side only."""
        return min(self.covariance.values(), key=lambda estimate: estimate.value)

    @property
    def least_covariance(self) -> float:
        """Return the lower end of N2's σ that holds for both sides."""
        return min(estimate.low for estimate in self.covariance.values())


def moment_sigma(
    noise: np.ndarray, q: float, order: float, *, level: float, one_law: bool = True,
    factors: tuple[float, float] = (1.0, 1.0),
) -> Estimate:  # fmt: skip
    """Return N1's ``σ = (E‖Z‖_q^α)^{1/α}`` with its interval."""
    sizes = np.asarray(schatten_norm(noise, q))
    found = moment_interval(sizes, order, level=level, one_law=one_law)
    return root(found, order, (1.0, 1.0) if order == q == 2 else factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectra:
    """Singular values of ``[Z_1 … Z_b]/√b`` for batches of several sizes b: the square roots of batch covariances."""

    side: str
    whole: np.ndarray
    batches: tuple[np.ndarray, ...]


def spectra(noise: np.ndarray, side: str) -> Spectra:
    """Return the spectra of the sample covariance and of those of batches, ``ZZᵀ`` (left) or ``ZᵀZ`` (right)."""
    z = noise if side == "left" else noise.transpose(0, 2, 1)
    k, m, n = z.shape
    # the triangular factor has the singular values of the long matrix
    long = z.transpose(1, 0, 2).reshape(m, k * n).T
    whole = np.linalg.svd(np.linalg.qr(long, mode="r"), compute_uv=False) / k**0.5
    sizes = [b for b in _BATCHES if k // b >= _LEAST_BATCHES] or [1]
    batches = []
    for b in sizes:
        used = z[: k // b * b].reshape(k // b, b, m, n).transpose(0, 2, 1, 3).reshape(k // b, m, b * n)
        batches.append(np.linalg.svd(used, compute_uv=False) / b**0.5)
    return Spectra(side=side, whole=whole, batches=tuple(batches))


def covariance_sigma(
    noise: np.ndarray, q: float, side: str, *, level: float, one_law: bool = True, known: Spectra | None = None
) -> Estimate:
    """Return N2's ``σ = ‖(E ZZᵀ)^{1/2}‖_q`` (left), or with ``E ZᵀZ`` (right), with its interval.

    The value is that of the sample covariance. ``A ↦ ‖A‖_{q/2}`` is monotone and concave (T4b's proof), so this and the
    one of every batch are at most σ² on average: the lower end is the largest mean of batches that an e-value refutes,
    the best of several batch sizes. Upper end: ``σ² ≤ tr(E ZZᵀ C)‖C⁻¹‖_{q/(2-q)}`` for every C; C comes from every
    other matrix, the mean from the rest.
    """
    found = spectra(noise, side) if known is None else known
    value = float(np.sum(found.whole**q)) ** (1 / q)
    error = (1 - level) / (2 * len(found.batches))
    low = max(mean_low(np.sum(s**q, axis=1) ** (2 / q), error=error) for s in found.batches)
    weighted = weighted_sigma(noise, q, 2.0, side, level=level, one_law=one_law)
    return Estimate(value, low**0.5, weighted.high, level, len(noise), "batches, " + weighted.method)


def weighted_sigma(
    noise: np.ndarray, q: float, order: float, side: str, *, level: float, one_law: bool = True,
    factors: tuple[float, float] = (1.0, 1.0),
) -> Estimate:  # fmt: skip
    """Return N3's ``σ = (E‖W⁺Z‖_2^β)^{1/β}`` with a = 2 and W, ``‖W‖_s = 1``, from every other matrix; the rest judges.

    W is the power of the covariance that is best at β = 2, where σ² is an upper end for N2's (right: for Zᵀ).
    """
    z = noise if side == "left" else noise.transpose(0, 2, 1)
    inverse = _inverse_weight(z[0::2], q)
    sizes = np.linalg.norm(inverse @ z[1::2], axis=(1, 2))
    found = moment_interval(sizes, order, level=level, one_law=one_law)
    return root(found, order, (1.0, 1.0) if order == 2 else factors)


def _inverse_weight(z: np.ndarray, q: float) -> np.ndarray:
    """Return W⁻¹, ``‖W‖_s = 1``, 1/s = 1/q - 1/2, from a covariance plus the ridge that is best on its other half."""
    if q == 2:
        return np.eye(z.shape[1])
    fit, test = _spectrum(z[0::2]), z[1::2]
    found = [(float(np.mean(np.linalg.norm(_inverse(fit, q, r) @ test, axis=(1, 2)) ** 2)), r) for r in _RIDGES]
    return _inverse(_spectrum(z), q, min(found)[1])


def _spectrum(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues, of sum 1, and eigenvectors of ``Σ z_kz_kᵀ``."""
    rows = z.transpose(1, 0, 2).reshape(z.shape[1], -1)
    # numerics: what the Gram matrix loses lies below the ridge
    values, vectors = np.linalg.eigh(rows @ rows.T)
    total = float(values.sum())
    return (np.maximum(values, 0) / total if total > 0 else np.zeros_like(values)), vectors


def _inverse(spectrum: tuple[np.ndarray, np.ndarray], q: float, ridge: float) -> np.ndarray:
    values, vectors = spectrum
    # W = (Σ/‖Σ‖_{q/2})^{(2-q)/4} has ‖W‖_s = 1: its s-th powers are those of Σ^{q/2}, normalised
    power = (values + ridge / len(values)) ** (q / 2)
    return (vectors / (power / power.sum()) ** ((2 - q) / (2 * q))) @ vectors.T


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Mean effective ranks with Hoeffding's interval; both lie in [1, r] for every matrix that is not zero."""

    nuclear_rank: Estimate
    stable_rank: Estimate
    n_zero: int


def ranks(matrices: np.ndarray, *, level: float) -> Ranks | None:
    """Return the mean of ``‖Z‖_1²/‖Z‖_F²`` (nuclear) and ``‖Z‖_F²/‖Z‖_∞²`` (stable) over the non-zero matrices."""
    s = np.linalg.svd(matrices, compute_uv=False)
    used = s[s[:, 0] > 0]
    if len(used) == 0:
        return None
    used = used / used[:, :1]
    squares = np.sum(used**2, axis=1)
    r = used.shape[1]
    return Ranks(
        nuclear_rank=_bounded_mean(np.sum(used, axis=1) ** 2 / squares, r, level=level),
        stable_rank=_bounded_mean(squares, r, level=level),
        n_zero=len(s) - len(used),
    )


def _bounded_mean(values: np.ndarray, r: int, *, level: float) -> Estimate:
    half = (r - 1) * math.sqrt(math.log(2 / (1 - level)) / (2 * len(values)))
    mean = float(values.mean())
    return Estimate(mean, max(1.0, mean - half), min(float(r), mean + half), level, len(values), "hoeffding")
