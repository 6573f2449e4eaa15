"""PROGRAMS: what cone programs prove, each end from a rounded point that is checked in fractions.

A program is a claim about fixed data: named matrices, or a number of steps up to ten.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from flint import arb

from schattor_theory.bounds import descent, stationarity
from schattor_theory.geometry import dual_exponent, schatten
from schattor_theory.optimizer import schattor

from ..proof import Proof, Proposition, Step, settle
from ..rigorous import balls, spectral
from . import oracles, steps
from .cones import CONE_EXPONENTS, PARTS, dual_parts
from .estimation import Estimate, Program, estimate, upper_end
from .exact import Matrix, gauge_above, inner, rounded

__all__ = ["MATRICES", "N_STEPS", "PROGRAMS"]

MATRICES: dict[str, tuple[tuple[int, ...], ...]] = {
    "distinct values": ((3, 0), (0, 4)),
    "wide": ((1, 2, 3), (4, 5, 6)),
    "two of three tied": ((2, 0, 0), (0, 2, 0), (0, 0, 1)),
    "rank one": ((1, 1), (1, 1)),
    "one column": ((2,), (-1,), (2,)),
}
"""The matrices of D1 and D2: distinct, tied and vanishing singular values, more columns than rows, one column."""

N_STEPS = 10
"""The most steps of the performance estimation."""

_RELATIVE = Fraction(1, 10**7)
"""Distance, relative to the norm, up to which two proved ends and a closed form count as meeting."""

_ROUNDING = Fraction(1, 10**12)

_EXPONENT_NAMES = {1.0: "1", 4 / 3: "4/3", 2.0: "2", 4.0: "4", math.inf: "inf"}


def _exact_exponent(p: float) -> Fraction | str:
    return "inf" if math.isinf(p) else Fraction(p).limit_denominator(3)


def _step(claim: str, latex: str, justification: str, *, is_proved: bool, is_refuted: bool = False) -> Step:
    return Step(claim=claim, latex=latex, justification=justification, result=settle(is_proved, is_refuted))


def _show(x: Fraction) -> str:
    return str(x) if x.denominator < 10**4 else f"{float(x):.9g}"


def _around(d: Matrix, weights: tuple[np.ndarray, ...]) -> tuple[Matrix, Matrix, Matrix]:
    return rounded(weights[0]), d, rounded(weights[1])


def _ball_ends(matrix: np.ndarray, p: float) -> tuple[Fraction, Fraction]:
    """Return fractions between which ``max{<M, D> : ‖D‖_p ≤ 1}`` lies, and nothing else is used than definiteness."""
    found = oracles.ball_oracle(matrix, p)
    d = rounded(found.point)
    size = gauge_above(*_around(d, found.weights), PARTS[p])
    upper = gauge_above(*_around(rounded(matrix), found.dual_weights), dual_parts(p))
    return inner(rounded(matrix), d) / size, upper


def _prove_duality_map(p: float) -> Iterator[Step]:
    q = dual_exponent(p)
    names = _EXPONENT_NAMES[p], _EXPONENT_NAMES[min(_EXPONENT_NAMES, key=lambda known: abs(known - q))]
    for name, rows in MATRICES.items():
        m = np.array(rows, dtype=float)
        lower, upper = _ball_ends(m, p)
        meet = upper - lower <= _RELATIVE * upper
        yield _step(
            f"{name}: {_show(lower)} ≤ max <M, D> over ‖D‖_{names[0]} ≤ 1 ≤ {_show(upper)}",
            rf"{float(lower):.9g} \le \max_{{\|D\|_{{{names[0]}}} \le 1}} \langle M, D\rangle \le {float(upper):.9g}",
            "A rational point of the cone has the first value, rational weights of the dual cone prove the second.",
            is_proved=meet,
            is_refuted=lower > upper,
        )
        norm = spectral.schatten_norm(m, _exact_exponent(q) if not math.isinf(q) else "inf")
        yield Step(
            claim=f"{name}: ‖M‖_{names[1]} is that number",
            latex=rf"\|M\|_{{{names[1]}}} = \max_{{\|D\|_{{{names[0]}}} \le 1}} \langle M, D\rangle",
            justification="Singular values enclosed in balls, within the distance of the two ends and rounding.",
            result=_within(norm, lower, upper, _ROUNDING * upper),
        )
        d = np.asarray(schatten.duality_map(m, p))
        yield Step(
            claim=f"{name}: D_{names[0]}(M), as it is computed, is a point of the ball and attains it",
            latex=rf"\langle M, D_{{{names[0]}}}(M)\rangle = \|M\|_{{{names[1]}}}",
            justification="Its entries are fractions: the product is exact, its norm enclosed in a ball.",
            result=balls.all_of(
                (
                    balls.at_most(spectral.schatten_norm(d, _exact_exponent(p)), 1 + _ROUNDING),
                    settle(
                        _exact_product(m, d) >= (1 - _ROUNDING) * lower, _exact_product(m, d) < (1 - _RELATIVE) * lower
                    ),
                )
            ),
        )


def _exact_product(m: np.ndarray, d: np.ndarray) -> Fraction:
    return sum(
        (Fraction(float(x)) * Fraction(float(y)) for x, y in zip(m.ravel(), d.ravel(), strict=True)), Fraction(0)
    )


def _within(value: arb | Fraction, lower: Fraction, upper: Fraction, slack: Fraction) -> balls.Decision:
    return balls.all_of((balls.at_most(lower - slack, value), balls.at_most(value, upper + slack)))


_STEP_SIZE = Fraction(1, 4)


def _prove_regularized_step(p: float) -> Iterator[Step]:
    q = dual_exponent(p)
    name_p, eta = _EXPONENT_NAMES[p], _STEP_SIZE
    optimizer = schattor.Schattor(
        schatten.SchattenGeometry(p), step_size=float(eta), momentum=0.0, oracle="regularized"
    )
    for name, rows in MATRICES.items():
        m = np.array(rows, dtype=float)
        found = oracles.regularized_oracle(m, p, float(eta))
        # <M, Y> + ‖Y‖²/(2η) ≥ -‖M‖_q‖Y‖ + ‖Y‖²/(2η) ≥ -η‖M‖_q²/2, with what the dual weights prove for ‖M‖_q
        bound = gauge_above(*_around(rounded(m), found.dual_weights), dual_parts(p))
        lower = -eta * bound * bound / 2
        upper = _objective_above(m, found, p, eta)
        yield _step(
            f"{name}: {_show(lower)} ≤ min <M, Y> + ‖Y‖_{name_p}²/(2η) ≤ {_show(upper)} at η = {eta}",
            rf"{float(lower):.9g} \le \min_Y \langle M, Y\rangle + \|Y\|_{{{name_p}}}^2/(2\eta) \le {float(upper):.9g}",
            "A rational point and its weights have the second value, rational dual weights prove the first.",
            is_proved=upper - lower <= _RELATIVE * abs(lower),
            is_refuted=lower > upper,
        )
        norm = spectral.schatten_norm(m, _exact_exponent(q) if not math.isinf(q) else "inf")
        best = -balls.exact(eta) * norm * norm / 2
        yield Step(
            claim=f"{name}: -η‖M‖_q²/2 is that number",
            latex=r"-\tfrac{\eta}{2}\|M\|_q^2",
            justification="Singular values enclosed in balls, within the distance of the two ends and rounding.",
            result=_within(best, lower, upper, _ROUNDING * abs(lower)),
        )
        y = np.asarray(optimizer.step(np.zeros_like(m), m, optimizer.init(np.zeros_like(m)))[0])
        size = spectral.schatten_norm(y, _exact_exponent(p))
        objective = balls.exact(_exact_product(m, y)) + size * size / balls.exact(2 * eta)
        yield Step(
            claim=f"{name}: the step, as it is computed, has that value",
            latex=r"Y = -\eta \|M\|_q D_p(M)",
            justification="Its entries are fractions: the product is exact, its norm enclosed in a ball.",
            result=balls.at_most(objective, upper + _ROUNDING * abs(lower)),
        )


def _objective_above(m: np.ndarray, found: oracles.OracleSolved, p: float, eta: Fraction) -> Fraction:
    """Return ``<M, Y> + ‖Y‖_p²/(2η)`` of the rounded point, or more, at the multiple that is best for it."""
    y = rounded(found.point)
    size = gauge_above(*_around(y, found.weights), PARTS[p])
    slope = inner(rounded(m), y)
    factor = max(Fraction(0), -slope * eta / (size * size))
    return factor * slope + (factor * size) ** 2 / (2 * eta)


def _estimated(program: Program, closed: Fraction, claim: str, latex: str) -> tuple[Estimate, Iterator[Step]]:
    found = estimate(program)
    again = upper_end(program, found.multipliers, found.shift)
    meet = found.exact_upper - found.exact_lower <= _RELATIVE * abs(closed)
    return found, iter(
        (
            _step(
                f"{claim} at most {_show(found.exact_upper)}",
                rf"{latex} \le {_show(found.exact_upper)}",
                f"{len(found.multipliers)} multipliers of the interpolation conditions, rounded to fractions: the "
                "values cancel and the slack matrix is positive semidefinite by elimination.",
                is_proved=again == found.exact_upper,
            ),
            _step(
                f"{claim} at least {_show(found.exact_lower)}",
                rf"{latex} \ge {_show(found.exact_lower)}",
                "A rational Gram matrix and values satisfy every interpolation condition, so there is a function.",
                is_proved=found.exact_lower <= found.exact_upper,
            ),
            _step(
                f"the closed form {closed} lies between the ends, "
                + (
                    "which are equal"
                    if found.exact_lower == found.exact_upper
                    else f"which differ by less than {float(_RELATIVE):g} of it"
                ),
                rf"= {closed}",
                "Compared as fractions.",
                is_proved=meet and found.exact_lower <= closed <= found.exact_upper,
                is_refuted=not found.exact_lower <= closed <= found.exact_upper,
            ),
        )
    )


def _collected(cases: Iterator[tuple[Program, Fraction, str, str]], last: tuple[Step, ...] = ()) -> Proof:
    chain: list[Step] = []
    certificates = {}
    for program, closed, claim, latex in cases:
        found, lines = _estimated(program, closed, claim, latex)
        chain += lines
        certificates[program.name] = found.certificate()
    return Proof(statement="", name="", kind="conic", steps=(*chain, *last), certificate=certificates)


def _prove_plain_steps(budget: str) -> Proof:
    words = {"gap": ("Δ", r"\Delta"), "drop": ("(f_0 - f_N)", "(f_0 - f_N)")}[budget]

    def cases() -> Iterator[tuple[Program, Fraction, str, str]]:
        for n in range(1, N_STEPS + 1):
            closed = Fraction(4, 3 * n + 2) if budget == "gap" else Fraction(4, 3 * n)
            claim = f"N = {n}: the largest min ‖∇f(X_k)‖² over functions, in L{words[0]}, is"
            yield steps.plain_steps(n, budget), closed, claim, rf"\max_f \min_k \|\nabla f(X_k)\|^2 / (L{words[1]})"

    return _collected(cases())


def _prove_plain_mean() -> Proof:
    def cases() -> Iterator[tuple[Program, Fraction, str, str]]:
        for n in range(1, 7):
            claim = f"K = {n + 1}: the largest mean of ‖∇f(X_k)‖² over functions, in LΔ, is"
            latex = r"\max_f \tfrac1K\sum_k \|\nabla f(X_k)\|^2 / (L\Delta)"
            yield steps.plain_steps(n, "gap", "mean"), Fraction(2, n + 1), claim, latex

    values = [
        stationarity.stationarity_bound(
            initial_gap=1.0, smoothness=1.0, sigma=0.0, moment_order=2, p=2, step_size=1.0, momentum=0.0, n_steps=k,
            oracle="regularized",
        ).value
        for k in range(2, 8)
    ]  # fmt: skip
    exact = [Fraction(value) for value in values if value is not None]
    equal = [abs(x - Fraction(2, k)) <= _ROUNDING for k, x in enumerate(exact, start=2)]
    agrees = len(equal) == len(values) and all(equal)
    last = _step(
        "T6 without noise and momentum at Lη = 1, as it is computed, is that number for K = 2 … 7",
        r"\Delta / (\mu\eta K) = 2L\Delta / K",
        "The project's own bound, evaluated and compared as fractions.",
        is_proved=agrees,
        is_refuted=not agrees,
    )
    return _collected(cases(), (last,))


def _prove_normalised_steps(budget: str) -> Proof:
    words = {"gap": "f_0 - inf f", "drop": "f_0 - f_N"}[budget]

    def cases() -> Iterator[tuple[Program, Fraction, str, str]]:
        for n in range(1, N_STEPS + 1):
            closed = -(Fraction(3 * n + 2, 4) if budget == "gap" else Fraction(3 * n, 4))
            claim = f"N = {n}, gradients of length Lη: minus the least {words}, in Lη², is"
            yield steps.normalised_steps(n, Fraction(1), budget), closed, claim, rf"-\min_f ({words}) / (L\eta^2)"

    return _collected(cases(), (_longer_gradients_cost_more(),))


def _longer_gradients_cost_more() -> Step:
    """``½a + ½bc + ¼(a² + b² - 2abc) - ¾ - ¼ = ½b(a-1)(1-c) + ½(a-1) + ½(b-1) + ¼(a-b)²``: no term is negative."""
    import sympy

    a, b, c = sympy.symbols("a b c")
    half, quarter = sympy.Rational(1, 2), sympy.Rational(1, 4)
    needed = half * (a + b * c) + quarter * (a**2 + b**2 - 2 * a * b * c) - quarter
    least = needed.subs({a: 1, b: 1, c: 1})
    rest = half * b * (a - 1) * (1 - c) + half * (a - 1) + half * (b - 1) + quarter * (a - b) ** 2
    difference = sympy.expand(needed - least - rest)
    return _step(
        "longer gradients cost no less: f_k - f_{k+1} ≥ ½a + ½bc + ¼(a² + b² - 2abc) - ¼ ≥ ¾ for a, b ≥ 1 ≥ c",
        r"\tfrac12 b(a-1)(1-c) + \tfrac12(a-1) + \tfrac12(b-1) + \tfrac14(a-b)^2 \ge 0",
        "With a, b the lengths and c the cosine, the difference is a sum of products of factors that are not negative.",
        is_proved=difference == 0,
        is_refuted=difference != 0,
    )


_TRIANGLES = ((5, 3, 4), (13, 5, 12), (3, 5, 2), (5, 3, 6), (4, 1, 3), (2, 2, 1))
"""``‖∇f‖, ‖e‖, ‖M‖``: the first two have e ⟂ M, the worst angle; the third points backwards."""


def _prove_one_step() -> Proof:
    def cases() -> Iterator[tuple[Program, Fraction, str, str]]:
        for g, e, m in _TRIANGLES:
            closed = Fraction(1, 2) - Fraction(m * m + g * g - e * e, 2 * m)
            claim = f"‖∇f‖, ‖e‖, ‖M‖ = {g}, {e}, {m}: the largest f(X⁺) - f(X) over functions, L = η = 1, is"
            yield steps.one_step(Fraction(g), Fraction(e), Fraction(m)), closed, claim, r"\max_f f(X^+) - f(X)"

    worst = [(g, e, m) for g, e, m in _TRIANGLES if m * m == g * g - e * e or m == e - g]
    lost = [(Fraction(g) - Fraction(m * m + g * g - e * e, 2 * m)) / e for g, e, m in worst]
    factors = [Fraction(descent.misalignment_factor(e / g, 2)) for g, e, _ in worst]
    agrees = all(abs(x - y) <= _ROUNDING for x, y in zip(lost, factors, strict=True))
    words = ", ".join(map(str, lost))
    last = _step(
        f"T1's factor at p = 2, as it is computed, is the loss over ‖e‖ at the worst angle: {words}",
        r"(1-\sqrt{1-\rho^2})/\rho,\ 2/\rho",
        "The project's own factor, evaluated and compared as fractions.",
        is_proved=agrees,
        is_refuted=not agrees,
    )
    return _collected(cases(), (last,))


def _proposition(
    statement: str, name: str, prove: Callable[[], Proof | Iterator[Step]], cost: float, limit: float = 60.0
) -> Proposition:
    return Proposition(
        statement=statement, name=name, kind="conic", prove=functools.partial(_carried_out, prove), time_limit=limit,
        cost=cost,
    )  # fmt: skip


def _carried_out(prove: Callable[[], Proof | Iterator[Step]]) -> Proof | tuple[Step, ...]:
    found = prove()
    return found if isinstance(found, Proof) else tuple(found)


PROGRAMS: tuple[Proposition, ...] = (
    *(
        _proposition("D1", f"duality_map_attains_the_program_of_the_ball_p_{name.replace('/', '_')}",
                     functools.partial(_prove_duality_map, p), 0.1)
        for p, name in _EXPONENT_NAMES.items()
    ),
    *(
        _proposition("D2", f"regularized_step_attains_its_program_p_{name.replace('/', '_')}",
                     functools.partial(_prove_regularized_step, p), 0.1)
        for p, name in _EXPONENT_NAMES.items()
    ),
    _proposition("T1", "one_step_loses_no_more_than_its_worst_function", _prove_one_step, 0.3),
    _proposition("T6", "plain_steps_worst_case_for_the_gap", functools.partial(_prove_plain_steps, "gap"), 2.0),
    _proposition("T6", "plain_steps_worst_case_for_the_drop", functools.partial(_prove_plain_steps, "drop"), 2.0),
    _proposition("T6", "plain_steps_attain_the_bound_on_the_mean", _prove_plain_mean, 1.0),
    _proposition("T5", "normalised_steps_worst_case_for_the_gap",
                 functools.partial(_prove_normalised_steps, "gap"), 2.0),
    _proposition("T5", "normalised_steps_worst_case_for_the_drop",
                 functools.partial(_prove_normalised_steps, "drop"), 2.0),
)  # fmt: skip
"""One entry a program, or a family of them; each proves both ends."""

if set(_EXPONENT_NAMES) != set(CONE_EXPONENTS):  # pragma: no cover
    raise RuntimeError("Each cone has a name.")
