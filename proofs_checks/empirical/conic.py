"""Cone programs: the oracles (D1, D2), one step (T1, T2) and runs (T5, T6) against their exact worst cases at p = 2."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from schattor_theory.bounds import descent, stationarity
from schattor_theory.geometry import dual_exponent, schatten
from schattor_theory.optimizer import schattor

from ..conic import estimation, instances, oracles, steps
from ..conic.cones import CONE_EXPONENTS
from ..conic.solved import GAP, Enclosed
from ..evidence import Verdict
from .check import Check, Context, Finding
from .inputs import p_label, with_spectrum
from .tally import Tally, rounding

__all__ = ["CHECKS"]

_Kept = TypeVar("_Kept", bound=Enclosed)

_SHAPES = ((3, 4), (4, 2), (1, 3), (2, 2))


def _matrices(context: Context) -> Iterator[tuple[str, np.ndarray]]:
    rng = context.rng(inputs="matrices")
    for shape in _SHAPES if context.is_full else _SHAPES[:1]:
        for trial in range(4 if context.is_full else 1):
            yield f"{shape[0]}x{shape[1]}, trial {trial}", with_spectrum(rng, shape, np.linspace(2, 1, min(shape)))
    yield "two tied, rank two of three", with_spectrum(rng, (3, 3), [2.0, 2.0])
    yield "large entries", 1e120 * with_spectrum(rng, (2, 3), [2.0, 1.0])
    yield "one row, small entries", 1e-120 * with_spectrum(rng, (1, 3), [2.0])


def _nearness(p: float, gap: float) -> float:
    """Return how far two points of the unit ball are at most that both come within a relative gap of the maximum.

    proof step: half their sum has norm at least 1 - gap/2; uniform convexity of S_p by Clarkson's inequality for p ≥ 2
    and by Ball, Carlen and Lieb's for 1 < p ≤ 2.
    """
    if p >= 2:
        return 2 * max(0.0, -math.expm1(p * math.log1p(-gap / 2))) ** (1 / p)
    return 2 * math.sqrt(gap / (p - 1))


def _penalty(p: float, s: np.ndarray) -> float:
    """Return half the largest penalty that leaves only the smallest maximiser."""
    kept = s[s > 1e-9 * s[0]]
    if math.isinf(p):
        return float(kept[-1]) / 2
    tied = int(np.sum(s > (1 - 1e-9) * s[0]))
    return tied * float(s[0] - (s[tied] if tied < len(s) else 0.0)) / 2


class _Answers:
    """Answers of programs; where the two ends of one do not meet, nothing is decided, and that is no refutation."""

    def __init__(self) -> None:
        self.apart: list[Enclosed] = []

    def keep(self, found: _Kept, unit: float = 0.0) -> _Kept:
        """Return the answer, remembered if its ends do not meet, relative to ``unit`` where the value may be 0."""
        if not (found.is_solved or found.upper - found.lower <= GAP * unit):
            self.apart.append(found)
        return found

    def finding(self, tally: Tally, detail: str, **data: object) -> Finding:
        """Return the finding of the tally; *inconclusive* where nothing was refuted and some ends do not meet."""
        finding = tally.finding(detail, **data)
        if finding.verdict is Verdict.VIOLATED or not self.apart:
            return finding
        first = self.apart[0]
        words = f"{len(self.apart)} programs have ends that do not meet, first {first.lower:.9g} and {first.upper:.9g}"
        return replace(finding, verdict=Verdict.INCONCLUSIVE, detail=f"{words}: {first.method}, {first.status}.")


def _duality_map_solves_its_program(context: Context) -> Finding:
    """``<M, D_p(M)>`` and ``‖M‖_q`` between the ends of a cone program, and D_p(M) near its point."""
    tally, answers = Tally(context), _Answers()
    for name, m in _matrices(context):
        s = np.linalg.svd(m, compute_uv=False)
        for p in CONE_EXPONENTS:
            norm = float(schatten.schatten_norm(m, dual_exponent(p)))
            direction = np.asarray(schatten.duality_map(m, p))
            found = answers.keep(oracles.ball_oracle(m, p))
            slack = rounding(*m.shape, operations=16) * found.upper
            witness = {"matrix": m, "name": name, "p": p_label(p), **found.to_dict()}
            for claim, value in (("norm", norm), ("value of the map", float(np.vdot(m, direction)))):
                tally.at_most(found.lower, value, slack=slack, witness=witness | {"claim": claim})
                tally.at_most(value, found.upper, slack=slack, witness=witness | {"claim": claim})
            if 1 < p < math.inf:
                gap = found.gap + rounding(*m.shape, operations=16)
                distance = float(schatten.schatten_norm(found.point - direction, p))
                tally.at_most(distance, _nearness(p, gap), scale=1, witness=witness | {"claim": "point"})
                continue
            epsilon = _penalty(p, s)
            found = answers.keep(oracles.ball_oracle(m, p, penalty=epsilon))
            # the objective is ε-strongly concave
            allowed = math.sqrt(2 * (found.upper - found.lower) / epsilon) + rounding(*m.shape, operations=16)
            distance = float(np.linalg.norm(found.point - direction))
            tally.at_most(distance, allowed, scale=1, witness=witness | {"claim": "smallest maximiser"})
    return answers.finding(tally, "Norm, value and point of D1 agree with cone programs that use no singular value.")


def _steps_solve_their_programs(context: Context) -> Finding:
    """The step of each oracle against its program: its value between the ends, and it is feasible."""
    tally, answers = Tally(context), _Answers()
    eta = 0.3
    for name, m in _matrices(context):
        unit = float(np.abs(m).max())
        for p in CONE_EXPONENTS:
            geometry = schatten.SchattenGeometry(p)
            moved = {}
            for oracle in ("ball", "regularized"):
                optimizer = schattor.Schattor(geometry, step_size=eta, momentum=0.0, oracle=oracle)
                zeros = np.zeros_like(m)
                moved[oracle] = np.asarray(optimizer.step(zeros, m, optimizer.init(zeros))[0])
            ball, regularized = (
                answers.keep(oracles.ball_oracle(m, p)),
                answers.keep(oracles.regularized_oracle(m, p, eta)),
            )
            size = float(geometry.norm(moved["regularized"] / unit))
            objective = float(np.vdot(m / unit, moved["regularized"] / unit)) + size * size / (2 * eta)
            cases = (
                ("ball", float(np.vdot(m / unit, moved["ball"])), -eta * ball.upper / unit, -eta * ball.lower / unit),
                ("regularized", objective, regularized.lower / unit / unit, regularized.upper / unit / unit),
            )
            for oracle, value, lower, upper in cases:
                slack = rounding(*m.shape, operations=16) * abs(lower)
                witness = {"matrix": m, "name": name, "p": p_label(p), "oracle": oracle}
                tally.at_most(lower, value, slack=slack, witness=witness | {"claim": "not below the minimum"})
                tally.at_most(value, upper, slack=slack, witness=witness | {"claim": "the minimum"})
            length = float(geometry.norm(moved["ball"]))
            tally.at_most(length, eta, slack=rounding(*m.shape, operations=16), witness={"p": p_label(p), "matrix": m})
    return answers.finding(tally, "Both steps of D2 have the value of their cone programs.")


def _norms_are_dual(context: Context) -> Finding:
    """Each norm as a maximum over the dual ball and as a minimum over weights: two programs, one number."""
    tally, answers = Tally(context), _Answers()
    for name, m in _matrices(context):
        for q in (1.0, math.inf):
            norm = float(schatten.schatten_norm(m, q))
            over_ball = answers.keep(oracles.ball_oracle(m, dual_exponent(q)))
            over_weights = answers.keep(oracles.norm_by_duality(m, q))
            slack = rounding(*m.shape, operations=16) * norm
            witness = {"matrix": m, "name": name, "q": p_label(q)}
            for form, found in (("ball", over_ball), ("weights", over_weights)):
                tally.at_most(found.lower, norm, slack=slack, witness=witness | {"form": form} | found.to_dict())
                tally.at_most(norm, found.upper, slack=slack, witness=witness | {"form": form} | found.to_dict())
    return answers.finding(tally, "The nuclear and the spectral norm are dual, by two cone programs each.")


_TRIANGLES = ((5, 3), (2, 0), (1, 1), (1, Fraction(21, 20)), (3, 5), (13, 5), (1, 4), (4, 1))
"""``‖∇f‖, ‖e‖``: relative errors of 0, below, at, just above (where T1's 2 is nearly attained) and above 1."""

_SMALL = Fraction(1, 256)


def _one_step(context: Context) -> Finding:
    """The largest ``f(X⁺) - f(X)`` over functions and angles, by a semidefinite program, against T1 and its factor."""
    tally, answers = Tally(context), _Answers()
    for g, e in _TRIANGLES if context.is_full else _TRIANGLES[:4]:
        lower = upper = -math.inf
        size, wrong = float(g), float(e)
        bound = descent.descent_bound(step_size=1.0, gradient_norm=size, error_norm=wrong, smoothness=1.0)
        for momentum in _lengths(g, e):
            found = answers.keep(
                estimation.estimate(steps.one_step(Fraction(g), Fraction(e), momentum)), unit=size + wrong
            )
            witness = {"gradient": str(g), "error": str(e), "momentum": str(momentum), **found.to_dict()}
            tally.at_most(
                found.lower, bound.value, slack=rounding(1) * (size + wrong), scale=1, witness=witness | {"claim": "T1"}
            )
            lower, upper = max(lower, found.lower), max(upper, found.upper)
        if e == 0:
            tally.at_most(
                bound.value, upper, slack=rounding(1) * size, witness={"gradient": str(g), "claim": "T1 is attained"}
            )
            continue
        # at p = 2 the factor is exact, and the worst angle is among those tried, or near where M would vanish
        sharp = 0.5 - size + descent.misalignment_factor(wrong / size, 2) * wrong
        witness = {"gradient": str(g), "error": str(e), "claim": "exact factor"}
        tally.at_most(lower, sharp, slack=rounding(1) * (size + wrong), scale=1, witness=witness)
        slack = rounding(1) * (size + wrong) + (float(_SMALL) / 2 if g == e else 0.0)
        tally.at_most(sharp, upper, slack=slack, scale=1, witness=witness)
    return answers.finding(tally, "One normalised step loses what T1's factor at p = 2 says, and no more.")


def _lengths(g: Fraction | int, e: Fraction | int) -> tuple[Fraction, ...]:
    """Return lengths of M: the worst one, at which e is orthogonal to M or points against it, and others."""
    least, most = abs(Fraction(g - e)), Fraction(g + e)
    if e == 0:
        return (most,)
    angles = [least + Fraction(i, 4) * (most - least) for i in range(1 if least == 0 else 0, 5)]
    if g > e:
        angles.append(Fraction(math.sqrt(g * g - e * e)).limit_denominator(10**6))
    # ‖e‖ = ‖∇f‖: the worst M is small
    return (*angles, _SMALL) if g == e else tuple(angles)


def _regularized_step(context: Context) -> Finding:
    """The largest ``f(X⁺) - f(X)`` of one plain step with a wrong direction against both forms of T2."""
    tally, answers = Tally(context), _Answers()
    for g, e in _TRIANGLES if context.is_full else ((5, 3), (1, 4)):
        for momentum in _lengths(g, e)[:: 1 if context.is_full else 2]:
            for eta in (Fraction(1, 4), Fraction(1)):
                program = steps.one_step(Fraction(g), Fraction(e), momentum, eta * momentum)
                unit = float(eta) * (float(momentum) + float(e)) ** 2
                found = answers.keep(estimation.estimate(program), unit)
                witness = {"gradient": str(g), "error": str(e), "momentum": str(momentum), "step_size": str(eta)}
                size = float(momentum)
                values = {
                    form: descent.regularized_descent_bound(
                        step_size=float(eta), momentum_norm=size, error_norm=float(e), smoothness=1.0, form=form
                    ).value
                    for form in ("product", "split")
                }
                slack = rounding(1) * unit
                for form, bound in values.items():
                    tally.at_most(found.lower, bound, slack=slack, scale=unit, witness=witness | {"form": form})
                if momentum == g + e or (g <= e and momentum == e - g):
                    # e along M: the product form is attained
                    product = values["product"]
                    tally.at_most(
                        product, found.upper, slack=slack, scale=unit, witness=witness | {"claim": "attained"}
                    )
    return answers.finding(
        tally, "One plain step obeys both forms of T2, and attains the first where e points along M."
    )


def _bound(n_steps: int, gap: float, theta: float = 1.0, oracle: str = "ball") -> float:
    """Return T5, or T6, without noise at p = 2, L = η = 1."""
    bound = stationarity.stationarity_bound(
        initial_gap=gap, smoothness=1.0, sigma=0.0, moment_order=2, p=2, step_size=1.0, momentum=1 - theta,
        n_steps=n_steps, oracle=oracle,
    )  # fmt: skip
    return float(bound.value) if bound.value is not None else math.nan


def _plain_steps(context: Context) -> Finding:
    """``min ‖∇f‖²`` and its mean over runs with step 1/L: the semidefinite program, the closed forms, and T6."""
    tally, answers = Tally(context), _Answers()
    for n in range(1, 11 if context.is_full else 5):
        cases = (
            ("gap", "smallest", Fraction(4, 3 * n + 2)),
            ("drop", "smallest", Fraction(4, 3 * n)),
            ("gap", "mean", Fraction(2, n + 1)),
        )
        for budget, measure, closed in cases:
            found = answers.keep(estimation.estimate(steps.plain_steps(n, budget, measure)))
            witness = {"N": n, "budget": budget, "measure": measure, **found.to_dict()}
            tally.at_most(found.exact_lower, closed, slack=rounding(1) * float(closed), witness=witness)
            tally.at_most(closed, found.exact_upper, slack=rounding(1) * float(closed), witness=witness)
            if budget == "gap":
                bound = _bound(n + 1, 1.0, oracle="regularized")
                tally.at_most(found.lower, bound, slack=rounding(n) * bound, witness=witness | {"claim": "T6"})
    return answers.finding(
        tally, "Plain steps: 4LΔ/(3N+2), 4L(f_0 - f_N)/(3N), and 2LΔ/K for the mean, which T6 attains."
    )


def _normalised_steps(context: Context) -> Finding:
    """Runs of steps of fixed length: the least budget of given gradients, the smallest gradient, the mean, and T5."""
    tally, answers = Tally(context), _Answers()
    n_largest = 10 if context.is_full else 4
    for n in range(1, n_largest):
        for t in (Fraction(1), Fraction(4, 5), Fraction(3, 2))[: 3 if context.is_full else 2]:
            for budget in steps.BUDGETS:
                found = answers.keep(estimation.estimate(steps.normalised_steps(n, t, budget)))
                closed = -steps.chain_budget(n, t, budget)
                witness = {"N": n, "length": str(t), "budget": budget, **found.to_dict()}
                slack = rounding(1) * float(abs(closed))
                tally.at_most(found.exact_lower, closed, slack=slack, witness=witness)
                tally.at_most(closed, found.exact_upper, slack=slack, witness=witness)
                if budget == "gap":
                    bound = _bound(n + 1, float(-found.exact_lower))
                    tally.at_most(float(t), bound, witness=witness | {"claim": "T5 above the smallest"})
    curves = _curves(n_largest, 6 if context.is_full else 4)
    for row in curves["rows"]:
        tally.at_most(row["found"], row["bound"], slack=rounding(row["K"], operations=16) * row["bound"], witness=row)
    squares = [row for row in curves["rows"] if row["curve"] == "mean" and math.isqrt(row["K"]) ** 2 == row["K"]]
    for row in squares:
        # a parabola of which the last step reaches the bottom: K, K-1, …, 0 and then to and fro
        tally.at_most(row["bound"], row["found"], slack=10 * instances.MARGIN, scale=row["bound"],
                      witness=row | {"claim": "T5 is attained"})  # fmt: skip
    return answers.finding(
        tally,
        "Normalised steps stay below T5 and attain it at K = 1, 4, 9; the smallest gradient is within a factor 1.24.",
        **curves,
    )


def _curves(n_largest: int, n_momentum: int) -> dict[str, Any]:
    """Return T5 and T6 beside their worst cases over K, each at the step size that is best for the bound."""
    rows = []
    for k in range(1, n_largest + 1):
        plain = math.sqrt(_bound(k, 1.0, oracle="regularized"))
        rows.append({"curve": "plain mean", "K": k, "bound": plain, "found": math.sqrt(2 / k)})
        rows.append({"curve": "plain smallest", "K": k, "bound": plain, "found": math.sqrt(4 / (3 * k - 1))})
        size = instances.optimal_budget(k, 1.0)
        rows.append({"curve": "smallest", "K": k, "bound": _bound(k, size), "found": steps.chain_length(k - 1, size)})
        rows.append(_on_a_line("mean", k, Fraction(1)))
    rows += [_on_a_line("momentum", k, Fraction(1, 2)) for k in range(1, n_momentum + 1)]
    return {"rows": rows}


def _on_a_line(curve: str, k: int, theta: Fraction) -> dict[str, Any]:
    found = instances.worst_on_a_line(k, instances.optimal_budget(k, float(theta)), theta)
    gap = found.budget()
    if gap is None:
        return {"curve": curve, "K": k, "bound": math.nan, "found": float(found.mean)}
    return {"curve": curve, "K": k, "bound": _bound(k, float(gap), float(theta)), "found": float(found.mean)}


def _drift_is_needed(context: Context) -> Finding:
    """With momentum a run on a line goes uphill: its mean is above T5 without the drift term, and below T5."""
    tally, answers = Tally(context), _Answers()
    theta = Fraction(1, 2)
    for k in (3, 4, 5) if context.is_full else (3, 4):
        found = instances.worst_on_a_line(k, k / 4, theta)
        gap = float(found.budget() or math.nan)
        without = gap / k + 0.5
        bound, mean = _bound(k, gap, float(theta)), float(found.mean)
        witness = {"K": k, "gradients": [str(g) for g in found.gradients], "gap": gap, "without_drift": without}
        tally.at_most(mean, bound, witness=witness)
        tally.at_most(without, mean, witness=witness | {"claim": "the drift is needed"})
    return answers.finding(
        tally, "Normalised steps with momentum exceed the bound without its drift term, and not the bound."
    )


CHECKS = (
    Check(
        statement="D1",
        name="duality_map_solves_its_cone_program",
        kind="identity",
        function=_duality_map_solves_its_program,
        cost=0.6,
    ),
    Check(
        statement="D1",
        name="nuclear_and_spectral_norms_are_dual_programs",
        kind="identity",
        function=_norms_are_dual,
        cost=0.3,
    ),
    Check(
        statement="D2",
        name="steps_solve_their_cone_programs",
        kind="identity",
        function=_steps_solve_their_programs,
        cost=0.9,
    ),
    Check(
        statement="T1",
        name="one_step_has_its_exact_worst_case",
        kind="adversarial",
        function=_one_step,
        is_random=False,
        cost=0.7,
    ),
    Check(
        statement="T2",
        name="one_plain_step_has_its_exact_worst_case",
        kind="adversarial",
        function=_regularized_step,
        is_random=False,
        cost=0.6,
    ),
    Check(
        statement="T6",
        name="plain_steps_have_their_exact_worst_case",
        kind="adversarial",
        function=_plain_steps,
        is_random=False,
        cost=0.7,
    ),
    Check(
        statement="T5",
        name="normalised_steps_have_their_exact_worst_case",
        kind="adversarial",
        function=_normalised_steps,
        is_random=False,
        cost=0.8,
        figure="worst_case",
    ),
    Check(
        statement="T5",
        name="drift_of_the_momentum_is_needed",
        kind="adversarial",
        function=_drift_is_needed,
        is_random=False,
        cost=0.2,
    ),
)
