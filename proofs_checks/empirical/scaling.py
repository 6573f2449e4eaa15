"""T5's freedom from dimension: a small version of the shipped study, judged by its own expectations and by e-values."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import ParamSpec, TypeVar

import numpy as np

from ..evidence import Verdict
from ..scaling.analysis import Analysis
from ..scaling.plan import Arm, Study
from ..scaling.point import integer_at
from ..scaling.run import run_study
from ..scaling.series import Point
from ..scaling.shipped_studies import study_path
from ..scaling.study_file import load_study
from .check import Check, Context, Finding
from .samples import Case, Sample, judge, worse_of

__all__ = ["CHECKS", "small_study"]

T = TypeVar("T")
Arguments = ParamSpec("Arguments")

_REPEATS = 32
_DIMENSIONS = 4
_HORIZONS = {"positive": 120, "geometry": 120, "negative": 1000}
"""Arms of the shipped study and the horizon at which they run here."""

# at the quick level the negative control keeps the exponent at which it must grow; p = 2 is flat there as elsewhere
_DROPPED = {"negative": ("2", "4")}
_DROPPED_FULL = {"negative": ("4",)}


_WIDER = 2.0  # margins: with an eighth of the horizon the start is a larger part of the mean, and adds about .01


class _Here(Executor):
    """Runs each call at once in this process, which already is one of several workers."""

    def submit(
        self, function: Callable[Arguments, T], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[T]:
        """Return a future that is already done."""
        future: Future[T] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def small_study(
    seed: int, *, repeats: int = _REPEATS, is_full: bool = False, only: Mapping[str, object] | None = None
) -> Study:
    """Return three arms of ``dimension_free`` at four dimensions, on streams of their own for each seed.

    ``only`` keeps one arm, and one value of each axis that it names.
    """
    study = load_study(study_path("dimension_free"))
    kept = dict(only or {})
    names = [str(kept.pop("arm"))] if "arm" in kept else list(_HORIZONS)
    arms = [_shortened(study.arm(name), _HORIZONS[name], repeats, is_full) for name in names]
    for axis, value in kept.items():
        arms = [replace(arm, axes={**arm.axes, axis: tuple(v for v in arm.axes[axis] if v == value)}) for arm in arms]
    expectations = tuple(
        replace(found, margin=_WIDER * found.margin)
        for found in study.expectations
        if found.arm in names
        and not {str(p) for p in found.where.get("p", ("any",))} <= {*_dropped(found.arm, is_full)}
    )
    return replace(
        study, seed=study.seed + seed, arms=tuple(arms), expectations=expectations, block_size=repeats, scale="verify"
    )


def _dropped(arm: str, is_full: bool) -> tuple[str, ...]:
    return (_DROPPED_FULL if is_full else _DROPPED).get(arm, ())


def _shortened(arm: Arm, horizon: int, repeats: int, is_full: bool) -> Arm:
    dropped = _dropped(arm.name, is_full)
    axes = dict(arm.axes)
    axes["dimension"] = axes["dimension"][: _DIMENSIONS + (1 if is_full else 0)]
    axes["horizon"] = (horizon,)
    axes["p"] = tuple(p for p in axes["p"] if str(p) not in dropped)
    return replace(arm, axes=axes, repeats=repeats)


def _run(context: Context, only: Mapping[str, object] | None = None) -> Analysis:
    """Return the analysis of the small study; a second attempt has other streams and more repeats."""
    seed = context.seed + 1_000_003 * context.attempt
    repeats = _REPEATS * context.sample_factor
    study = small_study(seed, repeats=repeats, is_full=context.is_full, only=only)
    with tempfile.TemporaryDirectory(prefix="schattor-") as folder, _Here() as here:
        return run_study(study, folder, executor=here)[1]


def _point_case(point: Point) -> Case:
    """Compare one point of the study with its bound; a suspected violation runs this point again."""
    key = {"arm": point.arm, "p": point.key["p"], "dimension": point.key["dimension"]}

    def sample(context: Context) -> Sample:
        found = point
        if context.attempt:
            ((series, _),) = _run(context, only=key).pairs
            (found,) = series.members
        bound = found.first_number("bound")
        if bound is None:
            return Sample(values=np.zeros(0), bound=None, reason=str(found.first("bound_reason")))
        statistic = str(found.first("bound_statistic"))
        return Sample(values=np.asarray(found.rows[statistic], dtype=float), bound=bound)

    return Case(key=key, sample=sample)


def _expectations(context: Context, analysis: Analysis) -> Finding:
    """Return the finding on the exponents; a violated expectation has to be violated again on fresh seeds."""
    rows = []
    for judgement in analysis.judgements:
        exponent = judgement.exponent
        rows.append(
            {
                "arm": judgement.arm,
                "p": judgement.key.get("p"),
                "expected": judgement.expected,
                "exponent": None if exponent is None else exponent.value,
                "low": None if exponent is None else exponent.low,
                "high": None if exponent is None else exponent.high,
                "verdict": judgement.verdict.value,
            }
        )
    violated = [j for j in analysis.judgements if j.verdict is Verdict.VIOLATED]
    witness = None
    if violated:
        first = violated[0]
        again = _run(context.again(), only={"arm": first.arm, "p": first.key["p"]})
        if not any(j.verdict is Verdict.VIOLATED and j.key["p"] == first.key["p"] for j in again.judgements):
            violated = []
        else:
            witness = {"seed": context.seed, "check": context.check, "arm": first.arm, "p": first.key.get("p"),
                       "expected": first.expected, "found": first.reason}  # fmt: skip
    n_hold = sum(row["verdict"] == Verdict.HOLDS.value for row in rows)
    verdict = Verdict.VIOLATED if violated else Verdict.HOLDS if n_hold == len(rows) else Verdict.INCONCLUSIVE
    return Finding(
        verdict=verdict,
        detail=f"Exponents in the dimension: {n_hold} of {len(rows)} as expected.",
        witness=witness,
        data={"exponents": rows},
    )


def _dimension_free(context: Context) -> Finding:
    """Bounds and exponents of the small study: flat under N2, growing under N1 alone, 1/2 - 1/p in Frobenius units."""
    analysis = _run(context)
    if analysis.failures:
        failure = next(iter(analysis.failures.values()))
        message = f"{len(analysis.failures)} cells could not run, the first: {failure['cell']}: {failure['error']}"
        raise RuntimeError(message)
    points = [point for series, _ in analysis.pairs for point in series.members]
    bounds = judge(context, [_point_case(point) for point in points], "Study points against T5")
    curves = [
        {
            "arm": series.arm,
            "p": series.key["p"],
            "dimension": [integer_at(point.key, "dimension") for point in series.members],
            "mean": [float(np.mean(point.rows["stationarity_mean"])) for point in series.members],
            "bound": [point.first("bound") for point in series.members],
        }
        for series, _ in analysis.pairs
    ]
    finding = worse_of(bounds, _expectations(context, analysis))
    return replace(finding, data={**finding.data, "curves": curves})


CHECKS = (
    Check(
        statement="T5",
        name="small_study_is_free_of_the_dimension",
        kind="scaling",
        function=_dimension_free,
        cost=5.0,
        figure="dimension",
    ),
)
