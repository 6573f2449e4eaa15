"""T13: minibatches, the lift of Euclidean functions, and the necessity of momentum."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from schattor_theory import assumptions
from schattor_theory.bounds import necessity
from schattor_theory.geometry import exponents, schatten
from schattor_theory.optimizer import schattor
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.simulate import simulate

from ..known import shape_itself
from .check import Check, Context, Finding
from .inputs import P_FAMILY, p_label
from .samples import Case, Sample, judge, worse_of
from .tally import Tally, rounding

__all__ = ["CHECKS"]


def _minibatch_shape_holds(context: Context) -> Finding:
    """The moments of a mean of m draws by enumeration, attained by signs on fresh coordinates; c enters once."""
    tally = Tally(context)
    rng = context.rng(inputs="draws")
    for p in P_FAMILY:
        q = exponents.dual_exponent(p)
        for size in (1, 2, 4, 8):
            signs = np.array(list(itertools.product((1.0, -1.0), repeat=size)))
            families = {
                "fresh coordinates": np.stack([np.outer(row, row) for row in np.eye(size)]),
                "random": rng.standard_normal((size, 3, 3)),
            }
            for kind, steps in families.items():
                steps = steps / np.asarray(schatten.schatten_norm(steps, q))[:, None, None]
                means = np.tensordot(signs, steps, axes=1) / size
                norms = np.asarray(schatten.schatten_norm(means, q))
                record = assumptions.MomentNoise(moment_order=2, sigma=1.0, conditionally_symmetric=True)
                shape = assumptions.minibatch_shape(shape_itself(record.moment_shape(p)), size)
                found = float(np.mean(norms**shape.moment_order) ** (1 / shape.moment_order))
                limit = shape.of_weights([1.0])
                witness = {"p": p_label(p), "size": size, "kind": kind}
                slack = rounding(size, 3, operations=16)
                tally.at_most(found, limit, slack=slack, witness=witness)
                if kind == "fresh coordinates":
                    tally.at_most(limit, found, slack=slack, witness=witness | {"claim": "attained"})
    asymmetric = shape_itself(assumptions.MomentNoise(moment_order=1.5, sigma=1.0).moment_shape(2))
    twice = assumptions.minibatch_shape(assumptions.minibatch_shape(asymmetric, 3), 5)
    once = assumptions.minibatch_shape(asymmetric, 15)
    tally.equal(twice.of_weights([1.0]), once.of_weights([1.0]), slack=1e-12, witness={"claim": "means of means"})
    tally.equal(once.constant, asymmetric.constant, slack=0.0, witness={"claim": "c enters once"})
    return tally.finding("A mean of m draws has the moment shape with σm^{-(1-1/β)}, and attains it.")


def _minibatch_is_one_weighted_sum(context: Context) -> Finding:
    """A mean of m draws against one sum with m times the weights a_k/m: the shape of one draw, used once."""
    tally = Tally(context)
    theta, n_steps = 0.2, 12
    average = theta * (1 - theta) ** np.arange(n_steps)
    average[-1] /= theta
    weights = {"one step": np.ones(1), "momentum": average, "descending": 1 / np.arange(1.0, 6.0)}
    for order in (1.0, 1.25, 1.5, 2.0):
        for constant in (1.0, 2 ** (2 / order - 1)):
            one = assumptions.MomentShape(constant=constant, moment_order=order, sigma=0.7)
            for size in (1, 2, 3, 8, 100):
                mean = assumptions.minibatch_shape(one, size)
                for name, row in weights.items():
                    draws = [float(a) / size for a in row for _ in range(size)]
                    expected = one.of_weights(draws)
                    witness = {"moment_order": order, "size": size, "weights": name, "constant": constant}
                    slack = rounding(1, operations=len(draws)) * expected
                    tally.equal(mean.of_weights(list(row)), expected, slack=slack, witness=witness)
    return tally.finding("The mean of m draws has the weights of one sum over all draws, with c once.")


def _lift_is_the_same_for_every_p(context: Context) -> Finding:
    """``f(X) = h(Xe_1)`` with column noise: the same constants and, up to rounding, the same run for every p."""
    tally = Tally(context)
    shape, n_steps = (4, 3), 60
    for function in ("quadratic", "saturating", "chain"):
        runs: dict[str, tuple[float, Any]] = {}
        for p in (1.0, *P_FAMILY):
            problem = PROBLEMS["lift"].build(shape, p, smoothness=1.3, initial_gap=0.4, function=function)
            # one direction of the first column: of rank one, so of one size in every norm
            noise = NOISES["fixed_signs"].build(shape, p, sigma=0.3, weights="one_hot")
            constants = (problem.smoothness(p), problem.initial_gap, noise.moment_sigma(p))
            witness = {"function": function, "p": p_label(p)}
            tally.equal(constants, (1.3, 0.4, 0.3), slack=1e-12, witness=witness | {"claim": "constants"})
            tally.equal(noise.covariance_sigma(p, "right"), 0.3, slack=1e-12, witness=witness | {"claim": "N2"})
            x = context.rng(inputs="points").standard_normal((20, *shape))
            norms = [np.asarray(schatten.schatten_norm(problem.gradient(x), q)) for q in (1.0, 2.0, math.inf)]
            slack = rounding(*shape, operations=4) * (1 + float(norms[1].max()))
            tally.equal(norms[0], norms[2], slack=slack, witness=witness | {"claim": "gradients of rank one"})
            optimizer = schattor.Schattor(p, step_size=0.05, momentum=0.8)
            axes = context.axes(function=function)
            runs[p_label(p)] = p, simulate(problem, noise, optimizer, n_steps=n_steps, repeats=3, seed=axes)
        first = runs["2"][1]
        for label, (_, run) in runs.items():
            witness = {"function": function, "p": label}
            # rounding errors of a step are not amplified beyond the smoothness: 60 steps of size .05 L
            slack = rounding(*shape, operations=50 * n_steps)
            tally.equal(run.stationarity_mean, first.stationarity_mean, slack=slack, witness=witness)
            tally.equal(run.value_last, first.value_last, slack=slack, witness=witness)
    return tally.finding("The lift has the same constants and the same runs for every p.")


def _constants_carry_over(context: Context) -> Finding:
    """``‖∇f(X)-∇f(Y)‖_q ≤ L‖X-Y‖_p``, with equality along e_1, and N1 and the right N2 with the σ of the column."""
    tally = Tally(context)
    shape, level = (4, 3), 0.3
    for function in ("quadratic", "saturating", "chain"):
        for p in (1.0, 4 / 3, *P_FAMILY):
            problem = PROBLEMS["lift"].build(shape, p, smoothness=1.3, function=function)
            geometry = schatten.SchattenGeometry(p)
            x, y = context.rng(function=function, p=p).standard_normal((2, 30, *shape))
            y[:10, :, 0] = x[:10, :, 0]  # other columns carry no information
            y[10:20] = x[10:20]
            y[10:20, :, 0] += context.rng(function=function, p=p, inputs="columns").standard_normal((10, shape[0]))
            change = np.asarray(geometry.dual_norm(problem.gradient(x) - problem.gradient(y)))
            apart = np.asarray(geometry.norm(x - y))
            slack = rounding(*shape, operations=8) * (1 + apart)
            witness = {"function": function, "p": p_label(p)}
            tally.at_most(change, problem.smoothness(p) * apart, slack=slack, scale=apart, witness=witness)
            if function == "quadratic":
                column = slice(10, 20)
                equal = problem.smoothness(p) * apart[column]
                tally.equal(change[column], equal, slack=slack[column], witness=witness | {"claim": "attained"})
            noise = NOISES["fixed_signs"].build(shape, p, sigma=level, weights="one_hot")
            column_noise = np.zeros((2, *shape))
            column_noise[:, 0, 0] = (level, -level)
            moments = np.asarray(geometry.dual_norm(column_noise))
            root = np.zeros((shape[1], shape[1]))
            root[0, 0] = np.sqrt(np.mean(np.sum(column_noise[..., 0] ** 2, axis=-1)))
            sigmas = [float(moments.max()), float(geometry.dual_norm(root))]
            tally.equal(
                [noise.moment_sigma(p), noise.covariance_sigma(p, "right")], sigmas, slack=rounding(*shape) * level,
                witness=witness | {"claim": "noise"},
            )  # fmt: skip
    return tally.finding("The lift has the smoothness and the noise of its function in every Schatten norm.")


def _walk_stays_up(context: Context) -> Finding:
    """The law of the walk, step by step: how long it stays above the kink, and the mean slope that this alone gives."""
    tally = Tally(context)
    for n_steps in (1, 2, 9, 25, 100, 400, *((2500,) if context.is_full else ())):
        eta, lipschitz = 0.01, 2.0
        bound = necessity.no_momentum_lower_bound(sigma=1.0, smoothness=lipschitz, step_size=eta, n_steps=n_steps)
        slope, start = bound.constants["slope_cap"], bound.constants["start"]
        room = (start - slope / lipschitz) / eta
        # numerics: a start that is a whole number of steps above the kink must not lose one to rounding
        stays = _stays(n_steps, math.ceil(room - 1e-9))
        found = slope * float(stays[:-1].mean())
        witness = {"n_steps": n_steps, "steps above the kink": room}
        slack = rounding(1, operations=n_steps)
        tally.at_most(bound.value, found, slack=slack, witness=witness)
        hoeffding = 2 * math.exp(-room * room / (2 * n_steps))
        tally.at_most(1 - stays[-1], hoeffding, slack=slack, witness=witness | {"claim": "reflection and Hoeffding"})
    return tally.finding("The law of the walk keeps the mean slope above the lower bound.")


def _stays(n_steps: int, distance: int) -> np.ndarray:
    """Return the probabilities that a fair walk has not yet come down by ``distance``, after 0 to ``n_steps`` steps."""
    law = np.zeros(distance + n_steps + 2)
    law[distance] = 1.0
    found = [1.0]
    for _ in range(n_steps):
        law[1:-1], law[0], law[-1] = (law[:-2] + law[2:]) / 2, 0.0, 0.0
        found.append(float(law.sum()))
    return np.array(found)


def _necessity_case(p: float, n_steps: int) -> Case:
    def sample(context: Context) -> Sample:
        eta = n_steps**-0.5
        bound = necessity.no_momentum_lower_bound(sigma=1.0, smoothness=1.0, step_size=eta, n_steps=n_steps)
        problem = PROBLEMS["huber"].build((3, 2), p, sigma=1.0, step_size=eta, n_steps=n_steps)
        noise = NOISES["gradient_sign"].build((3, 2), p, sigma=1.0)
        optimizer = schattor.Schattor(p, step_size=eta, momentum=0.0)
        repeats = 64 * context.sample_factor * (2 if context.is_full else 1)
        runs = simulate(problem, noise, optimizer, n_steps=n_steps, repeats=repeats, seed=context.axes(p=p, K=n_steps))
        # the slope never exceeds σ/2
        return Sample(
            values=runs.stationarity_mean, bound=bound.value, sense="lower", ceiling=problem.gradient_bound(p)
        )

    return Case(key={"p": p_label(p), "n_steps": n_steps}, sample=sample)


def _momentum_is_necessary(context: Context) -> Finding:
    """T13c's instance stays at ``.488σ`` for every p and K without momentum, and leaves it with momentum."""
    horizons = (25, 100, 400) if context.is_full else (25, 80, 250)
    cases = [_necessity_case(p, n_steps) for p in P_FAMILY for n_steps in horizons]
    curves: dict[str, list[float]] = {"n_steps": list(horizons), "with": [], "without": []}
    for n_steps in horizons:
        # the same world, twice as long: with momentum the runs leave the slope
        problem = PROBLEMS["huber"].build((3, 2), math.inf, sigma=1.0, step_size=n_steps**-0.5, n_steps=n_steps)
        noise = NOISES["gradient_sign"].build((3, 2), math.inf, sigma=1.0)
        for name, momentum in (("with", 0.9), ("without", 0.0)):
            optimizer = schattor.Schattor(math.inf, step_size=n_steps**-0.5, momentum=momentum)
            axes = context.axes(case=name, K=n_steps)
            longer = simulate(problem, noise, optimizer, n_steps=2 * n_steps, repeats=16, seed=axes)
            curves[name].append(float(longer.stationarity_second_half_mean.mean()))
    tally = Tally(context)
    for p in P_FAMILY:
        bound = necessity.no_momentum_lower_bound(sigma=1.0, smoothness=1.0, step_size=0.1, n_steps=100)
        problem = PROBLEMS["huber"].build((3, 2), p, sigma=1.0, step_size=0.1, n_steps=100)
        slack = rounding(3, operations=16) * problem.initial_gap
        tally.equal(bound.constants["initial_gap"], problem.initial_gap, slack=slack, witness={"p": p_label(p)})
    runs = judge(context, cases, "Mean stationarity without momentum against its lower bound", curves=curves)
    return worse_of(runs, tally.finding("The instance has the gap it is said to have."))


CHECKS = (
    Check(
        statement="T13a",
        name="minibatch_shape_is_attained",
        kind="inequality",
        function=_minibatch_shape_holds,
    ),
    Check(
        statement="T13a",
        name="minibatch_is_one_weighted_sum",
        kind="derivation",
        function=_minibatch_is_one_weighted_sum,
        is_random=False,
        cost=0.1,
    ),
    Check(
        statement="T13b",
        name="lift_is_the_same_for_every_exponent",
        kind="identity",
        function=_lift_is_the_same_for_every_p,
        cost=1.0,
    ),
    Check(
        statement="T13b",
        name="constants_carry_over_to_the_lift",
        kind="inequality",
        function=_constants_carry_over,
        cost=0.1,
    ),
    Check(
        statement="T13c",
        name="walk_without_momentum_stays_up",
        kind="derivation",
        function=_walk_stays_up,
        is_random=False,
        cost=0.3,
    ),
    Check(
        statement="T13c",
        name="without_momentum_runs_stay_above_the_lower_bound",
        kind="adversarial",
        function=_momentum_is_necessary,
        cost=4.0,
        figure="momentum_is_necessary",
    ),
)
