"""Momentum (D3), bias correction (heavy ball), look-ahead (T10) and recursive momentum (T12), as pure formulas."""

from __future__ import annotations

from typing import Any

from ..arrays import Array

__all__ = ["bias_corrected_theta", "exponential_average", "look_ahead_average", "recursive_average"]


def bias_corrected_theta(momentum: Any, k: Any) -> Any:
    """Return ``θ_k = (1 - μ)/(1 - μ^{k+1})``, with which D3 has the direction of heavy ball with parameter μ.

    Source
    ------
    D3 in docs/theory/descent.md.

    Examples
    --------
    >>> bias_corrected_theta(0.5, 0), round(bias_corrected_theta(0.5, 1), 12)
    (1.0, 0.666666666667)
    """
    return (1 - momentum) / (1 - momentum ** (k + 1))


def exponential_average(average: Array, gradient: Array, theta: Array) -> Array:
    """Return ``M_k = (1 - θ_k) M_{k-1} + θ_k G_k`` (D3)."""
    return (1 - theta) * average + theta * gradient


def recursive_average(average: Array, gradient: Array, previous_gradient: Array, theta: Array) -> Array:
    """Return ``M_k = G(X_k; ξ_k) + (1 - θ_k)(M_{k-1} - G(X_{k-1}; ξ_k))`` (T12)."""
    return gradient + (1 - theta) * (average - previous_gradient)


def look_ahead_average(average: Array, gradient: Array, tau: Array) -> Array:
    """Return ``(1 - τ_k) M_k + τ_k G_k`` (T10); the momentum itself stays as it is."""
    return (1 - tau) * average + tau * gradient
