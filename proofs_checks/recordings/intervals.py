"""Intervals for moments of sizes that may have heavy tails, valid at every sample size.

A lower end needs no assumption on the tail: it is the largest mean that an e-value refutes, also for an adapted
sequence and with infinite variance. No finite record bounds a mean from above without one (Bahadur and Savage 1956).
Here it is: independent sizes of one law, which above the threshold have a power-law tail *or a lighter one*, in the
sense that the excess of the logarithm is exponential or has an increasing failure rate. No interval uses a central
limit theorem.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from synthetic.estimates import Estimate
from synthetic.seeds import Streams

from ..empirical.samples import log_e_value

__all__ = ["TailIndex", "mean_low", "moment_interval", "moment_ratio_low", "root", "tail_index"]

FRACTIONS = (0.1, 0.05)
"""Shares of the largest sizes that are looked at as a tail."""

LEAST_TAIL = 10
"""Number of sizes in a tail below which it is not looked at."""

_SHAPE_LEVEL = 0.01  # at which a tail is called lighter than a power law
_DRAWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class TailIndex:
    """Hill's index of the sizes with its interval, the hull of those of several thresholds.

    Attributes
    ----------
    value, low, high : float
        The index at the higher threshold; the hull. Under a power-law tail each interval is exact (a sum of log
        excesses is a gamma variable), so the hull has at least its level if one threshold is in the tail.
    n_tail : tuple of int
        Number of sizes above each threshold; empty where there are too few to say anything.
    lighter_p_value : float
        Of the hypothesis that the log excesses above the lowest threshold are exponential, against less spread. Small:
        the tail is lighter than a power law, and the index says nothing.
    """

    value: float
    low: float
    high: float
    level: float
    n_tail: tuple[int, ...]
    lighter_p_value: float

    @property
    def is_power_law(self) -> bool:
        """Return whether the record does not speak against a power law."""
        return bool(self.n_tail) and self.lighter_p_value > _SHAPE_LEVEL

    def contradicts_moment(self, order: float) -> bool:
        """Return whether a power law with a finite moment of this order is refuted at the level."""
        return self.is_power_law and self.high < order


def tail_index(sizes: np.ndarray, *, level: float) -> TailIndex:
    """Return Hill's tail index of positive sizes; (inf, 0, inf) where no tail can be looked at."""
    ordered = np.sort(sizes[sizes > 0])[::-1]
    found, counts = [], []
    for fraction in FRACTIONS:
        k = int(fraction * len(ordered))
        if k >= LEAST_TAIL:
            total = float(np.sum(np.log(ordered[:k] / ordered[k])))
            found.append(_index_interval(k, total, 1 - level))
            counts.append(k)
    if not found:
        return TailIndex(value=math.inf, low=0.0, high=math.inf, level=level, n_tail=(), lighter_p_value=1.0)
    excess = np.log(ordered[: counts[0]] / ordered[counts[0]])
    return TailIndex(
        value=found[-1][0],
        low=min(low for _, low, _ in found),
        high=max(high for _, _, high in found),
        level=level,
        n_tail=tuple(counts),
        lighter_p_value=_lighter_p_value(excess),
    )


def _index_interval(k: int, total: float, error: float) -> tuple[float, float, float]:
    """Return Hill's estimate and its exact interval: index × total is Gamma(k)."""
    if total == 0:
        return math.inf, math.inf, math.inf
    low, high = stats.gamma.ppf([error / 2, 1 - error / 2], k)
    return k / total, float(low) / total, float(high) / total


def _lighter_p_value(excess: np.ndarray) -> float:
    """Return the probability that exponential values are spread as little as these (Greenwood's statistic)."""
    total = float(excess.sum())
    if total == 0:
        return 0.0
    k = len(excess)
    drawn = Streams({"greenwood": k}).generator("tail").standard_exponential((_DRAWS, k))
    reference = np.sum((drawn / drawn.sum(axis=1, keepdims=True)) ** 2, axis=1)
    return float((1 + np.sum(reference <= np.sum((excess / total) ** 2))) / (1 + _DRAWS))


