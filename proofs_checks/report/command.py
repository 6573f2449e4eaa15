"""The command ``schattor report``: the folders of any runs, put together in one report."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from schattor_theory.checks import check_choice, fail
from schattor_theory.errors import StoreError

from .page import FORMATS, write_document
from .reading import read_runs
from .sections import exit_code_of, verdict_of

__all__ = ["report"]

_CALL = "report"


def report(folders: Sequence[Path], *, out: Path, kind: str, as_json: bool) -> None:
    """Write the report of the folders, print its verdict, and raise the exit of the command."""
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
