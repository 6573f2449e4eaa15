"""T10 and T12: Nesterov look-ahead and recursive momentum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from schattor_theory.assumptions import CovarianceNoise, MomentShape
from schattor_theory.bounds import look_ahead, momentum_error, recursive, stationarity, tuning
from schattor_theory.geometry import schatten
from schattor_theory.optimizer import schattor, schedules
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.simulate import Snapshot, simulate

from ..known import bound_value, shape_itself
from .arguments import Method, Objective
from .check import Check, Context, Finding
from .inputs import P_FAMILY, p_label
from .runs import Plan, Planner, World, bound_case, noise_arguments, world_cases
from .samples import Case, Sample, judge, worse_of
from .settling import SLOW, compare_burn_in
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_NOISY = (
    "flat quadratic, fixed signs, N2", "non-convex, Haar signs, N2", "random walk on a slope, N2",
    "one direction, no noise",
)  # fmt: skip


def _look_ahead_plan(kind: str) -> Planner:
    def plan(world: World, p: Any, n_steps: int) -> Plan:
        eta, theta = world.tuned(p, n_steps)
        options: dict[str, Any] = {"step_size": eta, "momentum": 1 - theta, "look_ahead": theta}
        if kind == "nesterov":
            options |= {"look_ahead": "nesterov", "bias_correction": True}
        bound = stationarity.stationarity_bound(
            p=p, n_steps=n_steps, **options, **world.constants(p), **noise_arguments(world.record)
        )
        return Plan(options=options, bound=bound)

    return plan


def _look_ahead_runs(context: Context) -> Finding:
    """Runs with look-ahead against T10, constant (τ = θ) and as Muon does it (τ_k = θ_{k+1}, bias-corrected)."""
    cases = []
    for kind in ("constant", "nesterov"):
        worlds = _NOISY if kind == "constant" else _NOISY[:1]
        cases += world_cases(_look_ahead_plan(kind), worlds=worlds, n_steps=150, key={"look_ahead": kind})
    return judge(context, cases, "Stationarity with look-ahead against T10")


def _look_ahead_splits(context: Context) -> Finding:
    """The direction comes from ``(1-τ)M + τG``, whose error is ``(1-τ)B_k`` plus noise with the weights of T10."""
    tally = Tally(context)
    n_steps = 60
    cases: dict[str, dict[str, Any]] = {
        "constant": {"momentum": 0.9, "look_ahead": 0.1},
        "nesterov": {"momentum": 0.9, "bias_correction": True, "look_ahead": "nesterov"},
        "schedule": {"momentum": schedules.MomentumSchedule(0.5), "look_ahead": lambda k: 1 / (k + 2)},
    }
    for p in P_FAMILY:
        geometry = schatten.SchattenGeometry(p)
        problem = PROBLEMS["quadratic"].build((4, 3), p, left="power", rng=context.rng(p=p), rotated=True)
        noise = NOISES["haar_signs"].build((4, 3), p, sigma=0.5)
        for name, options in cases.items():
            optimizer = schattor.Schattor(p, step_size=0.02, **options)
            witness = {"p": p_label(p), "case": name}
            observe = _AheadStep(tally, optimizer, geometry, witness)
            axes = context.axes(p=p, case=name)
            simulate(problem, noise, optimizer, n_steps=n_steps, repeats=2, seed=axes, observers=[observe])
            if p == P_FAMILY[0]:
                _compare_weights(tally, optimizer, n_steps, witness)
    return tally.finding("Look-ahead directions come from (1-τ)M + τG, with the weights of T10.")


class _AheadStep:
    """An observer of the step from ``(1-τ)M + τG``; for Nesterov's also of Muon's ``G + μV``, V the heavy ball."""

    def __init__(self, tally: Tally, optimizer: Any, geometry: Any, witness: dict[str, Any]) -> None:
        self.tally, self.optimizer, self.geometry, self.witness = tally, optimizer, geometry, witness
        self.heavy: Any = 0.0

    def __call__(self, now: Snapshot) -> None:
        sample, tau = now.gradient + now.noise, self.optimizer.look_ahead_at(now.k)
        ahead = {"look-ahead": (1 - tau) * now.state.momentum + tau * sample}
        if self.witness["case"] == "nesterov":
            mu = self.optimizer.momentum
            self.heavy = mu * self.heavy + sample
            ahead["Muon"] = sample + mu * self.heavy
        found = now.next_params - now.params
        for claim, m in ahead.items():
            # the map of a generic 4×3 matrix is conditioned by 1/s_min, here at least 1e-6 of its size
            expected = -0.02 * self.geometry.duality_map(m)
            self.tally.equal(found, expected, slack=1e-9, witness=self.witness | {"step": now.k, "claim": claim})


def _compare_weights(tally: Tally, optimizer: Any, n_steps: int, witness: dict[str, Any]) -> None:
    """T10's any-schedule form from explicit averaging weights of ``M̃_k``, and its drift from explicit gradients."""
    thetas = np.array([optimizer.theta_at(k) for k in range(n_steps)])
    taus = np.array([optimizer.look_ahead_at(k) for k in range(n_steps)])
    steps = np.array([optimizer.step_size_at(k) for k in range(n_steps)])
    weights = np.zeros((n_steps, n_steps))
    row = np.zeros(n_steps)
    for k in range(n_steps):
        row = (1 - thetas[k]) * row
        row[k] += thetas[k]
        weights[k] = (1 - taus[k]) * row
        weights[k, k] += taus[k]
    # straight moves: ∇f(X_i) - ∇f(X_k) = Σ_{i<=j<k} Lη_j, averaged by the weights
    travelled = np.concatenate([[0.0], np.cumsum(1.7 * steps)[:-1]])
    drifts = np.array([weights[k] @ np.abs(travelled[k] - travelled) * 1.0 for k in range(n_steps)])
    for beta in (1.0, 1.5, 2.0):
        shape = MomentShape(constant=1.0, moment_order=beta, sigma=0.8)
        bound = stationarity.any_schedule_bound(
            steps, thetas, initial_gap=0.5, smoothness=1.7, shape=shape, look_ahead=taus
        )
        norms = np.sum(weights**beta, axis=1) ** (1 / beta)
        expected = {
            "noise": 2 * 0.8 * float(steps @ norms) / float(steps.sum()),
            "drift": 2 * float(steps @ drifts) / float(steps.sum()),
            "initial_gap": 0.5 / float(steps.sum()),
            "curvature": 1.7 / 2 * float(np.sum(steps**2)) / float(steps.sum()),
        }
        for term, value in expected.items():
            slack = rounding(1, operations=n_steps) * (value + 1e-12)
            tally.equal(bound.terms[term], value, slack=slack, witness=witness | {"moment_order": beta, "term": term})


