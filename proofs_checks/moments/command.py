"""The command ``schattor tightness``: how much of each moment bound is used, by which martingale."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError, SchattorError
from schattor_theory.geometry import exponent_label

from ..display import display
from ..evidence import Evidence, Verdict
from ..ledger import LEDGER, Ledger
from ..scaling.environment import environment, usable_cores
from ..scaling.tables import to_text
from .curves import average_curves, price_points
from .grid import Grid, default_grid
from .run import CALL, Outcome, prepare, run_cells, write_results
from .summary import Summary
from .witnesses import witness_ratios
from .wrong_forms import WRONG_FORMS

__all__ = ["tightness"]

_BAD_USAGE, _INTERRUPTED = 2, 4

_EXPONENTS = ("2", "4", "inf")
_CURVES = {"full": (32, (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024), 4_000), "smoke": (8, (1, 2, 4, 8, 32, 64), 500)}
_RANKS = (1, 2, 4, 8, 16, 32, 64)


def _names(text: str | None) -> list[str] | None:
    """Return the names in a list with commas; a name that holds one itself is put in quotes."""
    if text is None:
        return None
    parts, quoted = [], False
    current = ""
    for letter in text:
        if letter in "\"'":
            quoted = not quoted
        elif letter == "," and not quoted:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [part for part in [*parts, current.strip()] if part]


def _whole(text: str | None, name: str) -> list[int] | None:
    found = []
    for part in _names(text) or []:
        if not part.isdigit():
            fail(ParameterError, CALL, name, "be integers >= 1 with commas between them", text)
        found.append(int(part))
    return found or None


@contextmanager
def _display(total: int) -> Iterator[Callable[[str, int], None]]:
    """Give a function that shows progress on the standard error, where somebody is looking."""
    shown = display()
    with shown:
        task = shown.add_task("probes", total=total)
        yield lambda words, done: shown.update(task, advance=done, description=words)


def run_grid(grid: Grid, out: Path, *, jobs: int) -> Summary:
    """Return the results of a grid; finished cells are read from ``out``."""
    start = time.perf_counter()
    cells = grid.cells()
    outcomes: list[Outcome] = []
    statements = {bound.split("-")[0] for bound in grid.bounds}
    with _display(len(cells) + 4) as show:
        drawn = 0

        def count(trials: int) -> None:
            nonlocal drawn
            drawn += trials
            cell = cells[len(outcomes)]
            show(f"{cell.world}, n = {cell.n_steps}: {drawn:,} trials", 0)

        for outcome in run_cells(cells, out, jobs=jobs, progress=count):
            outcomes.append(outcome)
            drawn = 0
            show(f"{outcome.cell.world}, n = {outcome.cell.n_steps}", 1)
        show("witnesses", 1)
        witnesses = [named for named in witness_ratios() if named.witness.bound in grid.bounds]
        show("false forms", 1)
        wrong = {name: f.outcome() for name, f in WRONG_FORMS.items() if f.bound.statement in statements}
        show("averages", 1)
        averages: dict[str, Any] = {}
        dimension, steps, trials = _CURVES[grid.scale]
        if statements & {"T4a", "T4b"}:  # T4f has no bound of its own: it is what N1 leaves where N2 gives T4b
            kinds = {
                kind: average_curves(kind, _EXPONENTS, dimension=dimension, steps=steps, trials=size, seed=grid.seed)
                for kind, size in (("fresh_coordinates", 0), ("iid_coordinates", trials))
            }
            averages = {p: {kind: curves[p] for kind, curves in kinds.items()} for p in _EXPONENTS}
        show("price", 1)
        prices = {}
        if "T4g" in statements:
            pairs = ((1.0, 2.0), (1.0, 1.5), (4 / 3, 2.0))
            prices = {_price_label(q, order): price_points(q, order, _RANKS) for q, order in pairs}
    return Summary(outcomes=outcomes, witnesses=witnesses, wrong_forms=wrong, averages=averages, prices=prices,
                   seed=grid.seed, seconds=time.perf_counter() - start)  # fmt: skip


def _price_label(q: float, order: float) -> str:
    return f"q = {exponent_label(q)}, β = {order:g}"


def tightness(
    *,
    bound: str | None,
    martingale: str | None,
    q: str | None,
    n: str | None,
    d: str | None,
    trials: int | None,
    seed: int,
    jobs: int | None,
    scale: str,
    out: Path,
    as_json: bool,
) -> None:
    """Probe the bounds, print and write what was measured, and raise the exit of the command."""
    try:
        grid = default_grid(
            bounds=_names(bound), worlds=_names(martingale), exponents=_names(q), steps=_whole(n, "n"),
            dimensions=_whole(d, "d"), trials=trials, seed=seed, scale=scale,
        )  # fmt: skip
        prepare(out)
    except SchattorError as error:
        print(f"schattor: {error}", file=sys.stderr)
        raise typer.Exit(_BAD_USAGE) from error
    try:
        summary = run_grid(grid, out, jobs=jobs or usable_cores())
    except KeyboardInterrupt as error:
        print(f"schattor: interrupted; finished cells are kept in {out}. Run the same command again to go on.",
              file=sys.stderr)  # fmt: skip
        raise typer.Exit(_INTERRUPTED) from error
    command = " ".join(["schattor tightness", *_given(bound, martingale, q, n, d, trials, seed, scale)])
    manifest = environment() | {"command": command, "grid": grid.to_dict(), "seconds": summary.seconds}
    ledger = Ledger(manifest=manifest, entries=tuple(summary.evidence()))
    ledger.write(out / LEDGER, CALL)
    write_results(summary.rows, out)
    from .report import write_report  # matplotlib is slow to import, and an error of usage does not need it

    page = write_report(summary, ledger, out)
    if as_json:
        record = ledger.to_dict() | {"verdict": ledger.words(), "exit_code": ledger.exit_code}
        print(json.dumps(record, allow_nan=False))
    else:
        _print(summary, ledger.entries, page)
        print(ledger.words())
        print(f"Look at {page}")
    raise typer.Exit(ledger.exit_code)


def _given(
    bound: str | None, martingale: str | None, q: str | None, n: str | None, d: str | None, trials: int | None,
    seed: int, scale: str,
) -> Iterator[str]:  # fmt: skip
    options = {"bound": bound, "martingale": martingale, "q": q, "n": n, "d": d, "trials": trials}
    yield from (f"--{name} {value}" for name, value in options.items() if value is not None)
    yield f"--seed {seed} --scale {scale}"


def _print(summary: Summary, entries: Sequence[Evidence], page: Path) -> None:
    for table in (summary.witnesses_table(), summary.wrong_forms_table(), summary.bounds_table(),
                  summary.averages_table()):  # fmt: skip
        if table.rows:
            print(to_text(table))
    for entry in entries:
        if not entry.is_ok:
            print(f"could not run: {entry.check}: {entry.status}")
        elif entry.verdict is Verdict.VIOLATED:
            print(f"violated: {entry.statement}, {entry.check}: {entry.detail} Witness: {entry.to_dict()['witness']}")
