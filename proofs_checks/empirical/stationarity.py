"""T5: stationarity of the ball oracle, against runs in worlds with exact constants."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from schattor_theory.bounds import corollaries, derived, stationarity
from schattor_theory.optimizer import schedules

from .check import Check, Context, Finding
from .inexact import SubstituteGeometry
from .runs import Plan, Planner, World, noise_arguments, world_cases
from .samples import judge

__all__ = ["CHECKS"]

_TIGHT = ("random walk on a slope, N2", "one direction, no noise")


def _constant_plan(world: World, p: Any, n_steps: int) -> Plan:
    options = world.method(p, n_steps)
    bound = stationarity.stationarity_bound(
        p=p, n_steps=n_steps, **options, **world.constants(p), **noise_arguments(world.record)
    )
    return Plan(options=options, bound=bound)


def _mean_stationarity(context: Context) -> Finding:
    """The mean dual norm of the gradient against T5's closed form, tuned by the theory; the tightness of each p."""
    return judge(context, world_cases(_constant_plan), "Mean stationarity against T5")


def _bias_corrected_plan(world: World, p: Any, n_steps: int) -> Plan:
    options = world.method(p, n_steps)
    bound = stationarity.stationarity_bound(
        p=p, n_steps=n_steps, bias_correction=True, **options, **world.constants(p), **noise_arguments(world.record)
    )
    return Plan(options={**options, "bias_correction": True}, bound=bound)


def _bias_corrected(context: Context) -> Finding:
    """Heavy ball, whose burn-in is smaller, against T5 with bias correction."""
    worlds = ("flat quadratic, fixed signs, N2", "flat quadratic, two-point tail, N3", *_TIGHT)
    return judge(context, world_cases(_bias_corrected_plan, worlds=worlds), "Heavy ball against T5")


_NOISY = ("flat quadratic, fixed signs, N2", "non-convex, Haar signs, N2", "flat quadratic, two-point tail, N3")

_SCHEDULES: dict[str, Any] = {
    "parameter-free": lambda eta: schedules.parameter_free(eta),
    "steps (k+1)^-1/2, θ = 0.3": lambda eta: {
        "step_size": schedules.PolynomialSchedule(eta, 0.5), "momentum": lambda k: 0.7
    },
    "no momentum": lambda eta: {"step_size": schedules.PolynomialSchedule(eta, 0.5), "momentum": 0.0},
}  # fmt: skip


def _schedule_plan(name: str) -> Planner:
    def plan(world: World, p: Any, n_steps: int) -> Plan:
        options = _SCHEDULES[name](0.5 * n_steps**0.25 * world.tuned(p, n_steps)[0])
        bound = stationarity.stationarity_bound(
            p=p, n_steps=n_steps, **options, **world.constants(p), **noise_arguments(world.record)
        )
        return Plan(options=options, bound=bound)

    return plan


def _any_schedule(context: Context) -> Finding:
    """The step-size-weighted mean against T5's any-schedule form."""
    cases = []
    for name in _SCHEDULES:
        worlds = _TIGHT if name == "no momentum" else _NOISY
        cases += world_cases(_schedule_plan(name), worlds=worlds, n_steps=150, key={"schedule": name})
    return judge(context, cases, "Weighted mean stationarity against T5's any-schedule form")


def _inexact_plan(world: World, p: Any, n_steps: int) -> Plan:
    rank = min(np.shape(world.problem.start))
    geometry = SubstituteGeometry(p, substitute=4.0 if math.isinf(p) else math.inf, length=1.2)
    defect, excess = geometry.quality(rank)
    options = world.method(p, n_steps)
    bound = stationarity.stationarity_bound(
        p=p, n_steps=n_steps, direction_defect=defect, norm_excess=excess, **options, **world.constants(p),
        **noise_arguments(world.record),
    )  # fmt: skip
    return Plan(options={"geometry": geometry, **options}, bound=bound)


def _inexact(context: Context) -> Finding:
    """Runs whose direction is another exponent's map, 1.2 times too long, against T5's inexact form."""
    worlds = ("flat quadratic, fixed signs, N2", "non-convex, Haar signs, N2", *_TIGHT)
    cases = world_cases(_inexact_plan, worlds=worlds, n_steps=200)
    return judge(context, cases, "Inexact directions against T5")


def _high_probability_plan(form: str, gamma: float) -> Planner:
    def plan(world: World, p: Any, n_steps: int) -> Plan:
        options = world.method(p, n_steps)
        noise = noise_arguments(world.record)
        if form == "bounded":
            noise = {"sigma": noise["sigma"]}
        noise.pop("inner_exponent", None)
        bound = corollaries.high_probability_bound(
            p=p, n_steps=n_steps, failure_probability=gamma, form=form, **options, **world.constants(p), **noise
        )
        # what is bounded is the probability that a run exceeds the value
        share = replace(bound, value=gamma) if bound.is_applicable else bound
        value = bound.value
        return Plan(options=options, bound=share, values=lambda runs: (runs.stationarity_mean > value).astype(float))

    return plan


def _high_probability(context: Context) -> Finding:
    """The share of runs that exceed T5's bounds of probability 1 - γ is at most γ."""
    cases = []
    for form in ("moment", "bounded"):
        for gamma in (0.5, 0.1):
            worlds = ("flat quadratic, fixed signs, N2", "random walk on a slope, N2")
            cases += world_cases(
                _high_probability_plan(form, gamma), worlds=worlds, n_steps=100, repeats=100,
                key={"form": form, "gamma": gamma},
            )  # fmt: skip
    return judge(context, cases, "Share of runs above the bound")


def _sharper_plan(world: World, p: Any, n_steps: int) -> Plan:
    options = world.method(p, n_steps)
    bound = derived.sharper_stationarity_bound(shape=world.shape(p), n_steps=n_steps, **options, **world.constants(p))
    return Plan(options=options, bound=bound)


def _sharper(context: Context) -> Finding:
    """T5' against runs, among them a random walk whose noise term is attained without momentum."""
    return judge(context, world_cases(_sharper_plan), "Mean stationarity against T5'")


CHECKS = (
    Check(
        statement="T5",
        name="mean_stationarity_stays_below_its_bound",
        kind="simulation",
        function=_mean_stationarity,
        cost=6.0,
        figure="tightness",
    ),
    Check(
        statement="T5",
        name="heavy_ball_stays_below_its_bound",
        kind="simulation",
        function=_bias_corrected,
        cost=3.0,
    ),
    Check(
        statement="T5",
        name="inexact_directions_stay_below_their_bound",
        kind="simulation",
        function=_inexact,
        cost=3.0,
    ),
    Check(
        statement="T5-any",
        name="weighted_stationarity_stays_below_its_bound",
        kind="simulation",
        function=_any_schedule,
        cost=5.0,
    ),
    Check(
        statement="T5-hp",
        name="few_runs_exceed_the_high_probability_bound",
        kind="simulation",
        function=_high_probability,
        cost=3.0,
    ),
    Check(
        statement="T5'",
        name="mean_stationarity_stays_below_the_sharper_bound",
        kind="simulation",
        function=_sharper,
        cost=6.0,
    ),
)
