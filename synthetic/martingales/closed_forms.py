"""Moments in closed form, or by a sum or a one-dimensional integral that converges to rounding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special, stats

from .norms import mean_of_powers, power

__all__ = [
    "chi_moment",
    "double_exponential",
    "independent_moment",
    "planar_moment",
    "quadratic_form_moment",
    "sign_sum_law",
]

Law = tuple[np.ndarray, np.ndarray]

_MOST_PRODUCTS = 1 << 16


def sign_sum_law(n: int) -> Law:
    """Return probabilities and values of ``|ε_1 + … + ε_n|`` for fair signs."""
    k = np.arange(n // 2, -1, -1)
    values = (n - 2 * k).astype(float)
    return stats.binom.pmf(k, n, 0.5) * np.where(values > 0, 2.0, 1.0), values


def independent_moment(levels: np.ndarray, laws: Sequence[Law], q: float, order: float) -> float | None:
    """Return ``E ‖(w_j X_j)_j‖_q^β`` for independent X_j >= 0 of finite laws.

    None unless a single level is positive, β = q, β = 2q, q is inf, all are whole numbers with q = 1 and equal levels,
    or there are at most 65536 combinations.

    Parameters
    ----------
    levels : array, shape (r,)
        w >= 0.
    laws : sequence of (probabilities, values)
        Law of each X_j.
    q, order : float
        q in [1, inf], β > 0.
    """
    top = float(levels.max(initial=0.0))
    if top == 0:
        return 0.0
    used = [(level / top, p, x) for level, (p, x) in zip(levels.tolist(), laws, strict=True) if level > 0]
    if math.isinf(q):
        found = _moment_of_maximum(used, order)
    elif order == q or len(used) == 1:
        found = math.fsum(w**order * mean_of_powers(p, x, order) for w, p, x in used)
    elif order == 2 * q:
        once = [w**q * mean_of_powers(p, x, q) for w, p, x in used]
        twice = math.fsum(w**order * mean_of_powers(p, x, order) for w, p, x in used)
        found = twice + math.fsum(once) ** 2 - math.fsum(one**2 for one in once)
    elif q == 1 and all(w == 1 and (x == np.round(x)).all() for w, _, x in used):
        found = _moment_of_whole_sum(used, order)
    elif math.prod(float(len(x)) for _, _, x in used) <= _MOST_PRODUCTS:
        weight, total = np.ones(1), np.zeros(1)
        for w, p, x in used:
            weight = (weight[:, None] * p).ravel()
            total = (total[:, None] + (w * x) ** q).ravel()
        found = mean_of_powers(weight, total, order / q)
    else:
        return None
    return power(top, order) * found


def _moment_of_maximum(used: list[tuple[float, np.ndarray, np.ndarray]], order: float) -> float:
    """Return ``E max_j (w_j X_j)^β``."""
    grid = np.unique(np.concatenate([w * x for w, _, x in used]))
    distribution = np.ones(len(grid))
    for w, p, x in used:
        by_value = np.argsort(x)
        below = np.concatenate([[0.0], np.cumsum(p[by_value])])
        # numerics: the grid holds these very products, so that comparing them is exact
        distribution *= below[np.searchsorted(w * x[by_value], grid, side="right")]
    return mean_of_powers(np.diff(distribution, prepend=0.0), grid, order)


def _moment_of_whole_sum(used: list[tuple[float, np.ndarray, np.ndarray]], order: float) -> float:
    """Return ``E (Σ_j X_j)^β`` for whole numbers X_j."""
    total = np.ones(1)
    for _, p, x in used:
        total = np.convolve(total, np.bincount(x.astype(int), weights=p))
    return mean_of_powers(total, np.arange(len(total), dtype=float), order)


def chi_moment(degrees: float, order: float) -> float:
    """Return ``E χ^order`` of the chi distribution with these degrees of freedom.

    Examples
    --------
    >>> chi_moment(4, 2)
    4.0
    """
    if order == 2:
        return float(degrees)
    return math.exp(order / 2 * math.log(2) + special.gammaln((degrees + order) / 2) - special.gammaln(degrees / 2))


def double_exponential(integrand: Callable[[np.ndarray], np.ndarray], length: float) -> float:
    """Return ``∫_0^length`` of a function analytic inside; powers at either end do no harm.

    The integrand gets the distance from 0, exact near 0. Trapezoidal rule after ``x = length/(1 + exp(-π sinh t))``.
    """
    previous, step = math.inf, 0.25
    for _ in range(6):
        t = np.arange(-4.4, 4.4 + step / 2, step)
        s = np.pi * np.sinh(t)
        x = length * special.expit(s)
        jacobian = length * special.expit(s) * special.expit(-s) * np.pi * np.cosh(t)
        total = step * math.fsum(integrand(x) * jacobian)
        if abs(total - previous) <= 1e-15 * abs(total):
            break
        previous, step = total, step / 2
    return total


def planar_moment(q: float, order: float, product_power: float, gap_power: float) -> float:
    """Return ``E ‖(cos θ, sin θ)‖_q^β`` for θ in (0, π/2) with density ∝ ``(cos θ sin θ)^a |cos 2θ|^b``.

    Two singular values with joint density ``(s_1 s_2)^a |s_1² - s_2²|^b`` times a function of ``s_1² + s_2²`` have this
    direction, independent of their length.

    Parameters
    ----------
    q, order : float
        q in [1, inf], β > 0.
    product_power, gap_power : float
        a and b.
    """

    def density(x: np.ndarray) -> np.ndarray:
        # numerics: relative to the largest value, at π/4, so that large a does not underflow
        return np.sin(2 * x) ** product_power * np.cos(2 * x) ** gap_power

    def norm(x: np.ndarray) -> np.ndarray:
        c, s = np.cos(x), np.sin(x)
        return np.ones_like(x) * c if math.isinf(q) else c * (1 + (s / c) ** q) ** (1 / q)

    quarter = math.pi / 4
    whole = double_exponential(density, quarter)
    return double_exponential(lambda x: density(x) * norm(x) ** order, quarter) / whole


def quadratic_form_moment(levels: np.ndarray, degrees: float, order: float) -> float | None:
    """Return ``E (Σ_j λ_j χ²_j)^{β/2}``, independent χ² with ``degrees`` of freedom each; None for β > 2 but 4.

    ``E Y^s = s/Γ(1-s) ∫ (1 - E e^{-tY}) t^{-s-1} dt`` for 0 < s < 1.

    Parameters
    ----------
    levels : array
        λ >= 0.
    degrees : float
        Degrees of freedom of each.
    order : float
        β.
    """
    top = float(np.max(levels, initial=0.0))
    if top == 0:
        return 0.0
    lam = levels[levels > 0] / top
    outer = power(math.sqrt(top), order)
    if (lam == 1).all():
        return outer * chi_moment(degrees * len(lam), order)
    mean = degrees * math.fsum(lam)
    if order == 2:
        return outer * mean
    if order == 4:
        return outer * (mean**2 + 2 * degrees * math.fsum(lam**2))
    if order > 2:
        return None
    s, step = order / 2, 0.25
    # numerics: in u = log t the integrand is analytic for |Im u| < π/2, where |E e^{-tY}| <= 1: the trapezoidal rule
    # with this step is exact to rounding. Below the first node 1 - E e^{-tY} is linear in t, above the last it is 1.
    u = np.arange(-45.0 - math.log(mean), 85.0, step)
    logs = sum(np.logaddexp(0.0, u + math.log(2 * level)) for level in lam)
    inside = math.fsum(-np.expm1(-degrees / 2 * logs) * np.exp(-s * u))
    below = mean * math.exp((1 - s) * u[0]) / math.expm1((1 - s) * step)
    above = math.exp(-s * u[-1]) / math.expm1(s * step)
    return outer * s / special.gamma(1 - s) * step * (below + inside + above)
