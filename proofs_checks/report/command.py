"""The command ``schattor report``: the folders of any runs, put together in one report."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from schattor_theory.checks import check_choice, fail
from schattor_theory.errors import StoreError

from .page import FORMATS, write_document
from .reading import read_runs
from .sections import exit_code_of, verdict_of

__all__ = ["report"]

_CALL = "report"
_OUT = Path("out") / "report"


def report(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR…", help="Folders that runs of any command have left.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.")] = _OUT,
    kind: Annotated[
        str,
        typer.Option("--format", help="html: one page; md: Markdown and figures; tex: an appendix and PDF figures."),
    ] = "html",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")] = False,
) -> None:
    """Put runs together in one report. Exit 0, 1 (a run shows a violation), 2 (usage), 3 (a run is not finished)."""
    check_choice(_CALL, "format", kind, FORMATS)
    _check_out(out, folders)
    runs = read_runs(folders)
    page = write_document(runs, out, kind, _CALL)
    code = exit_code_of(runs)
    if as_json:
        found = [{"name": r.name, "made_by": r.kind, "verdict": r.words, "exit_code": r.exit_code} for r in runs]
        record = {"schema": 1, "report": str(page), "verdict": verdict_of(runs), "exit_code": code, "runs": found}
        print(json.dumps(record, allow_nan=False, ensure_ascii=False))
    else:
        for run in runs:
            print(f"{run.name} ({run.kind}): {run.words}", file=sys.stderr if run.exit_code else sys.stdout)
        print(verdict_of(runs))
        print(f"Look at {page}")
    raise typer.Exit(code)


def _check_out(out: Path, folders: Sequence[Path]) -> None:
    if any(out.resolve() == folder.resolve() for folder in folders):
        fail(StoreError, _CALL, "out", "be another folder than those of the runs", str(out), "Choose one with --out.")
