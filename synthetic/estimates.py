"""Estimates with intervals: Student-t, studentised and BCa bootstrap, median of means, Hoeffding.

An interval method is a function of the values alone (and, for a bootstrap, of the generator it is given). Each says in
its docstring when its level can be trusted; ``tests/synthetic/test_estimates.py`` checks the coverage on known truths.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from schattor_theory.checks import check_in_interval, check_integer, check_nonnegative, check_positive, fail
from schattor_theory.errors import NonFiniteError, ParameterError, ShapeError

from .plain import plain, read_number

__all__ = [
    "Estimate",
    "bca_contrast",
    "hoeffding_mean",
    "median_of_means",
    "student_t_contrast",
    "student_t_mean",
    "studentised_contrast",
]

Vector = NDArray[np.float64]

_CHUNK = 1 << 22  # numbers drawn at once by a bootstrap, so that memory stays below 64 MB


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated number and the interval that holds the true one with probability ``level``.

    Attributes
    ----------
    value, low, high : float
        The estimate and its interval, in the unit of the data.
    level : float
        Two-sided confidence level in (0, 1).
    n : int
        Number of independent values behind it.
    method : str
        The interval method.
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    method: str

    def contains(self, number: float) -> bool:
        """Return whether the interval holds ``number``."""
        return self.low <= number <= self.high

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate of ``factor`` times the number; the factor is known exactly and positive."""
        factor = check_positive("Estimate.scaled", "factor", factor)
        return Estimate(self.value * factor, self.low * factor, self.high * factor, self.level, self.n, self.method)

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Return the fields as strict JSON values: "inf" for an end that is infinite, None for NaN.

        Examples
        --------
        >>> Estimate(1.0, -math.inf, 2.0, 0.95, 8, "hoeffding").to_dict()["low"]
        '-inf'
        """
        return {name: plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Estimate:
        """Return the estimate that :meth:`to_dict` wrote.

        Raises
        ------
        ParameterError
            If a field is missing or unknown, or no number where there must be one.
        """
        call, names = "Estimate.from_dict", list(cls.__dataclass_fields__)
        if not isinstance(fields, Mapping) or set(fields) != set(names):
            fail(ParameterError, call, "fields", f"have the names {', '.join(names)}", fields)
        try:
            numbers = {name: read_number(fields[name]) for name in ("value", "low", "high", "level")}
        except (TypeError, ValueError):
            fail(ParameterError, call, "fields", 'hold numbers, "inf", "-inf" or None', fields)
        return cls(**numbers, n=int(fields["n"]), method=str(fields["method"]))


def _sample(call: str, values: ArrayLike, *, minimum: int, argument: str = "values") -> Vector:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size < minimum:
        fail(ShapeError, call, argument, f"be one row of at least {minimum} numbers", sample.shape)
    if not np.isfinite(sample).all():
        where = int(np.flatnonzero(~np.isfinite(sample))[0])
        way_out = "Leave out runs with a failed status first, and report how many."
        fail(NonFiniteError, call, f"{argument}[{where}]", "be finite", float(sample[where]), way_out)
    return sample


def _level(call: str, level: float) -> float:
    return check_in_interval(call, "level", level, 0.0, 1.0, include_low=False, include_high=False)


def student_t_mean(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the mean of ``values`` with its Student-t interval.

    The level is exact for normal values and close to it for values with a light tail; a mean of values without a
    second moment has no such interval (use :func:`median_of_means`).

    Parameters
    ----------
    values : array_like, shape (n,)
        Independent values, n >= 2.
    level : float
        Two-sided confidence level.

    Raises
    ------
    ShapeError, NonFiniteError
        If the values are not one row of at least two finite numbers.
    """
    sample = _sample("student_t_mean", values, minimum=2)
    return student_t_contrast([sample], [1.0], level=level)


def _groups(call: str, groups: Sequence[ArrayLike], weights: ArrayLike) -> tuple[list[Vector], Vector]:
    samples = [_sample(call, group, minimum=2, argument=f"groups[{j}]") for j, group in enumerate(groups)]
    factors = np.asarray(weights, dtype=np.float64)
    if factors.shape != (len(samples),) or not samples:
        fail(ShapeError, call, "weights", f"hold one number for each of the {len(samples)} groups", factors.shape)
    return samples, factors


