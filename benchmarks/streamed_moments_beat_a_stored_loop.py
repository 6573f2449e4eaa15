"""Claim: streaming a moment beats the loop a user writes first, and stored increments, in time and memory.

Two peers. The loop over trials draws the signs of a trial, adds the matrices up, keeps the sum, and takes
``np.linalg.norm(S, "nuc")`` afterwards: n = 32 random signs times 16×16 matrices, a million trials. It is timed, and
its memory measured, on a share of the trials and scaled up, since both are the same for every trial; the stream runs
whole. Vectorised NumPy stores the increments of 4000 trials of n = 32 rank-one 32×32 matrices, sums them, and takes the
norms of the stack; both run whole, in one thread, on the same draws. Error gates, in the same process: fed the same
sums, both give the same norms to 1e-12 relative, and the loop's mean agrees within its standard error; the moment of
the same draws agrees to 1e-12 relative.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from proofs_checks.moments.stream import BLOCK, DRAW, Functional, Statistics, norms_of, singular_values, stream
from synthetic import MARTINGALES
from synthetic.seeds import Streams

from .measuring import Gate, Measurement, paired_seconds

N_STEPS, DIMENSION, GATE = 32, 16, 1e-12
STORED_TRIALS, STORED_DIMENSION = 4000, 32


def loop_over_trials(terms: np.ndarray, trials: int) -> np.ndarray:
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


def stored_increments(axes: dict[str, object], n_steps: int, d: int, trials: int) -> float:
    """Return the mean nuclear norm in vectorised NumPy that keeps every increment, from the draws of the stream."""
    increments = np.empty((-(-trials // DRAW) * DRAW, n_steps, d, d))
    for first in range(0, trials, DRAW):
        if first % BLOCK == 0:
            rng = Streams(axes, first // BLOCK).generator("data")
        u, v = (rng.standard_normal((DRAW, n_steps, d)) for _ in range(2))
        u /= np.linalg.norm(u, axis=-1, keepdims=True)
        v /= np.linalg.norm(v, axis=-1, keepdims=True)
        np.multiply(u[..., :, None], v[..., None, :], out=increments[first : first + DRAW])
    sums = increments[:trials].sum(axis=1)
    return float(np.linalg.svd(sums, compute_uv=False).sum(axis=-1).mean())


def peak_of(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def streamed(martingale: Any, trials: int, jobs: int, axes: dict[str, object]) -> Statistics:
    return stream(martingale.factored_sums, [Functional(1.0, 1.0)], axes=axes, trials=trials, jobs=jobs)[0]


def gates_of(martingale: Any, axes: dict[str, object], found: Statistics, norms: np.ndarray) -> tuple[Gate, ...]:
    sums = martingale.sums(Streams(axes).generator("data"), 500)
    by_norm = np.array([np.linalg.norm(total, "nuc") for total in sums])
    error = float(np.max(np.abs(norms_of(singular_values(sums), 1.0) / by_norm - 1)))
    spread = np.sqrt(norms.var(ddof=1) / norms.size + found.variance / found.count)
    return (
        Gate(what="same sums, same norms, relative", error=error, limit=GATE),
        Gate(what="means apart, in standard errors", error=float(abs(norms.mean() - found.mean) / spread), limit=5.0),
    )


def against_the_loop(*, quick: bool) -> list[Measurement]:
    trials, n_loop, pairs = (4_000, 200, 2) if quick else (1_000_000, 5_000, 3)
    jobs = min(2, os.cpu_count() or 1)
    rng = Streams({"benchmark": "streamed moments"}).generator("basis")
    martingale = MARTINGALES["rademacher_series"].build((DIMENSION, DIMENSION), N_STEPS, rng=rng)
    terms = martingale.series()
    axes = {"benchmark": "streamed moments", "seed": 0}
    found: dict[str, Any] = {}

    def ours() -> None:
        found["stream"] = streamed(martingale, trials, jobs, axes)

    def theirs() -> None:
        found["loop"] = loop_over_trials(terms, n_loop)

    our_seconds, loop_seconds = paired_seconds(ours, theirs, pairs=pairs, warm=False)
    # tracing slows both down, so memory is measured apart; the loop's grows by the same for every trial
    small, large = n_loop // 10, n_loop // 5
    low, high = (peak_of(lambda k=k: loop_over_trials(terms, k)) for k in (small, large))
    loop_peak = low + (high - low) / (large - small) * (trials - small)
    part = trials // 25
    quarter, stream_peak = (peak_of(lambda k=k: streamed(martingale, k, jobs, axes)) for k in (part // 4, part))
    common = {
        "sizes": f"{trials:,} trials, n = {N_STEPS}, d = {DIMENSION}, nuclear norm, {jobs} threads",
        "peer": "a loop over trials, np.linalg.norm, every sum stored",
        "gates": gates_of(martingale, axes, found["stream"], found["loop"]),
    }
    return [
        Measurement(
            what="time of a moment",
            ours=our_seconds,
            theirs=tuple(seconds * trials / n_loop for seconds in loop_seconds),
            notes=f"The loop is timed on {n_loop:,} trials and scaled up.",
            **common,
        ),
        Measurement(
            what="peak of traced memory",
            ours=(float(stream_peak),),
            theirs=(float(loop_peak),),
            unit="bytes",
            notes=f"The loop's is measured on {large:,} trials and scaled up, the stream's on {part:,}; "
            f"at a quarter of these it is {quarter / 1e6:.1f} MB.",
            **common,
        ),
    ]


def against_stored_increments(*, quick: bool) -> list[Measurement]:
    n_steps, d, trials, pairs = (4, 6, 600, 2) if quick else (N_STEPS, STORED_DIMENSION, STORED_TRIALS, 5)
    martingale = MARTINGALES["rank_one"].build((d, d), n_steps)
    axes: dict[str, object] = {"benchmark": "stored increments", "seed": 0}
    found: dict[str, float] = {}

    def ours() -> None:
        found["ours"] = streamed(martingale, trials, 1, axes).mean

    def theirs() -> None:
        found["theirs"] = stored_increments(axes, n_steps, d, trials)

    our_seconds, their_seconds = paired_seconds(ours, theirs, pairs=pairs, warm=False)
    peaks = peak_of(ours), peak_of(theirs)
    error = abs(found["ours"] / found["theirs"] - 1)
    common = {
        "sizes": f"{trials:,} trials, n = {n_steps}, d = {d}, nuclear norm, float64, 1 thread",
        "peer": "vectorised NumPy with stored increments",
        "gates": (Gate(what="moment of the same draws, relative", error=error, limit=GATE),),
    }
    return [
        Measurement(
            what="peak of traced memory of a moment of rank-one increments",
            ours=(float(peaks[0]),),
            theirs=(float(peaks[1]),),
            unit="bytes",
            required=200.0,
            **common,
        ),
        Measurement(what="time of the same moment", ours=our_seconds, theirs=their_seconds, required=1.0, **common),
    ]


def measure(quick: bool) -> list[Measurement]:
    """Return the paired times and the peak memory of both sides, and the gates on their results."""
    return [*against_the_loop(quick=quick), *against_stored_increments(quick=quick)]
