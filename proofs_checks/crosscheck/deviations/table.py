"""The page docs/deviations.md: what is said of every deviation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...files import write_file
from ..crosscheck import CrossCheck
from . import DEVIATIONS, Deviation
from .said import answer_on, faults_of, lacks, said

__all__ = ["MADE_BY", "expected", "listed", "page", "write_table"]

MADE_BY = "python -m proofs_checks.crosscheck.deviations"

_HEAD = f"""# Deviations

A diagnosis that cannot be wrong says nothing. Each *deviation* below is an optimizer of plain NumPy in which one thing
is not what its author meant, or not what anybody could mean. The cross-check sees its outputs alone and has to name
what was done: as another convention where it is one, else as a fault, or as an invariance that is broken. Beside the
property that names it stands what is said there, and whether the steps conform to the convention that was found.
Against the convention that was meant each of them differs, but for those that write to an input.

Made by `{MADE_BY}`.
"""


def _cells(*cells: str) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in cells) + " |"


def _named(deviation: Deviation) -> tuple[str, str, str]:
    return f"`{deviation.name}`", deviation.words, deviation.property


def _short(name: str, found: CrossCheck) -> str:
    """Return the answer on a property, with no more than two of what could not be told apart from it."""
    parts = []
    for one in () if found.diagnosis is None else found.diagnosis.of(name):
        others = one.alternatives[:2] if len(one.alternatives) <= 2 else (f"{len(one.alternatives)} others",)
        parts.append(" or ".join((one.value, *others)))
    return "; ".join(parts) or answer_on(name, found) or "nothing"


def _row(deviation: Deviation, found: CrossCheck) -> str:
    answer = _short(deviation.property, found)
    if deviation.unsaid(answer) and found.faults:
        answer = faults_of(found)
    elif deviation.unsaid(answer) and found.verdict is not None and found.verdict.trouble:
        answer = ": ".join(found.verdict.trouble[0])
    if lacks(deviation, found):
        answer = f"**not named**: {answer}"
    return _cells(*_named(deviation), answer, found.outcome)


def page(results: Mapping[str, CrossCheck]) -> str:
    """Return the text of the page from what was said of each deviation."""
    named = sum(not lacks(one, results[name]) for name, one in DEVIATIONS.items())
    head = [_cells("deviation", "what is done", "shown by", "what is said", "verdict"), "|---|---|---|---|---|"]
    rows = [_row(one, results[name]) for name, one in DEVIATIONS.items()]
    return "\n".join([_HEAD, f"{named} of {len(rows)} are named.", "", *head, *rows]) + "\n"


def listed(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield what each row of a page says of the deviation itself."""
    for line in text.splitlines():
        cells = [cell.strip().replace("\0", "|") for cell in line.replace(r"\|", "\0").split("|")[1:-1]]
        if len(cells) == 5 and cells[0].startswith("`"):
            yield cells[0], cells[1], cells[2]


def expected() -> list[tuple[str, str, str]]:
    """Return what the rows have to say of the deviations."""
    return [_named(one) for one in DEVIATIONS.values()]


def write_table(path: Path) -> Mapping[str, CrossCheck]:
    """Examine every deviation and write the page, as a whole or not at all; return what was said."""
    results = {name: said(one) for name, one in DEVIATIONS.items()}
    write_file(path, page(results).encode(), MADE_BY)
    return results
