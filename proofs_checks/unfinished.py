"""Unfinished: what an interrupted run has found so far, so that the same command goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from schattor_theory.errors import StoreError

from .empirical.check import Check
from .evidence import Evidence
from .files import disk

__all__ = ["UNFINISHED", "Unfinished", "key_of"]

UNFINISHED = "unfinished.jsonl"

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("schattor_theory", "synthetic", "proofs_checks")


def key_of(*parts: object) -> str:
    """Return what evidence may be taken over by: what is given, and every byte of the packages' code.

    Parameters
    ----------
    *parts : strict JSON values
        The command with all that changes results, the versions, the machine. Not which libraries are loaded by now.
    """
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for package in _PACKAGES:
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Unfinished:
    """The evidence of a run that is not complete, a line each, in a file that is gone when the run is.

    Attributes
    ----------
    path : Path
        The file.
    entries : dict of Evidence
        By name of the check: what an earlier run with the same key has found. A check that could not run is not there.
    """

    def __init__(self, folder: Path, key: str, call: str) -> None:
        self.path, self._call = folder / UNFINISHED, call
        self.entries: dict[str, Evidence] = {}
        with disk(self.path, call):
            lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []
            if lines and lines[0] == json.dumps({"key": key}):
                for line in lines[1:]:
                    # the last line of a run that was killed may be cut short; its check is run again
                    with suppress(ValueError, StoreError):
                        one = Evidence.from_dict(json.loads(line))
                        self.entries[one.check] = one
            kept = [json.dumps({"key": key}), *(self._line(one) for one in self.entries.values())]
            self.path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def of(self, checks: Iterable[Check]) -> dict[str, Evidence]:
        """Return what is known already of these checks, by name."""
        return {check.name: self.entries[check.name] for check in checks if check.name in self.entries}

    def add(self, evidence: Evidence) -> None:
        """Keep a piece of evidence; a check that could not run is not kept, so that it is tried again."""
        if evidence.is_ok:
            with disk(self.path, self._call), self.path.open("a", encoding="utf-8") as file:
                file.write(f"{self._line(evidence)}\n")

    def finish(self) -> None:
        """Remove the file: the run is complete."""
        with disk(self.path, self._call):
            self.path.unlink(missing_ok=True)

    @staticmethod
    def _line(evidence: Evidence) -> str:
        return json.dumps(evidence.to_dict(), allow_nan=False)
