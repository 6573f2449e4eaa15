"""T4a against its worst cases: kept witnesses replayed in ball arithmetic, and searches for new ones."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import arb

from schattor_theory.bounds import martingale

from ..adversarial import find, search, trees
from ..adversarial import witness as witnesses
from ..evidence import Verdict
from ..rigorous import balls, scalar_constant
from .check import Check, Context, Finding
from .tally import Tally

__all__ = ["CHECKS"]

_ULPS = 1e-15  # a few units in the last place of numbers between 1 and 2
_BEYOND = Fraction(3, 2), Fraction(3)


def _scalar_constant_is_enclosed(context: Context) -> Finding:
    """C_q as a ball of 20 digits, against the floating point function and, by branch and bound, against every s."""
    tally = Tally(context)
    rows = []
    for q in find.EXPONENTS:
        found = scalar_constant.scalar_constant(q, 20)
        claim = martingale.scalar_best_constant(float(q))
        witness = {"q": str(q), "claim": "floating point"}
        tally.at_most(claim, balls.upper_float(found.constant), slack=8 * _ULPS, witness=witness)
        tally.at_most(balls.lower_float(found.constant), claim, slack=8 * _ULPS, witness=witness)
        rows.append({"q": str(q), "constant": found.constant.str(20), "maximiser": found.maximiser.str(20)})
    excess = 1e-5 if context.is_full else 1e-3
    for q in find.EXPONENTS if context.is_full else find.EXPONENTS[::4]:
        limit = balls.exact(martingale.scalar_best_constant(float(q))) + balls.exact(excess)
        undecided = _not_below(limit, q)
        tally.equal(len(undecided), 0, slack=0, witness={"q": str(q), "claim": "no s exceeds C_q", "s": undecided[:3]})
    return tally.finding("C_q is enclosed to 20 digits and no number exceeds it.", rows=rows)


def _not_below(limit: arb, q: Fraction) -> list[str]:
    """Return the intervals of s in [1/16, 2^14] on which ``g(s) <= limit`` could not be proved by bisection.

    Outside, ``g`` is monotone, see :mod:`proofs_checks.rigorous.scalar_constant`.
    """
    open_boxes = [(Fraction(2) ** k, Fraction(2) ** (k + 1)) for k in range(-4, 14)]
    failed = []
    while open_boxes:
        low, high = open_boxes.pop()
        ball = balls.hull(low, high)
        decision = balls.at_most(scalar_constant.scalar_ratio(ball, q), limit)
        if decision is balls.Decision.PROVED:
            continue
        if decision is balls.Decision.REFUTED or high - low < Fraction(1, 10**7):
            failed.append(f"[{float(low)!r}, {float(high)!r}]")
            if len(failed) > 2:
                break
            continue
        middle = (low + high) / 2
        open_boxes += [(low, middle), (middle, high)]
    return failed


def _witnesses_replay(context: Context) -> Finding:
    """Every kept witness gives its certified decimals again, and none exceeds what is proved."""
    tally = Tally(context)
    rows: list[dict[str, Any]] = []
    for kept in witnesses.load_witnesses():
        lower = kept.certified_lower()
        text = balls.decimal_below(lower, witnesses.DIGITS)
        label = {"witness": kept.name}
        tally.equal(
            float(text != kept.certified), 0, slack=0, witness=label | {"replayed": text, "kept": kept.certified}
        )
        scalar = scalar_constant.scalar_constant(kept.moment_order, 40).constant
        rows.append({"name": kept.name, "q": str(kept.q), "moment_order": str(kept.moment_order),
                     "certified": kept.certified, "scalar": balls.decimal_below(scalar, 25),
                     "beats_scalar": balls.less(scalar, lower).value})  # fmt: skip
        limit = martingale.martingale_constant(float(kept.moment_order))
        value = balls.lower_float(lower)
        tally.at_most(value, limit, slack=_ULPS, witness=label | {"claim": "2^{2-β}"})
        if kept.q == kept.moment_order:
            proved = martingale.best_constant_bracket(float(kept.q))[1]
            tally.at_most(value, proved, slack=8 * _ULPS, witness=label | {"claim": "upper end of the bracket"})
    inside = [row for row in rows if row["q"] == row["moment_order"]]
    return tally.finding(f"{len(rows)} witnesses replay. {_loud(inside)}", rows=rows)


def _loud(rows: list[dict[str, Any]]) -> str:
    """Return what the rows, all with β = q, say about the conjecture K_q = C_q."""
    beating = [row["name"] for row in rows if row["beats_scalar"] == balls.Decision.PROVED.value]
    if beating:
        return f"THE CONJECTURE K_q = C_q IS REFUTED by {', '.join(beating)}."
    return "None beats C_q at β = q."


def _search_finds_nothing_above(context: Context) -> Finding:
    """A live search of the one-step inequality over sizes and fields: it must find C_q, and stay below the bound."""
    tally = Tally(context)
    shapes = [((2, 2), "real"), ((3, 3), "real"), ((2, 3), "complex")]
    exponents = [Fraction(5, 4), Fraction(8, 5)]
    if context.is_full:
        shapes += [((1, 1), "real"), ((4, 4), "complex"), ((6, 3), "real"), ((6, 6), "real")]
        exponents += [Fraction(11, 10), Fraction(3, 2), Fraction(19, 10)]
    rows, weak = [], []
    for q in exponents:
        for shape, field in shapes:
            seed = context.axes(search="one-step")
            found = search.search_one_step(q, shape, field=field, starts=4 * context.sample_factor, seed=seed)
            value = balls.lower_float(found.witness().certified_lower())
            name = f"q={q} {shape[0]}x{shape[1]} {field}"
            label = {"q": str(q), "shape": list(shape), "field": field, "a": found.a, "b": found.b}
            tally.at_most(value, martingale.martingale_constant(float(q)), slack=_ULPS, witness=label)
            tally.at_most(value, martingale.best_constant_bracket(float(q))[1], slack=8 * _ULPS, witness=label)
            rows.append({"name": name, "q": str(q), "certified": value, "short_of_scalar": found.scalar - found.value,
                         "beats_scalar": found.beats_scalar().value, "reached": dict(found.reached),
                         **{k: v for k, v in found.description.items() if not isinstance(v, list)}})  # fmt: skip
            if found.is_too_weak:
                weak.append(name)
    words = f"The search finds C_q from every size. {_loud(rows)}"
    finding = tally.finding(words, rows=rows)
    if weak and finding.verdict is Verdict.HOLDS:
        detail = f"The search is too weak to report: it misses C_q at {', '.join(weak)}."
        return replace(finding, verdict=Verdict.INCONCLUSIVE, detail=detail)
    return finding


def _short_martingales_stay_below(context: Context) -> Finding:
    """A live search over martingales of two and three steps; matrices must find what numbers do."""
    tally = Tally(context)
    rows, weak = [], []
    for q in (Fraction(13, 10), Fraction(3, 2), Fraction(9, 5)) if context.is_full else (Fraction(3, 2),):
        for n_steps in (2, 3) if context.is_full else (2,):
            seed = context.axes(search="martingale")
            scalar, matrix = (
                trees.search_martingale(q, shape, n_steps=n_steps, starts=6 * context.sample_factor, seed=seed)
                for shape in ((1, 1), (2, 2))
            )
            value = balls.lower_float(matrix.witness().certified_lower())
            label = {"q": str(q), "n_steps": n_steps, "a": matrix.a, "steps": [node.step for node in matrix.nodes]}
            tally.at_most(value, martingale.martingale_constant(float(q)), slack=_ULPS, witness=label)
            tally.at_most(value, martingale.best_constant_bracket(float(q))[1], slack=8 * _ULPS, witness=label)
            rows.append({"name": f"q={q} {n_steps} steps", "q": str(q), "certified": value, "scalar": scalar.value,
                         "beats_scalar": matrix.beats_scalar().value})  # fmt: skip
            if n_steps == 2 and not matrix.value >= scalar.value - search.TOLERANCE:
                weak.append(f"q={q}")
    finding = tally.finding(f"Martingales of a few steps stay below the constant. {_loud(rows)}", rows=rows)
    if weak and finding.verdict is Verdict.HOLDS:
        detail = f"The search is too weak to report: matrices miss the scalar martingale at {', '.join(weak)}."
        return replace(finding, verdict=Verdict.INCONCLUSIVE, detail=detail)
    return finding


def _scalar_constant_fails_beyond_two(context: Context) -> Finding:
    """At β = 3/2, q = 3 a kept pair exceeds C_{3/2}, in ball arithmetic: the conjecture ends at q = 2."""
    order, q = _BEYOND
    tally = Tally(context)
    kept = [w for w in witnesses.load_witnesses() if (w.moment_order, w.q) == _BEYOND]
    constant = scalar_constant.scalar_constant(order, 40).constant
    decisions = [balls.less(constant, w.certified_lower()) for w in kept]
    n_proved = sum(decision is balls.Decision.PROVED for decision in decisions)
    tally.at_most(1, n_proved, witness={"q": q, "moment_order": str(order), "decisions": [d.value for d in decisions]})
    best = max((w.certified for w in kept), default="none")
    return tally.finding(
        f"C_{{3/2}} fails at q = 3: a pair reaches {best[:10]} against {constant.str(10, radius=False)}."
    )


CHECKS = (
    Check(
        statement="T4a",
        name="scalar_constant_is_enclosed",
        kind="derivation",
        function=_scalar_constant_is_enclosed,
        is_random=False,
    ),
    Check(
        statement="T4a",
        name="witnesses_replay_below_the_proved_constant",
        kind="adversarial",
        function=_witnesses_replay,
        is_random=False,
        cost=0.6,
    ),
    Check(
        statement="T4a",
        name="worst_case_search_finds_nothing_above_the_constant",
        kind="adversarial",
        function=_search_finds_nothing_above,
        cost=1.5,
    ),
    Check(
        statement="T4a",
        name="short_martingales_stay_below_the_constant",
        kind="adversarial",
        function=_short_martingales_stay_below,
    ),
    Check(
        statement="T4a",
        name="scalar_constant_fails_beyond_two",
        kind="adversarial",
        function=_scalar_constant_fails_beyond_two,
        is_random=False,
        cost=0.1,
    ),
)
