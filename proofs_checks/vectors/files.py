"""The files of the reference vectors: ``vectors.npz``, ``vectors.safetensors`` and ``index.json``, the same everywhere.

The bytes are a function of the numbers alone: names are sorted, archives have one fixed date and are not compressed,
and nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from ..files import disk, write_file
from ..formats import npz_content, read_arrays, write_safetensors
from .case import Case
from .reference import ReferenceVectors
from .rounding import PRECISIONS, Answer

__all__ = ["INDEX", "NPZ", "SAFETENSORS", "SCHEMA", "load_vectors", "write_vectors"]

SCHEMA = 1
INDEX, NPZ, SAFETENSORS = "index.json", "vectors.npz", "vectors.safetensors"
_CALL = "load_vectors"


def _digest(array: np.ndarray) -> str:
    """Return the SHA-256 of the numbers, little-endian, in C order."""
    return hashlib.sha256(np.asarray(array, dtype="<f8", order="C").tobytes()).hexdigest()


def _arrays(cases: Iterable[Case]) -> dict[str, np.ndarray]:
    """Return every array by its name in the files, sorted."""
    arrays: dict[str, np.ndarray] = {}
    for case in cases:
        arrays |= {case.input_names[role]: x for role, x in case.inputs.items()}
        arrays |= {f"{case.name}/{role}": answer.values for role, answer in case.answers.items()}
    # numerics: not ascontiguousarray, which makes a matrix of a number
    return {name: np.asarray(arrays[name], dtype="<f8", order="C") for name in sorted(arrays)}


def _index(cases: Iterable[Case], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "what": "schattor reference vectors",
        "least_bits": PRECISIONS[0],
        "arrays": {name: {"shape": list(x.shape), "sha256": _digest(x)} for name, x in arrays.items()},
        "cases": [
            {
                "name": case.name,
                "kind": case.kind,
                "parameters": case.parameters,
                "inputs": case.input_names,
                "answers": {
                    role: {
                        "array": f"{case.name}/{role}",
                        "error_bound": answer.error_bound,
                        "undecided": list(answer.undecided),
                        "sensitivity": answer.sensitivity,
                    }
                    for role, answer in case.answers.items()
                },
            }
            for case in cases
        ],
    }


def write_vectors(vectors: ReferenceVectors, folder: Path) -> dict[str, Any]:
    """Write the three files into a folder; return the index.

    Parameters
    ----------
    vectors : ReferenceVectors
        The cases; those without answers yet are answered.
    folder : Path
        Made if it is not there.

    Returns
    -------
    dict
        What ``index.json`` holds.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    call = "vectors"
    cases = list(vectors)
    arrays = _arrays(cases)
    index = _index(cases, arrays)
    with disk(folder, call):
        folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / NPZ, npz_content(arrays), call)
    write_safetensors(folder / SAFETENSORS, arrays)
    text = json.dumps(index, allow_nan=False, ensure_ascii=False, sort_keys=True, indent=1)
    write_file(folder / INDEX, f"{text}\n".encode(), call)
    return index


def load_vectors(folder: str | Path) -> ReferenceVectors:
    """Return the reference vectors in a folder, after a check that the numbers are those of the index.

    Parameters
    ----------
    folder : str or Path
        With ``index.json`` and one or both of ``vectors.npz`` and ``vectors.safetensors``.

    Returns
    -------
    ReferenceVectors
        The cases of the index, in its order.

    Raises
    ------
    StoreError
        If a file is missing, cut short, of another schema, or holds other numbers than the index says.
    """
    folder = Path(folder)
    index = _read_index(folder / INDEX)
    present = [name for name in (NPZ, SAFETENSORS) if (folder / name).is_file()]
    if not present:
        way_out = "Write them with `schattor vectors --out DIR`."
        fail(StoreError, _CALL, "folder", f"hold {NPZ} or {SAFETENSORS}", str(folder), way_out)
    arrays: dict[str, np.ndarray] = {}
    for name in present:
        with disk(folder / name, _CALL):
            arrays = read_arrays(folder / name, _CALL)
        _check_arrays(folder / name, arrays, index)
    try:
        return ReferenceVectors(_case(entry, arrays) for entry in index["cases"])
    except (KeyError, TypeError, AttributeError) as error:
        _refuse(folder / INDEX, f"a case has no {error}" if isinstance(error, KeyError) else str(error))


def _refuse(path: Path, reason: str) -> NoReturn:
    way_out = f"{reason[0].upper()}{reason[1:]}. Write the files again with `schattor vectors --out DIR`."
    fail(StoreError, _CALL, "folder", "hold whole reference vectors", str(path), way_out)


def _read_index(path: Path) -> dict[str, Any]:
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        _refuse(path, f"it cannot be read ({error.strerror or error})")
    except ValueError as error:
        _refuse(path, f"it is no JSON ({error})")
    if not isinstance(index, dict) or index.get("schema") != SCHEMA:
        _refuse(path, f"its schema is not {SCHEMA}")
    if not isinstance(index.get("arrays"), dict) or not isinstance(index.get("cases"), list):
        _refuse(path, "it has no arrays and cases")
    return index


def _check_arrays(path: Path, arrays: Mapping[str, np.ndarray], index: Mapping[str, Any]) -> None:
    """Refuse a file whose arrays are not those of the index, number for number."""
    if set(arrays) != set(index["arrays"]):
        _refuse(path, f"it does not hold the arrays of the index: {sorted(set(arrays) ^ set(index['arrays']))[:3]}")
    for name, said in index["arrays"].items():
        if arrays[name].dtype != np.float64 or [list(arrays[name].shape), _digest(arrays[name])] != [
            said.get("shape"), said.get("sha256")
        ]:  # fmt: skip
            _refuse(path, f"the numbers of {name!r} are not those of the index")


def _case(entry: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Case:
    return Case(
        name=entry["name"],
        kind=entry["kind"],
        parameters=entry["parameters"],
        inputs={role: arrays[name] for role, name in entry["inputs"].items()},
        input_names=entry["inputs"],
        answers={
            role: Answer(
                values=arrays[said["array"]],
                error_bound=said["error_bound"],
                undecided=tuple(said["undecided"]),
                sensitivity=said["sensitivity"],
                bits=PRECISIONS[0],
            )
            for role, said in entry["answers"].items()
        },
    )
