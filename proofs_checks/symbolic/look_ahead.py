"""T10: look-ahead, and Nesterov's as a case of it."""

from __future__ import annotations

import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from . import momentum, stationarity
from .calculus import coefficient
from .chain import Chain, derivation
from .forms import collected, shortest
from .notation import function, index, symbol, vector
from .point import Point
from .relation import Relation, at_most, equals
from .stationarity import GRADIENT, KAPPA_POWER, MEAN, SMALL, shape_of
from .symbols import BETA, DELTA, ETA, EXCESS, SIGMA, THETA, C, K, L, k

__all__ = ["DERIVATIONS"]

TAU = symbol("τ", samples=("1/5", "2/3", "1/7"))
M, G, Z, B, N, N0, g = (vector(name) for name in ("M", "G", "Z", "B", "N", "N'", "∇f"))
A = symbol("Ã", r"\tilde A_k")
n = index("n")
KAPPA = symbol("κ̃", r"\tilde\kappa")
FRESH, PAST = (1 - TAU) * THETA + TAU, (1 - TAU) * (1 - THETA)


def error(chain: Chain) -> Relation:
    """Derive the error of the direction: drift and weights."""
    ahead = chain.given(equals(symbol("M̃", real=True), (1 - TAU) * M + TAU * G), "The direction comes from M̃.")
    old = chain.given(equals(M, g + B + N), "T3: M = ∇f + B + N.")
    sample = chain.given(equals(G, g + Z), "G = ∇f + Z.")
    noise = chain.given(
        equals(N, (1 - THETA) * N0 + THETA * Z), "T3: N = (1-θ)N' + θZ with the noise N' one step before."
    )
    whole = chain.combine([(1, ahead), (1 - TAU, old), (TAU, sample), (1 - TAU, noise)], "Put in.", left=ahead.left - g)
    return chain.equal(
        whole.right, (1 - TAU) * B + PAST * N0 + FRESH * Z, "The drift is multiplied by 1 - τ; past and fresh noise."
    )


def noise_recursion(chain: Chain) -> Relation:
    """Derive the ℓ_β norm of the weights of the direction's noise from that one step before."""
    weight = function("a")(k)
    part = chain.use(error)
    past, fresh = (coefficient(part.right, one) for one in (N0, Z))
    before = chain.given(equals(momentum.A0**BETA, sp.Sum(weight**BETA, (k, 0, n - 1))), "N' = Σ a_i Z_i.")
    now = chain.given(
        equals(A**BETA, sp.Sum((past * weight) ** BETA, (k, 0, n - 1)) + fresh**BETA), "The weights of all samples."
    )
    scaled = chain.split((past * weight) ** BETA, k, n, "The factor of the past in front.")
    return chain.combine([(1, now), (1, scaled), (-(past**BETA), before)], "So", left=A**BETA)


def weight_bound(chain: Chain) -> Relation:
    """Derive ``Ã_k ≤ κ̃ + (1-τ)(1-θ)^k`` for constant θ, τ and k ≥ 1."""
    step = chain.cite(noise_recursion, "T10: the weights.")
    power = chain.use(stationarity.noise_power_bound)
    before = chain.put(power, {k: k - 1}, "One step before.")
    named = chain.given(equals(momentum.A0**BETA, before.left), "Which is A_(k-1)^β.")
    parts = [chain.given(at_most(0, one), why) for one, why in ((1 - THETA, "θ ≤ 1."), (1 - TAU, "τ ≤ 1."))]
    factor = coefficient(step.right, momentum.A0**BETA)
    bound = chain.combine([(1, step), (factor, named), (factor, before)], "So", left=step.left, facts=parts)
    root = chain.power(bound, 1 / BETA, "Take the root.")
    split = chain.use(stationarity.subadditive_root)
    fixed = factor * KAPPA_POWER + FRESH**BETA
    at = chain.put(
        split, {symbol("x"): fixed, symbol("y"): (1 - TAU) ** BETA * (1 - THETA) ** (BETA * k)}, "Two terms."
    )
    level = chain.given(equals(KAPPA, fixed ** (1 / BETA)), "The limit κ̃.")
    return chain.combine([(1, root), (1, at), (-1, level)], "The weights fall to κ̃.", left=A, tidy=collected)


