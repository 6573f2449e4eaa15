"""The ``.npz`` layout: written with the same bytes wherever and whenever, and read whole or refused."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

__all__ = ["npz_content", "read_npz"]


def npz_content(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of a ``.npz`` file: no date, no compression, no name of the system, no pickles."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            part = io.BytesIO()
            np.lib.format.write_array(part, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # else it names the system it was made on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, part.getvalue())
    return content.getvalue()


def read_npz(path: Path, call: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name; ``call`` is who asks, for the message of an error.

    Raises
    ------
    StoreError
        If the file is cut short, or no archive of arrays.
    OSError
        If it cannot be read.
    """
    content = path.read_bytes()  # NumPy leaves a file open that it cannot read
    # what is no archive is refused before NumPy would take it for a pickle
    if not zipfile.is_zipfile(io.BytesIO(content)):
        fail(StoreError, call, "file", "be a whole .npz file", str(path), "It is cut short, or no archive.")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError) as error:
        fail(StoreError, call, "file", "be a whole .npz file", str(path), f"{error}. Save it again with numpy.savez.")