def _look_ahead_closed_form(context: Context) -> Finding:
    """T10's constant form dominates its any-schedule form and settles on it; its best step size is the theory's."""
    tally = Tally(context)
    numbers: Objective = {"initial_gap": 0.6, "smoothness": 1.3}
    for theta in (1.0, 0.5, 0.1, 0.02):
        for tau in (0.0, theta, 0.7):
            for beta in (1.0, 1.4, 2.0):
                shape = MomentShape(constant=1.0, moment_order=beta, sigma=0.9)
                for n_steps in (1, 5, 60, 4000):
                    bound = look_ahead.look_ahead_bound(
                        **numbers, shape=shape, momentum=1 - theta, n_steps=n_steps, step_size=0.05, look_ahead=tau
                    )
                    thetas = np.where(np.arange(n_steps) == 0, 1.0, theta)
                    steps = np.full(n_steps, 0.05)
                    exact = stationarity.any_schedule_bound(
                        steps, thetas, look_ahead=np.full(n_steps, tau), shape=shape, **numbers
                    )
                    witness = {"theta": theta, "look_ahead": tau, "moment_order": beta, "n_steps": n_steps}
                    slack = rounding(1, operations=n_steps) * bound_value(bound)
                    tally.at_most(exact.value, bound.value, slack=slack, witness=witness)
                    room = (2 * 1.3 * 0.05 / theta + 6 * 0.9) / (theta * n_steps)
                    tally.at_most(
                        bound.value, bound_value(exact) + room, slack=slack, witness=witness | {"claim": "settles"}
                    )
        eta = tuning.best_step_size(theta, n_steps=100, look_ahead=theta, **numbers)
        closed = math.sqrt(2 * 0.6 * theta / (100 * 1.3 * (4 - 7 * theta + 4 * theta**2)))
        tally.equal(eta, closed, slack=1e-12 * closed, witness={"theta": theta, "claim": "best step size"})
        kappa = look_ahead.look_ahead_weight(theta, theta, 2.0)
        if theta <= 0.1:
            # Ã² = θ/2 + 9θ²/4 + O(θ³)
            series = theta / 2 + 9 * theta**2 / 4
            tally.equal(kappa**2, series, slack=12 * theta**3, witness={"theta": theta, "claim": "noise weight"})
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=1.0)
    slow = look_ahead.look_ahead_bound(**numbers, shape=shape, step_size=1.0, **SLOW)
    tau = slow.constants["look_ahead"]
    compare_burn_in(tally, slow.terms["burn_in"], 2.0, look_ahead=tau, witness={"statement": "T10"})
    return tally.finding("T10's closed form dominates and settles on its recursion.")


