"""Our guarantees beside published ones: the same records as rows for pages and as a section of the report."""

from __future__ import annotations

from collections.abc import Sequence

from schattor_theory.bounds.guarantees import OURS, CommonNumbers, Guarantee
from schattor_theory.bounds.published import PUBLISHED

from .blocks import Cell, Folded, Formula, Paragraph, Section, Table

__all__ = ["NUMBERS", "compared_table", "markdown_table", "relation_section", "value_words", "values_table"]

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


def relation_section() -> Section:
    """Return the section of the report that sets our guarantees beside published ones."""
    head, rows = values_table()
    values = Table(head, [list(map(Cell, row)) for row in rows], "l" + "r" * (len(head) - 1), css="relation")
    beside = Table(
        ["published", "read", "measure", "dimension", "leading constant", "beside ours"],
        [
            [Cell(text) for text in (f"{g.name} ({_identifier(g)})", g.seen, g.measure, g.dimension_factor, g.constant,
                                     _beside(g))]
            for g in PUBLISHED
        ],
        "llllll",
        css="relation",
    )  # fmt: skip
    words = (
        "What each guarantee promises for Muon (p = ∞) on the same numbers: ",
        Formula("Δ = L = 1, ‖Σ^½‖₁ = 1,"),
        f" {N_SAMPLES:,} samples, noise spread over all r directions or in one. In parentheses: the expression inside "
        "an O(·) with constant 1, which promises nothing. Constants that were not found in the part of a source that "
        "was read are called not seen.",
    )
    folded = Folded("Assumption, measure, dimension, constant", [beside])
    return Section("Beside published guarantees", [Paragraph(words), values, folded])


def _identifier(guarantee: Guarantee) -> str:
    return next((word.strip(",") for word in guarantee.source.split() if word.startswith("arXiv:")), guarantee.source)


def _beside(guarantee: Guarantee) -> str:
    return f"{', '.join(guarantee.statements)}: {guarantee.comparison}"
