"""The command ``schattor crosscheck``."""

from __future__ import annotations

import ast
import json
import math
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import threadpoolctl
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from schattor_theory.checks import check_choice, fail
from schattor_theory.errors import ParameterError, SchattorError

from ..display import display
from ..files import disk
from ..scaling.environment import environment
from .adapters import ADAPTERS
from .crosscheck import COULD_NOT_RUN, CrossCheck, crosscheck, recordable_probes
from .known import KNOWN
from .observe import observe
from .recorded import DTYPES, write_probes
from .report import slugs, text_of, write_result
from .table import SCHEMA, write_table

__all__ = ["crosscheck_command", "exit_code"]

_CALL = "crosscheck"
_INTERRUPTED = 4


def crosscheck_command(
    targets: Sequence[str] | None,
    *,
    out: Path | None,
    claim: str | None,
    option: list[str] | None,
    kind: str | None,
    dtype: str,
    time_limit: float,
    namespace: str,
    probes: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Cross-check the targets, print and write what each of them is, and raise the exit of the command."""
    check_choice(_CALL, "dtype", dtype, DTYPES)
    if claim == "list":
        known = {one.name: {"source": one.source, "convention": one.convention.words} for one in KNOWN.values()}
        lines = (f"{name} ({one['source']}): {one['convention']}" for name, one in known.items())
        print(json.dumps(known, ensure_ascii=False) if as_json else "\n".join(lines))
        return
    if claim is not None:
        check_choice(_CALL, "as", claim, KNOWN)
    if kind is not None:
        check_choice(_CALL, "kind", kind, ADAPTERS)
    if not (math.isfinite(time_limit) and time_limit > 0):
        fail(ParameterError, _CALL, "time_limit", "be a positive finite number", time_limit)
    options = options_of(option or [])
    if probes is not None:
        if targets:
            fail(ParameterError, _CALL, "targets", "be left out with --write-probes", targets)
        write_probes(probes, recordable_probes(seed), dtype=dtype)
        print(json.dumps({"file": str(probes)}) if as_json else probes)
        return
    if not targets:
        fail(ParameterError, _CALL, "targets", "name at least one", targets, "For example torch.optim:Muon.")
    if out is not None:
        with disk(out, _CALL):
            out.mkdir(parents=True, exist_ok=True)
    command = "schattor " + shlex.join([_CALL, *targets, *_asked(claim, option, kind, dtype, seed)])
    settings = {"options": options, "kind": kind, "time_limit": time_limit, "namespace": namespace}
    results, is_cut = _all(targets, settings, claim=claim, dtype=dtype, seed=seed, out=out, command=command,
                           is_quiet=as_json)  # fmt: skip
    manifest = environment() | {"command": command, "seed": seed, "dtype": dtype, "targets": list(targets),
                                "is_complete": not is_cut}  # fmt: skip
    code = _INTERRUPTED if is_cut else exit_code(results)
    if out is not None and results:
        page = write_table(results, out, slugs(targets)[: len(results)], manifest)
        if not as_json:
            print(f"Look at {page}")
    if as_json:
        found = {"schema": SCHEMA, "exit_code": code, "manifest": manifest, "targets": [r.to_dict() for r in results]}
        print(json.dumps(found, allow_nan=False, ensure_ascii=False))
    if is_cut:
        left = shlex.join([_CALL, *targets[len(results) :], *_asked(claim, option, kind, dtype, seed)])
        words = f"interrupted after {len(results)} of {len(targets)} targets. Go on with: schattor {left}"
        print(f"schattor: {words}", file=sys.stderr)
    raise typer.Exit(code)


def exit_code(results: Sequence[CrossCheck]) -> int:
    """Return 1 where a target differs, else 3 where one could not be run or judged, else 0."""
    outcomes = {one.outcome for one in results}
    if "differs" in outcomes:
        return 1
    return 3 if outcomes & {COULD_NOT_RUN, "undecided"} else 0


def options_of(texts: Sequence[str]) -> dict[str, Any]:
    """Return the options that ``NAME=VALUE`` texts spell; a value that is no Python literal is a string.

    Examples
    --------
    >>> options_of(["momentum=0.9", "nesterov=False", "preset=dion"])
    {'momentum': 0.9, 'nesterov': False, 'preset': 'dion'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            fail(ParameterError, _CALL, "option", "be NAME=VALUE", text, "For example --option momentum=0.9.")
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found


def _asked(claim: str | None, option: list[str] | None, kind: str | None, dtype: str, seed: int) -> list[str]:
    found = [] if claim is None else ["--as", claim]
    for one in option or []:
        found += ["--option", one]
    found += [] if kind is None else ["--kind", kind]
    found += [] if dtype == "float32" else ["--dtype", dtype]
    return found + ([] if seed == 0 else ["--seed", str(seed)])


def _all(
    targets: Sequence[str],
    settings: dict[str, Any],
    *,
    claim: str | None,
    dtype: str,
    seed: int,
    out: Path | None,
    command: str,
    is_quiet: bool,
) -> tuple[list[CrossCheck], bool]:
    """Return the results, and whether the user cut them short; the page of each is written as soon as it is known."""
    results: list[CrossCheck] = []
    files = slugs(targets)
    try:
        with _display() as progress, threadpoolctl.threadpool_limits(1):
            for target, file in zip(targets, files, strict=True):
                result = _one(target, settings, claim, dtype, seed, progress)
                results.append(result)
                if out is not None:
                    write_result(result, out, file, made_by=command)
                if not is_quiet:
                    with _hidden(progress):
                        print(text_of(result), flush=True)
    except KeyboardInterrupt:
        return results, True
    return results, False


def _one(
    target: str, settings: dict[str, Any], claim: str | None, dtype: str, seed: int, progress: Progress
) -> CrossCheck:
    task = progress.add_task(target, total=None, stage="start")
    try:
        with observe(target, **settings) as observer:
            return crosscheck(observer, claim=claim, dtype=dtype, seed=seed,
                              progress=lambda stage, done, total: progress.update(task, completed=done, total=total,
                                                                                  stage=stage))  # fmt: skip
    except SchattorError:
        raise
    except Exception as error:  # a defect here must not keep the other targets from their verdicts
        problem = f"the cross-check itself failed ({type(error).__name__}: {error})"
        return CrossCheck(target=target, problem=problem, claim=claim)
    finally:
        progress.remove_task(task)


def _display() -> Progress:
    """Return a display that leaves no trace."""
    return display(
        TextColumn("{task.description}"),
        TextColumn("{task.fields[stage]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )


@contextmanager
def _hidden(progress: Progress) -> Iterator[None]:
    """Take the display away while something is printed."""
    is_shown = progress.live.is_started
    if is_shown:
        progress.stop()
    try:
        yield
    finally:
        if is_shown:
            progress.start()
