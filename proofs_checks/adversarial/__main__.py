"""Find witnesses and write them as JSON: ``python -m proofs_checks.adversarial``.

See docs/how-to/replay-a-witness.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Protocol

from schattor_theory.errors import SchattorError

from ..display import display
from .find import EXPONENTS, beyond_two_witness, martingale_witness, matrix_witness, scalar_witness
from .witness import FOLDER, Witness, save_witness


class Job(Protocol):
    """Finds a witness, which says what command found it."""

    def __call__(self, *, command: str) -> Witness: ...


def _jobs(arguments: argparse.Namespace) -> Iterator[tuple[str, Job]]:
    """Yield each wanted witness as a text that names it and the job that finds it."""
    starts, seed = arguments.starts, arguments.seed
    for q in arguments.q.split(","):
        for kind in arguments.kind.split(","):
            if kind == "scalar":
                yield f"scalar {q}", partial(scalar_witness, q)
            elif kind == "matrix":
                for least in arguments.commutator.split(","):
                    job = partial(matrix_witness, q, float(Fraction(least)), starts=starts, seed=seed)
                    yield f"matrix {q} {least}", job
            elif kind == "martingale":
                for n_steps in (2, 3):
                    job = partial(martingale_witness, q, n_steps, starts=starts, seed=seed)
                    yield f"martingale {q} {n_steps}", job
            else:
                yield "beyond 2", partial(beyond_two_witness, starts=starts, seed=seed)


def main(words: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 bad usage, 4 interrupted with the finished files in place."""
    parser = argparse.ArgumentParser(prog="python -m proofs_checks.adversarial", description=__doc__)
    parser.add_argument("--q", default=",".join(map(str, EXPONENTS)), help="exponents, such as 3/2,1.1")
    parser.add_argument("--kind", default="scalar,matrix", help="of scalar, matrix, martingale, beyond")
    parser.add_argument("--commutator", default="0.1,0.01,0.001", help="least commutator sizes of the matrix pairs")
    parser.add_argument("--starts", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the files")
    arguments = parser.parse_args(words)
    if set(arguments.kind.split(",")) - {"scalar", "matrix", "martingale", "beyond"}:
        parser.error(f"--kind must be of scalar, matrix, martingale, beyond, got {arguments.kind!r}")
    options = f"--starts {arguments.starts} --seed {arguments.seed}"
    jobs = list(_jobs(arguments))
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        with display() as bar:
            task = bar.add_task("witnesses", total=len(jobs))
            for name, job in jobs:
                kind, q, *more = name.split()
                extra = f" --commutator {more[0]}" if kind == "matrix" else ""
                q_option = "" if kind == "beyond" else f" --q {q}"
                command = f"python -m proofs_checks.adversarial --kind {kind}{q_option}{extra} {options}"
                bar.update(task, description=name)
                path = save_witness(job(command=command), arguments.out)
                bar.advance(task)
                print(path.name, flush=True)
    except SchattorError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 4
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
