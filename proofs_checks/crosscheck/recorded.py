"""Recordings: gradients in, parameters or updates out, as a file that any language can write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import NonFiniteError, ShapeError, StoreError

from ..files import write_file
from ..formats import SUFFIXES, npz_content, read_arrays, read_metadata, write_safetensors
from .plain_log import is_plain_log, run_of_plain_log
from .probe import Blocks, Probe, Run

__all__ = ["DTYPES", "HEADER", "SCHEMA", "read_probes", "read_recording", "write_probes", "write_recording"]

SCHEMA = 1
HEADER = "schema"
"""Name of the header: in ``.npz`` an array with the bytes of the JSON, in ``.safetensors`` an entry of the metadata."""

DTYPES = ("float32", "float64", "bfloat16", "float16")

_READ = "read_recording"
_ROLES = ("start", "gradient", "previous_gradient", "parameters", "update")


Parts = dict[tuple[str, int], dict[str, np.ndarray]]
"""By role and step, the arrays of the blocks."""


def write_probes(path: str | Path, probes: Iterable[Probe], *, dtype: str = "float32") -> None:
    """Write the inputs of probes, to be run by a program in any language.

    Parameters
    ----------
    path : str or Path
        A ``.npz`` or ``.safetensors`` file.
    probes : iterable of Probe
        Their names are unique.
    dtype : str
        Of the parameters when they are run.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    arrays: dict[str, np.ndarray] = {}
    runs = {}
    for probe in probes:
        runs[probe.name] = _entry(probe) | {"dtype": dtype}
        _add_inputs(arrays, probe.name, probe)
    _write(Path(path), arrays, runs, "write_probes")


def write_recording(path: str | Path, runs: Iterable[Run]) -> None:
    """Write inputs and results of runs; :func:`read_recording` returns the same runs.

    Parameters
    ----------
    path : str or Path
        A ``.npz`` or ``.safetensors`` file.
    runs : iterable of Run
        Two of one probe get names of their own in the file.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    arrays: dict[str, np.ndarray] = {}
    entries: dict[str, dict[str, Any]] = {}
    for run in runs:
        key, n = run.probe.name, 1
        while key in entries:
            n += 1
            key = f"{run.probe.name}, {n}"
        entries[key] = _entry(run.probe) | {
            "dtype": run.dtype,
            "result_dtype": run.result_dtype,
            "status": run.status,
            "inputs_changed": list(run.inputs_changed),
            "knows_step_size": run.knows_step_size,
        }
        _add_inputs(arrays, key, run.probe)
        for k, parameters in enumerate(run.parameters):
            arrays |= {f"{key}/parameters/{k}/{block}": _stored(x) for block, x in parameters.items()}
    _write(Path(path), arrays, entries, "write_recording")


def read_recording(path: str | Path) -> tuple[Run, ...]:
    """Return the runs in a file: a recording, or the plain log of one run.

    A plain log has no header: ``gradients``, shape (k, m, n), and ``parameters`` or ``updates``; see
    :func:`.plain_log.run_of_plain_log`.

    Parameters
    ----------
    path : str or Path
        A ``.npz`` or ``.safetensors`` file.

    Returns
    -------
    tuple of Run
        In the order of the header; a run of which there are only inputs is left out.

    Raises
    ------
    StoreError
        If the file is missing, cut short, of another kind or schema, or lacks a step.
    ShapeError, NonFiniteError
        If an array does not fit the start of its block, or an input is not finite.
    """
    header, arrays = _read(Path(path))
    if header is None:
        return (run_of_plain_log(arrays, Path(path).stem),)
    found = _by_key(header, arrays)
    settings = {key: _settings(header, key) for key in found}
    made = {key: parts for key, parts in found.items() if _has_results(parts) or settings[key]["status"] != "ok"}
    if not made:
        way_out = "Add <probe>/parameters/<step>/<block>, the parameters after each step, to these inputs."
        fail(StoreError, _READ, "file", "hold the results of at least one run", sorted(arrays)[:3], way_out)
    return tuple(_run(key, settings[key], parts) for key, parts in made.items())


def _has_results(parts: Parts) -> bool:
    return any(role in ("parameters", "update") for role, _ in parts)


def read_probes(path: str | Path) -> tuple[Probe, ...]:
    """Return the inputs in a file of probes or a recording; raises what :func:`read_recording` raises."""
    header, arrays = _read(Path(path))
    if header is None:
        return (run_of_plain_log(arrays, Path(path).stem).probe,)
    return tuple(_probe(key, _settings(header, key), parts) for key, parts in _by_key(header, arrays).items())


def _entry(probe: Probe) -> dict[str, Any]:
    blocks = (probe.start, *probe.gradients, *(probe.previous_gradients or ()))
    is_finite = all(bool(np.isfinite(x).all()) for one in blocks for x in one.values())
    return {
        "probe": probe.name,
        "purpose": probe.purpose,
        "n_steps": probe.n_steps,
        "step_size": probe.step_size,
        "saved_before": probe.saved_before,
        "is_finite": is_finite,
    }


def _add_inputs(arrays: dict[str, np.ndarray], key: str, probe: Probe) -> None:
    if "/" in key:
        fail(StoreError, "write_recording", "probe", "have a name without a slash", key)
    arrays |= {f"{key}/start/{block}": _stored(x) for block, x in probe.start.items()}
    steps: list[tuple[str, Sequence[Blocks]]] = [("gradient", probe.gradients)]
    steps.append(("previous_gradient", probe.previous_gradients or ()))
    for role, values in steps:
        for k, blocks in enumerate(values):
            arrays |= {f"{key}/{role}/{k}/{block}": _stored(x) for block, x in blocks.items()}


def _stored(x: np.ndarray) -> np.ndarray:
    """Return the numbers as float32 where it holds them exactly, else as float64."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    with np.errstate(over="ignore"):
        short = x.astype(np.float32)
    return short if np.array_equal(short.astype(np.float64), x, equal_nan=True) else x


