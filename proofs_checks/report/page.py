"""Writing a report: one page, one Markdown file, or an appendix, with the figures that each needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..display import display
from ..files import disk, write_file
from ..ledger import Ledger
from .blocks import Document, plots_of
from .drawing import images_of
from .ledger_runs import run_of
from .markdown import text_of
from .paper import fragment, standalone
from .run import Run
from .sections import document_of
from .webpage import page_of

__all__ = ["FORMATS", "REPORT", "write_document", "write_report"]

REPORT = "report.html"
FORMATS: Mapping[str, str] = {"html": REPORT, "md": "report.md", "tex": "report.tex"}
"""What a report can be, and the file to look at."""

STANDALONE = "standalone.tex"


def write_report(ledger: Ledger, out: Path) -> Path:
    """Write the figures and ``report.html`` of a ledger into ``out``; return the page.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    document = document_of([replace(run_of(ledger, out, name=out.name or "report"), folder=str(out))])
    images = _drawn(document)
    _write_figures(images, out / document.figures, "png", "verify")
    write_file(out / REPORT, page_of(document, images).encode(), "verify")
    return out / REPORT


def write_document(runs: Sequence[Run], out: Path, kind: str, call: str = "report") -> Path:
    """Write the report of runs in one format into ``out``; return the file to look at.

    Parameters
    ----------
    runs : sequence of Run
        At least one.
    out : Path
        A folder, made when it is not there.
    kind : {"html", "md", "tex"}
        One page with everything in it; Markdown and a folder of figures; or ``report.tex`` for ``\\input``, its figures
        as PDF and ``standalone.tex``, which compiles it.
    call : str
        The command, for the words of an error.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    document, file = document_of(runs), out / FORMATS[kind]
    with disk(out, call):
        out.mkdir(parents=True, exist_ok=True)
    images = _drawn(document, is_paper=kind == "tex")
    if kind == "html":
        write_file(file, page_of(document, images).encode(), call)
        return file
    _write_figures(images, out / document.figures, "png" if kind == "md" else "pdf", call)
    if kind == "md":
        write_file(file, text_of(document, images).encode(), call)
    else:
        write_file(file, fragment(document, images).encode(), call)
        write_file(out / STANDALONE, standalone(file.name).encode(), call)
    return file


def _drawn(document: Document, *, is_paper: bool = False) -> dict[str, bytes]:
    """Return the figures by stem, with a display that leaves no trace."""
    plots = list(plots_of(document.sections))
    shown = display()
    with shown:
        task = shown.add_task("figures", total=len(plots))

        def count(stem: str) -> None:
            shown.update(task, advance=1, description=f"figures ({stem})")

        return images_of(plots, is_paper=is_paper, progress=count)


def _write_figures(images: Mapping[str, bytes], folder: Path, suffix: str, call: str) -> None:
    with disk(folder.parent, call):
        folder.mkdir(parents=True, exist_ok=True)
    for stem, content in images.items():
        write_file(folder / f"{stem}.{suffix}", content, call)
