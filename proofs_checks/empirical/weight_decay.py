"""T11: decoupled weight decay is stochastic Frank–Wolfe on the ball of radius 1/λ."""

from __future__ import annotations

from typing import Any

import numpy as np

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import momentum_error, weight_decay
from schattor_theory.geometry import schatten
from schattor_theory.optimizer import schattor
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS, Quadratic
from synthetic.simulate import Snapshot, simulate

from ..known import bound_value
from .arguments import MethodForSteps, ShapedObjective
from .check import Check, Context, Finding
from .inputs import P_FAMILY, inner, p_label
from .samples import Case, Sample, judge
from .settling import SLOW, compare_burn_in
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_RADIUS = 2.0


class _Gap:
    """An observer of the Frank–Wolfe gap ``<∇f, X> + R‖∇f‖_q``, of the ball, and of T11's descent in each step."""

    def __init__(self, problem: Any, p: float, rate: float, tally: Tally | None = None) -> None:
        self.problem, self.p, self.rate, self.tally = problem, p, rate, tally
        self.geometry, self.count = schatten.SchattenGeometry(p), 0
        self.total: np.ndarray | float = 0.0

    def __call__(self, now: Snapshot) -> None:
        g = now.gradient
        gap = inner(g, now.params) + _RADIUS * np.asarray(self.geometry.dual_norm(g))
        self.total, self.count = self.total + gap, self.count + 1
        if self.tally is None:
            return
        error = np.asarray(self.geometry.dual_norm(now.state.momentum - g))
        smoothness = self.problem.smoothness(self.p)
        allowed = -self.rate * gap + 2 * _RADIUS * self.rate * error + 2 * smoothness * (_RADIUS * self.rate) ** 2
        change = self.problem.value(now.next_params) - self.problem.value(now.params)
        witness = {"p": p_label(self.p), "step": now.k, "rate": self.rate}
        shape, scale = g.shape[-2:], float(np.abs(self.problem.value(now.params)).max() + np.abs(allowed).max())
        slack = rounding(*shape, operations=40) * scale
        self.tally.at_most(change, allowed, slack=slack, scale=scale, witness=witness | {"claim": "descent"})
        size = np.asarray(self.geometry.norm(now.next_params))
        ball = rounding(*shape, operations=2 * (now.k + 1)) * _RADIUS
        self.tally.at_most(size, _RADIUS, slack=ball, witness=witness | {"claim": "stays in the ball"})

    @property
    def mean(self) -> np.ndarray:
        """Return the mean gap of each run."""
        return np.asarray(self.total) / self.count


def _world(context: Context, p: float, kind: str) -> tuple[Any, Any, float]:
    """Return a convex problem that starts in the ball, a noise, and a lower bound of its values on the ball."""
    shape = (4, 3)
    if kind == "far minimiser":
        # so far outside the ball that the objective is linear on it, where the gap is spent without loss
        far, curvature = 1e4 * _RADIUS, 1e-4
        minimiser = np.zeros(shape)
        minimiser[0, 0] = far
        values = np.zeros(4), np.zeros(3)
        values[0][0], values[1][0] = curvature, 1.0
        problem = Quadratic(left=values[0], right=values[1], start=np.zeros(shape), minimiser=minimiser)
        least = 0.5 * curvature * (far - _RADIUS) ** 2
        return problem, NOISES["none"].build(shape, p), least
    rng = context.rng(world=kind, p=p)
    problem = PROBLEMS["quadratic"].build(shape, p, left="power", initial_gap=0.4, rng=rng, rotated=True)
    noise = NOISES["haar_signs"].build(shape, p, sigma=0.3)
    return problem, noise, 0.0


def _descent_in_the_ball(context: Context) -> Finding:
    """T11's descent and ``‖X_k‖_p ≤ R`` at every step of noisy runs."""
    tally = Tally(context)
    for p in P_FAMILY:
        problem, noise, _ = _world(context, p, "noisy")
        for rate in (0.01, 0.2, 1.0):
            optimizer = schattor.Schattor(p, step_size=rate * _RADIUS, momentum=0.8, weight_decay=1 / _RADIUS)
            observer = _Gap(problem, p, rate, tally)
            axes = context.axes(p=p, rate=rate)
            simulate(problem, noise, optimizer, n_steps=60, repeats=4, seed=axes, observers=[observer])
    return tally.finding("Weight decay keeps runs in the ball and descends as Frank–Wolfe does.")


class _Numbers(ShapedObjective, MethodForSteps):
    weight_decay: float


def _case(p: float, kind: str, statistic: str) -> Case:
    rate, n_steps = 0.05, 150
    if kind == "far minimiser":  # long enough to spend the gap, short enough to see what is left of it
        n_steps = 200 if statistic == "gap" else 60

    def sample(context: Context) -> Sample:
        problem, noise, least = _world(context, p, kind)
        momentum = 0.9 if kind == "noisy" else 0.0
        numbers: _Numbers = {
            "initial_gap": float(problem.value(problem.start)) - least,
            "smoothness": problem.smoothness(p),
            "shape": noise.moment_shape(p),
            "step_size": rate * _RADIUS,
            "weight_decay": 1 / _RADIUS,
            "momentum": momentum,
            "n_steps": n_steps,
        }
        if statistic == "gap":
            bound = weight_decay.weight_decay_gap_bound(**numbers)
        else:
            bound = weight_decay.weight_decay_last_value_bound(**numbers)
        optimizer = schattor.Schattor(p, step_size=rate * _RADIUS, momentum=momentum, weight_decay=1 / _RADIUS)
        observer = _Gap(problem, p, rate)
        repeats = 48 * context.sample_factor
        axes = context.axes(p=p, kind=kind, statistic=statistic)
        runs = simulate(problem, noise, optimizer, n_steps=n_steps, repeats=repeats, seed=axes, observers=[observer])
        values = observer.mean if statistic == "gap" else runs.value_last - least
        return Sample(values=np.maximum(values, 0.0), bound=bound.value)

    return Case(key={"statistic": statistic, "world": kind, "p": p_label(p)}, sample=sample)


