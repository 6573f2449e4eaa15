"""The matrix of a ledger as a notebook shows it."""

from __future__ import annotations

from .evidence import Verdict
from .matrix import Cell, Matrix
from .words import markdown_table, plain_words

__all__ = ["matrix_shown"]


def matrix_shown(words: str, matrix: Matrix) -> str:
    """Return the outcome in words over a table: a sign, and how many checks, for each statement and kind of evidence.

    ✓ holds, ✗ violated, ? inconclusive, – not applicable, ! could not run; the worst of a cell is shown.
    """
    rows = [
        [row.statement.id, row.statement.title, *(_cell(row.cells.get(kind)) for kind in matrix.kinds)]
        for row in matrix.rows
        if not row.is_unchecked
    ]
    parts = [plain_words(words), markdown_table(["id", "statement", *matrix.kinds], rows) if rows else ""]
    unchecked = [row.statement.id for row in matrix.rows if row.is_unchecked]
    parts.append(f"Without a check here: {plain_words(', '.join(unchecked))}." if unchecked else "")
    return "\n\n".join(part for part in parts if part)


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    sign = cell.verdict.sign if cell.could_run or cell.verdict is Verdict.VIOLATED else "!"
    return f"{sign} {len(cell.entries)}"
