"""Comparison with bounds and expectations: what must be refuted, and what must never be called a pass."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from proofs_checks.evidence import Verdict
from proofs_checks.scaling.analysis import analyse
from proofs_checks.scaling.columns import rows_of
from proofs_checks.scaling.compare import compare_with_bound, moment_rate, ratio_to_bound
from proofs_checks.scaling.series import points_of
from proofs_checks.scaling.study_file import read_study
from synthetic.seeds import Streams

BOUND = 2.0


def table(study, work, **changes) -> pa.Table:
    """Return the rows of a study whose columns are changed: a value, or a function of the columns."""
    tables = []
    for cell in study.cells():
        columns = dict(work(cell))
        for name, change in changes.items():
            columns[name] = change(columns) if callable(change) else change
        tables.append(rows_of(cell, columns))
    return pa.concat_tables(tables)


def verdicts(rows: pa.Table) -> set[Verdict]:
    return {comparison.verdict for comparison in compare_with_bound(list(points_of(rows)))}


def test_a_bound_above_the_runs_holds_and_the_ratio_is_theirs(study, work) -> None:
    found = compare_with_bound(list(points_of(table(study, work))))
    assert {c.verdict for c in found} == {Verdict.HOLDS}
    flat = [c.ratio for c in found if c.key["p"] == "2"]
    assert all(r is not None and r.value == pytest.approx(0.1, rel=0.02) and r.low < r.value < r.high for r in flat)


def test_refutes_a_bound_below_the_runs(study, work) -> None:
    """A planted error: a bound of half the mean."""
    rows = table(study, work, bound=lambda c: float(np.mean(c["stationarity_mean"])) / 2)
    assert verdicts(rows) == {Verdict.VIOLATED}
    assert analyse(rows, study).exit_code == 1
    assert "violated" in analyse(rows, study).words()


def test_a_bound_inside_the_interval_is_inconclusive(study, work) -> None:
    rows = table(study, work, bound=lambda c: float(np.mean(c["stationarity_mean"])))
    assert Verdict.VIOLATED not in verdicts(rows)
    assert Verdict.INCONCLUSIVE in verdicts(rows)


@pytest.mark.parametrize("bound", [BOUND, 1e-3])
def test_estimated_constants_are_never_a_pass_nor_a_violation(study, work, bound: float) -> None:
    rows = table(study, work, constants="estimated", bound=bound)
    assert verdicts(rows) == {Verdict.INCONCLUSIVE}
    assert "estimated constants" in analyse(rows, study).words()


def test_a_hypothesis_that_fails_is_not_applicable(study, work) -> None:
    rows = table(study, work, bound=None, bound_status="not_applicable", bound_reason="no second moment")
    found = compare_with_bound(list(points_of(rows)))
    assert {c.verdict for c in found} == {Verdict.NOT_APPLICABLE}
    assert {c.reason for c in found} == {"no second moment"}


def test_a_bound_is_compared_with_the_statistic_it_bounds(study, work) -> None:
    def square(columns):
        return 1.1 * float(np.max(columns["stationarity_mean"])) ** 2

    rows = table(study, work, bound_statistic="stationarity_squared_mean", bound=square)
    assert verdicts(rows) == {Verdict.HOLDS}
    mistaken = table(study, work, bound=square)
    assert Verdict.VIOLATED in verdicts(mistaken)


def test_runs_that_failed_keep_a_point_from_holding(study, work) -> None:
    def one_lost(columns):
        return np.array([math.nan, *columns["stationarity_mean"][1:]])

    rows = table(study, work, stationarity_mean=one_lost)
    assert verdicts(rows) == {Verdict.INCONCLUSIVE}
    analysis = analyse(rows, study)
    assert all(j.verdict is Verdict.INCONCLUSIVE for j in analysis.judgements)


@pytest.mark.slow
def test_a_heavy_tail_below_the_bound_is_seldom_called_a_violation() -> None:
    """Pareto index 1.3 with its mean on the bound: at level 1 - 2e-4 at most 1 in 1000 alarms; fails by chance 1e-8."""
    g = Streams("heavy").generator("tail")
    index = 1.3
    alarms = sum(
        ratio_to_bound(g.random(16) ** (-1 / index), index / (index - 1), level=1 - 2e-4).low > 1 for _ in range(4000)
    )
    assert alarms <= stats.binom.isf(1e-8, 4000, 1e-3)


def judged(text: str, study_work, expect: str) -> list[Verdict]:
    study = read_study(text[: text.index("[[expect]]")] + f'[[expect]]\narm = "main"\n{expect}\n')
    return [j.verdict for j in analyse(table(study, study_work), study).judgements]


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        ("p = 2\nequals = 0\nmargin = 0.02", Verdict.HOLDS),
        ("p = 2\nequals = 0.1\nmargin = 0.02", Verdict.VIOLATED),
        ("p = inf\nequals = 0.5\nmargin = 0.03", Verdict.HOLDS),
        ("p = inf\nequals = 0\nmargin = 0.02", Verdict.VIOLATED),
        ("p = inf\nat_least = 0.4", Verdict.HOLDS),
        ("p = inf\nat_least = 0.6", Verdict.VIOLATED),
        ("p = 2\nat_most = 0.01", Verdict.HOLDS),
        ("p = inf\nat_most = 0.4", Verdict.VIOLATED),
        ("p = inf\nat_most = 'rate'", Verdict.VIOLATED),
        ("p = 2\nequals = 0\nmargin = 0.0001", Verdict.INCONCLUSIVE),
    ],
)
def test_expected_exponents_are_judged_by_their_intervals(text, work, expect: str, verdict: Verdict) -> None:
    assert judged(text, work, expect) == [verdict]


def test_an_idle_run_holds_nothing(text, work) -> None:
    def idle(cell):
        columns = dict(work(cell))
        return columns | {"stationarity_first": columns["stationarity_second_half_mean"]}

    assert judged(text, idle, "p = 2\nequals = 0\nmargin = 0.02") == [Verdict.INCONCLUSIVE]


def test_an_expectation_without_results_is_inconclusive(text, study) -> None:
    analysis = analyse(rows_of(study.cells()[0], {"status": "ok"}).slice(0, 0), study)
    assert [j.verdict for j in analysis.judgements] == [Verdict.INCONCLUSIVE]
    assert "0 of 16 cells" in analysis.words()


def test_the_rate_is_a_quarter_with_second_moments_and_nothing_without() -> None:
    assert moment_rate(2.0) == -0.25
    assert moment_rate(1.5) == pytest.approx(-0.2)
    assert moment_rate(1.0) == 0.0


def test_an_analysis_is_strict_json(study, work) -> None:
    record = analyse(table(study, work), study).to_record()
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again["exit_code"] == 0
    assert len(again["bounds"]) == 8
    assert {fit["label"] for fit in again["fits"]} == {"dimension-free", "power law"}
