"""T11: decoupled weight decay as stochastic Frank-Wolfe."""

from __future__ import annotations

import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from . import descent, momentum, stationarity
from .calculus import coefficient
from .chain import Chain, derivation
from .notation import function, index, number, symbol, vector
from .point import Point
from .relation import Relation, at_most, equals, inner, norm
from .stationarity import DRIFT, VALUE, WEIGHT, shape_of
from .symbols import BETA, DELTA, ETA, EXCESS, GAP, SIGMA, C, K, L, k

__all__ = ["DERIVATIONS"]

RADIUS = symbol("R", samples=("2", "1/3", "5"))
PACE = symbol("γ", samples=("1/7", "1/20", "1/3"))
X, D, g = vector("X"), descent.D, descent.g
GAPS, ERROR = function("𝒢"), function("e", r"E\Vert e_{#}\Vert")
AVERAGE = symbol("mean A", r"\bar A")
gap, mean = symbol("𝒢"), symbol("mean 𝒢", r"\overline{E\mathcal G}")


def step_length(chain: Chain) -> Relation:
    """Derive the length of a step, over γ."""
    move = -RADIUS * D - X
    inside = chain.given(at_most(norm(X, "p"), RADIUS), "X stays in the ball: a convex combination of points of it.")
    size = chain.given(at_most(norm(D, "p"), 1), "D1: ‖D‖ ≤ 1.")
    triangle = chain.given(
        at_most(norm(move, "p"), norm(RADIUS * D, "p") + norm(X, "p")),
        "X⁺ - X = γ(S - X), S = -RD; triangle inequality.",
    )
    return chain.combine(
        [(1, triangle), (RADIUS, size), (1, inside)], "The ball has this diameter.", left=norm(move, "p")
    )


def gap_descent(chain: Chain) -> Relation:
    """Derive the descent of one step in terms of the Frank-Wolfe gap."""
    move = -RADIUS * D - X
    lemma = descent.descent_lemma(chain, PACE * move)
    length = chain.use(step_length)
    square = chain.power(length, 2, "Both sides are ≥ 0.")
    named = chain.given(equals(gap, inner(g, X) + RADIUS * norm(g, "q")), "𝒢 is the Frank-Wolfe gap.")
    aligned = chain.cite(descent.alignment, "T1: ⟨∇f, D⟩ for an inexact oracle.")
    plain = chain.put(aligned, {DELTA: 0, EXCESS: 0}, "For the exact one.")
    return chain.combine(
        [(1, lemma), (PACE * RADIUS, plain), (PACE, named), (PACE**2 * L / 2, square)],
        "The linear part is the gap, up to the error.",
        left=descent.CHANGE,
    )


def one_step(chain: Chain, step: Relation) -> Relation:
    """Write the descent at step k with the gap alone on the left."""
    values = {
        descent.f: VALUE(k), descent.f_next: VALUE(k + 1), gap: GAPS(k), norm(descent.e, "q"): ERROR(k),
    }  # fmt: skip
    at_k = chain.put(step, values, "At step k, in expectation.")
    return chain.combine([(1, at_k)], "The gap alone on the left.", left=PACE * GAPS(k))


def drift(chain: Chain) -> Relation:
    """Derive the drift at constant parameters."""
    bound = chain.cite(momentum.drift_bound, "T3: the drift for steps of length (1+ω)η.")
    length = chain.use(step_length)
    return chain.put(bound, {EXCESS: 0, ETA: PACE * length.right}, "Here (1+ω)η is the length of a step.")


def mean_gap(chain: Chain) -> Relation:
    """Derive the bound on the mean gap."""
    step = one_step(chain, chain.use(gap_descent))
    error = chain.given(at_most(ERROR(k), DRIFT(k) + C * SIGMA * WEIGHT(k)), "T3.")
    slow = chain.use(drift)
    below = chain.given(at_most(DRIFT(k), slow.right), "b_k is at most its fixed point.")
    weight = chain.use(stationarity.noise_weight_bound)
    named = chain.put(weight, {stationarity.KAPPA_POWER: stationarity.KAPPA**BETA}, "κ = (κ^β)^(1/β).")
    factor = coefficient(step.right, ERROR(k))
    bounded = chain.combine(
        [(1, step), (factor, error), (factor, below), (factor * C * SIGMA, named)],
        "Drift and noise for the error.",
        left=step.left,
    )
    run = stationarity.summed_noise(chain, stationarity.telescoped(chain, bounded), factor * C * SIGMA, [])
    gaps = chain.given(equals(sp.Sum(GAPS(k), (k, 0, K - 1)), K * mean), "The mean gap.")
    return chain.combine([(1 / (K * PACE), run), (-1 / K, gaps)], "Divide by γK.", left=mean)


