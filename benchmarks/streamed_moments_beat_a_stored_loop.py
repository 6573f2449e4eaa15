"""Claim: streaming a moment beats the loop a user writes first (``np.linalg.norm(S, "nuc")``, every sum stored).

The moment ``E‖ε_1C_1 + … + ε_nC_n‖_1`` of n = 32 random signs times 16×16 matrices, from a million trials. The loop
draws the signs of a trial, adds the matrices up, keeps the sum, and takes the norms afterwards; it is timed, and its
memory measured, on a share of the trials and scaled up, since both are the same for every trial. The stream runs whole.
Error gate, in the same process: fed the same sums, both give the same norms to 1e-12 relative, and the two means agree
within their standard errors.

    python benchmarks/streamed_moments_beat_a_stored_loop.py [--trials 1000000] [--jobs 2] [--loop-share 0.02]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import tracemalloc

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.progress import Progress

from proofs_checks.moments.stream import Functional, Statistics, norms_of, singular_values, stream
from synthetic import MARTINGALES
from synthetic.seeds import Streams

N_STEPS, DIMENSION, GATE = 32, 16, 1e-12


def stored_loop(terms: np.ndarray, trials: int) -> np.ndarray:
    """Return the nuclear norms of the loop a user writes first."""
    rng = np.random.default_rng(0)
    sums = []
    for _ in range(trials):
        signs = rng.choice([-1.0, 1.0], size=len(terms))
        total = np.zeros(terms.shape[1:])
        for sign, term in zip(signs, terms, strict=True):
            total += sign * term
        sums.append(total)
    return np.array([np.linalg.norm(total, "nuc") for total in sums])


def peak_of(work) -> int:
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def streamed(martingale, trials: int, jobs: int, axes: dict) -> Statistics:
    display = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with display:
        task = display.add_task("trials", total=trials)
        found = stream(
            martingale.sums, [Functional(1.0, 1.0)], axes=axes, trials=trials, jobs=jobs,
            progress=lambda done: display.update(task, advance=done),
        )  # fmt: skip
    return found[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--loop-share", type=float, default=0.02)
    options = parser.parse_args()
    rng = Streams({"benchmark": "streamed moments"}).generator("basis")
    martingale = MARTINGALES["rademacher_series"].build((DIMENSION, DIMENSION), N_STEPS, rng=rng)
    terms = martingale.series()
    n_loop = max(200, round(options.trials * options.loop_share))
    axes = {"benchmark": "streamed moments", "seed": 0}

    start = time.perf_counter()
    norms = stored_loop(terms, n_loop)
    loop_seconds = (time.perf_counter() - start) * options.trials / n_loop
    start = time.perf_counter()
    found = streamed(martingale, options.trials, options.jobs, axes)
    stream_seconds = time.perf_counter() - start
    # tracing slows both down, so memory is measured apart; the loop's grows by the same for every trial
    small, large = n_loop // 10, n_loop // 5
    low, high = (peak_of(lambda k=k: stored_loop(terms, k)) for k in (small, large))
    loop_peak = low + (high - low) / (large - small) * (options.trials - small)
    stream_peaks = [peak_of(lambda k=k: streamed(martingale, k, options.jobs, axes)) for k in (10_000, 40_000)]

    sums = martingale.sums(Streams(axes).generator("data"), 500)
    theirs = np.array([np.linalg.norm(total, "nuc") for total in sums])
    error = float(np.max(np.abs(norms_of(singular_values(sums), 1.0) / theirs - 1)))
    z = abs(norms.mean() - found.mean) / np.sqrt(norms.var(ddof=1) / norms.size + found.variance / found.count)
    is_met = error <= GATE and z < 5

    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, 1 BLAS thread, {platform.system()}")
    print(f"versions: python {platform.python_version()}, numpy {np.__version__}")
    print(f"sizes: {options.trials:,} trials, n = {N_STEPS}, d = {DIMENSION}, nuclear norm, {options.jobs} threads")
    print(f"loop timed on {n_loop:,} trials, its memory on {large:,}, both scaled to {options.trials:,}")
    gate = f"same sums, same norms to {GATE:g}: {error:.1e}; means z = {z:.2f} (< 5)"
    print(f"error gate: {gate}: {'met' if is_met else 'NOT MET'}")
    print(f"mean: {found.mean:.5f} ± {np.sqrt(found.variance / found.count):.5f} (standard error)")
    print(f"seconds: loop {loop_seconds:.1f}, stream {stream_seconds:.1f}")
    print(f"time ratio loop/stream: {loop_seconds / stream_seconds:.1f}")
    words = f"loop {loop_peak / 1e6:.0f} MB, stream {stream_peaks[1] / 1e6:.1f} MB"
    print(f"peak of traced memory: {words} (stream at a quarter of these trials: {stream_peaks[0] / 1e6:.1f} MB)")
    print(f"memory ratio loop/stream: {loop_peak / stream_peaks[1]:.0f}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
