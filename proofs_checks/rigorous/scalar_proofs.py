"""T4a, scalar part: the steps of the inequality of von Bahr and Esseen, and of the constant C_q."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from flint import arb, arb_series

from schattor_theory.bounds import scalar_best_constant
from schattor_theory.errors import SchattorError

from ..proof import Step
from .balls import Decision, all_of, at_most, exact, less, positive, power, precision
from .certificate import certificate_path
from .checker import check_content, read_content
from .identities import polynomials_agree
from .scalar_constant import scalar_constant, scalar_ratio
from .steps import covered, hypothesis, rounds_to, step, within
from .von_bahr_esseen import MARGIN, NAME, NEAR_ONE, NEAR_TWO, REGIONS, gap, near_one_bound, prove_region, slope

__all__ = ["constant_steps", "inequality_steps"]

_GAP = r"2^{2-q}-c(2-q)(q-1)"


def inequality_steps(margin: Fraction = MARGIN) -> Iterator[Step]:
    """Yield the steps of ``|1+t|^q ≤ 1 + qt + (2^{2-q} - c(2-q)(q-1))|t|^q`` for every t and 1 ≤ q ≤ 2."""
    yield hypothesis(f"t is real, 1 ≤ q ≤ 2, c = {margin}", rf"t\in\mathbb R,\ 1\le q\le 2,\ c={margin}")
    yield from _near_zero(margin)
    yield from _right(margin)
    yield from _left(margin)
    yield step(
        "|1+t|^q ≤ 1 + qt + (2^{2-q} - c(2-q)(q-1))|t|^q for every t and q",
        rf"|1+t|^q\le 1+qt+\bigl({_GAP}\bigr)|t|^q",
        "The three ranges of t together; the stored boxes were read and checked again by the separate checker.",
        _stored(margin),
        "conclusion",
    )
    yield _sharpness(margin)


def _near_zero(margin: Fraction) -> Iterator[Step]:
    second = polynomials_agree(lambda q: 2 * (q - 1) - q * (q - 1), lambda q: (q - 1) * (2 - q), (2,))
    yield step(
        "(1-s)^q ≤ 1 - qs + (q-1)s² for 0 ≤ s ≤ 1",
        r"(1-s)^q\le 1-qs+(q-1)s^2,\quad 0\le s\le 1",
        "h = right - left vanishes at 0 and 1 and h'(0) = 0; h'' = 2(q-1) - q(q-1)(1-s)^{q-2} falls from "
        "(q-1)(2-q) ≥ 0, so h' first rises from 0 and then falls: h rises from 0, then falls to h(1) = 0.",
        second,
    )
    taylor = polynomials_agree(lambda q: 1 - q * (q - 1) / 2, lambda q: (2 - q) * (1 + q) / 2, (2,))
    yield step(
        "(1+t)^q ≤ 1 + qt + t² for 0 ≤ t ≤ 1",
        r"(1+t)^q\le 1+qt+t^2,\quad 0\le t\le 1",
        "Taylor: the second derivative q(q-1)(1+ξ)^{q-2} is at most q(q-1), and 1 - q(q-1)/2 = (2-q)(1+q)/2 ≥ 0.",
        taylor,
    )
    yield step(
        "the inequality for |t| ≤ 1",
        rf"|1+t|^q\le 1+qt+|t|^q\le 1+qt+\bigl({_GAP}\bigr)|t|^q,\quad |t|\le 1",
        "q - 1 ≤ 1, t² ≤ |t|^q, and 2^{2-q} - 1 ≥ (2-q) log 2 ≥ c(2-q)(q-1) as c ≤ log 2.",
        at_most(margin, arb(2).log()),
    )


def _right(margin: Fraction) -> Iterator[Step]:
    region = REGIONS[2]
    yield step(
        "divided by t^q: g(x, q) = (1+x)^q - x^q - qx^{q-1}, x = 1/t in (0, 1], "
        "must be at most 2^{2-q} - c(2-q)(q-1); at q = 2 both are 1",
        r"g(x,q)=(1+x)^q-x^q-qx^{q-1},\quad g(x,2)=1",
        "An identity; so it is enough that the difference falls as q rises to 2.",
        _agrees_at_two(side=1),
    )
    yield _derivative(margin, side=1)
    yield covered(
        "the difference falls in q for t ≥ 1",
        r"-\partial_q\bigl(2^{2-q}-c(2-q)(q-1)-g(x,q)\bigr)>0,\quad 0<x\le 1,\ 1\le q\le 2",
        "Each term at the corner of the box where it is worst.",
        prove_region(region, margin),
    )


def _left(margin: Fraction) -> Iterator[Step]:
    middle, near_two = REGIONS[:2]
    yield step(
        "divided by |t|^q: f(x, q) = (1-x)^q - x^q + qx^{q-1}, x = 1/|t| in (0, 1], "
        "must be at most 2^{2-q} - c(2-q)(q-1); at q = 2 both are 1",
        r"f(x,q)=(1-x)^q-x^q+qx^{q-1},\quad f(x,2)=1",
        "An identity.",
        _agrees_at_two(side=-1),
    )
    product = polynomials_agree(
        lambda e, x: (1 - e + 2 * x) * (1 + e - x), lambda e, x: 1 - e * e + (1 + 3 * e) * x - 2 * x * x, (2, 2)
    )
    yield step(
        "near q = 1, with ε = q - 1 and w = (ε/2)^ε: "
        "f ≤ 1 - x + w(1-ε+2x)(1+ε-x) = 1 + w(1-ε²) + x(w(1+3ε) - 1) - 2wx²",
        r"f\le 1+w(1-\varepsilon^2)+x\bigl(w(1+3\varepsilon)-1\bigr)-2wx^2,\quad w=(\varepsilon/2)^{\varepsilon}",
        "(1-x)^q ≤ 1 - x, and x^ε = w(2x/ε)^ε ≤ w(1 - ε + 2x) (Bernoulli, 0 < ε ≤ 1), times 1 + ε - x ≥ 0.",
        product,
    )
    epsilon = exact(NEAR_ONE - 1)
    yield step(
        f"w(1+3ε) ≤ 1 for 0 < ε ≤ {NEAR_ONE - 1}, so f ≤ 1 + w",
        rf"w(1+3\varepsilon)\le 1,\quad 0<\varepsilon\le {NEAR_ONE - 1}",
        "log w + log(1+3ε) ≤ ε(3 - Λ) with Λ = log(2/ε), which is least at the last ε; there it is at least 3.",
        at_most(3, (2 / epsilon).log()),
    )
    yield step(
        f"1 + w ≤ 2^{{2-q}} - c(2-q)(q-1) for 1 ≤ q ≤ {NEAR_ONE}",
        rf"1+w\le {_GAP},\quad 1\le q\le {NEAR_ONE}",
        "2^{1-ε} ≥ 2 - 2ε log 2 and w ≤ 1 - εΛ + ε²Λ²/2, so the difference is at least ε H(ε), "
        "H = Λ - εΛ²/2 - 2 log 2 - c; H' = -1/ε + Λ - Λ²/2 < 0 as Λ - Λ²/2 ≤ 1/2, so H is least at the last ε. "
        "At q = 1, f = 2 - 2x ≤ 2.",
        positive(near_one_bound(margin)),
    )
    yield covered(
        f"f ≤ 2^{{2-q}} - c(2-q)(q-1) for {NEAR_ONE} ≤ q ≤ {NEAR_TWO}, also as |t| → ∞",
        rf"f(x,q)<{_GAP},\quad 0\le x\le 1,\ {NEAR_ONE}\le q\le {NEAR_TWO}",
        "Each term at the corner of the box where it is worst; x^{q-1} is continuous at x = 0, where |t| = ∞.",
        prove_region(middle, margin),
    )
    yield _derivative(margin, side=-1)
    yield covered(
        f"the difference falls in q for {NEAR_TWO} ≤ q ≤ 2, and is 0 at q = 2",
        rf"-\partial_q\bigl({_GAP}-f(x,q)\bigr)>0,\quad 0<x<1,\ {NEAR_TWO}\le q\le 2",
        "Dividing by the factor 2 - q that vanishes is the mean of this derivative; y^a|log y| is at most its value at "
        "the nearer end to e^{-1/a}, or 1/(ea).",
        prove_region(near_two, margin),
    )


def _agrees_at_two(side: int) -> Decision:
    return polynomials_agree(lambda x: (1 + side * x) ** 2 - x**2 - 2 * side * x, lambda x: Fraction(1), (2,))


def _derivative(margin: Fraction, side: int) -> Step:
    """Return the step that compares the derivative written by hand with automatic differentiation at points."""
    name = "f" if side < 0 else "g"
    decisions = []
    for x in (Fraction(1, 97), Fraction(2, 9), Fraction(17, 23)):
        for q in (Fraction(9, 8), Fraction(5, 3), Fraction(2)):
            found = _coefficient(exact(x), exact(q), margin, side)
            decisions.append(within(found, slope(exact(x), exact(q), margin, side=side), Fraction(1, 10**10)))
    return step(
        f"the formula of the derivative of {name} in q",
        rf"\partial_q {name}=(1{'-' if side < 0 else '+'}x)^q\log(1{'-' if side < 0 else '+'}x)-x^q\log x"
        rf"{'+' if side < 0 else '-'}x^{{q-1}}(1+q\log x)",
        "Compared with automatic differentiation of power series at nine points.",
        all_of(decisions),
    )


def _coefficient(x: arb, q: arb, margin: Fraction, side: int) -> arb:
    """Return minus the coefficient of δ in the gap at q + δ."""
    variable = arb_series([q, 1], prec=2)

    def to_the(base: arb, exponent: arb_series) -> arb_series:
        return (exponent * base.log()).exp()

    found = to_the(1 + side * x, variable) - to_the(x, variable) - side * variable * to_the(x, variable - 1)
    whole = to_the(arb(2), 2 - variable) - exact(margin) * (2 - variable) * (variable - 1) - found
    return -whole[1]


def _stored(margin: Fraction) -> Decision:
    """Decide whether the stored certificate is one of this claim and the separate checker accepts it."""
    try:
        content = read_content(certificate_path(NAME))
        check_content(content)
    except SchattorError:
        return Decision.UNDECIDED
    is_this = content["claim"]["margin"] == str(margin)
    return Decision.PROVED if is_this else Decision.UNDECIDED


def _sharpness(margin: Fraction) -> Step:
    # where the derivative at q = 2 is least
    x, better = Fraction(109, 500), Fraction(1691, 10_000)
    with precision(128):
        near = gap(exact(x), 2 - exact(Fraction(1, 10**6)), better)
    return step(
        f"c cannot be {better}: at x = {x} and q = 2 - 10^-6 the gap is negative",
        rf"c<{float(better)}",
        "One point; the limit of the best c as q → 2 is the least derivative there, .16902….",
        all_of((positive(-near), less(margin, better))),
    )


_TABLE = {
    "1.1": "1.724467",
    "1.2": "1.580830",
    "1.25": "1.524154",
    "1.4": "1.384475",
    "1.6": "1.236166",
    "1.75": "1.140547",
    "1.8": "1.110772",
    "1.9": "1.053837",
}
"""Values of C_q to six places, from independent computations."""


def _closed_forms(first: arb, s_first: arb, second: arb, s_second: arb) -> Decision:
    with precision(128):
        return all_of(
            (
                within(first, exact(3).root(3), "1e-18"),
                within(1 / s_first, "1/9", "1e-18"),
                within(second, (1 + 1 / arb(2).sqrt()).sqrt(), "1e-18"),
                within(1 / s_second, (2 - arb(2).sqrt()) / 4, "1e-18"),
            )
        )


def constant_steps() -> Iterator[Step]:
    """Yield the steps about ``C_q = max_s (|1-s|^q - 1 + qs)/s^q``."""
    yield hypothesis(
        "C_q = sup over s ≠ 0 of (|1-s|^q - 1 + qs)/|s|^q, 1 < q < 2",
        r"C_q=\sup_{s\ne 0}\frac{|1-s|^q-1+qs}{|s|^q}",
        "Definition.",
    )
    digits = 20
    found = {q: scalar_constant(q, digits) for q in (*_TABLE, "4/3", "3/2", "1.05", "1.95")}
    yield step(
        "u^{q-1} = (q-1)u - (2-q) has one root u > 0, and C_q = (q-1)(1+u)^{2-q} at s = 1+u",
        r"u^{q-1}=(q-1)u-(2-q),\quad C_q=(q-1)(1+u)^{2-q}",
        "The ratio rises up to s = 1+u and falls from there (docs/theory/best-constant.md); the root is isolated by "
        f"interval Newton for {len(found)} exponents, and the ratio at the maximiser is the constant.",
        all_of(within(scalar_ratio(s, q), constant, Fraction(1, 10**12)) for q, (constant, s) in found.items()),
    )
    yield step(
        "C_{4/3} = 3^{1/3} at x = 1/s = 1/9, C_{3/2} = (1+1/√2)^{1/2} at x = (2-√2)/4",
        r"C_{4/3}=3^{1/3},\quad C_{3/2}=\sqrt{1+1/\sqrt2}",
        "The root is u = 8 and u = 3 + 2√2; balls to 18 digits.",
        _closed_forms(*found["4/3"], *found["3/2"]),
    )
    for q, printed in _TABLE.items():
        yield step(
            f"C_{q} = {printed} to the places shown, and the project's float agrees",
            rf"C_{{{q}}}={printed}",
            "The enclosure.",
            all_of(
                (
                    rounds_to(found[q].constant, printed),
                    within(exact(scalar_best_constant(float(q))), scalar_constant(float(q)).constant, "1e-15"),
                )
            ),
        )
    with precision(128):
        yield step(
            "2^{2-q} - C_q ≥ (2-q)(q-1)/6 at these exponents",
            r"2^{2-q}-C_q\ge\tfrac16(2-q)(q-1)",
            "A consequence of the inequality for all t, here seen on the enclosures of C_q.",
            all_of(
                at_most(exact(MARGIN) * (2 - exact(q)) * (exact(q) - 1), power(2, 2 - exact(q)) - constant)
                for q, (constant, _) in found.items()
            ),
            "conclusion",
        )
