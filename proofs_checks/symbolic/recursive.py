"""T12: recursive momentum, and its corollary."""

from __future__ import annotations

import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from . import corollaries, momentum, stationarity, tuning
from .calculus import coefficient
from .chain import Chain, derivation
from .notation import index, sample, symbol, vector, words
from .point import Point
from .relation import Relation, at_most, equals
from .stationarity import ERROR, GRADIENT, KAPPA, MEAN, WEIGHT, shape_of
from .symbols import BETA, DELTA, ETA, EXCESS, GAP, SIGMA, THETA, C, K, L, k

__all__ = ["DERIVATIONS"]

SPREAD = symbol("ℓ", samples=("5", "1/3", "2"))
TOP = symbol("ℓ̄", r"\bar\ell", samples=("5", "4/5", "11/4"))
M, M0, e0, g, g0, Z, Z0, Y = (vector(name) for name in ("M", "M'", "e'", "∇f", "∇f'", "Z", "Z'", "Y"))
G, G0 = vector("G"), vector("G'")
x, v, gamma = symbol("x"), symbol("v"), symbol("γ")
j, n = index("j"), index("n")
ZERO, ONE, HALF = sp.Integer(0), sp.Integer(1), sp.Rational(1, 2)


def error_recursion(chain: Chain) -> Relation:
    """Derive ``e = (1-θ)(e' + Y) + θZ``; a prime marks the step before."""
    storm = chain.given(equals(M, G + (1 - THETA) * (M0 - G0)), "STORM: G' is the gradient at X' with the new sample.")
    now = chain.given(equals(G, g + Z), "G = ∇f + Z.")
    then = chain.given(equals(G0, g0 + Z0), "G' = ∇f' + Z'.")
    before = chain.given(equals(M0, g0 + e0), "M' = ∇f' + e'.")
    change = chain.given(equals(Y, Z - Z0), "Y = G - G' - (∇f - ∇f').")
    whole = chain.combine(
        [(1, storm), (1, now), (-(1 - THETA), then), (1 - THETA, before), (-(1 - THETA), change)],
        "Put in.",
        left=M - g,
    )
    return chain.equal(whole.right, (1 - THETA) * (e0 + Y) + THETA * Z, "There is no drift.")


def difference_weight(chain: Chain) -> Relation:
    """Derive the ℓ_β norm of the weights of the Y_i, to the power β."""
    part = chain.use(error_recursion)
    kept = coefficient(sp.expand(part.right), Y)
    chain.equal(
        kept, coefficient(sp.expand(part.right), e0), "Each Y_i is multiplied by 1 - θ when it comes and at every step."
    )
    power = kept**BETA
    weights = chain.total(power**j, j, 1, n, (power - power**n) / (1 - power), "The powers of the weights (1-θ)^j")
    below, order = chain.given(at_most(1 - THETA, 1), "θ ≥ 0."), chain.given(at_most(1, BETA), "β ≥ 1.")
    allowed = chain.given(at_most(0, 1 - THETA), "θ ≤ 1.")
    small = stationarity.small_power(chain, 1 - THETA, [below, order, allowed])
    rest = chain.power(allowed, BETA * n, "A power of what is ≥ 0.")
    unit = chain.ordered(0, 1, {}, "What may be added.")
    return chain.combine(
        [(1, weights), (1 / (1 - power), rest), (1 / (THETA * (1 - power)), small), (1, unit)],
        "add up to at most",
        left=weights.left,
        facts=[small, allowed],
    )


def one_step(chain: Chain) -> Relation:
    """Write T1 at step k with the error of recursive momentum put in."""
    step = stationarity.one_step(chain, ETA)
    weight = chain.use(difference_weight)
    positive = chain.given(at_most(0, weight.left), "A sum of powers of weights.")
    root = chain.power(weight, 1 / BETA, "Their ℓ_β norm.", facts=[positive])
    error = chain.given(
        at_most(ERROR(k), C * SIGMA * WEIGHT(k) + C * SPREAD * ETA * root.left), "The two moment shapes and Minkowski."
    )
    fact, factor = chain.given(at_most(DELTA, 1), "δ ≤ 1."), ETA * (2 + EXCESS - DELTA)
    bounded = chain.combine(
        [(1, step), (factor, error), (factor * C * SPREAD * ETA, root)], "For the error.", left=step.left, facts=[fact]
    )
    return chain.put(bounded, {DELTA: 0, EXCESS: 0}, "The exact oracle.")


