"""The command ``schattor constants``: its options. What it does is in :mod:`proofs_checks.constants.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .json_option import Json

__all__ = ["constants"]


def constants(
    q: Annotated[str | None, typer.Option("--q", help="Exponents in [1, 2], for example 1.5,4/3.")] = None,
    digits: Annotated[int, typer.Option("--digits", help="Decimals, each certified.")] = 12,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for tables, ledger.json and the figure.")] = None,
    search: Annotated[
        float | None, typer.Option("--search", help="Seconds of a live search for a pair above C_q.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the search, >= 0.")] = 0,
    as_json: Json = False,
) -> None:
    """Show the band of the best constant K_q. Exit 0, 1 (a witness beats C_q or the proof), 2 (usage), 3, 4."""
    from ..constants import command

    command.constants(q=q, digits=digits, out=out, search=search, seed=seed, as_json=as_json)
