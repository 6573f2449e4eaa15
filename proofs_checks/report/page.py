"""report.html: the verdict in words, statements against checks, figures and what remakes them; needs no network."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..evidence import Evidence, Verdict
from ..files import write_file
from ..ledger import Ledger
from ..matrix import kinds_by_statement, order_of
from ..statements import ASSUMPTIONS, Statement
from .evidence import SIGNS, anchor, artefacts_html, check_anchor, matrix_html, place_of
from .figures import DRAWINGS, draw_all
from .relation import relation_html
from .style import STYLE
from .tightness import tightness_of

__all__ = ["REPORT", "write_report"]

REPORT = "report.html"


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
    matrix = ledger.matrix
    asked = [row.statement for row in matrix.rows]
    body = [
        "<header><h1>Do the statements hold?</h1>",
        f'<p class="verdict {_tone(ledger)}">{_e(ledger.words())}</p>',
        f"<p>{_e(_how(ledger))}</p></header>",
        _trouble(ledger),
        matrix_html(matrix, kinds_by_statement(), _drawn(ledger, images)),
        _tightness(ledger, images),
        _figures(ledger, images),
        _details(ledger, asked),
        relation_html(),
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
    planted = m.get("planted")
    caution = f"An error was planted on purpose, {planted}: this page says nothing of the product. " if planted else ""
    return caution + (
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
    level, mutant = ledger.manifest.get("level", "quick"), ledger.manifest.get("mutant")
    which = f"--only {entry.statement}" if mutant is None else f"--mutant {mutant}"
    return f"schattor verify {which} --seed {entry.seed} --level {level}"


def _badge(entry: Evidence) -> str:
    sign, words = SIGNS[entry.verdict] if entry.is_ok else ("!", "could not run")
    css = entry.verdict.value if entry.is_ok else "error"
    return f'<span class="badge {css}">{sign}&nbsp;{words}</span>'


def _drawn(ledger: Ledger, images: Mapping[str, Path]) -> set[str]:
    """Return the checks whose figure is on the page."""
    return {e.check for e in ledger.entries if e.check in images and _stem(e) in DRAWINGS}


def _stem(entry: Evidence) -> str:
    return (entry.figure or "").removesuffix(".png")


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


def _image(path: Path | None, alt: str, caption: str, remake: str = "", css: str = "", place: str = "") -> str:
    if path is None:
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    made = f"<br>Remake: <code>{_e(remake)}</code>" if remake else ""
    name = f' id="{_e(place)}"' if place else ""
    return (
        f'<figure class="{css}"{name}><img alt="{_e(alt)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{_e(caption)}{made}</figcaption>"
        "</figure>"
    )


def _figures(ledger: Ledger, images: Mapping[str, Path]) -> str:
    parts = []
    drawn = _drawn(ledger, images)
    for entry in (entry for entry in ledger.entries if entry.check in drawn):
        drawing = DRAWINGS[_stem(entry)]
        css, place = "broad" if drawing.is_broad else "", place_of("figure", entry.check)
        parts.append(_image(images[entry.check], drawing.alt, drawing.title, _remake(ledger, entry), css, place))
    return f'<section><h2>Figures</h2><div class="figures">{"".join(parts)}</div></section>' if parts else ""


def _details(ledger: Ledger, asked: Sequence[Statement]) -> str:
    parts, order = [], order_of(entry.kind for entry in ledger.entries)
    for statement in asked:
        entries = [entry for entry in ledger.entries if entry.statement == statement.id]
        entries.sort(key=lambda entry: order.index(entry.kind))
        rows = "".join(
            f'<tr id="{check_anchor(_e(entry.check))}"><td class="left">{_e(_words(entry.check))}</td>'
            f"<td>{_e(entry.kind)}</td><td>{_badge(entry)}</td>"
            f'<td class="number">{_margin(entry.margin)}</td>'
            f'<td class="number">{entry.seconds:.1f}</td><td class="left">{_e(entry.detail)}'
            f"{artefacts_html(entry)}</td></tr>"
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
            f'<article id="{anchor(statement.id)}"><h3>{_e(statement.id)} · {_e(statement.title)}</h3>'
            f'<p>{_e(statement.text)}</p><p class="note">{_e(statement.status)}; assumes {_e(assumed)}; written out in '
            f"{_e(statement.place)}</p>{table}</article>"
        )
    return f"<section><h2>Every check</h2>{''.join(parts)}</section>"


def _margin(margin: float | None) -> str:
    """Return a margin for people; an inequality that is attained has none, up to rounding."""
    if margin is None:
        return ""
    return "attained" if 0 <= margin < 1e-6 else f"{margin:.2g}"


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