class _RecursiveError:
    """An observer that follows ``e_k = (1-θ_k)(e_{k-1} + Y_k) + θ_kZ_k`` for ``Z = s_k · 2∇f(X)``."""

    def __init__(self, tally: Tally, theta: Any, witness: dict[str, Any]) -> None:
        self.tally, self.theta, self.witness = tally, theta, witness
        self.error = self._gradient = np.zeros(())

    def __call__(self, now: Snapshot) -> None:
        theta = self.theta(now.k)
        if now.k == 0:
            self.error = now.noise
        else:
            # the same sign at the last point: Y_k = Z(X_k) - Z(X_{k-1})
            sign = np.sign((now.noise * now.gradient).sum(axis=(-2, -1)))[:, None, None]
            difference = now.noise - 2 * sign * self._gradient
            self.error = (1 - theta) * (self.error + difference) + theta * now.noise
        self._gradient = now.gradient
        slack = rounding(*now.gradient.shape[-2:], operations=now.k + 2) * 4
        found = now.state.momentum - now.gradient
        self.tally.equal(found, self.error, slack=slack, witness=self.witness | {"step": now.k})


def _recursive_error(context: Context) -> Finding:
    """The error of recursive momentum has no drift: the identity of T12 along runs with a multiplicative noise."""
    tally = Tally(context)
    for p in P_FAMILY:
        # below the knee, where the gradient changes from step to step
        problem = PROBLEMS["huber"].build((3, 2), p, sigma=1.0, initial_gap=0.1)
        noise = NOISES["gradient_sign"].build((3, 2), p, sigma=1.0)
        for name, options in (
            ("constant", {"momentum": 0.8}),
            ("bias-corrected", {"momentum": 0.9, "bias_correction": True}),
            ("schedule", {"momentum": schedules.MomentumSchedule(2 / 3)}),
        ):
            optimizer = schattor.Schattor(p, step_size=0.01, recursive=True, **options)
            witness = {"p": p_label(p), "schedule": name}
            observer = _RecursiveError(tally, optimizer.theta_at, witness)
            axes = context.axes(p=p, schedule=name)
            simulate(problem, noise, optimizer, n_steps=80, repeats=4, seed=axes, observers=[observer])
    return tally.finding("The error of recursive momentum follows its identity, without drift.")


def _recursive_plan(world: World, p: Any, n_steps: int) -> Plan:
    options = world.method(p, n_steps)
    # additive noise: the difference of two gradients with one sample has no noise, ℓ = 0
    bound = recursive.recursive_bound(
        difference_smoothness=0.0, shape=world.shape(p), n_steps=n_steps, **options, **world.constants(p)
    )
    return Plan(options={**options, "recursive": True}, bound=bound)


