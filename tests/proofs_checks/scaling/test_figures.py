"""Figures: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from proofs_checks.scaling import figures
from proofs_checks.scaling.columns import rows_of
from proofs_checks.scaling.fit import fit_power_law
from proofs_checks.scaling.series import series_of


@pytest.fixture
def pairs(study, work):
    table = pa.concat_tables([rows_of(cell, work(cell)) for cell in study.cells()])
    return [(series, fit_power_law(series.points())) for series in series_of(table, study)]


def test_draws_every_series_its_bound_and_a_reference_slope(pairs, tmp_path) -> None:
    figure = figures.draw_arm("title", pairs)
    axes = figure.axes[0]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    lines = {line.get_label(): np.asarray(line.get_ydata(), dtype=float) for line in axes.get_lines()}
    labels = axes.get_legend_handles_labels()[1]
    shown = {label.split(":")[0]: float(label.split()[-1]) for label in labels if "exponent" in label}
    assert shown == {"p = 2": pytest.approx(0.0, abs=0.005), "p = ∞": pytest.approx(0.5, abs=0.005)}
    assert sum(np.all(y == 2.0) and len(y) == 4 for y in lines.values()) == 2  # the bound of each series
    assert "slope 0" in labels
    low, high = axes.get_ylim()
    assert all(low <= y.min() and y.max() <= high for y in lines.values() if y.size)
    written = figures.save(figure, tmp_path / "arm")
    assert [path.suffix for path in written] == [".png", ".pdf"]
    assert all(path.stat().st_size > 1000 for path in written)


def test_the_interval_is_that_of_the_geometric_mean() -> None:
    middle, low, high = figures._interval(np.array([1.0, 10.0, 100.0]))
    assert middle == pytest.approx(10.0)
    assert low * high == pytest.approx(100.0)
    assert np.isnan(figures._interval(np.array([np.nan, 0.0]))).all()


@pytest.mark.slow
def test_draws_the_progress_of_every_block(tmp_path) -> None:
    steps = np.arange(5)
    paths = np.exp(-np.outer(steps, [1.0, 2.0, 3.0]))
    radii = np.array([0.1, 1.0, 10.0])
    panels = {"t = 1": (steps, paths, radii), "t = ∞": (steps, 7 * paths, radii)}
    figure = figures.draw_blocks("blocks", panels)
    for axes in figure.axes[:2]:
        assert [line.get_ydata()[0] for line in axes.get_lines()] == [1.0, 1.0, 1.0]
    figures.save(figure, tmp_path / "blocks")
