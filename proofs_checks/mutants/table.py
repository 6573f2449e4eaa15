"""The kill table docs/mutants.md: which check catches which mutant, and how fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..files import write_file
from ..statements import STATEMENTS
from . import MUTANTS, Mutant
from .hunt import Hunt

__all__ = ["MADE_BY", "expected", "listed", "ordered", "page", "write_table"]

MADE_BY = "python -m proofs_checks.mutants"

_HEAD = f"""# Mutants

A check that cannot fail says nothing. Each *mutant* below is an error planted on purpose: a constant, an exponent, a
hypothesis, the optimizer, a norm, a noise law, or a step of a proof made wrong, under every name by which it is
imported. `schattor verify --mutant NAME` plants one and runs the checks of its own statement, first those that its
record names, up to the first that is violated: exit 1. A check that crashes (exit 3) or nothing violated (exit 0) is a
survivor, and a survivor is a missing check. How to add one: [how-to/add-a-mutant.md](how-to/add-a-mutant.md).

Made by `{MADE_BY}`.
"""


def ordered(mutants: Iterable[Mutant] = MUTANTS) -> list[Mutant]:
    """Return the mutants in the order of their statements."""
    order = list(STATEMENTS)
    return sorted(mutants, key=lambda mutant: order.index(mutant.statement))


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _named(mutant: Mutant) -> tuple[str, str, str, str]:
    """Return what a row says of the mutant itself."""
    return mutant.statement, f"`{mutant.name}`", mutant.words, f"`{mutant.place}`"


def page(hunts: Mapping[str, Hunt], seed: int = 0) -> str:
    """Return the text of the table; every mutant needs its hunt."""
    rows = []
    for mutant in ordered():
        hunt = hunts[mutant.name]
        killer = "**survives**" if hunt.killer is None else hunt.killer.check.replace("_", " ")
        rows.append(_cells(*_named(mutant), killer, str(len(hunt.entries)), f"{hunt.seconds:.1f}"))
    killed = sum(hunt.killer is not None for hunt in hunts.values())
    total, longest = sum(hunt.seconds for hunt in hunts.values()), max(hunt.seconds for hunt in hunts.values())
    summary = (
        f"{killed} of {len(rows)} are killed at seed {seed}, in {total:.0f} seconds of processor time; the longest "
        f"hunt took {longest:.0f}. “Checks” counts those that ran, “seconds” is their processor time."
    )
    names = ("statement", "mutant", "what goes wrong", "where", "caught by", "checks", "seconds")
    head = [_cells(*names), "|---|---|---|---|---|--:|--:|"]
    return "\n".join([_HEAD, summary, "", *head, *rows]) + "\n"


def listed(text: str) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    """Yield what each row of a page says of its mutant, and the name of the check that caught it."""
    for line in text.splitlines():
        cells = [cell.strip().replace(r"\|", "|") for cell in line.replace(r"\|", "\0").split("|")[1:-1]]
        cells = [cell.replace("\0", "|") for cell in cells]
        if len(cells) == 7 and cells[1].startswith("`"):
            yield (cells[0], cells[1], cells[2], cells[3]), cells[4].replace(" ", "_")


def expected() -> list[tuple[str, str, str, str]]:
    """Return what the rows have to say of the mutants."""
    return [_named(mutant) for mutant in ordered()]


def write_table(hunts: Sequence[Hunt], path: Path, seed: int = 0) -> None:
    """Write the page into a file, as a whole or not at all."""
    write_file(path, page({hunt.mutant: hunt for hunt in hunts}, seed).encode(), MADE_BY)
