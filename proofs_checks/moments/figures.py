"""Figures of the probes: ratios against n, d and q with intervals, T4f's transition, T4g's price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from schattor_theory.geometry import exponent_label

from .curves import AveragePoint, PricePoint, slope, transition

__all__ = ["AXES", "draw_averages", "draw_price", "draw_ratios", "save"]

# source: Okabe and Ito's palette, which the common kinds of colour blindness tell apart; markers differ as well
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_LINES = ("-", "--", ":")
_PANELS = ("T4a-martingale", "T4b-left", "T4c-best", "T4d-infimum", "T4e", "T4g")
_MOST_LINES = 8

AXES = {"n_steps": "number of steps n", "dimension": "dimension d", "q": "exponent q"}
"""What ratios are drawn against."""

Row = Mapping[str, Any]


def _float(value: Any) -> float:
    return float(value)  # "inf" is read as infinity


def _preferred(values: Sequence[float], wanted: float) -> float:
    return min(values, key=lambda v: (abs(v - wanted), v))


def _middle(values: Sequence[int]) -> float:
    """Return the middle one of the values that most rows have: worlds with sizes of their own do not count."""
    counts = {value: values.count(value) for value in set(values)}
    common = sorted(value for value, count in counts.items() if 2 * count > max(counts.values()))
    return float(common[len(common) // 2]) if common else 0.0


def _slice(rows: Sequence[Row], against: str) -> tuple[list[Row], str]:
    """Return the rows in which only ``against`` varies, and what is held fixed, in words."""
    order = _preferred(sorted({_float(r["moment_order"]) for r in rows}), 1.5)
    kept = [r for r in rows if _float(r["moment_order"]) == order]
    words = [f"β = {order:g}"]
    fixed = {"q": 3.0 if rows[0]["bound"] == "T4e" else order if rows[0]["bound"].startswith("T4a") else 1.0}
    for name in ("n_steps", "dimension"):
        fixed[name] = _middle([int(r[name]) for r in kept if not r["own_shape"]])
    for name, wanted in fixed.items():
        if name == against:
            continue
        own = name == "dimension"
        values = sorted({_float(r[name]) for r in kept if not (own and r["own_shape"])})
        if not values:
            continue
        value = _preferred(values, wanted)
        # a world with a shape of its own stays in the picture where the dimension is only held fixed
        kept = [r for r in kept if _float(r[name]) == value or (own and r["own_shape"])]
        words.append(f"{name.replace('n_steps', 'n').replace('dimension', 'd')} = {exponent_label(value)}")
    if against == "dimension":
        kept = [r for r in kept if not r["own_shape"]]
    return kept, ", ".join(words)


def _ticks(axes: Axes, x: Sequence[float], *, is_log: bool) -> None:
    if is_log:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(x))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: exponent_label(v) if not is_log else f"{v:g}"))


def _plain_values(axes: Axes, values: Sequence[float]) -> None:
    """Give a logarithmic vertical axis plain numbers."""
    low, high = min(values), max(values)
    decades = 10.0 ** np.arange(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    ticks = np.unique(np.outer(decades, [1, 2, 5] if high / low > 5 else [1, 1.5, 2, 3, 4, 5, 6, 8]))
    axes.yaxis.set_major_locator(FixedLocator(ticks[(ticks >= low / 1.3) & (ticks <= high * 1.3)].tolist()))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.set_ylim(low / 1.25, high * 1.15)


def draw_ratios(rows: Sequence[Row], against: str) -> Figure | None:
    """Return the figure of moment over bound against one axis, a panel for each bound; None without rows."""
    worlds = list(dict.fromkeys(str(r["world"]) for r in rows))
    found = {}
    for bound in _PANELS:
        held = [r for r in rows if r["bound"] == bound and r["ratio"] is not None]
        if held:
            sliced, words = _slice(held, against)
            if len({_float(r[against]) for r in sliced}) > 1:
                found[bound] = sliced, words
    if not found:
        return None
    n_columns = min(3, len(found))
    n_rows = math.ceil(len(found) / n_columns)
    size = (max(6.4, 4.1 * n_columns), 3.3 * n_rows + 1.3)  # the title needs the width, whatever the panels do
    figure, grid = plt.subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)
    handles: dict[str, Any] = {}
    for axes, (bound, (sliced, words)) in zip(grid.flat, found.items(), strict=False):
        _panel(axes, sliced, against, worlds, handles)
        axes.set_title(f"{bound}\n{words}", fontsize=9)
    for axes in list(grid.flat)[len(found) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("moment / bound")
    figure.suptitle(f"How much of each bound is used, against the {AXES[against]}", fontsize=11)
    order = [world for world in worlds if world in handles]
    columns = 4 if n_columns == 3 else 2
    figure.legend([handles[w] for w in order], order, loc="outside lower center", ncols=columns, fontsize=8,
                  frameon=False)  # fmt: skip
    return figure


def _panel(axes: Axes, rows: Sequence[Row], against: str, worlds: list[str], handles: dict[str, Any]) -> None:
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(str(row["world"]), []).append(row)
    lines = {world: line for world, line in lines.items() if len(line) > 1}
    top = sorted(lines, key=lambda w: -max(_float(r["ratio"]) for r in lines[w]))[:_MOST_LINES]
    for world in (w for w in worlds if w in top):
        index = worlds.index(world)
        line = sorted(lines[world], key=lambda r: _float(r[against]))
        x = [_float(r[against]) for r in line]
        y, low, high = (np.array([_float(r[k]) for r in line]) for k in ("ratio", "ratio_low", "ratio_high"))
        errors = np.vstack([y - low, np.minimum(high, 2.0) - y]).clip(0)
        handles[world] = axes.errorbar(
            x, y, yerr=errors, ms=4, lw=1.2, capsize=2, elinewidth=0.9, color=_COLOURS[index % 8],
            marker=_MARKERS[index // 8 % 8], ls=_LINES[index // 8 % 3],
        )  # fmt: skip
    axes.axhline(1.0, color="0.25", lw=1, ls=(0, (5, 3)))
    axes.set_ylim(0, 1.15)
    axes.set_xlabel(AXES[against])
    _ticks(axes, [_float(r[against]) for line in lines.values() for r in line], is_log=against != "q")
    axes.grid(alpha=0.25, lw=0.6)
    if len(lines) > _MOST_LINES:
        axes.annotate(f"{_MOST_LINES} of {len(lines)} martingales, those with the largest ratios", (0.02, 0.955),
                      xycoords="axes fraction", fontsize=7, color="0.35")  # fmt: skip


def draw_averages(curves: Mapping[str, Mapping[str, Sequence[AveragePoint]]]) -> Figure:
    """Return T4f's figure: the norm of an average of signs on coordinates against n, for each p.

    Parameters
    ----------
    curves : mapping
        p to kind to the points of its curve.
    """
    figure, axes = plt.subplots(figsize=(7.2, 5.2), layout="constrained")
    dimension = next(iter(next(iter(curves.values())).values()))[0].dimension
    heights: list[float] = []
    xs: set[int] = set()
    for index, (p, kinds) in enumerate(curves.items()):
        colour, marker = _COLOURS[index % 8], _MARKERS[index % 8]
        for kind, points in kinds.items():
            x = np.array([point.n_steps for point in points])
            xs.update(x.tolist())
            exact = [point.exact for point in points]
            if all(value is not None for value in exact):
                y = np.array(exact, dtype=float)
                heights += y.tolist()
                axes.plot(x, y, color=colour, lw=1.3, ls="-" if kind == "iid_coordinates" else (0, (1, 1.5)))
            measured = [(point.n_steps, point.measured) for point in points if point.measured is not None]
            if measured:
                values = np.array([[m.value, m.low, m.high] for _, m in measured])
                errors = np.abs(values[:, 1:].T - values[:, 0])
                last = [point for point in points if point.n_steps <= dimension // 4][-1]
                early = slope(points[0], last)
                label = f"p = {p}".replace("inf", "∞") + f": exponent {early.value + 0.0:.3f} for n ≤ d/4"
                turn = transition(points)
                label += f", turns at n = {turn:.0f}" if turn else ""
                axes.errorbar([n for n, _ in measured], values[:, 0], yerr=errors, color=colour, marker=marker, ms=5,
                              lw=0, elinewidth=1, capsize=2.5, label=label)  # fmt: skip
    axes.plot([], [], color="0.3", lw=1.3, label="uniformly random coordinates, exact")
    axes.plot([], [], color="0.3", lw=1.3, ls=(0, (1, 1.5)), label="fresh coordinates, exact: exponent -1/p")
    axes.axvline(dimension, color="0.4", lw=1, ls=(0, (5, 3)))
    place = (dimension, min(heights, default=1.0))
    axes.annotate(f"n = d = {dimension}", place, xytext=(4, 2), textcoords="offset points", fontsize=8, color="0.3")
    axes.set(xscale="log", yscale="log", xlabel="number of samples n",
             ylabel=r"$(E\,\Vert S/n\Vert_q^q)^{1/q}$  [σ]")  # fmt: skip
    _ticks(axes, sorted(xs), is_log=True)
    _plain_values(axes, heights or [1.0])
    figure.suptitle("T4f: under N1 alone averaging helps the nuclear norm only from n ≈ d on", fontsize=11)
    axes.set_title("signs on coordinates; dots: measured, with 99.9 % intervals", fontsize=8.5, color="0.3")
    axes.grid(alpha=0.25, lw=0.6)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure


def draw_price(points: Mapping[str, Sequence[PricePoint]]) -> Figure:
    """Return T4g's figure: what signs on r fresh coordinates pay for order β, on the line of the price."""
    figure, axes = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
    for index, (label, line) in enumerate(points.items()):
        colour, marker = _COLOURS[index % 8], _MARKERS[index % 8]
        ranks = [point.rank for point in line]
        axes.plot(ranks, [point.price for point in line], color=colour, lw=1.3)
        axes.plot(ranks, [point.attained for point in line], color=colour, marker=marker, lw=0, ms=5.5, label=label)
    axes.plot([], [], color="0.3", lw=1.3, label=r"the price $r^{1/q-1/\beta}$")
    axes.set(xscale="log", yscale="log", xlabel="rank r",
             ylabel=r"$(E\,\Vert S\Vert_q^\beta\,/\,\Sigma E\,\Vert Z_i\Vert_q^\beta)^{1/\beta}$")  # fmt: skip
    _ticks(axes, [point.rank for line in points.values() for point in line], is_log=True)
    _plain_values(axes, [point.price for line in points.values() for point in line])
    figure.suptitle("T4g: signs on fresh coordinates pay the whole price of dimension", fontsize=11)
    axes.set_title("dots: signs on r fresh coordinates, exact law", fontsize=8.5, color="0.3")
    axes.grid(alpha=0.25, lw=0.6)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8.5, frameon=False)
    return figure


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF; return the files."""
    paths = [stem.with_suffix(suffix) for suffix in (".png", ".pdf")]
    for path in paths:
        figure.savefig(path, dpi=150)
    plt.close(figure)
    return paths
