"""Files of named arrays, as other programs write and read them: ``.npz`` and ``.safetensors``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

from .npz import npz_content, read_npz
from .safetensors import read_metadata, read_safetensors, write_safetensors

__all__ = [
    "SUFFIXES",
    "npz_content",
    "read_arrays",
    "read_metadata",
    "read_npz",
    "read_safetensors",
    "write_safetensors",
]

SUFFIXES = (".npz", ".safetensors")


def read_arrays(path: Path, call: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name; ``call`` is who asks, for the message of an error.

    Raises
    ------
    StoreError
        If the file is missing, cut short, or of another kind.
    """
    if path.suffix not in SUFFIXES:
        way_out = "Save the arrays with numpy.savez or safetensors.numpy.save_file."
        fail(StoreError, call, "file", f"end in {' or '.join(SUFFIXES)}", str(path), way_out)
    try:
        return read_safetensors(path) if path.suffix == ".safetensors" else read_npz(path, call)
    except OSError as error:
        fail(StoreError, call, "file", "be a readable file", str(path), f"{error.strerror or error}.")
