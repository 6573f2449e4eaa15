"""The command ``schattor study``: run, report, list, copy."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

from schattor_theory.errors import MissingExtraError, ParameterError, SchattorError, StoreError, StudyError
from synthetic.devices import device_named

from .analysis import Analysis
from .cluster import cluster_executor
from .environment import default_jobs
from .plan import SCALES, Study
from .report import expectations_table, exponents_table, tightness_table, write_report
from .run import analyse_folder, run_study
from .shipped_studies import shipped_studies, study_path
from .store import Store
from .study_file import load_study
from .tables import to_text

__all__ = ["copy", "list_studies", "report", "run"]

BAD_USAGE, COULD_NOT_RUN, INTERRUPTED = 2, 3, 4


def _stop(message: str, code: int) -> NoReturn:
    print(f"schattor study: {message}", file=sys.stderr)
    raise typer.Exit(code)


def _device(device: str) -> str:
    try:
        device_named("study", device)
    except SchattorError as error:  # of CUDA in the driver's own words
        _stop(f"--device {device}: {str(error).removeprefix('study: ')}", BAD_USAGE)
    return device


@contextmanager
def _scheduler(address: str | None) -> Iterator[Executor | None]:
    """Give the executor of the Dask scheduler at ``address``, or None for local processes."""
    if address is None:
        yield None
        return
    try:
        with cluster_executor(address) as executor:
            yield executor
    except (MissingExtraError, ParameterError) as error:
        _stop(str(error).removeprefix("study: "), BAD_USAGE)


def _load(file: str, scale: str) -> Study:
    if scale not in SCALES:
        _stop(f"--scale must be one of {', '.join(SCALES)}, got {scale!r}.", BAD_USAGE)
    is_name = not Path(file).exists() and Path(file).stem in shipped_studies()
    try:
        return load_study(study_path(Path(file).stem) if is_name else file, scale=scale)
    except SchattorError as error:
        _stop(str(error), BAD_USAGE)


def _print_plan(study: Study, out: Path, as_json: bool) -> None:
    arms = {}
    for arm in study.arms:
        cells = [cell for cell in study.cells() if cell.arm == arm.name]
        present = sum((out / "parts" / f"{cell.digest}.parquet").exists() for cell in cells)
        arms[arm.name] = {"cells": len(cells), "present": present, "core_minutes": sum(c.cost for c in cells) / 60}
    if as_json:
        plan = {"study": study.name, "scale": study.scale, "block_size": study.block_size, "arms": arms}
        print(json.dumps(plan, allow_nan=False, ensure_ascii=False))
        return
    print(f"{study.title} (scale {study.scale}): {len(study.cells())} cells of {study.block_size} repeats")
    for name, counts in arms.items():
        words = f"{counts['cells']} cells, {counts['present']} of them present"
        print(f"  {name}: {words}, about {counts['core_minutes']:.1f} core-minutes")


def _print_analysis(analysis: Analysis, store: Store, as_json: bool) -> None:
    if as_json:
        print(json.dumps(analysis.to_record(), allow_nan=False, ensure_ascii=False))
        return
    for name in analysis.damaged:
        print(f"damaged and set aside: {name}")
    print(to_text(exponents_table(analysis.pairs)))
    print(to_text(tightness_table(analysis)))
    if analysis.judgements:
        print(to_text(expectations_table(analysis)))
    for failure in analysis.failures.values():
        print(f"could not run: {failure['cell']}: {failure['error']}")
    print(analysis.words())
    print(f"Look at {store.folder / 'report.html'}")


def _finish(store: Store, analysis: Analysis, as_json: bool) -> NoReturn:
    write_report(analysis, store)
    _print_analysis(analysis, store, as_json)
    raise typer.Exit(analysis.exit_code)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def run(
    file: str,
    *,
    out: Path,
    jobs: int | None,
    scale: str,
    dry_run: bool,
    scheduler: str | None,
    device: str,
    as_json: bool,
) -> None:
    """Run what is missing of a study and report, and raise the exit of the command."""
    study = _load(file, scale)
    device = _device(device)
    if dry_run:
        _print_plan(study, out, as_json)
        return
    try:
        Store.open(out, study, device=device)
    except (StoreError, StudyError) as error:
        _stop(str(error), BAD_USAGE)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _scheduler(scheduler) as executor:
            store, analysis = run_study(study, out, jobs=jobs or default_jobs(device), device=device, executor=executor)
        _finish(store, analysis, as_json)
    except KeyboardInterrupt:
        _stop(f"interrupted; finished cells are kept in {out}. Run the same command again to go on.", INTERRUPTED)
    except StoreError as error:
        _stop(str(error), COULD_NOT_RUN)
    finally:
        signal.signal(signal.SIGTERM, before)


def report(folder: Path, *, as_json: bool) -> None:
    """Write and print the report of the results there are, and raise the exit of the command."""
    try:
        store, analysis = analyse_folder(folder)
        _finish(store, analysis, as_json)
    except SchattorError as error:
        _stop(str(error), BAD_USAGE)


def list_studies(*, as_json: bool) -> None:
    """Print the shipped studies with their titles."""
    found = {name: load_study(path).title for name, path in shipped_studies().items()}
    print(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(f"{n}: {t}" for n, t in found.items()))


def copy(name: str, *, to: Path | None, as_json: bool) -> None:
    """Copy the file of a shipped study."""
    try:
        path = study_path(name)
    except SchattorError as error:
        _stop(str(error), BAD_USAGE)
    target = to or Path(path.name)
    if target.exists():
        _stop(f"{target} exists. Choose another file with --to.", BAD_USAGE)
    try:
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        _stop(f"{target} could not be written: {error.strerror or error}.", BAD_USAGE)
    if as_json:
        print(json.dumps({"file": str(target)}, ensure_ascii=False))
        return
    print(f"{target}: run it with `schattor study run {target} --out out/{path.stem}`")
