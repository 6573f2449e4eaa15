"""The family ``h_ε`` between two exponents that makes ``log K_q`` convex (T4a*), in floating point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from schattor_theory.geometry import exponents

from .hermitian_pairs import function_of, trace

__all__ = ["Family", "integrated_exponent", "next_image", "shifted"]

_HALVINGS = 64


@dataclass(frozen=True, slots=True)
class Family:
    """The conjugate h of ``|y|^{p_0}/p_0 + ε|y|^{p_1}/p_1``; at q_0 = 1 the first term is the box ``|y| ≤ 1``.

    ``eps`` may be an array as long as what the functions are applied to.
    """

    low: float
    high: float
    eps: float | np.ndarray

    @property
    def exponents(self) -> tuple[float, float]:
        """Return p_0 (∞ at q_0 = 1) and p_1."""
        return exponents.dual_exponent(self.low), exponents.dual_exponent(self.high)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Return ``h'(x)``: the y with ``y^{p_0-1} + εy^{p_1-1} = |x|``, with the sign of x."""
        p0, p1 = self.exponents
        size = np.abs(np.asarray(x, dtype=float))
        top = (size / self.eps) ** (1 / (p1 - 1))
        if self.low == 1:
            return np.sign(x) * np.minimum(top, 1.0)
        low, high = np.zeros_like(top), np.minimum(top, size ** (1 / (p0 - 1)))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            is_below = middle ** (p0 - 1) + self.eps * middle ** (p1 - 1) < size
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        return np.sign(x) * (low + high) / 2

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return ``h(x)``."""
        p0, p1 = self.exponents
        y = np.abs(self.slope(x))
        first = 0.0 if self.low == 1 else y**p0 / p0
        return np.abs(x) * y - first - self.eps * y**p1 / p1

    def bregman(self, x: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return ``D_h(X, A)`` for stacks of Hermitian matrices."""
        of_x, of_a = (np.sum(self.value(np.linalg.eigvalsh(m)), axis=-1) for m in (x, a))
        return of_x - of_a - trace(function_of(a, self.slope) @ (x - a))

    def worst_scalar_ratio(self, constant: float, other: Family) -> float:
        """Return the largest ``d_h(a+b, a)/(constant · other(b))`` over a grid of numbers: at most 1."""
        sizes = np.geomspace(1e-2, 1e2, 97)
        a, b = sizes[:, None], -sizes[None, :]
        parts = self.value(a + b), -self.value(a), -self.slope(a) * b
        limit = constant * other.value(b)
        # numerics: where a is far larger than b the three parts cancel
        is_exact = sum(map(np.abs, parts)) * 64 * np.finfo(float).eps < 1e-10 * limit
        return float(np.max(np.where(is_exact, sum(parts) / limit, 0.0)))


def shifted(eps: float, constant_low: float, constant_high: float, high: float) -> float:
    """Return ``ε' = ε(K_0/K_1)^{p_1-1}`` of (9)."""
    return eps * (constant_low / constant_high) ** (exponents.dual_exponent(high) - 1)


def integrated_exponent(low: float, high: float, theta: float) -> tuple[float, float]:
    """Return q of (10), and the ratio of ``∫h_ε(x)ε^{κ-1}dε`` at x = 2 and x = 1, which is 2^q."""
    kappa = theta * (high - 1)
    # in u = log ε the integrand falls like exp(κu) and exp(-(q_1-1-κ)u): beyond the reach less than 1e-7 is left. The
    # step divides the shift of log ε that homogeneity asks for, so that the rule adds no error to the ratio.
    reach = 17 / min(kappa, high - 1 - kappa)
    step = math.log(2) * (high - low) / (high - 1) / 8
    logs = np.arange(-reach, reach, step)
    family = Family(low, high, np.exp(logs))
    once, twice = (float(np.sum(family.value(np.full(len(logs), x)) * np.exp(kappa * logs))) for x in (1.0, 2.0))
    return low + theta * (high - low), twice / once


def next_image(image: np.ndarray, x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return ``K(Z) = XZ - ZA``."""
    return x @ image - image @ a