def mean_bound(chain: Chain) -> Relation:
    """Derive T12 for constant η and θ, with the symbol κ."""
    step = one_step(chain)
    weight = chain.use(stationarity.noise_weight_bound)
    named = chain.put(weight, {stationarity.KAPPA_POWER: KAPPA**BETA}, "κ = (κ^β)^(1/β).")
    factor = coefficient(step.right, WEIGHT(k))
    bounded = chain.combine([(1, step), (factor, named)], "The noise.", left=step.left)
    run = stationarity.summed_noise(chain, stationarity.telescoped(chain, bounded), factor, [])
    average = chain.given(equals(sp.Sum(GRADIENT(k), (k, 0, K - 1)), K * MEAN), "The mean over the run.")
    return chain.combine([(1 / (ETA * K), run), (-1 / K, average)], "Divide by ηK.", left=MEAN)


def _mean_bound(chain: Chain) -> None:
    bound = mean_bound(chain)
    kappa = chain.use(stationarity.limit_of_weights)
    done = chain.put(bound, {KAPPA: kappa.right}, "With κ written out.")

    def of_product(at: Point) -> float:
        found = bounds.recursive_bound(
            initial_gap=at["Δ"], smoothness=at["L"], difference_smoothness=at["ℓ"], shape=shape_of(at),
            step_size=at["η"], momentum=1 - at["θ"], n_steps=at.whole["K"],
        )  # fmt: skip
        return bound_value(found)

    chain.agree("recursive_bound", done.right, of_product)


def leading_form(chain: Chain) -> tuple[Relation, Relation, Relation]:
    """Derive the terms that decide, for β = 2 and c = 1: the best η, the best θ, the value."""
    step = one_step(chain)
    run = stationarity.telescoped(chain, step)
    quiet = chain.put(run, {SIGMA: 0, BETA: 2, C: 1}, "The terms without noise, β = 2, c = 1.")
    price, spread = (coefficient(quiet.right, one) for one in (L, SPREAD))
    tops = [chain.given(at_most(one, TOP), "ℓ̄ = max(L, ℓ).") for one in (L, SPREAD)]
    small = chain.given(at_most(THETA, 1), "θ ≤ 1.")
    rest = chain.power(small, HALF, "So 1/√θ ≥ 1.")
    simple = chain.combine(
        [(1 / (ETA * K), quiet), (price / (ETA * K), tops[0]), (spread / (ETA * K), tops[1]),
         (price * TOP / (ETA * K * sp.sqrt(THETA)), rest)],
        "So with one constant.",
        left=quiet.left / (ETA * K),
    )  # fmt: skip
    place, value = chain.least(simple.right, ETA, "The best step size.")
    noise = coefficient(run.right, SIGMA).subs({C: 1, WEIGHT(k): ONE}).doit() / (ETA * K)
    total = chain.given(
        equals(symbol("form"), value.right + noise * SIGMA * sp.sqrt(THETA)), "A_k ≈ √θ: the leading terms."
    )
    best, least = chain.least(total.right, THETA, "The best θ.")
    return place, best, least


def _rate(chain: Chain) -> None:
    bound = chain.cite(mean_bound, "T12 for constant parameters.")
    quiet = chain.put(
        bound, {SIGMA: 0, L: 0}, "Without noise, and without the curvature, which is small against ℓ/θ^(1/β)."
    )
    _, value = chain.least(quiet.right, ETA, "The best step size.")
    noise = chain.use(tuning.leading_noise)
    power = THETA ** (1 - 1 / BETA)
    form = chain.combine([(1, value), (power, noise)], "The leading terms.", left=value.left + power * noise.left)
    order = chain.given(at_most(1, BETA), "β > 1.")
    _, least = chain.least(form.right, THETA, "The best θ.", facts=[order])
    exponent = tuning.exponent_of(chain, sp.powsimp(least.right), K, "The bound is a power of K.")
    chain.agree("rate_exponent(recursive=True)", -exponent, lambda at: bounds.rate_exponent(at["β"], recursive=True))


def integral_of_excess(chain: Chain, level: sp.Expr) -> Relation:
    """Derive ``I(γ) = ∫ (γ√((1+x)/(1-x)) - 1)_+ dx/x`` at a number γ ≤ 1."""
    ratio = chain.use(corollaries.square_weight)
    low = symbol("x₀", nonnegative=True)
    start = chain.solve(
        sp.numer(sp.together(level**2 * ratio.right.subs(x, low) - 1)), low, "From here on the integrand is ≥ 0."
    )
    root = sp.sqrt(1 - x**2)
    inside = (level * (1 + x) / root - 1) / x
    chain.equal((level * sp.sqrt(ratio.right) - 1) / x, inside, "The integrand.")
    primitive = level * (sp.asin(x) - sp.log((1 + root) / x)) - sp.log(x)
    if start.right == 0:
        primitive = level * (sp.asin(x) - sp.log(1 + root))
    return chain.integral(inside, x, start.right, 1, "The area.", primitive=primitive)


