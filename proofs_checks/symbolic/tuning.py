"""T5: the best step size and momentum, the rates, and what is left without momentum."""

from __future__ import annotations

import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from . import stationarity
from .chain import Chain, derivation
from .forms import shortest
from .notation import sample, symbol
from .point import Point
from .relation import Relation, at_most, equals
from .stationarity import KAPPA
from .symbols import BETA, DELTA, ETA, EXCESS, SIGMA, THETA, C, K, k

__all__ = [
    "DERIVATIONS",
    "best_step",
    "exponent_of",
    "leading_momentum",
    "leading_noise",
    "rate",
    "small_step",
    "step_rate",
    "theta_rate",
]

p = symbol("p", samples=("3", "4", "10"))
q = symbol("q", samples=("3/2", "5/4", "9/5"))


def quiet_part(chain: Chain) -> Relation:
    """Derive the terms of T5 that are left without noise."""
    bound = chain.use(stationarity.exact_mean_bound)
    return chain.put(bound, {SIGMA: 0}, "The terms without noise.")


def best_step(chain: Chain) -> tuple[Relation, Relation]:
    """Derive the best step size at given θ, and the value of the terms without noise there."""
    quiet = quiet_part(chain)
    below = chain.given(at_most(THETA, 1), "θ ≤ 1.")
    return chain.least(quiet.right, ETA, "The best step size.", facts=[below])


def best_step_place(chain: Chain) -> Relation:
    """Derive the best step size at given θ."""
    return best_step(chain)[0]


def best_step_value(chain: Chain) -> Relation:
    """Derive the value of the terms without noise at the best step size."""
    return best_step(chain)[1]


def leading_noise(chain: Chain) -> Relation:
    """Derive the noise term of T5 for long runs and small θ, over ``θ^{1-1/β}``."""
    bound = chain.use(stationarity.exact_mean_bound)
    noise = shortest(bound.right - bound.right.subs(SIGMA, 0))
    main = chain.limit(noise, K, sp.oo, "The noise term of a long run.")
    kappa = chain.use(stationarity.limit_of_weights)
    ratio = chain.limit((kappa.right / THETA ** (1 - 1 / BETA)) ** BETA, THETA, 0, "κ^β against θ^(β-1) as θ → 0.")
    root = chain.power(ratio, 1 / BETA, "Take the root.")
    return chain.combine(
        [(main.right / KAPPA, root)],
        "So the noise term is this times θ^(1-1/β), to leading order.",
        left=main.right / KAPPA * root.left,
    )


def leading_form(chain: Chain) -> Relation:
    """Derive the two terms that decide the rate, as a function of θ."""
    value = chain.cite(best_step_value, "T5 at the best step size, without noise.")
    quiet = chain.limit(value.right * sp.sqrt(THETA), THETA, 0, "Its size for small θ, times √θ.")
    noise = chain.use(leading_noise)
    power = THETA ** (1 - 1 / BETA)
    return chain.combine(
        [(1 / sp.sqrt(THETA), quiet), (power, noise)],
        "The leading terms.",
        left=quiet.left / sp.sqrt(THETA) + power * noise.left,
    )


def leading_momentum(chain: Chain) -> tuple[Relation, Relation]:
    """Derive the θ at which the leading terms are least, and their value."""
    form = chain.use(leading_form)
    order = chain.given(at_most(1, BETA), "β > 1.")
    return chain.least(form.right, THETA, "They are least at", facts=[order])


def leading_theta(chain: Chain) -> Relation:
    """Derive the θ at which the leading terms are least."""
    return leading_momentum(chain)[0]


def leading_value(chain: Chain) -> Relation:
    """Derive the least value of the leading terms."""
    return leading_momentum(chain)[1]


