"""Corollaries of T5: bias-corrected momentum, N2, the parameter-free schedule, high probability."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from . import momentum, stationarity, tuning
from .calculus import coefficient
from .chain import Chain, derivation
from .forms import collected, shortest
from .notation import function, index, sample, symbol, words
from .point import Point
from .relation import Relation, at_most, equals
from .stationarity import MEAN
from .symbols import BETA, DELTA, ETA, EXCESS, GAP, SIGMA, THETA, C, K, L, k

__all__ = ["DERIVATIONS", "bias_corrected", "excess_weight", "logarithm_of_momentum", "square_weight"]

mu = symbol("μ", samples=("1/2", "9/10", "1/7"))
x, t, v = symbol("x"), symbol("t"), symbol("v")
n = index("n")
EXCESS_SUM = symbol("H")
ZERO, ONE = sp.Integer(0), sp.Integer(1)

_FINE = 2.0**-30
"""How finely the largest θ of the toolkit is found."""


def square_weight(chain: Chain) -> Relation:
    """Derive ``A_k²`` of bias-corrected momentum with ``x = μ^{k+1}``, over its limit ``θ/(2-θ)``, at β = 2."""
    j = index("j")
    weights = chain.total(mu ** (2 * j), j, 0, n, (1 - mu ** (2 * n)) / (1 - mu**2), "The squares of the weights μ^j")
    power = chain.given(
        equals(symbol("A_k²"), ((1 - mu) / (1 - mu**n)) ** 2 * weights.left),
        "A_k² is their sum over their sum squared, n = k+1.",
    )
    closed = chain.combine([(1, power), (((1 - mu) / (1 - mu**n)) ** 2, weights)], "So", left=power.left)
    named = chain.equal(
        closed.right.subs(mu**n, x).subs(mu ** (2 * n), x**2),
        (1 - mu) / (1 + mu) * (1 + x) / (1 - x),
        "With x = μ^(k+1).",
    )
    level = chain.use(momentum.stationary_noise)
    limit = chain.equal(
        (1 - mu) / (1 + mu), level.right.subs({BETA: 2, THETA: 1 - mu}), "The first factor is κ² at θ = 1 - μ."
    )
    return chain.equal(named.right / limit.right, (1 + x) / (1 - x), "A_k² over κ².")


def logarithm_of_momentum(chain: Chain) -> Relation:
    """Derive ``θ ≤ ln(1/μ)`` for ``θ = 1-μ``."""
    rise = chain.rises(-sp.log(1 - t) - t, t, {t: (ZERO, ONE)}, "The logarithm of 1/μ against θ = 1 - μ.")
    return chain.put(rise, {t: THETA}, "At θ.")


def excess_weight(chain: Chain) -> Relation:
    """Derive the sum of ``A_k/κ - 1`` over all k, at β = 2, times θ."""
    square = chain.use(square_weight)
    chain.ordered(0, sp.diff(square.right, x), {x: (ZERO, ONE)}, "It increases in x, so A_k decreases in k.")
    u = symbol("u")
    whole_area = sp.Integral(function("h", "h(#)")(mu**u), (u, 0, sp.oo))
    compared = chain.given(
        at_most(EXCESS_SUM, whole_area),
        "H = Σ_k h(μ^(k+1)), h = A_k/κ - 1: a decreasing sequence is summed to at most its integral.",
    )
    chain.equal(sp.diff(mu**u, u), -sp.log(1 / mu) * mu**u, "With x = μ^u: dx = -ln(1/μ) x du.")
    root = sp.sqrt(1 - x**2)
    chain.equal((sp.sqrt(square.right) - 1) / x, 1 / root + (1 / root - 1) / x, "The integrand h(x)/x in two parts.")
    first = chain.integral(1 / root, x, 0, 1, "An arc sine.", primitive=sp.asin(x))
    second = chain.integral((1 / root - 1) / x, x, 0, 1, "A logarithm.", primitive=-sp.log(1 + root))
    whole = chain.combine([(1, first), (1, second)], "Together the integral of h(x)/x.", tidy=sp.expand)
    slow = chain.use(logarithm_of_momentum)
    area = chain.given(
        equals(whole_area, whole.right / -sp.log(1 - THETA)), "Change the variable: du = dx/(x ln(1/μ)), μ = 1 - θ."
    )
    positive = chain.given(at_most(0, -sp.log(1 - THETA)), "μ < 1.")
    return chain.combine(
        [(THETA, compared), (THETA, area), (whole.right / -sp.log(1 - THETA), slow)],
        "So the weights exceed κ by little in the sum.",
        left=THETA * EXCESS_SUM,
        facts=[positive],
        tidy=sp.simplify,
    )


def bias_corrected(chain: Chain) -> Relation:
    """Derive T5 at β = 2 for bias-corrected momentum."""
    step = stationarity.one_step(chain, ETA)
    y = symbol("y")
    chain.ordered(
        mu * (1 - y) / (1 - mu * y), mu, {mu: (ZERO, ONE), y: (ZERO, ONE)}, "1 - θ_k ≤ μ = 1 - θ, with y = μ^k,"
    )
    drift = chain.cite(momentum.drift_bound, "so the drift stays below its bound for constant θ.")
    level = chain.use(momentum.stationary_noise)
    square = chain.put(level, {BETA: 2}, "At β = 2.")
    kappa = chain.power(square, sp.Rational(1, 2), "κ.")
    more = function("h_k", "h_{#}")(k)
    error = chain.given(
        at_most(stationarity.ERROR(k), stationarity.DRIFT(k) + C * SIGMA * kappa.right * (1 + more)),
        "T3, A_k = κ(1 + h_k).",
    )
    below = chain.given(at_most(stationarity.DRIFT(k), drift.right), "The drift.")
    fact, factor = chain.given(at_most(DELTA, 1), "δ ≤ 1."), ETA * (2 + EXCESS - DELTA)
    bounded = chain.combine(
        [(1, step), (factor, error), (factor, below)], "Drift and noise for the error.", left=step.left, facts=[fact]
    )
    run = stationarity.telescoped(chain, bounded)
    exact = chain.put(run, {DELTA: 0, EXCESS: 0}, "The exact oracle.")
    total = sp.Sum(more, (k, 0, K - 1))
    part = chain.given(at_most(total, EXCESS_SUM), "H sums over all k.")
    excess = chain.use(excess_weight)
    average = chain.given(equals(sp.Sum(stationarity.GRADIENT(k), (k, 0, K - 1)), K * MEAN), "The mean over the run.")
    slope = coefficient(exact.right, total)
    return chain.combine(
        [(1 / (ETA * K), exact), (-1 / K, average), (slope / (ETA * K), part), (slope / (ETA * K * THETA), excess)],
        "Divide by ηK.",
        left=MEAN,
        facts=[chain.given(at_most(THETA, 1), "θ ≤ 1.")],
    )


def _bias_corrected(chain: Chain) -> None:
    bound = bias_corrected(chain)
    excess = chain.use(excess_weight)
    chain.agree("bias_correction_excess(2)", excess.right, lambda _: bounds.bias_correction_excess(2.0))

    def of_product(at: Point) -> float:
        found = bounds.stationarity_bound(
            initial_gap=at["Δ"], smoothness=at["L"], sigma=at["σ"] * at["c"], moment_order=2, p=2, noise_model="shape",
            step_size=at["η"], momentum=1 - at["θ"], n_steps=at.whole["K"], bias_correction=True,
        )  # fmt: skip
        return bound_value(found)

    chain.agree("stationarity_bound with bias correction", bound.right, of_product)


def covariance_theta(chain: Chain) -> Relation:
    """Derive the θ of the N2 corollary: the best one for the leading terms at β = 2, c = 1."""
    place = chain.cite(tuning.leading_theta, "T5: the θ that is best for the leading terms.")
    return chain.put(place, {BETA: 2, C: 1}, "N2 has β = 2 and c = 1.")


def covariance_terms(chain: Chain, bound: Relation, gap: Relation) -> tuple[sp.Expr, sp.Expr]:
    """Return the leading part and the burn-in of a bound at the N2 corollary's schedule, in θ and σ."""
    step = chain.use(tuning.small_step)
    at = chain.put(bound, {C: 1, ETA: step.right}, "The step size of the corollary.")
    whole = chain.put(at, {GAP: gap.right}, "And Δ in terms of θ.")
    main = chain.limit(whole.right, K, sp.oo, "What does not vanish at given θ and σ in a long run.")
    rest = chain.equal(whole.right - main.right, shortest(whole.right - main.right), "The burn-in.")
    return main.right, rest.right


