"""T9: the exponents of the exact smoothness of the synthetic problems, and the curvature of the saturating one."""

from __future__ import annotations

import numpy as np
import sympy as sp

from synthetic.problems.quadratic import Quadratic
from synthetic.problems.saturating import Saturating, saturation_slope

from . import blocks
from .blocks import a, p, power_sum, r, s1, s2
from .chain import Chain, derivation
from .notation import number, symbol
from .point import Point
from .relation import Relation, at_most, equals

__all__ = ["DERIVATIONS"]

x, u = number("x"), symbol("u")

_STEP = 2.0**-20
"""Step of a difference quotient whose error is below the tolerance of comparisons."""


def largest_image(chain: Chain, words: str) -> Relation:
    """Derive ``(Σ (c_i d_i)^q)^{1/q} ≤ S^{1/v}`` under ``‖d‖_p ≤ 1``, S the sum of ``c_i^v``."""
    value = chain.use(blocks.largest_norm)[1]
    q = p / (p - 1)
    inside = chain.put(value, {a: q, r: p - q}, "a = q, b = p > 2.")
    outside = chain.given(at_most(symbol("L"), inside.left), words)
    return chain.combine([(1, outside), (1, inside)], "So the smoothness is at most", left=outside.left)


def exponent(chain: Chain) -> sp.Expr:
    """Derive v in p."""
    q = p / (p - 1)
    return chain.equal((a * (a + r) / r).subs({a: q, r: p - q}), p / (p - 2), "v, with 1/v = 1/q - 1/p.").right


def _quadratic(chain: Chain) -> None:
    bound = largest_image(chain, "Horn: Σ s_i(PDQ)^q ≤ Σ (λ_i(P) λ_i(Q) s_i(D))^q, so c_i = λ_i(P) λ_i(Q).")
    v = exponent(chain)
    two = chain.put(bound, {power_sum: s1**v + s2**v}, "Two products of eigenvalues; attained by Hölder's equality.")

    def of_product(exponent: object, at: Point) -> float:
        larger, smaller = sorted((at["s₁"], at["s₂"]), reverse=True)
        zero = np.zeros((2, 2))
        problem = Quadratic(left=np.array([larger, smaller]), right=np.ones(2), start=zero, minimiser=zero)
        return problem.smoothness(exponent)

    chain.agree("quadratic.smoothness", two.right, lambda at: of_product(at["p"], at))
    small = symbol("h")
    total = chain.limit(two.right.subs(p, 2 + 1 / small), small, 0, "p = ∞: the sum.")
    chain.agree("quadratic.smoothness(inf)", total.right, lambda at: of_product("inf", at))


def _saturating(chain: Chain) -> None:
    bound = largest_image(chain, "φ' is 1-Lipschitz and a diagonal has at most the norm of the matrix: c_j = λ_j².")
    v = exponent(chain)
    one, two = symbol("λ₁", samples=("3/2", "1/2", "2")), symbol("λ₂", samples=("1", "3/4", "1/3"))
    squares = chain.put(bound, {power_sum: one ** (2 * v) + two ** (2 * v)}, "Two terms with c = λ².")
    s = 2 * v
    chain.equal(squares.right, ((one**s + two**s) ** (1 / s)) ** 2, "That is ‖λ‖_s² with s = 2v.")
    power = chain.given(equals(symbol("s"), s), "The exponent of λ.")

    def of_product(at: Point) -> float:
        zero = np.zeros((2, 2))
        return Saturating(curvatures=np.array([at["λ₁"] ** 2, at["λ₂"] ** 2]), start=zero, minimiser=zero).smoothness(
            at["p"]
        )

    whole = (one**power.right + two**power.right) ** (2 / power.right)
    chain.agree("saturating.smoothness", whole, of_product)
    small = symbol("h")
    muon = chain.limit(power.right.subs(p, 2 + 1 / small), small, 0, "p = ∞.")
    chain.agree(
        "saturating.smoothness(inf)", (one**muon.right + two**muon.right) ** (2 / muon.right),
        lambda at: Saturating(
            curvatures=np.array([at["λ₁"] ** 2, at["λ₂"] ** 2]), start=np.zeros((2, 2)), minimiser=np.zeros((2, 2))
        ).smoothness("inf"),
    )  # fmt: skip


def _curvature(chain: Chain) -> None:
    """φ'' lies in [-1/4, 1] and attains both ends."""
    phi = chain.given(equals(symbol("φ"), x**2 / (2 * (1 + x**2))), "φ.").right
    first = chain.equal(sp.diff(phi, x), sp.factor(sp.diff(phi, x)), "Its slope.")
    second = chain.equal(sp.diff(first.right, x), sp.factor(sp.diff(first.right, x)), "Its curvature.")
    flat = sp.numer(sp.together(sp.factor(sp.diff(second.right, x))))
    curved = second.right.subs(x**2, u).subs(x, sp.sqrt(u))
    top = chain.equal(second.right.subs(x, 0), curved.subs(u, 0), "The curvature at 0.")
    half_line = {u: (sp.Integer(0), sp.oo)}
    chain.ordered(curved, top.right, half_line, "It is nowhere larger, with u = x².")
    place = chain.solve(sp.factor(flat.subs(x, sp.sqrt(u)) / sp.sqrt(u)), u, "It is stationary elsewhere only at")
    bottom = chain.equal(
        curved.subs(u, place.right), second.right.subs(x, -sp.sqrt(place.right)), "The curvature there."
    )
    chain.ordered(bottom.right, curved, half_line, "It is nowhere smaller.")

    def slope_of_product(at: float) -> float:
        step = _STEP
        return float(saturation_slope(np.array(at + step)) - saturation_slope(np.array(at - step))) / (2 * step)

    chain.agree("slope of saturation_slope at 0", top.right, lambda _: slope_of_product(0.0))
    chain.agree("slope of saturation_slope at -1", bottom.right, lambda _: slope_of_product(-1.0))
    chain.agree("-1 is the stationary point", -sp.sqrt(place.right), lambda _: -1.0)


DERIVATIONS = (
    derivation("T9", "smoothness_of_quadratics", _quadratic, cost=0.6),
    derivation("T9", "exponent_of_saturating_problems", _saturating, cost=0.6),
    derivation("T9", "curvature_of_saturation", _curvature, cost=0.1),
)
