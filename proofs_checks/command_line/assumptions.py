"""The command ``schattor assumptions``: its options. What it does is in :mod:`proofs_checks.recordings.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .json_option import Json

__all__ = ["assumptions"]


def assumptions(
    file: Annotated[Path | None, typer.Argument(help="Recorded gradients, .npz or .safetensors.")] = None,
    p: Annotated[str, typer.Option("--p", help="Exponents of the primal norms, for example 2,4,inf.")] = "2,4,inf",
    level: Annotated[float, typer.Option("--level", help="Of all intervals and tests together.")] = 0.95,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for ledger.json and report.html; a stopped run in it goes on.")
    ] = None,
    as_json: Json = False,
    example: Annotated[
        Path | None, typer.Option("--example", help="Write the digits network's own gradients there, and stop.")
    ] = None,
) -> None:
    """Say what recorded gradients contradict of N1, N2, N3. Exit 0, 1 (one fails for every constant), 2 (usage), 4."""
    from ..recordings import command

    command.assumptions(file, p=p, level=level, out=out, as_json=as_json, example=example)
