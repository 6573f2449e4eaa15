"""Proofs that ``schattor prove --export`` has written down."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from ..evidence import Evidence, Verdict
from ..prove.export import JSON, SCHEMA
from .run import COULD_NOT_RUN, VIOLATED, Run

__all__ = ["read_proof_run"]

_VERDICTS = {"proved": Verdict.HOLDS, "refuted": Verdict.VIOLATED, "undecided": Verdict.INCONCLUSIVE}


def read_proof_run(folder: Path, name: str, taken: Collection[str]) -> Run | None:
    """Return the proofs of a folder as evidence; None where there are none.

    Raises
    ------
    StoreError
        If the file cannot be read.
    """
    path = folder / JSON
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        schema, proofs = content["schema"], content["proofs"]
        entries = tuple(
            Evidence(
                statement=one["statement"],
                check=f"{one['name']} ({name})" if one["name"] in taken else one["name"],
                kind=one["kind"],
                verdict=_VERDICTS[one["verdict"]],
                seconds=float(one["seconds"]),
                detail=f"{len(one['steps'])} steps, {one['verdict']}.",
                witness={"steps": one["steps"]} if one["verdict"] == "refuted" else None,
                data={"proof": one["name"], "steps": one["steps"], "certificate": one["certificate"]},
            )
            for one in proofs
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        way_out = f"It is damaged or cut short ({type(error).__name__}: {error}). Run `schattor prove --export` again."
        fail(StoreError, "report", "folders", f"hold a whole {JSON}", str(folder), way_out)
    if schema != SCHEMA:
        way_out = f"Run `schattor prove --export` again with this version. The file is {path}."
        fail(StoreError, "report", "schema", f"be {SCHEMA}", schema, way_out)
    verdicts = [one["verdict"] for one in proofs]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in _VERDICTS if verdict in verdicts)
    words = f"{len(proofs)} proofs: {counts}." if proofs else "No proof was written down."
    code = VIOLATED if "refuted" in verdicts else 0 if proofs and set(verdicts) == {"proved"} else COULD_NOT_RUN
    statements = tuple(dict.fromkeys(entry.statement for entry in entries))
    command = f"schattor prove {' '.join(statements)} --export {folder}"
    return Run(name=name, kind="prove", words=words, exit_code=code, command=command, entries=entries,
               statements=statements)  # fmt: skip
