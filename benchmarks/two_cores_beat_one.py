"""Claim: two cores step a stack of small matrices nearly twice as fast as one.

Runs of the ball method at p = inf and p = 3 on a flat quadratic with fresh Haar noise, d from 8 to 64, in one process
and in two; beside it in two threads of one process, which tells what these lose at the interpreter's lock. Error gate:
the trajectories are the same, bit for bit.
"""

from __future__ import annotations

import numpy as np

import schattor_theory as st
from proofs_checks.scaling.environment import usable_cores
from synthetic import NOISES, PROBLEMS, Trajectory, simulate

from .measuring import CannotRunError, Gate, Measurement, paired_seconds

SIZES = ((8, 1024, 96), (16, 512, 48), (32, 128, 48), (64, 32, 32))
"""Dimension, runs, steps."""

REQUIRED = 1.8


def largest_difference(a: Trajectory, b: Trajectory) -> float:
    """Return the largest difference of any statistic of any run."""
    one, other = a.to_columns(), b.to_columns()
    return max(float(np.abs(one[name] - other[name]).max()) for name in one if one[name].dtype.kind == "f")


def measure_one(p: object, d: int, runs: int, steps: int, *, quick: bool, way: str) -> Measurement:
    """Return the paired times of two threads, or of two processes, against one of each."""
    runs, steps, pairs = (6, 3, 2) if quick else (runs, steps, 9)
    problem = PROBLEMS["quadratic"].build((d, d), p, smoothness=1.0, initial_gap=0.5)
    noise = NOISES["haar_signs"].build((d, d), p, sigma=1.0)
    optimizer = st.Schattor(p, 0.01, 0.9)
    found: dict[int, Trajectory] = {}

    def run(number: int) -> None:
        found[number] = simulate(problem, noise, optimizer, n_steps=steps, repeats=runs, seed=0, **{way: number})

    two, one = paired_seconds(lambda: run(2), lambda: run(1), pairs=pairs)
    return Measurement(
        what=f"runs of the ball method at p = {p}, d = {d}, in two {way}",
        sizes=f"{runs} runs, {steps} steps, stationarity logged every step, float64",
        peer="ourselves in one thread of one process",
        ours=two,
        theirs=one,
        gates=(Gate(what="any statistic of any run", error=largest_difference(found[1], found[2]), limit=0.0),),
        required=REQUIRED if way == "processes" else None,
        notes="The two processes are up before the time is taken." if way == "processes" else "",
    )


def measure(quick: bool) -> list[Measurement]:
    """Return the paired times for each exponent and dimension, in processes and in threads."""
    if usable_cores() < 2:
        raise CannotRunError("this process may use one core only")
    cases = [(p, *size) for p in ("inf", 3) for size in SIZES]
    return [
        measure_one(*case, quick=quick, way=way)
        for way in ("processes", "threads")
        for case in (cases[:1] if quick else cases)
    ]
