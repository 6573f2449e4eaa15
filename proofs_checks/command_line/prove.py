"""The command ``schattor prove``: its options. What it does is in :mod:`proofs_checks.prove.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["prove"]


def prove(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="Statements or names of proofs; all by default.")
    ] = None,
    directory: Annotated[Path | None, typer.Option("--export", help="Folder for proofs.tex and proofs.json.")] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Print one line for each proof.")] = False,
    as_json_only: Annotated[bool, typer.Option("--json", help="Print the proofs as JSON and nothing else.")] = False,
) -> None:
    """Carry out derivations and certificates. Exit 0, 1 (a step is refuted), 2 (usage), 3 (undecided), 4."""
    from ..prove import command

    command.prove(ids, directory=directory, brief=brief, as_json_only=as_json_only)
