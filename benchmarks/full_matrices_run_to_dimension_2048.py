"""Claim: runs with full matrices go to d = 2048 on one core, in the memory of a few matrices.

One run at p = inf in a world where nothing commutes: a flat quadratic from a Gaussian start, with signs in a
Haar-distributed basis. The loop is the one a user writes first, ``np.linalg.svd`` for the direction and for the
stationarity, on the same draws. Error gate, in the same process: the stationarities of all steps agree to 1e-9
relative; the simulation's own tolerance is 1e-12.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import schattor_theory as st
from synthetic import simulate
from synthetic.seeds import Streams

from .costs_grow_as_the_theory_says import MOMENTUM, STEP_SIZE, full_world
from .growth import peak_bytes
from .measuring import Gate, Measurement, paired_seconds, seconds_of

GATE, SEED = 1e-9, 0


def loop(problem: Any, noise: Any, n_steps: int) -> np.ndarray:
    """Return the stationarity of each step of the loop a user writes first."""
    streams, logged = Streams(SEED, 0), np.empty(n_steps)
    x, m = problem.start[None].copy(), None
    for k in range(n_steps):
        gradient = problem.gradient(x)
        logged[k] = np.linalg.svd(gradient, compute_uv=False).sum()
        draws = noise.draw(streams, 1)
        g = gradient + noise.realise(draws, problem, x, gradient)
        m = g if m is None else MOMENTUM * m + (1 - MOMENTUM) * g
        u, _, vh = np.linalg.svd(m)
        x = x - STEP_SIZE * (u @ vh)
    return logged


def measure(quick: bool) -> list[Measurement]:
    """Return the paired times of a step at each dimension, and of fifty steps at the largest."""
    sizes = ((8, 2, 2), (16, 2, 2)) if quick else ((256, 10, 5), (512, 4, 5), (1024, 2, 3), (2048, 1, 2))
    optimizer = st.Schattor("inf", STEP_SIZE, MOMENTUM)
    found, world, per_step = [], None, 0.0
    for d, n_steps, pairs in sizes:
        world, paths = full_world(d, "inf"), {}

        def ours(n: int = n_steps, world: Any = world, paths: dict = paths) -> None:
            run = simulate(*world, optimizer, n_steps=n, repeats=1, seed=SEED, record="stationarity")
            paths["ours"] = run.records["stationarity"][:, 0]

        def theirs(n: int = n_steps, world: Any = world, paths: dict = paths) -> None:
            paths["theirs"] = loop(*world, n)

        seconds = paired_seconds(ours, theirs, pairs=pairs, warm=False)
        error = float(np.max(abs(paths["ours"] / paths["theirs"] - 1)))
        our_steps, their_steps = (tuple(s / n_steps for s in side) for side in seconds)
        per_step = float(np.median(their_steps))
        found.append(
            Measurement(
                what="a step with its stationarity",
                sizes=f"d = {d}, p = inf, float64, nothing diagonal, {n_steps} steps a timing",
                peer="a loop with np.linalg.svd",
                ours=our_steps,
                theirs=their_steps,
                gates=(Gate(what="stationarities of the same steps, relative", error=error, limit=GATE),),
            )
        )
    n_steps = 3 if quick else 50
    d = sizes[-1][0]
    run: dict[str, Any] = {}

    def whole() -> None:
        run["run"] = simulate(*world, optimizer, n_steps=n_steps, repeats=1, seed=SEED)

    peak: list[float] = []
    seconds = seconds_of(lambda: peak.append(peak_bytes(whole)))
    memory = f"{peak[0] / 1e6:.0f} MB, {peak[0] / d**2 / 8:.0f} matrices"
    last = replace(
        found[-1],
        what=f"{n_steps} steps, once",
        sizes=f"d = {d}, p = inf, float64, nothing diagonal",
        ours=(seconds,),
        theirs=(per_step * n_steps,),
        notes=f"Peak of traced memory of the {n_steps} steps at d = {d}: {memory}. The loop's time is scaled up "
        f"from its steps. Mean stationarity {float(run['run'].stationarity_mean[0]):.4f}.",
    )
    return [*found, last]