def exponent_of(chain: Chain, expression: sp.Expr, variable: sp.Symbol, why: str) -> sp.Expr:
    """Claim, and return, the exponent with which a monomial depends on a variable."""
    exponent = shortest(sp.simplify(variable * sp.diff(sp.expand_log(sp.log(expression), force=True), variable)))
    x = symbol("x")
    chain.equal(expression.subs(variable, x * variable) / expression, x**exponent, why)
    return exponent


def _best_step(chain: Chain) -> None:
    place, value = best_step(chain)

    def of_product(at: Point) -> float:
        oracle = {"direction_defect": at.get("δ", 0.0), "norm_excess": at.get("ω", 0.0)}
        return bounds.best_step_size(at["θ"], initial_gap=at["Δ"], smoothness=at["L"], n_steps=at.whole["K"], **oracle)

    chain.agree("best_step_size", place.right, of_product)
    bound = chain.cite(stationarity.mean_bound, "T5 with an inexact oracle.")
    quiet = chain.put(bound, {SIGMA: 0}, "The terms without noise.")
    fact = chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    below = chain.given(at_most(THETA, 1), "θ ≤ 1.")
    inexact, _ = chain.least(quiet.right, ETA, "The best step size of an inexact oracle.", facts=[fact, below])
    chain.agree("best_step_size(δ, ω)", inexact.right, of_product)

    def at_best(at: Point) -> float:
        eta = bounds.best_step_size(at["θ"], initial_gap=at["Δ"], smoothness=at["L"], n_steps=at.whole["K"])
        found = bounds.stationarity_bound(
            initial_gap=at["Δ"], smoothness=at["L"], sigma=0.0, moment_order=2, p=2, step_size=eta,
            momentum=1 - at["θ"], n_steps=at.whole["K"],
        )  # fmt: skip
        return bound_value(found)

    chain.agree("stationarity_bound at best_step_size, σ = 0", value.right, at_best)


def _noisy(which: int) -> dict[sp.Symbol, object]:
    """Return sample values with so much noise that momentum helps."""
    return {SIGMA: sample(SIGMA, which) * sample(K, which) ** 2, K: sample(K, which) ** 2}


def _leading_momentum(chain: Chain) -> None:
    place, _ = leading_momentum(chain)

    def of_product(at: Point) -> float:
        momentum = bounds.best_momentum(
            initial_gap=at["Δ"], smoothness=at["L"], sigma=at["σ"], n_steps=at.whole["K"], moment_order=at["β"],
            constant=at["c"], method="leading",
        )  # fmt: skip
        return 1 - momentum

    chain.agree("1 - best_momentum(method='leading')", place.right, of_product, values=_noisy)


def theta_rate(chain: Chain) -> Relation:
    """Derive the exponent of K in the best θ."""
    place = chain.cite(leading_theta, "The best θ of the leading terms.")
    return chain.given(
        equals(symbol("θ-exponent"), exponent_of(chain, place.right, K, "θ is a power of K.")), "The exponent of θ."
    )


def step_rate(chain: Chain) -> Relation:
    """Derive the exponent of K in the best step size."""
    small = chain.use(small_step)
    place = chain.cite(leading_theta, "The best θ of the leading terms.")
    best = small.right.subs(THETA, place.right)
    return chain.given(
        equals(symbol("η-exponent"), exponent_of(chain, best, K, "The step size is a power of K.")),
        "The exponent of η.",
    )


def rate(chain: Chain) -> Relation:
    """Derive the exponent of K in the bound."""
    value = chain.cite(leading_value, "The least value of the leading terms.")
    whole = sp.powsimp(value.right)
    return chain.given(
        equals(symbol("exponent"), exponent_of(chain, whole, K, "The bound is a power of K.")), "Its exponent."
    )


def small_step(chain: Chain) -> Relation:
    """Derive the best step size for small θ."""
    step = chain.cite(best_step_place, "The best step size at given θ.")
    ratio = chain.limit(step.right / sp.sqrt(THETA), THETA, 0, "Over √θ, as θ → 0.")
    root = sp.sqrt(THETA)
    return chain.combine([(root, ratio)], "So for small θ the best step size is", left=root * ratio.left)


