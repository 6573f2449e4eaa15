"""The command ``schattor study`` — run, report, list, copy — and its options.

What it does is in :mod:`proofs_checks.scaling.command`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["study"]

study = typer.Typer(
    name="study", help="Dimension- and horizon-scaling studies.", no_args_is_help=True, add_completion=False
)

Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")]


@study.command()
def run(
    file: Annotated[str, typer.Argument(help="A study file, or the name of a shipped study.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; an earlier run in it is gone on with.")],
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="Local worker processes.")] = None,
    scale: Annotated[str, typer.Option("--scale", help="full, or smoke: seconds, to check the plumbing.")] = "full",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and stop.")] = False,
    scheduler: Annotated[str | None, typer.Option("--scheduler", help="Address of a Dask scheduler.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    as_json: Json = False,
) -> None:
    """Run what is missing of a study, then report. Exit 0, 1 (violation), 2 (usage), 3 (a cell failed), 4 (stopped)."""
    from ..scaling import command

    command.run(file, out=out, jobs=jobs, scale=scale, dry_run=dry_run, scheduler=scheduler, device=device,
                as_json=as_json)  # fmt: skip


@study.command()
def report(
    folder: Annotated[Path, typer.Argument(help="The --out folder of a run, finished or not.")], as_json: Json = False
) -> None:
    """Write the report of the results there are."""
    from ..scaling import command

    command.report(folder, as_json=as_json)


@study.command("list")
def list_studies(as_json: Json = False) -> None:
    """List the shipped studies."""
    from ..scaling import command

    command.list_studies(as_json=as_json)


@study.command()
def copy(
    name: Annotated[str, typer.Argument(help="Name of a shipped study.")],
    to: Annotated[Path | None, typer.Option("--to", help="File to write; by default NAME.toml here.")] = None,
    as_json: Json = False,
) -> None:
    """Copy a shipped study file, to change it."""
    from ..scaling import command

    command.copy(name, to=to, as_json=as_json)
