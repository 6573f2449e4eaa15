"""From the rows of a study to its verdict: fits, expectations, bounds, and what could not run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ..evidence import Verdict
from .compare import Comparison, Judgement, compare_with_bound, describe, judge
from .fit import Fit, as_record, fit_power_law
from .plan import Study
from .series import Series, points_of, series_of

__all__ = ["Analysis", "analyse"]

FALSE_BENDS = 0.05
"""Probability that among power laws a study calls any *not a power law*; divided among its series."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything that a report of a study says.

    Attributes
    ----------
    pairs : tuple of (Series, Fit)
        Every series and its fit.
    judgements : tuple of Judgement
        Every exponent against what the study expects.
    comparisons : tuple of Comparison
        Every point against its bound.
    n_cells, n_done : int
        Cells of the study, and cells that have results.
    failures : mapping
        Digest of a cell that could not run to its label and error.
    damaged : sequence of str
        Parts that were set aside.
    """

    study: Study
    pairs: tuple[tuple[Series, Fit], ...]
    judgements: tuple[Judgement, ...]
    comparisons: tuple[Comparison, ...]
    n_cells: int
    n_done: int
    failures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    damaged: Sequence[str] = ()

    def count(self, verdict: Verdict, of: str) -> int:
        """Return how many ``judgements`` or ``comparisons`` have a verdict."""
        return sum(entry.verdict is verdict for entry in getattr(self, of))

    @property
    def violations(self) -> list[str]:
        """Return every violation in one line each."""
        exponents = [
            f"{j.arm} ({', '.join(f'{k}={v}' for k, v in j.key.items() if k in ('p', 'balance', 'noise') and v)}): "
            f"expected {j.expected}, {j.reason}"
            for j in self.judgements
            if j.verdict is Verdict.VIOLATED
        ]
        return exponents + [describe(c) for c in self.comparisons if c.verdict is Verdict.VIOLATED]

    @property
    def exit_code(self) -> int:
        """Return 1 for a violation, else 3 if a cell could not run, else 0."""
        return 1 if self.violations else 3 if self.failures else 0

    def words(self) -> str:
        """Return the verdict in words."""
        found = self.violations
        parts = [f"{len(found)} violated: {'; '.join(found)}." if found else "Nothing is violated."]
        if self.n_done < self.n_cells:
            parts.append(f"The study is unfinished: {self.n_done} of {self.n_cells} cells have results.")
        if self.judgements:
            hold, open_ = (self.count(v, "judgements") for v in (Verdict.HOLDS, Verdict.INCONCLUSIVE))
            parts.append(f"{hold} of {len(self.judgements)} expected exponents hold, {open_} are inconclusive.")
        parts.append(self._words_on_bounds())
        if self.failures:
            parts.append(f"{len(self.failures)} cells could not run.")
        return " ".join(part for part in parts if part)

    def _words_on_bounds(self) -> str:
        compared = [c for c in self.comparisons if c.ratio is not None]
        if not compared:
            return "No point has a bound to compare with."
        ratios = [c.ratio.value for c in compared if c.ratio is not None]
        span = f"ratio {min(ratios):.2g} to {max(ratios):.2g}"
        if any(c.constants != "exact" for c in compared):
            return f"The bound uses estimated constants, so no comparison with it is called a pass ({span})."
        n_hold = self.count(Verdict.HOLDS, "comparisons")
        left = len(self.comparisons) - len(compared)
        extra = f"; {left} points have no applicable bound" if left else ""
        return f"{n_hold} of {len(compared)} points lie below their bound ({span}){extra}."

    def to_record(self) -> dict[str, object]:
        """Return the analysis as strict JSON values."""
        return {
            "schema": 1,
            "study": self.study.name,
            "scale": self.study.scale,
            "statement": self.study.statement,
            "verdict": self.words(),
            "exit_code": self.exit_code,
            "cells": self.n_cells,
            "cells_done": self.n_done,
            "violations": self.violations,
            "failures": {key: dict(value) for key, value in self.failures.items()},
            "damaged": list(self.damaged),
            "fits": [
                as_record(fit, {"arm": series.arm} | dict(series.key))
                | {"bound_exponent": series.bound_exponent(fit.counted)}
                for series, fit in self.pairs
            ],
            "expectations": [
                {
                    "arm": j.arm,
                    **j.key,
                    "expected": j.expected,
                    "verdict": j.verdict.value,
                    "exponent": j.exponent.to_dict() if j.exponent else None,
                    "reason": j.reason,
                }
                for j in self.judgements
            ],
            "bounds": [
                {
                    "arm": c.arm,
                    **c.key,
                    "statistic": c.statistic,
                    "bound": c.bound,
                    "ratio": c.ratio.to_dict() if c.ratio else None,
                    "constants": c.constants,
                    "verdict": c.verdict.value,
                    "reason": c.reason,
                }
                for c in self.comparisons
            ],
        }


def analyse(
    table: pa.Table,
    study: Study,
    *,
    failures: Mapping[str, Mapping[str, str]] | None = None,
    damaged: Sequence[str] = (),
) -> Analysis:
    """Return the analysis of the rows there are.

    Parameters
    ----------
    table : pyarrow.Table
        Rows as in ``results.parquet``; an unfinished study has fewer.
    study : Study
        What was asked for.
    failures : mapping, optional
        Cells that could not run, by digest.
    damaged : sequence of str
        Parts that were set aside.
    """
    wanted = [(series, name) for series in series_of(table, study) for name in study.arm(series.arm).statistics]
    half_level = 1 - FALSE_BENDS / max(1, len(wanted))
    pairs = []
    for series, name in wanted:
        key = {k: v for k, v in series.key.items() if v is not None}
        seed = {"study": study.name, "arm": series.arm, "key": key, "statistic": name}
        fit = fit_power_law(
            series.points(name),
            against=series.against,
            margin=study.margin,
            alpha=study.alpha,
            half_level=half_level,
            seed=seed,
            statistic=name,
        )
        pairs.append((series, fit))
    comparisons = compare_with_bound(list(points_of(table)))
    judgements = [found for expectation in study.expectations for found in judge(expectation, pairs)]
    cells = study.cells()
    rows_a_cell = study.block_size
    failed = dict(failures or {})
    n_done = table.num_rows // rows_a_cell - len(failed)
    return Analysis(
        study, tuple(pairs), tuple(judgements), tuple(comparisons), len(cells), n_done, failed, tuple(damaged)
    )