def _mean_gap(chain: Chain) -> None:
    bound = mean_gap(chain)
    kappa = chain.use(stationarity.limit_of_weights)
    done = chain.put(bound, {stationarity.KAPPA: kappa.right}, "With κ written out.")

    def of_product(at: Point) -> float:
        decay = 1 / at["R"]
        found = bounds.weight_decay_gap_bound(
            initial_gap=at["Δ"], smoothness=at["L"], shape=shape_of(at), step_size=at["γ"] / decay, weight_decay=decay,
            momentum=1 - at["θ"], n_steps=at.whole["K"],
        )  # fmt: skip
        return bound_value(found)

    chain.agree("weight_decay_gap_bound", done.right, of_product)


def _last_value(chain: Chain) -> None:
    """Convex f, the last iterate: two steps of the recursion, and the constant part for every number of steps."""
    step = chain.use(gap_descent)
    h, h_next = number("h"), number("h⁺")
    change = chain.given(equals(descent.CHANGE, h_next - h), "h = f - min f over the ball.")
    convex = chain.given(at_most(h, gap), "f convex: 𝒢 = max over the ball of ⟨∇f, X - S⟩ ≥ f(X) - min f.")
    error = norm(descent.e, "q")
    once = chain.combine([(1, step), (PACE, convex), (-1, change)], "So the value contracts.", left=h_next)
    constant = once.right.subs({h: 0, error: 0})
    level = symbol("ℓ")
    fixed = chain.solve(
        level - (1 - PACE) * level - constant, level, "The constant parts add up to at most their limit."
    )
    j = index("j")
    unrolled = chain.total(
        (1 - PACE) ** j,
        j,
        0,
        K,
        (1 - (1 - PACE) ** K) / PACE,
        "Unrolled, a step j before the end has the weight (1-γ)^j.",
    )
    part = chain.given(at_most(0, 1 - PACE), "γ ≤ 1.")
    rest = chain.power(part, K, "The last power is ≥ 0.")
    total = chain.combine(
        [(constant, unrolled), (constant / PACE, rest)], "So the constants add up to", left=constant * unrolled.left
    )
    chain.equal(total.right, fixed.right, "That limit.")
    middle, end = number("h_1"), number("h_2")
    first, second = (symbol(f"e_{i}", nonnegative=True) for i in (0, 1))
    one = chain.put(once, {h: GAP, h_next: middle, error: first}, "The first step, h_0 = Δ.")
    two = chain.put(once, {h: middle, h_next: end, error: second}, "The second one.")
    both = chain.combine([(1, two), (1 - PACE, one)], "Together.", left=end, facts=[part])
    constants = chain.put(total, {K: 2}, "The constants of two steps.")
    limited = chain.combine([(1, both), (1, constants)], "At most their limit.", left=end)
    slow = chain.cite(momentum.drift_step, "T3: the drift, one step.")
    length = chain.use(step_length)
    drifted = slow.right.subs({momentum.b0: 0, EXCESS: 0, ETA: PACE * length.right})
    weights = chain.cite(momentum.noise_recursion, "T3: the noise, one step.")
    weight = weights.right.subs(momentum.A0, 1) ** (1 / BETA)
    start = chain.given(at_most(first, C * SIGMA), "T3: b_0 = 0, A_0 = 1.")
    later = chain.given(at_most(second, drifted + C * SIGMA * weight), "T3: b_1 and A_1.")
    done = chain.combine(
        [(1, limited), (coefficient(limited.right, first), start), (coefficient(limited.right, second), later)],
        "Drift and noise for the errors.",
        left=end,
        facts=[part],
    )

    def of_product(at: Point) -> float:
        decay = 1 / at["R"]
        found = bounds.weight_decay_last_value_bound(
            initial_gap=at["Δ"], smoothness=at["L"], shape=shape_of(at), step_size=at["γ"] / decay, weight_decay=decay,
            momentum=1 - at["θ"], n_steps=2,
        )  # fmt: skip
        return bound_value(found)

    chain.agree("weight_decay_last_value_bound, two steps", done.right, of_product)


DERIVATIONS = (
    derivation("T11", "mean_frank_wolfe_gap_is_small", _mean_gap, cost=0.7),
    derivation("T11", "last_value_of_a_convex_function_is_small", _last_value, cost=0.6),
)
