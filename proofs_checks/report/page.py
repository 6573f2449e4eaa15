"""report.html: the verdict in words, statements against checks, figures and what remakes them; needs no network."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evidence import KINDS, Evidence, Verdict
from ..files import write_file
from ..ledger import Ledger
from ..statements import ASSUMPTIONS, STATEMENTS, Statement
from .figures import DRAWINGS, draw_all
from .style import STYLE
from .tightness import tightness_of

__all__ = ["REPORT", "write_report"]

REPORT = "report.html"

_SIGNS = {
    Verdict.HOLDS: ("✓", "holds"),
    Verdict.VIOLATED: ("✗", "violated"),
    Verdict.INCONCLUSIVE: ("?", "inconclusive"),
    Verdict.NOT_APPLICABLE: ("–", "not applicable"),
}
_WORST_FIRST = (Verdict.VIOLATED, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.HOLDS)


def write_report(ledger: Ledger, out: Path) -> Path:
    """Write the figures and ``report.html`` of a ledger into ``out``; return the page.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    images = draw_all(ledger.entries, out / "figures")
    page = out / REPORT
    write_file(page, _page(ledger, images).encode(), "verify")
    return page


def _e(text: object) -> str:
    return html.escape(str(text))


def _words(check: str) -> str:
    return check.replace("_", " ")


