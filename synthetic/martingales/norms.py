"""Schatten norms of real and complex stacks, and moments that stay inside the float range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import schatten_norm

__all__ = ["gram", "mean_of_powers", "norms", "power", "spectral_norms"]


def norms(x: np.ndarray, q: float) -> np.ndarray:
    """Return ``‖x‖_q`` of each matrix of a real or complex stack (..., m, n), shape (...)."""
    if not np.iscomplexobj(x):
        return np.asarray(schatten_norm(np.asarray(x, dtype=float), q))
    scale = np.maximum(np.abs(x.real), np.abs(x.imag)).max(axis=(-2, -1), keepdims=True, initial=0.0)
    scaled = x / np.where(scale > 0, scale, 1.0)
    if q == 2:
        return scale[..., 0, 0] * np.sqrt((scaled.real**2 + scaled.imag**2).sum(axis=(-2, -1)))
    return scale[..., 0, 0] * spectral_norms(np.linalg.svd(scaled, compute_uv=False), q)


def spectral_norms(s: np.ndarray, q: float) -> np.ndarray:
    """Return the ℓ_q norm of each row of singular values (..., r), shape (...)."""
    top = s.max(axis=-1, initial=0.0)
    if math.isinf(q):
        return top
    # numerics: the largest value is divided out before the power
    ratios = s / np.where(top > 0, top, 1.0)[..., None]
    return top * (ratios**q).sum(axis=-1) ** (1 / q)


def gram(z: np.ndarray, side: str) -> np.ndarray:
    """Return ``ZZ*`` ("left") or ``Z*Z`` ("right") of each matrix of a stack."""
    adjoint = np.swapaxes(z.conj(), -1, -2)
    return z @ adjoint if side == "left" else adjoint @ z


def power(x: Any, order: float) -> Any:
    """Return ``x^order`` for x >= 0; an error where the power of the largest x leaves the float range."""
    base = np.asarray(x, dtype=float)
    top = float(base.max(initial=0.0))
    with np.errstate(over="ignore", under="ignore"):
        result = np.power(base, order)
        largest = float(np.power(top, order))
    if 0 < top < math.inf and not np.finfo(float).tiny <= largest < math.inf:
        way_out = f"The moment is of the size {top:g} to this power: choose scale nearer to 1."
        fail(ParameterError, "MatrixMartingale", "moment_order", "keep moments in the float range", order, way_out)
    return result if result.ndim else float(result)


def mean_of_powers(probabilities: np.ndarray, values: np.ndarray, order: float) -> float:
    """Return ``Σ_k p_k x_k^order``, added up exactly."""
    return math.fsum(np.asarray(probabilities) * power(values, order))
