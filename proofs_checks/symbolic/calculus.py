"""Roots, sums, limits and integrals for the rules of a chain, each with a way to see that it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from ..proof import settle
from ..rigorous.balls import Decision
from .decide import is_factor_nonnegative
from .forms import collected, shortest
from .notation import N_SAMPLES, sample

__all__ = [
    "coefficient",
    "empty",
    "increment",
    "is_approached",
    "only_root",
    "quadrature_agrees",
    "summed",
    "turns_once",
    "with_terms",
]

_CLOSE = mpmath.mpf(10) ** -12


def powers_in(expression: sp.Expr, variable: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr]]:
    """Return (coefficient, exponent) of each term of a sum of powers of ``variable``.

    Raises
    ------
    ArithmeticError
        If a term is no power.
    """
    like: dict[sp.Expr, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(collected(expression))):
        # a denominator that was multiplied out is put back
        term = (
            sp.factor(term)
            if any(power.base.has(variable) and power.base.is_Add for power in term.atoms(sp.Pow))
            else term
        )
        coefficient, exponent = sp.Integer(1), sp.Integer(0)
        for factor in sp.Mul.make_args(term):
            base, power = factor.as_base_exp()
            if base == variable and variable not in power.free_symbols:
                exponent += power
            elif variable in factor.free_symbols:
                raise ArithmeticError(f"no power of {variable}: {term}")
            else:
                coefficient *= factor
        exponent = sp.cancel(sp.together(exponent))
        like[exponent] = like.get(exponent, sp.Integer(0)) + coefficient
    found = ((collected(coefficient), exponent) for exponent, coefficient in like.items())
    return [(coefficient, exponent) for coefficient, exponent in found if coefficient != 0]


def turns_once(slope: sp.Expr, variable: sp.Symbol, facts: Sequence[sp.Expr] = ()) -> bool:
    """Return whether a sum of powers is below 0 before some point and above it afterwards, on the positive numbers."""
    terms = powers_in(slope, variable)
    falling = [exponent for c, exponent in terms if is_factor_nonnegative(-c, facts)]
    rising = [exponent for c, exponent in terms if is_factor_nonnegative(c, facts)]
    if not falling or not rising or len(falling) + len(rising) != len(terms):
        return False
    return all(is_factor_nonnegative(high - low, facts) for low in falling for high in rising)


def only_root(equation: sp.Expr, unknown: sp.Symbol) -> sp.Expr:
    """Return the solution ≥ 0 of ``equation = 0``, or that of a linear equation.

    Raises
    ------
    ArithmeticError
        If none is found, or several are.
    """
    try:
        terms = powers_in(equation, unknown)
    except ArithmeticError:
        terms = []
    if len(terms) == 2:
        (a, low), (b, high) = terms
        gap = sp.ratsimp(high - low)
        if gap in (1, -1) or not (-a / b).is_negative:
            return collected((-a / b) ** (1 / gap))
    found = [root for root in sp.solve(equation, unknown) if root.is_nonnegative is not False]
    if len(found) != 1:
        raise ArithmeticError(f"one solution for {unknown} was expected, found {found}")
    return found[0]


def summed(expression: sp.Expr, k: sp.Symbol, count: sp.Symbol) -> sp.Expr:
    """Return ``Σ_{k < count}`` of an expression, each term with its constant factor in front."""
    total, later = sp.Integer(0), sp.Dummy("k+1", positive=True)
    # powers of k + 1 are kept together, which multiplying out would undo
    hidden = expression.replace(lambda node: node.is_Pow and node.base == k + 1, lambda node: later**node.exp)
    for term in sp.Add.make_args(sp.expand(hidden)):
        constant, rest = sp.powsimp(term, combine="exp").as_independent(k, later)
        rest = rest.subs(later, k + 1)
        total += constant * (count if rest == 1 else sp.Sum(rest, (k, 0, count - 1)))
    return shortest(total)


def coefficient(expression: sp.Expr, node: sp.Expr) -> sp.Expr:
    """Return the factor of ``node`` in an expression that is linear in it."""
    dummy = sp.Dummy()
    return sp.diff(expression.subs(node, dummy), dummy)


def increment(expression: sp.Expr, k: sp.Symbol, count: sp.Symbol) -> sp.Expr:
    """Return by how much an expression with sums over ``k < count`` grows when ``count`` does by one."""
    grown = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(expression)):
        sums = term.atoms(sp.Sum)
        if sums:
            (one,) = sums
            grown += (term / one) * one.function.subs(one.limits[0][0], count)
        else:
            grown += term.subs(count, count + 1) - term
    return grown


def empty(expression: sp.Expr, count: sp.Symbol) -> sp.Expr:
    """Return the expression at ``count = 0``, where every sum is empty."""
    return expression.subs({one: 0 for one in expression.atoms(sp.Sum)}).subs(count, 0)


def is_approached(expression: sp.Expr, variable: sp.Symbol, point: sp.Expr, value: sp.Expr) -> Decision:
    """Return whether an expression comes closer to a value as the variable comes closer to a point, numerically."""
    for which in range(N_SAMPLES):
        others = {one: sample(one, which) for one in expression.free_symbols | value.free_symbols if one != variable}
        gaps = []
        for n in (4, 8, 16):
            near = sp.Integer(10) ** n if point is sp.oo else point + sp.Rational(1, 10**n)
            found = sp.N((expression - value).subs(others).subs(variable, near), 60)
            gaps.append(abs(found))
        if not (gaps[2] <= gaps[1] <= gaps[0] and gaps[2] < sp.Rational(1, 100)):
            return Decision.UNDECIDED
    return Decision.PROVED


def quadrature_agrees(inside: sp.Expr, variable: sp.Symbol, low: sp.Expr, high: sp.Expr, value: sp.Expr) -> Decision:
    """Return whether quadrature gives this value of an integral, at sample values of the other symbols."""
    others = {one: sample(one, 0) for one in (inside.free_symbols | low.free_symbols | high.free_symbols) - {variable}}
    integrand = sp.lambdify(variable, inside.subs(others), "mpmath")
    ends = [mpmath.mpf(sp.N(end.subs(others), 40)) if end.is_finite else mpmath.inf for end in (low, high)]
    with mpmath.workdps(30):
        found = mpmath.quad(integrand, ends)
        expected = mpmath.mpf(sp.N(value.subs(others), 30))
        is_close = abs(found - expected) <= _CLOSE * (1 + abs(expected))
    return settle(bool(is_close), not is_close)


def with_terms(expression: sp.Expr, terms: Mapping[str, Sequence[object]]) -> sp.Expr:
    """Return the number that an expression is when these are the terms of its unknown sequences."""
    values = {
        called: sp.sympify(terms[type(called).__name__][int(called.args[0])])
        for called in expression.atoms(AppliedUndef)
        if type(called).__name__ in terms
    }
    return sp.N(expression.subs(values, simultaneous=True), 50)