def covariance_range(chain: Chain, main: sp.Expr, goal: sp.Expr) -> Relation:
    """Derive up to which θ = 2 - 2v² the leading part ``main`` is at most ``goal``; returns the least v."""
    room = shortest((goal - main) / (SIGMA * sp.sqrt(THETA))).subs(THETA, 2 - 2 * v**2)
    factors = chain.equal(room, sp.factor(sp.simplify(room)), "The room that is left, over σ√θ, with θ = 2 - 2v².")
    bases = (one.as_base_exp()[0] for one in sp.Mul.make_args(sp.numer(sp.together(factors.right))) if one.has(v))
    quadratic = next(base for base in bases if sp.degree(base, v) == 2)
    least = chain.solve(quadratic, v, "It vanishes at v = 1, which is θ = 0, and here.")
    chain.nonnegative(factors.right, {v: (least.right, ONE)}, "Between the two it is ≥ 0.")
    return least


def _much_noise(which: int) -> dict[sp.Symbol, object]:
    """Return sample values with a small θ."""
    return {SIGMA: (2 + 2 * sample(L, which) * sample(GAP, which)) * 2}


def _corollary(part: str, *, bias_correction: bool = True) -> Callable[[Point], float]:
    def value(at: Point) -> float:
        found = bounds.covariance_corollary(
            initial_gap=at["Δ"],
            smoothness=at["L"],
            sigma=at["σ"],
            n_steps=at.whole["K"],
            bias_correction=bias_correction,
        )
        return found.terms[part]

    return value


