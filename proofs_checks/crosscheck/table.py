"""The page that compares targets, property by property."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from schattor_theory.geometry import exponent_label

from ..files import disk, write_file
from .crosscheck import COULD_NOT_RUN, CrossCheck
from .finding import PROPERTIES
from .report import MARKS, TONES, badge, breakable, document, escaped, finding_words, findings_of
from .shown import SIGNS

__all__ = ["INDEX", "LEDGER", "SCHEMA", "table_page", "write_table"]

SCHEMA = 1
INDEX = "index.html"
LEDGER = "crosscheck.json"
_CALL = "crosscheck"


def table_page(results: Sequence[CrossCheck], files: Sequence[str], *, made_by: str = "") -> str:
    """Return the page that compares targets, property by property, with a link to the page of each."""
    head = '<th scope="col">property</th>' + "".join(
        f'<th scope="col"><a href="{escaped(file)}.html">{breakable(one.target)}</a></th>'
        for one, file in zip(results, files, strict=True)
    )
    rows = []
    for name, cells in _comparison_rows(results):
        rows.append(f'<tr><th scope="row">{escaped(name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    counts = {outcome: sum(one.outcome == outcome for one in results) for outcome in TONES}
    said = ", ".join(f"{n} {_PLURAL[outcome] if n > 1 else outcome}" for outcome, n in counts.items() if n)
    tone = TONES[next((o for o in ("differs", COULD_NOT_RUN, "undecided") if counts[o]), "conforms")]
    body = (
        f'<header><h1>Cross-check</h1><p class="verdict {tone}">Of {len(results)}: {escaped(said)}.</p></header>'
        f'<div class="wide"><table class="targets"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        "</div>" + (f'<p class="note">Made by <code>{escaped(made_by)}</code>.</p>' if made_by else "")
    )
    return document("Cross-check", body)


_PLURAL = {"conforms": "conform", "differs": "differ", "undecided": "undecided", COULD_NOT_RUN: COULD_NOT_RUN}


def _comparison_rows(results: Sequence[CrossCheck]) -> list[tuple[str, list[str]]]:
    rows: list[tuple[str, list[str]]] = [
        ("verdict", [badge(TONES[one.outcome], f"{SIGNS[one.outcome]} {one.outcome}") for one in results]),
        ("nearest", [escaped(_nearest(one)) for one in results]),
    ]
    for name in PROPERTIES:
        cells = [[f for f in findings_of(one) if f.property == name] for one in results]
        if any(cells):
            rows.append((name, ["<br>".join(escaped(finding_words(f)) for f in cell) for cell in cells]))
    errors = [None if one.verdict is None else (one.verdict.typical("gain"), one.verdict.typical("direction"))
              for one in results]  # fmt: skip
    rows.append(("error of scale, median", ["" if e is None or np.isnan(e[0]) else f"{e[0]:.2g}" for e in errors]))
    rows.append(("error of direction, median", ["" if e is None or np.isnan(e[1]) else f"{e[1]:.2g}" for e in errors]))
    for label, value in (("δ", "direction_defect"), ("ω", "norm_excess")):
        rows.append((label, ["" if one.oracle is None else f"{getattr(one.oracle, value):.3g}" for one in results]))
    rows.append(("guarantee, exact in brackets", [_guarantee(one) for one in results]))
    for name in dict.fromkeys(i.name for one in results for i in one.invariances):
        found = [next((i for i in one.invariances if i.name == name), None) for one in results]
        rows.append((name, ["" if i is None else badge(*MARKS[i.outcome]) for i in found]))
    return rows


def _nearest(result: CrossCheck) -> str:
    if not result.near:
        return ""
    near = result.near[0]
    return near.known.name + ("" if not near.differences else f" (but for {len(near.differences)} fields)")


def _guarantee(result: CrossCheck) -> str:
    g = None if result.oracle is None else result.oracle.guarantee
    if g is None or result.oracle is None:
        return ""
    p = exponent_label(result.oracle.p)
    exact = "" if g.exact is None else f" ({g.exact:.3g}, p = {p})"
    return ("none" if g.value is None else f"{g.value:.3g}") + exact


def write_table(results: Sequence[CrossCheck], out: Path, files: Sequence[str], manifest: Mapping[str, Any]) -> Path:
    """Write ``crosscheck.json`` and ``index.html``; return the latter.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    with disk(out, _CALL):
        out.mkdir(parents=True, exist_ok=True)
    content = {"schema": SCHEMA, "manifest": dict(manifest), "targets": [one.to_dict() for one in results]}
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, indent=1)
    write_file(out / LEDGER, f"{text}\n".encode(), _CALL)
    page = out / INDEX
    write_file(page, table_page(results, files, made_by=str(manifest.get("command", ""))).encode(), _CALL)
    return page
