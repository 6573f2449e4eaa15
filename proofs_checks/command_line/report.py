"""The command ``schattor report``: its options. What it does is in :mod:`proofs_checks.report.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR…", help="Folders that runs of any command have left.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.")] = Path("out/report"),
    kind: Annotated[
        str,
        typer.Option("--format", help="html: one page; md: Markdown and figures; tex: an appendix and PDF figures."),
    ] = "html",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")] = False,
) -> None:
    """Put runs together in one report. Exit 0, 1 (a run shows a violation), 2 (usage), 3 (a run is not finished)."""
    from ..report import command

    command.report(folders, out=out, kind=kind, as_json=as_json)
