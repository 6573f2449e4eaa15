"""Claim: two cores step a stack of small matrices nearly twice as fast as one, within one process.

Runs of the ball method at p = inf and p = 3 on a flat quadratic with fresh Haar noise, d from 8 to 64, in one thread
and in two; beside it the same runs as two halves in two processes, as the cells of a study are run, which tells what
threads lose at the interpreter's lock. Error gate: the trajectories are the same, bit for bit.
"""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

import schattor_theory as st
from proofs_checks.scaling.environment import usable_cores
from synthetic import NOISES, PROBLEMS, Trajectory, simulate
from synthetic.threads import even_parts

from .measuring import CannotRunError, Gate, Measurement, paired_seconds

SIZES = ((8, 1024, 48), (16, 512, 24), (32, 128, 24), (64, 32, 16))
"""Dimension, runs, steps."""

REQUIRED = 1.8


def largest_difference(a: Trajectory, b: Trajectory) -> float:
    """Return the largest difference of any statistic of any run."""
    one, other = a.to_columns(), b.to_columns()
    return max(float(np.abs(one[name] - other[name]).max()) for name in one if one[name].dtype.kind == "f")


def run(p: object, d: int, runs: range, steps: int, threads: int = 1) -> Trajectory:
    """Return the trajectory of the runs with these indices."""
    problem = PROBLEMS["quadratic"].build((d, d), p, smoothness=1.0, initial_gap=0.5)
    noise = NOISES["haar_signs"].build((d, d), p, sigma=1.0)
    return simulate(problem, noise, st.Schattor(p, 0.01, 0.9), n_steps=steps, repeats=len(runs), seed=0,
                    first_repeat=runs.start, threads=threads)  # fmt: skip


def measure_one(p: object, d: int, runs: int, steps: int, *, quick: bool, pool: Executor | None) -> Measurement:
    """Return the paired times of two threads, or of the two processes of a pool, against one thread."""
    runs, steps, pairs = (6, 3, 2) if quick else (runs, steps, 9)
    halves = even_parts(range(runs), -(-runs // 2))
    found: dict[str, Trajectory] = {}

    def one() -> None:
        found["one"] = run(p, d, range(runs), steps)

    def two() -> None:
        if pool is None:
            found["two"] = run(p, d, range(runs), steps, threads=2)
        else:
            found["two"] = Trajectory.joined(list(pool.map(run, [p] * 2, [d] * 2, halves, [steps] * 2)))

    ours, theirs = paired_seconds(two, one, pairs=pairs)
    return Measurement(
        what=f"runs of the ball method at p = {p}, d = {d}, {'on two cores' if pool is None else 'in two processes'}",
        sizes=f"{runs} runs, {steps} steps, stationarity logged every step, float64",
        peer="ourselves in one thread",
        ours=ours,
        theirs=theirs,
        gates=(Gate(what="any statistic of any run", error=largest_difference(found["one"], found["two"]), limit=0.0),),
        required=REQUIRED if pool is None else None,
        notes="" if pool is None else "The two processes are up before the time is taken.",
    )


def measure(quick: bool) -> list[Measurement]:
    """Return the paired times for each exponent and dimension, in threads and in processes."""
    if usable_cores() < 2:
        raise CannotRunError("this process may use one core only")
    cases = [(p, *size) for p in ("inf", 3) for size in SIZES]
    threads = [measure_one(*case, quick=quick, pool=None) for case in cases]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return threads + [measure_one(*case, quick=quick, pool=pool) for case in (cases[:1] if quick else cases)]
