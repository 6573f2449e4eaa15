"""T5-any: the parameter-free schedule in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import sympy as sp

from schattor_theory import bounds

from ..rigorous.balls import Decision
from . import momentum, stationarity, tuning
from .calculus import coefficient
from .chain import Chain, derivation
from .decide import vanishes
from .forms import shortest
from .notation import symbol
from .point import Point
from .relation import Relation, at_most, equals
from .stationarity import GRADIENT, MEAN, shape_of
from .symbols import BETA, DELTA, ETA, EXCESS, GAP, SIGMA, THETA, C, K, L, k

__all__ = ["DERIVATIONS"]

t, u, x, y, z = symbol("t"), symbol("u"), symbol("x"), symbol("y"), symbol("z")
past = symbol("b_(k-1)", "b_{k-1}", nonnegative=True)
ZERO, ONE, HALF = sp.Integer(0), sp.Integer(1), sp.Rational(1, 2)


def schedule(chain: Chain) -> tuple[sp.Expr, sp.Expr]:
    """Return the exponents of ``η_k = η(k+1)^{-a}``, ``θ_k = (k+1)^{-b}``: those of the best rates at β = 2."""
    steps = chain.cite(tuning.step_rate, "T5: the power of K in the best step size.")
    thetas = chain.cite(tuning.theta_rate, "T5: the power of K in the best θ.")
    a = chain.put(steps, {BETA: 2}, "At β = 2, with k + 1 for K.")
    b = chain.put(thetas, {BETA: 2}, "At β = 2, with k + 1 for K.")
    return -a.right, -b.right


def schedule_drift(chain: Chain) -> Relation:
    """Derive ``b_k ≤ Lη(k+1)^{b-a}`` by induction, with ``y = √(k+1) = 1 + z`` and ``x = √k`` for k ≥ 1."""
    a, b = schedule(chain)
    root_now, root_past = (1 + t**2) / (2 * t), (1 - t**2) / (2 * t)
    chain.equal(root_now**2 - root_past**2, 1, "y² = x² + 1 has the rational parameter t in (0, 1).")
    square = ((1 - y ** (-2 * b)) * (1 + x ** (-2 * b))) ** 2 * (y / x) ** (2 * (2 * a - 2 * b))
    in_t = square.subs({x: root_past, y: root_now})
    rational = chain.equal(in_t, sp.factor(in_t), "The step of the induction needs this square to be at most 1.")
    below = chain.ordered(rational.right, 1, {t: (ZERO, ONE)}, "It is, for all t.")
    chain.combine([(1, rational), (1, below)], "So it is for all x > 0.", left=rational.left)
    needed = chain.given(at_most(square.subs(y, 1 + z), 1), "The same in x and y = 1 + z, z > 0.")
    root = chain.power(needed, HALF, "Take the root.")
    induction = chain.given(at_most(past, L * ETA * x ** (2 * (b - a))), "Induction: b_(k-1) ≤ Lη k^(b-a); b_0 = 0.")
    kept = 1 - (1 + z) ** (-2 * b)
    drift = stationarity.DRIFT(k)
    now = chain.given(
        equals(drift, kept * (past + L * ETA * x ** (-2 * a))), "T3: b_k = (1-θ_k)(b_(k-1) + Lη_(k-1)), in x and z."
    )
    step = chain.combine(
        [(1, now), (kept, induction), (L * ETA * (1 + z) ** (2 * (b - a)), root)],
        "So the induction goes on.",
        left=drift,
    )
    return chain.put(step, {z: sp.sqrt(k + 1) - 1}, "In k.")


def parameter_free(chain: Chain) -> tuple[Relation, sp.Expr, sp.Expr]:
    """Derive the bound on the weighted mean times a bound on the weights; also that bound, and γ."""
    a, b = schedule(chain)
    step_size = ETA * (k + 1) ** (-a)
    step = stationarity.one_step(chain, step_size)
    fact = chain.given(at_most(DELTA, 1), "δ ≤ 1.")
    error = chain.given(
        at_most(stationarity.ERROR(k), stationarity.DRIFT(k) + C * SIGMA * stationarity.WEIGHT(k)), "T3."
    )
    drift = chain.use(schedule_drift)
    lemma = chain.cite(momentum.schedule_lemma, "T3's lemma: θ_k = (k+1)^(-b) is slow.")
    weight = chain.put(lemma, {momentum.A: stationarity.WEIGHT(k), THETA: (k + 1) ** (-b)}, "At θ_k.")
    factor = step_size * (2 + EXCESS - DELTA)
    bounded = chain.combine(
        [(1, step), (factor, error), (factor, drift), (factor * C * SIGMA, weight)],
        "Drift and noise for the error.",
        left=step.left,
        facts=[fact],
    )
    exact = chain.put(bounded, {DELTA: 0, EXCESS: 0}, "The exact oracle.")
    run = stationarity.telescoped(chain, exact)
    total = symbol("W")
    mean = chain.given(
        equals(sp.Sum(GRADIENT(k) * (k + 1) ** (-a), (k, 0, K - 1)), total * MEAN),
        "The weighted mean; W = Σ (k+1)^(-a).",
    )
    area = chain.integral(u ** (-a), u, 1, K + 1, "A decreasing sequence is summed to at least its integral.")
    wide = chain.given(at_most(area.left, total), "Integral comparison.")
    whole = sum_of(run, (k + 1) ** (-2 * a))
    curvature = chain.given(at_most(whole, sp.zeta(2 * a)), "A part of the series of ζ(2a).")
    logarithm = chain.integral(u ** (b - 2 * a), u, 1, K, "The drift is summed to at most 1 plus its integral.")
    drifts = sum_of(run, (k + 1) ** (-a) * (k + 1) ** (b - a))
    drifting = chain.given(at_most(drifts, 1 + logarithm.left), "Integral comparison.")
    gamma = symbol("γ", samples=("1/8", "1/5", "1/40"))
    noises = sum_of(run, (k + 1) ** (-a) * weight.right)
    power = noises.function
    slope = shortest(sp.simplify((k + 1) * sp.diff(power, k) / power))
    exponent = chain.solve(gamma - 1 - slope, gamma, "The noise is summed with the power γ - 1 of k + 1,")
    chain.equal(power, (k + 1) ** (exponent.right - 1), "indeed.")
    tail = chain.integral(u ** (gamma - 1), u, 1, K, "Its sum is at most 1 plus its integral.")
    noisy = chain.given(at_most(noises, 1 + tail.left), "Integral comparison.")
    factors = [coefficient(run.right, one) / ETA for one in (whole, drifts, noises)]
    return chain.combine(
        [
            (1 / ETA, run), (-1, mean), (MEAN, wide), (-MEAN, area),
            (factors[0], curvature), (factors[1], drifting), (factors[1], logarithm),
            (factors[2], noisy), (factors[2], tail),
        ],
        "Put the sums in, and divide by η and by the weights.",
        left=area.right * MEAN,
    ), area.right, exponent.right  # fmt: skip


def sum_of(run: Relation, summand: sp.Expr) -> sp.Sum:
    """Return the sum with these terms among those of a bound of the run."""
    return next(one for one in run.right.atoms(sp.Sum) if vanishes(one.function - summand) is Decision.PROVED)


def _conclude(chain: Chain) -> None:
    bound, weights, exponent = parameter_free(chain)
    gamma = symbol("γ")

    def found(at: Mapping[str, float], n_steps: int) -> bounds.BoundValue:
        return bounds.parameter_free_bound(
            initial_gap=at.get("Δ", 1.0), smoothness=at.get("L", 1.0),
            shape=shape_of({"σ": 1.0, "β": 2.0, "c": 1.0, **at}),
            scale=at.get("η", 1.0), n_steps=n_steps,
        )  # fmt: skip

    def part(*names: str) -> Callable[[Point], float]:
        return lambda at: math.fsum(found(at, at.whole["K"]).terms[name] for name in names)

    def of(*marks: sp.Symbol) -> sp.Expr:
        others = {GAP: 0, L: 0, SIGMA: 0}
        return bound.right.subs({one: 0 for one in others if one not in marks})

    chain.agree("parameter_free_bound, initial_gap", of(GAP) / weights, part("initial_gap"))
    chain.agree("parameter_free_bound, noise", of(SIGMA).subs(gamma, exponent) / weights, part("noise"))
    even = chain.limit(of(SIGMA), gamma, 0, "At β = 2 the exponent γ is 0.")
    chain.equal(exponent.subs(BETA, 2), 0, "Indeed.")
    chain.agree(
        "parameter_free_bound, noise at β = 2", even.right / weights,
        lambda at: found(at | {"β": 2.0}, at.whole["K"]).terms["noise"],
    )  # fmt: skip
    smooth = sp.expand(of(L) / (L * ETA))
    constant = next(term for term in sp.Add.make_args(smooth) if term.has(sp.zeta))
    chain.agree("parameter_free_bound, drift", (smooth - constant) * L * ETA / weights, part("drift"))
    unit = found({}, 2)
    product = unit.terms["curvature"] / unit.terms["initial_gap"]
    chain.rounded_up("factor of curvature in parameter_free_bound", constant, product, digits=3)


DERIVATIONS = (derivation("T5-any", "parameter_free_schedule_is_stationary", _conclude, cost=3),)