def _contrast(samples: Sequence[Vector], weights: Vector) -> tuple[float, float]:
    """Return ``sum_j w_j mean_j`` and its standard error."""
    value = sum(w * float(np.mean(sample)) for w, sample in zip(weights, samples, strict=True))
    variance = sum(
        w**2 * float(np.var(sample, ddof=1)) / sample.size for w, sample in zip(weights, samples, strict=True)
    )
    return float(value), math.sqrt(variance)


def student_t_contrast(groups: Sequence[ArrayLike], weights: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return ``sum_j w_j E[group_j]`` with a t interval whose degrees of freedom are Welch and Satterthwaite's.

    The groups may have different variances. A slope of a regression on group means is such a contrast.
    """
    level = _level("student_t_contrast", level)
    samples, factors = _groups("student_t_contrast", groups, weights)
    value, error = _contrast(samples, factors)
    parts = [w**2 * float(np.var(s, ddof=1)) / s.size for w, s in zip(factors, samples, strict=True)]
    if error == 0.0:
        half = 0.0
    else:
        shares = sum((part / error**2) ** 2 / (s.size - 1) for part, s in zip(parts, samples, strict=True))
        half = error * float(stats.t.ppf(0.5 + level / 2, 1.0 / shares))
    n = sum(sample.size for sample in samples)
    return Estimate(value, value - half, value + half, level, n, "student-t")


def _resampled_contrasts(
    samples: Sequence[Vector], weights: Vector, n_resamples: int, rng: np.random.Generator
) -> tuple[Vector, Vector]:
    """Return the contrast and its standard error on each of ``n_resamples`` resamples within the groups."""
    value = np.zeros(n_resamples)
    variance = np.zeros(n_resamples)
    for weight, sample in zip(weights, samples, strict=True):
        rows = max(1, _CHUNK // sample.size)
        for start in range(0, n_resamples, rows):
            stop = min(start + rows, n_resamples)
            drawn = sample[rng.integers(0, sample.size, size=(stop - start, sample.size))]
            value[start:stop] += weight * drawn.mean(axis=1)
            variance[start:stop] += weight**2 * drawn.var(axis=1, ddof=1) / sample.size
    return value, np.sqrt(variance)


def studentised_contrast(
    groups: Sequence[ArrayLike],
    weights: ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 4000,
) -> Estimate:
    """Return ``sum_j w_j E[group_j]`` with its studentised bootstrap interval (bootstrap-t).

    Resamples are drawn within each group, so the groups may have different laws. Second-order accurate; with fewer
    than about eight values a group the percentiles of t* are themselves uncertain and the interval gets long.

    Parameters
    ----------
    groups : sequence of array_like, shapes (n_j,)
        Independent values, n_j >= 2.
    weights : array_like, shape (number of groups,)
        The contrast.
    rng : numpy.random.Generator
        Draws the resamples.
    level : float
        Two-sided confidence level.
    n_resamples : int
        Number of resamples.

    Source
    ------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 12.5.
    """
    call = "studentised_contrast"
    level = _level(call, level)
    n_resamples = check_integer(call, "n_resamples", n_resamples, minimum=100)
    samples, factors = _groups(call, groups, weights)
    value, error = _contrast(samples, factors)
    n = sum(sample.size for sample in samples)
    if error == 0.0:
        return Estimate(value, value, value, level, n, "studentised bootstrap")
    drawn, drawn_error = _resampled_contrasts(samples, factors, n_resamples, rng)
    usable = drawn_error > 0  # a resample that repeats one value in every group has no t
    t = (drawn[usable] - value) / drawn_error[usable]
    low, high = np.quantile(t, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(value, value - high * error, value - low * error, level, n, "studentised bootstrap")


def bca_contrast(
    groups: Sequence[ArrayLike],
    weights: ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 4000,
) -> Estimate:
    """Return ``sum_j w_j E[group_j]`` with its BCa bootstrap interval (bias-corrected and accelerated).

    The acceleration comes from the jackknife. With few values a group the interval is a little short, because the
    variance within a resample is ``(n - 1)/n`` of the true one; the studentised interval corrects that.

    Source
    ------
    Efron, Better bootstrap confidence intervals (1987); the several-sample acceleration is that of the contrast's
    empirical influence values.
    """
    call = "bca_contrast"
    level = _level(call, level)
    n_resamples = check_integer(call, "n_resamples", n_resamples, minimum=100)
    samples, factors = _groups(call, groups, weights)
    value, error = _contrast(samples, factors)
    n = sum(sample.size for sample in samples)
    if error == 0.0:
        return Estimate(value, value, value, level, n, "BCa bootstrap")
    drawn, _ = _resampled_contrasts(samples, factors, n_resamples, rng)
    influence = np.concatenate([w * (s - s.mean()) / (s.size - 1) for w, s in zip(factors, samples, strict=True)])
    acceleration = float(np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5))
    below = (np.sum(drawn < value) + 0.5 * np.sum(drawn == value)) / n_resamples
    bias = float(stats.norm.ppf(np.clip(below, 0.5 / n_resamples, 1 - 0.5 / n_resamples)))
    ends = []
    for tail in (0.5 - level / 2, 0.5 + level / 2):
        z = bias + float(stats.norm.ppf(tail))
        ends.append(float(stats.norm.cdf(bias + z / (1 - acceleration * z))))
    low, high = np.quantile(drawn, ends)
    return Estimate(value, float(low), float(high), level, n, "BCa bootstrap")


def _blocks_for(level: float) -> int:
    """Return the least odd k with ``P(Bin(k, 1/4) >= (k + 1)/2) <= 1 - level``."""
    k = 1
    while float(stats.binom.sf((k + 1) // 2 - 1, k, 0.25)) > 1 - level:
        k += 2
    return k


def median_of_means(
    values: ArrayLike, *, central_moment: float, moment_order: float = 2.0, level: float = 0.95
) -> Estimate:
    """Return the median of block means with an interval that needs only a moment of order in (1, 2].

    With ``E|X - EX|^b <= v`` a mean of N values is off by more than ``(4 2^(2-b) v)^(1/b) N^(1/b-1)`` with probability
    at most 1/4 (von Bahr and Esseen, then Markov); the median of k such means is, only if at least half of them are.
    The level is guaranteed at every sample size.

    Parameters
    ----------
    values : array_like, shape (n,)
        Independent values of one law; n at least the number of blocks the level needs.
    central_moment : float
        A known bound v on the central moment, in the unit of the data to the power b.
    moment_order : float
        The order b in (1, 2].
    level : float
        Two-sided confidence level.

    Raises
    ------
    ShapeError
        If there are fewer values than blocks.
    """
    call = "median_of_means"
    level = _level(call, level)
    order = check_in_interval(call, "moment_order", moment_order, 1.0, 2.0, include_low=False)
    moment = check_nonnegative(call, "central_moment", central_moment)
    k = _blocks_for(level)
    sample = _sample(call, values, minimum=k)
    size = sample.size // k
    means = sample[: k * size].reshape(k, size).mean(axis=1)
    value = float(np.median(means))
    half = (4 * 2 ** (2 - order) * moment) ** (1 / order) * size ** (1 / order - 1)
    return Estimate(value, value - half, value + half, level, int(sample.size), f"median of {k} means")


def hoeffding_mean(values: ArrayLike, *, lower: float, upper: float, level: float = 0.95) -> Estimate:
    """Return the mean of values that lie in [lower, upper], with Hoeffding's interval (guaranteed at every n).

    Raises
    ------
    ParameterError
        If a value lies outside the interval it was declared to lie in.
    """
    call = "hoeffding_mean"
    level = _level(call, level)
    sample = _sample(call, values, minimum=1)
    if not upper > lower:
        fail(ParameterError, call, "upper", f"be greater than lower={lower!r}", upper)
    outside = (sample < lower) | (sample > upper)
    if outside.any():
        value = float(sample[np.flatnonzero(outside)[0]])
        fail(ParameterError, call, "values", f"lie in [{lower:g}, {upper:g}]", value, "Declare the true range.")
    half = (upper - lower) * math.sqrt(math.log(2 / (1 - level)) / (2 * sample.size))
    mean = float(sample.mean())
    return Estimate(mean, max(lower, mean - half), min(upper, mean + half), level, int(sample.size), "hoeffding")
