"""Figures of the report: each is drawn from the data of one ledger entry, so a ledger is enough to draw it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..evidence import Evidence
from ..scaling.figures import COLOURS, MARKERS

__all__ = ["DRAWINGS", "Drawing", "draw_measured"]

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure: what it shows in words, how it is drawn, and for which section of the report."""

    title: str
    alt: str
    draw: Callable[[Data], Figure]
    topic: str = "other"
    is_broad: bool = False


def _axes(width: float = 6.4, height: float = 4.2) -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.grid(alpha=0.25, lw=0.6)
    return figure, axes


def _name(p: object) -> str:
    return f"p = {p}".replace("inf", "∞")


def _misalignment(data: Data) -> Figure:
    figure, axes = _axes()
    for index, (p, points) in enumerate(data["worst"].items()):
        rho, factor = np.array(points).T
        axes.plot(
            rho, factor, color=COLOURS[index], marker=MARKERS[index], ms=4, ls="", label=f"{_name(p)}, worst found"
        )
        limit = np.array(data["limit"][p]).T
        axes.plot(*limit, color=COLOURS[index], lw=1.2, ls="--")
    axes.plot([], [], color="0.4", ls="--", label="bound")
    axes.set(xlabel="relative error ρ = ‖e‖/‖∇f‖", ylabel="loss of alignment / ‖e‖", ylim=(0, 2.15))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8.5, frameon=False)
    return figure


def _momentum_error(data: Data) -> Figure:
    figure, axes = _axes()
    k = np.arange(len(data["drift"]))
    pairs = (("drift", "‖B_k‖, largest of the runs", "b_k"), ("noise", "‖N_k‖, mean of the runs", "cσA_k"))
    for index, (name, words, bound) in enumerate(pairs):
        axes.plot(k, data[name], color=COLOURS[index], lw=1.6, label=words)
        axes.plot(k, data[f"{name}_bound"], color=COLOURS[index], lw=1.3, ls="--", label=f"its bound {bound}")
    axes.set(xlabel="step k", ylabel="nuclear norm  [F/X]", ylim=(0, None))
    axes.legend(fontsize=8.5, frameon=False)
    return figure


def _scalar_constant(data: Data) -> Figure:
    figure, axes = _axes()
    q = np.array(data["q"], dtype=float)
    low, high = np.array(data["low"], dtype=float), np.array(data["high"], dtype=float)
    axes.fill_between(q, low, high, color=COLOURS[0], alpha=0.18, label="where the best matrix constant lies")
    axes.plot(q, high, color=COLOURS[0], lw=1.5, ls="--", label="upper end, proved (T4a*)")
    axes.plot(q, low, color=COLOURS[1], lw=1.5, label="C_q, attained by scalars")
    axes.plot(*np.array(data["table"], dtype=float).T, color="black", marker="o", ms=4.5, ls="", label="table")
    axes.set(xlabel="q", ylabel="constant at moment order q")
    axes.legend(fontsize=8.5, frameon=False)
    return figure


def _tightness(data: Data) -> Figure:
    rows = data["rows"]
    worlds, exponents = (list(dict.fromkeys(row[name] for row in rows)) for name in ("world", "p"))
    figure, axes = _axes(6.8, 0.55 * len(worlds) + 1.4)
    for index, p in enumerate(exponents):
        chosen = [row for row in rows if row["p"] == p]
        y = np.array([worlds.index(row["world"]) for row in chosen]) + 0.22 * (index - (len(exponents) - 1) / 2)
        ratio = np.array([row["ratio"] for row in chosen])
        error = np.abs(np.array([[row["ratio_low"], row["ratio_high"]] for row in chosen]).T - ratio)
        axes.errorbar(ratio, y, xerr=error, color=COLOURS[index], marker=MARKERS[index], ms=5, ls="", capsize=2.5,
                      label=_name(p))  # fmt: skip
    axes.axvline(1, color="0.3", lw=1.2, ls="--")
    axes.text(0.99, -0.62, "bound", ha="right", va="center", fontsize=8.5, color="0.3")
    axes.set(xlabel="mean stationarity / bound", xlim=(0, 1.08), ylim=(len(worlds) - 0.5, -0.9))
    axes.set_yticks(range(len(worlds)), worlds, fontsize=8.5)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8.5, frameon=False)
    return figure


