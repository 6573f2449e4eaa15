"""The excess of bias-corrected averaging weights over their limit."""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["bias_correction_excess"]


@lru_cache(maxsize=256)
def bias_correction_excess(moment_order: float) -> float:
    """Return J with ``(1/K)Σ_{k<K} A_k ≤ κ_θ (1 + J/(θK))`` for bias-corrected momentum; J = π/2 + ln 2 at β = 2.

    With ``x = μ^{k+1}``, ``A_k = κ_θ f(x)``, ``f(x) = (1-x^β)^{1/β}/(1-x)``, which increases; the sum over k is at most
    the integral ``∫_0^1 (f(x)-1)/x dx = J`` over ``-ln μ ≥ θ``.

    Source
    ------
    T5 in docs/theory/stationarity.md (β = 2); the same proof for every β in [1, 2].

    Examples
    --------
    >>> abs(bias_correction_excess(2.0) - (math.pi / 2 + math.log(2))) < 1e-15
    True
    """
    beta = moment_order
    if beta == 1:
        return 0.0
    if beta == 2:
        return math.pi / 2 + math.log(2)
    from scipy.integrate import quad  # three quarters of the time that importing this package would take

    # numerics: x = 1 - y^β takes the singularity (1-x)^{1/β-1} out of the end x = 1
    half = quad(lambda x: _head(x, beta), 0, 0.5, epsabs=1e-13, epsrel=1e-13, limit=200)[0]
    top = 0.5 ** (1 / beta)
    rest = quad(lambda y: _tail(y, beta), 0, top, epsabs=1e-13, epsrel=1e-13, limit=200)[0]
    # rounded upwards by more than the quadrature error, so that it stays an upper bound
    return float(half + rest) * (1 + 1e-10)


def _head(x: float, beta: float) -> float:
    """Return (f(x) - 1)/x without cancellation at small x."""
    if x == 0:
        return 1.0
    return math.expm1(math.log1p(-(x**beta)) / beta - math.log1p(-x)) / x


def _tail(y: float, beta: float) -> float:
    gap = y**beta  # 1 - x
    if gap == 0:
        return float(beta * beta ** (1 / beta))
    x = 1 - gap
    # (1-x^β)^{1/β} y^{β-1} = (…/gap)^{1/β} y · y^{β-1}, and gap = y^β
    ratio = (-math.expm1(beta * math.log1p(-gap)) / gap) ** (1 / beta)
    return float(beta * (ratio - y ** (beta - 1)) / x)
