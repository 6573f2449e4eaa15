"""D1, D4, T7: the duality maps and the constants of several blocks, from Lagrange conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import sympy as sp

from schattor_theory import ProductGeometry, bounds, duality_map

from .chain import Chain, derivation
from .forms import shortest
from .notation import index, symbol
from .point import Point
from .relation import Relation, at_most, equals
from .stationarity import shape_of
from .symbols import SIGMA, C

__all__ = ["DERIVATIONS", "largest_norm"]

# the exponents of a norm of x and of the larger one of its constraint
a, r = symbol("a", samples=("1", "4/3", "3/2")), symbol("r", samples=("1", "5/2", "7/3"))
b = a + r
c, x, multiplier, power_sum = symbol("c"), symbol("x"), symbol("Λ"), symbol("S")
p = symbol("p", samples=("3", "5/2", "8"))
s1, s2 = symbol("s₁", samples=("3", "1/2", "5")), symbol("s₂", samples=("2", "4/3", "1/7"))


def largest_norm(chain: Chain) -> tuple[Relation, Relation]:
    """Derive the maximiser of ``Σ (c_i x_i)^a`` under ``Σ x_i^b = 1``, b > a, and the largest value to the power 1/a.

    S is ``Σ c_i^v`` with ``1/v = 1/a - 1/b``.
    """
    place, value = chain.least(
        multiplier * x**b - (c * x) ** a,
        x,
        "For each i the Lagrangian Λx^b - (cx)^a falls and then rises: its minimum.",
    )
    exponent = chain.equal(shortest(a * b / (b - a)), 1 / (1 / a - 1 / b), "v, with 1/v = 1/a - 1/b.")
    v = exponent.left
    share = chain.equal(place.right**b / c**v, (place.right**b / c**v).subs(c, 1), "x^b is proportional to c^v.")
    found = chain.solve(power_sum * share.right - 1, multiplier, "Σ x^b = 1, with S = Σ c^v.")
    best = chain.put(equals(x, place.right), {multiplier: found.right}, "So the maximiser is")
    part = chain.equal(
        (c * best.right) ** a / c**v, ((c * best.right) ** a / c**v).subs(c, 1), "(cx)^a is proportional to c^v, too."
    )
    attained = chain.equal(power_sum * part.right, power_sum ** (a / v), "So Σ (cx)^a is")
    total, size = symbol("T"), symbol("X")
    lagrange = chain.given(
        at_most(total, multiplier * size - (value.right / c**v).subs(c, 1) * power_sum),
        "T = Σ (cx)^a, X = Σ x^b: each Λx^b - (cx)^a is at least its minimum, which is proportional to c^v.",
    )
    feasible = chain.given(at_most(size, 1), "The constraint.")
    dual = chain.combine([(1, lagrange), (multiplier, feasible)], "So for every Λ", left=total)
    bound = chain.put(dual, {multiplier: found.right}, "At this Λ.")
    chain.equal(bound.right, attained.right, "This is attained, so no x does better.")
    norm = chain.power(bound, 1 / a, "The norm.")
    return best, norm


def duality_weights(chain: Chain) -> Relation:
    """Derive the maximiser of ``Σ s_i d_i`` under ``Σ d_i^p = 1``, in p."""
    best = chain.use(largest_norm)[0]
    return chain.put(best, {a: 1, r: p - 1}, "a = 1, b = p.")


def _duality_map(chain: Chain) -> None:
    best = duality_weights(chain)
    value = chain.use(largest_norm)[1]
    at = chain.put(value, {a: 1, r: p - 1}, "a = 1, b = p: T = Σ s_i d_i.")
    trace = chain.given(at_most(symbol("⟨M,D⟩"), at.left), "von Neumann: ⟨M, D⟩ ≤ Σ s_i(M) s_i(D).")
    dual = chain.combine([(1, trace), (1, at)], "So the dual norm is at most", left=trace.left)
    q = p / (p - 1)
    two = s1**q + s2**q
    first = chain.put(best, {c: s1, power_sum: two}, "Two singular values: the first weight.")

    def of_product(exponent: float, at: Mapping[str, float]) -> float:
        return float(duality_map(np.diag([at["s₁"], at["s₂"]]), exponent)[0, 0])

    chain.agree("duality_map", first.right, lambda at: of_product(at["p"], at))
    norm = chain.put(dual, {power_sum: two}, "And the norm it attains.")

    def paired(at: Point) -> float:
        m = np.diag([at["s₁"], at["s₂"]])
        return float(np.sum(m * duality_map(m, at["p"])))

    chain.agree("<M, duality_map(M)>", norm.right, paired)
    small = symbol("h")
    muon = chain.limit(first.right.subs(p, 1 + 1 / small), small, 0, "p = ∞: every weight is 1, the polar factor.")
    chain.agree("duality_map(p=inf)", muon.right, lambda at: of_product(math.inf, {"s₁": 2.0, "s₂": 1.0} | at))
    plain = chain.put(first, {p: 2}, "p = 2: M/‖M‖.")
    chain.agree("duality_map(p=2)", plain.right, lambda at: of_product(2, at))


def _top_singular_value(chain: Chain) -> None:
    """p → 1: the top singular value alone, shared by its multiplicity."""
    best = chain.use(duality_weights)
    z, q = symbol("z"), symbol("q")
    k = index("k")
    below = chain.limit(sp.exp(-z * (q - 1)), q, sp.oo, "A smaller singular value s = s₁e^(-z): (s/s₁)^(q-1) → 0.")
    top = chain.put(best, {c: 1, power_sum: k + below.right}, "The top one, scaled to 1, k times.")
    weight = chain.limit(top.right, p, 1, "Its weight as p → 1.")

    def of_product(at: Point) -> float:
        values = [2.0] * at.whole["k"] + [1.0]
        return float(duality_map(np.diag(values), 1)[0, 0])

    chain.agree("duality_map(p=1)", weight.right, of_product)


def _balance(chain: Chain) -> None:
    """D4: the weights of the blocks are those of D1 for the sequence of block norms."""
    best = duality_weights(chain)
    value = chain.use(largest_norm)[1]
    at = chain.put(value, {a: 1, r: p - 1}, "a = 1, b = p: T = Σ y_b w_b.")
    pairing = chain.given(
        at_most(symbol("Σ⟨M_b,D_b⟩"), at.left), "Hölder in each block, y_b = ρ_b‖M_b‖, w_b = ‖D_b‖/ρ_b."
    )
    bound = chain.combine([(1, pairing), (1, at)], "So the dual norm is at most", left=pairing.left)
    t = symbol("t", samples=("3", "5/2", "8"))
    dual = t / (t - 1)
    first = chain.put(best, {p: t, c: s1, power_sum: s1**dual + s2**dual}, "Two blocks, ‖w‖_t = 1: the first weight.")

    def of_product(balance: float, at: Mapping[str, float]) -> float:
        radius = 2.0
        geometry = ProductGeometry({"one": 2, "two": 2}, radii={"one": radius}, balance=balance)
        blocks = {"one": np.array([[at["s₁"] / radius]]), "two": np.array([[at["s₂"]]])}
        return float(geometry.duality_map(blocks)["one"][0, 0]) / radius

    chain.agree("ProductGeometry.duality_map", first.right, lambda at: of_product(at["t"], at))
    norm = chain.put(bound, {p: t, power_sum: s1**dual + s2**dual}, "And the dual norm it attains.")

    def dual_norm(at: Point) -> float:
        geometry = ProductGeometry({"one": 2, "two": 2}, balance=at["t"])
        return float(geometry.dual_norm({"one": np.array([[at["s₁"]]]), "two": np.array([[at["s₂"]]])}))

    chain.agree("ProductGeometry.dual_norm", norm.right, dual_norm)
    small = symbol("h")
    whole = chain.limit(first.right.subs(t, 1 + 1 / small), small, 0, "t = ∞: every block moves by its whole radius.")
    chain.agree(
        "ProductGeometry(balance=inf)", whole.right, lambda at: of_product(math.inf, {"s₁": 2.0, "s₂": 1.0} | at)
    )
    even = chain.put(first, {t: 2}, "t = 2: in proportion to its share.")
    chain.agree("ProductGeometry(balance=2)", even.right, lambda at: of_product(2, at))


def _smoothness(chain: Chain) -> None:
    """T7: the least smoothness of a separable function."""
    t = symbol("t", samples=("3", "5/2", "8"))
    value = chain.use(largest_norm)[1]
    dual = t / (t - 1)
    inside = chain.put(value, {a: dual, r: t - dual}, "a = t', b = t > 2.")
    outside = chain.given(
        at_most(symbol("|||∇f(X)-∇f(Y)|||∗"), inside.left),
        "In each block ρ_b‖∇f(X)-∇f(Y)‖ ≤ ρ_b² L_b x_b, x_b = ‖X_b-Y_b‖/ρ_b, |||X-Y||| = ‖x‖_t = 1.",
    )
    at = chain.combine([(1, outside), (1, inside)], "So the smoothness is at most", left=outside.left)
    exponent = chain.equal(dual * t / (t - dual), t / (t - 2), "v.")
    two = chain.put(at, {power_sum: s1**exponent.right + s2**exponent.right}, "Two blocks with ρ²L = s₁, s₂.")
    chain.agree(
        "product_smoothness", two.right,
        lambda at: bounds.product_smoothness({"one": at["s₁"], "two": at["s₂"]}, balance=at["t"]),
    )  # fmt: skip
    small = symbol("h")
    total = chain.limit(two.right.subs(t, 2 + 1 / small), small, 0, "t = ∞: the sum.")
    chain.agree(
        "product_smoothness(balance=inf)", total.right,
        lambda at: bounds.product_smoothness({"one": at["s₁"], "two": at["s₂"]}),
    )  # fmt: skip


def _moment_shape(chain: Chain) -> None:
    """T7: the moment shape of the blocks together."""
    u = symbol("u", samples=("1", "4/3", "5/4"))
    y1, y2, weights = symbol("E₁"), symbol("E₂"), symbol("(Σa^β)^(1/β)")
    whole = symbol("(E|||S|||∗^β)^(1/β)")
    minkowski = chain.given(
        at_most(whole**u, y1**u + y2**u),
        "‖·‖_t' ≤ ‖·‖_u as u ≤ t'; Minkowski in L_(β/u) as u ≤ β; E_b = (E y_b^β)^(1/β).",
    )
    blocks = [
        chain.given(
            at_most(one, size * C * SIGMA * weights), "The shape of the block, Jensen for β ≤ β_b; ρ_b c_b σ_b."
        )
        for one, size in ((y1, s1), (y2, s2))
    ]
    raised = [chain.power(block, u, "u > 0.") for block in blocks]
    both = chain.combine([(1, minkowski), *((1, one) for one in raised)], "Together.", left=whole**u)
    root = chain.power(both, 1 / u, "Take the root.")
    level = chain.combine([(1 / weights, root)], "Over the weights.", left=whole / weights)

    def of_product(at: Point) -> float:
        shapes = {
            name: shape_of({"σ": at["σ"], "c": at["c"], "β": at["u"] if name == "one" else 2.0})
            for name in ("one", "two")
        }
        return bounds.product_moment_shape(
            shapes, {"one": at["s₁"], "two": at["s₂"]}, balance=math.inf if at["u"] == 1 else 1
        ).scale

    chain.agree("product_moment_shape", level.right, of_product)


DERIVATIONS = (
    derivation("D1", "duality_map_follows_from_lagrange", _duality_map, cost=2),
    derivation("D1", "top_singular_value_is_left_at_p_one", _top_singular_value, cost=1),
    derivation("D4", "weights_of_the_blocks_follow_from_lagrange", _balance, cost=0.6),
    derivation("T7", "smoothness_of_separable_functions", _smoothness, cost=0.6),
    derivation("T7", "moment_shape_of_several_blocks", _moment_shape, cost=0.1),
)
