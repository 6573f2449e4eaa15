"""Spectrum: singular values out against singular values in, and the power law through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .observation import Observation, cut

__all__ = ["PowerLaw", "curve_of", "exponent_of", "leading_count", "power_law"]


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """``s_out = c s_in^e`` with a factor of its own for each observation.

    Attributes
    ----------
    slope, error : float
        e and its standard error; inf where only the largest singular value is left.
    residual : float
        Root mean square of what is left, over that of ``s_out``.
    """

    slope: float
    error: float
    residual: float


def curve_of(seen: Sequence[Observation]) -> dict[str, list[float]]:
    """Return ``s_in/‖G‖_F`` and ``s_out`` over the observation's own largest, for a figure."""
    x: list[float] = []
    y: list[float] = []
    for one in seen:
        x += [float(v) for v in one.s_in / one.gradient_norm]
        y += [float(v) for v in one.s_out]
    return {"s_in": x, "s_out": y, "sizes": [float(len(one.s_in)) for one in seen]}


def power_law(seen: Sequence[Observation]) -> PowerLaw:
    """Return the power law by least squares in the logarithm, each value weighted as its absolute error asks."""
    kept = [cut(one) for one in seen]
    kept = [(s, d) for s, d in kept if len(s) > 1]
    top_only = _top_only(kept)
    tops, bottoms, pieces = 0.0, 0.0, []
    for s, d in kept:
        positive = d > 1e-3 * np.max(np.abs(d))
        if np.sum(positive) < 2:
            continue
        x, y, weight = np.log(s[positive]), np.log(d[positive]), (d[positive] / np.max(d)) ** 2
        x0, y0 = np.average(x, weights=weight), np.average(y, weights=weight)
        tops += float(np.sum(weight * (x - x0) * (y - y0)))
        bottoms += float(np.sum(weight * (x - x0) ** 2))
        pieces.append((s, d))
    if top_only <= 0.02 or bottoms == 0:
        return PowerLaw(slope=math.inf, error=0.0, residual=top_only)
    slope = tops / bottoms
    left, total, count = 0.0, 0.0, 0
    for s, d in pieces:
        model = (s / s[0]) ** slope
        model = model * (np.sum(model * d) / np.sum(model * model))
        top = np.max(np.abs(d))
        left, total, count = (
            left + float(np.sum(((d - model) / top) ** 2)),
            total + float(np.sum((d / top) ** 2)),
            count + len(d),
        )
    freedom = max(count - len(pieces) - 1, 1)
    error = math.sqrt(left / freedom / bottoms)
    return PowerLaw(slope=slope, error=error, residual=math.sqrt(left / total))


def _top_only(kept: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the share of s_out that lies beyond the largest singular value, those equal to it included."""
    left = total = 0.0
    for s, d in kept:
        is_top = s >= s[0] * (1 - 1e-9)
        left, total = left + float(np.sum(d[~is_top] ** 2) / np.max(d**2)), total + float(np.sum(d**2) / np.max(d**2))
    return math.sqrt(left / total) if total > 0 else math.inf


def exponent_of(law: PowerLaw, resolution: float) -> tuple[float, tuple[float, float]]:
    """Return p with ``e = 1/(p-1)``, as the simplest fraction in the interval that the error leaves, and the interval.

    p = inf where a slope of zero lies within; NaN where the slope is negative beyond its error.
    """
    if math.isinf(law.slope):
        return 1.0, (1.0, 1.0)
    margin = max(4 * law.error, resolution)
    low, high = law.slope - margin, law.slope + margin
    if high < 0:
        return math.nan, (math.nan, math.nan)
    interval = (1 + 1 / high, 1 + 1 / low if low > 0 else math.inf)
    if low <= 0:
        return math.inf, interval
    for bottom in range(1, 13):
        top = math.ceil(interval[0] * bottom)
        if top <= interval[1] * bottom:
            return float(Fraction(top, bottom)), interval
    return 1 + 1 / law.slope, interval


def leading_count(seen: Sequence[Observation]) -> int | None:
    """Return how many singular values come out where it is as many of every matrix, and all of one size; or None."""
    counts = set()
    for one in seen:
        top = float(np.max(np.abs(one.s_out)))
        kept = np.abs(one.s_out) > 0.05 * top
        count = int(np.sum(kept))
        if not np.all(kept[:count]) or np.ptp(one.s_out[:count]) > 0.05 * top:
            return None
        if count < len(one.s_out):
            counts.add(count)
    return counts.pop() if len(counts) == 1 else None