def weight_sum(chain: Chain) -> Relation:
    """Derive the largest ``√θ Σ_k (A_k - √θ)`` of bias-corrected momentum at β = 2."""
    level = chain.use(momentum.stationary_noise)
    factor = chain.equal(
        sp.sqrt(level.right.subs(BETA, 2) / THETA), 1 / sp.sqrt(2 - THETA), "A_k/√θ = γ√((1+x)/(1-x)), γ = κ/√θ."
    )
    low, high = (factor.right.subs(THETA, end) for end in (0, 1))
    first, last = (integral_of_excess(chain, end) for end in (low, high))
    share = 1 / (sp.sqrt(2) * v)
    chain.ordered(share, low + (2 - 2 * v**2) * (high - low), {v: (low, ONE)}, "γ lies below its chord in θ = 2 - 2v².")
    least, most, area = symbol("I₀"), symbol("I₁"), symbol("I")
    chain.ordered(0, last.right - first.right, {}, "The second integral is the larger one.")
    above = chain.given(at_most(0, most - least), "Call them I₀ and I₁.")
    convex = chain.given(
        at_most(area, least + THETA * (most - least)),
        "I(γ) is convex and increasing, as (γw - 1)_+ is for w ≥ 0: so it lies below its chord, too.",
    )
    slow = chain.rises(
        -sp.log(1 - x) - x / (1 - x / 2), x, {x: (ZERO, ONE)}, "ln(1/μ) ≥ θ/(1-θ/2), with x = θ = 1 - μ."
    )
    pace = chain.put(slow, {x: THETA}, "At θ.")
    length, excess = -sp.log(1 - THETA), symbol("E")
    compared = chain.given(
        at_most(excess, THETA * area / length), "E = √θ Σ_k (A_k-√θ)_+: a sum below its integral, du = dx/(x ln(1/μ))."
    )
    positive = chain.given(at_most(0, length), "μ < 1.")
    half = chain.nonnegative(1 - THETA / 2, {THETA: (ZERO, ONE)}, "Half of θ is below 1.")
    rest = (1 - THETA / 2) / length
    bound = chain.combine(
        [(1, compared), (THETA / length, convex), (rest * least, pace), (rest * THETA * (most - least), pace)],
        "So",
        left=excess,
        facts=[positive, half, above],
    )
    place = chain.solve(sp.diff(bound.right, THETA), THETA, "The parabola turns at")
    top = chain.equal(
        bound.right.subs(THETA, place.right) - bound.right,
        (most - least) / 2 * (THETA - place.right) ** 2,
        "below its value there.",
    )
    sign = chain.given(at_most(0, (THETA - place.right) ** 2), "A square.")
    parts = [(1, bound), (1, top), ((most - least) / 2, sign)]
    best = chain.combine(parts, "So E is at most", left=excess, facts=[above])
    return chain.put(best, {least: first.right, most: last.right}, "With the integrals.")


def _corollary(chain: Chain) -> None:
    place, best, least = leading_form(chain)

    def found(at: Point) -> bounds.BoundValue:
        return bounds.recursive_corollary(
            initial_gap=at["Δ"],
            smoothness=at["ℓ̄"],
            difference_smoothness=at["ℓ̄"] / 2,
            sigma=at["σ"],
            n_steps=at.whole["K"],
        )

    def noisy(which: int) -> dict[sp.Symbol, object]:
        # so much noise that θ ≤ 1
        return {SIGMA: 2 + which + 2 * sample(TOP, which) * sample(GAP, which)}

    chain.agree("recursive_corollary, θ", best.right, lambda at: found(at).constants["theta"], values=noisy)
    step = chain.put(place, {THETA: best.right}, "The step size at the best θ.")
    chain.agree("recursive_corollary, η", step.right, lambda at: found(at).constants["step_size"], values=noisy)
    chain.agree("recursive_corollary, leading", least.right, lambda at: found(at).terms["leading"], values=noisy)
    excess = chain.use(weight_sum)
    burn_in = chain.given(
        equals(words("burn-in"), 2 * SIGMA * excess.left / (sp.sqrt(best.right) * K)),
        "The noise beyond the leading term.",
    )
    slope = coefficient(burn_in.right, excess.left)
    done = chain.combine(
        [(1, burn_in), (slope, excess)], "So the burn-in is at most this number times", left=burn_in.left
    )
    number, unit = done.right.as_independent(TOP, GAP, SIGMA, K)
    chosen = {one: sample(one, 0) for one in (TOP, GAP, K)} | noisy(0)
    product = found(Point(chosen)).terms["burn_in"] / float(unit.subs(chosen))
    chain.covered("factor of burn_in in recursive_corollary", number, product)


DERIVATIONS = (
    derivation("T12", "error_of_recursive_momentum_has_no_drift", _mean_bound, cost=1),
    derivation("T12", "rate_of_recursive_momentum", _rate, cost=2),
    derivation("T12", "corollary_of_recursive_momentum_follows", _corollary, cost=3),
)
