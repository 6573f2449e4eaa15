"""The ledger: every piece of evidence of a run in one file, ``ledger.json``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from .evidence import CONSTANTS, Evidence, Verdict, plain
from .files import disk, write_file
from .matrix import Matrix, matrix_of
from .shown import matrix_shown

__all__ = ["LEDGER", "SCHEMA", "Ledger", "read_ledger"]

SCHEMA = 1
"""Raised when the meaning of a field changes; a ledger of another schema is refused, never guessed at."""

LEDGER = "ledger.json"

_NOTHING_VIOLATED, _VIOLATED, _COULD_NOT_RUN = 0, 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A manifest and the evidence of one run.

    Attributes
    ----------
    manifest : dict
        Versions, machine, command, seed, level: what the numbers may depend on.
    entries : tuple of Evidence
        In the order of the statements.
    """

    manifest: Mapping[str, Any]
    entries: tuple[Evidence, ...]

    def with_verdict(self, verdict: Verdict) -> list[Evidence]:
        """Return the entries that ran and have this verdict."""
        return [entry for entry in self.entries if entry.is_ok and entry.verdict is verdict]

    @property
    def failures(self) -> list[Evidence]:
        """Return the entries whose check could not run."""
        return [entry for entry in self.entries if not entry.is_ok]

    @property
    def exit_code(self) -> int:
        """Return 1 for a violation, else 3 if a check could not run, else 0."""
        if self.with_verdict(Verdict.VIOLATED):
            return _VIOLATED
        return _COULD_NOT_RUN if self.failures else _NOTHING_VIOLATED

    @property
    def matrix(self) -> Matrix:
        """Return the statements that were asked for against the kinds of evidence; one without a check is unchecked."""
        asked = self.manifest.get("statements")
        return matrix_of(self.entries, asked if isinstance(asked, list | tuple) else None)

    def words(self) -> str:
        """Return the outcome in words, naming what is violated and what could not run."""
        violated, n = self.with_verdict(Verdict.VIOLATED), len(self.entries)
        parts = []
        if violated:
            parts.append(f"Violated: {', '.join(f'{e.statement} ({e.check})' for e in violated)}.")
        else:
            parts.append("Nothing is violated.")
        parts.append(f"{len(self.with_verdict(Verdict.HOLDS))} of {n} checks hold")
        for verdict, word in ((Verdict.INCONCLUSIVE, "inconclusive"), (Verdict.NOT_APPLICABLE, "not applicable")):
            found = self.with_verdict(verdict)
            if found:
                parts[-1] += f", {len(found)} {word} ({', '.join(e.check for e in found)})"
        parts[-1] += "."
        if self.failures:
            parts.append(f"Could not run: {', '.join(f'{e.statement} ({e.check})' for e in self.failures)}.")
        return " ".join(parts)

    def _repr_markdown_(self) -> str:
        """Return what a notebook shows: the outcome in words, and statements against kinds of evidence."""
        return matrix_shown(self.words(), self.matrix)

    def to_dict(self) -> dict[str, Any]:
        """Return the ledger as strict JSON values."""
        entries = [entry.to_dict() for entry in self.entries]
        return {"schema": SCHEMA, "manifest": plain(self.manifest), "entries": entries}

    def write(self, path: Path, call: str = "verify") -> Path | None:
        """Write the ledger to ``path``, as a whole or not at all.

        A file that is there already and cannot be read as a ledger (another schema, cut short, tampered with) is first
        copied to ``<name>.kept-<n><suffix>`` beside it, so that nothing is lost.

        Parameters
        ----------
        path : Path
            The file.
        call : str
            The command, for the words of an error.

        Returns
        -------
        Path or None
            The copy, if one was made.

        Raises
        ------
        StoreError
            If a file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)
        kept = _keep_what_cannot_be_read(path)
        write_file(path, f"{text}\n".encode(), call)
        return kept


def read_ledger(path: str | Path) -> Ledger:
    """Return the ledger in a file. The file is only read.

    Raises
    ------
    StoreError
        If the file is missing, cut short, no ledger, of another schema, has a number that is not finite, or an entry
        that cannot be read; the message names the file and, for an entry, its number and field.
    """
    call, path = "read_ledger", Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        fail(StoreError, call, "path", "be a readable ledger", str(path), f"{reason}.")
    try:
        content = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_without_repetition
        )
    except (ValueError, RecursionError) as error:
        way_out = f"It is damaged or cut short ({error}). Run `schattor verify` again to make a new one."
        fail(StoreError, call, "path", "hold a whole ledger", str(path), way_out)
    if not isinstance(content, Mapping) or not {"schema", "manifest", "entries"} <= set(content):
        way_out = "A ledger has the fields schema, manifest and entries."
        fail(StoreError, call, "path", "hold a ledger", str(path), way_out)
    if type(content["schema"]) is not int or content["schema"] != SCHEMA:
        way_out = "Read it with the version that wrote it, or run `schattor verify` again."
        fail(StoreError, call, "schema", f"be {SCHEMA}", content["schema"], f"{way_out} The file is {path}.")
    if not isinstance(content["manifest"], Mapping) or not isinstance(content["entries"], list):
        way_out = "The manifest is a table, the entries a list."
        fail(StoreError, call, "path", "hold a ledger", str(path), way_out)
    entries = tuple(_entry(path, number, entry) for number, entry in enumerate(content["entries"]))
    names = [f"{entry.statement} {entry.check}" for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        way_out = f"{path} was put together from two runs."
        fail(StoreError, call, "entries", "name every check of a statement once", twice, way_out)
    return Ledger(manifest=content["manifest"], entries=entries)


def _entry(path: Path, number: int, entry: object) -> Evidence:
    """Return one entry; what is wrong with it is said with its place in the file."""
    try:
        found = Evidence.from_dict(entry)
        if found.constants not in CONSTANTS:
            fail(StoreError, "Evidence.from_dict", "constants", f"be one of {', '.join(CONSTANTS)}", found.constants)
        if type(found.seed) is not int:
            fail(StoreError, "Evidence.from_dict", "seed", "be an integer", found.seed)
        if found.figure is not None and not isinstance(found.figure, str):
            fail(StoreError, "Evidence.from_dict", "figure", "be a file name", found.figure)
    except StoreError as error:
        message = f"read_ledger: entry {number} of {path} cannot be read. {error}"
        raise StoreError(message) from error
    return found


def _keep_what_cannot_be_read(path: Path) -> Path | None:
    if not path.is_file():
        return None
    try:
        read_ledger(path)
    except StoreError:
        with disk(path, "verify"):
            content = path.read_bytes()
            pattern = re.compile(rf"{re.escape(path.stem)}\.kept-(\d+){re.escape(path.suffix)}")
            numbers = [int(m[1]) for other in path.parent.iterdir() if (m := pattern.fullmatch(other.name))]
        kept = path.with_name(f"{path.stem}.kept-{max(numbers, default=0) + 1}{path.suffix}")
        write_file(kept, content, "verify")
        return kept
    return None


def _refuse_constant(name: str) -> None:
    message = f"{name} is not strict JSON"
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        message = f"the number {text} is not finite"
        raise ValueError(message)
    return number


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        message = f"the field {next(name for name in names if names.count(name) > 1)!r} stands twice in one table"
        raise ValueError(message)
    return found
