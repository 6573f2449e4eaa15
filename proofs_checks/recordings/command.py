"""The command ``schattor assumptions``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..display import display
from ..files import disk
from ..scaling.environment import environment
from .analysis import Analysis, analyse
from .example import write_example
from .reading import Recording, load_recording
from .report import ledger_of, outcome, words_of, write_outputs

__all__ = ["assumptions"]

_CALL = "assumptions"


def assumptions(
    file: Annotated[Path | None, typer.Argument(help="Recorded gradients, .npz or .safetensors.")] = None,
    p: Annotated[str, typer.Option("--p", help="Exponents of the primal norms, for example 2,4,inf.")] = "2,4,inf",
    level: Annotated[float, typer.Option("--level", help="Of all intervals and tests together.")] = 0.95,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for ledger.json and report.html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False,
    example: Annotated[
        Path | None, typer.Option("--example", help="Write the digits network's own gradients there, and stop.")
    ] = None,
) -> None:
    """Say what recorded gradients contradict of N1, N2, N3. Exit 0, 1 (one fails for every constant), 2 (usage)."""
    if example is not None:
        if file is not None:
            fail(ParameterError, _CALL, "file", "be left out with --example", str(file))
        written = write_example(example)
        print(json.dumps({"file": str(written)}) if as_json else written)
        return
    if file is None:
        fail(ParameterError, _CALL, "file", "be given", None, "Name a recording, or write one with --example DIR.")
    names = [name.strip() for name in p.split(",") if name.strip()]
    recording = load_recording(file)
    if out is not None:
        with disk(out, _CALL):
            out.mkdir(parents=True, exist_ok=True)
    analysis = _with_progress(recording, names, level)
    manifest = environment() | {"command": f"schattor assumptions --p {p} --level {level:g}", "source": file.name,
                                "level": level}  # fmt: skip
    ledger = ledger_of(analysis, manifest)
    page = write_outputs(analysis, ledger, out) if out is not None else None
    if as_json:
        result = ledger.to_dict() | {"verdict": outcome(analysis), "exit_code": ledger.exit_code}
        print(json.dumps(result, allow_nan=False, ensure_ascii=False))
    else:
        print(words_of(analysis))
        if page is not None:
            print(f"Look at {page}")
    raise typer.Exit(ledger.exit_code)


def _with_progress(recording: Recording, exponents: list[str], level: float) -> Analysis:
    """Return the analysis, with a display that leaves no trace."""
    progress = display(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    n = len(recording.blocks)
    with progress:
        task = progress.add_task("blocks", total=n)

        def show(name: str) -> None:
            progress.update(task, description=f"block {list(recording.blocks).index(name) + 1} of {n} ({name})")

        return analyse(recording, exponents, level=level, progress=show)
