"""The command ``schattor``: where the parts are put together.

Exit codes of every command: 0 nothing violated, 1 a violation, 2 bad usage, 3 something could not run, 4 interrupted.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from schattor_theory.checks import check_choice, fail
from schattor_theory.errors import ParameterError, SchattorError, StoreError

from .constants.command import constants
from .crosscheck.command import crosscheck_command
from .display import display
from .doctor import examine
from .empirical.check import LEVELS, Check
from .empirical.run import chosen, run_checks
from .evidence import Evidence, Verdict
from .ledger import LEDGER, Ledger
from .moments.command import tightness
from .prove.command import prove
from .recordings.command import assumptions
from .report.tightness import tightness_of
from .scaling.command import study_app
from .scaling.environment import environment, usable_cores
from .statements import STATEMENTS, select
from .vectors.command import selftest, vectors

__all__ = ["app", "main"]

_BAD_USAGE, _COULD_NOT_RUN, _INTERRUPTED = 2, 3, 4
_REPORTS = Path("report")


class _Commands(TyperGroup):
    """Gives every command the exit codes above; an error of the user is one line, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            return super().invoke(ctx)
        except SchattorError as error:
            print(f"schattor: {error}", file=sys.stderr)
            raise typer.Exit(_BAD_USAGE) from error
        except BrokenPipeError as error:
            # the reader of the output went away; nothing more can be said to it, at shutdown either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_COULD_NOT_RUN) from error
        except KeyboardInterrupt as error:
            print("schattor: interrupted. Run the same command again.", file=sys.stderr)
            raise typer.Exit(_INTERRUPTED) from error
        finally:
            signal.signal(signal.SIGTERM, before)


class _Console(Console):
    """A console that says when the reader of its output went away, where rich would end with exit code 1."""

    def on_broken_pipe(self) -> None:
        """Raise what :class:`_Commands` turns into an exit code."""
        raise BrokenPipeError


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


app = typer.Typer(
    cls=_Commands,
    name="schattor",
    help="Theory verification and numerical analysis for Schatten-norm matrix optimizers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(study_app, name="study")
app.command()(constants)
app.command()(prove)
app.command()(tightness)
app.command()(assumptions)
app.command("crosscheck")(crosscheck_command)
app.command()(vectors)
app.command()(selftest)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]


def _version(is_asked: bool) -> None:
    if is_asked:
        try:
            print(f"schattor-theory {version('schattor-theory')}")
        except PackageNotFoundError:
            print("schattor-theory (not installed)")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Theory verification and numerical analysis for Schatten-norm matrix optimizers."""


@app.command()
def verify(
    level: Annotated[
        str, typer.Option("--level", help="quick: within two minutes; full: more cases and samples.")
    ] = "quick",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for ledger.json, report.html and figures.", show_default=str(_REPORTS)),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything random, >= 0.")] = 0,
    only: Annotated[str | None, typer.Option("--only", help="Statements to check, for example T1,T5.")] = None,
    mutant: Annotated[
        str | None,
        typer.Option(
            "--mutant",
            metavar="NAME",
            help="Plant this error (docs/mutants.md) and check its statement until it is found: exit 1.",
        ),
    ] = None,
    random_only: Annotated[
        bool, typer.Option("--random-only", help="Only the checks that depend on the seed.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Worker processes; at most two by default, one with --mutant.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every statement numerically. Exit 0, 1 (violation), 2 (usage), 3 (a check failed), 4 (interrupted)."""
    check_choice("verify", "level", level, LEVELS)
    if seed < 0:
        fail(ParameterError, "verify", "seed", "be an integer >= 0", seed)
    if mutant is not None:
        from .mutants.hunt import Hunt, hunt, named  # mutants are no part of what they are planted in

        if only is not None:
            fail(ParameterError, "verify", "only", "be left out with --mutant, which has its statement", only)
        planted = named(mutant)
        ids: list[str] | None = [planted.statement]
    else:
        ids = None if only is None else select([name.strip() for name in only.split(",") if name.strip()])
    checks = chosen(ids, level=level, random_only=random_only)
    if not checks:
        fail(
            ParameterError, "verify", "only", "name a statement that has a check", only, "See `schattor verify --help`."
        )
    out = out or (_REPORTS if mutant is None else _REPORTS / "mutants" / mutant)
    _prepare(out)
    start = time.perf_counter()
    # a mutant is mostly found before a second worker would be up
    workers = jobs or (min(2, usable_cores()) if mutant is None else 1)
    options: dict[str, Any] = {"seed": seed, "level": level, "jobs": workers}
    found = run_checks(checks, **options) if mutant is None else hunt(planted, checks, **options)
    entries = _run(checks, found)
    manifest = environment() | {
        "command": _command(level, seed, only, random_only, mutant),
        "seed": seed,
        "level": level,
        "statements": ids or list(STATEMENTS),
        "seconds": time.perf_counter() - start,
    }
    if mutant is not None:
        manifest |= {"mutant": mutant, "planted": f"{planted.words} in {planted.place}"}
    ledger = Ledger(manifest=manifest, entries=tuple(entries))
    if kept := ledger.write(out / LEDGER):
        print(f"schattor: {out / LEDGER} was not a ledger of this schema; it is kept as {kept}", file=sys.stderr)
    from .report.page import write_report  # matplotlib is slow to import, and other commands do not need it

    page = write_report(ledger, out)
    if as_json:
        print(
            json.dumps(ledger.to_dict() | {"verdict": ledger.words(), "exit_code": ledger.exit_code}, allow_nan=False)
        )
    else:
        _print(ledger, page)
        if mutant is not None:
            print(Hunt(mutant=mutant, entries=ledger.entries, seconds=manifest["seconds"]).words)
    raise typer.Exit(ledger.exit_code)


