"""The work of a cell, by what is known of its constants: what workers are handed."""

from __future__ import annotations

from .cell import run_exact_cell
from .estimated import run_estimated_cell
from .plan import Cell

__all__ = ["run_cell"]


def run_cell(cell: Cell, device: str = "cpu") -> dict[str, object]:
    """Return the columns of a cell: one value each, or one for every repeat.

    Raises
    ------
    SchattorError
        If the world cannot be built as the study says.
    """
    run = run_estimated_cell if cell.held is None else run_exact_cell
    return run(cell, device)