def mean_bound(chain: Chain) -> Relation:
    """Derive T10 for constant parameters, with the symbol κ̃."""
    step = stationarity.one_step(chain, ETA)
    weight = function("Ã", r"\tilde A_{#}")
    fact = chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    ahead = chain.given(at_most(TAU, 1), "τ ≤ 1.")
    caught = chain.given(
        at_most(stationarity.ERROR(k), (1 - TAU) * stationarity.DRIFT(k) + C * SIGMA * weight(k)),
        "T10: the drift times 1 - τ, and the noise of weight Ã_k.",
    )
    drift = chain.cite(momentum.drift_bound, "T3: the drift at constant parameters.")
    slow = chain.given(at_most(stationarity.DRIFT(k), drift.right), "b_k is at most its fixed point.")
    factor = ETA * (2 + EXCESS - DELTA)
    bounded = chain.combine(
        [(1, step), (factor, caught), (factor * (1 - TAU), slow)], "Put in.", left=step.left, facts=[fact, ahead]
    )
    exact = chain.put(bounded, {DELTA: 0, EXCESS: 0}, "The exact oracle.")
    run = stationarity.telescoped(chain, exact)
    first, later = sp.Sum(weight(k), (k, 0, K - 1)), sp.Sum(weight(k), (k, 1, K - 1))
    start = chain.given(equals(first, 1 + later), "Ã_0 = 1, as M̃_0 = G_0.")
    bound = chain.use(weight_bound)
    burn = bound.right - KAPPA
    termwise = chain.given(at_most(later, K * KAPPA + sp.Sum(burn, (k, 1, K - 1))), "Term by term, and κ̃ once more.")
    geometric = chain.total(burn, k, 1, K, burn.subs(k, 1) * (1 - (1 - THETA) ** (K - 1)) / THETA, "A geometric sum")
    part = chain.given(at_most(0, 1 - THETA), "θ ≤ 1.")
    rest = chain.power(part, K, "The last power is ≥ 0.")
    average = chain.given(equals(sp.Sum(GRADIENT(k), (k, 0, K - 1)), K * MEAN), "The mean over the run.")
    slope = coefficient(run.right, first) / (ETA * K)
    return chain.combine(
        [
            (1 / (ETA * K), run), (-1 / K, average), (slope, start), (slope, termwise), (slope, geometric),
            (slope * (1 - TAU) / THETA, rest),
        ],
        "which is at most (1-τ)(1-θ)/θ; divide by ηK.",
        left=MEAN,
        facts=[part, ahead],
    )  # fmt: skip


def limit_of_weights(chain: Chain) -> Relation:
    """Derive κ̃ itself."""
    step = chain.cite(noise_recursion, "T10: the weights.")
    level = chain.use(momentum.stationary_noise)
    fixed = chain.put(step, {momentum.A0**BETA: level.right}, "From the fixed point.")
    return chain.power(fixed, 1 / BETA, "κ̃ is its root.")


def _look_ahead(chain: Chain) -> None:
    bound = mean_bound(chain)
    limit = chain.use(limit_of_weights)
    chain.agree("look_ahead_weight", limit.right, lambda at: bounds.look_ahead_weight(at["θ"], at["τ"], at["β"]))
    done = chain.put(bound, {KAPPA: limit.right}, "With κ̃ written out.")

    def of_product(at: Point) -> float:
        found = bounds.look_ahead_bound(
            initial_gap=at["Δ"], smoothness=at["L"], shape=shape_of(at), momentum=1 - at["θ"], n_steps=at.whole["K"],
            step_size=at["η"], look_ahead=at["τ"],
        )  # fmt: skip
        return bound_value(found)

    chain.agree("look_ahead_bound", done.right, of_product)


