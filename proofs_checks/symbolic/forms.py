"""Forms of an expression: with like terms collected, in lowest terms, and the one that is easiest to read."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import sympy as sp
from sympy.core.function import AppliedUndef

from .notation import sample

__all__ = ["DIGITS", "collected", "evaluated", "gathered", "rationalised", "remembered", "shortest", "signed"]

DIGITS = 50
"""Digits to which numbers are evaluated."""

_MARKS = ("Δ", "L", "σ")  # a bound is read term by term: initial gap, smoothness, noise

remembered = functools.lru_cache(maxsize=8192)
"""The same expressions come back in lemmas that are used again, and in derivations that differ in one step."""


def evaluated(expression: sp.Expr, which: int, digits: int = DIGITS) -> sp.Expr:
    """Return the number that an expression is at the joint sample values number ``which``."""
    values = {one: sample(one, which) for one in expression.free_symbols}
    bound = expression.has(sp.Sum, sp.Integral, sp.Limit)  # their variables are no free symbols
    put = expression.subs(values, simultaneous=True) if bound else expression.xreplace(values)
    return sp.N(put, digits)


@remembered
def collected(expression: sp.Expr) -> sp.Expr:
    """Return an expression as a sum with one term for each product of powers that are not rational functions.

    Exponents are split into a whole number and a rest; whole powers belong to the coefficient, a rational function that
    is brought to lowest terms. The bases of powers with other exponents are taken to be positive, as they are wherever
    such a power is real.
    """
    like: dict[frozenset[tuple[sp.Expr, sp.Expr]], sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(sp.powdenest(expression))):
        coefficient, powers = _monomial(term)
        key = frozenset(powers.items())
        like[key] = like.get(key, sp.Integer(0)) + coefficient
    terms = ((sp.cancel(sp.together(coefficient)), dict(key)) for key, coefficient in like.items())
    return sp.Add(*(_written(coefficient, powers) for coefficient, powers in terms if coefficient != 0))


def _monomial(term: sp.Expr) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr]]:
    """Return the rational part of a product, and the rest of the exponent of each base."""
    exponents: dict[sp.Expr, sp.Expr] = {}
    coefficient = sp.Integer(1)
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if exponent.is_Integer:
            coefficient *= factor
            continue
        for part in _parts(base, exponent):
            inner, more = part.as_base_exp()
            for one, times in sp.factorrat(inner).items() if inner.is_Rational else ((inner, 1),):
                one = sp.sympify(one)
                exponents[one] = exponents.get(one, 0) + times * more * exponent
    powers = {}
    for base, exponent in exponents.items():
        rest = sp.ratsimp(sp.expand(exponent))
        whole = sp.floor(rest.as_coeff_Add()[0])
        coefficient *= base**whole
        if rest != whole:
            powers[base] = rest - whole
    return coefficient, powers


def _written(coefficient: sp.Expr, powers: dict[sp.Expr, sp.Expr]) -> sp.Expr:
    """Return the product with one power of each base: 2^{2-q}, not 4/2^q."""
    coefficient = sp.factor(coefficient)
    numeric, rest = coefficient.as_coeff_Mul()
    product = sp.Integer(1)
    for base, exponent in powers.items():
        if base.is_Integer and not exponent.is_Rational:
            times = sp.multiplicity(base, numeric)
            numeric, exponent = numeric / base**times, exponent + times
        product *= base**exponent
    whole = sp.powsimp(numeric * rest * product, combine="exp")
    return signed(whole.replace(_has_sum_above, lambda node: node.base ** _short_exponent(node.exp)))


@remembered
def rationalised(expression: sp.Expr) -> sp.Expr:
    """Return the expression in lowest terms as a rational function of its symbols and of the powers in it."""
    powers: dict[tuple[sp.Expr, sp.Expr], sp.Symbol] = {}

    def replaced(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        product = sp.Integer(1)
        for part in _parts(base, exponent):
            inner, more = part.as_base_exp()
            rest = sp.ratsimp(sp.expand(more * exponent))
            whole = sp.floor(rest.as_coeff_Add()[0])
            product *= inner**whole
            if rest != whole:
                product *= _generator(powers, inner, rest - whole)
        return product

    def is_power(node: sp.Basic) -> bool:
        return node.is_Pow and not node.exp.is_Integer

    rational = sp.powdenest(expression).replace(is_power, lambda node: replaced(*node.as_base_exp()))
    try:
        lowest = sp.factor(sp.cancel(sp.together(rational)))
    except sp.PolynomialError:
        return expression
    # a base may contain powers that were replaced before it
    for (base, exponent), dummy in reversed(powers.items()):
        lowest = lowest.subs(dummy, base**exponent)
    return signed(sp.powsimp(lowest, combine="exp"))


def _generator(powers: dict[tuple[sp.Expr, sp.Expr], sp.Symbol], base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Return a symbol for a power, or a whole power of the symbol of an earlier one."""
    for (other, known), dummy in powers.items():
        times = sp.cancel(exponent / known) if other == base else None
        if times is not None and times.is_Integer:
            return dummy**times
    return powers.setdefault((base, exponent), sp.Dummy(positive=True))


