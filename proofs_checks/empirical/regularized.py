"""T6: stationarity of the regularised oracle, a mean of squares."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import derived, regularized
from schattor_theory.bounds.records import BoundValue
from schattor_theory.optimizer import schattor
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.simulate import simulate

from ..known import bound_value
from .arguments import Method
from .check import Check, Context, Finding
from .inputs import P_FAMILY, p_label
from .runs import Plan, Planner, World, bound_case, noise_arguments
from .samples import Case, judge, worse_of
from .tally import Tally, rounding

__all__ = ["CHECKS", "largest_root"]

_SECOND_MOMENTS = (
    "flat quadratic, fixed signs, N2",
    "non-convex, Haar signs, N2",
    "random walk on a slope, N2",
    "one direction, no noise",
)


def _methods(world: World, p: Any) -> list[Method]:
    """Return a method with momentum and a step that satisfies every side condition, and one without momentum."""
    smoothness = world.problem.smoothness(p)
    return [
        {"step_size": 0.25 * 0.2 / (3 * 1.8) / smoothness, "momentum": 1 - 0.2},
        {"step_size": 0.3 / smoothness, "momentum": 0.0},
    ]


def _sharp_plan(index: int, function: Callable[..., BoundValue]) -> Planner:
    def plan(world: World, p: Any, n_steps: int) -> Plan:
        options = _methods(world, p)[index]
        numbers = {"shape": world.shape(p), "n_steps": n_steps, **options, **world.constants(p)}
        return Plan(options={**options, "oracle": "regularized"}, bound=function(**numbers))

    return plan


def _cases(function: Callable[..., BoundValue]) -> list[Case]:
    return [
        bound_case({"theta": theta}, _sharp_plan(i, function), world=world, p=p, n_steps=120, repeats=48)
        for i, theta in enumerate((0.2, 1.0))
        for world in _SECOND_MOMENTS
        for p in P_FAMILY
    ]


def _squared_stationarity(context: Context) -> Finding:
    """The mean square of the dual norm against T6's sharp form."""
    return judge(
        context, _cases(lambda **n: regularized.regularized_bound(**n)), "Mean squared stationarity against T6"
    )


def _sharper_squared_stationarity(context: Context) -> Finding:
    """The mean square of the dual norm against T6*."""
    return judge(
        context, _cases(lambda **n: derived.sharper_regularized_bound(**n)), "Mean squared stationarity against T6*"
    )


def _pair_plan(index: int, pair: int) -> Planner:
    def plan(world: World, p: Any, n_steps: int) -> Plan:
        options = _methods(world, p)[index]
        pairs = regularized.regularized_pairs(
            p=p, n_steps=n_steps, **options, **world.constants(p), **noise_arguments(world.record)
        )
        return Plan(options={**options, "oracle": "regularized"}, bound=pairs[pair])

    return plan


def _pairs_stay_above(context: Context) -> Finding:
    """Each pair (a, b) dominates the sharp form wherever its side condition holds, and runs stay below it."""
    tally = Tally(context)
    n_applicable = 0
    for theta in np.geomspace(0.01, 1.0, 12):
        for rate in np.geomspace(1e-4, 0.9, 18):
            for sigma in (0.0, 0.3, 3.0):
                for n_steps in (3, 100):
                    numbers = {"initial_gap": 0.7, "smoothness": 1.0, "step_size": rate, "momentum": 1 - theta,
                               "n_steps": n_steps}  # fmt: skip
                    pairs = regularized.regularized_pairs(sigma=sigma, p=4, noise_model="shape", **numbers)
                    applicable = [pair for pair in pairs if pair.is_applicable]
                    n_applicable += len(applicable)
                    sharp = largest_root(theta, rate, 0.7, sigma, n_steps) ** 2 if applicable else math.nan
                    for pair in applicable:
                        witness = {**numbers, "sigma": sigma, "pair": pair.terms}
                        value = bound_value(pair)
                        tally.at_most(sharp, value, slack=1e-12 * value, witness=witness)
    tally.at_most(500, n_applicable, witness={"claim": "the side conditions are met often enough to test"})
    _conditions_are_enforced(tally)
    cases = [
        bound_case({"pair": pair}, _pair_plan(0, pair), world=world, p=p, n_steps=100, repeats=48)
        for pair in (0, 4)
        for world in ("flat quadratic, fixed signs, N2", "one direction, no noise")
        for p in P_FAMILY
    ]
    runs = judge(context, cases, "Runs against the pairs")
    return worse_of(tally.finding("The pairs dominate the sharp form where their conditions hold."), runs)


def _conditions_are_enforced(tally: Tally) -> None:
    """Just beyond each side condition the pair is refused, and without second moments everything is."""
    for theta in (0.1, 0.5, 1.0):
        limits = (theta / (2 - theta), theta / (2 - theta), *(2 * [2 * theta / (3 * (2 - theta))]))
        for index, limit in enumerate(limits):
            for factor, expected in ((0.999, 1.0), (1.001, 0.0)):
                pairs = regularized.regularized_pairs(
                    initial_gap=1.0, smoothness=1.0, sigma=1.0, p=4, noise_model="shape", step_size=factor * limit,
                    momentum=1 - theta, n_steps=10,
                )  # fmt: skip
                witness = {"theta": theta, "pair": index, "rate": factor * limit}
                tally.equal(float(pairs[index].is_applicable), expected, slack=0.5, witness=witness)
    shape = MomentShape(constant=1.0, moment_order=1.5, sigma=1.0)
    refused = regularized.regularized_bound(
        initial_gap=1.0, smoothness=1.0, shape=shape, step_size=0.1, momentum=0.5, n_steps=10
    )
    tally.equal(float(refused.is_applicable), 0.0, slack=0.5, witness={"claim": "T6 needs second moments"})