def _multiplicative_case(p: float) -> Case:
    """Huber with ``Z = ±2∇f``: Y obeys the shape with ℓ = 2L."""
    n_steps = 200

    def sample(context: Context) -> Sample:
        problem = PROBLEMS["huber"].build((3, 2), p, sigma=1.0, initial_gap=1.0)
        noise = NOISES["gradient_sign"].build((3, 2), p, sigma=1.0)
        shape = shape_itself(CovarianceNoise(sigma=noise.covariance_sigma(p)).moment_shape(p))
        options: Method = {"step_size": 0.03, "momentum": 0.8}
        bound = recursive.recursive_bound(
            initial_gap=problem.initial_gap, smoothness=problem.smoothness(p), n_steps=n_steps, shape=shape,
            difference_smoothness=2 * problem.smoothness(p), **options,
        )  # fmt: skip
        optimizer = schattor.Schattor(p, recursive=True, **options)
        repeats = 48 * context.sample_factor
        runs = simulate(problem, noise, optimizer, n_steps=n_steps, repeats=repeats, seed=context.axes(p=p))
        return Sample(values=runs.stationarity_mean, bound=bound.value)

    return Case(key={"world": "Huber, sign of twice the gradient", "p": p_label(p)}, sample=sample)


def _recursive_runs(context: Context) -> Finding:
    """Runs with recursive momentum against T12, with additive and multiplicative noise."""
    cases = world_cases(_recursive_plan, worlds=(*_NOISY[:2], _NOISY[3]), n_steps=150)
    cases += [_multiplicative_case(p) for p in P_FAMILY]
    return judge(context, cases, "Stationarity with recursive momentum against T12")


def _recursive_sums(theta: float, n_steps: int, beta: float, level: float, sigma: float) -> tuple[float, float]:
    """Return the means of the parts of ``(E‖e_k‖^β)^{1/β}`` from Y and from Z, bias-corrected, by their recursions."""
    thetas = momentum_error.bias_corrected_thetas(1 - theta, n_steps)
    past, noise, pasts, noises = 0.0, 0.0, 0.0, 0.0
    for k, now in enumerate(thetas):
        past = 0.0 if k == 0 else (1 - now) ** beta * (past + level**beta)
        noise = sigma**beta if k == 0 else (1 - now) ** beta * noise + (now * sigma) ** beta
        pasts, noises = pasts + past ** (1 / beta), noises + noise ** (1 / beta)
    return pasts / n_steps, noises / n_steps


