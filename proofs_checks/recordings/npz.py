"""The ``.npz`` layout with the same bytes wherever and whenever it is written."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np

__all__ = ["npz_content"]


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
