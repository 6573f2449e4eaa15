"""T9: ``φ(x) = x²/(2(1+x²))`` has ``φ'' ∈ [-1/4, 1]``, attained, by polynomial identities."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from flint import arb, fmpq, fmpq_poly

from synthetic.problems.saturating import saturation, saturation_slope

from ..proof import Step, settle
from .balls import Decision, all_of, at_most, exact, hull
from .boxes import prove_on_box
from .steps import covered, hypothesis, step, within

__all__ = ["curvature_steps"]

Quotient = tuple[fmpq_poly, fmpq_poly]

_X = fmpq_poly([0, 1])


def curvature_steps(numerator: int = 3) -> Iterator[Step]:
    """Yield the steps; ``numerator`` is the 3 of ``φ'' = (1-3x²)/(1+x²)³``, for planted errors."""
    square, one = _X * _X, fmpq_poly([1])
    base = one + square
    phi: Quotient = (square, 2 * base)
    first: Quotient = (_X, base**2)
    second: Quotient = (one - numerator * square, base**3)
    yield hypothesis("φ(x) = x²/(2(1+x²))", r"\varphi(x)=\frac{x^2}{2(1+x^2)}", "Definition.")
    yield step(
        "φ' = x/(1+x²)²",
        r"\varphi'(x)=\frac{x}{(1+x^2)^2}",
        "Quotient rule; polynomials with rational coefficients, exactly.",
        _same(_derivative(phi), first),
    )
    yield step(
        f"φ'' = (1-{numerator}x²)/(1+x²)³",
        rf"\varphi''(x)=\frac{{1-{numerator}x^2}}{{(1+x^2)^3}}",
        "Quotient rule.",
        _same(_derivative(first), second),
    )
    # in u = x²
    u = fmpq_poly([0, 1])
    cube = (1 + u) ** 3
    curvature = 1 - numerator * u
    yield step(
        "(1+u)³(1-φ'') = u(u²+3u+6) ≥ 0 with u = x²: φ'' ≤ 1, attained at 0",
        r"(1+u)^3(1-\varphi'')=u(u^2+3u+6)\ge 0",
        "The factor u that vanishes at 0 is divided out; the other has positive coefficients.",
        _equal(cube - curvature, u * fmpq_poly([6, 3, 1])),
    )
    yield step(
        "4(1+u)³(φ''+1/4) = (u-1)²(u+5) ≥ 0: φ'' ≥ -1/4, attained at x = ±1",
        r"4(1+u)^3(\varphi''+\tfrac14)=(u-1)^2(u+5)\ge 0",
        "The square that vanishes at u = 1 is divided out; the other factor is positive.",
        _equal(cube + 4 * curvature, (u - 1) ** 2 * (u + 5)),
    )
    # x = y/(1-y): φ'' = ((1-y)² - 3y²)(1-y)⁴/((1-y)² + y²)³ over [0, 1] is all x ≥ 0; the base is at least 1/2
    yield covered(
        "-0.26 ≤ φ'' ≤ 1.01 for every x, without the identities",
        r"-0.26\le\varphi''(x)\le 1.01",
        "φ'' as a function of y = x/(1+x) in [0, 1]; it is even.",
        prove_on_box(lambda y: _between(_curvature(y, numerator), Fraction(-26, 100), Fraction(101, 100)), [(0, 1)]),
    )
    yield step(
        "0 ≤ φ < 1/2, so f ≤ ½ Σ λ_j²",
        r"0\le\varphi<\tfrac12",
        "1/2 - φ = 1/(2(1+x²)), both sides of which are positive.",
        _same((base - square, 2 * base), (one, 2 * base)),
    )
    yield step(
        "the problem's own φ and φ' are these functions",
        r"\varphi,\ \varphi'\text{ as implemented}",
        "Compared in exact arithmetic at 24 floats, to 4 units in the last place.",
        _implemented(phi, first),
        "conclusion",
    )


def _derivative(quotient: Quotient) -> Quotient:
    top, bottom = quotient
    return top.derivative() * bottom - top * bottom.derivative(), bottom * bottom


def _same(left: Quotient, right: Quotient) -> Decision:
    return _equal(left[0] * right[1], right[0] * left[1])


def _equal(left: fmpq_poly, right: fmpq_poly) -> Decision:
    return settle(left == right, left != right)


def _curvature(y: arb, numerator: int) -> arb:
    rest = 1 - y
    base = 2 * (y - exact("1/2")) ** 2 + exact("1/2")  # (1-y)² + y²
    # numerics: the radius may push the base below its least value, 1/2
    base = hull(exact("1/2"), base.upper()) if not base >= exact("1/2") else base
    return (rest**2 - numerator * y**2) * rest**4 / base**3


def _between(x: arb, low: Fraction, high: Fraction) -> Decision:
    return all_of((at_most(low, x), at_most(x, high)))


def _implemented(phi: Quotient, first: Quotient) -> Decision:
    points = [m * 2.0**e for e in (-20, -3, -1, 0, 1, 9) for m in (1.0, -1.25, 1.5, -1.9)]
    decisions = []
    for x in points:
        rational = Fraction(x)
        where = fmpq(rational.numerator, rational.denominator)
        for function, (top, bottom) in ((saturation, phi), (saturation_slope, first)):
            true = arb(top(where) / bottom(where))
            found = exact(float(function(np.array(x))))
            decisions.append(within(found, true, abs(true) * 4 * exact(2.0**-52)))
    return all_of(decisions)
