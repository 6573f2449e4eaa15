"""The figure of growth: measured costs against d, K and trials, with lines of the theoretical exponents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .table import interval

__all__ = ["draw_growth"]

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
MARKERS = ("o", "s", "^", "D")
PANELS = (("d", "s"), ("d", "bytes"), ("K", "s"), ("K", "bytes"), ("trials", "s"), ("trials", "bytes"))
UNITS = {"s": "seconds", "bytes": "bytes"}


def draw_growth(rows: Sequence[Mapping[str, Any]], target: Path) -> None:
    """Draw the rows of kind "growth", one panel for each axis and unit, into the file ``target``."""
    kept = [(panel, [r for r in rows if (r["axis"], r["unit"]) == panel]) for panel in PANELS]
    kept = [(panel, found) for panel, found in kept if found]
    n_columns = min(2, len(kept))
    n_rows = -(-len(kept) // n_columns)
    figure = Figure(figsize=(4.8 * n_columns, 3.3 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns)
    for plot, ((axis, unit), found) in zip(np.atleast_1d(axes).ravel(), kept, strict=False):
        for row, color, marker in zip(found, COLORS, MARKERS, strict=False):
            x = np.array(row["x"], dtype=float)
            middle = np.array([np.median(costs) for costs in row["costs"]])
            low, high = (np.array([f(costs) for costs in row["costs"]]) for f in (min, max))
            label = f"{row['what'].partition(',')[2].partition(',')[0].strip() or 'measured'}: "
            label += f"{interval(row['fitted'])}, theory {row['expected']:g}"
            plot.errorbar(x, middle, [middle - low, high - middle], color=color, marker=marker, label=label)
            # the line of the theoretical exponent passes through the last point, where lower powers count least
            plot.plot(x, middle[-1] * (x / x[-1]) ** row["expected"], "--", color=color, lw=1)
        plot.set(xscale="log", yscale="log", xlabel=axis, ylabel=UNITS[unit])
        plot.set_title({"s": "time", "bytes": "peak memory"}[unit] + f" against {axis}", fontsize=11)
        values = sorted({x for row in found for x in row["x"]})
        if len(found) == 1:
            plot.set_xticks(values, [f"{value:g}" for value in values])
        plot.minorticks_off()
        low, high = plot.get_ylim()
        plot.set_ylim(low / 2, high * 8)  # room for the legend, and a flat series is seen to be flat
        plot.grid(alpha=0.25)
        plot.legend(frameon=False, fontsize=8, loc="upper left")
    for plot in np.atleast_1d(axes).ravel()[len(kept) :]:
        plot.set_visible(False)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=140)