def mean_low(values: np.ndarray, *, error: float) -> float:
    """Return the largest m such that "the mean of these values ≥ 0 is at most m" is refuted at ``error``; or 0.

    Valid for values each of which has conditional mean at most m given those before it.
    """
    top = float(values.max(initial=0.0))
    if top == 0:
        return 0.0
    threshold = -math.log(error)
    low, high = 1e-12, 1.0  # in units of the largest value; a mean of values is never above it
    if log_e_value(values / top, low) < threshold:
        return 0.0
    while high > low * (1 + 1e-6):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if log_e_value(values / top, middle) >= threshold else (low, middle)
    return top * low


def _mean_high(powers: np.ndarray, order: float, *, error: float) -> float:
    """Return an upper end for the mean of ``size^order``; inf where the tail has too few values or may be too heavy.

    Given the (k+1)-th largest value u, the k above and the rest below are independent draws of the two conditional
    laws, and ``P(size > u)`` is Beta(k+1, N-k). Below u: empirical Bernstein (Maurer and Pontil 2009). Above u: the
    mean of a power law at the lower end of its index. A third of the error each.
    """
    n = len(powers)
    k = int(FRACTIONS[0] * n)
    if k < LEAST_TAIL:
        return math.inf
    ordered = np.sort(powers)[::-1]
    u, above, below = float(ordered[k]), ordered[:k], ordered[k + 1 :]
    if u == 0:  # no threshold in a law with so many zeros
        return 0.0 if ordered[0] == 0 else math.inf
    share = float(stats.beta.ppf(1 - error / 3, k + 1, n - k))
    log_term = math.log(6 / error)
    spread = math.sqrt(2 * float(np.var(below, ddof=1)) * log_term / len(below))
    body = min(u, float(below.mean()) + spread + 7 * u * log_term / (3 * (len(below) - 1)))
    total = float(np.sum(np.log(above / u)))
    rate = float(stats.gamma.ppf(error / 3, k)) / total if total > 0 else math.inf  # index/order of the powers
    if rate <= 1:
        return math.inf
    tail = u * (rate / (rate - 1) if math.isfinite(rate) else 1.0)
    return (1 - share) * body + share * tail


def moment_interval(sizes: np.ndarray, order: float, *, level: float, one_law: bool = True) -> Estimate:
    """Return ``E size^order`` with its interval; the upper end is withdrawn (inf) where there is no one law."""
    error = (1 - level) / 2
    powers = _powers(sizes, order)
    high = _mean_high(powers, order, error=error) if one_law else math.inf
    low = mean_low(powers, error=error)
    method = "e-value below; power-law tail or lighter above" if math.isfinite(high) else "e-value below; none above"
    return Estimate(float(powers.mean()), low, high, level, len(powers), method)


def moment_ratio_low(sizes: np.ndarray, order: float, *, level: float) -> float:
    """Return the largest κ for which ``E size^{2 order} ≤ κ (E size^order)²`` is refuted; 1 if there is none.

    No model of the tail: ``E X²`` has the lower end of an e-value, and for a law with ratio κ the mean is at most
    ``mean/(1 - √(2κ ln(2/error)/n))`` (lower tail of a sum of values ≥ 0).
    """
    powers = _powers(sizes, order)
    mean, half = float(powers.mean()), (1 - level) / 2
    if mean == 0:
        return 1.0
    second = mean_low(powers**2, error=half)

    def is_refuted(ratio: float) -> bool:
        short = math.sqrt(2 * ratio * -math.log(half) / len(powers))
        return short < 1 and second * (1 - short) ** 2 > ratio * mean**2

    low, high = 1.0, float(len(powers))
    if not is_refuted(low):
        return 1.0
    while high > low * (1 + 1e-6):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if is_refuted(middle) else (low, middle)
    return low


def root(estimate: Estimate, order: float, factors: tuple[float, float] = (1.0, 1.0)) -> Estimate:
    """Return the interval of ``(E size^order)^{1/order}``, widened by factors of its two ends."""
    value, low, high = (end ** (1 / order) for end in (estimate.value, estimate.low, estimate.high))
    return Estimate(value, low * factors[0], high * factors[1], estimate.level, estimate.n, estimate.method)


def _powers(sizes: np.ndarray, order: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        return sizes**order
