"""Claim: a stack of runs beats the loop a user writes first (``np.linalg.svd`` and ``scipy.stats.ortho_group``).

1024 runs of the ball method at p = inf (Muon) and p = 3, d = 8, on a flat quadratic with fresh Haar noise; both sides
log the stationarity of every step. The stack runs in one process, then in two. The loop is timed on a share of the runs
and scaled up, since its cost is the same for every run. Error gate, in the same process: fed the same gradients, both
give the same iterates to 1e-9, and the two sides' mean stationarities agree within their standard errors.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import ortho_group

import schattor_theory as st
from proofs_checks.scaling.environment import usable_cores
from schattor_theory.geometry import certified_duality_map
from synthetic import NOISES, PROBLEMS, simulate
from synthetic.simulate import TOLERANCE

from .measuring import Gate, Measurement, paired_seconds

D, STEP_SIZE, MOMENTUM, GATE = 8, 0.01, 0.9, 1e-9
REQUIRED = {("inf", 1): 6.0, ("inf", 2): 10.0, (3, 1): 4.0, (3, 2): 8.0}


def direction(m: np.ndarray, p: object) -> np.ndarray:
    u, s, vh = np.linalg.svd(m)
    if p == "inf":
        return u @ vh
    q = st.dual_exponent(p)
    weights = s ** (q - 1)
    return (u * (weights / np.sum(s**q) ** (1 / p))) @ vh


def dual_norm(g: np.ndarray, p: object) -> float:
    q = st.dual_exponent(p)
    return float(np.sum(np.linalg.svd(g, compute_uv=False) ** q) ** (1 / q))


def loop_iterates(start: np.ndarray, gradients: np.ndarray, p: object) -> np.ndarray:
    """The loop's update rule on given gradients, for the error gate."""
    x, m = start.copy(), None
    for g in gradients:
        m = g if m is None else MOMENTUM * m + (1 - MOMENTUM) * g
        x = x - STEP_SIZE * direction(m, p)
    return x


def user_loop(problem: object, p: object, n_runs: int, n_steps: int) -> np.ndarray:
    """Return the logged stationarity (runs, steps) of the loop a user writes first."""
    curvature = problem.smoothness(2)
    level = D ** (-1 / st.dual_exponent(p))
    logged = np.empty((n_runs, n_steps))
    for run in range(n_runs):
        rng = np.random.default_rng(run)
        x, m = problem.start.copy(), None
        for k in range(n_steps):
            gradient = curvature * x
            logged[run, k] = dual_norm(gradient, p)
            u = ortho_group.rvs(D, random_state=rng)
            v = ortho_group.rvs(D, random_state=rng)
            signs = rng.choice([-1.0, 1.0], size=D)
            g = gradient + (u * (signs * level)) @ v.T
            m = g if m is None else MOMENTUM * m + (1 - MOMENTUM) * g
            x = x - STEP_SIZE * direction(m, p)
    return logged


def error_of_the_update(optimizer: st.Schattor, problem: object, p: object, n_steps: int) -> float:
    rng = np.random.default_rng(1)
    gradients = rng.standard_normal((n_steps, D, D))
    x, state = problem.start, optimizer.init(problem.start)
    for g in gradients:
        x, state = optimizer.step(x, g, state)
    return float(np.abs(x - loop_iterates(problem.start, gradients, p)).max())


def share_of_fallbacks(problem: object, noise: object, optimizer: st.Schattor, p: object, n_steps: int) -> float:
    """Return the share of directions of 64 runs whose certificate failed, so that they were decomposed."""
    momenta: list[np.ndarray] = []
    simulate(
        problem, noise, optimizer, n_steps=n_steps, repeats=64, seed=0,
        observers=[lambda now: momenta.append(now.state.momentum)],
    )  # fmt: skip
    stack = np.concatenate(momenta)
    return certified_duality_map(stack, p, tolerance=TOLERANCE)[1].fallbacks / len(stack)


def measure_one(p: object, processes: int, *, quick: bool) -> Measurement:
    runs, steps, pairs = (32, 4, 2) if quick else (1024, 64, 5)
    n_loop = max(2, runs // 16)
    problem = PROBLEMS["quadratic"].build((D, D), p, smoothness=1.0, initial_gap=0.5)
    noise = NOISES["haar_signs"].build((D, D), p, sigma=1.0)
    optimizer = st.Schattor(p, STEP_SIZE, MOMENTUM)
    found: dict[str, np.ndarray] = {}

    def ours() -> None:
        trajectory = simulate(problem, noise, optimizer, n_steps=steps, repeats=runs, seed=0, processes=processes)
        found["ours"] = trajectory.stationarity_mean

    def theirs() -> None:
        found["theirs"] = user_loop(problem, p, n_loop, steps).mean(axis=1)

    our_seconds, loop_seconds = paired_seconds(ours, theirs, pairs=pairs, warm=False)
    a, b = found["theirs"], found["ours"]
    z = abs(a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    error = error_of_the_update(optimizer, problem, p, steps)
    fallbacks = share_of_fallbacks(problem, noise, optimizer, p, steps)
    starting = " The two processes start and import in the first pair." if processes > 1 else ""
    return Measurement(
        what=f"sweep of the ball method at p = {p} with fresh Haar noise, {processes} process{'es' * (processes > 1)}",
        sizes=f"{runs} runs, d = {D}, {steps} steps, stationarity logged every step, float64",
        peer="a loop over runs and steps, np.linalg.svd and scipy ortho_group, one core",
        ours=our_seconds,
        theirs=tuple(seconds * runs / n_loop for seconds in loop_seconds),
        gates=(
            Gate(what="same gradients, same iterates", error=error, limit=GATE),
            Gate(what="mean stationarities apart, in standard errors", error=float(z), limit=5.0),
        ),
        required=REQUIRED[p, processes],
        notes=f"The loop is timed on {n_loop} runs and scaled up: its cost is the same for every run. With equal "
        "levels ours draws the product of bases and signs as the one Haar matrix that it is in law. Directions to "
        f"{TOLERANCE:g} beyond rounding; {fallbacks:.2%} of them fell back to the SVD.{starting}",
    )


def measure(quick: bool) -> list[Measurement]:
    """Return the paired times of both sides and the gates, for each exponent and number of processes."""
    return [measure_one(p, n, quick=quick) for p, n in REQUIRED if n <= usable_cores()]