def _any_schedule(chain: Chain) -> None:
    step = noise_recursion(chain)
    once = chain.put(step, {momentum.A0: 1}, "From A_0 = 1.")
    root = chain.power(once, 1 / BETA, "Take the root.")

    def of_product(at: Point) -> float:
        # only the second step counts, so the noise term is its weight
        found = bounds.any_schedule_bound(
            [0.0, 1.0], [1.0, at["θ"]], initial_gap=0.0, smoothness=0.0, shape=shape_of(at | {"σ": 1.0, "c": 1.0}),
            look_ahead=[0.0, at["τ"]],
        )  # fmt: skip
        return bound_value(found)

    direct = bounds.any_schedule_bound(
        [1.0], [1.0], initial_gap=0.0, smoothness=0.0, shape=shape_of({"σ": 1.0, "β": 1.0})
    )
    chain.agree("noise of any_schedule_bound with look-ahead", root.right * int(bound_value(direct)), of_product)


def _nesterov(chain: Chain) -> None:
    mu, theta = symbol("μ", samples=("1/2", "9/10", "1/7")), symbol("θ_k")
    V = vector("V")
    ball = chain.given(equals(V, M / theta), "D3: heavy ball V_k is M_k/θ_k.")
    direction = chain.combine([(mu, ball)], "Muon's direction.", left=G + mu * V)
    ahead = (1 - TAU) * M + TAU * G
    found = direction.right
    place = chain.solve(
        coefficient(ahead, M) * coefficient(found, G) - coefficient(ahead, G) * coefficient(found, M),
        TAU, "It is a multiple of M̃_k for this τ.",
    )  # fmt: skip
    schedule = (1 - mu) / (1 - mu ** (k + 1))
    found = chain.equal(place.right.subs(theta, schedule), schedule.subs(k, k + 1), "With bias-corrected θ_k: θ_(k+1).")

    def of_product(at: Point) -> float:
        return float(bounds.bias_corrected_thetas(at["μ"], at.whole["k"] + 2)[-1])

    chain.agree("bias_corrected_thetas, one step on", found.right, of_product)


def _step_size(chain: Chain) -> None:
    bound = chain.cite(mean_bound, "T10 for constant parameters.")
    quiet = chain.put(bound, {SIGMA: 0, TAU: THETA}, "Nesterov's τ = θ, without noise.")
    price = coefficient(quiet.right, L)
    part = chain.nonnegative(price / ETA, {THETA: (sp.Integer(0), sp.Integer(1))}, "It costs something.")
    place, _ = chain.least(quiet.right, ETA, "The best step size.", facts=[part])

    def of_product(at: Point) -> float:
        return bounds.best_step_size(
            at["θ"], initial_gap=at["Δ"], smoothness=at["L"], n_steps=at.whole["K"], look_ahead=at["θ"]
        )

    chain.agree("best_step_size(look_ahead=θ)", place.right, of_product)
    limit = chain.use(limit_of_weights)
    ahead = chain.put(limit, {TAU: THETA, BETA: 2}, "At τ = θ, β = 2.")
    plain = chain.use(stationarity.limit_of_weights)
    kappa = chain.put(plain, {BETA: 2}, "At β = 2.")
    more = chain.series(shortest(ahead.right**2), THETA, 2, "κ̃² to second order", "More noise,")
    less = chain.series(shortest(kappa.right**2), THETA, 2, "κ² to second order", "against this.")
    first = chain.equal(more.right.coeff(THETA, 1), less.right.coeff(THETA, 1), "The same leading order.")
    chain.agree(
        "look_ahead_weight²/θ for small θ", first.left, lambda _: bounds.look_ahead_weight(SMALL, SMALL, 2) ** 2 / SMALL
    )


DERIVATIONS = (
    derivation("T10", "direction_has_less_drift_and_more_noise", _any_schedule, cost=0.2),
    derivation("T10", "constant_parameters_with_look_ahead_are_stationary", _look_ahead, cost=2),
    derivation("T10", "nesterov_is_a_look_ahead", _nesterov, cost=0.1),
    derivation("T10", "best_step_size_with_look_ahead", _step_size, cost=0.6),
)
