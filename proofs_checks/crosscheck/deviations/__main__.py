"""Examine the deviations: all of them into docs/deviations.md, or those named, in words."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from . import DEVIATIONS
from .said import lacks, said
from .table import write_table

__all__ = ["main"]

PAGE = Path(__file__).parents[3] / "docs" / "deviations.md"


def main(names: Sequence[str]) -> int:
    """Return 0 if every deviation is named, 1 if one is not, 2 for a name that is none."""
    unknown = [name for name in names if name not in DEVIATIONS]
    if unknown:
        sys.stderr.write(f"no deviation is called {', '.join(unknown)}\n")
        return 2
    results = {name: said(DEVIATIONS[name]) for name in names} if names else write_table(PAGE)
    lacking = {name: lacks(DEVIATIONS[name], found) for name, found in results.items()}
    for name in names:
        print(f"{name}: {results[name].words}")
        diagnosis = results[name].diagnosis
        for finding in () if diagnosis is None else diagnosis.findings:
            print(f"  {finding.words}")
    for name, lines in lacking.items():
        for line in lines:
            print(f"not named: {name}: {line}")
    return int(any(lacking.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
