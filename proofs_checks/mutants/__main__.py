"""Hunt mutants and write the kill table: ``python -m proofs_checks.mutants``.

See docs/how-to/add-a-mutant.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from schattor_theory.errors import SchattorError

from ..scaling.execute import start_worker
from . import MUTANTS
from .hunt import Hunt, hunted, named
from .table import write_table

_KILLED, _SURVIVOR, _BAD_USAGE, _INTERRUPTED = 0, 1, 2, 4


def hunts(names: Sequence[str], *, seed: int, jobs: int) -> Iterator[Hunt]:
    """Yield what becomes of each mutant as it is known, each in a process of its own: nothing is left in a cache."""
    method = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=method, max_tasks_per_child=1, initializer=start_worker)
    try:
        for future in as_completed([pool.submit(hunted, name, seed) for name in names]):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def main(words: list[str] | None = None) -> int:
    """Run the command; return 0 when every mutant is killed, 1 for a survivor, 2 for bad usage, 4 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m proofs_checks.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants to hunt; all when none is named, and then --out is written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/mutants.md"))
    arguments = parser.parse_args(words)
    found: list[Hunt] = []
    try:
        names = [named(name, parser.prog).name for name in arguments.names] or [mutant.name for mutant in MUTANTS]
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("mutants", total=len(names))
            for hunt in hunts(names, seed=arguments.seed, jobs=arguments.jobs):
                found.append(hunt)
                bar.advance(task)
                print(hunt.words, flush=True)
        if not arguments.names:
            write_table(found, arguments.out, arguments.seed)
    except SchattorError as error:
        print(error, file=sys.stderr)
        return _BAD_USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    survivors = [hunt.mutant for hunt in found if hunt.killer is None]
    print(
        f"{len(found) - len(survivors)} of {len(found)} killed" + "".join(f"\nsurvives: {name}" for name in survivors)
    )
    return _SURVIVOR if survivors else _KILLED


if __name__ == "__main__":
    raise SystemExit(main())
