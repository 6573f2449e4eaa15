"""Make the stored certificates again: ``python -m proofs_checks.rigorous [FOLDER]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from schattor_theory.errors import SchattorError

from .catalogue import write_all
from .certificate import FOLDER


def main(words: Sequence[str]) -> int:
    """Write the certificates and return the exit code: 0 done, 2 bad usage, 3 not written."""
    if len(words) > 1 or any(word.startswith("-") for word in words):
        print("usage: python -m proofs_checks.rigorous [FOLDER]", file=sys.stderr)
        return 2
    try:
        paths = write_all(Path(words[0]) if words else FOLDER)
    except SchattorError as error:
        print(error, file=sys.stderr)
        return 3
    for path in paths:
        print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
