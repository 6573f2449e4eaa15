"""The ledger: every piece of evidence of a run in one file, ``ledger.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from .evidence import Evidence, Verdict, plain
from .files import write_file

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

    def to_dict(self) -> dict[str, Any]:
        """Return the ledger as strict JSON values."""
        entries = [entry.to_dict() for entry in self.entries]
        return {"schema": SCHEMA, "manifest": plain(self.manifest), "entries": entries}

    def write(self, path: Path) -> None:
        """Write the ledger to ``path``, as a whole or not at all.

        Raises
        ------
        StoreError
            If the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)
        write_file(path, f"{text}\n".encode(), "verify")


def read_ledger(path: str | Path) -> Ledger:
    """Return the ledger in a file.

    Raises
    ------
    StoreError
        If the file is missing, cut short, no ledger, of another schema, or has an entry that cannot be read; nothing
        is changed.
    """
    call, path = "read_ledger", Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        fail(StoreError, call, "path", "be a readable ledger", str(path), f"{reason}.")
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        way_out = f"It is damaged or cut short ({error}). Run `schattor verify` again to make a new one."
        fail(StoreError, call, "path", "hold a whole ledger", str(path), way_out)
    if not isinstance(content, Mapping) or not {"schema", "manifest", "entries"} <= set(content):
        way_out = "A ledger has the fields schema, manifest and entries."
        fail(StoreError, call, "path", "hold a ledger", str(path), way_out)
    if content["schema"] != SCHEMA:
        way_out = f"Read it with the version that wrote it, or run `schattor verify` again (schema {SCHEMA})."
        fail(StoreError, call, "schema", f"be {SCHEMA}", content["schema"], way_out)
    if not isinstance(content["manifest"], Mapping) or not isinstance(content["entries"], list):
        way_out = "The manifest is a table, the entries a list."
        fail(StoreError, call, "path", "hold a ledger", str(path), way_out)
    return Ledger(manifest=content["manifest"], entries=tuple(map(Evidence.from_dict, content["entries"])))


def _refuse_constant(name: str) -> None:
    message = f"{name} is not strict JSON"
    raise ValueError(message)
