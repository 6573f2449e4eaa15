"""Judging means of random quantities against bounds, with errors that hold at every sample size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from schattor_theory.checks import check_positive, fail
from schattor_theory.errors import ParameterError
from synthetic.estimates import student_t_mean

from ..evidence import Verdict
from ..known import known
from .check import Context, Finding

__all__ = ["Case", "Sample", "judge", "log_e_value", "smallest_visible_excess", "worse_of"]

_BETS = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0])
_ROUNDING = 1e-12  # by which a computed value may pass a ceiling that is attained
_UNDECIDED = 1e-3  # probability with which the intervals of a check leave a true statement undecided, by t theory


def log_e_value(values: ArrayLike, bound: float) -> float:
    """Return the logarithm of an e-value against "independent values >= 0 have mean at most ``bound``".

    The average over bets λ in [0, 1] of ``Π(1 + λ(x_i/bound - 1))``: under the hypothesis each product has mean at most
    1, so the probability that the e-value reaches 1/α is at most α (Markov), for every sample size and every law of
    non-negative values, also with infinite variance, and also when one looks again after every value (Ville).

    Parameters
    ----------
    values : array_like, shape (n,)
        Independent values, >= 0.
    bound : float
        > 0.

    Raises
    ------
    ParameterError
        For a negative value or a bound that is not positive.

    Examples
    --------
    >>> log_e_value([1.0, 1.0, 1.0], 2.0) < 0 < log_e_value([3.0] * 20, 2.0)
    True
    """
    limit = check_positive("log_e_value", "bound", bound)
    x = np.asarray(values, dtype=float).ravel()
    if not (x >= 0).all():
        fail(ParameterError, "log_e_value", "values", "be numbers >= 0", float(x[~(x >= 0)][0]))
    growth = _BETS[:, None] * (x / limit - 1)[None, :]
    with np.errstate(divide="ignore"):
        capital = np.log1p(np.maximum(growth, -1.0)).sum(axis=1)
    top = float(capital.max())
    return top + math.log(float(np.exp(capital - top).mean())) if math.isfinite(top) else -math.inf


def smallest_visible_excess(n: int, error_rate: float) -> float:
    """Return the ratio mean/bound from which ``n`` values without spread are seen to exceed their bound."""
    # the bet λ = 1 alone, which is one in len(_BETS) of the average
    return math.exp((math.log(1 / error_rate) + math.log(len(_BETS))) / n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Independent values and the bound on their mean.

    Attributes
    ----------
    values : array, shape (R,)
        One number a run.
    bound : float or None
        None: the bound is not applicable, for the ``reason``.
    sense : {"upper", "lower", "equal"}
        Whether the mean is at most, at least or equal to the bound.
    ceiling : float
        A number no value exceeds if the statement is true; needed for "lower" and "equal".
    """

    values: NDArray[np.float64]
    bound: float | None
    sense: str = "upper"
    ceiling: float = math.inf
    reason: str = ""

    def log_evidence(self) -> float:
        """Return the logarithm of the e-value against the bound; infinite where one value alone refutes it."""
        bound = known(self.bound, "bound")
        ceiling = self.ceiling * (1 + _ROUNDING)
        if (self.values > ceiling).any() or (self.sense == "lower" and bound >= ceiling):
            return math.inf
        found = []
        if self.sense in ("upper", "equal"):
            found.append(log_e_value(self.values, bound))
        if self.sense in ("lower", "equal"):
            found.append(log_e_value(ceiling - self.values, ceiling - bound))
        # two tests at half the error rate each
        return max(found) - math.log(len(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One comparison: what makes it, and how it is labelled in tables."""

    key: Mapping[str, Any]
    sample: Callable[[Context], Sample]
    extra: Mapping[str, Any] = field(default_factory=dict)


def judge(context: Context, cases: Sequence[Case], subject: str, **data: Any) -> Finding:
    """Return the finding on all cases together.

    *violated*: the e-value of a case reaches its share of the error rate, and reaches it again with a fresh seed and
    ten times the samples; one such case is enough, and the others are not drawn again. *holds*: for every case the t
    interval of the mean, 99.9 % for all cases together, lies on the right side of the bound. Between the two:
    *inconclusive*. Cases without an applicable bound are left out, and said so.
    """
    threshold = -math.log(context.error_rate / max(1, len(cases)))
    rows, skipped, confirmed, open_cases = [], [], None, []
    for case in cases:
        sample = case.sample(context)
        if sample.bound is None:
            skipped.append({**case.key, "reason": sample.reason})
            continue
        row = _row(case, sample, level=1 - _UNDECIDED / len(cases))
        rows.append(row)
        if sample.log_evidence() >= threshold and confirmed is None:
            second = case.sample(context.again())
            again = second.log_evidence() if second.bound is not None else -math.inf
            row["verdict"] = Verdict.VIOLATED.value if again >= threshold else Verdict.INCONCLUSIVE.value
            if again >= threshold:
                confirmed = _witness(context, case, sample, second)
        if row["verdict"] == Verdict.INCONCLUSIVE.value:
            open_cases.append(row)
    if not rows:
        return Finding(verdict=Verdict.NOT_APPLICABLE, detail=f"{subject}: {_reasons(skipped)}", data=data)
    verdict = Verdict.VIOLATED if confirmed else Verdict.INCONCLUSIVE if open_cases else Verdict.HOLDS
    visible = smallest_visible_excess(max(r["n"] for r in rows), context.error_rate / len(cases))
    words = f"{subject}: {len(rows)} comparisons, ratio to the bound at most {max(r['ratio'] for r in rows):.3g}; "
    words += f"a ratio of {visible:.2f} would be seen in values without spread."
    if open_cases:
        words += f" Undecided: {len(open_cases)}."
    if skipped:
        words += f" Not applicable: {len(skipped)} ({_reasons(skipped)})."
    return Finding(
        verdict=verdict,
        detail=words,
        margin=min(r["margin"] for r in rows),
        witness=confirmed,
        data={"rows": rows, "skipped": skipped, **data},
    )


def worse_of(first: Finding, second: Finding) -> Finding:
    """Return the worse of two findings, with the words and data of both."""
    order = (Verdict.VIOLATED, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.HOLDS)
    worse = min((first, second), key=lambda finding: order.index(finding.verdict))
    margins = [finding.margin for finding in (first, second) if finding.margin is not None]
    return Finding(
        verdict=worse.verdict,
        detail=f"{first.detail} {second.detail}",
        margin=min(margins, default=None),
        witness=worse.witness,
        data={**first.data, **second.data},
    )


def _row(case: Case, sample: Sample, *, level: float) -> dict[str, Any]:
    bound = float(sample.bound or 0.0)
    estimate = student_t_mean(sample.values, level=level)
    # values without spread that meet the bound up to rounding are on the right side of it
    tolerance = 1e-9 * abs(bound)
    is_right = {
        "upper": estimate.high <= bound + tolerance,
        "lower": estimate.low >= bound - tolerance,
        "equal": estimate.low - tolerance <= bound <= estimate.high + tolerance,
    }
    ratio = estimate.value / bound if bound else math.inf
    gap = {"upper": 1 - ratio, "lower": ratio - 1, "equal": -abs(1 - ratio)}[sample.sense]
    if sample.sense == "equal":
        half = max(estimate.high - estimate.value, tolerance)
        gap = 1 - abs(estimate.value - bound) / half
    return {
        **case.key,
        **case.extra,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "bound": bound,
        "ratio": ratio,
        "ratio_low": estimate.low / bound if bound else math.inf,
        "ratio_high": estimate.high / bound if bound else math.inf,
        "sense": sample.sense,
        "n": int(sample.values.size),
        "margin": gap,
        "verdict": Verdict.HOLDS.value if is_right[sample.sense] else Verdict.INCONCLUSIVE.value,
    }


def _witness(context: Context, case: Case, first: Sample, second: Sample) -> dict[str, Any]:
    return {
        "seed": context.seed,
        "check": context.check,
        "case": dict(case.key),
        "bound": first.bound,
        "sense": first.sense,
        "mean": float(first.values.mean()),
        "n": int(first.values.size),
        "log_e_value": first.log_evidence(),
        "mean_again": float(second.values.mean()),
        "n_again": int(second.values.size),
        "log_e_value_again": second.log_evidence(),
    }


def _reasons(skipped: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(dict.fromkeys(str(entry["reason"]).rstrip(".") for entry in skipped)) or "no case"
