"""T1, inexact oracles: what the named polynomial schedules are worth, as steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from flint import arb

from schattor_theory.bounds.descent import oracle_alignment
from schattor_theory.errors import SchattorError
from schattor_theory.geometry.coefficients import PUBLISHED_CUSHION, polar_express, taylor_polynomial
from schattor_theory.geometry.polynomials import PolarSchedule, polar_schedule

from ..proof import Step
from . import polar_certificate as stored
from .balls import Decision, all_of, at_most, exact, less, positive, precision, width
from .certificate import certificate_path
from .checker import check_content, read_content
from .identities import has_no_negative_coefficient, product
from .polar import (
    Range,
    critical_points,
    inexact_oracle,
    keeps_signs,
    largest_error,
    minimax_bracket,
    output_ranges,
    value,
)
from .steps import hypothesis, rounds_to, step, within

__all__ = ["express_steps", "muon_steps", "oracle_steps", "taylor_steps"]

_BITS = 192

_NARROW = Fraction(1, 10**20)


def _short(x: arb) -> str:
    """Return five significant digits for people."""
    return f"{float(x.mid()):.5g}"


def oracle_steps() -> tuple[Step, ...]:
    """Return the steps that enclose δ and ω of every named schedule on [l, 1] for three l."""
    with precision(_BITS):
        return tuple(_oracles())


def _oracles() -> Iterator[Step]:
    yield hypothesis(
        "the singular values of M/‖M‖_F lie in [l, 1], D = U diag(p(s)) Vᵀ",
        r"s_i(M)/\|M\|_F\in[l,1],\quad \tilde D=U\operatorname{diag}(p(s))V^\top",
        "Hypothesis; p is the composition of the schedule, in exact arithmetic.",
    )
    yield hypothesis(
        "1 - δ = min p and 1 + ω = max p over [l, 1]",
        r"\langle M,\tilde D\rangle=\sum s_ip(s_i)\ge(1-\delta)\|M\|_1,\quad\|\tilde D\|_\infty\le1+\omega",
        "Definition: Σ s_i p(s_i) ≥ min p · Σ s_i, and the largest singular value of D is max p(s_i) where p > 0.",
    )
    content, decisions = _certificate_content(), []
    for schedule in stored.named_schedules():
        signs = keeps_signs(schedule)
        for least in stored.LEAST:
            oracle = inexact_oracle(schedule, least, bits=_BITS)
            found = [*oracle, oracle.alignment]
            delta, omega = (float(x.mid()) for x in oracle)
            decisions.append(
                all_of(
                    (
                        *(at_most(width(x), _NARROW) for x in oracle),
                        less(oracle.direction_defect, 1),
                        _is_stored(content, schedule, least, oracle),
                        within(exact(oracle_alignment(delta, omega)), oracle.alignment, "1e-14"),
                    )
                )
            )
            yield step(
                f"{schedule.name}, {schedule.n_steps} steps, l = {least}: "
                f"δ = {_short(found[0])}, ω = {_short(found[1])}, κ = {_short(found[2])}",
                rf"\delta={_short(found[0])},\ \omega={_short(found[1])},\ \kappa={_short(found[2])}",
                "Each step maps an interval onto the one between its values at the ends and at critical points inside; "
                "known to 20 digits, and confirmed on the stored certificate by the separate checker. "
                f"At least 0 on all of [0, 1]: {signs.value}.",
                decisions[-1],
            )
    yield step(
        "T1 with these δ and ω is the guarantee of the schedule",
        r"f(X^+)\le f(X)-(1-\delta)\eta\|\nabla f\|_1+(2+\omega-\delta)\eta\|e\|_1+\tfrac12L(1+\omega)^2\eta^2",
        "T1's inexact form at q = 1, wherever the hypothesis on the singular values holds; δ ≤ 1 in each case.",
        all_of(decisions),
        "conclusion",
    )


def _certificate_content() -> dict[str, Any] | None:
    """Return the stored certificate if the checker accepts it."""
    try:
        content = read_content(certificate_path(stored.NAME))
        check_content(content)
    except SchattorError:
        return None
    return content


def _is_stored(content: dict[str, Any] | None, schedule: PolarSchedule, least: Fraction, oracle: Any) -> Decision:
    """Decide whether the accepted certificate speaks of this very schedule and has the same range."""
    claim = stored.claim_of(schedule, least)
    for entry in content["claim"]["entries"] if content else ():
        if claim.items() <= entry.items():
            low, high = Fraction(entry["low"]), Fraction(entry["high"])
            pairs = ((1 - oracle.direction_defect, low), (1 + oracle.norm_excess, high))
            return all_of(within(x, end, Fraction(1, 10**15)) for x, end in pairs)
    return Decision.UNDECIDED


def muon_steps(coefficients: Sequence[float] | None = None) -> tuple[Step, ...]:
    """Return the steps about the quintic of Muon, or about other coefficients."""
    with precision(_BITS):
        return tuple(_muon(tuple(coefficients or polar_schedule("muon").polynomials[0])))


def _muon(row: tuple[float, ...]) -> Iterator[Step]:
    yield hypothesis(
        "p(x) = 3.4445x - 4.7750x³ + 2.0315x⁵, coefficients as binary floats",
        r"p(x)=3.4445x-4.7750x^3+2.0315x^5",
        "The coefficients of Muon.",
    )
    points = critical_points(row)
    if len(points) != 2:
        yield step("p has two positive critical points", r"p'(x)=0", f"It has {len(points)}.", Decision.REFUTED)
        return
    top, bottom = points
    most, least = value(row, top), value(row, bottom)
    yield step(
        "local maximum p(.554529) = 1.202369, local minimum p(1.050136) = .681831",
        r"p(0.554529)=1.202369,\quad p(1.050136)=0.681831",
        "p' is a quadratic in x²; its two roots are isolated.",
        all_of(
            rounds_to(x, printed)
            for x, printed in zip(
                (top, most, bottom, least), ("0.554529", "1.202369", "1.050136", "0.681831"), strict=True
            )
        ),
    )
    schedule = PolarSchedule("muon", (row,), 5)
    low, high = output_ranges(schedule, "0.01", bits=_BITS)[-1]
    yield step(
        "five steps take [.01, 1] onto [.681831, 1.134357]",
        r"p^{\circ5}([0.01,1])=[0.681831,1.134357]",
        "Interval after interval.",
        all_of((rounds_to(low, "0.681831"), rounds_to(high, "1.134357"))),
    )
    second = value(row, least)
    yield step(
        "more steps change nothing: with m the local minimum, p maps [m, p(m)] onto itself",
        r"p([m,p(m)])=[m,p(m)],\quad m=0.681831",
        "The maximum lies left of m and the minimum inside, so p falls from p(m) to m and rises to p(p(m)) < p(m). "
        "The range after five steps is this interval: Muon's quintic never comes closer to the polar factor.",
        all_of(
            (
                less(top, least),
                less(least, bottom),
                less(bottom, second),
                less(value(row, second), second),
                within(low, least, _NARROW),
                within(high, second, _NARROW),
            )
        ),
        "conclusion",
    )


_EXACT = ("0.991530", "0.964572", "0.859771", "0.545893", "0.113448", "9.16472e-4", "4.811e-10")
_RECIPE = ("0.991713", "0.965966", "0.865724", "0.560417", "0.123559", "1.18493e-3", "1.040e-9")
_FIRST_EXACT = ("8.470329", "-25.108075", "18.629276")
_FIRST_RECIPE = ("8.287212", "-23.595887", "17.300387")


def express_steps() -> tuple[Step, ...]:
    """Return the steps about Polar Express from l = 1/1000: the exact greedy composition and the published recipe."""
    with precision(_BITS):
        return tuple(_express())


def _express() -> Iterator[Step]:
    least = Fraction(1, 1000)
    yield hypothesis(
        "each step is the odd quintic closest to 1 on the interval that the steps before leave of [1/1000, 1]",
        r"p_k=\arg\min_p\max_{[l_k,u_k]}|1-p|,\quad l_{k+1}=p_k(l_k),\ u_{k+1}=2-l_{k+1}",
        "Definition of the greedy composition; by its authors' theorem no composition of odd quintics does better.",
    )
    rows = polar_express(len(_EXACT), least=float(least))
    # 1/1000 is no float; the composition was made for the float, the interval is the true one
    yield step(
        f"first triple {', '.join(_FIRST_EXACT)}",
        rf"p_1=({', '.join(_FIRST_EXACT)})",
        "Remez exchange in sixty decimals.",
        all_of(rounds_to(exact(a), printed) for a, printed in zip(rows[0], _FIRST_EXACT, strict=True)),
    )
    ranges = output_ranges(PolarSchedule("exact", rows, len(rows)), least, bits=_BITS)
    inner = outer = Range(exact(least), arb(1))
    for k, (row, interval, printed) in enumerate(zip(rows, ranges, _EXACT, strict=True)):
        low, high = minimax_bracket(row, inner, outer)
        yield step(
            f"after {k + 1} steps the largest error is {printed}, and no greedy step has less",
            rf"\max|1-p_{{{k + 1}}}\circ\dots\circ p_1|={printed}",
            "Enclosed; the least possible error lies between the smallest of four alternating errors "
            f"(de la Vallée-Poussin) and the largest, which differ by {_short(high - low)}.",
            all_of(rounds_to(x, printed) for x in (largest_error(interval), low, high)),
        )
        inner, outer = Range(1 - low, 1 + low), Range(1 - high, 1 + high)
    rows = polar_express(len(_RECIPE), least=float(least), cushion=PUBLISHED_CUSHION)
    yield step(
        f"published recipe: first triple {', '.join(_FIRST_RECIPE)}",
        rf"p_1=({', '.join(_FIRST_RECIPE)})",
        f"The same on [max(l, {PUBLISHED_CUSHION}u), u], scaled so that p(l) + p(u) = 2.",
        all_of(rounds_to(exact(a), printed) for a, printed in zip(rows[0], _FIRST_RECIPE, strict=True)),
    )
    ranges = output_ranges(PolarSchedule("recipe", rows, len(rows)), least, bits=_BITS)
    for k, (interval, printed) in enumerate(zip(ranges, _RECIPE, strict=True)):
        yield step(
            f"published recipe, {k + 1} steps: largest error {printed}",
            rf"\max|1-p_{{{k + 1}}}\circ\dots\circ p_1|={printed}",
            "Enclosed.",
            rounds_to(largest_error(interval), printed),
        )


def taylor_steps(polynomial: Any = taylor_polynomial) -> tuple[Step, ...]:
    """Return the steps about Newton–Schulz of order κ: ``δ_k ≤ δ_0^{(κ+1)^k}`` for ``δ = 1 - s²``."""
    return tuple(_taylor(polynomial))


def _taylor(polynomial: Any) -> Iterator[Step]:
    yield hypothesis(
        "p(x) = x Σ_{s ≤ κ} (2s)!/(4^s s!²) δ^s with δ = 1 - x², x in [0, 1]",
        r"p(x)=x\sum_{s\le\kappa}\frac{(2s)!}{4^s\,s!^2}\,\delta^s,\quad\delta=1-x^2",
        "Definition; x times the Taylor polynomial of y^{-1/2} at y = 1.",
    )
    for order in range(1, 9):
        rest = _remainder(polynomial(order), order)
        yield step(
            f"κ = {order}: 1 - p² = δ^{order + 1} Q(δ), Q has no negative coefficient and Q(1) = 1",
            rf"1-p^2=\delta^{{{order + 1}}}Q(\delta),\quad Q\ge0,\ Q(1)=1",
            "Exact coefficients, from the floats of the schedule. So 0 ≤ 1 - p² ≤ δ^{κ+1} on [0, 1].",
            rest,
        )
    yield step(
        "δ_k ≤ δ_0^{(κ+1)^k} for these κ; as an oracle on [l, 1], δ ≤ (1-l²)^{(κ+1)^k} and ω ≤ 0",
        r"\delta_k\le\delta_0^{(\kappa+1)^k}",
        "Induction: p maps [0, 1] into itself, and 1 - √(1-δ_k) ≤ δ_k. Seen on the enclosures for κ = 1, 2.",
        all_of(_rate_is_seen(polynomial(order), order) for order in (1, 2)),
        "conclusion",
    )


def _remainder(row: Sequence[float], order: int) -> Decision:
    """Decide whether ``1 - p²`` is ``δ^{κ+1}`` times a polynomial of δ with coefficients ≥ 0 whose sum is 1."""
    # p = x T(δ): x² = 1 - δ in each coefficient
    t, power = [Fraction(0)] * len(row), [Fraction(1)]
    for a in row:
        for i, c in enumerate(power):
            t[i] += Fraction(a) * c
        power = product(power, [Fraction(1), Fraction(-1)])
    square = product([Fraction(1), Fraction(-1)], product(t, t))
    left = [Fraction(int(i == 0)) - c for i, c in enumerate(square)]
    vanishing, rest = left[: order + 1], left[order + 1 :]
    if any(vanishing) or sum(rest) != 1:
        return Decision.REFUTED
    return has_no_negative_coefficient(rest)


def _rate_is_seen(row: Sequence[float], order: int) -> Decision:
    decisions = []
    for least in stored.LEAST:
        start = 1 - exact(least) ** 2
        ranges = output_ranges(PolarSchedule("taylor", (tuple(row),), 4), least, bits=_BITS)
        for k, interval in enumerate(ranges):
            decisions += [
                at_most(1 - interval.low**2, start ** ((order + 1) ** (k + 1))),
                at_most(interval.high, 1),
                positive(interval.low),
            ]
    return all_of(decisions)