def _write(path: Path, arrays: Mapping[str, np.ndarray], runs: Mapping[str, Any], call: str) -> None:
    if path.suffix not in SUFFIXES:
        fail(StoreError, call, "path", f"end in {' or '.join(SUFFIXES)}", str(path))
    header = json.dumps({"schema": SCHEMA, "runs": runs}, ensure_ascii=True)
    if path.suffix == ".npz":
        content = npz_content({HEADER: np.frombuffer(header.encode(), dtype=np.uint8)} | dict(arrays))
        write_file(path, content, call)
    else:
        write_safetensors(path, arrays, {HEADER: header})


def _read(path: Path) -> tuple[dict[str, Any] | None, dict[str, np.ndarray]]:
    arrays = read_arrays(path, _READ)
    text: str | None
    if path.suffix == ".npz":
        raw = arrays.pop(HEADER, None)
        text = None if raw is None else _text(raw)
    else:
        text = read_metadata(path).get(HEADER)
    if text is None:
        if is_plain_log(arrays):
            return None, arrays
        way_out = 'Write it as JSON, {"schema": 1, "step_size": ...}, or name the arrays gradients and parameters.'
        fail(StoreError, _READ, "file", f"hold a header named {HEADER!r}", sorted(arrays)[:5], way_out)
    try:
        header = json.loads(text)
    except ValueError as error:
        fail(StoreError, _READ, "header", "be JSON", text[:60], f"{error}.")
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        got = header.get("schema") if isinstance(header, dict) else header
        fail(StoreError, _READ, "header", f'have "schema": {SCHEMA}', got, "It was written for another version.")
    return header, arrays


def _text(raw: np.ndarray) -> str:
    if raw.dtype.kind == "U" and raw.ndim == 0:
        return str(raw)
    return raw.tobytes().decode("utf-8", errors="replace")


def _by_key(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Parts]:
    found: dict[str, Parts] = {key: {} for key in header.get("runs", {})}
    for name, x in arrays.items():
        key, role, step, block = _parsed(name)
        found.setdefault(key, {}).setdefault((role, step), {})[block] = x
    if not found:
        fail(StoreError, _READ, "file", "hold at least one run", sorted(arrays), "It holds no arrays.")
    return found


def _parsed(name: str) -> tuple[str, str, int, str]:
    key, _, rest = name.partition("/")
    role, _, rest = rest.partition("/")
    if role == "start" and rest:
        return key, role, 0, rest
    step, _, block = rest.partition("/")
    if role in _ROLES[1:] and step.isdecimal() and block:
        return key, role, int(step), block
    wanted = "be named <probe>/start/<block> or <probe>/<role>/<step>/<block>"
    fail(StoreError, _READ, "array", wanted, name, f"The roles are {', '.join(_ROLES[1:])}.")


