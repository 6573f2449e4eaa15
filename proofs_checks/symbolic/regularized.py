"""T6: the regularised oracle, the sharp form and its pairs (a, b)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from schattor_theory import bounds

from . import descent, momentum, stationarity
from .calculus import coefficient
from .chain import Chain, derivation
from .forms import shortest
from .notation import function, index, sample, symbol
from .point import Point
from .relation import Relation, at_most, equals, norm
from .stationarity import CLOSED, KAPPA_POWER, VALUE, shape_of
from .symbols import BETA, ETA, GAP, SIGMA, THETA, K, L, k

__all__ = ["DERIVATIONS"]

m, e, nu, rms = symbol("m"), symbol("e"), symbol("ν"), symbol("r")
D, rate, kappa, margin = symbol("D"), symbol("λ"), symbol("κ"), symbol("μ")
share, largest, u = symbol("s"), symbol("κ₁", r"\kappa_1"), symbol("u")
j, n = index("j"), index("n")
SIZE, ERROR = function("M", r"\Vert M_{#}\Vert"), function("e", r"\Vert e_{#}\Vert")
HALF = sp.Rational(1, 2)

_FINE, _SHORT = 2.0**-48, 2.0**-20
"""How finely a limit of the toolkit is found; a step so short that every pair applies."""


def run_of_squares(chain: Chain) -> Relation:
    """Derive ``(1-λ/2)m² - me ≤ Δ/(ηK)`` for the root mean squares m of ‖M_k‖ and e of ‖e_k‖."""
    step = chain.cite(descent.regularized_descent, "T2.")
    values = {
        descent.f: VALUE(k), descent.f_next: VALUE(k + 1), norm(descent.M, "q"): SIZE(k),
        norm(descent.e, "q"): ERROR(k),
    }  # fmt: skip
    at_k = chain.put(step, values, "At step k.")
    start = -(at_k.right - ETA * SIZE(k) * ERROR(k)).subs(SIZE(k), 1) * SIZE(k) ** 2
    alone = chain.combine([(1, at_k)], "The momentum on the left.", left=sp.expand(start) - ETA * SIZE(k) * ERROR(k))
    ends = chain.total(VALUE(k) - VALUE(k + 1), k, 0, K, VALUE(0) - VALUE(K), "The values telescope.")
    run = chain.accumulate(alone, k, K, "Sum over the run, in expectation.", ends=ends)
    gap = chain.given(at_most(VALUE(0) - VALUE(K), GAP), "A1.")
    squares = chain.given(equals(sp.Sum(SIZE(k) ** 2, (k, 0, K - 1)), K * m**2), "m is the root mean square of ‖M_k‖.")
    mixed = chain.given(
        at_most(sp.Sum(ERROR(k) * SIZE(k), (k, 0, K - 1)), K * m * e), "Cauchy-Schwarz; e is that of ‖e_k‖."
    )
    start, factor = sp.expand(start / (ETA * SIZE(k) ** 2)), 1 / (ETA * K)
    mean = chain.combine(
        [(factor, run), (factor, gap), (-start / K, squares), (1 / K, mixed)],
        "Divide by ηK.",
        left=start * m**2 - m * e,
    )
    return chain.put(mean, {L: rate / ETA, GAP: D * ETA * K}, "With λ = Lη and D = Δ/(ηK).")


def error_of_squares(chain: Chain) -> Relation:
    """Derive ``e ≤ κm + ν`` with ``κ = λ(1-θ)/θ``, where ν bounds the root mean square of ‖N_k‖."""
    part = chain.given(at_most(0, 1 - THETA), "θ ≤ 1.")
    kernel = chain.total(
        rate * (1 - THETA) ** j, j, 1, n, rate * ((1 - THETA) - (1 - THETA) ** n) / THETA,
        "A step is η‖M_i‖ long, so ‖B_k‖ ≤ Σ λ(1-θ)^(k-i)‖M_i‖ (A2): the kernel has the sum",
    )  # fmt: skip
    rest = chain.power(part, n, "A power of what is ≥ 0.")
    weight = chain.combine([(1, kernel), (rate / THETA, rest)], "which is at most", left=kernel.left)
    drift = symbol("B")
    young = chain.given(at_most(drift, weight.left * m), "Young for convolutions, B the root mean square of ‖B_k‖.")
    noise = symbol("N")
    split = chain.given(at_most(e, drift + noise), "e_k = B_k + N_k and Minkowski; N is the root mean square of ‖N_k‖.")
    bounded = chain.given(at_most(noise, nu), "ν is a bound on it.")
    return chain.combine([(1, split), (1, bounded), (1, young), (m, weight)], "So", left=e)


def noise_of_squares(chain: Chain) -> Relation:
    """Derive a bound on the mean of ``A_k²`` at β = 2."""
    power = chain.use(stationarity.noise_power_bound)
    square = chain.put(power, {BETA: 2}, "At β = 2.")
    level = chain.use(momentum.stationary_noise)
    fixed = chain.put(level, {BETA: 2}, "At β = 2.")
    kept = (1 - THETA) ** 2
    geometric = chain.total(kept**k, k, 0, K, (1 - kept**K) / (1 - kept), "A geometric sum")
    part = chain.given(at_most(0, 1 - THETA), "θ ≤ 1.")
    rest = chain.power(part, 2 * K, "A power of what is ≥ 0.")
    mean = symbol("A²")
    whole = sp.Sum(CLOSED.subs(BETA, 2), (k, 0, K - 1))
    named = chain.given(equals(mean, whole / K), "A² is the mean of A_k².")
    summed = chain.given(at_most(whole, sp.Sum(square.right, (k, 0, K - 1))), "Term by term.")
    split = chain.split(square.right, k, K, "In two sums.")
    bound = chain.combine(
        [(1, named), (1 / K, summed), (1 / K, split), (1 / K, geometric), (1 / (K * (1 - kept)), rest)],
        "So the mean is at most",
        left=mean,
        facts=[chain.given(at_most(THETA, 1), "θ ≤ 1.")],
    )
    return chain.put(bound, {KAPPA_POWER: fixed.right}, "With κ² written out.")


def sharp_form(chain: Chain) -> Relation:
    """Derive the bound on the root mean square r of ‖∇f(X_k)‖ in λ, θ, D and ν."""
    run = chain.use(run_of_squares)
    error = chain.use(error_of_squares)
    together = chain.combine([(1, run), (m, error)], "Together.", left=sp.expand(run.left + m * e - m * error.right))
    square = sp.expand(together.left).coeff(m, 2)
    positive = chain.given(at_most(0, square), "μ = 1 - λ/2 - κ > 0.")
    size = chain.quadratic(together, m, "So m is at most the larger root.", facts=[positive])
    triangle = chain.given(at_most(rms, m + e), "‖∇f‖ ≤ ‖M‖ + ‖e‖ and Minkowski.")
    drift = _drift(chain)
    below = chain.given(at_most(THETA, 1), "θ ≤ 1.")
    return chain.combine(
        [(1, triangle), (1, error), (1, size), (drift, size)], "The gradient.", left=rms, facts=[below]
    )


def pairs_curve(chain: Chain) -> Relation:
    """Derive ``r² ≤ a(u)D + b(u)ν²`` where ``λ/2 + κ ≤ s < 1`` and ``κ ≤ κ₁``."""
    run = chain.use(run_of_squares)
    error = chain.use(error_of_squares)
    drift = _drift(chain)
    named = chain.given(equals(kappa, drift), "κ is the factor of m.")
    condition = chain.given(at_most(rate / 2 + kappa, share), "A side condition: μ ≥ 1 - s.")
    small = chain.given(at_most(kappa, largest), "And what it says about κ.")
    below = chain.given(at_most(share, 1), "s < 1.")
    square = chain.combine(
        [(1, run), (m, error), (m**2, condition), (-(m**2), named)], "Together.", left=(1 - share) * m**2 - nu * m
    )
    size = chain.quadratic(square, m, "So m is at most the larger root.", facts=[below])
    triangle = chain.given(at_most(rms, m + e), "‖∇f‖ ≤ ‖M‖ + ‖e‖ and Minkowski.")
    root = next(power for power in size.right.atoms(sp.Pow) if power.exp == HALF)
    y = symbol("y")
    short = chain.given(equals(y, root), "The root by name.")
    bound = chain.combine(
        [
            (1, triangle), (1, error), (-m, named), (m, small), (1 + largest, size),
            (-(1 + largest) * coefficient(size.right, root), short),
        ],
        "The gradient.",
        left=rms,
        facts=[below],
    )  # fmt: skip
    one, other = (coefficient(bound.right, part) for part in (nu, y))
    square = chain.power(bound, 2, "Both sides are ≥ 0.", facts=[below])
    young = chain.given(at_most(0, (u * other * y - one * nu) ** 2 / u), "A square, u > 0.")
    apart = chain.combine([(1, square), (1, young)], "Young's inequality.", left=rms**2)
    known = chain.power(short, 2, "y².")
    return chain.combine([(1, apart), (other**2 * (1 + u), known)], "With y² written out.", left=rms**2)


def _sharp(chain: Chain) -> None:
    bound = sharp_form(chain)
    noise = chain.use(noise_of_squares)
    moment = chain.given(equals(nu, SIGMA * sp.sqrt(noise.right)), "The moment shape with β = 2, c = 1 allows ν = σA.")
    done = chain.put(bound, {nu: moment.right, rate: L * ETA, D: GAP / (ETA * K)}, "With λ = Lη, D = Δ/(ηK).")

    def of_product(at: Point) -> float:
        found = bounds.regularized_bound(
            initial_gap=at["Δ"], smoothness=at["L"], shape=shape_of({"σ": at["σ"], "β": 2.0}), step_size=at["η"],
            momentum=1 - at["θ"], n_steps=at.whole["K"],
        )  # fmt: skip
        return found.constants["root_mean_square"]

    def slow(which: int) -> dict[sp.Symbol, object]:
        # steps so short that μ > 0
        return {ETA: sample(THETA, which) / (2 * sample(L, which) * (1 + which))}

    chain.agree("regularized_bound, root of", done.right, of_product, values=slow)


def _all_pairs(theta: float, step_size: float) -> tuple[bounds.BoundValue, ...]:
    return bounds.regularized_pairs(
        initial_gap=1.0, smoothness=1.0, sigma=1.0, p=2, step_size=step_size, momentum=1 - theta, n_steps=1
    )


def _largest_rate(*, places: tuple[int, ...]) -> Callable[[Mapping[str, float]], float]:
    """Return the function that finds the largest Lη at which the toolkit lets these pairs apply."""

    def value(at: Mapping[str, float]) -> float:
        low, high = 0.0, 2.0
        while high - low > _FINE:
            middle = (low + high) / 2
            pairs = _all_pairs(at["θ"], middle)
            is_allowed = all(pairs[i].is_applicable for i in places)
            low, high = (middle, high) if is_allowed else (low, middle)
        return low

    return value


def _pairs(choose: Callable[[Chain], tuple[sp.Expr, sp.Expr]], *, places: tuple[int, ...]) -> Callable[[Chain], None]:
    """Return the derivation of the pairs at these places of ``regularized_pairs``.

    ``choose`` gives s and κ₁ and derives that the side condition implies both.
    """

    def carry_out(chain: Chain) -> None:
        curve = chain.use(pairs_curve)
        at = chain.put(curve, dict(zip((share, largest), choose(chain), strict=True)), "Here.")
        a, b = (coefficient(sp.expand(at.right), part) for part in (D, nu**2))
        chain.equal(at.right, a * D + b * nu**2, "A multiple of D and one of ν².")
        goal = symbol("a", samples=("6", "7", "8"))
        place = chain.solve(a - goal, u, "Choose u so that the factor of D is a.")
        trade = chain.equal(b.subs(u, place.right), shortest(b.subs(u, place.right)), "Then the factor of ν² is")

        def pair(which: int) -> bounds.BoundValue:
            return _all_pairs(1.0, _SHORT)[places[which % len(places)]]

        def weight(at: Point) -> float:
            found = (pair(which).constants for which in range(len(places)))
            return next(one["noise_weight"] for one in found if abs(one["gap_weight"] - at["a"]) < _FINE * at["a"])

        def values(which: int) -> dict[sp.Symbol, object]:
            return {goal: sp.nsimplify(pair(which).constants["gap_weight"], rational=True)}

        chain.agree("regularized_pairs, noise weight at its gap weight", trade.right, weight, values=values)

    return carry_out


def _drift(chain: Chain) -> sp.Expr:
    """Return κ, the factor of m in the error."""
    return sp.factor(sp.expand(chain.use(error_of_squares).right).coeff(m))


def _budget(chain: Chain, level: sp.Expr) -> Relation:
    """Derive the largest λ with ``λ/2 + κ ≤ s``, and that then ``κ ≤ s``."""
    drift = _drift(chain)
    limit = chain.solve(rate / 2 + drift - level, rate, "The largest λ with λ/2 + κ ≤ s.")
    chain.highest(drift.subs(rate, limit.right), {THETA: (sp.Integer(0), sp.Integer(1))}, {THETA: 0}, "κ is at most")
    return limit


def _half(chain: Chain) -> tuple[sp.Expr, sp.Expr]:
    limit = _budget(chain, HALF)
    chain.agree("largest Lη of the first two pairs", limit.right, _largest_rate(places=(0, 1)))
    return HALF, HALF


def _whole_root(chain: Chain) -> tuple[sp.Expr, sp.Expr]:
    # the share at which the root itself has the factor 1 in the bound: (1 + s)/(2(1 - s)) = 1
    level = chain.solve(1 + share - 2 * (1 - share), share, "The share of the budget at which y has the factor 1.")
    limit = _budget(chain, level.right)
    chain.agree("largest Lη of the next two pairs", limit.right, _largest_rate(places=(2, 3)))
    return level.right, level.right


def _evenly(chain: Chain) -> tuple[sp.Expr, sp.Expr]:
    # λ/2 and κ have the same part of the budget 1/2
    part = chain.solve(2 * largest - HALF, largest, "λ/2 and κ have one half each of the budget.")
    theta = chain.solve(_drift(chain).subs(rate, 2 * part.right) - part.right, THETA, "Both are used up at this θ.")
    chain.agree(
        "largest Lη of the last pair where both are used up", 2 * part.right,
        lambda _: _largest_rate(places=(4,))({"θ": float(theta.right)}),
    )  # fmt: skip
    return HALF, part.right


DERIVATIONS = (
    derivation("T6", "sharp_form_of_the_regularised_oracle", _sharp, cost=2),
    derivation("T6", "first_pairs_follow_from_half_the_budget", _pairs(_half, places=(0, 1)), cost=0.6),
    derivation("T6", "next_pairs_follow_from_a_third_of_the_budget", _pairs(_whole_root, places=(2, 3)), cost=0.8),
    derivation("T6", "last_pair_follows_from_even_parts", _pairs(_evenly, places=(4,)), cost=0.8),
)
