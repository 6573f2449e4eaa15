"""T5: stationarity of the ball oracle for any schedule and for constant parameters."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from schattor_theory import bounds
from schattor_theory.assumptions import MomentShape

from ..known import bound_value
from . import descent, momentum
from .chain import Chain, derivation
from .notation import function, sample, symbol
from .point import Point
from .relation import Relation, at_most, equals, norm
from .symbols import BETA, DELTA, ETA, EXCESS, GAP, SIGMA, STEP, THETA, C, K, L, k

__all__ = [
    "DERIVATIONS",
    "GRADIENT",
    "KAPPA",
    "MEAN",
    "any_schedule",
    "constant_schedule",
    "exact_mean_bound",
    "limit_of_weights",
    "mean_bound",
    "noise_power_bound",
    "noise_weight_bound",
    "shape_of",
    "small_power",
    "stationary_weight",
    "subadditive",
    "subadditive_root",
    "summed_noise",
    "telescoped",
]

SMALL, DIGITS = 2.0**-43, 2**5
"""A θ at which limits for θ → 0 are reached in double precision; digits of weights that are put in."""

VALUE, GRADIENT, ERROR = function("f"), function("g", r"E\Vert g_{#}\Vert"), function("e", r"E\Vert e_{#}\Vert")
DRIFT, WEIGHT = function("b"), function("A")
KAPPA, KAPPA_POWER = symbol("κ", r"\kappa_\theta"), symbol("κ^β", r"\kappa_\theta^\beta")
MEAN = symbol("mean", r"\overline{E\Vert g\Vert}")


def one_step(chain: Chain, step: sp.Expr) -> Relation:
    """Write T1 at step k, with ``f(k)``, ``g(k) = E‖∇f(X_k)‖_q``, ``e(k) = E‖e_k‖_q``."""
    lemma = chain.cite(descent.ball_descent, "T1, with an inexact oracle.")
    values = {
        descent.f: VALUE(k), descent.f_next: VALUE(k + 1), norm(descent.g, "q"): GRADIENT(k),
        norm(descent.e, "q"): ERROR(k), ETA: step,
    }  # fmt: skip
    at_k = chain.put(lemma, values, "At step k, in expectation: g(k) = E‖∇f(X_k)‖_q, e(k) = E‖e_k‖_q.")
    return chain.combine([(1, at_k)], "The gradient alone on the left.", left=(1 - DELTA) * step * GRADIENT(k))


def telescoped(chain: Chain, step: Relation) -> Relation:
    """Sum a bound of step k on the gradient over the run."""
    ends = chain.total(VALUE(k) - VALUE(k + 1), k, 0, K, VALUE(0) - VALUE(K), "The values telescope.")
    run = chain.accumulate(step, k, K, "Sum over the run.", ends=ends)
    gap = chain.given(at_most(VALUE(0) - VALUE(K), GAP), "A1: Δ = f(X_0) - f_low, f ≥ f_low.")
    return chain.combine([(1, run), (1, gap)], "Only the gap remains of the values.", left=run.left)


def any_schedule(chain: Chain) -> Relation:
    """Derive T5 for any schedule."""
    step = one_step(chain, STEP(k))
    error = chain.given(
        at_most(ERROR(k), DRIFT(k) + C * SIGMA * WEIGHT(k)), "T3: e_k = B_k + N_k; E‖N_k‖ ≤ (E‖N_k‖^β)^(1/β) ≤ cσA_k."
    )
    factor = STEP(k) * (2 + EXCESS - DELTA)
    fact = chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    bounded = chain.combine(
        [(1, step), (factor, error)], "Drift and noise for the error.", left=step.left, facts=[fact]
    )
    return telescoped(chain, bounded)


def small_power(chain: Chain, base: sp.Expr, facts: list[Relation]) -> Relation:
    """Derive ``x^β ≤ x`` for ``0 ≤ x ≤ 1``; ``facts`` are ``x ≤ 1``, ``x ≥ 0`` and ``β ≥ 1``."""
    below = next(fact for fact in facts if fact.left == base)
    power = chain.power(below, BETA - 1, "x ≤ 1 and β ≥ 1.", facts=facts)
    return chain.combine([(base, power)], "Multiply by x.", left=base**BETA, facts=facts)


def stationary_weight(chain: Chain) -> Relation:
    """Derive ``κ_θ^β ≤ θ^{β-1}``, which is ``κ_θ ≤ θ^{1-1/β}``."""
    level = chain.use(momentum.stationary_noise)
    order = chain.given(at_most(1, BETA), "β ≥ 1.")
    kept = chain.given(at_most(1 - THETA, 1), "θ ≥ 0.")
    part = chain.given(at_most(0, 1 - THETA), "θ ≤ 1.")
    small = small_power(chain, 1 - THETA, [kept, order, part])
    return chain.combine(
        [(1, level), (level.right / THETA, small)],
        "Its denominator is at least θ.",
        left=level.left,
        facts=[part, small],
    )


def subadditive(chain: Chain, power: sp.Expr) -> Relation:
    """Derive ``(x + y)^s ≤ x^s + y^s`` for ``0 ≤ s ≤ 1``."""
    x, y, s = symbol("x"), symbol("y"), symbol("s")
    quadrant = {x: (sp.Integer(0), sp.oo), y: (sp.Integer(0), sp.oo)}
    order = chain.given(at_most(s, 1), "s = 1/β is at most 1.")
    parts = []
    for one in (x, y):
        share = chain.ordered(one / (x + y), 1, quadrant, "A share is at most 1,")
        parts.append((one**s, chain.power(share, 1 - s, "so it does not exceed its power s:", facts=[order])))
    whole = chain.combine(parts, "x/(x+y) ≤ (x/(x+y))^s, and the two shares add up to 1.", left=(x + y) ** s)
    return chain.put(whole, {s: power}, "The power that is wanted.")


CLOSED = KAPPA_POWER + (1 - KAPPA_POWER) * (1 - THETA) ** (BETA * k)


def noise_power_bound(chain: Chain) -> Relation:
    """Derive ``A_k^β ≤ κ^β + (1-θ)^{βk}`` for constant θ and ``A_0 = 1``, with the symbol κ^β for the fixed point."""
    step = chain.cite(momentum.noise_recursion, "T3: the noise, one step.").right
    level = chain.use(momentum.stationary_noise)
    chain.equal(CLOSED.subs(k, 0), 1, "A_k^β = κ^β + (1-κ^β)(1-θ)^(βk) starts at A_0 = 1")
    chain.equal(
        CLOSED.subs({k: k + 1, KAPPA_POWER: level.right}),
        step.subs(momentum.A0**BETA, CLOSED).subs(KAPPA_POWER, level.right),
        "and obeys the recursion.",
    )
    part = chain.given(at_most(0, 1 - THETA), "θ ≤ 1.")
    rest = chain.power(part, BETA * k, "A power of what is ≥ 0.")
    return chain.combine([(KAPPA_POWER, rest)], "Drop what is negative.", left=CLOSED)


def noise_weight_bound(chain: Chain) -> Relation:
    """Derive ``A_k ≤ κ_θ + (1-θ)^k`` for constant θ and ``A_0 = 1``, with the symbol κ^β for the fixed point."""
    dropped = chain.use(noise_power_bound)
    positive = chain.given(at_most(0, CLOSED), "A_k^β is a sum of powers of weights.")
    root = chain.power(dropped, 1 / BETA, "Take the root.", facts=[positive])
    named = chain.given(equals(WEIGHT(k), CLOSED ** (1 / BETA)), "A_k is the root of A_k^β.")
    split = chain.use(subadditive_root)
    at = chain.put(split, {symbol("x"): KAPPA_POWER, symbol("y"): (1 - THETA) ** (BETA * k)}, "For the two terms.")
    return chain.combine([(1, named), (1, root), (1, at)], "So the weights fall to κ.", left=WEIGHT(k))


def subadditive_root(chain: Chain) -> Relation:
    """Return ``(x + y)^{1/β} ≤ x^{1/β} + y^{1/β}``."""
    return subadditive(chain, 1 / BETA)


def _any_schedule(chain: Chain) -> None:
    bound = any_schedule(chain)

    def sequences(which: int) -> dict[str, list[sp.Expr]]:
        """Return a schedule, and the drifts and weights that T3's recursions give for it."""
        steps = sample(K, which)
        pace = sample(L, which) * (1 + sample(EXCESS, which))
        eta = [sample(ETA, j) for j in range(steps)]
        theta = [sp.Integer(1), *(sp.Rational(1, 1 + j) for j in range(1, steps))]
        beta = sample(BETA, which)
        drifts, powers = [sp.Integer(0)], [sp.Integer(1)]
        for j in range(1, steps):
            drifts.append((1 - theta[j]) * (drifts[-1] + pace * eta[j - 1]))
            powers.append(((1 - theta[j]) ** beta * powers[-1] + theta[j] ** beta).evalf(DIGITS))
        weights = [power ** (1 / beta) for power in powers]
        return {"η": eta, "θ": theta, "b": drifts, "A": weights, "β": [beta]}

    def of_product(at: Point) -> float:
        found = bounds.any_schedule_bound(
            at.rows["η"], at.rows["θ"], initial_gap=at["Δ"], smoothness=at["L"],
            shape=shape_of(at | {"β": at.rows["β"][0]}),
            direction_defect=at["δ"], norm_excess=at["ω"],
        )  # fmt: skip
        return bound_value(found)

    total = sp.Sum(STEP(k), (k, 0, K - 1))
    chain.agree("any_schedule_bound", bound.right / ((1 - DELTA) * total), of_product, sequences=sequences)


