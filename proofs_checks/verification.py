"""Verification: the checks of the statements that were asked for, run, and what becomes of the evidence."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from schattor_theory.checks import check_choice, fail
from schattor_theory.errors import ParameterError, StoreError

from .display import display, text_console
from .empirical.check import LEVELS, Check
from .empirical.run import chosen, run_checks
from .evidence import Evidence, Verdict
from .ledger import LEDGER, Ledger
from .report.tightness import tightness_of
from .scaling.environment import environment, usable_cores
from .statements import STATEMENTS, select
from .unfinished import Unfinished, key_of

__all__ = ["REPORTS", "run_verification"]

REPORTS = Path("report")
_INTERRUPTED = 4


def run_verification(
    *,
    level: str,
    out: Path | None,
    seed: int,
    only: str | None,
    mutant: str | None,
    random_only: bool,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Return the exit code of ``schattor verify`` with these options, everything written and printed."""
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
    out = out or (REPORTS if mutant is None else REPORTS / "mutants" / mutant)
    _prepare(out)
    start = time.perf_counter()
    # a mutant is mostly found before a second worker would be up
    workers = jobs or (min(2, usable_cores()) if mutant is None else 1)
    options: dict[str, Any] = {"seed": seed, "level": level, "jobs": workers}
    command, place = _command(level, seed, only, random_only, mutant), environment()
    unfinished = (
        None if mutant is not None else Unfinished(out, key_of(command, place["versions"], place["machine"]), "verify")
    )
    before = {} if unfinished is None else unfinished.of(checks)
    left = [check for check in checks if check.name not in before]
    running = run_checks(left, **options) if mutant is None else hunt(planted, left, **options)
    entries = _run(checks, before, running, unfinished)
    manifest = place | {
        "command": command,
        "seed": seed,
        "level": level,
        "statements": ids or list(STATEMENTS),
        "seconds": (seconds := time.perf_counter() - start),
        "taken_over": len(before),
    }
    if mutant is not None:
        manifest |= {"mutant": mutant, "planted": f"{planted.words} in {planted.place}"}
    ledger = Ledger(manifest=manifest, entries=tuple(entries))
    if kept := ledger.write(out / LEDGER):
        print(f"schattor: {out / LEDGER} was not a ledger of this schema; it is kept as {kept}", file=sys.stderr)
    from .report.page import write_report  # matplotlib is slow to import, and other commands do not need it

    page = write_report(ledger, out)
    if unfinished is not None:
        unfinished.finish()
    if as_json:
        print(
            json.dumps(ledger.to_dict() | {"verdict": ledger.words(), "exit_code": ledger.exit_code}, allow_nan=False)
        )
    else:
        _print(ledger, page)
        if mutant is not None:
            print(Hunt(mutant=mutant, entries=ledger.entries, seconds=seconds).words)
    return ledger.exit_code


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


def _run(
    checks: Sequence[Check], before: Mapping[str, Evidence], running: Iterable[Evidence], unfinished: Unfinished | None
) -> list[Evidence]:
    """Return the evidence in the order of the statements, with a display that leaves no trace."""
    progress = display()
    found = dict(before)
    try:
        with progress:
            task = progress.add_task("checks", total=len(checks), completed=len(before))
            for evidence in running:
                found[evidence.check] = evidence
                if unfinished is not None:
                    unfinished.add(evidence)
                progress.update(task, advance=1, description=f"checks ({evidence.check.replace('_', ' ')})")
    except KeyboardInterrupt as error:
        if unfinished is None:
            raise
        kept = f"{len(found)} of {len(checks)} checks are kept in {unfinished.path}"
        print(f"schattor: interrupted; {kept}. Run the same command again to go on.", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from error
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
    console = text_console()
    table = Table(box=None, pad_edge=False)
    table.add_column("statement")
    table.add_column("check", overflow="fold")
    table.add_column("verdict")
    table.add_column("margin", justify="right")
    table.add_column("seconds", justify="right")
    for entry in ledger.entries:
        word = entry.verdict.words if entry.is_ok else "could not run"
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
