"""Examine the deviations, all of them into docs/deviations.md or those named in words, or look for false alarms."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import DEVIATIONS
from .conforming import alarms
from .said import lacks, said
from .table import write_table

__all__ = ["main"]

PAGE = Path(__file__).parents[3] / "docs" / "deviations.md"


def main(arguments: Sequence[str]) -> int:
    """Return 0 if every deviation is named and there is no false alarm, else 1; 2 for a name that is none."""
    parser = argparse.ArgumentParser(prog="python -m proofs_checks.crosscheck.deviations", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a deviation; without any, all into the page")
    parser.add_argument("--conforming", type=int, metavar="N", help="optimizers of N conventions drawn at random")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="number of the first of them")
    asked = parser.parse_args(arguments)
    if asked.conforming is not None:
        return _conforming(range(asked.first, asked.first + asked.conforming))
    unknown = [name for name in asked.names if name not in DEVIATIONS]
    if unknown:
        print(f"no deviation is called {', '.join(unknown)}", file=sys.stderr)
        return 2
    results = {name: said(DEVIATIONS[name]) for name in asked.names} if asked.names else write_table(PAGE)
    lacking = {name: lacks(DEVIATIONS[name], found) for name, found in results.items()}
    for name in asked.names:
        print(f"{name}: {results[name].words}")
        diagnosis = results[name].diagnosis
        for finding in () if diagnosis is None else diagnosis.findings:
            print(f"  {finding.words}")
    for name, lines in lacking.items():
        for line in lines:
            print(f"not named: {name}: {line}")
    return int(any(lacking.values()))


def _conforming(numbers: range) -> int:
    outcomes: dict[str, int] = {}
    n_false, n_other = 0, 0
    for alarm in alarms(numbers):
        outcomes[alarm.result.outcome] = outcomes.get(alarm.result.outcome, 0) + 1
        n_other += bool(alarm.others)
        if alarm.is_false:
            n_false += 1
            print(alarm.words, flush=True)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    print(f"{n_false} false alarms of {len(numbers)}: {counts}; {n_other} with a field named otherwise")
    return int(n_false > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