def _largest_theta() -> float:
    """Return the largest θ that the toolkit's N2 corollary takes, to nine digits."""
    low, high = 0.0, 2.0
    while high - low > _FINE:
        theta = (low + high) / 2
        found = bounds.covariance_corollary(initial_gap=1.0, smoothness=1.0, sigma=2 / theta, n_steps=1)
        low, high = (theta, high) if found.is_applicable else (low, theta)
    return round(low, ndigits=9)


def _covariance(chain: Chain) -> None:
    theta = chain.use(covariance_theta)
    gap = chain.solve(theta.right - THETA, GAP, "Solved for Δ.")
    bound = chain.cite(bias_corrected, "T5 at β = 2 for bias-corrected momentum.")
    main, burn_in = covariance_terms(chain, bound, gap)
    value = chain.cite(tuning.leading_value, "The least value of the leading terms.")
    goal = chain.put(value, {BETA: 2, C: 1}, "At β = 2, c = 1.")
    named = chain.put(goal, {GAP: gap.right}, "In terms of θ.")
    least = covariance_range(chain, main, named.right)
    chain.agree("covariance_corollary, leading", goal.right, _corollary("leading"), values=_much_noise)
    chain.not_beyond("largest θ of covariance_corollary", 2 - 2 * least.right**2, _largest_theta())
    burned = burn_in.subs(THETA, 2 - 2 * v**2) * sp.sqrt(2 - 2 * v**2)
    at_end = burned.subs(v, least.right)
    chain.ordered(
        burned / SIGMA, at_end / SIGMA, {v: (least.right, ONE)}, "√θ times the burn-in, over σ: largest at that end."
    )
    done = chain.put(
        at_most(words("burn-in"), at_end / sp.sqrt(THETA)),
        {THETA: theta.right},
        "So the burn-in is at most this number times",
    )
    number, unit = done.right.as_independent(L, GAP, SIGMA, K)
    chosen = {one: sample(one, 0) for one in (L, GAP, K)} | _much_noise(0)
    product = _corollary("burn_in")(Point(chosen)) / float(unit.subs(chosen))
    chain.rounded_up("factor of burn_in in covariance_corollary", number, product, digits=0)


