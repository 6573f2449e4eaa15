"""Figures as files: PNG for screens, PDF in the serif of a paper and in the width of its column."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from textwrap import fill
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Annotation, Text

from .blocks import Plot
from .tex_words import MATHEMATICS

__all__ = ["COLUMN_WIDTH", "PAPER_FONT_SIZE", "images_of"]

COLUMN_WIDTH = 5.5
"""Inches: the text width of a page with one column, as appendices have."""
PAPER_FONT_SIZE = 8.0
"""Points: the size of footnotes, which captions of figures have as well."""

_NARROW = 0.8  # share of the column that a figure with one panel gets
_SCREEN_FONT_SIZE = 10.0
_LEAST_HEIGHT = 0.62
_LONG = 26  # letters of a remark inside a panel before its line is broken
_PAPER: dict[Any, Any] = {
    "font.family": ["cmr10", "STIXGeneral", "DejaVu Sans"],  # a sign that one has not is taken from the next
    "mathtext.fontset": "cm",
    "axes.formatter.use_mathtext": True,
    "axes.unicode_minus": False,
    "pdf.fonttype": 42,
}


def images_of(
    plots: Iterable[Plot], *, is_paper: bool = False, progress: Callable[[str], None] | None = None
) -> dict[str, bytes]:
    """Return the files of figures by stem: PNG, or PDF for paper; one that cannot be drawn is left out.

    Parameters
    ----------
    plots : iterable of Plot
        The figures of a document.
    is_paper : bool
        Whether they are for paper: PDF, Computer Modern, the width of a column, no title inside.
    progress : callable, optional
        Called with the stem of each figure when it is there.
    """
    found = {}
    for plot in plots:
        if plot.draw is None:
            content = _stored(plot, ".pdf" if is_paper else ".png")
        else:
            content = _drawn(plot.draw, is_paper=is_paper, is_broad=plot.is_broad)
        if content is not None:
            found[plot.stem] = content
        if progress is not None:
            progress(plot.stem)
    return found


def _stored(plot: Plot, suffix: str) -> bytes | None:
    path = None if plot.stored is None else plot.stored.with_suffix(suffix)
    return path.read_bytes() if path is not None and path.is_file() else None


def _drawn(draw: Callable[[], Figure | None], *, is_paper: bool, is_broad: bool) -> bytes | None:
    with _style(is_paper):
        try:
            figure = draw()
        except (KeyError, IndexError, TypeError, ValueError):
            plt.close("all")
            figure = None  # data of another version: the renderer says that there is no figure
        if figure is None:
            return None
        if figure.get_suptitle():
            figure.suptitle("")  # the caption says it
        if is_paper:
            _typeset(figure, is_broad=is_broad)
        content = io.BytesIO()
        options: Mapping[str, Any] = {"metadata": {"CreationDate": None}} if is_paper else {"dpi": 150}
        figure.savefig(content, format="pdf" if is_paper else "png", **options)
        plt.close(figure)
    return content.getvalue()


@contextmanager
def _style(is_paper: bool) -> Iterator[None]:
    if not is_paper:
        yield
        return
    log = logging.getLogger("fontTools")  # it warns of the dates inside the fonts of matplotlib
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with matplotlib.rc_context(_PAPER):
            yield
    finally:
        log.setLevel(before)


def _typeset(figure: Figure, *, is_broad: bool) -> None:
    """Give a figure the width of the column and the letters of the text around it."""
    width, height = figure.get_size_inches()
    wanted = COLUMN_WIDTH * (1.0 if is_broad else _NARROW)
    shrink = PAPER_FONT_SIZE / _SCREEN_FONT_SIZE
    # letters shrink less than lengths where there are many panels, which then need more height
    figure.set_size_inches(wanted, height * max(wanted / width, _LEAST_HEIGHT))
    for text in figure.findobj(Text):
        if not isinstance(text, Text):
            continue
        text.set_fontsize(float(text.get_fontsize()) * shrink)
        text.set_text(_in_computer_modern(text.get_text()))
        if isinstance(text, Annotation) and text.xycoords == "axes fraction" and len(text.get_text()) > _LONG:
            text.set_text(fill(text.get_text(), _LONG))
            text.xyann = (0.03, 0.04)  # below the curves, where there is room for lines
            text.set_verticalalignment("bottom")
    for axes in figure.axes:
        axes.tick_params(labelsize=PAPER_FONT_SIZE)
    for legend in list(figure.legends):
        _fit(figure, legend)


def _fit(figure: Figure, legend: Legend) -> None:
    """Set a legend in fewer columns until it is no wider than its figure."""
    shown = zip(legend.legend_handles, legend.get_texts(), strict=True)
    pairs = [(handle, text) for handle, text in shown if handle is not None]
    if not pairs:
        return
    options: dict[str, Any] = {"loc": "outside lower center", "frameon": False, "fontsize": pairs[0][1].get_fontsize()}
    for n_columns in (4, 3, 2, 1):
        figure.draw_without_rendering()
        if legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()
        words = [text.get_text() for _, text in pairs]
        legend = figure.legend([handle for handle, _ in pairs], words, ncols=n_columns, **options)


def _in_computer_modern(text: str) -> str:
    """Return a text with what Computer Modern has among its mathematics alone written as mathematics."""
    parts = re.split(r"(\$[^$]*\$)", text)
    return "".join(part if part.startswith("$") else _SIGNS.sub(_as_mathematics, part) for part in parts)


_SIGNS = re.compile(r"(?<![A-Za-z])([A-Za-z])_([a-z0-9])(?![A-Za-z0-9_])|[<>_|{}]|[^\x00-\x7f]")
# fonts: Computer Modern has other signs in the places of these, and no dashes of text
_PLAIN = {"_": r"$\_$", "{": r"$\{$", "}": r"$\}$", "–": "-", "…": "...", "’": "'"}


def _as_mathematics(found: re.Match[str]) -> str:
    if found[1]:
        return f"${found[1]}_{found[2]}$"
    sign = found[0]
    if sign in _PLAIN:
        return _PLAIN[sign]
    if sign in MATHEMATICS:
        return f"${MATHEMATICS[sign]}$"
    return f"${sign}$" if sign.isascii() else sign
