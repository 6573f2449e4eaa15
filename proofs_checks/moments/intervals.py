"""Finite-sample intervals of a mean from streamed statistics, and proved ceilings of the moments they need.

No interval here rests on a limit theorem. Which one is used depends on what is *known* of the law, never on the data.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from schattor_theory.checks import check_in_interval, check_nonnegative
from schattor_theory.errors import ParameterError
from synthetic.estimates import Estimate
from synthetic.martingales import MatrixMartingale

from ..known import known
from .stream import Statistics

__all__ = [
    "CentralMoment",
    "central_moment_ceiling",
    "empirical_bernstein",
    "exact_law",
    "finite_sample_interval",
    "groups_for",
    "median_of_means",
    "no_interval",
]

# sums of these have independent, equally distributed Gaussian columns
_INDEPENDENT_COLUMNS = ("ginibre", "row_covariance")
_HEAVY_SHARES = (0.98, 0.95, 0.9, 0.8, 0.7, 0.5)  # how far towards the tail index the order of a moment is taken


def exact_law(value: float) -> Estimate:
    """Return the estimate of a moment that is known: its interval has no width."""
    return Estimate(value, value, value, 1.0, 0, "exact law")


def empirical_bernstein(statistics: Statistics, *, ceiling: float, level: float) -> Estimate:
    """Return the mean of values in [0, ceiling] with the empirical Bernstein interval, guaranteed at every n.

    ``|mean - μ| ≤ √(2 V ln(4/δ)/n) + 7 c ln(4/δ)/(3(n-1))`` with probability 1 - δ; V is the sample variance.

    Source
    ------
    Maurer and Pontil, Empirical Bernstein bounds and sample variance penalization (COLT 2009), theorem 4, each side.
    """
    level = check_in_interval("empirical_bernstein", "level", level, 0, 1, include_low=False, include_high=False)
    top = check_nonnegative("empirical_bernstein", "ceiling", ceiling)
    n, mean = statistics.count, statistics.mean
    if n < 2:
        return Estimate(mean, 0.0, top, level, n, "range")
    log = math.log(4 / (1 - level))
    half = math.sqrt(2 * statistics.variance * log / n) + 7 * top * log / (3 * (n - 1))
    return Estimate(mean, max(0.0, mean - half), min(top, mean + half), level, n, "empirical Bernstein")


@functools.cache
def groups_for(level: float) -> int:
    """Return the least odd k with ``P(Bin(k, 1/4) ≥ (k+1)/2) ≤ 1 - level``: the groups of a median of means."""
    k = np.arange(1, 2001, 2)
    fails = stats.binom.sf((k + 1) // 2 - 1, k, 0.25)
    return int(k[np.argmax(fails <= 1 - level)])


@dataclass(frozen=True, slots=True)
class CentralMoment:
    """A proved ceiling ``v ≥ E|x - Ex|^b``, b in (1, 2], and the name of its proof."""

    order: float
    value: float
    proof: str


def median_of_means(statistics: Statistics, moment: CentralMoment, *, level: float) -> Estimate:
    """Return the median of the group means with an interval that needs only the central moment, at every n.

    A mean of s values is off by more than ``(4 2^{2-b} v)^{1/b} s^{1/b-1}`` with probability at most 1/4 (von Bahr and
    Esseen, then Markov; at b = 2 Chebyshev); the median of k independent means is, only if half of them are.
    """
    k = len(statistics.group_sums)
    smallest = int(statistics.group_counts.min())
    method = f"median of {k} means ({moment.proof})"
    if smallest < 1 or groups_for(level) > k:
        return no_interval(statistics, f"{groups_for(level)} groups need as many trials")
    value = float(np.median(statistics.group_sums / statistics.group_counts))
    half = half_width(moment, smallest)
    return Estimate(value, max(0.0, value - half), value + half, level, statistics.count, method)


def finite_sample_interval(
    statistics: Statistics, *, ceiling: float, central: CentralMoment | str, level: float
) -> Estimate:
    """Return the interval that the law allows: empirical Bernstein below a ceiling, a median of means with a moment.

    Where both are possible each is made at half the error, so that they hold together, and the shorter one is taken.
    Where neither is, the interval is [0, inf).
    """
    if isinstance(central, str) and not math.isfinite(ceiling):
        return no_interval(statistics, central)
    if isinstance(central, str):
        return empirical_bernstein(statistics, ceiling=ceiling, level=level)
    if not math.isfinite(ceiling):
        return median_of_means(statistics, central, level=level)
    half = (1 + level) / 2
    both = (
        empirical_bernstein(statistics, ceiling=ceiling, level=half),
        median_of_means(statistics, central, level=half),
    )
    return min(both, key=lambda one: one.high - one.low)


def no_interval(statistics: Statistics, reason: str) -> Estimate:
    """Return the mean with the interval [0, inf): nothing is known that would give a shorter one."""
    return Estimate(statistics.mean, 0.0, math.inf, 1.0, statistics.count, f"none: {reason}")


def half_width(moment: CentralMoment, group_size: int) -> float:
    """Return the half width of a median of means over groups of this size."""
    b = moment.order
    return float((4 * 2 ** (2 - b) * moment.value) ** (1 / b) * group_size ** (1 / b - 1))


def central_moment_ceiling(
    martingale: MatrixMartingale, q: float, moment_order: float, *, group_size: int = 1000
) -> CentralMoment | str:
    """Return the proved central moment of ``‖S‖_q^β`` that gives the shortest interval, or why there is none.

    ``E|X - EX|^b ≤ 2^{2-b} E X^b`` for X >= 0 and b in [1, 2] (interpolation between b = 1 and b = 2), so that a
    ceiling of ``E‖S‖_q^s``, s = bβ, will do. For Gaussian sums Poincaré's inequality is sharper. The choice depends on
    the law and the number of trials, never on the data.
    """
    tail = float(martingale.tail_index)
    if tail <= moment_order:
        return f"E‖S‖^β need not be finite: the tail index is {tail:g}"
    # close to the tail index the moments blow up, far from it the interval shrinks slowly
    is_light = tail > 2 * moment_order
    orders = [2.0] if is_light else [1 + share * (tail / moment_order - 1) for share in _HEAVY_SHARES]
    options = _poincare(martingale, q, moment_order)
    for order in orders:
        found = _sum_moment_ceilings(martingale, q, order * moment_order)
        options += [CentralMoment(order, 2 ** (2 - order) * value, proof) for value, proof in found]
    options = [one for one in options if math.isfinite(one.value)]
    if not options:
        return "no moment of the differences is known"
    return min(options, key=lambda one: half_width(one, group_size))


def _rank_factor(martingale: MatrixMartingale, q: float) -> float:
    """Return the least f with ``‖M‖_q ≤ f ‖M‖_2`` at this shape."""
    return float(min(martingale.shape)) ** max(0.0, 1 / q - 0.5)


def _sum_moment_ceilings(martingale: MatrixMartingale, q: float, s: float) -> list[tuple[float, str]]:
    """Return ceilings of ``E‖S‖_q^s`` with their proofs; none of them is a T4 bound."""
    n, factor = martingale.n_steps, _rank_factor(martingale, q)
    found = []
    total = _moment(martingale, q, s)
    if total is not None:
        found.append((float(n) ** (s - 1) * total, "triangle and power means"))
    second = _moment(martingale, 2.0, 2.0)
    if second is not None and s <= 2:
        found.append(((factor**2 * second) ** (s / 2), "orthogonality in S_2"))
    own = _moment(martingale, 2.0, s) if s <= 2 and martingale.conditionally_symmetric else None
    if own is not None:
        # proof step: (‖A+Z‖^s + ‖A-Z‖^s)/2 ≤ (‖A‖² + ‖Z‖²)^{s/2} ≤ ‖A‖^s + ‖Z‖^s in S_2
        found.append((factor**s * own, "symmetric differences in S_2"))
    fourth = _moment(martingale, 2.0, 4.0) if 2 <= s <= 4 and martingale.tail_index > 4 else None
    if fourth is not None and fourth > 0:
        root = _fourth_moment_root(n, is_symmetric=martingale.conditionally_symmetric)
        # Jensen from order 4 down to s
        found.append(((factor * root * fourth**0.25) ** s, "fourth moments in S_2"))
    return found


def _moment(martingale: MatrixMartingale, q: float, order: float) -> float | None:
    """Return ``Σ E‖Z_i‖_q^order``; None where it is unknown, or leaves the float range (differences of 1e±150)."""
    try:
        found: float | None = martingale.sum_of_moments(q, order)
    except ParameterError:
        return None
    return found


def _fourth_moment_root(n: int, *, is_symmetric: bool) -> float:
    """Return u with ``(E‖S‖_2^4)^{1/4} ≤ u (Σ E‖Z_i‖_2^4)^{1/4}``.

    With ``M = max_i (E‖S_i‖^4)^{1/4}`` expanding ``(‖A‖² + 2<A, Z> + ‖Z‖²)²`` step by step gives
    ``M^4 ≤ 6M² Σz_i² + 4M Σz_i³ + Σz_i^4``, z_i = (E‖Z_i‖^4)^{1/4}; the sums of lower powers are at
    most ``√n`` and ``n^{1/4}`` times their power of the last (Hölder). The odd term vanishes for symmetric
    differences.
    """
    odd = 0.0 if is_symmetric else 4 * n**0.25
    roots = np.roots([1.0, 0.0, -6 * math.sqrt(n), -odd, -1.0])
    real = roots[np.abs(roots.imag) < 1e-9].real
    return float(real.max()) * (1 + 1e-9)


def _poincare(martingale: MatrixMartingale, q: float, moment_order: float) -> list[CentralMoment]:
    """Return the variance of ``‖S‖_q^β`` by Gaussian Poincaré, for Gaussian sums, 1 ≤ β ≤ 2.

    Let λ be the largest variance of S in a direction of S_2. As a function of standard normal numbers ``‖S‖_q`` is
    Lipschitz with constant ``L = f λ^{1/2}``. So ``Var‖S‖^β ≤ β²L² E‖S‖^{2β-2} ≤ β²L² (f² E‖S‖_2²)^{β-1}``.
    """
    spread = _gaussian_spread(martingale)
    if spread is None or not 1 <= moment_order <= 2:
        return []
    largest, total = spread
    factor = _rank_factor(martingale, q)
    value = moment_order**2 * factor**2 * largest * (factor**2 * total) ** (moment_order - 1)
    return [CentralMoment(2.0, value, "Gaussian Poincaré")]


def _gaussian_spread(martingale: MatrixMartingale) -> tuple[float, float] | None:
    """Return (largest variance in a direction, ``E‖S‖_2²``) of a Gaussian sum, or None for another law.

    Complex normals have half their variance in each of two real directions, so that these are ceilings for them.
    """
    series = martingale.series()
    if series is not None and "gaussian" in str(martingale.coefficients):
        flat = np.asarray(series).reshape(len(series), -1)
        top = float(np.abs(flat).max(initial=0.0)) or 1.0
        flat = flat / top
        gram = flat @ flat.conj().T
        return top**2 * max(float(np.linalg.eigvalsh(gram)[-1]), 0.0), top**2 * float(np.trace(gram).real)
    if martingale.name in _INDEPENDENT_COLUMNS:
        covariance = known(martingale.covariance("left"), "covariance")
        largest = float(np.linalg.eigvalsh(covariance)[-1]) / martingale.shape[1]
        return max(largest, 0.0), float(np.trace(covariance).real)
    return None