def _recursive_closed_form(context: Context) -> Finding:
    """T12 and its tuned corollary dominate the sums they bound, recomputed from the identity of the error."""
    tally = Tally(context)
    for theta in (1.0, 0.4, 0.05):
        for beta in (1.0, 1.5, 2.0):
            for n_steps in (1, 10, 2000):
                shape = MomentShape(constant=1.0, moment_order=beta, sigma=0.8)
                eta, spread = 0.04, 3.0
                bound = recursive.recursive_bound(
                    initial_gap=0.5, smoothness=1.2, difference_smoothness=spread, shape=shape, step_size=eta,
                    momentum=1 - theta, n_steps=n_steps, bias_correction=True,
                )  # fmt: skip
                exact = 0.5 / (n_steps * eta) + 1.2 * eta / 2
                past, noise = _recursive_sums(theta, n_steps, beta, spread * eta, 0.8)
                exact += 2 * (past + noise)
                witness = {"theta": theta, "moment_order": beta, "n_steps": n_steps}
                tally.at_most(exact, bound.value, slack=1e-11 * exact, witness=witness)
                paid = bound.terms["noise"] + bound.terms["burn_in"]
                tally.at_most(2 * noise, paid, slack=1e-11 * exact, witness=witness | {"term": "noise"})
                for term, value in (("initial_gap", 0.5 / (n_steps * eta)), ("curvature", 1.2 * eta / 2),
                                    ("difference", 2 * spread * eta * theta ** (-1 / beta))):  # fmt: skip
                    tally.equal(bound.terms[term], value, slack=1e-12 * value, witness=witness | {"term": term})
    for gap, smoothness, spread, sigma in ((0.5, 1.0, 1.0, 1.0), (2.0, 0.3, 1.5, 6.0), (1.0, 2.0, 0.5, 20.0)):
        for n_steps in (5, 60, 1000, 20_000):
            numbers: Objective = {"initial_gap": gap, "smoothness": smoothness}
            bound = recursive.recursive_corollary(difference_smoothness=spread, sigma=sigma, n_steps=n_steps, **numbers)
            if not bound.is_applicable:
                continue
            theta, eta = bound.constants["theta"], bound.constants["step_size"]
            largest = max(smoothness, spread)
            exact = gap / (n_steps * eta) + largest * eta / 2
            exact += 2 * sum(_recursive_sums(theta, n_steps, 2.0, largest * eta, sigma))
            case = numbers | {"difference_smoothness": spread, "sigma": sigma, "n_steps": n_steps}
            value = bound_value(bound)
            tally.at_most(exact, value, slack=1e-10 * value, witness=case)
            # κ_θ ≤ √θ and ½ ≤ ½θ^{-1/2} turn the closed form into this, which is least at the corollary's own θ
            tried = np.append(np.geomspace(1e-4, 1.0, 400), theta)
            least = np.sqrt(10 * largest * gap / n_steps / np.sqrt(tried)) + 2 * sigma * np.sqrt(tried)
            claim = case | {"claim": "leading term"}
            tally.at_most(bound.terms["leading"], least, slack=1e-11 * value, witness=claim)
            tally.equal(bound.terms["leading"], least[-1], slack=1e-11 * value, witness=claim)
    slow = recursive.recursive_bound(
        initial_gap=1.0, smoothness=1.0, difference_smoothness=1.0, step_size=1.0, bias_correction=True, **SLOW,
        shape=MomentShape(constant=1.0, moment_order=2.0, sigma=1.0),
    )  # fmt: skip
    compare_burn_in(tally, slow.terms["burn_in"], 2.0, bias_correction=True, witness={"statement": "T12"})
    return tally.finding("T12 and its corollary dominate the sums they bound.")


def _corollary_plan(world: World, p: Any, n_steps: int) -> Plan:
    bound = recursive.recursive_corollary(
        difference_smoothness=0.0, sigma=world.record.sigma, n_steps=n_steps, **world.constants(p)
    )
    options = {"step_size": bound.constants["step_size"], "momentum": 1 - bound.constants["theta"]}
    return Plan(options={**options, "recursive": True, "bias_correction": True}, bound=bound)


def _recursive_corollary(context: Context) -> Finding:
    """T12's closed forms, and runs at the corollary's own schedule."""
    cases = [
        bound_case({}, _corollary_plan, world=world, p=p, n_steps=150, repeats=48)
        for world in _NOISY[:2]
        for p in P_FAMILY
    ]
    runs = judge(context, cases, "Runs at the corollary's schedule")
    return worse_of(_recursive_closed_form(context), runs)


CHECKS = (
    Check(
        statement="T10",
        name="look_ahead_stays_below_its_bound",
        kind="simulation",
        function=_look_ahead_runs,
        cost=3.0,
    ),
    Check(
        statement="T10",
        name="look_ahead_has_the_weights_of_its_recursion",
        kind="identity",
        function=_look_ahead_splits,
        cost=1.0,
    ),
    Check(
        statement="T10",
        name="look_ahead_closed_form_dominates_its_recursion",
        kind="derivation",
        function=_look_ahead_closed_form,
        is_random=False,
    ),
    Check(
        statement="T12",
        name="recursive_momentum_has_no_drift",
        kind="identity",
        function=_recursive_error,
        cost=0.4,
    ),
    Check(
        statement="T12",
        name="recursive_momentum_stays_below_its_bound",
        kind="simulation",
        function=_recursive_runs,
        cost=3.0,
    ),
    Check(
        statement="T12",
        name="recursive_corollary_dominates_its_sums",
        kind="derivation",
        function=_recursive_corollary,
        cost=2.0,
    ),
)
