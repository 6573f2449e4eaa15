"""The command ``schattor selftest``: its options. What it does is in :mod:`proofs_checks.vectors.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .json_option import Json

__all__ = ["selftest"]


def selftest(
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    vectors: Annotated[
        Path | None, typer.Option("--vectors", help="Folder with reference vectors; those of this release if left out.")
    ] = None,
    dtype: Annotated[str, typer.Option("--dtype", help="float64 or float32.")] = "float64",
    as_json: Json = False,
) -> None:
    """Compare this installation with every reference vector. Exit 0, 1 (differs), 2 (usage), 3 (a case failed)."""
    from ..vectors import command

    command.selftest(device=device, vectors=vectors, dtype=dtype, as_json=as_json)
