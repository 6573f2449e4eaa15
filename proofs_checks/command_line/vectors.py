"""The command ``schattor vectors``: its options. What it does is in :mod:`proofs_checks.vectors.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .json_option import Json

__all__ = ["vectors"]


def vectors(
    out: Annotated[Path, typer.Option("--out", help="Folder for vectors.npz, vectors.safetensors and index.json.")],
    as_json: Json = False,
) -> None:
    """Write inputs and certified answers for other people's tests; the same bytes on every machine."""
    from ..vectors import command

    command.vectors(out, as_json=as_json)
