"""D3, T3: the error of momentum, its drift and the weight of its noise; the lemma on schedules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from .calculus import coefficient
from .chain import Chain, derivation
from .notation import function, index, sample, symbol, vector
from .point import Point
from .relation import Relation, at_most, equals, norm
from .symbols import BETA, ETA, EXCESS, THETA, L, k

__all__ = ["DERIVATIONS", "drift_bound", "error_recursion", "noise_recursion", "schedule_lemma", "stationary_noise"]

M, G, Z, e = vector("M_k"), vector("G_k"), vector("Z_k"), vector("e_k")
M0, e0, g, g0 = (
    vector("M_(k-1)", "M_{k-1}"),
    vector("e_(k-1)", "e_{k-1}"),
    vector("∇f_k"),
    vector("∇f_(k-1)", r"\nabla f_{k-1}"),
)
B0, N0 = vector("B_(k-1)", "B_{k-1}"), vector("N_(k-1)", "N_{k-1}")
b0 = symbol("b_(k-1)", "b_{k-1}", nonnegative=True)
A, A0 = symbol("A_k"), symbol("A_(k-1)", "A_{k-1}")
n = index("n")

_MANY = 2**11
"""Steps after which a recursion is at its limit in double precision, or a schedule is trusted."""
THETA0 = symbol("θ_(k-1)", r"\theta_{k-1}")


def momentum_is_below_one(chain: Chain) -> Relation:
    """Take ``θ ≤ 1``."""
    return chain.given(at_most(THETA, 1), "θ is a weight.")


def error_recursion(chain: Chain) -> Relation:
    """Derive ``e_k = (1-θ)(e_{k-1} + ∇f_{k-1} - ∇f_k) + θZ_k`` from D3."""
    momentum = chain.given(equals(M, (1 - THETA) * M0 + THETA * G), "D3.")
    sample = chain.given(equals(G, g + Z), "The noise is Z_k = G_k - ∇f_k.")
    before = chain.given(equals(M0, e0 + g0), "e_(k-1) = M_(k-1) - ∇f_(k-1).")
    split = (1 - THETA) * (e0 + g0 - g) + THETA * Z
    whole = chain.combine([(1, momentum), (THETA, sample), (1 - THETA, before)], "Subtract ∇f_k from D3.", left=M - g)
    return chain.equal(whole.right, split, "Collect the past and the fresh noise.")


def drift_step(chain: Chain) -> Relation:
    """Derive ``‖B_k‖ ≤ (1-θ)(b_{k-1} + (1+ω)Lη)`` from ``‖B_{k-1}‖ ≤ b_{k-1}``."""
    fact = momentum_is_below_one(chain)
    past = norm(B0, "q")
    change, step = norm(g0 - g, "q"), symbol("‖X_k-X_(k-1)‖_p", r"\Vert X_k-X_{k-1}\Vert_p", nonnegative=True)
    old = chain.given(at_most(past, b0), "The bound one step before.")
    a2 = chain.given(at_most(change, L * step), "A2.")
    moved = chain.given(at_most(step, ETA * (1 + EXCESS)), "The step is η times a direction of norm ≤ 1 + ω.")
    now = norm((1 - THETA) * (B0 + g0 - g), "q").subs(sp.Abs(1 - THETA), 1 - THETA)
    triangle = chain.given(
        at_most(now, (1 - THETA) * (past + change)), "B_k = (1-θ)(B_(k-1) + ∇f_(k-1) - ∇f_k); triangle inequality."
    )
    return chain.combine(
        [(1, triangle), (1 - THETA, old), (1 - THETA, a2), ((1 - THETA) * L, moved)],
        "The drift grows by what the gradient moves.",
        left=now,
        facts=[fact],
    )


def drift_bound(chain: Chain) -> Relation:
    """Derive the bound on the drift at constant η and θ."""
    step = chain.cite(drift_step, "T3: the drift, one step.")
    level = symbol("b")
    fixed = chain.solve(level - step.right.subs(b0, level), level, "The level that one step reproduces.")
    fact = momentum_is_below_one(chain)
    below = chain.given(at_most(b0, fixed.right), "Induction: b_(k-1) is at most this level, as b_0 = 0 is.")
    return chain.combine([(1, step), (1 - THETA, below)], "Then so is b_k.", left=step.left, facts=[fact])


def noise_recursion(chain: Chain) -> Relation:
    """Derive ``A_k^β = (1-θ)^β A_{k-1}^β + θ^β``, the ℓ_β norm of the weights of ``N_k = (1-θ)N_{k-1} + θZ_k``."""
    weight = function("a")(k)
    past = chain.given(
        equals(A0**BETA, sp.Sum(weight**BETA, (k, 0, n - 1))), "N_(k-1) = Σ a_i Z_i; A is the ℓ_β norm of the weights."
    )
    now = chain.given(
        equals(A**BETA, sp.Sum(((1 - THETA) * weight) ** BETA, (k, 0, n - 1)) + THETA**BETA),
        "N_k = (1-θ) Σ a_i Z_i + θ Z_k.",
    )
    scaled = chain.split(((1 - THETA) * weight) ** BETA, k, n, "The factor of the past in front.")
    return chain.combine(
        [(1, now), (1, scaled), (-((1 - THETA) ** BETA), past)], "So the norms obey a recursion.", left=A**BETA
    )


def stationary_noise(chain: Chain) -> Relation:
    """Derive the fixed point ``κ^β`` of the recursion of ``A_k^β``."""
    step = chain.cite(noise_recursion, "T3: the noise, one step.")
    level = symbol("κ^β", r"\kappa_\theta^\beta")
    return chain.solve(level - step.right.subs(A0**BETA, level), level, "The level that one step reproduces.")


def schedule_lemma(chain: Chain) -> Relation:
    """Derive T3's lemma: ``A_k ≤ θ_k^{1-1/β}`` if ``1/θ_k - 1/θ_{k-1} ≤ 1``."""
    fact, order = momentum_is_below_one(chain), chain.given(at_most(1, BETA), "β ≥ 1.")
    slow = chain.given(at_most(1 / THETA - 1 / THETA0, 1), "The hypothesis of the lemma.")
    level = chain.combine([(THETA * THETA0, slow)], "Multiply by θ_k θ_(k-1).", left=(1 - THETA) * THETA0)
    raised = chain.power(level, BETA - 1, "Both sides are ≥ 0.", facts=[fact, order])
    step = chain.cite(noise_recursion, "T3: the noise, one step.")
    before = chain.given(at_most(A0**BETA, THETA0 ** (BETA - 1)), "Induction; at k = 0 both sides are 1.")
    after = chain.combine(
        [(1, step), ((1 - THETA) ** BETA, before), (1 - THETA, raised)],
        "(1-θ_k)^β θ_(k-1)^(β-1) = (1-θ_k)[(1-θ_k)θ_(k-1)]^(β-1).",
        left=step.left,
        facts=[fact],
    )
    return chain.power(after, 1 / BETA, "Take the root.")


