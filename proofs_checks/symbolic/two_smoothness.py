"""T4e: the constant of two-smoothness for differences that commute, from above by Hölder and from below by Taylor.

Ball, Carlen and Lieb have shown that matrices have the constant of numbers; here it is derived for numbers.
"""

from __future__ import annotations

import math

import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from .chain import Chain, derivation
from .notation import function, number, symbol
from .point import Point
from .relation import Relation, at_most, equals
from .symbols import K, k

__all__ = ["DERIVATIONS"]

p = symbol("p", samples=("3", "5/2", "8"))
x, t, s = symbol("x"), symbol("t"), symbol("s")
b, slope = (number(name, samples=("1/2", "-1/3", "2/5")) for name in ("b", "N'"))
total, curvature, size = symbol("N"), symbol("N''"), symbol("‖B‖_p")
weighted = symbol("Σ|x|^(p-2)b²", r"\textstyle\sum|x|^{p-2}b^2")
WHOLE, PART = function("E‖S‖²", r"\mathbb E\Vert S_{#}\Vert_p^2"), function("E‖Z‖²", r"\mathbb E\Vert Z_{#}\Vert_p^2")


def curvature_bound(chain: Chain) -> Relation:
    """Derive the bound on φ'' by ``‖B‖_p²`` for ``φ(t) = ‖A + tB‖_p²``, A and B diagonal."""
    order = chain.given(at_most(2, p), "p ≥ 2.")
    power = sp.diff((x + t * b) ** p, t, 2).subs(t, 0)
    entry = chain.equal(
        power, sp.simplify(power / (x ** (p - 2) * b**2)) * x ** (p - 2) * b**2, "The power of an entry x + tb, x > 0."
    )
    factor = entry.right / (x ** (p - 2) * b**2)
    second = chain.given(equals(curvature, sp.simplify(factor) * weighted), "N = Σ |x + tb|^p over the entries.")
    value = sp.diff((total + slope * t + curvature * t**2 / 2) ** (2 / p), t, 2).subs(t, 0)
    front, falling = (2 / p) * total ** (2 / p - 1), (2 / p) * (1 - 2 / p) * total ** (2 / p - 2)
    split = chain.equal(value, front * curvature - falling * slope**2, "φ = N^(2/p), twice differentiated.")
    square = chain.given(at_most(0, slope**2), "A square.")
    hoelder = chain.given(at_most(weighted, total ** (1 - 2 / p) * size**2), "Hölder with p/(p-2) and p/2.")
    bent = symbol("φ''")
    named = chain.given(equals(bent, split.right), "φ''.")
    return chain.combine(
        [(1, named), (falling, square), (front, second), (front * second.right / weighted, hoelder)],
        "The factor of the square is not positive; so",
        left=bent,
        facts=[order],
    )


def one_step(chain: Chain) -> Relation:
    """Derive by how much the moment of the sum grows in step k."""
    bound = chain.use(curvature_bound)
    inside = chain.combine([(1 - s, bound)], "Times 1 - s.", facts=[chain.given(at_most(s, 1), "0 ≤ s ≤ 1.")])
    taylor = chain.integrate(
        inside, s, 0, 1, symbol("φ(1)-φ(0)-φ'(0)"), "Taylor's formula: the remainder is ∫ (1-s)φ''(s) ds."
    )
    change = number("E φ'(0)")
    mean = chain.given(
        at_most(WHOLE(k + 1) - WHOLE(k) - change, taylor.right / size**2 * PART(k)),
        "Means, A the sum so far and B the next difference.",
    )
    centred = chain.given(equals(change, 0), "φ'(0) is linear in B, whose mean given the past is 0.")
    return chain.combine([(1, mean), (1, centred)], "So in one step", left=sp.Integer(0))


def _two_smoothness(chain: Chain) -> None:
    step = one_step(chain)
    ends = chain.total(WHOLE(k) - WHOLE(k + 1), k, 0, K, WHOLE(0) - WHOLE(K), "The moments of the sums telescope.")
    run = chain.accumulate(step, k, K, "Sum over the steps.", ends=ends)
    start = chain.given(equals(WHOLE(0), 0), "The empty sum.")
    bound = chain.combine([(1, run), (1, start)], "So", left=WHOLE(K))

    def of_product(at: Point) -> float:
        moments = at.rows["E‖Z‖²"][: at.whole["K"]]
        return bound_value(bounds.two_smooth_bound(math.fsum(moments), p=at["p"]))

    def moments(which: int) -> dict[str, list[object]]:
        return {"E‖Z‖²": [sp.Rational(1 + which * i, 2 + i) for i in range(2**4)]}

    chain.agree("two_smooth_bound", bound.right, of_product, sequences=moments)


def _no_smaller_constant(chain: Chain) -> None:
    """``A = diag(1, 1)``, ``B = diag(t, -t)`` with a fair sign, t small: a step needs the whole constant."""
    grown = (((1 + t) ** p + (1 - t) ** p) / 2) ** (2 / p)
    before = chain.given(equals(symbol("‖A‖²"), 2 ** (2 / p)), "Two singular values 1.")
    added = chain.given(equals(symbol("‖B‖²"), t**2 * 2 ** (2 / p)), "Two singular values t.")
    after = chain.given(equals(symbol("E‖A+B‖²"), grown * 2 ** (2 / p)), "1 + t and 1 - t, whatever the sign.")
    taylor = chain.series(grown, t, 2, "E‖A+B‖²/‖A‖²", "To second order in t.")
    chain.equal(after.right / before.right, grown, "E‖A+B‖²/‖A‖².")
    needed = (taylor.right - 1) * before.right / added.right
    chain.agree(
        "two_smooth_bound", sp.simplify(needed), lambda at: bound_value(bounds.two_smooth_bound(1.0, p=at["p"]))
    )


DERIVATIONS = (
    derivation("T4e", "two_smoothness_follows_from_the_curvature_of_the_norm", _two_smoothness, cost=0.5),
    derivation("T4e", "one_step_needs_the_whole_constant", _no_smaller_constant, cost=0.3),
)
