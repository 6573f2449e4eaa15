"""The matrix of the report, and what its cells lead to: derivations, certificates and witnesses, written out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..evidence import Evidence, Verdict
from ..matrix import ENOUGH, WHY_FEWER, Artefact, Matrix, Row
from ..matrix import Cell as Evidences
from .blocks import Badge, Block, Cell, Code, Folded, Inline, Link, Listed, Paragraph, Section, Steps, Table, Verbatim

__all__ = ["anchor", "artefacts_of", "badge", "check_anchor", "matrix_section", "place_of", "shortened"]

_RESULTS = {"proved": "✓", "refuted": "✗", "undecided": "?"}
_ROWS_SHOWN = 80
_TEXT_SHOWN = 3000


def anchor(statement_id: str) -> str:
    """Return the name of the place of a statement on the page."""
    return f"statement-{statement_id.lower().replace(chr(39), 'prime').replace('*', 'star')}"


def check_anchor(check: str) -> str:
    """Return the name of the place of a check on the page."""
    return place_of("check", check)


def place_of(what: str, check: str) -> str:
    """Return the name of the place of something of a check, in characters that an address may have."""
    return f"{what}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', check).strip('-')}"


def badge(entry: Evidence) -> Badge:
    """Return the verdict of an entry, or that its check could not run."""
    sign, words = (entry.verdict.sign, entry.verdict.words) if entry.is_ok else ("!", "could not run")
    return Badge(entry.verdict.value if entry.is_ok else "error", sign, words)


def matrix_section(matrix: Matrix, known: Mapping[str, Sequence[str]], drawn: Collection[str]) -> Section:
    """Return the table of statements against kinds of evidence, with what each cell leads to.

    Parameters
    ----------
    matrix : Matrix
        Of the ledger.
    known : dict of str to sequence of str
        Kinds that the catalogues hold for each statement, at any level.
    drawn : collection of str
        Checks whose figure is in the report.
    """
    table = Table(
        head=("id", "statement", *matrix.kinds, "kinds"),
        rows=[_row(row, matrix.kinds, known.get(row.statement.id, ()), drawn) for row in matrix.rows],
        align="ll" + "c" * (len(matrix.kinds) + 1),
        css="matrix",
    )
    words = (
        "✓ holds, ✗ violated, ? inconclusive, – not applicable, ! could not run; a number counts the checks. A cell "
        "leads to its checks, the words below it to their figure, derivation, certificate or witness. The last column "
        "counts the kinds of evidence that hold here, of those there are at any level."
    )
    note = Paragraph(words, is_note=True)
    return Section("Statements and kinds of evidence", [table, note, *_fewer(matrix, known)])


def _row(row: Row, kinds: Sequence[str], known: Sequence[str], drawn: Collection[str]) -> list[Cell]:
    statement = row.statement
    head = [
        Cell(statement.id, target=anchor(statement.id)),
        Cell((statement.title, " ", Badge("status", "", statement.status)), tone="title"),
    ]
    if row.is_unchecked:
        words = "unchecked in this run" if known else "unchecked"
        return [*head, Cell(words, tone="unchecked", span=max(1, len(kinds))), _count(row, known)]
    return [*head, *(_cell(row.cells.get(kind), drawn) for kind in kinds), _count(row, known)]


def _cell(cell: Evidences | None, drawn: Collection[str]) -> Cell:
    if cell is None:
        return Cell("")
    sign, words = (cell.verdict.sign, cell.verdict.words) if cell.could_run else ("!", "could not run")
    count = f"\N{NO-BREAK SPACE}{len(cell.entries)}" if len(cell.entries) > 1 else ""
    first = min(cell.entries, key=lambda entry: (entry.is_ok, entry.verdict is not Verdict.VIOLATED))
    return Cell(
        f"{sign}{count}",
        tone=cell.verdict.value if cell.could_run else "error",
        target=check_anchor(first.check),
        aria=words,
        title="; ".join(entry.check.replace("_", " ") for entry in cell.entries),
        leads=_leads([a for a in cell.artefacts if a.what != "figure" or a.check in drawn]),
    )


def _leads(artefacts: Sequence[Artefact]) -> list[Link]:
    """Return one link a kind of artefact: the first, and how many there are."""
    links = []
    for what in dict.fromkeys(artefact.what for artefact in artefacts):
        same = [artefact for artefact in artefacts if artefact.what == what]
        count = f" {len(same)}" if len(same) > 1 else ""
        links.append(Link(f"{what}{count}", place_of(what, same[0].check)))
    return links


def _count(row: Row, known: Sequence[str]) -> Cell:
    total = len(set(known) | set(row.cells))
    few = total < ENOUGH
    mark = "*" if few and row.statement.id in WHY_FEWER else ""
    return Cell(f"{row.n_kinds} of {total}{mark}", tone="few" if few and not mark else "")


def _fewer(matrix: Matrix, known: Mapping[str, Sequence[str]]) -> list[Block]:
    few = [
        row.statement.id for row in matrix.rows if len(set(known.get(row.statement.id, ())) | set(row.cells)) < ENOUGH
    ]
    reasons: list[tuple[Inline, ...]] = [
        (Link(name, anchor(name)), f": {WHY_FEWER[name]}") for name in few if name in WHY_FEWER
    ]
    missing = [name for name in few if name not in WHY_FEWER]
    parts: list[Block] = []
    if reasons:
        parts += [Paragraph("* fewer than three kinds, because", is_note=True), Listed(reasons, is_note=True)]
    if missing:
        parts.append(Paragraph(f"Fewer than three kinds so far: {', '.join(missing)}.", is_note=True))
    return parts


def artefacts_of(entry: Evidence) -> list[Block]:
    """Return what a check left, written out below its row: the steps of a derivation, a certificate, witnesses."""
    parts: list[Block] = []
    steps = entry.data.get("steps")
    if isinstance(steps, list) and steps:
        parts.append(_derivation(entry, steps))
    elif steps:
        way = ("Written out by ", Code(f"schattor prove {entry.data.get('proof', entry.statement)}"), ".")
        parts.append(Folded(f"Derivation of {steps} steps", [Paragraph(way)], place_of("derivation", entry.check)))
    if entry.data.get("certificate"):
        inside = [Verbatim(shortened(entry.data["certificate"]))]
        parts.append(Folded("Certificate", inside, place_of("certificate", entry.check)))
    rows = [row for row in _list(entry.data.get("rows")) if isinstance(row, Mapping) and "certified" in row]
    if rows:
        parts.append(Folded(f"Witnesses: {len(rows)}", _table(rows), place_of("witness", entry.check)))
    elif entry.witness:
        inside = [Verbatim(shortened(entry.to_dict()["witness"]))]
        parts.append(Folded("Witness", inside, place_of("witness", entry.check)))
    return parts


def _derivation(entry: Evidence, steps: Sequence[Any]) -> Folded:
    items = []
    for step in steps:
        step = step if isinstance(step, Mapping) else {"claim": step}
        result = str(step.get("result", ""))
        sign = "" if step.get("role") == "hypothesis" else _RESULTS.get(result, "?") if result else ""
        items.append((str(step.get("claim", "")), result, sign, str(step.get("justification", ""))))
    words = f"Derivation, step by step ({len(steps)})"
    return Folded(words, [Steps(items)], place_of("derivation", entry.check))


def shortened(value: object) -> str:
    """Return a value as lines, cut where it is long: the ledger has the whole."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str)
    return text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}… (whole in ledger.json)"


def _table(rows: Sequence[Mapping[str, Any]]) -> list[Block]:
    names = list(
        dict.fromkeys(name for row in rows for name, value in row.items() if not isinstance(value, dict | list))
    )
    cells = [[Cell(str(row.get(name, ""))) for name in names] for row in rows[:_ROWS_SHOWN]]
    heads = [name.replace("_", " ") for name in names]
    parts: list[Block] = [Table(heads, cells, "l" * len(names), has_row_heads=False)]
    if len(rows) > _ROWS_SHOWN:
        parts.append(Paragraph(f"{len(rows) - _ROWS_SHOWN} more in ledger.json.", is_note=True))
    return parts


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