def _command(level: str, seed: int, only: str | None, random_only: bool, mutant: str | None) -> str:
    parts = ["schattor verify", f"--level {level}", f"--seed {seed}"]
    parts += [f"--only {only}"] if only else []
    parts += [f"--mutant {mutant}"] if mutant else []
    return " ".join(parts + (["--random-only"] if random_only else []))


def _prepare(out: Path) -> None:
    """Refuse a folder that cannot be written before an hour is spent on what would go there."""
    call, way_out = "verify", "Choose another folder with --out."
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".probe.tmp"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        fail(
            StoreError,
            call,
            "out",
            "be a folder that can be written",
            str(out),
            f"{error.strerror or error}. {way_out}",
        )


def _run(checks: Sequence[Check], running: Iterable[Evidence]) -> list[Evidence]:
    """Return the evidence in the order of the statements, with a display that leaves no trace."""
    progress = display()
    found: dict[str, Evidence] = {}
    with progress:
        task = progress.add_task("checks", total=len(checks))
        for evidence in running:
            found[evidence.check] = evidence
            progress.update(task, advance=1, description=f"checks ({evidence.check.replace('_', ' ')})")
    order = list(STATEMENTS)
    listed = sorted(checks, key=lambda check: order.index(check.statement))
    return [found[check.name] for check in listed if check.name in found]


_STYLES = {
    Verdict.HOLDS: "green",
    Verdict.VIOLATED: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}


def _print(ledger: Ledger, page: Path) -> None:
    console = _Console()
    table = Table(box=None, pad_edge=False)
    for name, options in (
        ("statement", {}), ("check", {"overflow": "fold"}), ("verdict", {}), ("margin", {"justify": "right"}),
        ("seconds", {"justify": "right"}),
    ):  # fmt: skip
        table.add_column(name, **options)  # type: ignore[arg-type]
    for entry in ledger.entries:
        word = entry.verdict.value.replace("_", " ") if entry.is_ok else "could not run"
        style = _STYLES[entry.verdict] if entry.is_ok else "bold magenta"
        margin = "" if entry.margin is None else f"{entry.margin:.3f}"
        table.add_row(
            entry.statement, entry.check.replace("_", " "), f"[{style}]{word}[/]", margin, f"{entry.seconds:.1f}"
        )
    console.print(table)
    for entry in ledger.entries:
        if not entry.is_ok:
            console.print(f"{entry.statement} {entry.check}: {entry.status}", markup=False, soft_wrap=True)
        elif entry.verdict is Verdict.VIOLATED:
            witness = json.dumps(entry.to_dict()["witness"], allow_nan=False)
            console.print(
                f"{entry.statement} {entry.check}: {entry.detail} Witness: {_cut(witness)}",
                markup=False,
                soft_wrap=True,
            )
    for one in tightness_of(ledger):
        lines = (
            f"T5 at p = {one.p}: measured over bound {one.lowest:.3f} to {one.highest:.3f} in {len(one.rows)} worlds"
        )
        console.print(lines, markup=False, soft_wrap=True)
    console.print(ledger.words(), markup=False, soft_wrap=True)
    console.print(f"Look at {page}", markup=False, soft_wrap=True)


def _cut(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}… (whole in {LEDGER})"


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this installation consists of: versions, BLAS, threads, GPU, extras."""
    found = examine()
    if as_json:
        print(json.dumps(found, allow_nan=False))
        return
    console = _Console()
    for name in ("schattor-theory", "python", "system", "cores", "cuda"):
        console.print(f"{name:18} {found[name]}", markup=False, soft_wrap=True)
    console.print(
        "threads            " + ", ".join(f"{k}={v}" for k, v in found["threads"].items()), markup=False, soft_wrap=True
    )
    for pool in found["thread_pools"]:
        console.print("thread pool        " + ", ".join(f"{v}" for v in pool.values()), markup=False, soft_wrap=True)
    for name, number in found["packages"].items():
        console.print(f"{name:18} {number or 'MISSING'}", markup=False, soft_wrap=True)
    for extra, state in found["extras"].items():
        console.print(f"extra {extra:12} {_extra_words(state)}", markup=False, soft_wrap=True)


def _extra_words(state: dict[str, Any]) -> str:
    if state["present"]:
        return f"present: {state['purpose']}"
    return f"missing {', '.join(state['missing'])}: {state['purpose']}. {state['install']}"


def main() -> None:
    """Run the command; what nobody foresaw is shown whole and is exit code 3, never 1."""
    try:
        app()
    except Exception:
        traceback.print_exc()
        sys.exit(_COULD_NOT_RUN)
