"""Worlds and runs that several checks share: each gives the value of a statistic for every run, and its bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schattor_theory.assumptions import CovarianceNoise, MomentNoise, MomentShape, WeightedNoise
from schattor_theory.bounds import tuning
from schattor_theory.bounds.records import BoundValue
from schattor_theory.optimizer import schattor
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.simulate import simulate
from synthetic.trajectory import Trajectory

from ..known import shape_itself
from .arguments import Method, Objective
from .check import Context
from .inputs import P_FAMILY, p_label
from .samples import Case, Sample

__all__ = ["WORLDS", "World", "bound_case", "noise_arguments", "simulated", "world_cases"]

NoiseRecord = CovarianceNoise | MomentNoise | WeightedNoise

_SHAPE = (5, 5)
_WALK_SLOPE = 1 - 1e-9  # of the noise level: with θ = 1 a direction is then the sign of the noise alone


@dataclass(frozen=True, slots=True)
class World:
    """A problem and a noise law with exact constants, and the assumption the bound uses.

    Attributes
    ----------
    problem, noise : from the catalogues
        Built for one exponent.
    record : MomentNoise, CovarianceNoise or WeightedNoise
        The assumption, with its σ.
    theta : float or None
        Forced θ; None for the theory's tuning.
    step_size : float or None
        Forced η; None for the theory's tuning.
    """

    problem: Any
    noise: Any
    record: NoiseRecord
    theta: float | None = None
    step_size: float | None = None

    def constants(self, p: Any) -> Objective:
        """Return Δ and L by the names the bounds have for them."""
        return {"initial_gap": self.problem.initial_gap, "smoothness": self.problem.smoothness(p)}

    def shape(self, p: Any) -> MomentShape:
        """Return the moment shape of the record."""
        return shape_itself(self.record.moment_shape(p))

    def tuned(self, p: Any, n_steps: int) -> tuple[float, float]:
        """Return (η, θ): the forced ones, else those that minimise T5's closed form."""
        shape = self.shape(p)
        best = tuning.tuned(
            self.problem.initial_gap,
            self.problem.smoothness(p),
            shape.sigma,
            n_steps,
            shape.moment_order,
            shape.constant,
        )
        theta = best.theta if self.theta is None else self.theta
        if self.step_size is not None:
            return self.step_size, theta
        return tuning.best_step_size(theta, n_steps=n_steps, **self.constants(p)), theta

    def method(self, p: Any, n_steps: int) -> Method:
        """Return the step size and momentum of :meth:`tuned`, by the names methods and bounds have for them."""
        eta, theta = self.tuned(p, n_steps)
        return {"step_size": eta, "momentum": 1 - theta}


def _flat(p: float, n_steps: int, rng: np.random.Generator) -> World:
    noise = NOISES["fixed_signs"].build(_SHAPE, p)
    record = CovarianceNoise(sigma=noise.covariance_sigma(p))
    return World(PROBLEMS["quadratic"].build(_SHAPE, p), noise, record)


def _rotated(p: float, n_steps: int, rng: np.random.Generator) -> World:
    shape = (4, 3)
    problem = PROBLEMS["saturating"].build(shape, p, initial_gap=0.2, rng=rng, rotated=True, weights="power")
    noise = NOISES["haar_signs"].build(shape, p, sigma=0.5)
    return World(problem, noise, CovarianceNoise(sigma=noise.covariance_sigma(p)))


def _fresh(p: float, n_steps: int, rng: np.random.Generator) -> World:
    noise = NOISES["random_coordinates"].build(_SHAPE, p)
    record = MomentNoise(moment_order=2, sigma=noise.moment_sigma(p), conditionally_symmetric=True)
    return World(PROBLEMS["quadratic"].build(_SHAPE, p), noise, record)


def _heavy(p: float, n_steps: int, rng: np.random.Generator) -> World:
    tail = {"tail": "two_point", "tail_probability": 0.1}
    noise = NOISES["fixed_signs"].build(_SHAPE, p, moment_order=1.5, **tail)
    sigma = noise.moment_sigma(p, 1.5)
    record: NoiseRecord = MomentNoise(moment_order=1.5, sigma=sigma, conditionally_symmetric=True)
    if p > 2:  # at p = 2 the inner exponent q = 2 is N1's own
        record = WeightedNoise(moment_order=1.5, sigma=sigma, conditionally_symmetric=True, inner_exponent=1.5)
    return World(PROBLEMS["quadratic"].build(_SHAPE, p), noise, record)


def _walk(p: float, n_steps: int, rng: np.random.Generator) -> World:
    """Noise of one sign and size against a slope just below it: every direction is fair, nothing is gained."""
    step_size = 1 / math.sqrt(n_steps)
    options = {"sigma": 2 * _WALK_SLOPE, "step_size": step_size, "n_steps": n_steps}
    problem = PROBLEMS["huber"].build((2, 3), p, **options)
    noise = NOISES["fixed_signs"].build((2, 3), p, weights="one_hot")
    record = CovarianceNoise(sigma=noise.covariance_sigma(p))
    return World(problem, noise, record, theta=1.0, step_size=step_size)


