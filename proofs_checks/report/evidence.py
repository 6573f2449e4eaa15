"""The matrix of the report, and what its cells lead to: derivations, certificates and witnesses, written out."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..evidence import Evidence, Verdict
from ..matrix import ENOUGH, WHY_FEWER, Artefact, Cell, Matrix, Row

__all__ = ["SIGNS", "anchor", "artefacts_html", "check_anchor", "matrix_html", "place_of"]

SIGNS = {
    Verdict.HOLDS: ("✓", "holds"),
    Verdict.VIOLATED: ("✗", "violated"),
    Verdict.INCONCLUSIVE: ("?", "inconclusive"),
    Verdict.NOT_APPLICABLE: ("–", "not applicable"),
}

_RESULTS = {"proved": "✓", "refuted": "✗", "undecided": "?"}
_ROWS_SHOWN = 80
_TEXT_SHOWN = 3000


def _e(text: object) -> str:
    return html.escape(str(text))


def anchor(statement_id: str) -> str:
    """Return the name of the place of a statement on the page."""
    return f"statement-{statement_id.lower().replace(chr(39), 'prime').replace('*', 'star')}"


def check_anchor(check: str) -> str:
    """Return the name of the place of a check on the page."""
    return place_of("check", check)


def place_of(what: str, check: str) -> str:
    """Return the name of the place of something of a check, in characters that an address may have."""
    return f"{what}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', check).strip('-')}"


def _place(artefact: Artefact) -> str:
    return place_of(artefact.what, artefact.check)


def matrix_html(matrix: Matrix, known: Mapping[str, Sequence[str]], drawn: Collection[str]) -> str:
    """Return the table of statements against kinds of evidence, with what each cell leads to.

    Parameters
    ----------
    matrix : Matrix
        Of the ledger.
    known : dict of str to sequence of str
        Kinds that the catalogues hold for each statement, at any level.
    drawn : collection of str
        Checks whose figure is on the page.
    """
    head = "".join(f'<th scope="col">{_e(kind)}</th>' for kind in matrix.kinds)
    rows = "".join(_row(row, matrix.kinds, known.get(row.statement.id, ()), drawn) for row in matrix.rows)
    return (
        '<section><h2>Statements and kinds of evidence</h2><div class="wide"><table class="matrix"><thead><tr>'
        f'<th scope="col">id</th><th scope="col" class="left">statement</th>{head}<th scope="col">kinds</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
        '<p class="note">✓ holds, ✗ violated, ? inconclusive, – not applicable, ! could not run; a number counts the '
        "checks. A cell leads to its checks, the words below it to their figure, derivation, certificate or witness. "
        "The last column counts the kinds of evidence that hold in this run, of those there are at any level.</p>"
        f"{_fewer(matrix, known)}</section>"
    )


def _row(row: Row, kinds: Sequence[str], known: Sequence[str], drawn: Collection[str]) -> str:
    statement = row.statement
    head = (
        f'<tr><th scope="row"><a href="#{anchor(statement.id)}">{_e(statement.id)}</a></th>'
        f'<td class="title">{_e(statement.title)} <span class="status">{_e(statement.status)}</span></td>'
    )
    if row.is_unchecked:
        words = "unchecked in this run" if known else "unchecked"
        return f'{head}<td class="unchecked" colspan="{max(1, len(kinds))}">{words}</td>{_count(row, known)}</tr>'
    cells = "".join(_cell(row.cells.get(kind), drawn) for kind in kinds)
    return f"{head}{cells}{_count(row, known)}</tr>"


def _cell(cell: Cell | None, drawn: Collection[str]) -> str:
    if cell is None:
        return "<td></td>"
    sign, words = SIGNS[cell.verdict] if cell.could_run else ("!", "could not run")
    css = cell.verdict.value if cell.could_run else "error"
    count = f"&nbsp;{len(cell.entries)}" if len(cell.entries) > 1 else ""
    title = "; ".join(entry.check.replace("_", " ") for entry in cell.entries)
    first = min(cell.entries, key=lambda entry: (entry.is_ok, entry.verdict is not Verdict.VIOLATED))
    leads = _leads([a for a in cell.artefacts if a.what != "figure" or a.check in drawn])
    return (
        f'<td class="{css}" title="{_e(title)}"><a href="#{check_anchor(_e(first.check))}" aria-label="{words}">{sign}'
        f"{count}</a>{leads}</td>"
    )


def _leads(artefacts: Sequence[Artefact]) -> str:
    """Return one link a kind of artefact: the first, and how many there are."""
    links = []
    for what in dict.fromkeys(artefact.what for artefact in artefacts):
        same = [artefact for artefact in artefacts if artefact.what == what]
        count = f" {len(same)}" if len(same) > 1 else ""
        links.append(f'<a href="#{_e(_place(same[0]))}">{what}{count}</a>')
    return f'<span class="leads">{" ".join(links)}</span>' if links else ""


def _count(row: Row, known: Sequence[str]) -> str:
    total = len(set(known) | set(row.cells))
    few = total < ENOUGH
    mark = "*" if few and row.statement.id in WHY_FEWER else ""
    css = ' class="few"' if few and not mark else ""
    return f"<td{css}>{row.n_kinds} of {total}{mark}</td>"


def _fewer(matrix: Matrix, known: Mapping[str, Sequence[str]]) -> str:
    few = [
        row.statement.id for row in matrix.rows if len(set(known.get(row.statement.id, ())) | set(row.cells)) < ENOUGH
    ]
    reasons = "".join(
        f'<li><a href="#{anchor(name)}">{_e(name)}</a>: {_e(WHY_FEWER[name])}</li>' for name in few if name in WHY_FEWER
    )
    missing = [name for name in few if name not in WHY_FEWER]
    parts = f'<p class="note">* fewer than three kinds, because</p><ul class="note">{reasons}</ul>' if reasons else ""
    if missing:
        parts += f'<p class="note">Fewer than three kinds so far: {_e(", ".join(missing))}.</p>'
    return parts


def artefacts_html(entry: Evidence) -> str:
    """Return what a check left, written out below its row: the steps of a derivation, a certificate, witnesses."""
    parts = []
    steps = entry.data.get("steps")
    if isinstance(steps, list) and steps:
        parts.append(_derivation(entry, steps))
    if entry.data.get("certificate"):
        parts.append(_folded(place_of("certificate", entry.check), "Certificate", _pre(entry.data["certificate"])))
    rows = [row for row in _list(entry.data.get("rows")) if isinstance(row, Mapping) and "certified" in row]
    if rows:
        parts.append(_folded(place_of("witness", entry.check), f"Witnesses: {len(rows)}", _table(rows)))
    elif entry.witness:
        parts.append(_folded(place_of("witness", entry.check), "Witness", _pre(entry.to_dict()["witness"])))
    return "".join(parts)


def _derivation(entry: Evidence, steps: Sequence[Any]) -> str:
    items = []
    for step in steps:
        step = step if isinstance(step, Mapping) else {"claim": step}
        result = str(step.get("result", ""))
        sign = "" if step.get("role") == "hypothesis" else _RESULTS.get(result, "?") if result else ""
        why = step.get("justification", "")
        items.append(
            f'<li><span class="claim">{_e(step.get("claim", ""))}</span> <span aria-label="{_e(result)}">{sign}</span>'
            f'<br><span class="note">{_e(why)}</span></li>'
        )
    return _folded(
        place_of("derivation", entry.check), f"Derivation, step by step ({len(steps)})", f"<ol>{''.join(items)}</ol>"
    )


def _folded(place: str, words: str, inside: str) -> str:
    return f'<details id="{_e(place)}"><summary>{_e(words)}</summary>{inside}</details>'


def _pre(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str)
    text = text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}… (whole in ledger.json)"
    return f"<pre>{_e(text)}</pre>"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    names = list(
        dict.fromkeys(name for row in rows for name, value in row.items() if not isinstance(value, dict | list))
    )
    head = "".join(f'<th class="left">{_e(name.replace("_", " "))}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f'<td class="left">{_e(row.get(name, ""))}</td>' for name in names) + "</tr>"
        for row in rows[:_ROWS_SHOWN]
    )
    left = f'<p class="note">{len(rows) - _ROWS_SHOWN} more in ledger.json.</p>' if len(rows) > _ROWS_SHOWN else ""
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{left}'


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
