"""The safetensors layout: eight bytes with the length of a JSON header, the header, and the numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import DTypeError, StoreError

from ..files import write_file

__all__ = ["read_metadata", "read_safetensors", "write_safetensors"]

_CALL = "read_safetensors"
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_METADATA = "__metadata__"
_LONGEST_HEADER = 100_000_000  # source: the limit of the format


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file; bfloat16 becomes float32, which holds it exactly.

    Raises
    ------
    StoreError
        If the file is cut short or is not of this layout.
    DTypeError
        For a type that holds no real numbers.
    """
    header, data = _parts(path)
    return {name: _array(path, name, entry, data) for name, entry in header.items() if name != _METADATA}


def read_metadata(path: Path) -> dict[str, str]:
    """Return the text that a file carries beside its arrays, by name.

    Raises
    ------
    StoreError
        If the file is cut short or is not of this layout.
    """
    found = _parts(path)[0].get(_METADATA, {})
    texts = {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
    if texts != found:
        _refuse(path, "the metadata is no table of texts")
    return texts


def _parts(path: Path) -> tuple[Mapping[str, object], memoryview]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_LONGEST_HEADER, len(content) - 8):
        _refuse(path, "the header is cut short")
    try:
        header = json.loads(content[8 : 8 + length])
    except ValueError as error:
        _refuse(path, f"the header cannot be read ({error})")
    if not isinstance(header, Mapping):
        _refuse(path, "the header is no table")
    return header, memoryview(content)[8 + length :]


def _array(path: Path, name: str, entry: object, data: memoryview) -> np.ndarray:
    try:
        kind, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]  # type: ignore[index]
        is_sound = all(isinstance(i, int) and i >= 0 for i in (*shape, start, stop))
    except (TypeError, KeyError, ValueError):
        _refuse(path, f"the header entry of {name!r} has no dtype, shape and data_offsets")
    if kind not in _TYPES:
        fail(DTypeError, _CALL, name, f"hold {', '.join(_TYPES)}", kind, "Save the gradients as float32.")
    size = np.dtype(_TYPES[kind]).itemsize * int(np.prod(shape, dtype=object))
    if not is_sound or stop - start != size or stop > len(data):
        _refuse(path, f"the numbers of {name!r} are cut short")
    values = np.frombuffer(data[start:stop], dtype=_TYPES[kind]).reshape(shape)
    if kind == "BF16":  # the upper half of a float32
        return (values.astype("<u4") << 16).view("<f4")
    return values


def _refuse(path: Path, reason: str) -> None:
    fail(StoreError, _CALL, "file", "be a whole safetensors file", str(path), f"{reason.capitalize()}. Save it again.")


def write_safetensors(path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> None:
    """Write float64 and float32 arrays and texts beside them, as a whole or not at all.

    Raises
    ------
    DTypeError
        For another type.
    StoreError
        If the file cannot be written.
    """
    names = {"float64": "F64", "float32": "F32"}
    header: dict[str, object] = {_METADATA: dict(metadata)} if metadata else {}
    parts, start = [], 0
    for name, array in arrays.items():
        if array.dtype.name not in names:
            fail(DTypeError, "write_safetensors", name, "hold float64 or float32", array.dtype)
        kind = names[array.dtype.name]
        part = np.ascontiguousarray(array, dtype=_TYPES[kind]).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [start, start + len(part)]}
        parts.append(part)
        start += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    write_file(path, len(text).to_bytes(8, "little") + text + b"".join(parts), "write_safetensors")