def _error(chain: Chain) -> None:
    error_recursion(chain)
    step = drift_step(chain)

    def drift(at: Point) -> float:
        found = bounds.momentum_error_drift(
            [at["η"], at["η"], 0.0], [1.0, at["θ"], at["θ"]], smoothness=at["L"], norm_excess=at["ω"]
        )
        return float(found[2])

    once = chain.put(step, {b0: 0}, "From b_0 = 0.")
    twice = chain.put(step, {b0: once.right}, "And once more.")
    chain.agree("momentum_error_drift, two steps", twice.right, drift)


def _constant_drift(chain: Chain) -> None:
    bound = drift_bound(chain)

    def limit(at: Point) -> float:
        found = bounds.momentum_error_drift(
            np.full(_MANY, at["η"]), np.r_[1.0, np.full(_MANY - 1, at["θ"])], smoothness=at["L"], norm_excess=at["ω"]
        )
        return float(found[-1])

    chain.agree("momentum_error_drift, limit", bound.right, limit)


def _noise(chain: Chain) -> None:
    step = noise_recursion(chain)
    once = chain.put(step, {A0: 1}, "From A_0 = 1.")
    root = chain.power(once, 1 / BETA, "Take the root.")

    def weight(at: Point) -> float:
        return float(bounds.momentum_error_weights([1.0, at["θ"]], at["β"])[1])

    chain.agree("momentum_error_weights, one step", root.right, weight)


def _lemma(chain: Chain) -> None:
    bound = schedule_lemma(chain)

    def of_product(at: Point) -> float:
        # any slow schedule that ends at θ
        steps = int(np.ceil(1 / at["θ"])) + 1
        thetas = 1 / np.linspace(1, 1 / at["θ"], steps)
        return bound_value(bounds.momentum_error_lemma(thetas, at["β"]))

    chain.agree("momentum_error_lemma", bound.right, of_product)