def _quiet(p: float, n_steps: int, rng: np.random.Generator) -> World:
    """No noise and no momentum, ``½L<A, X>²``: the first two terms of T5 are attained."""
    problem = PROBLEMS["huber"].build((3, 2), p, sigma=1e6, initial_gap=2.0)
    return World(problem, NOISES["none"].build((3, 2), p), CovarianceNoise(sigma=0.0), theta=1.0)


WORLDS: dict[str, Callable[[float, int, np.random.Generator], World]] = {
    "flat quadratic, fixed signs, N2": _flat,
    "non-convex, Haar signs, N2": _rotated,
    "flat quadratic, fresh coordinates, N1": _fresh,
    "flat quadratic, two-point tail, N3": _heavy,
    "random walk on a slope, N2": _walk,
    "one direction, no noise": _quiet,
}
"""From (p, K, generator) to a world."""


_QUICK_SHARE = 0.6  # of the steps, at the quick level

_CHEAP = ("random walk on a slope, N2", "one direction, no noise")
_CHEAP_REPEATS = 256  # of tiny worlds in which a bound is nearly attained, so that a small error of it is seen


def noise_arguments(record: NoiseRecord) -> dict[str, Any]:
    """Return a noise record as the arguments of ``stationarity_bound``."""
    if isinstance(record, CovarianceNoise):
        return {"noise_model": "covariance", "moment_order": 2.0, "sigma": record.sigma}
    arguments = {
        "moment_order": record.moment_order,
        "sigma": record.sigma,
        "conditionally_symmetric": record.conditionally_symmetric,
    }
    if isinstance(record, WeightedNoise):
        return arguments | {"noise_model": "weighted", "inner_exponent": record.inner_exponent}
    return arguments | {"noise_model": "moment"}


def simulated(
    context: Context,
    world: World,
    p: Any,
    *,
    n_steps: int,
    repeats: int,
    label: object,
    observers: Iterable[Any] = (),
    **options: Any,
) -> Trajectory:
    """Return the runs of a method with these options in a world; an option ``geometry`` stands for p."""
    optimizer = schattor.Schattor(options.pop("geometry", p), **options)
    axes = context.axes(label=label, p=p_label(p) if isinstance(p, float) else str(p))
    return simulate(
        world.problem, world.noise, optimizer, n_steps=n_steps, repeats=repeats, seed=axes, observers=observers
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a case is run: the method's options, the statistic, and the bound on it."""

    options: Mapping[str, Any]
    bound: BoundValue
    statistic: str | None = None
    observers: tuple[Any, ...] = field(default=())
    values: Callable[[Trajectory], np.ndarray] | None = None


Planner = Callable[[World, float, int], Plan]
"""From a world, p and the number of steps to a plan."""


def bound_case(
    key: Mapping[str, Any],
    plan: Planner,
    *,
    world: str,
    p: float,
    n_steps: int,
    repeats: int,
) -> Case:
    """Return the case that compares the statistic a bound names with its value, in one world.

    ``n_steps`` is the number at the full level.
    """

    def sample(context: Context) -> Sample:
        length = n_steps if context.is_full else max(1, round(_QUICK_SHARE * n_steps))
        at_least = _CHEAP_REPEATS if world in _CHEAP else 0
        n_runs = max(repeats, at_least) * context.sample_factor * (2 if context.is_full else 1)
        built = WORLDS[world](p, length, context.rng(world=world, p=p_label(p)))
        made = plan(built, p, length)
        if not made.bound.is_applicable:
            return Sample(values=np.zeros(0), bound=None, reason=made.bound.reason)
        runs = simulated(
            context, built, p, n_steps=length, repeats=n_runs, label={**key, "world": world},
            observers=made.observers, **made.options,
        )  # fmt: skip
        values = made.values(runs) if made.values else getattr(runs, made.statistic or made.bound.statistic)
        return Sample(values=np.asarray(values, dtype=float), bound=made.bound.value)

    return Case(key={"world": world, "p": p_label(p), **key}, sample=sample)


def world_cases(
    plan: Planner,
    *,
    worlds: Iterable[str] = tuple(WORLDS),
    exponents: Iterable[float] = P_FAMILY,
    n_steps: int = 250,
    repeats: int = 48,
    key: Mapping[str, Any] | None = None,
) -> list[Case]:
    """Return the cases of a plan in several worlds and for several exponents."""
    return [
        bound_case(key or {}, plan, world=world, p=p, n_steps=n_steps, repeats=repeats)
        for world in worlds
        for p in exponents
    ]
