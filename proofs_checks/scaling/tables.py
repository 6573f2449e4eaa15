"""One table, three spellings: text, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Table", "to_csv", "to_latex", "to_markdown", "to_text"]

_LATEX = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "±": r"$\pm$", "∞": r"$\infty$", "≤": r"$\le$",
          "≥": r"$\ge$", "{": r"\{", "}": r"\}", "\\": r"\textbackslash{}", "~": r"\textasciitilde{}",
          "^": r"\textasciicircum{}"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    caption : str
    header : sequence of str
    rows : sequence of sequences of str
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def to_text(table: Table) -> str:
    """Return the table in columns of equal width."""
    lines = [list(table.header), *map(list, table.rows)]
    widths = [max(len(line[j]) for line in lines) for j in range(len(table.header))]

    def show(line: Sequence[str]) -> str:
        return "  ".join(entry.ljust(width) for entry, width in zip(line, widths, strict=True)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([table.caption, "", show(table.header), rule, *map(show, table.rows)]) + "\n"


def to_csv(table: Table) -> str:
    """Return the table as CSV, without its caption."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([table.header, *table.rows])
    return buffer.getvalue()


def _escape(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)


def to_latex(table: Table) -> str:
    """Return the table for LaTeX with the package booktabs."""
    rows = [" & ".join(map(_escape, row)) + r" \\" for row in table.rows]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_escape(table.caption)}}}",
            rf"\begin{{tabular}}{{{'l' * len(table.header)}}}",
            r"\toprule",
            " & ".join(map(_escape, table.header)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def to_markdown(table: Table) -> str:
    """Return the table for Markdown."""

    def show(line: Sequence[str]) -> str:
        return "| " + " | ".join(entry.replace("|", r"\|") for entry in line) + " |"

    return "\n".join([show(table.header), show(["---"] * len(table.header)), *map(show, table.rows)]) + "\n"
