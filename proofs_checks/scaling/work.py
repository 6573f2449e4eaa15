"""The work of a cell, by what is known of its constants: what workers are handed."""

from __future__ import annotations

from .cell import run_exact_cell
from .estimated import run_estimated_cell
from .plan import Cell

__all__ = ["run_cell"]


def run_cell(cell: Cell, device: str = "cpu", threads: int = 1) -> dict[str, object]:
    """Return the columns of a cell: one value each, or one for every repeat.

    Parameters
    ----------
    cell : Cell
        What to run.
    device : {"cpu", "cuda"}
        Where arrays live.
    threads : int
        Threads that share the repeats of a cell with exact constants; the numbers do not depend on it.

    Raises
    ------
    SchattorError
        If the world cannot be built as the study says.
    """
    if cell.held is None:  # each repeat is a run of its own, with an observer
        return run_estimated_cell(cell, device)
    return run_exact_cell(cell, device, threads)
