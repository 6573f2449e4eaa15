"""The commands ``schattor vectors`` and ``schattor selftest``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress

from schattor_theory.checks import check_choice

from ..display import display
from ..scaling.environment import environment
from .case import Case, Comparison
from .device import arrays_on
from .files import INDEX, NPZ, SAFETENSORS, load_vectors, write_vectors
from .reference import ReferenceVectors, reference_vectors
from .selftest import Failure, compare_stored, compare_with_library, grouped, share

__all__ = ["selftest", "vectors"]

_VIOLATED, _COULD_NOT_RUN = 1, 3
_SHOWN = 20
DTYPES = ("float64", "float32")


@contextmanager
def _display(what: str, total: int) -> Iterator[Progress]:
    """Give a display that leaves no trace, with one task."""
    progress = display()
    with progress:
        progress.add_task(what, total=total)
        yield progress


def _answered(found: ReferenceVectors) -> list[Case]:
    """Return all cases with their answers."""
    cases = []
    with _display("certified answers", len(found)) as progress:
        for case in found:
            cases.append(case)
            progress.advance(progress.task_ids[0])
    return cases


def vectors(out: Path, *, as_json: bool) -> None:
    """Certify the answers, write the files, and print what they hold."""
    found = reference_vectors()
    cases = _answered(found)
    index = write_vectors(found, out)
    answers = [answer for case in cases for answer in case.answers.values()]
    summary = {
        "schema": index["schema"],
        "cases": len(cases),
        "answers": len(answers),
        "arrays": len(index["arrays"]),
        "undecided": sum(len(answer.undecided) for answer in answers),
        "files": [str(out / name) for name in (NPZ, SAFETENSORS, INDEX)],
    }
    if as_json:
        print(json.dumps(summary, allow_nan=False))
        return
    undecided = "every rounding is decided"
    if summary["undecided"]:
        undecided = f"{summary['undecided']} roundings could not be decided and are listed"
    print(f"{len(cases)} cases with {len(answers)} certified answers; {undecided}.")
    print("\n".join(f"Wrote {name}" for name in summary["files"]))


def selftest(*, device: str, vectors: Path | None, dtype: str, as_json: bool) -> None:
    """Compare this installation with the reference vectors, and raise the exit of the command."""
    check_choice("selftest", "dtype", dtype, DTYPES)
    array = arrays_on(device, dtype)
    found = reference_vectors() if vectors is None else load_vectors(vectors)
    cases = [case for case in _answered(found) if case.says_something(dtype)]
    stored = [] if vectors is None else compare_stored(found)
    uncertified = 0 if vectors is None else len(found) - len({one.case for one in stored})
    with _display("compared", len(cases)) as progress:
        comparisons, failures = compare_with_library(
            cases, array, progress=lambda name: progress.advance(progress.task_ids[0])
        )
    beyond = [one for one in (*stored, *comparisons) if not one.conforms]
    code = _VIOLATED if beyond else _COULD_NOT_RUN if failures else 0
    if as_json:
        result = {
            "schema": 1,
            "manifest": environment() | {"device": device, "dtype": dtype},
            "cases": len(cases),
            "left_out": len(found) - len(cases),
            "comparisons": [_row(one) for one in comparisons],
            "stored": [_row(one) for one in stored],
            "uncertified": uncertified,
            "failures": [{"case": one.case, "error": one.error} for one in failures],
            "verdict": _verdict(beyond, failures),
            "exit_code": code,
        }
        print(json.dumps(result, allow_nan=False, ensure_ascii=False))
    else:
        _print(len(cases), len(found), device, dtype, comparisons, stored, failures)
        if uncertified:
            print(f"{uncertified} cases of the files are not of this release: their answers are taken as they are.")
    raise typer.Exit(code)


def _row(one: Comparison) -> dict[str, Any]:
    """Return a comparison as strict JSON: an infinite difference is the text "inf"."""
    gap, allowance = one.in_eps(one.difference), one.in_eps(one.allowance)
    return {
        "case": one.case,
        "answer": one.answer,
        "difference_eps": "inf" if gap == float("inf") else gap,
        "allowance_eps": allowance,
        "eps": one.eps,
        "conforms": one.conforms,
    }


def _verdict(beyond: list[Comparison], failures: list[Failure]) -> str:
    parts = []
    if beyond:
        parts.append(f"{len(beyond)} answers differ by more than rounding explains")
    if failures:
        parts.append(f"{len(failures)} cases could not be computed")
    return "; ".join(parts) or "every answer is within what rounding explains"


def _print(
    n_cases: int,
    n_all: int,
    device: str,
    dtype: str,
    comparisons: list[Comparison],
    stored: list[Comparison],
    failures: list[Failure],
) -> None:
    rows = [("answers", "compared", "beyond", "eps", "share", "nearest to its allowance")]
    for group in grouped(comparisons):
        size, part = group.largest.in_eps(group.largest.difference), share(group.closest)
        rows.append((group.name, str(group.n_answers), str(group.n_beyond), f"{size:.3g}", f"{part:.3f}",
                     group.closest.case))  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        numbers = "  ".join(cell.rjust(width) for cell, width in zip(row[1:5], widths[1:], strict=True))
        print(f"{row[0].ljust(widths[0])}  {numbers}  {row[5]}")
    print("eps: largest difference in units of eps times the largest entry; share: largest part of an allowance.")
    if stored:
        wrong = sum(not one.conforms for one in stored)
        print(f"Stored answers: {len(stored)} compared bit by bit with those certified here, {wrong} differ.")
    beyond = [one for one in (*stored, *comparisons) if not one.conforms]
    lines = [one.words() for one in beyond] + [f"{one.case}: {one.error}" for one in failures]
    for line in lines[:_SHOWN]:
        print(line)
    if len(lines) > _SHOWN:
        print(f"… and {len(lines) - _SHOWN} more (all of them with --json)")
    if n_cases < n_all:
        print(f"{n_all - n_cases} of {n_all} cases say nothing about {dtype} and were left out.")
    print(f"{n_cases} cases on {device} in {dtype}: {_verdict(beyond, failures)}.")