def _covariance_from_first_gradient(chain: Chain) -> None:
    """With M_0 = G_0 and constant θ."""
    theta = chain.use(covariance_theta)
    gap = chain.solve(theta.right - THETA, GAP, "Solved for Δ.")
    bound = chain.use(stationarity.exact_mean_bound)
    kappa = chain.use(stationarity.limit_of_weights)
    square = chain.put(kappa, {BETA: 2}, "At β = 2.")
    done = chain.put(bound, {stationarity.KAPPA: collected(square.right)}, "With κ written out.")
    main, burn_in = covariance_terms(chain, done, gap)
    value = chain.cite(tuning.leading_value, "The least value of the leading terms.")
    goal = chain.put(value, {BETA: 2, C: 1, GAP: gap.right}, "At β = 2, c = 1, in terms of θ.")
    covariance_range(chain, main, goal.right)
    back = chain.put(equals(words("burn-in"), burn_in), {THETA: theta.right}, "The burn-in in the given constants.")
    chain.agree(
        "covariance_corollary, burn_in from M_0 = G_0", shortest(back.right),
        _corollary("burn_in", bias_correction=False), values=_much_noise,
    )  # fmt: skip


def _high_probability(chain: Chain) -> None:
    """T5-hp: Markov's inequality, and Pinelis' with a union over the steps."""
    gamma, moment, level = symbol("γ", samples=("1/10", "1/20", "1/100")), symbol("m"), symbol("y")
    markov = chain.given(
        at_most(symbol("P"), (moment / level) ** BETA), "Markov for Y^β, (E Y^β)^(1/β) ≤ m by Minkowski; P = P(Y > y)."
    )
    found = chain.solve(markov.right - gamma, level, "This y is exceeded with probability at most γ.")

    def factor(form: str) -> Callable[[Point], float]:
        def value(at: Point) -> float:
            order, n_steps = at.get("β", 2.0), at.whole.get("K", 1)
            mean = bounds.stationarity_bound(
                initial_gap=1.0, smoothness=1.0, sigma=1.0, p=2, step_size=1.0, momentum=0.0, n_steps=n_steps,
                noise_model="shape", moment_order=order,
            )  # fmt: skip
            found = bounds.high_probability_bound(
                initial_gap=1.0, smoothness=1.0, sigma=1.0, p=2, step_size=1.0, momentum=0.0, n_steps=n_steps,
                noise_model="shape", moment_order=order, failure_probability=at["γ"], form=form,
            )  # fmt: skip
            return found.terms["noise"] / mean.terms["noise"]

        return value

    chain.agree("high_probability_bound, factor of the moment form", found.right / moment, factor("moment"))
    rho, weight, logarithm = symbol("ρ²"), symbol("A_k"), symbol("ℒ")
    tail = 2 * sp.exp(-rho / (2 * SIGMA**2 * weight**2))
    pinelis = chain.given(at_most(symbol("P"), K * tail), "Pinelis (1994) for each ‖W⁺N_k‖ > ρ, union over k < K.")
    square = chain.solve(
        -sp.log(pinelis.right / (2 * K)).expand(force=True) - logarithm, rho, "ℒ = ln(2K/γ): then the right side is γ."
    )
    chain.equal(pinelis.right.subs(rho, square.right).subs(logarithm, sp.log(2 * K / gamma)), gamma, "Indeed.")
    root = chain.power(square, sp.Rational(1, 2), "ρ.")
    done = chain.put(root, {logarithm: sp.log(2 * K / gamma)}, "With ℒ written out.")
    chain.agree("high_probability_bound, factor of the bounded form", done.right / (SIGMA * weight), factor("bounded"))


DERIVATIONS = (
    derivation("T5", "bias_corrected_momentum_has_next_to_no_burn_in", _bias_corrected, cost=2),
    derivation("T5-N2", "covariance_corollary_follows", _covariance, cost=2),
    derivation(
        "T5-N2", "covariance_corollary_follows_from_the_first_gradient", _covariance_from_first_gradient, cost=2
    ),
    derivation("T5-hp", "bounds_hold_with_high_probability", _high_probability, cost=0.1),
)