def _mean_square_weight(theta: float, n_steps: int) -> float:
    """Return ``(1/K) Σ A_k²`` by its recursion."""
    power, total = 1.0, 0.0
    for k in range(n_steps):
        power = 1.0 if k == 0 else (1 - theta) ** 2 * power + theta**2
        total += power
    return total / n_steps


def largest_root(theta: float, rate: float, gap: float, sigma: float, n_steps: int, *, last: float = 1.0) -> float:
    """Return the largest root mean square of ∇f that T2 and T3 allow, by bisection; L = 1, η = rate.

    With m, e, ν the root mean squares of ‖M‖, ‖e‖, ‖N‖: ``(1 - λ/2)m² - me ≤ Δ/(ηK)``, ``e ≤ κm + ν``, and the
    gradient is at most m + e; of the ν in that e only the share ``last`` counts (T6*: the past noise alone, 1 - θ).
    """
    weight = theta / (2 - theta) + 1 / (theta * (2 - theta) * n_steps)
    noise, kappa, budget = sigma * math.sqrt(weight), rate * (1 - theta) / theta, gap / (rate * n_steps)

    if rate / 2 + kappa >= 1:  # T2 and T3 allow every size
        return math.inf

    def allows(m: float) -> bool:
        return (1 - rate / 2) * m * m - m * (kappa * m + noise) <= budget

    low, high = 0.0, 1.0
    while allows(high):
        high *= 2
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if allows(middle) else (low, middle)
    return (1 + kappa) * high + last * noise


def _follows_from_its_proof(context: Context) -> Finding:
    """T6's sharp form is the largest root mean square that T2 and T3 allow; A² is at least the mean of A_k²."""
    tally = Tally(context)
    for theta in (1.0, 0.5, 0.1, 0.02):
        for n_steps in (1, 4, 50, 2000):
            exact, closed = _mean_square_weight(theta, n_steps), regularized.weight_square(theta, n_steps)
            witness = {"theta": theta, "n_steps": n_steps}
            tally.at_most(exact, closed, slack=1e-12 * closed, witness=witness | {"claim": "mean of A_k²"})
            # the sum of (1-θ)^{2k}(1 - θ/(2-θ)) is replaced by that without end
            excess = (1 - theta / (2 - theta)) / (1 - (1 - theta) ** 2) / n_steps + theta**2 / n_steps
            tally.at_most(closed, exact + 2 * excess + 1e-12, witness=witness | {"claim": "A² is not wasteful"})
            for rate in (0.01, 0.2, 0.9):
                if 1 - rate / 2 - rate * (1 - theta) / theta <= 0.01:
                    continue
                for sigma in (0.0, 0.4, 5.0):
                    bound = regularized.regularized_bound(
                        initial_gap=0.6, smoothness=1.0, shape=MomentShape(constant=1.0, moment_order=2.0, sigma=sigma),
                        step_size=rate, momentum=1 - theta, n_steps=n_steps,
                    )  # fmt: skip
                    root = largest_root(theta, rate, 0.6, sigma, n_steps)
                    slack = rounding(1, operations=100) * root
                    case = witness | {"rate": rate, "sigma": sigma}
                    tally.equal(math.sqrt(bound_value(bound)), root, slack=slack, witness=case)
    return tally.finding("T6's sharp form follows from T2 and T3 with every constant.")


def _gap_term_is_attained(context: Context) -> Finding:
    """Gradient steps on ``½L<A, X>²`` without noise: ``Σ‖∇f‖²`` is what T6 allows, less what is left of f."""
    tally = Tally(context)
    for p in P_FAMILY:
        problem = PROBLEMS["huber"].build((3, 3), p, sigma=1e6, initial_gap=2.0, smoothness=1.5)
        for rate in (0.1, 0.5, 1.0, 1.5):
            eta, n_steps = rate / 1.5, 40
            optimizer = schattor.Schattor(p, step_size=eta, momentum=0.0, oracle="regularized")
            noise = NOISES["none"].build((3, 3), p)
            runs = simulate(problem, noise, optimizer, n_steps=n_steps, repeats=1, seed=0)
            shape = MomentShape(constant=1.0, moment_order=2.0, sigma=0.0)
            bound = regularized.regularized_bound(
                initial_gap=problem.initial_gap,
                smoothness=1.5,
                shape=shape,
                step_size=eta,
                momentum=0.0,
                n_steps=n_steps,
            )
            left = float(runs.value_last[0]) / (n_steps * eta * (1 - rate / 2))
            witness = {"p": p_label(p), "rate": rate}
            found, value = float(runs.stationarity_squared_mean[0]), bound_value(bound)
            tally.equal(found, value - left, slack=rounding(3, operations=400) * value, witness=witness)
    return tally.finding("The gap term of T6 is attained by gradient steps on a parabola, for every p.")


CHECKS = (
    Check(
        statement="T6",
        name="squared_stationarity_stays_below_its_bound",
        kind="simulation",
        function=_squared_stationarity,
        cost=4.0,
    ),
    Check(
        statement="T6",
        name="sharp_form_follows_from_descent_and_momentum_error",
        kind="derivation",
        function=_follows_from_its_proof,
        is_random=False,
    ),
    Check(
        statement="T6",
        name="pairs_dominate_the_sharp_form",
        kind="derivation",
        function=_pairs_stay_above,
        cost=3.0,
    ),
    Check(
        statement="T6",
        name="gap_term_is_attained_by_gradient_steps",
        kind="adversarial",
        function=_gap_term_is_attained,
        is_random=False,
    ),
    Check(
        statement="T6*",
        name="squared_stationarity_stays_below_the_sharper_bound",
        kind="simulation",
        function=_sharper_squared_stationarity,
        cost=4.0,
    ),
)
