"""D3, T13a: the weights of the gradients in the momentum, and of the draws in a minibatch."""

from __future__ import annotations

import numpy as np
import sympy as sp

from schattor_theory import Schattor
from schattor_theory.assumptions import minibatch_shape

from .calculus import coefficient
from .chain import Chain, derivation
from .momentum import M0, G, M
from .notation import function, index, symbol
from .point import Point
from .relation import at_most, equals
from .stationarity import shape_of
from .symbols import BETA, SIGMA, THETA, C, K, k

__all__ = ["DERIVATIONS"]

j, n = index("j"), index("n", samples=("5", "4", "7"))
mu = symbol("μ", samples=("1/2", "9/10", "1/7"))
x = symbol("x")
old, now = symbol("w_(j-1)", "w_{j-1}"), symbol("w_j")


def _average(chain: Chain) -> tuple[sp.Expr, sp.Expr]:
    """Return the factors of the past and of the fresh gradient in D3."""
    step = chain.given(equals(M, (1 - THETA) * M0 + THETA * G), "D3.")
    return coefficient(step.right, M0), coefficient(step.right, G)


def _weight_of(age: int, step: int, momentum: float, *, bias_correction: bool = False) -> float:
    """Return what the optimizer's momentum has of the gradient that is so many steps old."""
    optimizer = Schattor(2, 1.0, momentum, bias_correction=bias_correction)
    x = np.zeros((1, 1))
    state = optimizer.init(x)
    for i in range(step + 1):
        x, state = optimizer.step(x, np.full((1, 1), float(i == step - age)), state)
    return float(np.asarray(state.momentum)[0, 0])


def _constant(chain: Chain) -> None:
    """Constant θ: weights θ(1-θ)^j of age j, and the power of 1 - θ on the first gradient; together they are 1."""
    kept, fresh = _average(chain)
    before = chain.given(equals(old, fresh * kept ** (j - 1)), "Induction over the age; at age 0 it is fresh.")
    later = chain.given(equals(now, kept * old), "D3 multiplies what is there by the factor of the past.")
    weight = chain.combine([(1, later), (kept, before)], "The weight of a gradient of age j.", left=now)
    first = chain.given(equals(symbol("w(G_0)"), kept**n), "M_0 = G_0 has been multiplied n times.")
    total = chain.total(weight.right, j, 0, n, 1 - kept**n, "The weights of ages 0 to n - 1.")
    chain.combine([(1, total), (1, first)], "So it is an average.", left=total.left + first.left)

    def of_age(age: int, step: int, at: Point) -> float:
        return _weight_of(age, step, 1 - at["θ"])

    chain.agree("Schattor, age j", weight.right, lambda at: of_age(at.whole["j"], at.whole["j"] + 1, at))
    chain.agree("Schattor, first gradient", first.right, lambda at: of_age(at.whole["n"], at.whole["n"], at))


def _bias_corrected(chain: Chain) -> None:
    """θ_k of bias correction: weights in proportion to the powers of μ, as heavy ball has them; together they are 1."""
    schedule = chain.given(
        equals(THETA, (1 - mu) / (1 - mu ** (k + 1))), "Bias correction; the steps before have k - 1, k - 2, …"
    )
    kept, fresh = (one.subs(THETA, schedule.right) for one in _average(chain))
    short = chain.equal(kept, mu * (1 - mu**k) / (1 - mu ** (k + 1)), "The factor of the past.")
    past = fresh.subs(k, k - 1) * mu ** (j - 1)
    before = chain.given(equals(old, past), "Induction over the age, at step k - 1; at age 0 it is fresh.")
    later = chain.given(equals(now, short.right * old), "D3 multiplies what is there by the factor of the past.")
    weight = chain.combine(
        [(1, later), (short.right, before)], "The weight of a gradient of age j at step k.", left=now
    )
    chain.equal(weight.right, fresh * mu**j, "In proportion to μ^j, the weight that heavy ball gives it.")
    powers = chain.total(mu**j, j, 0, n, (1 - mu**n) / (1 - mu), "The powers of μ.")
    share = chain.put(schedule, {k: n - 1}, "The factor in front, at the step with n gradients.")
    chain.combine([(share.right, powers)], "So it is an average.", left=share.right * powers.left)
    chain.agree(
        "Schattor(bias_correction=True), age j", weight.right,
        lambda at: _weight_of(at.whole["j"], at.whole["k"], at["μ"], bias_correction=True),
        values=lambda which: {j: which, k: which + 2},
    )  # fmt: skip


def _minibatch(chain: Chain) -> None:
    """A sum of means of m draws is one sum of differences; the powers of its weights are counted."""
    m, whole = symbol("m", samples=("2", "3", "8"), integer=True, positive=True), symbol("(E‖Σ‖_q^β)^(1/β)")
    weight, draws = function("a")(k), symbol("Σ_kj", r"\Sigma_{kj}")
    shape = chain.given(
        at_most(whole, C * SIGMA * draws ** (1 / BETA)),
        "A3: one sum of differences with weights a_k/m, m draws a step; Σ_kj is the sum of their powers β.",
    )
    same = chain.total(x, j, 0, m, m * x, "The m draws of a step have equal weights.")
    batch = chain.put(same, {x: (weight / m) ** BETA}, "They are a_k/m.")
    powers = chain.given(equals(draws, sp.Sum(batch.right, (k, 0, K - 1))), "Summed over the steps.")
    front = chain.split(batch.right, k, K, "The factor of the draws in front.")
    summed = chain.combine([(1, powers), (1, front)], "So the powers are", left=draws)
    root = chain.power(summed, 1 / BETA, "The ℓ_β norm.")
    bound = chain.combine([(1, shape), (C * SIGMA, root)], "Put in.", left=whole)

    def of_product(at: Point) -> float:
        return minibatch_shape(shape_of(at), at.whole["m"]).of_weights(at.rows["a"][: at.whole["K"]])

    def weights(which: int) -> dict[str, list[object]]:
        return {"a": [sp.Rational(1 + (which + 2) * i, 2 + i) for i in range(2**4)]}

    chain.agree("minibatch_shape(shape, m).of_weights(a)", bound.right, of_product, sequences=weights)


DERIVATIONS = (
    derivation("D3", "momentum_is_a_geometric_average", _constant, cost=0.1),
    derivation("D3", "bias_correction_is_the_average_of_heavy_ball", _bias_corrected, cost=0.2),
    derivation("T13a", "minibatch_enters_by_its_power", _minibatch, cost=0.2),
)