def shape_of(at: Mapping[str, float]) -> MomentShape:
    """Return the moment shape with the sample values of β, σ and c."""
    return MomentShape(constant=at.get("c", 1.0), moment_order=at["β"], sigma=at["σ"])


def constant_schedule(chain: Chain) -> Relation:
    """Derive T5 for constant η, θ and M_0 = G_0; the limit of the weights is the symbol κ."""
    step = one_step(chain, ETA)
    drift = chain.cite(momentum.drift_bound, "T3: the drift at constant parameters.")
    weight = chain.use(noise_weight_bound)
    named = chain.put(weight, {KAPPA_POWER: KAPPA**BETA}, "κ = (κ^β)^(1/β).")
    error = chain.given(at_most(ERROR(k), DRIFT(k) + C * SIGMA * WEIGHT(k)), "T3.")
    below = chain.given(at_most(DRIFT(k), drift.right), "b_k is at most its fixed point.")
    factor, fact = ETA * (2 + EXCESS - DELTA), chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    bounded = chain.combine(
        [(1, step), (factor, error), (factor, below), (factor * C * SIGMA, named)],
        "Drift and noise for the error.",
        left=step.left,
        facts=[fact],
    )
    run = telescoped(chain, bounded)
    return summed_noise(chain, run, factor * C * SIGMA, [fact])


