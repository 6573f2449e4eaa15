"""T8, T4f, T13b: norms of one matrix against each other, in rank r, on fresh coordinates and in rank one."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from schattor_theory import bounds
from synthetic.martingales import MARTINGALES
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS

from ..known import known
from . import blocks
from .blocks import a, power_sum, r
from .chain import Chain, derivation
from .notation import symbol
from .point import Point
from .relation import Relation, at_most, equals
from .symbols import BETA, SIGMA, C, L, k

__all__ = ["DERIVATIONS"]

p, q = symbol("p", samples=("3", "5/2", "8")), symbol("q", samples=("1", "5/4", "3/2"))
rank = symbol("r", samples=("2", "5", "16"), integer=True, positive=True)
n = symbol("n", samples=("2", "3", "5"), integer=True, positive=True)


def _power_mean(chain: Chain, low: sp.Expr, gap: sp.Expr, sides: tuple[str, str], why: str) -> Relation:
    """Derive ``‖x‖_low ≤ r^{1/low-1/high} ‖x‖_high`` for r numbers, ``high = low + gap``, in symbols of these names."""
    value = chain.use(blocks.largest_norm)[1]
    ones = chain.put(value, {a: low, r: gap, power_sum: rank}, "r numbers, c = 1, so S = r.")
    smaller, larger = (symbol(name) for name in sides)
    scaled = chain.given(at_most(smaller / larger, ones.left), why)
    bound = chain.combine([(1, scaled), (1, ones)], "So they differ by at most", left=scaled.left)
    return chain.combine([(larger, bound)], "Multiply.", left=smaller)


def _transfer(chain: Chain) -> None:
    """T8: power means for the gradients and for the steps, with the Frobenius norm between them."""
    dual = p / (p - 1)
    gradient = _power_mean(chain, dual, 2 - dual, ("‖G‖_q", "‖G‖_F"), "The singular values of G, scaled; q < 2.")
    step = _power_mean(chain, sp.Integer(2), p - 2, ("‖D‖_F", "‖D‖_p"), "The singular values of D, scaled; p > 2.")
    smooth = chain.given(at_most(symbol("‖G‖_F"), L * symbol("‖D‖_F")), "G is the change of the gradient along D.")
    norms, steps = gradient.right / symbol("‖G‖_F"), step.right / symbol("‖D‖_p")
    whole = chain.combine([(1, gradient), (norms, smooth), (norms * L, step)], "Together.", left=gradient.left)
    factor = whole.right / (L * symbol("‖D‖_p"))
    chain.agree("norm_transfer", norms, lambda at: bounds.norm_transfer(at["p"] / (at["p"] - 1), at.whole["r"])[1])
    chain.agree("the other side", steps, lambda at: 1 / bounds.norm_transfer(at["p"], at.whole["r"])[0])
    chain.agree("smoothness_transfer", factor, lambda at: bounds.smoothness_transfer(at["p"], at.whole["r"]))
    small = symbol("h")
    muon = chain.limit(factor.subs(p, 2 + 1 / small), small, 0, "p = ∞.")
    chain.agree("smoothness_transfer(inf)", muon.right, lambda at: bounds.smoothness_transfer("inf", at.whole["r"]))


def _fresh_coordinates(chain: Chain) -> None:
    """T4f: signs on fresh coordinates have the norm of their number; a moment shape must pay for it."""
    total = chain.total(SIGMA**q, k, 0, n, n * SIGMA**q, "n singular values σ.")
    size = symbol("‖S‖_q")
    power = chain.given(equals(size**q, total.left), "S is diagonal with entries ±σ, n of them.")
    norm = chain.power(chain.combine([(1, power), (1, total)], "So", left=size**q), 1 / q, "Take the root.")

    def of_martingale(at: Point) -> float:
        family = MARTINGALES["fresh_coordinates"]
        count = at.whole["n"]
        built = family.build((count, count), count, scale=at["σ"])
        return known(built.moment(at["q"], 1.0), "moment")

    chain.agree("fresh_coordinates, moment", norm.right, of_martingale)
    shape = chain.given(
        at_most(size, C * SIGMA * n ** (1 / BETA)), "A moment shape, all weights 1; ‖S‖_q is not random."
    )
    unit = 1 / (SIGMA * n ** (1 / BETA))
    price = chain.combine([(unit, shape), (-unit, norm)], "So c is at least", left=unit * norm.right)
    chain.agree(
        "price_of_dimension", sp.powsimp(price.left * C / price.right),
        lambda at: bounds.price_of_dimension(at["q"], at["β"], at.whole["n"], conditionally_symmetric=True),
    )  # fmt: skip


def _lift(chain: Chain) -> None:
    """T13b: matrices of rank one have one norm, and no other column adds to it."""
    names = ("‖∇f(X)-∇f(Y)‖_q", "|∇h(x)-∇h(y)|", "|x-y|", "‖X-Y‖_∞", "‖X-Y‖_p")
    outer, inner, step, top, whole = (symbol(name) for name in names)
    one = chain.given(equals(outer**q, inner**q), "∇f(X) = ∇h(x)e_1ᵀ, x = Xe_1: one singular value.")
    rank_one = chain.power(one, 1 / q, "Take the root.")
    smooth = chain.given(at_most(inner, L * step), "h is L-smooth.")
    column = chain.given(at_most(step, top), "x - y = (X-Y)e_1, and e_1 has length 1.")
    rest = symbol("Σ_(i>1) s_i^p", r"\sum_{i>1}s_i^p", nonnegative=True)
    power = chain.given(equals(whole**p, top**p + rest), "The largest singular value is ‖X-Y‖_∞.")
    others = chain.given(at_most(0, rest), "Powers of singular values.")
    largest = chain.power(
        chain.combine([(1, others), (-1, power)], "Leave them out.", left=top**p), 1 / p, "Take the root."
    )
    bound = chain.combine(
        [(1, rank_one), (1, smooth), (L, column), (L, largest)], "Together, with equality along e_1.", left=outer
    )

    def of_lift(exponent: str) -> Callable[[Point], float]:
        return lambda at: PROBLEMS["lift"].build((2, 2), exponent, smoothness=at["L"]).smoothness(exponent)

    for exponent in ("1", "2", "inf"):
        chain.agree(f"lift, smoothness at p = {exponent}", bound.right / whole, of_lift(exponent))
    covariance = symbol("‖Σ^(1/2)‖_q", r"\Vert\Sigma^{1/2}\Vert_q")
    noise = chain.given(
        equals(covariance**q, (SIGMA**2) ** (q / 2)), "Z = ze_1ᵀ: E ZᵀZ ⪯ σ²e_1e_1ᵀ, which has one eigenvalue σ²."
    )
    level = chain.power(noise, 1 / q, "Take the root.")

    def right_sigma(at: Point) -> float:
        noise = NOISES["fixed_signs"].build((2, 2), "inf", sigma=at["σ"], weights="one_hot")
        return noise.covariance_sigma("inf", "right")

    chain.agree("noise in one column, covariance_sigma", level.right, right_sigma)


DERIVATIONS = (
    derivation("T4f", "fresh_coordinates_are_not_averaged_by_any_shape", _fresh_coordinates, cost=0.1),
    derivation("T8", "norms_transfer_by_power_means", _transfer, cost=1),
    derivation("T13b", "lift_has_the_constants_of_its_function", _lift, cost=0.1),
)
