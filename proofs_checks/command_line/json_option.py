"""The option ``--json``, which every command has."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Json"]

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]
