"""The figure of the band: the constant against q, and, larger, everything relative to C_q."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from schattor_theory.bounds import best_constant_bracket, martingale_constant

from ..files import write_file
from ..scaling.figures import COLOURS
from .bracket import Bracket

__all__ = ["draw_band", "draw_rows", "save_band"]


def draw_band(brackets: Sequence[Bracket]) -> Figure:
    """Return the figure: lines are the ends of the band over q, markers are the certified witnesses."""
    return draw_rows([bracket.to_dict() for bracket in brackets])


def draw_rows(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the figure of the rows that brackets have been written as."""
    q = np.linspace(1, 2, 801)
    low, high = np.array([best_constant_bracket(float(x)) for x in q]).T
    first = np.array([martingale_constant(float(x)) for x in q])
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.2, 4.3), layout="constrained")

    left.fill_between(q, low, high, color=COLOURS[0], alpha=0.35, lw=0)
    left.plot(q, first, color="0.45", lw=1.3, ls="--", label=r"$2^{2-q}$")
    left.plot(q, high, color=COLOURS[0], lw=1.6, label="proved upper end")
    left.plot(q, low, color=COLOURS[1], lw=1.3, ls=(0, (4, 2)), label=r"$C_q$, attained by numbers")
    left.set(xlabel="q", ylabel=r"best constant $K_q$", xlim=(1, 2), ylim=(0.97, 2.03))

    right.fill_between(q, 0, 100 * (high / low - 1), color=COLOURS[0], alpha=0.35, lw=0)
    right.plot(q, 100 * (first / low - 1), color="0.45", lw=1.3, ls="--")
    right.plot(q, 100 * (high / low - 1), color=COLOURS[0], lw=1.6)
    right.axhline(0, color=COLOURS[1], lw=1.3, ls=(0, (4, 2)))
    lowest = _witnesses(left, right, rows)
    right.set(xlabel="q", ylabel=r"above $C_q$, per cent", xlim=(1, 2), ylim=(min(-0.8, 1.15 * lowest), 11.5))
    ends = 8 / 7, 4 / 3
    right.annotate(
        "",
        (ends[0], 0.55),
        (ends[1], 0.55),
        arrowprops={
            "arrowstyle": "|-|, widthA=0.25, widthB=0.25",
            "shrinkA": 0,
            "shrinkB": 0,
            "lw": 1.0,
            "color": "0.25",
        },
    )
    right.text(sum(ends) / 2, 0.85, "known:\n$K_q = C_q$", ha="center", va="bottom", fontsize=9, color="0.25")
    for axes in (left, right):
        axes.grid(alpha=0.25, lw=0.6)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9, frameon=False)
    return figure


def _witnesses(left: Axes, right: Axes, rows: Sequence[Mapping[str, Any]]) -> float:
    """Draw the witnesses; return the lowest relative position of one, in per cent."""
    lowest = 0.0
    for name, colour, marker, label in (
        ("scalar_witness", COLOURS[1], "o", "certified, numbers"),
        ("matrix_witness", COLOURS[2], "D", "certified, non-commuting matrices"),
    ):
        found = [row for row in rows if row[name] is not None]
        if not found:
            continue
        q = [float(Fraction(row["q"])) for row in found]
        value = np.array([float(row[name]["certified_lower"]) for row in found])
        over = 100 * (value / np.array([float(row["scalar_low"]) for row in found]) - 1)
        size = 7.5 if marker == "o" else 3.8
        face = "white" if marker == "o" else colour
        for axes, height in ((left, value), (right, over)):
            axes.plot(q, height, ls="", marker=marker, ms=size, color=colour, mfc=face, label=label)
        lowest = min(lowest, float(over.min()))
    return lowest


def save_band(brackets: Sequence[Bracket], folder: Path) -> Path:
    """Write ``band.png`` and ``band.pdf`` into ``folder``; return the first.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    figure = draw_band(brackets)
    for suffix in ("pdf", "png"):
        content = io.BytesIO()
        figure.savefig(content, format=suffix, dpi=150)
        write_file(folder / f"band.{suffix}", content.getvalue(), "constants")
    plt.close(figure)
    return folder / "band.png"