def _bias_corrected_schedule(chain: Chain) -> None:
    """Bias-corrected momentum is slow in the sense of the lemma, and is heavy ball."""
    mu = symbol("μ", samples=("1/2", "9/10", "1/7"))
    theta = (1 - mu) / (1 - mu ** (k + 1))
    chain.total(mu**k, k, 0, n, 1 / theta.subs(k, n - 1), "1/θ_(n-1) is a geometric sum")
    grown = chain.equal(1 / theta - 1 / theta.subs(k, k - 1), mu**k, "so it grows by its last term.")
    below = chain.given(at_most(mu, 1), "The momentum is below 1.")
    power = chain.power(below, k, "Both sides are ≥ 0.")
    below = chain.combine([(1, grown), (1, power)], "So 1/θ grows by at most this.", left=grown.left)
    _conclude_slow(chain, below, lambda at: bounds.bias_corrected_thetas(at["μ"], _MANY), {mu})


def _conclude_slow(chain: Chain, below: Relation, thetas: Callable[[Point], np.ndarray], names: set[sp.Symbol]) -> None:
    """Conclude that the growth of 1/θ is at most the 1 that the lemma asks for, and that the toolkit sees it so."""

    def accepted(at: Point) -> float:
        return 1.0 if bounds.first_failure_of_the_lemma(thetas(at)) is None else float("nan")

    what = "growth of 1/θ that first_failure_of_the_lemma accepts"
    chain.agree(what, below.right, accepted, values=lambda which: {one: sample(one, which) for one in names})


def _heavy_ball(chain: Chain) -> None:
    """Heavy ball is a multiple of momentum with the weights of bias correction."""
    mu = symbol("μ", samples=("1/2", "9/10", "1/7"))
    V, V0 = vector("V_k"), vector("V_(k-1)", "V_{k-1}")
    ball = chain.given(equals(V, mu * V0 + G), "Heavy ball.")
    before = chain.given(equals(V0, M0 / THETA0), "Induction: V_(k-1) is M_(k-1)/θ_(k-1).")
    whole = chain.combine([(THETA, ball), (THETA * mu, before)], "Multiply by θ_k.", left=THETA * V)
    past = coefficient(whole.right, M0)
    place = chain.solve(past - (1 - THETA), THETA, "It is D3 if M_(k-1) has the factor 1 - θ_k.")
    chain.equal(whole.right, past * M0 + THETA * G, "G_k has θ_k; so V_k is M_k/θ_k.")
    schedule = (1 - mu) / (1 - mu ** (k + 1))
    step = chain.equal(place.right.subs(THETA0, schedule.subs(k, k - 1)), schedule, "θ_k in k, by induction.")
    chain.equal(schedule.subs(k, 0), 1, "It starts at θ_0 = 1, where V_0 = G_0.")

    def last(at: Point) -> float:
        return float(bounds.bias_corrected_thetas(at["μ"], at.whole["k"] + 1)[-1])

    chain.agree("bias_corrected_thetas", step.right, last)


def _polynomial_schedule(chain: Chain) -> None:
    """``θ_k = (k+1)^{-b}``, 0 ≤ b ≤ 1, is slow in the sense of the lemma."""
    b, x = symbol("b", samples=("1/2", "1", "1/5")), symbol("x")
    rest = chain.given(at_most(b, 1), "b ≤ 1.")
    later = chain.given(at_most(1, x), "Step x = k ≥ 1.")
    slope = sp.diff((x**b), x, 2)
    chain.equal(slope, -b * (1 - b) * x ** (b - 2), "x ↦ x^b has a derivative that decreases, as b ≤ 1.")
    tangent = chain.given(at_most((x + 1) ** b, x**b + sp.diff(x**b, x)), "A concave function lies below its tangent.")
    small = chain.power(later, 1 - b, "x ≥ 1.", facts=[rest])
    below = chain.combine(
        [(1, tangent), (b * x ** (b - 1), small), (1, rest)],
        "1/θ_k = (k+1)^b grows by at most b x^(b-1) ≤ 1.",
        left=(x + 1) ** b - x**b,
    )

    _conclude_slow(chain, below, lambda at: np.arange(1.0, _MANY) ** -at["b"], {b})


DERIVATIONS = (
    derivation("D3", "heavy_ball_unrolls_to_bias_corrected_momentum", _heavy_ball, cost=0.1),
    derivation("T3", "momentum_error_is_drift_and_noise", _error, cost=0.1),
    derivation("T3", "drift_is_bounded_at_constant_momentum", _constant_drift, cost=0.1),
    derivation("T3", "noise_weights_obey_a_recursion", _noise, cost=0.1),
    derivation("T3", "slow_schedules_have_small_noise_weights", _lemma, cost=0.1),
    derivation("T3", "bias_corrected_momentum_is_slow", _bias_corrected_schedule, cost=0.1),
    derivation("T3", "polynomial_momentum_is_slow", _polynomial_schedule, cost=0.1),
)
