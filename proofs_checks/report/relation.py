"""Our guarantees beside published ones: the same records as rows for pages, in Markdown and in HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence

from schattor_theory.bounds.guarantees import OURS, CommonNumbers, Guarantee
from schattor_theory.bounds.published import PUBLISHED

__all__ = ["NUMBERS", "compared_table", "markdown_table", "relation_html", "value_words", "values_table"]

N_SAMPLES = 10**6

NUMBERS: tuple[tuple[str, CommonNumbers], ...] = tuple(
    (f"{words}, r = {rank}", make(rank, n_samples=N_SAMPLES))
    for words, make in (("even noise", CommonNumbers.flat), ("noise in one direction", CommonNumbers.concentrated))
    for rank in (4, 64, 1024)
)
"""The numbers on which everything is evaluated: Δ = L = 1, nuclear noise level 1, a million samples."""

_READ = {"derived here": "ours"}
Rows = Sequence[Sequence[str]]


def value_words(guarantee: Guarantee, numbers: CommonNumbers) -> str:
    """Return the value in three digits; an order, which promises nothing, in parentheses; "–" where there is none."""
    value = guarantee.value(numbers)
    if value is None:
        return "–"
    return f"{value:.3f}" if guarantee.sense == "bound" else f"({value:.3f})"


def values_table() -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of values: guarantees against numbers."""
    shown = [guarantee for guarantee in (*OURS, *PUBLISHED) if guarantee.evaluate is not None]
    head = ["guarantee", *(words for words, _ in NUMBERS)]
    return head, [[g.name, *(value_words(g, numbers) for _, numbers in NUMBERS)] for g in shown]


def compared_table(guarantees: Sequence[Guarantee]) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of assumptions, measures, dimension factors, rates and constants."""
    head = ["guarantee", "source", "read", "method", "assumption", "measure", "dimension", "rate", "constant"]
    rows = [
        [g.name, g.source, _READ.get(g.seen, g.seen), g.method, g.assumption, g.measure, g.dimension_factor, g.rate,
         g.constant]
        for g in guarantees
    ]  # fmt: skip
    return head, rows


def markdown_table(head: Sequence[str], rows: Rows) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def relation_html() -> str:
    """Return the section of the report that sets our guarantees beside published ones."""
    head, rows = values_table()
    values = _html_table(head, rows, css="number")
    beside = _html_table(
        ["published", "read", "measure", "dimension", "leading constant", "beside ours"],
        [
            [f"{g.name} ({_identifier(g)})", g.seen, g.measure, g.dimension_factor, g.constant, _beside(g)]
            for g in PUBLISHED
        ],
        css="left",
    )
    return (
        "<section><h2>Beside published guarantees</h2><p>What each guarantee promises for Muon (p = ∞) on the same "
        f"numbers: Δ = L = 1, ‖Σ^½‖₁ = 1, {N_SAMPLES:,} samples, noise spread over all r directions or in one. In "
        "parentheses: the expression inside an O(·) with constant 1, which promises nothing. Constants that were not "
        f"found in the part of a source that was read are called not seen.</p>{values}"
        f"<details><summary>Assumption, measure, dimension, constant</summary>{beside}</details></section>"
    )


def _identifier(guarantee: Guarantee) -> str:
    return next((word.strip(",") for word in guarantee.source.split() if word.startswith("arXiv:")), guarantee.source)


def _beside(guarantee: Guarantee) -> str:
    return f"{', '.join(guarantee.statements)}: {guarantee.comparison}"


def _html_table(head: Sequence[str], rows: Rows, css: str) -> str:
    titles = "".join(
        f'<th scope="col" class="{"left" if k == 0 else css}">{html.escape(name).replace(" = ", "&nbsp;=&nbsp;")}</th>'
        for k, name in enumerate(head)
    )
    body = "".join(
        f'<tr><th scope="row" class="left">{html.escape(row[0])}</th>'
        + "".join(f'<td class="{css}">{html.escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="wide"><table class="relation"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'
    )
