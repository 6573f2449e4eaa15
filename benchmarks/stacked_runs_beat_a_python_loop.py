"""Claim: a stack of runs beats the loop a user writes first (``np.linalg.svd`` and ``scipy.stats.ortho_group``).

1024 runs of Muon (p = inf, d = 8) on a flat quadratic with fresh Haar noise; both sides log the stationarity of every
step. The loop is timed on a share of the runs and scaled up, since its cost is the same for every run. Error gate, in
the same process: fed the same gradients, both give the same iterates to 1e-9, and the two sides' mean stationarities
agree within their standard errors.

    python benchmarks/stacked_runs_beat_a_python_loop.py [--runs 1024] [--steps 64] [--pairs 5]
"""

from __future__ import annotations

import argparse
import os
import platform
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy
from scipy.stats import ortho_group

import schattor_theory as st
from synthetic import NOISES, PROBLEMS, simulate

D, STEP_SIZE, MOMENTUM, GATE = 8, 0.01, 0.9, 1e-9


def polar_factor(m: np.ndarray) -> np.ndarray:
    u, _, vh = np.linalg.svd(m)
    return u @ vh


def loop_iterates(start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """The loop's update rule on given gradients, for the error gate."""
    x, m = start.copy(), None
    for g in gradients:
        m = g if m is None else MOMENTUM * m + (1 - MOMENTUM) * g
        x = x - STEP_SIZE * polar_factor(m)
    return x


def user_loop(problem: object, n_runs: int, n_steps: int) -> np.ndarray:
    """Return the logged stationarity (runs, steps) of the loop a user writes first."""
    curvature = problem.smoothness(2)
    logged = np.empty((n_runs, n_steps))
    for run in range(n_runs):
        rng = np.random.default_rng(run)
        x, m = problem.start.copy(), None
        for k in range(n_steps):
            gradient = curvature * x
            logged[run, k] = np.linalg.svd(gradient, compute_uv=False).sum()
            u = ortho_group.rvs(D, random_state=rng)
            v = ortho_group.rvs(D, random_state=rng)
            signs = rng.choice([-1.0, 1.0], size=D)
            g = gradient + (u * (signs / D)) @ v.T
            m = g if m is None else MOMENTUM * m + (1 - MOMENTUM) * g
            x = x - STEP_SIZE * polar_factor(m)
    return logged


def error_of_the_update(problem: object, n_steps: int) -> float:
    rng = np.random.default_rng(1)
    gradients = rng.standard_normal((n_steps, D, D))
    optimizer = st.Schattor("inf", STEP_SIZE, MOMENTUM)
    x, state = problem.start, optimizer.init(problem.start)
    for g in gradients:
        x, state = optimizer.step(x, g, state)
    return float(np.abs(x - loop_iterates(problem.start, gradients)).max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--loop-share", type=float, default=1 / 16)
    options = parser.parse_args()

    problem = PROBLEMS["quadratic"].build((D, D), "inf", smoothness=1.0, initial_gap=0.5)
    noise = NOISES["haar_signs"].build((D, D), "inf", sigma=1.0)
    optimizer = st.Schattor("inf", STEP_SIZE, MOMENTUM)
    n_loop = max(2, round(options.runs * options.loop_share))

    error = error_of_the_update(problem, options.steps)
    ratios, ours, theirs = [], [], []
    for pair in range(options.pairs):
        start = time.perf_counter()
        logged = user_loop(problem, n_loop, options.steps)
        loop_seconds = (time.perf_counter() - start) * options.runs / n_loop
        start = time.perf_counter()
        trajectory = simulate(problem, noise, optimizer, n_steps=options.steps, repeats=options.runs, seed=pair)
        stack_seconds = time.perf_counter() - start
        ratios.append(loop_seconds / stack_seconds)
        ours.append(stack_seconds)
        theirs.append(loop_seconds)
    a, b = logged.mean(axis=1), trajectory.stationarity_mean
    z = abs(a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    is_met = error <= GATE and z < 5

    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, 1 BLAS thread, {platform.system()}")
    print(f"versions: python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}")
    print(f"sizes: {options.runs} runs, d = {D}, p = inf, {options.steps} steps, stationarity logged every step")
    print(f"loop timed on {n_loop} runs and scaled to {options.runs}")
    gate = f"same gradients, same iterates to {GATE:g}: {error:.1e}; mean stationarity z = {z:.2f} (< 5)"
    print(f"error gate: {gate}: {'met' if is_met else 'NOT MET'}")
    print(f"seconds (median): loop {np.median(theirs):.2f}, stack {np.median(ours):.2f}")
    print(f"ratio loop/stack: median {np.median(ratios):.1f}, range {min(ratios):.1f} to {max(ratios):.1f}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
