"""Hunt mutants and write the kill table, or look for false kills: ``python -m proofs_checks.mutants``.

See docs/how-to/add-a-mutant.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeVar

from schattor_theory.errors import SchattorError

from ..display import display
from ..scaling.execute import start_worker
from . import MUTANTS
from .conforming import Conforming, conforming
from .hunt import Hunt, hunted, named
from .table import write_table

_FINE, _FOUND, _BAD_USAGE, _INTERRUPTED = 0, 1, 2, 4
_Found = TypeVar("_Found")


def hunts(names: Sequence[str], *, seed: int, jobs: int) -> Iterator[Hunt]:
    """Yield what becomes of each mutant as it is known, each in a process of its own: nothing is left in a cache."""
    yield from _as_known(hunted, [(name, seed) for name in names], jobs=jobs, max_tasks_per_child=1)


def seeds(first: int, count: int, *, jobs: int) -> Iterator[Conforming]:
    """Yield what the checks say of the product as it is, at ``count`` seeds from ``first`` on."""
    yield from _as_known(conforming, [(seed,) for seed in range(first, first + count)], jobs=jobs)


def _as_known(
    function: Callable[..., _Found], tasks: Sequence[tuple[Any, ...]], *, jobs: int, **options: Any
) -> Iterator[_Found]:
    method = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=method, initializer=start_worker, **options)
    try:
        for future in as_completed([pool.submit(function, *task) for task in tasks]):
            yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _told(name: str, total: int, running: Iterable[_Found], words: Callable[[_Found], str]) -> list[_Found]:
    """Return everything that is found, told as it comes."""
    found = []
    with display() as bar:
        task = bar.add_task(name, total=total)
        for one in running:
            found.append(one)
            bar.advance(task)
            print(words(one), flush=True)
    return found


def _hunt(arguments: argparse.Namespace, call: str) -> int:
    names = [named(name, call).name for name in arguments.names] or [mutant.name for mutant in MUTANTS]
    running = hunts(names, seed=arguments.seed, jobs=arguments.jobs)
    found = _told("mutants", len(names), running, lambda hunt: hunt.words)
    if not arguments.names:
        write_table(found, arguments.out, arguments.seed)
    survivors = [hunt.mutant for hunt in found if hunt.killer is None]
    print(f"{len(found) - len(survivors)} of {len(found)} killed")
    for name in survivors:
        print(f"survives: {name}")
    return _FOUND if survivors else _FINE


def _conform(arguments: argparse.Namespace) -> int:
    running = seeds(arguments.seed, arguments.conforming, jobs=arguments.jobs)
    found = _told("seeds", arguments.conforming, running, lambda one: one.words)
    false = sorted((one for one in found if one.false_kills), key=lambda one: one.seed)
    print(f"{len(false)} of {len(found)} seeds with a false kill")
    for one in false:
        print(one.words)
    return _FOUND if false else _FINE


def main(words: list[str] | None = None) -> int:
    """Run the command; return 0, or 1 for a survivor or a false kill, 2 for bad usage, 4 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m proofs_checks.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants to hunt; all when none is named, and then --out is written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/mutants.md"))
    parser.add_argument(
        "--conforming",
        type=int,
        default=0,
        metavar="N",
        help="hunt nothing: run the same checks on N seeds from --seed on",
    )
    arguments = parser.parse_args(words)
    try:
        return _conform(arguments) if arguments.conforming > 0 else _hunt(arguments, parser.prog)
    except SchattorError as error:
        print(error, file=sys.stderr)
        return _BAD_USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
