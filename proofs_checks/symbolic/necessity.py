"""T13c: without momentum a fair walk stays where the slope is, from the moment generating function of its steps."""

from __future__ import annotations

import sympy as sp

from schattor_theory import bounds
from schattor_theory.bounds import BoundValue

from ..known import bound_value
from .chain import Chain, derivation
from .notation import symbol
from .point import Point
from .relation import Relation, at_most, equals
from .stationarity import MEAN
from .symbols import ETA, GAP, SIGMA, K, L

__all__ = ["DERIVATIONS"]

x, t, tilt, reach = symbol("x"), symbol("t"), symbol("λ"), symbol("ϱ", r"\varrho")


def _slope(chain: Chain) -> Relation:
    """Derive the largest slope that noise of twice the gradient allows: then its sign is a fair one."""
    slope, level = symbol("h'", "h'"), symbol("‖Z‖_q")
    noise = chain.given(equals(level, 2 * slope), "Z = ±2∇f: one sign turns G round; ∇f = h'A and ‖A‖_q = 1.")
    return chain.solve(noise.right - SIGMA, slope, "It is σ at the slope")


def _walk_comes_down(chain: Chain) -> Relation:
    """Derive the probability that a fair walk has come down by ``ϱ√K`` steps within K steps."""
    exponent = K * tilt**2 / 2 - tilt * t
    far, down = symbol("P(S_K≥t)", r"P(S_K\ge t)"), symbol("P(min S_k≤-t)", r"P(\min S_k\le-t)")
    markov = chain.given(
        at_most(far, sp.exp(exponent)), "Markov for e^(λS), with E e^(±λ) = cosh λ ≤ e^(λ²/2): Hoeffding's lemma."
    )
    place, _ = chain.least(exponent, tilt, "The best λ.")
    tail = chain.put(markov, {tilt: place.right}, "At this λ.")
    reflected = chain.given(at_most(down, 2 * far), "Reflection: a walk that was at -t is below it half of the time.")
    both = chain.combine([(1, reflected), (2, tail)], "So it comes down with probability", left=down)
    return chain.put(both, {t: reach * sp.sqrt(K)}, "t = ϱ√K.")


def _lower_bound(chain: Chain) -> None:
    slope = _slope(chain)
    down = _walk_comes_down(chain)
    stays = chain.given(
        at_most((1 - down.left) * slope.right, MEAN),
        "A step moves ⟨A, X⟩ by ±η; above the kink the slope is the largest.",
    )
    bound = chain.combine([(1, stays), (slope.right, down)], "So", left=slope.right * (1 - down.right))

    def of_product(at: Point) -> BoundValue:
        return bounds.no_momentum_lower_bound(
            sigma=at["σ"], smoothness=at.get("L", 1.0), step_size=at.get("η", 1.0), n_steps=at.whole.get("K", 1)
        )

    # how far the start is from the kink, in units of η√K
    unit = of_product(Point({SIGMA: sp.Integer(2)})).constants
    far = {reach: sp.nsimplify(unit["start"] - 1)}
    chain.agree(
        "no_momentum_lower_bound", bound.left * MEAN / bound.right, lambda at: bound_value(of_product(at)),
        values=lambda _: far,
    )  # fmt: skip
    kink = chain.solve(L * x - slope.right, x, "h has the curvature L up to its largest slope: the kink.")
    start = chain.given(equals(symbol("x₀"), kink.right + reach * ETA * sp.sqrt(K)), "Where runs begin.")
    chain.agree("start", start.right, lambda at: of_product(at).constants["start"], values=lambda _: far)
    round_part = chain.integral(L * x, x, 0, kink.right, "From the minimum to the kink.")
    straight = chain.integral(slope.right, x, kink.right, start.right, "From the kink to the start.")
    height = chain.given(equals(GAP, round_part.left + straight.left), "Δ = h(x_0) - min h.")
    gap = chain.combine([(1, height), (1, round_part), (1, straight)], "So", left=GAP)
    chain.agree("initial_gap", gap.right, lambda at: of_product(at).constants["initial_gap"], values=lambda _: far)


DERIVATIONS = (derivation("T13c", "walk_without_momentum_stays_on_the_slope", _lower_bound, cost=0.5),)