def _gap_and_value_stay_below(context: Context) -> Finding:
    """The mean Frank–Wolfe gap and, for convex f, the last value against T11; attained on a linear objective."""
    cases = [
        _case(p, kind, statistic)
        for statistic in ("gap", "last value")
        for kind in ("noisy", "far minimiser")
        for p in P_FAMILY
    ]
    return judge(context, cases, "Frank–Wolfe gap and last value against T11")


def _follows_from_its_proof(context: Context) -> Finding:
    """T11's forms against the sums of its descent, with the drift and weights of T3 written out anew."""
    tally = Tally(context)
    gap, smoothness, sigma = 0.7, 1.3, 0.5
    for theta in (1.0, 0.4, 0.05):
        for rate in (0.002, 0.1, 1.0):
            for n_steps in (1, 7, 300):
                for beta, bias in ((2.0, False), (2.0, True), (1.4, False)):
                    thetas = np.where(np.arange(n_steps) == 0, 1.0, theta)
                    if bias:
                        thetas = momentum_error.bias_corrected_thetas(1 - theta, n_steps)
                    drifts, weights, drift, power = [], [], 0.0, 1.0
                    for k, now in enumerate(thetas):
                        drift = 0.0 if k == 0 else (1 - now) * (drift + 2 * smoothness * _RADIUS * rate)
                        power = 1.0 if k == 0 else (1 - now) ** beta * power + now**beta
                        drifts.append(drift)
                        weights.append(sigma * power ** (1 / beta))
                    errors = np.array(drifts) + np.array(weights)
                    numbers: _Numbers = {
                        "initial_gap": gap, "smoothness": smoothness, "step_size": rate * _RADIUS, "n_steps": n_steps,
                        "weight_decay": 1 / _RADIUS, "momentum": 1 - theta,
                        "shape": MomentShape(constant=1.0, moment_order=beta, sigma=sigma),
                    }  # fmt: skip
                    curved = 2 * smoothness * _RADIUS**2 * rate
                    mean = gap / (n_steps * rate) + curved + 2 * _RADIUS * float(errors.mean())
                    bound = weight_decay.weight_decay_gap_bound(bias_correction=bias, **numbers)
                    witness = {"theta": theta, "rate": rate, "n_steps": n_steps, "moment_order": beta, "bias": bias}
                    tally.at_most(mean, bound.value, slack=1e-11 * mean, witness=witness | {"claim": "gap"})
                    # bias-corrected weights settle a little later
                    room = 2 * _RADIUS * (4 * smoothness * _RADIUS * rate / theta + 2.5 * sigma) / (theta * n_steps)
                    tally.at_most(
                        bound.value, mean + room, slack=1e-11 * mean, witness=witness | {"claim": "gap, room"}
                    )
                    kept = (1 - rate) ** np.arange(n_steps - 1, -1, -1.0)
                    # Σ_k (1-γ)^{K-1-k} 2LR²γ² is at most 2LR²γ
                    last = (1 - rate) ** n_steps * gap + 2 * _RADIUS * rate * float(kept @ errors)
                    found = weight_decay.weight_decay_last_value_bound(bias_correction=bias, **numbers)
                    value = bound_value(found)
                    tally.equal(value, last + curved, slack=1e-10 * value, witness=witness | {"claim": "last value"})
    refused = weight_decay.weight_decay_gap_bound(
        initial_gap=1.0, smoothness=1.0, shape=MomentShape(constant=1.0, moment_order=2.0, sigma=1.0), step_size=3.0,
        weight_decay=0.5, momentum=0.5, n_steps=5,
    )  # fmt: skip
    tally.equal(float(refused.is_applicable), 0.0, slack=0.5, witness={"claim": "ηλ > 1 is refused"})
    slow = weight_decay.weight_decay_gap_bound(
        initial_gap=1.0, smoothness=1.0, shape=MomentShape(constant=1.0, moment_order=2.0, sigma=1.0), step_size=0.1,
        weight_decay=1 / _RADIUS, **SLOW,
    )  # fmt: skip
    compare_burn_in(tally, slow.terms["burn_in"], 2 * _RADIUS, witness={"statement": "T11"})
    return tally.finding("T11 follows from its descent and T3 with every constant.")


CHECKS = (
    Check(
        statement="T11",
        name="weight_decay_descends_in_the_ball",
        kind="inequality",
        function=_descent_in_the_ball,
        cost=0.4,
    ),
    Check(
        statement="T11",
        name="gap_and_last_value_stay_below_their_bounds",
        kind="simulation",
        function=_gap_and_value_stay_below,
        cost=3.0,
    ),
    Check(
        statement="T11",
        name="weight_decay_bounds_follow_from_their_proof",
        kind="derivation",
        function=_follows_from_its_proof,
        is_random=False,
    ),
)