def summed_noise(chain: Chain, run: Relation, factor: sp.Expr, facts: list[Relation]) -> Relation:
    """Bound the geometric sum in a bound of the run, in which it has this factor."""
    geometric = chain.total((1 - THETA) ** k, k, 0, K, (1 - (1 - THETA) ** K) / THETA, "A geometric sum")
    part = chain.given(at_most(0, 1 - THETA), "θ ≤ 1.")
    rest = chain.power(part, K, "The last power is ≥ 0.")
    return chain.combine(
        [(1, run), (factor, geometric), (factor / THETA, rest)],
        "which is at most 1/θ.",
        left=run.left,
        facts=facts,
    )


def mean_bound(chain: Chain) -> Relation:
    """Derive T5 for the mean over the run, with the symbol κ for the limit of the weights."""
    run = constant_schedule(chain)
    fact = chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    average = chain.given(equals(sp.Sum(GRADIENT(k), (k, 0, K - 1)), K * MEAN), "The mean over the run.")
    factor = 1 / ((1 - DELTA) * ETA * K)
    return chain.combine([(factor, run), (-1 / K, average)], "Divide by (1-δ)ηK.", left=MEAN, facts=[fact])


def exact_mean_bound(chain: Chain) -> Relation:
    """Derive T5 for the mean over the run with the exact oracle."""
    bound = chain.cite(mean_bound, "T5, constant parameters.")
    return chain.put(bound, {DELTA: 0, EXCESS: 0}, "The exact oracle.")


def limit_of_weights(chain: Chain) -> Relation:
    """Derive κ itself."""
    level = chain.use(momentum.stationary_noise)
    return chain.power(level, 1 / BETA, "κ is its root.")


def _constant_schedule(chain: Chain) -> None:
    bound = mean_bound(chain)
    kappa = chain.use(limit_of_weights)
    done = chain.put(bound, {KAPPA: kappa.right}, "With κ written out.")

    def of_product(at: Point) -> float:
        found = bounds.stationarity_bound(
            initial_gap=at["Δ"], smoothness=at["L"], sigma=at["σ"] * at["c"], moment_order=at["β"], p=2,
            noise_model="shape", step_size=at["η"], momentum=1 - at["θ"], n_steps=at.whole["K"],
            direction_defect=at.get("δ", 0.0), norm_excess=at.get("ω", 0.0),
        )  # fmt: skip
        return bound_value(found)

    chain.agree("stationarity_bound(δ, ω)", done.right, of_product)
    exact = chain.put(done, {DELTA: 0, EXCESS: 0}, "The exact oracle.")
    chain.agree("stationarity_bound", exact.right, of_product)


def _stationary_weight(chain: Chain) -> None:
    bound = stationary_weight(chain)
    kappa = chain.use(limit_of_weights)
    chain.agree("stationary_weight", kappa.right, lambda at: bounds.stationary_weight(at["θ"], at["β"]))
    root = chain.power(bound, 1 / BETA, "The bound on it.")
    small = chain.limit((kappa.right / root.right) ** BETA, THETA, 0, "The ratio of the powers as θ → 0.")

    def ratio(at: Point) -> float:
        theta = SMALL
        return (bounds.stationary_weight(theta, at["β"]) / theta ** (1 - 1 / at["β"])) ** at["β"]

    chain.agree("(κ_θ/θ^(1-1/β))^β for small θ", small.right, ratio)


DERIVATIONS = (
    derivation("T5-any", "any_schedule_is_stationary", _any_schedule, cost=0.6),
    derivation("T5", "limit_of_the_noise_weights_is_small", _stationary_weight, cost=0.3),
    derivation("T5", "constant_parameters_are_stationary", _constant_schedule, cost=2),
)