@remembered
def _is_negative(expression: sp.Expr) -> bool:
    """Return whether an expression is below 0 at the first sample values."""
    return bool(evaluated(expression, 0, 15).is_negative)


def signed(expression: sp.Expr) -> sp.Expr:
    """Return products with sums as factors that are positive at sample values: η(1-θ), not -η(θ-1)."""
    if expression.is_Add:
        return sp.Add(*map(signed, expression.args))
    sign, parts = sp.Integer(1), []
    for part in sp.Mul.make_args(expression):
        base, exponent = part.as_base_exp()
        if base.is_Add and exponent.is_Integer and _is_negative(base):
            sign, part = sign * (-1) ** exponent, (-base) ** exponent
        parts.append(part)
    return sp.Mul(sign, *parts)


@remembered
def shortest(expression: sp.Expr) -> sp.Expr:
    """Return the shortest of a few ways to write an expression; sums, integrals and limits stay as they are."""
    held = {node: sp.Dummy("held", positive=True) for node in expression.atoms(sp.Sum, sp.Integral, sp.Limit)}
    if held:
        shown = _shortest(expression.subs(held), list(held.values()))
        return shown.subs({dummy: node for node, dummy in held.items()})
    return _shortest(expression, [])


def _shortest(expression: sp.Expr, held: list[sp.Symbol]) -> sp.Expr:
    ways = [sp.expand(expression)]
    if any(not power.exp.is_Integer for power in expression.atoms(sp.Pow)):
        ways += [collected(expression), rationalised(expression)]
    else:
        ways.append(signed(sp.factor(expression)))
    unknown = sorted(expression.atoms(AppliedUndef), key=str) + held
    marks = sorted((one for one in expression.free_symbols if one.name in _MARKS or one.name.startswith("‖")), key=str)
    read = [gathered(ways[0], parts) for parts in {tuple(marks + unknown), tuple(unknown)} if parts]
    best = min(read, key=lambda way: (sp.count_ops(way), str(way)), default=None)
    # term by term is easier to read, also where another way is a little shorter
    if best is None or sp.count_ops(best) > 2 * min(map(sp.count_ops, ways)):
        best = min([*ways, *read], key=lambda way: (sp.count_ops(way), str(way)))
    return best.replace(_has_sum_above, lambda node: node.base ** _short_exponent(node.exp))


def gathered(expanded: sp.Expr, parts: Sequence[sp.Expr]) -> sp.Expr:
    """Return an expanded expression with the terms put together that contain the same powers of ``parts``."""
    like: dict[sp.Expr, list[sp.Expr]] = {}
    for term in sp.Add.make_args(expanded):
        rest, key = sp.Integer(1), sp.Integer(1)
        for factor in sp.Mul.make_args(term):
            if factor.as_base_exp()[0] in parts:
                key *= factor
            else:
                rest *= factor
        like.setdefault(key, []).append(rest)
    return sp.Add(*(key * signed(sp.factor(sp.Add(*rests))) for key, rests in like.items()))


def _has_sum_above(node: sp.Basic) -> bool:
    return node.is_Pow and not node.exp.is_Rational


def _short_exponent(exponent: sp.Expr) -> sp.Expr:
    ways = (exponent, sp.expand(exponent), sp.factor(exponent))
    return min(ways, key=lambda way: (sp.count_ops(way), str(way)))


def _parts(base: sp.Expr, exponent: sp.Expr) -> list[sp.Expr]:
    """Return the factors of a base; under an exponent that is no integer, sums that are positive at sample values."""
    parts = list(sp.Mul.make_args(sp.factor(base)))
    if exponent.is_integer:
        return parts
    sign, turned = sp.Integer(1), []
    for part in parts:
        inner, more = part.as_base_exp()
        if part.is_Rational and part < 0:
            sign, part = -sign, -part
        elif inner.is_Add and more.is_odd and _is_negative(inner):
            sign, part = -sign, (-inner) ** more
        turned.append(part)
    return turned if sign == 1 else parts
