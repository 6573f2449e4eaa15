"""Exponents: regression of log values on a log axis, equivalence to zero, and whether there is a power law at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schattor_theory.checks import check_choice, check_in_interval, fail
from schattor_theory.errors import ParameterError, ShapeError
from synthetic.estimates import Estimate, bca_contrast, student_t_contrast, studentised_contrast
from synthetic.seeds import Streams

__all__ = [
    "INTERVALS",
    "Fit",
    "Points",
    "equivalent",
    "exponent",
    "fit_power_law",
    "slope_weights",
]

INTERVALS = {"studentised": studentised_contrast, "bca": bca_contrast}
MINIMUM_POINTS = 4
MINIMUM_REPEATS = 4
MOVED = 1 / 3
"""A run has left its start when the mean of its second half is at most this share of its first stationarity."""

FREE_OF = {"dimension": "dimension-free", "width": "width-free", "blocks": "free of the number of blocks"}


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The values of one series along the axis of a fit.

    Attributes
    ----------
    x : array, shape (J,)
        Axis values, increasing.
    values : list of arrays
        One value for each repeat at each point, unit F/X.
    first, second_half : list of arrays, optional
        Stationarity at the start and its mean over the second half, to judge whether the runs moved.
    """

    x: NDArray[np.float64]
    values: Sequence[NDArray[np.float64]]
    first: Sequence[NDArray[np.float64]] | None = None
    second_half: Sequence[NDArray[np.float64]] | None = None

    def __post_init__(self) -> None:
        if len(self.x) != len(self.values):
            requirement = f"hold one array for each of {len(self.x)} axis values"
            fail(ShapeError, "Points", "values", requirement, len(self.values))
        if not (np.asarray(self.x) > 0).all() or not (np.diff(self.x) > 0).all():
            fail(ParameterError, "Points", "x", "be positive and increasing", list(self.x))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a series shows along an axis.

    Attributes
    ----------
    against : str
        The axis.
    label : str
        ``"inconclusive"``, ``"not a power law"``, ``"power law"``, or a name such as ``"dimension-free"``.
    reason : str
        The label in a sentence.
    exponent, lower_half, upper_half : Estimate or None
        Exponents on the whole range and on its halves; None when they could not be fitted.
    counted : array
        The axis values that count.
    n_masked : int
        Runs left out because their value is not a positive finite number.
    statistic : str
        The column whose exponent it is.
    """

    against: str
    label: str
    reason: str
    exponent: Estimate | None
    lower_half: Estimate | None
    upper_half: Estimate | None
    counted: NDArray[np.float64]
    n_masked: int
    logs: Sequence[NDArray[np.float64]] = field(repr=False, default=())
    seed: object = field(repr=False, default=0)
    method: str = "studentised"
    statistic: str = "stationarity_mean"

    def interval(self, level: float) -> Estimate:
        """Return the exponent on the whole range with its interval at another level."""
        return exponent(self.counted, self.logs, level=level, method=self.method, seed=self.seed)


def slope_weights(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights w with ``slope = sum_j w_j mean(log values at x_j)`` of least squares on log x."""
    logs = np.log(x)
    centred = logs - logs.mean()
    return centred / np.sum(centred**2)


def exponent(
    x: NDArray[np.float64],
    logs: Sequence[NDArray[np.float64]],
    *,
    level: float = 0.95,
    method: str = "studentised",
    seed: object = 0,
) -> Estimate:
    """Return the exponent of ``value ~ x^exponent`` with a bootstrap interval over the repeats.

    The repeats of different points are independent, so the slope is a contrast of independent means; points may have
    different variances.

    Parameters
    ----------
    x : array, shape (J,)
        Axis values.
    logs : sequence of J arrays
        Logarithms of the values of each repeat.
    level : float
        Two-sided confidence level.
    method : {"studentised", "bca"}
        The bootstrap.
    seed : object
        Names the stream of the resamples.
    """
    check_choice("exponent", "method", method, INTERVALS)
    rng = Streams({"fit": seed, "method": method, "level": level}).generator("data")
    return INTERVALS[method](logs, slope_weights(np.asarray(x, dtype=float)), rng=rng, level=level)


def equivalent(
    logs: Sequence[NDArray[np.float64]], x: NDArray[np.float64], *, value: float, margin: float, alpha: float
) -> bool:
    """Return whether two one-sided t tests at level ``alpha`` both place the exponent within ``value ± margin``.

    The probability to say so when the exponent lies outside is at most alpha (Schuirmann 1987).
    """
    check_in_interval("equivalent", "alpha", alpha, 0.0, 0.5, include_low=False, include_high=False)
    found = student_t_contrast(logs, slope_weights(np.asarray(x, dtype=float)), level=1 - 2 * alpha)
    return value - margin <= found.low and found.high <= value + margin


