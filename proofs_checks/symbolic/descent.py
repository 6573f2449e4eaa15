"""T1, T2: one step of descent, exact and inexact oracle, misalignment, regularised oracle."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from schattor_theory import bounds

from ..known import bound_value
from .chain import Chain, derivation
from .forms import signed
from .notation import function, number, symbol, vector
from .point import Point
from .relation import Relation, at_most, equals, inner, norm
from .symbols import DELTA, ETA, EXCESS, L

__all__ = [
    "CHANGE",
    "DERIVATIONS",
    "alignment",
    "ball_descent",
    "descent_lemma",
    "exact_descent",
    "regularized_descent",
]

f, f_next = number("f"), number("f⁺")
g, M, e, D = vector("∇f"), vector("M"), vector("e"), vector("D")
u = symbol("u", nonnegative=True)
q = symbol("q", samples=("3/2", "5/4", "9/5"))

CHANGE = f_next - f


def descent_lemma(chain: Chain, move: sp.Expr) -> Relation:
    """Derive ``f⁺ - f ≤ ⟨∇f, V⟩ + …‖V‖²`` for the step V from A2."""
    length = norm(move, "p")
    slope = function("h'", "h'(#)")(u)
    change = function("‖∇f(X+uV)-∇f(X)‖_q", r"\Vert\nabla f(X+#V)-\nabla f(X)\Vert_q")(u)
    start = inner(g, move)
    a2 = chain.given(at_most(change, L * u * length), "A2 for X + uV and X; the norm is homogeneous.")
    hoelder = chain.given(
        at_most(slope - start, change * length), "Hölder, with h(u) = f(X + uV), h'(u) = ⟨∇f(X + uV), V⟩, u in [0, 1]."
    )
    steep = chain.combine([(1, hoelder), (length, a2)], "Put A2 into Hölder.", left=slope - start)
    grown = chain.integrate(steep, u, 0, 1, CHANGE - start, "Integrate over u; h(1) - h(0) = f⁺ - f.")
    return chain.combine([(1, grown)], "Add the linear part.", left=CHANGE)


def alignment(chain: Chain) -> Relation:
    """Derive a bound on ``-⟨∇f, D⟩`` for an oracle with ``⟨M, D⟩ ≥ (1-δ)‖M‖``, ``‖D‖ ≤ 1+ω``."""
    size = chain.given(at_most(norm(D, "p"), 1 + EXCESS), "The direction has norm at most 1 + ω.")
    defect = chain.given(at_most((1 - DELTA) * norm(M, "q"), inner(M, D)), "The direction attains 1 - δ of ‖M‖.")
    allowed = chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    linear = chain.given(equals(inner(M, D), inner(g + e, D)), "M = ∇f + e, and ⟨·, D⟩ is linear.")
    hoelder = chain.given(at_most(inner(e, D), norm(e, "q") * norm(D, "p")), "Hölder.")
    triangle = chain.given(at_most(norm(g, "q"), norm(M, "q") + norm(e, "q")), "Triangle inequality for ∇f = M - e.")
    return chain.combine(
        [(1, hoelder), (norm(e, "q"), size), (1, defect), (1, linear), (1 - DELTA, triangle)],
        "The error enters twice: at the direction, and at the size of M.",
        left=-inner(g, D),
        facts=[allowed],
    )


def ball_descent(chain: Chain) -> Relation:
    """Derive T1 for an inexact oracle; returns the bound on ``f⁺ - f``."""
    lemma = descent_lemma(chain, -ETA * D)
    aligned = alignment(chain)
    size = chain.given(at_most(norm(D, "p"), 1 + EXCESS), "The direction has norm at most 1 + ω.")
    square = chain.power(size, 2, "Both sides are ≥ 0.")
    return chain.combine(
        [(1, lemma), (ETA, aligned), (L * ETA**2 / 2, square)],
        "Put both into the descent lemma with V = -ηD.",
        left=CHANGE,
        tidy=lambda x: sp.collect(sp.expand(x), [norm(g, "q"), norm(e, "q"), L], lambda c: signed(sp.factor(c))),
    )


def exact_descent(chain: Chain) -> Relation:
    """Derive T1 for the exact oracle."""
    inexact = chain.cite(ball_descent, "T1 for an inexact oracle.")
    return chain.put(inexact, {DELTA: 0, EXCESS: 0}, "By D1 the exact oracle has δ = ω = 0.")


def _descent(chain: Chain) -> None:
    inexact = ball_descent(chain)

    def of_product(at: Point) -> float:
        found = bounds.descent_bound(
            step_size=at["η"],
            gradient_norm=at["‖∇f‖_q"],
            error_norm=at["‖e‖_q"],
            smoothness=at["L"],
            direction_defect=at.get("δ", 0),
            norm_excess=at.get("ω", 0),
        )
        return bound_value(found)

    chain.agree("descent_bound(δ, ω)", inexact.right, of_product)
    exact = chain.put(inexact, {DELTA: 0, EXCESS: 0}, "By D1 the exact oracle has δ = ω = 0.")
    chain.agree("descent_bound", exact.right, of_product)


def _alignment(chain: Chain) -> None:
    """Only the alignment matters: the bound of (δ, ω, η) is that of (1-κ, 0, (1+ω)η)."""
    bound = chain.cite(ball_descent, "T1 for an inexact oracle.").right
    kappa, longer = symbol("κ"), (1 + EXCESS) * ETA
    other = bound.subs({DELTA: 1 - kappa, EXCESS: 0, ETA: longer}, simultaneous=True)
    gradient = norm(g, "q")
    found = chain.solve(
        sp.expand(bound).coeff(gradient) - sp.expand(other).coeff(gradient), kappa, "Compare the coefficients of ‖∇f‖."
    )
    chain.equal(bound, other.subs(kappa, found.right), "Then the coefficients of ‖e‖ and L agree too.")
    chain.agree("oracle_alignment", found.right, lambda at: bounds.oracle_alignment(at["δ"], at["ω"]))


def _factor_is_sharp(chain: Chain) -> None:
    """The factor of ‖e‖ cannot be lowered."""
    factor, small, size = symbol("C"), symbol("ε"), norm(g, "q")
    wrong = -small * g
    error = chain.equal(norm(wrong - g, "q"), (1 + small) * size, "M = -ε∇f has the error e = M - ∇f.")
    turned = chain.given(equals(inner(g, D), -size), "D1: D(-ε∇f) = -D(∇f), and ⟨∇f, D(∇f)⟩ = ‖∇f‖.")
    bound = chain.given(
        at_most(-inner(g, D), -size + factor * norm(wrong - g, "q")), "A bound with C in place of the factor of ‖e‖."
    )
    needed = chain.combine([(1, bound), (1, turned), (factor, error)], "At this M.", left=size)
    least = chain.solve(needed.gap, factor, "The least C for which it is true.")
    limit = chain.limit(least.right, small, 0, "As ε → 0.")

    def of_product(_: Point) -> float:
        return bound_value(bounds.descent_bound(step_size=1.0, gradient_norm=0.0, error_norm=1.0, smoothness=0.0))

    chain.agree("factor of ‖e‖ in descent_bound", limit.right, of_product)


def _misalignment(chain: Chain) -> None:
    """The Bregman factor of the misalignment."""
    gradient, momentum, error = norm(g, "q"), norm(M, "q"), norm(e, "q")
    constant = chain.given(
        equals(symbol("C_q"), 2 ** (2 - q)), "T4a at β = q: the constant of the one-step inequality."
    ).right
    one_step = chain.given(
        at_most(gradient**q, momentum**q - q * momentum ** (q - 1) * inner(D, e) + constant * error**q),
        "The one-step inequality of T4a with A = M, B = -e; M|M|^(q-2) = ‖M‖^(q-1) D(M).",
    )
    x, y, order = symbol("x"), symbol("y"), symbol("q₁")
    convex = sp.diff(x ** (1 + order), x, 2)
    chain.equal(convex, order * (1 + order) * x ** (order - 1), "u ↦ u^q is convex for q = 1 + q₁, q₁ ≥ 0.")
    tangent = chain.given(at_most(y**q + sp.diff(y**q, y) * (x - y), x**q), "A convex function lies above its tangent.")
    below = chain.put(tangent, {x: gradient, y: momentum}, "At ‖M‖, for ‖∇f‖.")
    linear = chain.given(equals(inner(g, D), momentum - inner(D, e)), "⟨M, D⟩ = ‖M‖, M = ∇f + e.")
    scale = q * momentum ** (q - 1)
    result = chain.combine(
        [(1 / scale, below), (1 / scale, one_step), (-1, linear)],
        "Subtract, divide by q‖M‖^(q-1).",
        left=gradient - inner(g, D),
    )

    def of_product(at: Point) -> float:
        found = bounds.misalignment_bound(
            error_norm=at["‖e‖_q"], gradient_norm=1.0, momentum_norm=at["‖M‖_q"], q=at["q"]
        )
        return found.constants["bregman"]

    chain.agree("misalignment_bound, Bregman term", result.right, of_product)
    rho = symbol("ρ", samples=("1/9", "1/50", "1/1000"))
    triangle = chain.given(at_most(gradient, momentum + error), "Triangle inequality.")
    relative = chain.given(equals(error, rho * gradient), "ρ = ‖e‖/‖∇f‖.")
    allowed = chain.given(at_most(rho, 1), "ρ < 1.")
    size = chain.combine([(1, triangle), (1, relative)], "So M is not small.", left=gradient - rho * gradient)
    ratio = chain.combine(
        [(rho / ((1 - rho) * momentum), size), (1 / momentum, relative)],
        "‖e‖ against ‖M‖.",
        left=error / momentum,
        facts=[allowed],
    )
    raised = chain.power(ratio, q - 1, "q ≥ 1.", facts=[at_most(1, q)])
    factor = chain.combine(
        [(1 / error, result), (constant / q, raised)],
        "Per unit of ‖e‖.",
        left=(gradient - inner(g, D)) / error,
    )
    chain.agree("misalignment_factor", factor.right, lambda at: bounds.misalignment_factor(at["ρ"], at["q"]))


def _misalignment_in_hilbert_space(chain: Chain) -> None:
    """q = 2: the largest misalignment at a given relative error; and beyond ρ = 1 at every q."""
    rho, x = symbol("ρ", samples=("1/9", "1/50", "1/1000")), number("x")
    value = chain.given(
        equals(symbol("m"), 1 - (1 + x) / sp.sqrt(1 + 2 * x + rho**2)),
        "Scale so that ‖∇f‖ = 1, x = ⟨∇f, e⟩, ‖e‖ = ρ: m = ‖∇f‖ - ⟨∇f, M⟩/‖M‖ with M = ∇f + e.",
    ).right
    slope = sp.numer(sp.together(sp.diff(value, x)))
    worst = chain.solve(sp.factor(slope), x, "The derivative in x vanishes.")
    largest = chain.equal(
        value.subs(x, worst.right) / rho, (1 - sp.sqrt(1 - rho**2)) / rho, "The value there, per unit of ‖e‖ = ρ."
    )
    chain.agree("misalignment_factor(ρ, 2)", largest.right, lambda at: bounds.misalignment_factor(at["ρ"], 2))
    gradient, error = norm(g, "q"), norm(e, "q")
    far = symbol("r", samples=("3/2", "2", "7"))
    hoelder = chain.given(at_most(-inner(g, D), gradient), "Hölder, ‖D‖ = 1.")
    relative = chain.given(equals(error, far * gradient), "r = ‖e‖/‖∇f‖ > 1.")
    whole = chain.combine([(1, hoelder)], "At every q.", left=gradient - inner(g, D))
    per_error = chain.combine(
        [(1 / error, whole), (-whole.right.coeff(gradient) / (far * error), relative)],
        "In units of ‖e‖.",
        left=(gradient - inner(g, D)) / error,
    )
    chain.agree("misalignment_factor(r > 1)", per_error.right, lambda at: bounds.misalignment_factor(at["r"], 1))


def regularized_descent(chain: Chain) -> Relation:
    """Derive T2, product form; returns the bound on ``f⁺ - f``."""
    momentum = norm(M, "q")
    lemma = descent_lemma(chain, -ETA * momentum * D)
    size = chain.given(equals(norm(D, "p"), 1), "D1: the exact oracle has ‖D‖ = 1.")
    linear = chain.given(equals(inner(g, D), momentum - inner(e, D)), "D1: ⟨M, D⟩ = ‖M‖, and M = ∇f + e.")
    hoelder = chain.given(at_most(inner(e, D), norm(e, "q") * norm(D, "p")), "Hölder.")
    square = chain.power(size, 2, "Both sides are ≥ 0.")
    return chain.combine(
        [
            (1, lemma),
            (-ETA * momentum, linear),
            (ETA * momentum, hoelder),
            (ETA * momentum * norm(e, "q"), size),
            (L * ETA**2 * momentum**2 / 2, square),
        ],
        "Put all into the descent lemma with V = -η‖M‖D.",
        left=CHANGE,
        tidy=lambda x: sp.collect(sp.expand(x), momentum, lambda c: signed(sp.factor(c))),
    )


def _regularized(chain: Chain) -> None:
    product_form = regularized_descent(chain)
    momentum, error = norm(M, "q"), norm(e, "q")

    def of_product(form: str) -> Callable[[Point], float]:
        def value(at: Point) -> float:
            # a step for which the split form is stated
            found = bounds.regularized_descent_bound(
                step_size=at["η"], momentum_norm=at["‖M‖_q"], error_norm=at["‖e‖_q"], smoothness=at["L"], form=form
            )
            return bound_value(found)

        return value

    def short(which: int) -> dict[sp.Symbol, object]:
        return {L: sp.Rational(1, 2 + which), ETA: sp.Rational(1, 1 + which)}

    chain.agree("regularized_descent_bound", product_form.right, of_product("product"))
    plain = chain.given(equals(D, M / norm(M, "q")), "D1 at p = 2: D(M) = M/‖M‖.")
    chain.equal(ETA * momentum * plain.right, ETA * M, "So the regularised step at p = 2 is SGD with momentum.")
    square = chain.given(at_most(0, (momentum - error) ** 2), "A square.")
    young = chain.combine([(sp.Rational(1, 2), square)], "Expand it.", left=momentum * error)
    split = chain.combine([(1, product_form), (ETA, young)], "Young's inequality for the product.", left=CHANGE)
    chain.agree("regularized_descent_bound, split form", split.right, of_product("split"), values=short)


DERIVATIONS = (
    derivation("T1", "one_step_of_the_ball_oracle_descends", _descent, cost=0.1),
    derivation("T1", "only_the_alignment_of_the_oracle_matters", _alignment, cost=0.1),
    derivation("T1", "factor_of_the_momentum_error_is_least", _factor_is_sharp, cost=0.1),
    derivation("T1", "misalignment_is_a_bregman_divergence", _misalignment, cost=0.3),
    derivation("T1", "misalignment_is_exact_in_a_hilbert_space", _misalignment_in_hilbert_space, cost=0.1),
    derivation("T2", "one_step_of_the_regularised_oracle_descends", _regularized, cost=0.1),
)
