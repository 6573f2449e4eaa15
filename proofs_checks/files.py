"""Files on the disk: errors that say which command failed and why; a file is there as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from schattor_theory.errors import StoreError

__all__ = ["disk", "write_file"]


@contextmanager
def disk(path: Path, call: str) -> Iterator[None]:
    """Turn an error of the disk into a :class:`StoreError` that names the command, the path and the reason."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        way_out = f"{reason}. Choose another folder with --out, or make room and run the same command again."
        message = f"{call}: out must be a folder that can be read and written, got out={str(path)!r}. {way_out}"
        raise StoreError(message) from error


def write_file(path: Path, content: bytes, call: str) -> None:
    """Write ``content`` to ``path`` so that the file is either there as a whole or not there.

    Raises
    ------
    StoreError
        If there is no space, no permission, or no such folder; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with disk(path, call):
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                if temporary.is_file():  # a device cannot be synchronised
                    os.fsync(file.fileno())
            os.replace(temporary, path)
    except StoreError:
        with suppress(OSError):  # when the folder itself cannot be reached there is nothing to remove
            temporary.unlink(missing_ok=True)
        raise