_ARMS = {
    "positive": "one fixed covariance (N2)",
    "negative": "only a moment fixed (N1)",
    "geometry": "Frobenius constants fixed",
}


def _dimension(data: Data) -> Figure:
    curves = data["curves"]
    arms = [arm for arm in _ARMS if any(curve["arm"] == arm for curve in curves)]
    figure, panels = plt.subplots(1, len(arms), figsize=(3.0 * len(arms), 3.5), sharey=True, squeeze=False,
                                  layout="constrained")  # fmt: skip
    order = list(dict.fromkeys(curve["p"] for curve in curves))
    for axes, arm in zip(panels[0], arms, strict=True):
        for curve in (curve for curve in curves if curve["arm"] == arm):
            index = order.index(curve["p"])
            axes.plot(curve["dimension"], curve["mean"], color=COLOURS[index], marker=MARKERS[index], ms=5, lw=1.4,
                      label=_name(curve["p"]))  # fmt: skip
            if None not in curve["bound"]:
                dashes = (5 * index, (5, 10))
                axes.plot(curve["dimension"], curve["bound"], color=COLOURS[index], lw=1.2, ls=dashes)
        axes.set(xscale="log", yscale="log", xlabel="dimension d")
        axes.set_title(_ARMS[arm], fontsize=9.5)
        axes.set_xticks(curves[0]["dimension"], [str(d) for d in curves[0]["dimension"]])
        axes.minorticks_off()
        axes.grid(alpha=0.25, lw=0.6)
    values = [v for curve in curves for v in (*curve["mean"], *(b for b in curve["bound"] if b))]
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10) if min(values) / 1.3 <= t <= 1.3 * max(values)]
    panels[0][0].set_yticks(ticks, [f"{t:g}" for t in ticks])
    panels[0][0].set_ylabel("mean stationarity  [F/X]")
    handles, labels = panels[0][0].get_legend_handles_labels()
    (dashed,) = panels[0][0].plot([], [], color="0.4", ls="--", lw=1.2)
    figure.legend([*handles, dashed], [*labels, "bound (T5)"], loc="outside lower center", ncols=4, fontsize=8.5,
                  frameon=False)  # fmt: skip
    return figure


def _power_method(data: Data) -> Figure:
    figure, axes = _axes()
    for index, (p, path) in enumerate(data["paths"].items()):
        gap = np.maximum(1 - np.array(path, dtype=float), 1e-16)
        axes.plot(np.arange(1, len(gap) + 1), gap, color=COLOURS[index], marker=MARKERS[index], ms=3.5, lw=1.2,
                  label=_name(p))  # fmt: skip
    axes.set(xlabel="step of the power method", ylabel="1 - found / exact L", yscale="log")
    axes.legend(fontsize=8.5, frameon=False)
    return figure


def _momentum_is_necessary(data: Data) -> Figure:
    figure, axes = _axes()
    curves = data["curves"]
    for index, (name, words) in enumerate((("without", "no momentum"), ("with", "momentum 0.9"))):
        axes.plot(curves["n_steps"], curves[name], color=COLOURS[1 - index], marker=MARKERS[index], ms=6, lw=1.4,
                  label=words)  # fmt: skip
    bound = data["rows"][0]["bound"]
    axes.axhline(bound, color="0.3", ls="--", lw=1.2, label="lower bound without momentum")
    axes.set(xlabel="horizon K (step size K^-1/2)", ylabel="stationarity over steps K to 2K  [F/X]", xscale="log",
             ylim=(0, 0.56))  # fmt: skip
    axes.set_xticks(curves["n_steps"], [str(k) for k in curves["n_steps"]])
    axes.minorticks_off()
    axes.legend(fontsize=8.5, frameon=False, loc="lower left")
    return figure


_WORST_CASES = {
    "plain mean": "step 1/L, mean (T6)",
    "plain smallest": "step 1/L, smallest (T6)",
    "mean": "normalised, mean (T5): at most",
    "smallest": "normalised, smallest (T5)",
    "momentum": "normalised, momentum 0.5, mean (T5): at most",
}