def _settings(header: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return what the header says about a run; what is said for all runs stands outside ``runs``."""
    entry = header.get("runs", {}).get(key, {})
    if not isinstance(entry, dict):
        fail(StoreError, _READ, f"header of {key!r}", "be a table", entry)
    settings: dict[str, Any] = {
        "probe": key,
        "purpose": "recorded",
        "step_size": None,
        "saved_before": None,
        "is_finite": True,
    }
    settings |= {"dtype": "float32", "status": "ok", "inputs_changed": []}
    settings |= {name: value for name, value in header.items() if name not in ("schema", "runs")} | entry
    if settings["dtype"] not in DTYPES:
        fail(StoreError, _READ, f"dtype of {key!r}", f"be one of {', '.join(DTYPES)}", settings["dtype"])
    size = settings["step_size"]
    if size is not None and not (isinstance(size, (int, float)) and np.isfinite(size) and size != 0):
        way_out = "Leave it out, or write null, where it is not known."
        fail(StoreError, _READ, f"step_size of {key!r}", "be a finite number other than 0", size, way_out)
    saved = settings["saved_before"]
    if saved is not None and (not isinstance(saved, int) or isinstance(saved, bool)):
        fail(StoreError, _READ, f"saved_before of {key!r}", "be the number of a step, or null", saved)
    return settings


def _probe(key: str, settings: Mapping[str, Any], parts: Parts) -> Probe:
    start = parts.get(("start", 0))
    if not start:
        _lacks(key, f"{key}/start/<block>")
    must_be_finite = settings["is_finite"]
    first = {block: _numbers(f"{key}/start/{block}", x, None, must_be_finite) for block, x in start.items()}
    gradients = _steps(key, "gradient", parts, first, must_be_finite)
    if not gradients:
        _lacks(key, f"{key}/gradient/0/{next(iter(first))}")
    if "n_steps" in settings and settings["n_steps"] != len(gradients):
        _lacks(key, f"gradients of {settings['n_steps']} steps, as its header says")
    previous = _steps(key, "previous_gradient", parts, first, must_be_finite)
    if previous and len(previous) != len(gradients):
        _lacks(key, f"a previous gradient for each of its {len(gradients)} steps")
    return Probe(
        name=str(settings["probe"]),
        purpose=str(settings["purpose"]),
        start=first,
        gradients=gradients,
        previous_gradients=previous or None,
        step_size=1.0 if settings["step_size"] is None else float(settings["step_size"]),
        saved_before=settings["saved_before"],
    )


def _run(key: str, settings: Mapping[str, Any], parts: Parts) -> Run:
    probe = _probe(key, settings, parts)
    parameters = _steps(key, "parameters", parts, probe.start, must_be_finite=False)
    updates = _steps(key, "update", parts, probe.start, must_be_finite=False)
    if parameters and updates:
        way_out = "Leave out one of the two."
        fail(StoreError, _READ, f"{key}", "hold parameters or updates", "both", way_out)
    for update in updates:
        before = parameters[-1] if parameters else probe.start
        parameters = (*parameters, {block: before[block] - update[block] for block in probe.start})
    if len(parameters) > probe.n_steps:
        _lacks(key, f"{key}/gradient/{probe.n_steps}/{next(iter(probe.start))}")
    if settings["status"] == "ok" and len(parameters) < probe.n_steps:
        _lacks(key, f"{key}/parameters/{len(parameters)}/{next(iter(probe.start))}")
    return Run(
        probe=probe,
        parameters=parameters,
        dtype=settings["dtype"],
        result_dtype=str(settings.get("result_dtype", settings["dtype"])),
        status=str(settings["status"]),
        inputs_changed=tuple(map(str, settings["inputs_changed"])),
        knows_step_size=bool(settings.get("knows_step_size", settings["step_size"] is not None)),
    )


def _steps(key: str, role: str, parts: Parts, start: Blocks, must_be_finite: bool) -> tuple[dict[str, np.ndarray], ...]:
    steps = sorted(step for name, step in parts if name == role)
    found = []
    for k in range(len(steps)):
        blocks = parts.get((role, k), {})
        for block in start:
            if block not in blocks:
                _lacks(key, f"{key}/{role}/{k}/{block}")
        for block in blocks:
            if block not in start:
                _lacks(key, f"{key}/start/{block}")
        found.append({block: _numbers(f"{key}/{role}/{k}/{block}", blocks[block], x.shape, must_be_finite)
                      for block, x in start.items()})  # fmt: skip
    return tuple(found)


def _numbers(name: str, x: np.ndarray, shape: tuple[int, ...] | None, must_be_finite: bool) -> np.ndarray:
    if x.dtype.kind not in "fiu":
        fail(StoreError, _READ, name, "hold real numbers", x.dtype)
    if shape is not None and x.shape != shape:
        fail(ShapeError, _READ, name, f"have the shape {shape} of its start", x.shape)
    numbers = x.astype(np.float64)
    if must_be_finite and not np.isfinite(numbers).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        way_out = 'Write "is_finite": false into the header of the run if that is meant.'
        place = f"{name}[{', '.join(map(str, where))}]"
        fail(NonFiniteError, _READ, place, "be finite", float(numbers[where]), way_out)
    return numbers


def _lacks(key: str, what: str) -> NoReturn:
    fail(StoreError, _READ, f"run {key!r}", f"hold {what}", "nothing of that name", "It is incomplete.")
