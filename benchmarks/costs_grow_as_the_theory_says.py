"""Claim: a step costs d³ with full matrices and d with commuting ones, runs and moments cost what their length says,
and memory does not grow with the number of steps or trials.

Exponents are fitted to repeated costs at several values of one axis, all values in turn; the interval is over the
repeats. A finite range of dimensions shows less than the limit where a smaller power still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import schattor_theory as st
from proofs_checks.moments.stream import Functional, Statistics, stream
from schattor_theory.geometry import DiagonalGeometry
from synthetic import MARTINGALES, NOISES, PROBLEMS, Trajectory, simulate
from synthetic.seeds import Streams

from .growth import Growth, peak_bytes, timed_in_turn
from .measuring import Gate

STEP_SIZE, MOMENTUM = 0.01, 0.9
AXES = {"benchmark": "growth"}
PAGES = "Commuting matrices at d = 10⁷: an array of 80 MB lies outside the cache, and temporaries are fresh pages."


def full_world(d: int, p: Any) -> tuple[Any, Any]:
    """Return a world whose gradient, noise and momentum do not commute: nothing is diagonal in any basis.

    The start is Gaussian: the sum of two orthogonal matrices, flat signs and a flat gradient, can be exactly singular,
    where a decomposition's polar factor is not determined.
    """
    rng = Streams(AXES).generator("basis")
    options = {"rng": rng, "rotated": True, "start": "gaussian"}
    problem = PROBLEMS["quadratic"].build((d, d), p, smoothness=1.0, initial_gap=0.5, **options)
    return problem, NOISES["fixed_signs"].build((d, d), p, sigma=1.0, rng=rng, rotated=True)


def commuting_world(d: int, p: Any) -> tuple[Any, Any]:
    problem = PROBLEMS["commuting"].build((d, d), p, smoothness=1.0, initial_gap=0.5)
    return problem, NOISES["commuting_signs"].build((d, d), p, sigma=1.0)


def runs(world: tuple[Any, Any], geometry: Any, n_steps: int, repeats: int = 1) -> Callable[[], Trajectory]:
    optimizer = st.Schattor(geometry, STEP_SIZE, MOMENTUM)
    return lambda: simulate(*world, optimizer, n_steps=n_steps, repeats=repeats, seed=0)


def storage_gate() -> Gate:
    """Return how far a commuting run stored as diagonals is from the same run with full matrices."""
    d, p, n_steps = 16, 4, 20
    problem = PROBLEMS["quadratic"].build((d, d), p, smoothness=1.0, initial_gap=0.5)
    full = runs((problem, NOISES["fixed_signs"].build((d, d), p, sigma=1.0)), p, n_steps)()
    stored = runs(commuting_world(d, p), DiagonalGeometry(p), n_steps)()
    error = float(np.max(abs(stored.stationarity_mean / full.stationarity_mean - 1)))
    return Gate(what="mean stationarity of diagonals against full matrices, d = 16, relative", error=error, limit=1e-12)


def failed_gate(trajectory: Trajectory) -> Gate:
    return Gate(what="runs that did not end", error=float(np.sum(~trajectory.is_ok)), limit=0.0)


def per_step(seconds: tuple[tuple[float, ...], ...], n_steps: tuple[int, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(s / n for s in costs) for costs, n in zip(seconds, n_steps, strict=True))


def peaks_of(works: Sequence[Callable[[], object]]) -> tuple[tuple[float, ...], ...]:
    """Return three peaks of memory of each piece of work, after a first run that fills caches."""
    for work in works:
        work()
    return tuple(tuple(peak_bytes(work) for _ in range(3)) for work in works)


def time_in_dimension(quick: bool) -> list[Growth]:
    found = []
    for is_full in (True, False):
        if is_full:
            d, n_steps = ((4, 8, 16), (2, 2, 2)) if quick else ((128, 256, 512, 1024), (8, 4, 2, 1))
            works = [runs(full_world(side, "inf"), "inf", n) for side, n in zip(d, n_steps, strict=True)]
        else:
            d = (100, 1000, 10_000) if quick else (10_000, 100_000, 1_000_000, 10_000_000)
            n_steps = (2, 2, 2) if quick else (64, 16, 8, 4)
            works = [runs(commuting_world(side, 4), DiagonalGeometry(4), n) for side, n in zip(d, n_steps, strict=True)]
        trajectory = works[0]()
        seconds = timed_in_turn(works, 2 if quick else 4)
        found.append(
            Growth(
                what=f"time of a step, {'full' if is_full else 'commuting'} matrices, with its stationarity",
                sizes="p = inf, float64, nothing diagonal" if is_full else "p = 4, float64, stored as diagonals",
                axis="d",
                x=d,
                costs=per_step(seconds, n_steps),
                expected=3.0 if is_full else 1.0,
                gates=(failed_gate(trajectory), storage_gate()),
                notes="" if is_full else PAGES,
            )
        )
    return found


def time_and_memory_in_steps(quick: bool) -> list[Growth]:
    # memory holds the draws of a block of at most 256 steps, so it is flat beyond them
    steps = (4, 8, 16) if quick else (500, 1000, 2000, 4000)
    world = full_world(8, "inf")
    works = [runs(world, "inf", k, repeats=4) for k in steps]
    gates = (failed_gate(works[0]()),)
    common: dict[str, Any] = {"sizes": "4 runs, d = 8, p = inf, float64", "axis": "K", "x": steps, "gates": gates}
    seconds = timed_in_turn(works, 2 if quick else 4)
    peaks = peaks_of(works)
    return [
        Growth(what="time of runs of K steps", costs=seconds, expected=1.0, **common),
        Growth(what="peak memory of runs of K steps", costs=peaks, expected=0.0, unit="bytes", **common),
    ]


def time_and_memory_in_trials(quick: bool) -> list[Growth]:
    trials = (200, 400, 800) if quick else (20_000, 40_000, 80_000, 160_000)
    rng = Streams(AXES).generator("basis")
    martingale = MARTINGALES["rademacher_series"].build((16, 16), 32, rng=rng)

    def probe(n: int) -> Callable[[], list[Statistics]]:
        return lambda: stream(martingale.sums, [Functional(1.0, 1.0)], axes=AXES, trials=n)

    works = [probe(n) for n in trials]
    few, many = works[0]()[0], works[-1]()[0]
    z = abs(few.mean - many.mean) / np.sqrt(few.variance / few.count)
    gate = Gate(what="means of the fewest and the most trials apart, in standard errors", error=float(z), limit=5.0)
    common: dict[str, Any] = {
        "sizes": "E‖S‖_1, n = 32 terms, d = 16, float64",
        "axis": "trials",
        "x": trials,
        "gates": (gate,),
    }
    seconds = timed_in_turn(works, 2 if quick else 5)
    peaks = peaks_of(works)
    return [
        Growth(what="time of a moment", costs=seconds, expected=1.0, **common),
        Growth(what="peak memory of a moment", costs=peaks, expected=0.0, unit="bytes", **common),
    ]


def memory_in_dimension(quick: bool) -> list[Growth]:
    found = []
    for is_full in (True, False):
        if is_full:
            d = (8, 16, 32) if quick else (64, 128, 256, 512)
            works = [runs(full_world(side, "inf"), "inf", 2) for side in d]
        else:
            d = (100, 1000, 10_000) if quick else (1000, 10_000, 100_000, 1_000_000)
            works = [runs(commuting_world(side, 4), DiagonalGeometry(4), 2) for side in d]
        found.append(
            Growth(
                what=f"peak memory of two steps, {'full' if is_full else 'commuting'} matrices",
                sizes="p = inf, float64" if is_full else "p = 4, float64, stored as diagonals",
                axis="d",
                x=d,
                costs=peaks_of(works),
                expected=2.0 if is_full else 1.0,
                gates=(failed_gate(works[0]()),),
                unit="bytes",
            )
        )
    return found


def measure(quick: bool) -> list[Growth]:
    """Return the growth of time and memory along d, K and the number of trials."""
    return [
        *time_in_dimension(quick),
        *time_and_memory_in_steps(quick),
        *time_and_memory_in_trials(quick),
        *memory_in_dimension(quick),
    ]