def _page(ledger: Ledger, images: Mapping[str, Path]) -> str:
    asked = [STATEMENTS[i] for i in ledger.manifest.get("statements", STATEMENTS) if i in STATEMENTS]
    body = [
        "<header><h1>Do the statements hold?</h1>",
        f'<p class="verdict {_tone(ledger)}">{_e(ledger.words())}</p>',
        f"<p>{_e(_how(ledger))}</p></header>",
        _trouble(ledger),
        _matrix(ledger, asked),
        _tightness(ledger, images),
        _figures(ledger, images),
        _details(ledger, asked),
        _assumptions(asked),
        _manifest(ledger),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>Verification report</title>'
        f"<style>{STYLE}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _tone(ledger: Ledger) -> str:
    return {0: "holds", 1: "violated"}.get(ledger.exit_code, "error")


def _how(ledger: Ledger) -> str:
    m = ledger.manifest
    return (
        f"Made by `{m.get('command', 'schattor verify')}` in {float(m.get('seconds', 0)):.0f} seconds. A statement "
        "“holds” here when every comparison came out as it says; that is evidence, not proof. Sampled checks together "
        "call a true statement violated with probability at most one in a million, and only after a second, ten times "
        "larger sample."
    ).replace("`", "")


def _trouble(ledger: Ledger) -> str:
    parts = []
    for entry in ledger.with_verdict(Verdict.VIOLATED):
        witness = json.dumps(entry.to_dict()["witness"], allow_nan=False, ensure_ascii=False, indent=1)
        parts.append(
            f'<section class="card violated"><h2>{_e(entry.statement)} is violated</h2><p>{_e(_words(entry.check))}: '
            f"{_e(entry.detail)}</p><details open><summary>Witness</summary><pre>{_e(_cut(witness))}</pre></details>"
            f"<p>Remake: <code>{_e(_remake(ledger, entry))}</code></p></section>"
        )
    for entry in ledger.failures:
        parts.append(
            f'<section class="card error"><h2>{_e(entry.statement)}: a check could not run</h2>'
            f"<p>{_e(_words(entry.check))}: {_e(entry.status)}</p></section>"
        )
    return "".join(parts)


def _cut(text: str, limit: int = 3000) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… (whole in ledger.json)"


def _remake(ledger: Ledger, entry: Evidence) -> str:
    level = ledger.manifest.get("level", "quick")
    return f"schattor verify --only {entry.statement} --seed {entry.seed} --level {level}"


def _badge(entry: Evidence) -> str:
    sign, words = _SIGNS[entry.verdict] if entry.is_ok else ("!", "could not run")
    css = entry.verdict.value if entry.is_ok else "error"
    return f'<span class="badge {css}">{sign}&nbsp;{words}</span>'


def _matrix(ledger: Ledger, asked: Sequence[Statement]) -> str:
    """Return the table of statements against kinds of checks."""
    kinds = [kind for kind in KINDS if any(entry.kind == kind for entry in ledger.entries)]
    head = "".join(f'<th scope="col">{_e(kind)}</th>' for kind in kinds)
    rows = []
    for statement in asked:
        entries = [entry for entry in ledger.entries if entry.statement == statement.id]
        cells = [_cell([entry for entry in entries if entry.kind == kind]) for kind in kinds]
        if not entries:
            cells = [f'<td class="unchecked" colspan="{max(1, len(kinds))}">unchecked</td>']
        rows.append(
            f'<tr><th scope="row"><a href="#{_anchor(statement.id)}">{_e(statement.id)}</a></th>'
            f'<td class="title">{_e(statement.title)}<span class="status">{_e(statement.status)}</span></td>'
            f"{''.join(cells)}</tr>"
        )
    return (
        '<section><h2>Statements and checks</h2><div class="wide"><table class="matrix"><thead><tr>'
        f'<th scope="col">id</th><th scope="col">statement</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table>"
        '</div><p class="note">✓ holds, ✗ violated, ? inconclusive, – not applicable, ! could not run; a number '
        "counts the checks.</p></section>"
    )


def _cell(entries: Sequence[Evidence]) -> str:
    if not entries:
        return "<td></td>"
    if any(not entry.is_ok for entry in entries):
        sign, words, css = "!", "could not run", "error"
    else:
        worst = min((entry.verdict for entry in entries), key=_WORST_FIRST.index)
        sign, words, css = *_SIGNS[worst], worst.value
    count = f"&nbsp;{len(entries)}" if len(entries) > 1 else ""
    title = "; ".join(_words(entry.check) for entry in entries)
    return f'<td class="{css}" title="{_e(title)}"><span aria-label="{words}">{sign}</span>{count}</td>'


def _tightness(ledger: Ledger, images: Mapping[str, Path]) -> str:
    found = tightness_of(ledger)
    if not found:
        return ""
    worlds = list(dict.fromkeys(world for one in found for world in one.rows))
    head = "".join(f'<th scope="col">p = {_e(one.p).replace("inf", "∞")}</th>' for one in found)
    rows = []
    for world in worlds:
        cells = "".join(
            f"<td>{float(one.rows[world]['ratio']):.3f}</td>" if world in one.rows else "<td></td>" for one in found
        )
        rows.append(f'<tr><th scope="row" class="left">{_e(world)}</th>{cells}</tr>')
    image = _image(next((path for path in images.values() if path.stem == "ratios"), None),
                   "Every measured ratio to its bound, one line a check; none exceeds one.",
                   "Measured mean divided by its bound, for every sampled check")  # fmt: skip
    return (
        "<section><h2>How tight T5 is</h2><p>Mean stationarity divided by the bound of T5, at the step size and "
        "momentum that minimise the bound. The random walk has the worst noise known without momentum, the last world "
        "attains the first two terms; a ratio above 1 would refute T5.</p>"
        f'<div class="wide"><table><thead><tr><th scope="col" class="left">world and noise assumption</th>{head}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>{image}</section>"
    )


def _image(path: Path | None, alt: str, caption: str, remake: str = "", css: str = "") -> str:
    if path is None:
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    made = f"<br>Remake: <code>{_e(remake)}</code>" if remake else ""
    return (
        f'<figure class="{css}"><img alt="{_e(alt)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{_e(caption)}{made}</figcaption>"
        "</figure>"
    )


def _figures(ledger: Ledger, images: Mapping[str, Path]) -> str:
    parts = []
    for entry in ledger.entries:
        stem = (entry.figure or "").removesuffix(".png")
        if entry.check in images and stem in DRAWINGS:
            drawing = DRAWINGS[stem]
            css = "broad" if drawing.is_broad else ""
            parts.append(_image(images[entry.check], drawing.alt, drawing.title, _remake(ledger, entry), css))
    return f'<section><h2>Figures</h2><div class="figures">{"".join(parts)}</div></section>' if parts else ""


def _details(ledger: Ledger, asked: Sequence[Statement]) -> str:
    parts = []
    for statement in asked:
        entries = [entry for entry in ledger.entries if entry.statement == statement.id]
        rows = "".join(
            f'<tr><td class="left">{_e(_words(entry.check))}</td><td>{_e(entry.kind)}</td><td>{_badge(entry)}</td>'
            f'<td class="number">{_margin(entry.margin)}</td>'
            f'<td class="number">{entry.seconds:.1f}</td><td class="left">{_e(entry.detail)}</td></tr>'
            for entry in entries
        )
        table = (
            '<div class="wide"><table><thead><tr><th class="left">check</th><th>kind</th><th>verdict</th>'
            "<th>margin</th>"
            f'<th>seconds</th><th class="left">what was found</th></tr></thead><tbody>{rows}</tbody></table></div>'
            if entries
            else '<p class="note">No check of this statement yet.</p>'
        )
        assumed = ", ".join(statement.hypotheses) or "none"
        parts.append(
            f'<article id="{_anchor(statement.id)}"><h3>{_e(statement.id)} · {_e(statement.title)}</h3>'
            f'<p>{_e(statement.text)}</p><p class="note">{_e(statement.status)}; assumes {_e(assumed)}; written out in '
            f"{_e(statement.place)}</p>{table}</article>"
        )
    return f"<section><h2>Every check</h2>{''.join(parts)}</section>"


def _margin(margin: float | None) -> str:
    """Return a margin for people; an inequality that is attained has none, up to rounding."""
    if margin is None:
        return ""
    return "attained" if 0 <= margin < 1e-6 else f"{margin:.2g}"


def _anchor(statement_id: str) -> str:
    return f"statement-{statement_id.lower().replace(chr(39), 'prime').replace('*', 'star')}"


def _assumptions(asked: Sequence[Statement]) -> str:
    used = {name for statement in asked for name in statement.hypotheses}
    if "A3" in used:
        used |= {"N1", "N2", "N3"}
    rows = "".join(
        f'<tr><th scope="row">{_e(name)}</th><td class="left">{_e(text)}</td><td class="left">'
        f"{_e(', '.join(s.id for s in asked if name in s.hypotheses) or 'through A3')}</td></tr>"
        for name, text in ASSUMPTIONS.items()
        if name in used
    )
    others = sorted(used - set(ASSUMPTIONS))
    note = f'<p class="note">Also assumed where named: {_e("; ".join(others))}.</p>' if others else ""
    return (
        '<section><h2>Assumptions in force</h2><div class="wide"><table><thead><tr><th scope="col">name</th>'
        '<th scope="col" class="left">assumption</th><th scope="col" class="left">used by</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}</section>"
    )


def _manifest(ledger: Ledger) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_e(name)}</th><td class="left"><code>{_e(_value(value))}</code></td></tr>'
        for name, value in ledger.manifest.items()
        if name != "statements"
    )
    return f'<section><h2>How it was made</h2><div class="wide"><table><tbody>{rows}</tbody></table></div></section>'


def _value(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
