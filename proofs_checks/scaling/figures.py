"""Figures of a study: stationarity against an axis, log-log, with intervals, reference slope and the bound's line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .fit import Fit
from .point import real_at
from .series import Series

__all__ = ["BlockPanel", "draw_arm", "draw_blocks", "save"]

# source: Okabe and Ito's palette, which the common kinds of colour blindness tell apart; markers differ as well
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
NAMES = {"dimension": "dimension d", "horizon": "number of steps K", "blocks": "number of blocks", "width": "width"}


def _power_ticks(axes: Axes, x: np.ndarray) -> None:
    """Put the ticks of the horizontal axis at the values that were run."""
    axes.xaxis.set_major_locator(FixedLocator(list(x)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}" if v < 1e4 else f"{v:.2g}".replace("e+0", "e")))


def _value_ticks(axes: Axes, low: float, high: float) -> None:
    """Give the vertical axis plain numbers to read, the fewer to a decade the longer the range is."""
    ratio = high / low
    if ratio >= 1e4:
        return
    dense = {5: [1, 1.5, 2, 3, 4, 5, 6, 8], 50: [1, 2, 5], 500: [1, 3]}
    steps = np.array(next((found for limit, found in dense.items() if ratio < limit), [1]))
    decades = 10.0 ** np.arange(np.floor(np.log10(low)) - 1, np.ceil(np.log10(high)) + 1)
    ticks = np.unique(np.outer(decades, steps))
    axes.yaxis.set_major_locator(FixedLocator(ticks[(ticks >= low / 1.3) & (ticks <= high * 1.3)].tolist()))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the geometric mean of the runs and its 95 % t interval on the logarithm."""
    from scipy.stats import t

    logs = np.log(values[np.isfinite(values) & (values > 0)])
    if logs.size == 0:
        return np.nan, np.nan, np.nan
    half = t.ppf(0.975, logs.size - 1) * logs.std(ddof=1) / np.sqrt(logs.size) if logs.size > 1 else 0.0
    mean, low, high = np.exp([logs.mean(), logs.mean() - half, logs.mean() + half])
    return mean, low, high


def _label(series: Series, varying: Sequence[str], fit: Fit | None) -> str:
    parts = [f"{name} = {series.key[name]}".replace("inf", "∞") for name in varying if series.key.get(name) is not None]
    text = ", ".join(parts) or series.arm
    if fit is not None and fit.label in ("not a power law", "inconclusive"):
        text += f": {fit.label}"
    elif fit is not None and fit.exponent is not None:
        text += f": exponent {round(fit.exponent.value, 3) + 0.0:.3f}"
    return text


def draw_arm(
    title: str, pairs: Sequence[tuple[Series, Fit | None]], *, statistic: str = "stationarity_mean", note: str = ""
) -> Figure:
    """Return the figure of one arm: every series with intervals, its bound dashed, and one reference slope.

    Parameters
    ----------
    title : str
        What the arm shows.
    pairs : sequence of (Series, Fit or None)
        The series of the arm, all along one axis.
    statistic : str
        Column that is drawn.
    note : str
        A line below the title.
    """
    figure, axes = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
    against = pairs[0][0].against
    varying = [n for n in pairs[0][0].key if len({str(series.key[n]) for series, _ in pairs}) > 1]
    extent: list[float] = []
    has_bound = False
    all_x: set[float] = set()
    for index, (series, fit) in enumerate(pairs):
        colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
        found = np.array([_interval(values) for values in series.statistic(statistic)])
        ok = np.isfinite(found).all(axis=1)
        x, found = series.x[ok], found[ok]
        if not x.size:
            continue
        errors = np.abs(found[:, 1:].T - found[:, 0])
        axes.errorbar(x, found[:, 0], yerr=errors, color=colour, marker=marker, ms=5, lw=1.3, capsize=2.5,
                      label=_label(series, varying, fit))  # fmt: skip
        bounds = [
            (real_at(point.key, against), point.bound)
            for point in series.members
            if point.bound and point.first("bound_statistic") == statistic
        ]
        has_bound |= bool(bounds)
        if bounds:
            # dashes of different series take turns, so that bounds that coincide are all seen
            dashes = (4 * index, (4, max(3, 4 * (len(pairs) - 1))))
            axes.plot(*zip(*bounds, strict=True), color=colour, ls=dashes, lw=1.2)
        extent += [*found[:, 1], *found[:, 2], *(value for _, value in bounds)]
        all_x.update(x)
    axes.set(xscale="log", yscale="log", xlabel=NAMES.get(against, against), ylabel="mean stationarity  [F/X]")
    if extent:
        grid = np.array(sorted(all_x))
        extent += _reference(axes, grid, pairs, extent)
        _power_ticks(axes, grid)
        _value_ticks(axes, min(extent), max(extent))
        axes.set_ylim(min(extent) / 1.15, max(extent) * 1.15)
    if has_bound:
        is_exact = all(point.first("constants") == "exact" for series, _ in pairs for point in series.members)
        label = "bound of the theory" if is_exact else "bound with estimated constants"
        axes.plot([], [], color="0.4", ls="--", lw=1, label=label)
    figure.suptitle(title, fontsize=11)
    if note:
        axes.set_title(note, fontsize=8.5, color="0.3")
    axes.grid(alpha=0.25, lw=0.6)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8.5, frameon=False)
    return figure


