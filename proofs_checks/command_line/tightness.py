"""The command ``schattor tightness``: its options. What it does is in :mod:`proofs_checks.moments.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["tightness"]


def tightness(
    bound: Annotated[
        str | None, typer.Option("--bound", help="Statements or bounds, for example T4a,T4b-left.")
    ] = None,
    martingale: Annotated[
        str | None,
        typer.Option("--martingale", help="Martingales; a name with a comma goes in quotes: '\"ginibre, complex\"'."),
    ] = None,
    q: Annotated[str | None, typer.Option("--q", help="Exponents, for example 1,4/3,2.")] = None,
    n: Annotated[str | None, typer.Option("--n", help="Numbers of steps.")] = None,
    d: Annotated[str | None, typer.Option("--d", help="Dimensions: the matrices are d by d.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="Trials where no exact law is known.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything random, >= 0.")] = 0,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Threads.")] = None,
    scale: Annotated[str, typer.Option("--scale", help="full, or smoke: seconds, to check the plumbing.")] = "full",
    out: Annotated[
        Path, typer.Option("--out", help="Folder for results; an earlier run in it is gone on with.")
    ] = Path("tightness"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the ledger as JSON and nothing else.")] = False,
) -> None:
    """Probe the moment bounds T4. Exit 0, 1 (violation), 2 (usage), 3 (a cell failed), 4 (interrupted, resumable)."""
    from ..moments import command

    command.tightness(bound=bound, martingale=martingale, q=q, n=n, d=d, trials=trials, seed=seed, jobs=jobs,
                      scale=scale, out=out, as_json=as_json)  # fmt: skip
