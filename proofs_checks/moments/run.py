"""Running a grid of probes: a file for each finished cell, so that an interrupted run is gone on with."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError
from schattor_theory.geometry import exponent_label

from ..evidence import plain
from ..files import disk, write_file
from .grid import WORLDS, Cell
from .probe import probe

__all__ = ["RESULTS", "Outcome", "prepare", "run_cell", "run_cells", "write_results"]

RESULTS = "results.parquet"
PARTS = "parts"
CALL = "tightness"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cell: its rows, or why there is none, or the error that is its status."""

    cell: Cell
    rows: tuple[Row, ...]
    skipped: str = ""
    error: str = ""


def prepare(folder: Path) -> None:
    """Make the folder, or say why it cannot be written, before time is spent on what would go there."""
    with disk(folder, CALL):
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
        probe_file = folder / ".probe.tmp"
        probe_file.write_bytes(b"")
        probe_file.unlink()


def run_cell(cell: Cell, *, jobs: int = 1, progress: Callable[[int], None] | None = None) -> Outcome:
    """Return the outcome of one cell; an exception is its status and costs no other cell."""
    try:
        reason = cell.why_not()
        if reason:
            return Outcome(cell, (), skipped=reason)
        martingale = cell.build()
        found = probe(
            martingale,
            cell.requests,
            trials=cell.trials,
            axes=cell.axes,
            n_probes=cell.n_probes,
            jobs=jobs,
            progress=progress,
        )
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(cell, (), error=f"{type(error).__name__}: {error} ({Path(place.filename).name}, {place.lineno})")
    shape = {"rows": martingale.shape[0], "columns": martingale.shape[1]}
    head = {"world": cell.world, "dimension": min(martingale.shape), **shape, "n_steps": cell.n_steps,
            "seed": cell.seed, "own_shape": WORLDS[cell.world].has_own_shape}  # fmt: skip
    return Outcome(cell, tuple(plain(head | one.to_dict()) for one in found))


def _read(path: Path) -> tuple[Row, ...] | None:
    """Return the rows of a finished cell; None for one that is missing or damaged, which is run again."""
    with suppress(OSError, ValueError, KeyError):
        content = json.loads(path.read_text(encoding="utf-8"))
        return tuple(content["rows"])
    return None


def run_cells(
    cells: list[Cell], folder: Path, *, jobs: int = 1, progress: Callable[[int], None] | None = None
) -> Iterator[Outcome]:
    """Yield the outcome of each cell, in order; a finished one is read from its file."""
    for cell in cells:
        path = folder / PARTS / f"{cell.digest}.json"
        rows = _read(path)
        if rows is not None:
            yield Outcome(cell, rows)
            continue
        outcome = run_cell(cell, jobs=jobs, progress=progress)
        if outcome.rows:
            text = json.dumps({"axes": plain(cell.axes), "rows": list(outcome.rows)}, allow_nan=False)
            write_file(path, text.encode(), CALL)
        yield outcome


_TEXTS = ("world", "bound", "statement", "verdict", "reason", "method")
_WHOLE = ("dimension", "rows", "columns", "n_steps", "seed", "trials")
_NUMBERS = ("moment_order", "bound_value", "moment", "ratio", "ratio_low", "ratio_high", "log_e_value")


def _number(value: Any) -> float | None:
    return None if value is None else float(value)  # "inf" is read as infinity


def write_results(rows: list[Row], folder: Path) -> Path:
    """Write all rows as one Parquet file; q is spelled as everywhere, for example "4/3" or "inf"."""
    columns: dict[str, Any] = {name: pa.array([row[name] for row in rows], pa.string()) for name in _TEXTS}
    columns["q"] = pa.array([exponent_label(float(row["q"])) for row in rows], pa.string())
    columns |= {name: pa.array([row[name] for row in rows], pa.int64()) for name in _WHOLE}
    columns |= {name: pa.array([_number(row[name]) for row in rows], pa.float64()) for name in _NUMBERS}
    path = folder / RESULTS
    buffer = pa.BufferOutputStream()
    try:
        pq.write_table(pa.table(columns), buffer)
    except pa.ArrowException as error:
        fail(StoreError, CALL, "rows", "make a table", len(rows), str(error))
    write_file(path, buffer.getvalue().to_pybytes(), CALL)
    return path
