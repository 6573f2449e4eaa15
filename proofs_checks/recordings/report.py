"""The ledger, the text and the page of an analysis."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schattor_theory.geometry import exponent_label
from synthetic.estimates import Estimate

from ..evidence import Evidence, Verdict
from ..files import write_file
from ..ledger import LEDGER, Ledger
from ..report.style import STYLE
from .analysis import Analysis, BlockAnalysis

__all__ = ["ledger_of", "outcome", "page_of", "words_of", "write_outputs"]

REPORT = "report.html"
_CALL = "assumptions"

_HEADER = ("p", "N1 σ (order 2)", "N2 σ left", "N2 σ right", "N3 σ (order 1.5)")


def ledger_of(analysis: Analysis, manifest: Mapping[str, Any]) -> Ledger:
    """Return an entry for each assumption and block: *violated* where no constant saves it, else *inconclusive*.

    A record never makes an assumption hold, so no entry says so.
    """
    entries = []
    for name, block in analysis.blocks.items():
        for assumption in ("N1", "N2", "N3"):
            # N1 and N3 at one order say nothing about another: they are violated where every order is
            forms = [c for c in block.claims if c.assumption == assumption and c.is_violation]
            is_violated = all(c.is_contradicted for c in forms)
            others = [c for c in block.claims if c.assumption == assumption and not c.is_violation]
            entries.append(
                Evidence(
                    statement=assumption,
                    check=f"record of {name}",
                    kind="inequality",
                    verdict=Verdict.VIOLATED if is_violated else Verdict.INCONCLUSIVE,
                    constants="estimated",
                    witness=dict(source=analysis.source, block=name, level=analysis.level) if is_violated else None,
                    detail=" ".join(f"{c.words()}." for c in (*forms, *others)),
                    data=block.to_dict() if assumption == "N1" else {},
                )
            )
    return Ledger(manifest=manifest, entries=tuple(entries))


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.4g}"


def _interval(estimate: Estimate) -> str:
    return f"{_number(estimate.value)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _rows(block: BlockAnalysis) -> list[tuple[str, ...]]:
    return [
        (exponent_label(c.p), _interval(c.moment[2.0]), _interval(c.covariance["left"]),
         _interval(c.covariance["right"]), _interval(c.weighted[1.5]))
        for c in block.constants
    ]  # fmt: skip


def _facts(block: BlockAnalysis) -> list[str]:
    """Return what is said about a block outside the table."""
    m, n = block.block.shape
    how = {
        "recorded mean": "the recorded full gradient is subtracted",
        "pairs": "no full gradient is recorded: noise is (G_2i - G_2i+1)/√2, and N1's σ is known up to a factor √2",
    }[block.block.centring]
    lines = [f"{block.block.n_recorded} gradients of {m}×{n}; {how}."]
    tail = block.tail
    if not tail.n_tail:
        lines.append("Tail index: too few sizes to look at a tail; no upper end can be given.")
    else:
        shape = "" if tail.is_power_law else f"; lighter than a power law (p-value {tail.lighter_p_value:.2g})"
        lines.append(f"Tail index (Hill): {_number(tail.value)} [{_number(tail.low)}, {_number(tail.high)}]{shape}.")
    lines.append(
        f"Moment ratios, without a model of the tail: E‖Z‖²/(E‖Z‖)² ≥ {_number(block.moment_ratio[1.0])}, "
        f"E‖Z‖⁴/(E‖Z‖²)² ≥ {_number(block.moment_ratio[2.0])}."
    )
    if block.ranks:
        lines.append(f"Noise: nuclear rank {_interval(block.ranks.nuclear_rank)}, "
                     f"stable rank {_interval(block.ranks.stable_rank)}.")  # fmt: skip
        if block.ranks.n_zero:
            lines.append(f"{block.ranks.n_zero} noise matrices are zero and have no rank.")
    else:
        lines.append("All noise is zero.")
    if block.mean_ranks:
        lines.append(f"Full gradient: nuclear rank {_number(block.mean_ranks['nuclear_rank'])}, "
                     f"stable rank {_number(block.mean_ranks['stable_rank'])}.")  # fmt: skip
    if not block.one_law:
        lines.append("The record is not one law: every upper end that rests on one law is withdrawn (∞).")
    return lines


def _favours(block: BlockAnalysis) -> list[str]:
    return [f"T5, p = {exponent_label(f.p)} against 2: {f.reason}." for f in block.favours]


def outcome(analysis: Analysis) -> str:
    """Return the outcome in words."""
    found = analysis.contradicted
    if not found:
        return f"The record contradicts nothing that was asked, at level {analysis.level:g}. That confirms nothing."
    words = "; ".join(f"{claim.assumption}, {claim.form} (block {name})" for name, claim in found)
    return f"Contradicted at level {analysis.level:g}: {words}. What is not named is not confirmed."


def words_of(analysis: Analysis) -> str:
    """Return the analysis as text."""
    lines = []
    for name, block in analysis.blocks.items():
        lines += [name, *(f"  {fact}" for fact in _facts(block))]
        rows = [_HEADER, *_rows(block)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
        lines += ["  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines += [f"  {claim.words()}" for claim in block.claims]
        lines += [f"  {line}" for line in _favours(block)] + [""]
    return "\n".join([*lines, outcome(analysis)])


def page_of(analysis: Analysis) -> str:
    """Return the analysis as a page that needs no network."""
    e = html.escape
    body = [f"<header><h1>What the record says</h1><p class='verdict'>{e(outcome(analysis))}</p></header>"]
    for name, block in analysis.blocks.items():
        body.append(f"<h2>{e(name)}</h2>" + "".join(f"<p>{e(fact)}</p>" for fact in _facts(block)))
        cells = "".join(f"<th>{e(cell)}</th>" for cell in _HEADER)
        rows = "".join("<tr>" + "".join(f"<td>{e(c)}</td>" for c in row) + "</tr>" for row in _rows(block))
        body.append(f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>")
        items = "".join(f"<li>{e(line)}</li>" for line in (*(c.words() for c in block.claims), *_favours(block)))
        body.append(f"<ul>{items}</ul>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f"<title>Assumptions of {e(analysis.source)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def write_outputs(analysis: Analysis, ledger: Ledger, out: Path) -> Path:
    """Write ``ledger.json`` and ``report.html``; return the page.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    ledger.write(out / LEDGER, _CALL)
    page = out / REPORT
    write_file(page, page_of(analysis).encode(), _CALL)
    return page
