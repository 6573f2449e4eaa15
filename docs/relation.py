"""Fill the tables of docs/relation.md: our guarantees beside published ones, evaluated on the same numbers.

    python docs/relation.py            write the tables between their marks
    python docs/relation.py --check    exit 1 if the page is not what it would be

The records are in schattor_theory/bounds/guarantees.py (ours) and published.py (others); the words around the tables
are written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from proofs_checks.report.relation import compared_table, markdown_table, values_table
from proofs_checks.statements import STATEMENTS
from schattor_theory.bounds.guarantees import OURS, Guarantee
from schattor_theory.bounds.published import PUBLISHED

PAGE = Path(__file__).resolve().parent / "relation.md"

GUARANTEES = (
    "T1", "T2", "T5", "T5-any", "T5-N2", "T5-hp", "T5'", "T6", "T6*", "T7", "T10", "T11", "T12", "T13a", "T13b", "T13c",
)  # fmt: skip
"""Statements that promise something about a step or a run, in reading order."""


def tables() -> dict[str, str]:
    """Return the tables of the page by the name of their mark."""
    ours, theirs = compared_table(OURS), compared_table(PUBLISHED)
    return {
        "values": markdown_table(*_escaped(values_table())),
        "ours": markdown_table(*_escaped(_without(ours, "read"))),
        "published": markdown_table(*_escaped(theirs)),
        "comparisons": markdown_table(*_escaped((["published", "beside", "what the comparison shows"], _compared()))),
        "by statement": markdown_table(*_escaped((["ours", "statement", "related published"], _by_statement()))),
    }


def filled(page: str) -> str:
    """Return the page with its tables as they would be now."""
    for name, table in tables().items():
        pattern = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(\n<!-- end -->)", flags=re.DOTALL)
        if len(pattern.findall(page)) != 1:
            message = f"docs/relation.md has no place for the table {name!r}"
            raise ValueError(message)
        page = pattern.sub(lambda found, table=table: f"{found[1]}{table}{found[2]}", page)  # type: ignore[misc]
    return page


def _compared() -> list[list[str]]:
    return [[g.name, ", ".join(g.statements), g.comparison] for g in PUBLISHED]


def _by_statement() -> list[list[str]]:
    return [[id_, STATEMENTS[id_].title, _names(g for g in PUBLISHED if id_ in g.statements)] for id_ in GUARANTEES]


def _names(found: object) -> str:
    names = [g.name for g in found if isinstance(g, Guarantee)]  # type: ignore[attr-defined]
    return ", ".join(names) or "none of these, as far as they were read"


def _without(table: tuple[list[str], list[list[str]]], column: str) -> tuple[list[str], list[list[str]]]:
    head, rows = table
    k = head.index(column)
    return head[:k] + head[k + 1 :], [row[:k] + row[k + 1 :] for row in rows]


def _escaped(table: tuple[list[str], list[list[str]]]) -> tuple[list[str], list[list[str]]]:
    head, rows = table
    return head, [[re.sub(r"([\\*_<>\[\]])", r"\\\1", cell) for cell in row] for row in rows]


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it is stale."""
    before = PAGE.read_text(encoding="utf-8")
    made = filled(before)
    if "--check" in arguments:
        is_current = made == before
        print("docs/relation.md is up to date" if is_current else "docs/relation.md is stale: run docs/relation.py")
        return 0 if is_current else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
