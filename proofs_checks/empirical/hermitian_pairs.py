"""Pairs of Hermitian matrices and the quantities that the proof of T4a* is made of, in floating point.

Stacks ``(..., n, n)`` throughout. B is diagonal where the proof works in its eigenbasis.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

__all__ = [
    "Function",
    "absolute_power",
    "adjoint",
    "bregman",
    "commutator",
    "diagonal",
    "dirichlet_weights",
    "draw_hermitian",
    "draw_pairs",
    "dual_side",
    "first_excess",
    "function_of",
    "positive_power",
    "power_function",
    "second_excess",
    "smallest_dual_ratio",
    "spectral_pair",
    "trace",
]

Function = Callable[[np.ndarray], np.ndarray]


def trace(m: np.ndarray) -> np.ndarray:
    """Return the real part of the trace."""
    return np.real(np.trace(m, axis1=-2, axis2=-1))


def adjoint(m: np.ndarray) -> np.ndarray:
    """Return the conjugate transpose."""
    return np.conj(np.swapaxes(m, -1, -2))


def diagonal(b: np.ndarray) -> np.ndarray:
    """Return the diagonal matrices of the last axis of ``b``."""
    return b[..., None] * np.eye(b.shape[-1])


def commutator(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``ab - ba``."""
    return a @ b - b @ a


def function_of(m: np.ndarray, function: Function) -> np.ndarray:
    """Return ``function`` of Hermitian matrices, on the spectrum."""
    values, vectors = np.linalg.eigh(m)
    return (vectors * function(values)[..., None, :]) @ adjoint(vectors)


def power_function(exponent: float) -> Function:
    """Return ``x ↦ sgn(x)|x|^exponent``."""
    return lambda x: np.sign(x) * np.abs(x) ** exponent


def absolute_power(exponent: float) -> Function:
    """Return ``x ↦ |x|^exponent``."""
    return lambda x: np.abs(x) ** exponent


def positive_power(exponent: float, level: float = 0.0) -> Function:
    """Return ``x ↦ (x - level)_+^exponent``."""
    return lambda x: np.maximum(x - level, 0) ** exponent


def draw_hermitian(rng: np.random.Generator, trials: int, n: int, *, is_complex: bool) -> np.ndarray:
    """Return Gaussian Hermitian matrices, real or complex, shape (trials, n, n)."""
    m = rng.standard_normal((trials, n, n))
    if is_complex:
        m = m + 1j * rng.standard_normal((trials, n, n))
    return (m + adjoint(m)) / 2


def draw_pairs(
    rng: np.random.Generator, trials: int, n: int, *, is_complex: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A, the eigenvalues b of the diagonal B, and A + B; A is 1e-2 to 1e2 as large as B, some nearly commute."""
    a = draw_hermitian(rng, trials, n, is_complex=is_complex)
    b = rng.standard_normal((trials, n)) * np.where(rng.random((trials, n)) < 0.2, 0.05, 1.0)
    off = np.where(np.arange(trials) % 3 == 0, 10.0 ** rng.uniform(-3, 0, trials), 1.0)[:, None, None]
    a = a * np.where(np.eye(n, dtype=bool), 1.0, off) * 10.0 ** rng.uniform(-2, 2, trials)[:, None, None]
    return a, b, a + diagonal(b)


def spectral_pair(x: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the eigenvalues x_j, a_i and the weights ``w_ij = |<u_j, v_i>|²``, axes (..., j, i)."""
    xs, u = np.linalg.eigh(x)
    values, v = np.linalg.eigh(a)
    return xs, values, np.abs(adjoint(u) @ v) ** 2


def bregman(x: np.ndarray, a: np.ndarray, q: float) -> np.ndarray:
    """Return ``D_q(X, A) = tr|X|^q - tr|A|^q - q tr A|A|^{q-2}(X - A)``."""
    size = (np.abs(np.linalg.eigvalsh(m)) ** q for m in (x, a))
    of_x, of_a = (np.sum(s, axis=-1) for s in size)
    return of_x - of_a - q * trace(function_of(a, power_function(q - 1)) @ (x - a))


def dual_side(x: np.ndarray, a: np.ndarray, function: Function) -> np.ndarray:
    """Return ``Σ w_ij f(x_j - a_i)``."""
    xs, values, weights = spectral_pair(x, a)
    return np.sum(weights * function(xs[..., :, None] - values[..., None, :]), axis=(-2, -1))


def dirichlet_weights(a: np.ndarray) -> np.ndarray:
    """Return ``m_kl = |A_kl|²``, zero on the diagonal, which never counts."""
    return np.abs(a) ** 2 * (1 - np.eye(a.shape[-1]))


def first_excess(b: np.ndarray, nu: float) -> np.ndarray:
    """Return ``E_1`` of the proof for 6 ≤ p ≤ 8, axes (..., k, l)."""
    bk, bl = b[..., :, None], b[..., None, :]
    phi_k, phi_l = np.abs(bk) ** (4 - 2 * nu), np.abs(bl) ** (4 - 2 * nu)
    return 1.5 * (phi_k - phi_l) * (bk**2 - bl**2) + (bk * phi_k - bl * phi_l) * (bk - bl)


def second_excess(b: np.ndarray, nu: float) -> np.ndarray:
    """Return ``E_2`` of the proof for 6 ≤ p ≤ 8, axes (..., k, l); b without zeros."""
    bk, bl = np.abs(b[..., :, None]), np.abs(b[..., None, :])
    phi_k, phi_l = bk ** (4 - 2 * nu), bl ** (4 - 2 * nu)
    gap = bk**2 - bl**2
    same = np.abs(gap) <= 1e-12 * (bk**2 + bl**2)
    quotient = np.where(same, nu * bk ** (2 * nu - 2), (bk ** (2 * nu) - bl ** (2 * nu)) / np.where(same, 1.0, gap))
    return nu * phi_k**2 * bk ** (2 * nu - 2) + nu * phi_l**2 * bl ** (2 * nu - 2) - 2 * phi_k * phi_l * quotient


def smallest_dual_ratio(
    rng: np.random.Generator, n: int, p: float, starts: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the smallest ``Σ w_ij|x_j - a_i|^p / tr|B|^p`` that local minimisation finds, with its A and b."""

    def split(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a = v[: n * n].reshape(n, n)
        return (a + a.T) / 2, v[n * n :]

    def ratio(v: np.ndarray) -> float:
        a, b = split(v)
        return float(dual_side(a + np.diag(b), a, absolute_power(p)) / np.sum(np.abs(b) ** p))

    best = math.inf, np.zeros((n, n)), np.zeros(n)
    for _ in range(starts):
        found = minimize(ratio, rng.standard_normal(n * n + n), method="L-BFGS-B", options={"maxiter": 60})
        if found.fun < best[0]:
            best = (float(found.fun), *split(found.x))
    return best
