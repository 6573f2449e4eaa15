"""report.html of the probes: the verdict in words first, then tables and figures; opens without a network."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..evidence import Verdict
from ..files import disk, write_file
from ..ledger import Ledger
from ..report.style import STYLE
from ..scaling.tables import Table
from . import figures
from .run import CALL
from .summary import Summary

__all__ = ["REPORT", "draw_all", "write_report"]

REPORT = "report.html"

_CAPTIONS = {
    "ratio_n_steps": "Moment over bound against the number of steps; bars are finite-sample intervals, no bar: exact.",
    "ratio_dimension": "Moment over bound against the dimension.",
    "ratio_q": "Moment over bound against the exponent.",
    "averages": "T4f: the average of signs on coordinates against the number of samples.",
    "price": "T4g: the price of dimension, and who pays it.",
}


def draw_all(summary: Summary, folder: Path) -> dict[str, Path]:
    """Write the figures into ``folder``; return the PNG files by name.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    drawn: dict[str, Any] = {f"ratio_{axis}": figures.draw_ratios(summary.rows, axis) for axis in figures.AXES}
    if summary.averages:
        drawn["averages"] = figures.draw_averages(summary.averages)
    if summary.prices:
        drawn["price"] = figures.draw_price(summary.prices)
    with disk(folder, CALL):
        folder.mkdir(parents=True, exist_ok=True)
        return {name: figures.save(figure, folder / name)[0] for name, figure in drawn.items() if figure is not None}


def write_report(summary: Summary, ledger: Ledger, out: Path) -> Path:
    """Write figures and ``report.html``; return the page."""
    images = draw_all(summary, out / "figures")
    write_file(out / REPORT, _page(summary, ledger, images).encode(), CALL)
    return out / REPORT


def _e(text: object) -> str:
    return html.escape(str(text))


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f'<th class="left">{_e(name)}</th>' for name in table.header)
    rows = "".join("<tr>" + "".join(f'<td class="left">{_e(x)}</td>' for x in row) + "</tr>" for row in table.rows)
    return (
        f'<h2>{_e(table.caption)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _image(name: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    caption = _e(_CAPTIONS[name])
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def _violations(ledger: Ledger) -> str:
    parts = [
        f'<section class="card violated"><h2>{_e(e.statement)} is violated</h2><p>{_e(e.check)}: {_e(e.detail)}</p>'
        f"<pre>{_e(e.to_dict()['witness'])}</pre></section>"
        for e in ledger.with_verdict(Verdict.VIOLATED)
    ]
    parts += [
        f'<section class="card error"><h2>Could not run</h2><p>{_e(e.check)}: {_e(e.status)}</p></section>'
        for e in ledger.failures
    ]
    return "".join(parts)


def _page(summary: Summary, ledger: Ledger, images: dict[str, Path]) -> str:
    tone = {0: "holds", 1: "violated"}.get(ledger.exit_code, "error")
    m = ledger.manifest
    how = (
        f"Made by {m.get('command', 'schattor tightness')} in {summary.seconds:.0f} seconds. Every interval holds at "
        "its number of trials; all of them together miss a moment with probability at most one in a thousand, and a "
        "true bound is called violated with probability at most one in a million."
    )
    tables: Sequence[Table] = (
        summary.witnesses_table(), summary.wrong_forms_table(), summary.bounds_table(), summary.averages_table(),
    )  # fmt: skip
    ratios = "".join(_image(name, path) for name, path in images.items() if name.startswith("ratio"))
    others = "".join(_image(name, path) for name, path in images.items() if not name.startswith("ratio"))
    skipped = list(dict.fromkeys(f"{o.cell.world}: {o.skipped}" for o in summary.outcomes if o.skipped))
    notes = "".join(f"<li>{_e(text)}</li>" for text in skipped)
    manifest = "".join(f'<tr><th class="left">{_e(k)}</th><td class="left"><code>{_e(v)}</code></td></tr>'
                       for k, v in m.items())  # fmt: skip
    body = (
        f'<header><h1>How tight are the moment bounds?</h1><p class="verdict {tone}">{_e(ledger.words())}</p>'
        f"<p>{_e(how)}</p></header>{_violations(ledger)}{''.join(map(_table, tables[:3]))}"
        f"<h2>Ratios</h2>{ratios}{_table(tables[3])}{others}{_table(summary.undecided_table())}"
        + (f"<h2>Cells that do not exist</h2><ul>{notes}</ul>" if notes else "")
        + f'<h2>How it was made</h2><div class="wide"><table><tbody>{manifest}</tbody></table></div>'
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tightness report</title>'
        f"<style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