def _reference(
    axes: Axes, x: np.ndarray, pairs: Sequence[tuple[Series, Fit | None]], extent: Sequence[float]
) -> list[float]:
    """Draw the slope that the theory gives to the axis: zero for a dimension, T5's rate for a horizon."""
    if x.size < 2:
        return []
    slope, text = 0.0, "slope 0"
    if pairs[0][0].against == "horizon":
        found = {point.first_number("moment_order") for series, _ in pairs for point in series.members}
        orders = [order for order in found if order is not None]
        if len(orders) != 1:
            return []
        (order,) = orders
        slope = -(order - 1) / (3 * order - 2)
        text = f"slope {slope:.3g}, the rate of the theory"
    values = min(extent) * 0.85 * (x / x[0 if slope >= 0 else -1]) ** slope
    axes.plot(x, values, color="0.55", ls=":", lw=1.4, label=text)
    return [float(values.min()), float(values.max())]


class BlockPanel(NamedTuple):
    """The paths of B blocks: steps, shape (T,); stationarity, shape (T, B); radii, shape (B,)."""

    steps: np.ndarray
    stationarity: np.ndarray
    radii: np.ndarray


def draw_blocks(title: str, panels: Mapping[str, BlockPanel]) -> Figure:
    """Return the figure of every block's progress: its stationarity over the run, as a share of its start.

    Parameters
    ----------
    title : str
        What the figure shows.
    panels : mapping
        Title to panel.
    """
    n_columns = min(3, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure, grid = plt.subplots(n_rows, n_columns, figsize=(3.1 * n_columns + 1.1, 2.9 * n_rows + 0.6), sharey=True,
                                squeeze=False, layout="constrained")  # fmt: skip
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    colours = plt.get_cmap("viridis")
    for axes, (name, (steps, blocks, radii)) in zip(grid.flat, panels.items(), strict=False):
        scale = matplotlib.colors.LogNorm(radii.min(), radii.max() * (1 + 1e-12))
        for b in range(blocks.shape[1]):
            axes.plot(steps, blocks[:, b] / blocks[0, b], color=colours(scale(radii[b])), lw=0.9)
        axes.set_title(name, fontsize=9.5)
        axes.set(xlabel="step k", yscale="log")
        axes.grid(alpha=0.25, lw=0.6)
    for axes in grid[:, 0]:
        axes.set_ylabel("block's stationarity / at start")
    mapped = matplotlib.cm.ScalarMappable(norm=scale, cmap=colours)
    figure.colorbar(mapped, ax=grid.ravel().tolist(), label="radius of the block")
    figure.suptitle(title, fontsize=11)
    return figure


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write the figure as PNG and PDF next to each other, and close it."""
    written = []
    formats: dict[str, dict[str, Any]] = {".png": {"dpi": 160}, ".pdf": {"metadata": {"CreationDate": None}}}
    for suffix, options in formats.items():
        path = stem.with_suffix(suffix)
        figure.savefig(path, **options)
        written.append(path)
    plt.close(figure)
    return written