def _rates(chain: Chain) -> None:
    theta, eta, bound = theta_rate(chain).right, step_rate(chain).right, rate(chain).right
    chain.agree("rate_exponent", -bound, lambda at: bounds.rate_exponent(at["β"]))
    chain.agree("tuned_exponents, of η", -eta, lambda at: bounds.tuned_exponents(at["β"])[0])
    chain.agree("tuned_exponents, of θ", -theta, lambda at: bounds.tuned_exponents(at["β"])[1])
    epsilon = symbol("ε")
    samples = chain.solve(epsilon - K**bound, K, "So many samples make the power of K in the bound equal to ε.")
    order = exponent_of(chain, samples.right, epsilon, "Samples as a power of ε.")
    chain.agree("-1/rate_exponent", order, lambda at: -1 / bounds.rate_exponent(at["β"]))
    chain.equal(K ** (-theta) / K, K ** (2 * bound), "The burn-in term 1/(θK) is of the order of its square.")
    dual = chain.given(equals(BETA, p / (p - 1)), "N1 with α ≥ q, p ≥ 2: the shape has β = q = p/(p-1).")
    at_p = chain.equal(
        bound.subs(BETA, dual.right), shortest(sp.simplify(bound.subs(BETA, dual.right))), "The rate of N1 in p."
    )
    chain.agree("rate_exponent at β = q", -at_p.right, lambda at: bounds.rate_exponent(at["p"] / (at["p"] - 1)))
    muon = chain.limit(at_p.right, p, sp.oo, "Muon, p = ∞: no rate under N1.")
    chain.agree("rate_exponent(1)", -muon.right, lambda _: bounds.rate_exponent(1))
    sgd = chain.equal(at_p.right.subs(p, 2), bound.subs(BETA, 2), "Normalised SGD, p = 2: the rate of β = 2.")
    chain.agree("rate_exponent(2)", -sgd.right, lambda _: bounds.rate_exponent(2))


def _without_momentum(chain: Chain) -> None:
    """θ = 1: no drift, weights 1."""
    step = stationarity.one_step(chain, ETA)
    error = chain.given(at_most(stationarity.ERROR(k), C * SIGMA), "T3 at θ = 1: e_k = Z_k, so b_k = 0 and A_k = 1.")
    fact = chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    bounded = chain.combine(
        [(1, step), (ETA * (2 + EXCESS - DELTA), error)], "The noise for the error.", left=step.left, facts=[fact]
    )
    run = stationarity.telescoped(chain, bounded)
    exact = chain.put(run, {DELTA: 0, EXCESS: 0}, "The exact oracle.")
    average = chain.given(
        equals(sp.Sum(stationarity.GRADIENT(k), (k, 0, K - 1)), K * stationarity.MEAN), "The mean over the run."
    )
    mean = chain.combine([(1 / (ETA * K), exact), (-1 / K, average)], "Divide by ηK.", left=stationarity.MEAN)
    place, value = chain.least(mean.right, ETA, "The best step size.")

    def tuned(at: Point) -> bounds.Tuning:
        return bounds.tuned(at["Δ"], at["L"], at.get("σ", 0.0), at.whole["K"], 1, at.get("c", 1.0))

    chain.agree("tuned at β = 1, step size", place.right, lambda at: tuned(at).step_size)
    chain.agree("tuned at β = 1, bound", value.right, lambda at: bound_value(tuned(at).bound))


DERIVATIONS = (
    derivation("T5", "best_step_size_minimises_the_bound", _best_step, cost=0.7),
    derivation("T5", "best_momentum_minimises_the_leading_terms", _leading_momentum, cost=2),
    derivation("T5", "rates_follow_from_the_best_parameters", _rates, cost=1),
    derivation("T5", "without_momentum_the_noise_stays", _without_momentum, cost=0.2),
)