def _worst_case(data: Data) -> Figure:
    figure, axes = _axes(6.4, 4.6)
    for index, (curve, words) in enumerate(_WORST_CASES.items()):
        rows = [row for row in data["rows"] if row["curve"] == curve]
        ratio = [row["bound"] / row["found"] for row in rows]
        axes.plot([row["K"] for row in rows], ratio, color=COLOURS[index], marker=MARKERS[index], ms=5, lw=1.3,
                  ls=":" if curve == "momentum" else "-", label=words)  # fmt: skip
    axes.axhline(1, color="0.3", lw=1.2, ls="--")
    steps = sorted({row["K"] for row in data["rows"]})
    axes.set_xticks(steps, [str(k) for k in steps])
    axes.set(xlabel="number of steps K", ylabel="bound / worst case", ylim=(0.9, None))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8.5, frameon=False)
    return figure


DRAWINGS: dict[str, Drawing] = {
    "misalignment": Drawing(
        "Loss of alignment against the size of the error (T1)",
        "The largest loss of alignment found for each relative error lies on or below the bound; at p = infinity it "
        "meets the factor 2.",
        _misalignment,
    ),
    "momentum_error": Drawing(
        "Drift and averaged noise along a run (T3)",
        "Along a run with parameter-free schedules at p = infinity, drift and averaged noise stay below their bounds.",
        _momentum_error,
    ),
    "scalar_constant": Drawing(
        "The best constant of the martingale bound (T4a)",
        "The band between the scalar constant C_q and the proved upper end; the tabulated values lie on C_q.",
        _scalar_constant,
        topic="constant",
    ),
    "tightness": Drawing(
        "Tightness of T5 in worlds with exact constants",
        "The ratio of mean stationarity to the bound, for each world and exponent; no ratio exceeds one.",
        _tightness,
        topic="tightness",
    ),
    "dimension": Drawing(
        "Mean stationarity against dimension, small study (T5)",
        "Flat in the dimension with one fixed covariance, growing at p = infinity when only a moment is fixed, and "
        "growing with exponent one half minus one over p when Frobenius constants are fixed.",
        _dimension,
        topic="dimension",
        is_broad=True,
    ),
    "power_method": Drawing(
        "A power method attains the smoothness of the quadratic problem (T9)",
        "The relative distance from the exact smoothness constant falls to rounding for every exponent.",
        _power_method,
    ),
    "momentum_is_necessary": Drawing(
        "Momentum is necessary (T13c)",
        "Without momentum the stationarity stays at the lower bound for every horizon; with momentum it falls.",
        _momentum_is_necessary,
        topic="rate",
    ),
    "worst_case": Drawing(
        "Bounds beside exact worst cases at p = 2, without noise (T5, T6)",
        "The ratio of the bound to the worst case over all smooth functions: one for the mean of plain steps at every "
        "number of steps and for normalised steps at 1, 4 and 9, below 1.23 for the smallest gradient. Where it says "
        "at most, the worst case is one on a line.",
        _worst_case,
        topic="tightness",
    ),
}
"""Stem of the file to its drawing; a check names its figure by the stem."""


def draw_measured(entries: Sequence[Evidence]) -> Figure:
    """Return the figure of every measured ratio to an upper bound, one line a check.

    Raises
    ------
    ValueError
        When there is no ratio.
    """
    lines = []
    for entry in entries:
        rows = entry.data.get("rows", [])
        ratios = [row["ratio"] for row in rows if isinstance(row, Mapping) and row.get("sense") == "upper"]
        if entry.is_ok and ratios:
            lines.append((f"{entry.statement}: {entry.check.replace('_', ' ')}", ratios))
    if not lines:
        raise ValueError("no entry has a measured ratio")
    figure, axes = _axes(7.6, 0.34 * len(lines) + 1.1)
    for y, (_, ratios) in enumerate(lines):
        axes.plot(ratios, [y] * len(ratios), color=COLOURS[0], marker="o", ms=4.5, alpha=0.55, ls="", mec="none")
    axes.axvline(1, color="0.3", lw=1.2, ls="--")
    axes.set(xlabel="measured mean / bound", xlim=(0, max(1.08, 1.05 * max(max(r) for _, r in lines))))
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_yticks(range(len(lines)), [label for label, _ in lines], fontsize=8)
    return figure
