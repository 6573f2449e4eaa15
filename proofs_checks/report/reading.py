"""From folders to runs: each folder is recognised by its files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from .crosscheck_runs import read_crosscheck_run
from .ledger_runs import read_ledger_run
from .proof_runs import read_proof_run
from .run import COULD_NOT_RUN, Run
from .study_runs import read_study_run

__all__ = ["READERS", "read_runs"]

READERS: Sequence[Callable[[Path, str, Collection[str]], Run | None]] = (
    read_study_run,
    read_crosscheck_run,
    read_ledger_run,
    read_proof_run,
)
"""Each returns the run of a folder, or None where it is none of its kind."""

_KNOWN = "verify, study run, tightness, constants, crosscheck, assumptions or prove --export"


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Return the runs of folders, each with a name of its own; a folder that holds none is one that could not be read.

    Raises
    ------
    StoreError
        If a folder is missing, its files are damaged, or no folder holds a run.
    """
    runs: list[Run] = []
    for folder, name in zip(folders, _names(folders), strict=True):
        if not folder.is_dir():
            way_out = f"Make a run first, for example `schattor verify --out {folder}`."
            fail(StoreError, "report", "folders", "name folders that are there", str(folder), way_out)
        taken = {entry.check for run in runs for entry in run.entries}
        runs.append(replace(_read(folder, name, taken) or _unknown(name), folder=str(folder)))
    if all(run.kind == "unknown" for run in runs):
        way_out = f"Give the --out folder of schattor {_KNOWN}."
        fail(StoreError, "report", "folders", "hold a run", [str(folder) for folder in folders], way_out)
    return runs


def _read(folder: Path, name: str, taken: Collection[str]) -> Run | None:
    return next((run for read in READERS if (run := read(folder, name, taken)) is not None), None)


def _unknown(name: str) -> Run:
    words = f"No run is known by its files here. A report takes the --out folders of {_KNOWN}."
    return Run(name=name, kind="unknown", words=words, exit_code=COULD_NOT_RUN)


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the last parts of the paths, made unique by a number."""
    found: list[str] = []
    for folder in folders:
        stem = folder.resolve().name or "run"
        name, k = stem, 2
        while name in found:
            name, k = f"{stem}-{k}", k + 1
        found.append(name)
    return found
