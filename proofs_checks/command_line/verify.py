"""The command ``schattor verify``: its options. What it does is in :mod:`proofs_checks.verification`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["verify"]


def verify(
    level: Annotated[
        str, typer.Option("--level", help="quick: within two minutes; full: more cases and samples.")
    ] = "quick",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for ledger.json, report.html and figures.", show_default="report"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything random, >= 0.")] = 0,
    only: Annotated[str | None, typer.Option("--only", help="Statements to check, for example T1,T5.")] = None,
    mutant: Annotated[
        str | None,
        typer.Option(
            "--mutant",
            metavar="NAME",
            help="Plant this error (docs/mutants.md) and check its statement until it is found: exit 1.",
        ),
    ] = None,
    random_only: Annotated[
        bool, typer.Option("--random-only", help="Only the checks that depend on the seed.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Worker processes; at most two by default, one with --mutant.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the ledger as JSON and nothing else.")] = False,
) -> None:
    """Check every statement numerically. Exit 0, 1 (violation), 2 (usage), 3 (a check failed), 4 (interrupted)."""
    from ..verification import run_verification

    code = run_verification(
        level=level, out=out, seed=seed, only=only, mutant=mutant, random_only=random_only, jobs=jobs, as_json=as_json
    )
    raise typer.Exit(code)
