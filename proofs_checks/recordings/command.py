"""The command ``schattor assumptions``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..display import display
from ..files import disk
from ..scaling.environment import environment
from ..unfinished import key_of
from .analysis import Analysis, analyse
from .example import write_example
from .kept import KeptBlocks, digest_of
from .reading import Recording, load_recording
from .report import ledger_of, outcome, words_of, write_outputs

__all__ = ["assumptions"]

_CALL = "assumptions"
_INTERRUPTED = 4


def assumptions(
    file: Path | None, *, p: str, level: float, out: Path | None, as_json: bool, example: Path | None
) -> None:
    """Analyse the recording, print and write what it says, and raise the exit of the command."""
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
    command, place = f"schattor assumptions --p {p} --level {level:g}", environment()
    kept = None
    if out is not None:
        key = key_of(command, level, place["versions"], place["machine"], digest_of(file, _CALL))
        kept = KeptBlocks(out, key, _CALL)
    analysis = _with_progress(recording, names, level, kept)
    ledger = ledger_of(analysis, place | {"command": command, "source": file.name, "level": level})
    page = write_outputs(analysis, ledger, out) if out is not None else None
    if kept is not None:
        kept.finish()
    if as_json:
        result = ledger.to_dict() | {"verdict": outcome(analysis), "exit_code": ledger.exit_code}
        print(json.dumps(result, allow_nan=False, ensure_ascii=False))
    else:
        print(words_of(analysis))
        if page is not None:
            print(f"Look at {page}")
    raise typer.Exit(ledger.exit_code)


def _with_progress(recording: Recording, exponents: list[str], level: float, kept: KeptBlocks | None) -> Analysis:
    """Return the analysis, with a display that leaves no trace; blocks that are kept are not looked at again."""
    progress = display(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    n, blocks = len(recording.blocks), recording.blocks.values()
    try:
        with progress:
            task = progress.add_task("blocks", total=n)

            def show(name: str) -> None:
                progress.update(task, description=f"block {list(recording.blocks).index(name) + 1} of {n} ({name})")

            if kept is None:
                return analyse(recording, exponents, level=level, progress=show)
            return analyse(recording, exponents, level=level, progress=show, known=kept.of(blocks), keep=kept.add)
    except KeyboardInterrupt as error:
        words = "nothing is kept without --out. Run the same command again to start over."
        if kept is not None:
            words = (
                f"{len(kept.of(blocks))} of {n} blocks are kept in {kept.folder}. Run the same command again to go on."
            )
        print(f"schattor: interrupted; {words}", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from error
