"""Runs that leave a ledger: verify, tightness, constants, assumptions."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from ..constants.figure import draw_rows
from ..evidence import Evidence
from ..ledger import LEDGER, Ledger, read_ledger
from ..moments.figures import AXES, draw_ratios
from ..unfinished import UNFINISHED
from .blocks import Cell, Formula, Paragraph, Plot, Section, Table
from .entries import badge, place_of
from .figures import DRAWINGS, draw_measured
from .run import COULD_NOT_RUN, Part, Run
from .tightness import tightness_of

__all__ = ["read_ledger_run", "run_of"]

CONSTANTS = "constants.json"
_PARTS = "parts"
_UNFINISHED = "It is not finished. Run the same command again to go on, then make the report again."


def read_ledger_run(folder: Path, name: str, taken: Collection[str]) -> Run | None:
    """Return the run of a folder with a ledger or with the beginnings of one; None where there is neither.

    Raises
    ------
    StoreError
        If the ledger cannot be read.
    """
    if (folder / LEDGER).is_file():
        run = run_of(read_ledger(folder / LEDGER), folder, name, taken)
        is_left = (folder / UNFINISHED).is_file()
        return replace(run, words=f"{run.words} A later run in the same folder is not finished.") if is_left else run
    if (folder / UNFINISHED).is_file():
        n = max(0, len((folder / UNFINISHED).read_text(encoding="utf-8").splitlines()) - 1)
        return Run(name=name, kind="verify", words=f"{n} checks are kept. {_UNFINISHED}", exit_code=COULD_NOT_RUN)
    if list((folder / _PARTS).glob("*.json")):
        n = len(list((folder / _PARTS).glob("*.json")))
        return Run(name=name, kind="tightness", words=f"{n} cells are kept. {_UNFINISHED}", exit_code=COULD_NOT_RUN)
    return None


def run_of(ledger: Ledger, folder: Path, name: str = "", taken: Collection[str] = ()) -> Run:
    """Return the run of a ledger.

    Parameters
    ----------
    ledger : Ledger
        What the run found.
    folder : Path
        Where the rest of its files are.
    name : str
        What the report calls it; the name of the folder if not given.
    taken : collection of str
        Names of checks that other runs of the report have.
    """
    name = name or folder.name
    entries = tuple(replace(e, check=f"{e.check} ({name})") if e.check in taken else e for e in ledger.entries)
    command = str(ledger.manifest.get("command", "schattor verify"))
    kind = command.split()[1] if command.startswith("schattor ") and len(command.split()) > 1 else "verify"
    asked = ledger.manifest.get("statements")
    run = Run(
        name=name, kind=kind, words=ledger.words(), exit_code=ledger.exit_code, command=command, entries=entries,
        statements=tuple(map(str, asked)) if isinstance(asked, list | tuple) else None, manifest=ledger.manifest,
    )  # fmt: skip
    parts = {"tightness": _probe_parts, "constants": _constant_parts, "assumptions": _record_parts}
    make = parts.get(kind)
    return replace(run, parts=tuple(_verify_parts(run) if make is None else make(run, folder)))


def _verify_parts(run: Run) -> list[Part]:
    parts = []
    worlds = _worlds_table(run)
    if worlds is not None:
        words = (
            "Mean stationarity divided by the bound of T5, at the step size and momentum that minimise the bound. The "
            "random walk has the worst noise known without momentum, the last world attains the first two terms; a "
            "ratio above 1 would refute T5."
        )
        parts += [Part("tightness", Paragraph(words)), Part("tightness", worlds)]
    if any(_is_measured(entry) for entry in run.entries):
        plot = Plot(
            stem="ratios",
            title="Measured mean divided by its bound, for every sampled check",
            alt="Every measured ratio to its bound, one line a check; none exceeds one.",
            remake=run.command,
            draw=lambda: draw_measured(run.entries),
            is_broad=True,
        )
        parts.append(Part("tightness", plot))
    for entry in run.entries:
        stem = (entry.figure or "").removesuffix(".png")
        if stem in DRAWINGS and entry.is_ok:
            parts.append(Part(DRAWINGS[stem].topic, _figure_of(run, entry, stem)))
    return parts


def _is_measured(entry: Evidence) -> bool:
    rows = entry.data.get("rows")
    return entry.is_ok and isinstance(rows, list) and any(
        isinstance(row, Mapping) and row.get("sense") == "upper" for row in rows
    )  # fmt: skip


def _figure_of(run: Run, entry: Evidence, stem: str) -> Plot:
    drawing = DRAWINGS[stem]
    return Plot(stem=stem, title=drawing.title, alt=drawing.alt, remake=run.remake(entry), is_broad=drawing.is_broad,
                draw=lambda: drawing.draw(entry.data), place=place_of("figure", entry.check))  # fmt: skip


def _worlds_table(run: Run) -> Table | None:
    found = tightness_of(Ledger(manifest=run.manifest, entries=run.entries))
    if not found:
        return None
    worlds = list(dict.fromkeys(world for one in found for world in one.rows))
    rows = []
    for world in worlds:
        ratios = [f"{float(one.rows[world]['ratio']):.3f}" if world in one.rows else "" for one in found]
        rows.append([Cell(world), *map(Cell, ratios)])
    head = ["world and noise assumption", *(f"p = {one.p}".replace("inf", "∞") for one in found)]
    return Table(head, rows, "l" + "c" * len(found))


_PROBE_WORDS = {
    "n_steps": "the number of steps", "dimension": "the dimension", "q": "the exponent",
}  # fmt: skip
_STORED = {
    "averages": (
        "T4f: the average of signs on coordinates against the number of samples",
        "Under N1 alone the average falls with exponent minus one over p until n reaches the dimension, then faster.",
    ),
    "price": (
        "T4g: the price of dimension, and who pays it",
        "Signs on fresh coordinates lie on the line of the price at every rank.",
    ),
}


def _probe_parts(run: Run, folder: Path) -> list[Part]:
    rows = [row for path in sorted((folder / _PARTS).glob("*.json")) for row in _rows_of(path)]
    table = Table(
        ["check", "verdict", "what was found"],
        [[Cell(entry.check.replace("_", " ")), Cell(badge(entry)), Cell(entry.detail)] for entry in run.entries],
        "lcl", caption="Moment bounds on martingales",
    )  # fmt: skip
    parts = [Part("tightness", table)] if run.entries else []
    for axis in AXES:
        plot = Plot(
            stem=f"ratio_{axis}",
            title=f"Moment over bound against {_PROBE_WORDS[axis]}",
            alt="A panel for each bound, a line for each martingale, with finite-sample intervals; no bar: exact. The "
            "dashed line is the bound.",
            remake=run.command, is_broad=True, draw=partial(draw_ratios, rows, axis),
        )  # fmt: skip
        if _varies(rows, axis):
            parts.append(Part("tightness", plot))
    for stem, (title, alt) in _STORED.items():
        if (folder / "figures" / f"{stem}.png").is_file():
            stored = Plot(stem=stem, title=title, alt=alt, remake=run.command, stored=folder / "figures" / stem)
            parts.append(Part("tightness", stored))
    if len(parts) == 1:
        parts.append(Part("tightness", Paragraph(f"The run {run.name} has left no figures.", is_note=True)))
    return parts


def _varies(rows: Sequence[Mapping[str, Any]], axis: str) -> bool:
    return len({str(row.get(axis)) for row in rows if row.get("ratio") is not None}) > 1


def _rows_of(path: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["rows"])
    except (OSError, ValueError, KeyError, TypeError):
        return []  # a damaged cell is run again by the command, and a report does without it


def _constant_parts(run: Run, folder: Path) -> list[Part]:
    path = folder / CONSTANTS
    if not path.is_file():
        return [Part("constant", Paragraph(f"The run {run.name} has left no {CONSTANTS}.", is_note=True))]
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [[Cell(text) for text in _constant_row(row)] for row in content["rows"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        way_out = f"It is damaged or cut short ({error}). Run `{run.command} --out {folder}` again."
        fail(StoreError, "report", "folders", f"hold a whole {CONSTANTS}", str(folder), way_out)
    head = ["q", "C_q ≥", "matrices ≥", "K_q ≤", "by", "gap %", "2^(2-q)", "gap %"]
    plot = Plot(
        stem="band",
        title="The band of the best constant K_q",
        alt="Left: the constants against q, the proved upper end close above the lower one and far below 2^(2-q). "
        "Right: the same in per cent above C_q, which every witness attains or stays below.",
        remake=run.command, is_broad=True, draw=lambda: draw_rows(content["rows"]),
    )  # fmt: skip
    words = Paragraph(Formula(str(content.get("verdict", ""))))
    return [Part("constant", words), Part("constant", plot), Part("constant", Table(head, rows, "lrrrlrrr"))]


def _constant_row(row: Mapping[str, Any]) -> list[str]:
    witness = row["matrix_witness"]
    matrices = witness["certified_lower"] if witness else ""
    return [row["q"], row["scalar_low"], matrices, row["upper"], row["proof"], f"{100 * row['gap']:.2f}",
            row["first_upper"][:10], f"{100 * row['first_gap']:.2f}"]  # fmt: skip


def _record_parts(run: Run, folder: Path) -> list[Part]:
    rows = [[Cell(entry.statement), Cell(entry.check), Cell(badge(entry)), Cell(entry.detail)] for entry in run.entries]
    table = Table(["assumption", "record", "verdict", "what the record says"], rows, "llcl")
    return [Part("record", Section(str(run.manifest.get("source", run.name)), [table], level=3))]
