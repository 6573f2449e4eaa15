"""Weights W for T4c: the one that a covariance gives, and one found by minimising the bound."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize

from synthetic.martingales import MatrixMartingale

__all__ = ["best_weight", "covariance_weight"]

_LARGEST = 12  # rows up to which the weight is optimised; each is a variable
_FLOOR = 1e-9  # relative eigenvalue below which a direction counts as outside the range of the differences
_STEPS = 60


def _eigen(martingale: MatrixMartingale) -> tuple[np.ndarray, np.ndarray] | None:
    covariance = martingale.covariance("left")
    if covariance is None:
        # without second moments (heavy tails) the coordinates are all there is to go by
        return np.ones(martingale.shape[0]), np.eye(martingale.shape[0])
    matrix = np.asarray(covariance)
    top = float(np.abs(matrix).max(initial=0.0))
    if top == 0:
        return np.ones(len(matrix)), np.eye(len(matrix))
    values, vectors = np.linalg.eigh(matrix / top)
    return np.where(values > _FLOOR * values[-1], values, 0.0), vectors


def _of_eigenvalues(values: np.ndarray, vectors: np.ndarray, s: float) -> np.ndarray:
    """Return the matrix with these eigenvalues, scaled to ``‖W‖_s = 1``."""
    top = float(values.max())
    ratios = values / top
    size = top * (1.0 if math.isinf(s) else float(np.sum(ratios[ratios > 0] ** s)) ** (1 / s))
    return np.asarray((vectors * (values / size)) @ vectors.conj().T)


def _weight_exponent(q: float, inner: float) -> float:
    gap = 1 / q - 1 / inner
    return math.inf if gap <= 1e-12 else 1 / gap


def covariance_weight(martingale: MatrixMartingale, q: float, order: float, inner: float) -> np.ndarray | None:
    """Return ``W = (Σ/‖Σ‖_{q/2})^{q/(2s)}`` for Σ the left covariance; the identity on its range when s is infinite."""
    found = _eigen(martingale)
    if found is None:
        return None
    values, vectors = found
    s = _weight_exponent(q, inner)
    power = 0.0 if math.isinf(s) else q / (2 * s)
    raw = np.where(values > 0, np.where(values > 0, values, 1.0) ** power, 0.0)
    return _of_eigenvalues(raw, vectors, s)


def best_weight(martingale: MatrixMartingale, q: float, order: float, inner: float) -> np.ndarray | None:
    """Return a weight with the eigenvectors of the left covariance whose bound a local search could not lower.

    Any W gives a valid bound, so an optimum that was missed costs sharpness and nothing else. At ``a = β = 2`` the
    weight of the covariance is optimal already; so is the identity when ``a = q``.
    """
    start = covariance_weight(martingale, q, order, inner)
    s = _weight_exponent(q, inner)
    if start is None or math.isinf(s) or (order == 2 and inner == 2) or len(start) > _LARGEST:
        return start
    values, vectors = np.linalg.eigh(start)
    inside = values > _FLOOR * values[-1]
    if inside.sum() < 2:
        return start

    def candidate(logs: np.ndarray) -> np.ndarray:
        spectrum = np.zeros(len(values))
        spectrum[inside] = np.exp(logs - logs.max())
        return _of_eigenvalues(spectrum, vectors, s)

    def objective(logs: np.ndarray) -> float:
        total = martingale.sum_of_moments(inner, order, weight=candidate(logs), side="left")
        return math.inf if total is None or not total > 0 else math.log(total)

    first = np.log(values[inside])
    if not math.isfinite(objective(first)):
        return start
    found = minimize(objective, first, method="L-BFGS-B", bounds=[(-12, 12)] * len(first), options={"maxiter": _STEPS})
    return candidate(found.x) if found.fun < objective(first) else start