def _usable(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.isfinite(values) & (values > 0)


def _has_moved(points: Points, j: int) -> bool:
    if points.first is None or points.second_half is None:
        return True
    usable = _usable(points.values[j])
    start, late = points.first[j][usable], points.second_half[j][usable]
    return bool(start.size) and bool(np.mean(late) <= MOVED * np.mean(start))


def _halves(n: int) -> tuple[slice, slice]:
    """Return the lower and the upper half of n points; an odd n shares the point in the middle."""
    size = (n + 1) // 2
    return slice(0, size), slice(n - size, n)


def _apart(a: Estimate, b: Estimate) -> bool:
    return a.low > b.high or b.low > a.high


def fit_power_law(
    points: Points,
    *,
    against: str = "dimension",
    margin: float = 0.02,
    alpha: float = 0.05,
    level: float = 0.95,
    half_level: float | None = None,
    method: str = "studentised",
    seed: object = 0,
    statistic: str = "stationarity_mean",
) -> Fit:
    """Return the exponent of a series, and whether it is a power law at all.

    A point counts only if its runs moved: an idle run has exponent zero whatever the method does. With fewer than
    four points that count the label is *inconclusive*. If the exponents of the lower and the upper half differ beyond
    their intervals the label is *not a power law*, whatever the exponent of the whole is.

    Parameters
    ----------
    points : Points
        The series.
    against : str
        Name of the axis.
    margin, alpha : float
        The exponent is called zero when two one-sided tests at ``alpha`` place it within ``±margin``.
    level : float
        Level of the interval of the whole range.
    half_level : float, optional
        Level of the intervals of the halves; ``level`` if not given. Among many series some halves differ by chance:
        1 - 0.05/n for n series keeps the probability of that below 5 % for all of them together.
    method : {"studentised", "bca"}
        The bootstrap of the intervals.
    seed : object
        Names the stream of the resamples.
    statistic : str
        Name of the values, for the record.
    """
    masks = [_usable(values) for values in points.values]
    n_masked = int(sum(mask.size - mask.sum() for mask in masks))
    moved = [_has_moved(points, j) for j in range(len(points.x))]
    keep = [j for j, mask in enumerate(masks) if moved[j] and mask.sum() >= MINIMUM_REPEATS]
    counted = np.asarray(points.x, dtype=float)[keep]
    logs = [np.log(points.values[j][masks[j]]) for j in keep]
    masked = f" {n_masked} runs without a positive finite value are left out." if n_masked else ""

    def result(
        label: str, reason: str, whole: Estimate | None, low: Estimate | None = None, high: Estimate | None = None
    ) -> Fit:
        return Fit(against, label, reason + masked, whole, low, high, counted, n_masked, logs, seed, method, statistic)

    if len(keep) < MINIMUM_POINTS:
        two = exponent(counted, logs, level=level, method=method, seed=seed) if len(keep) >= 2 else None
        return result("inconclusive", _too_few(points, moved, keep, against), two)
    whole = exponent(counted, logs, level=level, method=method, seed=seed)
    low, high = (
        exponent(counted[half], logs[half], level=half_level or level, method=method, seed={"of": seed, "half": name})
        for name, half in zip(("lower", "upper"), _halves(len(keep)), strict=True)
    )
    span = f"on {against} {counted[0]:g} to {counted[-1]:g}"
    idle = [f"{points.x[j]:g}" for j in range(len(points.x)) if not moved[j]]
    left_out = f" Not counted, because the runs did not leave their start: {against} {', '.join(idle)}." if idle else ""
    if _apart(low, high):
        reason = f"The exponent is {low.value:.3f} on the lower and {high.value:.3f} on the upper half {span}."
        return result("not a power law", reason + left_out, whole, low, high)
    if against in FREE_OF and equivalent(logs, counted, value=0.0, margin=margin, alpha=alpha):
        reason = f"The exponent is zero within ±{margin:g} at level {alpha:g} {span}."
        return result(FREE_OF[against], reason + left_out, whole, low, high)
    reason = f"The exponent is {whole.value:.3f} [{whole.low:.3f}, {whole.high:.3f}] {span}."
    return result("power law", reason + left_out, whole, low, high)


def _too_few(points: Points, moved: Sequence[bool], keep: Sequence[int], against: str) -> str:
    if len(points.x) < MINIMUM_POINTS:
        return f"Fewer than four values of {against} ({len(points.x)}): no exponent can be told."
    if not all(moved):
        idle = sum(not flag for flag in moved)
        return f"The runs did not leave their start at {idle} of {len(moved)} values of {against}."
    return f"Only {len(keep)} values of {against} have {MINIMUM_REPEATS} runs that ended well."


def as_record(fit: Fit, key: Mapping[str, object]) -> dict[str, object]:
    """Return the fit as strict JSON values."""
    return {
        **key,
        "statistic": fit.statistic,
        "against": fit.against,
        "label": fit.label,
        "reason": fit.reason,
        "exponent": fit.exponent.to_dict() if fit.exponent else None,
        "lower_half": fit.lower_half.to_dict() if fit.lower_half else None,
        "upper_half": fit.upper_half.to_dict() if fit.upper_half else None,
        "counted": [float(x) for x in fit.counted],
        "n_masked": fit.n_masked,
    }
