"""The command ``schattor crosscheck``: its options. What it does is in :mod:`proofs_checks.crosscheck.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .json_option import Json

__all__ = ["crosscheck"]


def crosscheck(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="torch.optim:Muon, optax.contrib:muon, my_module:make_optimizer, recorded.npz …"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for a page and a text of each target.")] = None,
    claim: Annotated[
        str | None, typer.Option("--as", help="Judge against this published convention; --as list names them.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="NAME=VALUE, an argument of every target; repeatable.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="One of torch, keras, optax, method, function, if not found.")
    ] = None,
    dtype: Annotated[
        str, typer.Option("--dtype", help="Of the parameters: float32, float64, bfloat16, float16.")
    ] = "float32",
    time_limit: Annotated[float, typer.Option("--time-limit", help="Seconds for one probe; compiling counts.")] = 60.0,
    namespace: Annotated[str, typer.Option("--namespace", help="Array library of a target that takes any.")] = "numpy",
    probes: Annotated[
        Path | None, typer.Option("--write-probes", help="Write the inputs for a program of your own, and stop.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the matrices and of the rounding errors.")] = 0,
    as_json: Json = False,
) -> None:
    """Say which method an optimizer is, from its steps alone. Exit 0 (all conform), 1 (one differs), 3 (no run)."""
    from ..crosscheck.command import crosscheck_command

    crosscheck_command(targets, out=out, claim=claim, option=option, kind=kind, dtype=dtype, time_limit=time_limit,
                       namespace=namespace, probes=probes, seed=seed, as_json=as_json)  # fmt: skip
