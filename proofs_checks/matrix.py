"""Matrix: statements against kinds of evidence, what each cell leads to, and how many kinds a statement has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from .evidence import KINDS, Evidence, Verdict
from .statements import STATEMENTS, Statement

__all__ = ["ENOUGH", "WHY_FEWER", "Artefact", "Cell", "Matrix", "Row", "kinds_by_statement", "matrix_of", "order_of"]

ENOUGH = 3
"""A statement is believed when this many kinds of evidence agree, where so many make sense."""

WHY_FEWER: dict[str, str] = {}
"""Statements for which three kinds of evidence make no sense, and why: none at present."""

_WORST_FIRST = (Verdict.VIOLATED, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.HOLDS)

# where the catalogues of proofs are, each a tuple of records with statement, name and kind
_PROOFS = (
    ("proofs_checks.symbolic", "DERIVATIONS"),
    ("proofs_checks.rigorous", "CERTIFICATES"),
    ("proofs_checks.conic", "PROGRAMS"),
)


class _Kinded(Protocol):
    """What has a statement and a kind: a check, a proof, evidence."""

    @property
    def statement(self) -> str:
        """Return the id of the statement."""

    @property
    def kind(self) -> str:
        """Return the kind of evidence."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """Something that a reader can look at: a figure, a derivation, a certificate or a witness of one check.

    Attributes
    ----------
    what : {"figure", "derivation", "certificate", "witness"}
        What it is.
    check : str
        The check that it belongs to.
    """

    what: str
    check: str


@dataclass(frozen=True, slots=True)
class Cell:
    """The evidence of one kind for one statement.

    Attributes
    ----------
    kind : str
        The kind.
    entries : tuple of Evidence
        At least one.
    """

    kind: str
    entries: tuple[Evidence, ...]

    @property
    def could_run(self) -> bool:
        """Return whether every check ran to its end."""
        return all(entry.is_ok for entry in self.entries)

    @property
    def verdict(self) -> Verdict:
        """Return the worst verdict of the checks that ran; inconclusive when none did."""
        return min((e.verdict for e in self.entries if e.is_ok), key=_WORST_FIRST.index, default=Verdict.INCONCLUSIVE)

    @property
    def counts(self) -> bool:
        """Return whether a check of this kind holds and none is violated: only then is it a kind of evidence."""
        found = {entry.verdict for entry in self.entries if entry.is_ok}
        return Verdict.HOLDS in found and Verdict.VIOLATED not in found

    @property
    def artefacts(self) -> tuple[Artefact, ...]:
        """Return what there is to look at, in the order of the checks."""
        return tuple(artefact for entry in self.entries for artefact in artefacts_of(entry))


@dataclass(frozen=True, slots=True)
class Row:
    """A statement with its evidence, by kind.

    Attributes
    ----------
    statement : Statement
        The statement.
    cells : dict of str to Cell
        By kind; a kind without a check is not there.
    """

    statement: Statement
    cells: Mapping[str, Cell]

    @property
    def is_unchecked(self) -> bool:
        """Return whether there is no evidence at all."""
        return not self.cells

    @property
    def n_kinds(self) -> int:
        """Return how many kinds of evidence support the statement."""
        return sum(cell.counts for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class Matrix:
    """Statements against kinds of evidence.

    Attributes
    ----------
    kinds : tuple of str
        The columns: the kinds for which there is evidence, in their own order.
    rows : tuple of Row
        The statements that were asked for, in reading order.
    """

    kinds: tuple[str, ...]
    rows: tuple[Row, ...]

    def row(self, statement: str) -> Row:
        """Return the row of a statement."""
        return next(row for row in self.rows if row.statement.id == statement)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Return the ids of the statements without evidence."""
        return tuple(row.statement.id for row in self.rows if row.is_unchecked)

    def to_dict(self) -> dict[str, Any]:
        """Return the matrix as plain values: statement, kind, verdict and number of checks."""
        return {
            row.statement.id: {
                kind: {"verdict": cell.verdict.value, "checks": len(cell.entries), "ran": cell.could_run}
                for kind, cell in row.cells.items()
            }
            for row in self.rows
        }


def matrix_of(entries: Sequence[Evidence], statements: Iterable[str] | None = None) -> Matrix:
    """Return the matrix of these entries.

    Parameters
    ----------
    entries : sequence of Evidence
        In any order.
    statements : iterable of str, optional
        Ids of the rows; all statements if not given. Ids that are not in ``STATEMENTS`` are left out, and statements
        that have an entry are never left out.
    """
    asked = set(STATEMENTS if statements is None else statements) | {entry.statement for entry in entries}
    kinds = order_of({entry.kind for entry in entries})
    rows = []
    for statement in STATEMENTS.values():
        if statement.id in asked:
            own = [entry for entry in entries if entry.statement == statement.id]
            grouped = {kind: tuple(entry for entry in own if entry.kind == kind) for kind in kinds}
            rows.append(Row(statement, {kind: Cell(kind, found) for kind, found in grouped.items() if found}))
    return Matrix(kinds, tuple(rows))


def order_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return kinds of evidence in their order, those of another version last."""
    return tuple(sorted(set(kinds), key=lambda kind: (KINDS.index(kind) if kind in KINDS else len(KINDS), kind)))


def artefacts_of(entry: Evidence) -> list[Artefact]:
    """Return what a check left to look at: figure, derivation, certificate, witness."""
    rows = entry.data.get("rows")
    has = {
        "figure": bool(entry.figure),
        "derivation": bool(entry.data.get("steps")),
        "certificate": bool(entry.data.get("certificate")),
        "witness": bool(entry.witness)
        or (isinstance(rows, list) and any(isinstance(row, Mapping) and "certified" in row for row in rows)),
    }
    return [Artefact(what, entry.check) for what, is_there in has.items() if is_there]


def proofs() -> list[Any]:
    """Return the entries of the catalogues of proofs that there are."""
    return [entry for path, name in _PROOFS for entry in getattr(import_module(path), name, ())]


def kinds_by_statement() -> dict[str, tuple[str, ...]]:
    """Return the kinds of evidence that the catalogues of checks and proofs hold for each statement, at any level."""
    from .empirical import CHECKS  # the checks import the evidence, and a ledger is read without them

    known: list[_Kinded] = [*CHECKS, *proofs()]
    return {id_: order_of(item.kind for item in known if item.statement == id_) for id_ in STATEMENTS}
