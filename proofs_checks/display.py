"""What is shown to people: progress on a terminal's stderr, leaving no trace, and text on the standard output."""

from __future__ import annotations

import os
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

__all__ = ["display", "text_console"]

_NOTEBOOK = "JPY_PARENT_PID"  # set by Jupyter for a kernel, and so for every command that a cell runs


def display(*columns: ProgressColumn) -> Progress:
    """Return a display with these columns; by default a description, a bar, a count and the time.

    It is drawn on stderr, and nothing at all is written where stderr is no terminal, or is one that a notebook only
    pretends to be: it keeps every line that was meant to be overwritten.
    """
    is_seen = sys.stderr.isatty() and _NOTEBOOK not in os.environ
    usual = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*(columns or usual), console=Console(stderr=True), transient=True, disable=not is_seen)


class _Text(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def text_console() -> Console:
    """Return the console for text on stdout; a reader that went away is a ``BrokenPipeError``, not rich's exit 1."""
    return _Text()
