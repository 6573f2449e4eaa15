"""Schatten norms as cones: ``‖D‖_p = min √(‖W‖_a‖T‖_b)`` over ``[[W, D], [Dᵀ, T]] ⪰ 0``, where ``1/a + 1/b = 2/p``.

A block matrix that is positive semidefinite says ``D = W^{1/2} K T^{1/2}`` with a contraction K, and Hölder's
inequality bounds the norm. ``a, b`` in {1, 2, inf} are the trace, the Frobenius norm and the largest eigenvalue, and
their dual exponents are those of q: a point of the cone of p bounds ``‖D‖_p``, one of the cone of q bounds ``‖M‖_q``.
"""

from __future__ import annotations

import math
from typing import Any

import cvxpy as cp
import numpy as np

__all__ = ["CONE_EXPONENTS", "PARTS", "block", "dual_parts", "gauge", "part", "repaired"]

PARTS: dict[float, tuple[float, float]] = {
    1.0: (1, 1),
    4 / 3: (2, 1),
    2.0: (1, math.inf),
    4.0: (2, math.inf),
    math.inf: (math.inf, math.inf),
}
"""Exponents (a, b) of the two weights of the cone of p."""

CONE_EXPONENTS = tuple(PARTS)

_EPS = float(np.finfo(float).eps)


def dual_parts(p: float) -> tuple[float, float]:
    """Return the exponents (a', b') of the cone of the dual norm.

    Examples
    --------
    >>> dual_parts(4.0), dual_parts(1.0)
    ((2.0, 1.0), (inf, inf))
    """
    a, b = (math.inf if part == 1 else 1.0 if math.isinf(part) else 2.0 for part in PARTS[p])
    return a, b


def part(weight: Any, exponent: float) -> Any:
    """Return the norm of a positive semidefinite cvxpy matrix as an expression."""
    if exponent == 1:
        return cp.trace(weight)
    return cp.norm(weight, "fro") if exponent == 2 else cp.lambda_max(weight)


def block(w: Any, d: Any, t: Any) -> Any:
    """Return ``[[W, D], [Dᵀ, T]]`` as an expression."""
    return cp.bmat([[w, d], [d.T, t]])


def _size(weight: np.ndarray, exponent: float) -> float:
    if exponent == 1:
        return float(np.trace(weight))
    return float(np.linalg.norm(weight)) if exponent == 2 else float(np.linalg.eigvalsh(weight)[-1])


def repaired(w: np.ndarray, d: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(W + δI, T + δI)`` with the least δ that makes the block with D positive semidefinite, and rounding."""
    w, t = (w + w.T) / 2, (t + t.T) / 2
    whole = np.block([[w, d], [d.T, t]])
    values = np.linalg.eigvalsh(whole)
    shift = max(0.0, -float(values[0])) + 16 * len(whole) * _EPS * float(np.abs(values).max())
    return w + shift * np.eye(len(w)), t + shift * np.eye(len(t))


def gauge(w: np.ndarray, d: np.ndarray, t: np.ndarray, parts: tuple[float, float]) -> float:
    """Return an upper bound on the norm of D that the weights prove; it needs no singular value.

    Parameters
    ----------
    w, d, t : array, shapes (m, m), (m, n), (n, n)
        Need not be positive semidefinite: they are repaired first.
    parts : tuple of float
        The exponents (a, b).

    Examples
    --------
    >>> d = np.diag([3.0, 4.0])
    >>> round(gauge(d, d, d, PARTS[1.0]), 12), round(gauge(4 * np.eye(2), d, 4 * np.eye(2), PARTS[math.inf]), 12)
    (7.0, 4.0)
    """
    w, t = repaired(w, d, t)
    return math.sqrt(max(0.0, _size(w, parts[0])) * max(0.0, _size(t, parts[1])))
