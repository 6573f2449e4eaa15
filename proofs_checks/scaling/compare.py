"""Comparing a study with the theory: each point with its bound, each exponent with what the study expects of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.estimates import Estimate, student_t_mean

from ..evidence import Verdict
from .axes import AXES
from .columns import axis_values
from .fit import Fit
from .plan import Expectation
from .series import Point, Series, spell

__all__ = ["Comparison", "Judgement", "compare_with_bound", "judge", "moment_rate", "ratio_to_bound"]

FALSE_VIOLATIONS = 1e-6
"""Probability that a whole study reports a violation of a bound that holds; divided among its points."""

CUT = 3.0
"""Values are cut at this multiple of the bound: a cut mean above the bound refutes it whatever the tail, and has a
variance where the value itself may have none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One point of the axes against its bound."""

    arm: str
    key: Mapping[str, object]
    statistic: str
    bound: float | None
    ratio: Estimate | None
    constants: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One exponent against what the study expects of it."""

    arm: str
    key: Mapping[str, object]
    expected: str
    exponent: Estimate | None
    verdict: Verdict
    reason: str


def ratio_to_bound(values: NDArray[np.float64], bound: float, *, level: float = 0.95) -> Estimate:
    """Return the mean of ``min(value, 3 bound)/bound`` with its t interval.

    Parameters
    ----------
    values : array, shape (R,)
        The statistic that the bound bounds, one value a run, unit of the bound.
    bound : float
        Its bound, positive.
    level : float
        Two-sided confidence level.
    """
    return student_t_mean(np.minimum(values / bound, CUT), level=level)


def compare_with_bound(points: Sequence[Point], *, level: float = 0.95) -> list[Comparison]:
    """Return the comparison of each point with its bound.

    *violated*: the lower end at a level that allows one false alarm in a million studies is above 1. *holds*: the
    upper end at ``level`` is at most 1, with exact constants only. A bound whose hypotheses fail is *not applicable*.
    """
    strict = 1 - 2 * FALSE_VIOLATIONS / max(1, len(points))
    return [_compare(point, level, strict) for point in points]


def _compare(point: Point, level: float, strict: float) -> Comparison:
    statistic = str(point.first("bound_statistic") or "stationarity_mean")
    constants = str(point.first("constants") or "exact")
    bound = point.bound

    def result(verdict: Verdict, reason: str, ratio: Estimate | None = None) -> Comparison:
        return Comparison(point.arm, point.key, statistic, bound, ratio, constants, verdict, reason)

    if point.first("bound_status") == "not_applicable":
        return result(Verdict.NOT_APPLICABLE, str(point.first("bound_reason") or ""))
    values = point.rows[statistic]
    usable = values[np.isfinite(values)]
    if bound is None or usable.size < 2:
        return result(Verdict.INCONCLUSIVE, f"{usable.size} of {values.size} runs ended well")
    ratio = ratio_to_bound(usable, bound, level=level)
    is_above = ratio_to_bound(usable, bound, level=strict).low > 1
    if constants != "exact":
        side = "above" if ratio.low > 1 else "below" if ratio.high <= 1 else "at"
        return result(Verdict.INCONCLUSIVE, f"estimated constants: the runs are {side} the estimated bound", ratio)
    if is_above:
        return result(Verdict.VIOLATED, "the mean is above the bound beyond its error", ratio)
    if usable.size < values.size:
        return result(Verdict.INCONCLUSIVE, f"{values.size - usable.size} runs did not end well", ratio)
    if ratio.high <= 1:
        return result(Verdict.HOLDS, "the mean is below the bound", ratio)
    return result(Verdict.INCONCLUSIVE, "the interval of the ratio holds 1", ratio)


def moment_rate(moment_order: float) -> float:
    """Return T5's exponent in K, ``-(b-1)/(3b-2)`` for moment order b."""
    return -(moment_order - 1) / (3 * moment_order - 2)


def judge(expectation: Expectation, pairs: Sequence[tuple[Series, Fit]]) -> list[Judgement]:
    """Return what each exponent that the expectation speaks of says about it."""
    found = [_judge(expectation, series, fit) for series, fit in pairs if _applies(expectation, series, fit)]
    if found:
        return found
    return [Judgement(expectation.arm, {}, _words(expectation, 0.0), None, Verdict.INCONCLUSIVE, "no such results yet")]


def _applies(expectation: Expectation, series: Series, fit: Fit) -> bool:
    if series.arm != expectation.arm or fit.statistic != expectation.statistic:
        return False
    for name, wanted in expectation.where.items():
        spelled = [axis_values({name: value})[name] for value in wanted]
        if name in series.key and series.key[name] not in spelled:
            return False
    return True


def _words(expectation: Expectation, value: float) -> str:
    if expectation.kind == "equals":
        return f"{value:g} ± {expectation.margin:g}"
    return f"{'at least' if expectation.kind == 'at_least' else 'at most'} {value:.4g}"


def _expected_value(expectation: Expectation, series: Series) -> float:
    if expectation.value != "rate":
        return float(expectation.value)
    orders = [point.first_number("moment_order") for point in series.members]
    return moment_rate(next((order for order in orders if order is not None), math.nan))


def _judge(expectation: Expectation, series: Series, fit: Fit) -> Judgement:
    value = _expected_value(expectation, series)
    words = _words(expectation, value)

    def result(verdict: Verdict, reason: str) -> Judgement:
        return Judgement(series.arm, series.key, words, fit.exponent, verdict, reason)

    if fit.exponent is None or fit.label == "inconclusive":
        return result(Verdict.INCONCLUSIVE, fit.reason)
    if fit.n_masked:
        return result(Verdict.INCONCLUSIVE, f"{fit.n_masked} runs are left out, which may favour the others")
    inner = fit.interval(1 - 2 * expectation.alpha)  # two one-sided statements at alpha each
    verdict = _verdict(expectation.kind, value, expectation.margin, inner, fit.exponent)
    shown = f"exponent {fit.exponent.value:.3f}, {100 * inner.level:.0f} % interval [{inner.low:.3f}, {inner.high:.3f}]"
    is_zero = expectation.kind == "equals" and value == 0.0
    if is_zero and fit.label == "not a power law" and verdict is Verdict.HOLDS:
        # a slope of zero over a bend says nothing: then each half has to be flat by itself
        halves = [half for half in (fit.lower_half, fit.upper_half) if half is not None]
        if not all(-expectation.margin <= half.low and half.high <= expectation.margin for half in halves):
            return result(Verdict.INCONCLUSIVE, fit.reason)
        shown += "; the halves differ, each within the margin"
    return result(verdict, shown)


def _verdict(kind: str, value: float, margin: float, inner: Estimate, outer: Estimate) -> Verdict:
    low, high = value - margin, value + margin
    if kind == "equals":
        if low <= inner.low and inner.high <= high:
            return Verdict.HOLDS
        return Verdict.VIOLATED if outer.low > high or outer.high < low else Verdict.INCONCLUSIVE
    if kind == "at_least":
        if inner.low >= value:
            return Verdict.HOLDS
        return Verdict.VIOLATED if outer.high < value else Verdict.INCONCLUSIVE
    if inner.high <= value:
        return Verdict.HOLDS
    return Verdict.VIOLATED if outer.low > value else Verdict.INCONCLUSIVE


def describe(comparison: Comparison) -> str:
    """Return the comparison in one line."""
    where = spell({name: comparison.key.get(name) for name in AXES})
    return f"{comparison.arm} ({where}): {comparison.verdict.value}, {comparison.reason}"
