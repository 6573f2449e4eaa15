"""Progress on a terminal: on stderr, leaving no trace, and nothing at all where stderr is no terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

__all__ = ["display"]


def display(*columns: ProgressColumn) -> Progress:
    """Return a display with these columns; by default a description, a bar, a count and the time."""
    usual = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*(columns or usual), console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
