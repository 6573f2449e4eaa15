"""What the derivations decide by themselves: an expression vanishes, a polynomial is ≥ 0 on a box, a number is ≥ 0."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import sympy as sp
from sympy.core.function import AppliedUndef

from ..proof import settle
from ..rigorous.balls import Decision
from .forms import DIGITS, collected, evaluated, rationalised, remembered, signed
from .notation import N_SAMPLES

__all__ = ["Box", "is_factor_nonnegative", "nonnegative_number", "nonnegative_on", "vanishes"]

Box = Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]
"""Symbols with the closed interval in which each lies; the upper end may be infinite."""

_ZERO = sp.Float(10, DIGITS) ** -30


@remembered
def vanishes(expression: sp.Expr) -> Decision:
    """Return whether an expression is 0 for all values of its symbols.

    Refuted by a joint value where it is not 0, to 30 digits; proved by bringing it to the form 0 with rules that hold
    under the assumptions of its symbols.
    """
    if sp.expand(expression) == 0:
        return Decision.PROVED
    opaque = _without_unknown_functions(expression)
    if _is_nonzero_somewhere(opaque):
        return Decision.REFUTED
    return settle(any(form == 0 for form in _forms(opaque)))


def _without_unknown_functions(expression: sp.Expr) -> sp.Expr:
    """Return the expression with a symbol for each value of an unknown function, each sum, integral and limit."""
    short = {
        node: node.doit() for node in expression.atoms(sp.Sum) if all(end.is_Integer for end in node.limits[0][1:])
    }
    expression = expression.subs(short)
    held = [node for node in expression.atoms(sp.Sum) if node.atoms(AppliedUndef) or not node.doit().is_number]
    held += expression.atoms(sp.Integral, sp.Limit)
    expression = expression.subs({node: sp.Dummy("held", positive=True) for node in held})
    return expression.subs({node: sp.Dummy("value", positive=True) for node in expression.atoms(AppliedUndef)})


def _is_nonzero_somewhere(expression: sp.Expr) -> bool:
    for which in range(N_SAMPLES):
        value = evaluated(expression, which)
        if not value.is_number or value.has(sp.nan, sp.zoo, sp.oo):
            continue
        if abs(value) > _ZERO:
            return True
    return False


def _forms(expression: sp.Expr) -> Iterable[sp.Expr]:
    yield sp.expand(expression)
    yield collected(expression)
    yield rationalised(expression)
    yield collected(sp.numer(sp.together(sp.powdenest(expression))))
    yield sp.simplify(expression)
    yield sp.radsimp(sp.simplify(expression))


def nonnegative_number(value: sp.Expr, *, strictly: bool = False) -> Decision:
    """Return whether a closed-form number is ≥ 0 (or > 0), from its digits to a proved precision."""
    if vanishes(value) is Decision.PROVED:
        return settle(not strictly, strictly)
    approximate = sp.N(value, DIGITS)
    if not approximate.is_real or abs(approximate) < _ZERO:
        return Decision.UNDECIDED
    return settle(bool(approximate > 0), bool(approximate < 0))


def is_factor_nonnegative(expression: sp.Expr, facts: Iterable[sp.Expr] = (), depth: int = 4) -> bool:
    """Return whether an expression is ≥ 0 as a product of factors that are by their assumptions, and of ``facts``.

    Facts are expressions that are ≥ 0. A factor may also be a fact plus what is ≥ 0 by itself, or plus another fact.
    """
    known = list(facts)
    left = sp.Integer(1)
    for factor in sp.Mul.make_args(signed(sp.factor(expression))):
        # a power of what is ≥ 0 is ≥ 0 wherever it is defined
        base = factor.base if factor.is_Pow and factor.exp.is_real else factor
        if not (factor.is_nonnegative or base.is_nonnegative or base in known or _is_sum_nonnegative(base, known)):
            left = left * factor
    if left.is_nonnegative or _is_sum_nonnegative(left, known):
        return True
    if depth == 0:
        return False
    for fact in known:
        for rest in (sp.cancel(left / fact), sp.cancel(left * fact)) if fact != 0 else ():
            if sp.count_ops(rest) < sp.count_ops(left) and is_factor_nonnegative(rest, known, depth - 1):
                return True
    return False


def _is_sum_nonnegative(expression: sp.Expr, known: list[sp.Expr], depth: int = 2) -> bool:
    """Return whether an expression is a sum of multiples ≥ 0 of facts and of what is ≥ 0 by itself."""
    if expression.is_nonnegative:
        return True
    if depth == 0:
        return False
    for fact in known:
        for one in sorted(fact.free_symbols, key=str):
            expanded = sp.expand(fact)
            slope = expanded.coeff(one, 1)
            times = sp.cancel(sp.expand(expression).coeff(one, 1) / slope) if slope != 0 else sp.Integer(1)
            for multiple in {sp.Integer(1), times}:
                allowed = multiple.is_positive or (multiple != 0 and _is_sum_nonnegative(multiple, known, depth - 1))
                if allowed and _is_sum_nonnegative(sp.expand(expression - multiple * fact), known, depth - 1):
                    return True
    return False


def nonnegative_on(expression: sp.Expr, box: Box) -> Decision:
    """Return whether a rational expression is ≥ 0 on a box.

    Proved, after ``x = (low + high·y)/(1 + y)``, y ≥ 0, by coefficients that are all ≥ 0, or in one variable by
    counting roots; refuted by a rational point of the box.
    """
    expression = sp.together(expression)
    missing = expression.free_symbols - set(box)
    if missing - {one for one in missing if one.is_nonnegative}:
        return Decision.UNDECIDED
    whole = {one: (sp.Integer(0), sp.oo) for one in missing} | dict(box)
    if any(nonnegative_number(_at(expression, point)) is Decision.REFUTED for point in _grid(whole)):
        return Decision.REFUTED
    moved, positive = expression, {}
    for one, (low, high) in whole.items():
        y = sp.Dummy("y", nonnegative=True)
        positive[y] = one
        moved = moved.subs(one, low + y if high is sp.oo else (low + high * y) / (1 + y))
    top, bottom = sp.fraction(sp.cancel(sp.together(moved)))
    above, below = (_sign_of_coefficients(part, list(positive)) for part in (top, bottom))
    if above is not None and below is not None:
        return settle(above * below >= 0)
    if len(whole) == 1:
        return _by_counting_roots(expression, *next(iter(whole.items())))
    return Decision.UNDECIDED


def _at(expression: sp.Expr, point: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    return expression.subs(point, simultaneous=True)


def _grid(box: Box) -> Iterable[dict[sp.Symbol, sp.Expr]]:
    """Return points inside the box; its ends may be where a denominator vanishes."""
    parts = [sp.Rational(i, 6) for i in (1, 3, 5)]
    axes = [
        [low + part / (1 - part) if high is sp.oo else low + (high - low) * part for part in parts]
        for low, high in box.values()
    ]
    return (dict(zip(box, point, strict=True)) for point in itertools.product(*axes))


def _sign_of_coefficients(part: sp.Expr, variables: list[sp.Symbol]) -> int | None:
    """Return the common sign of the coefficients of a polynomial, None if they have two."""
    if not part.free_symbols:
        return 0 if part == 0 else 1 if part > 0 else -1
    coefficients = sp.Poly(part, *variables).coeffs()
    if any(c.free_symbols for c in coefficients):
        return None
    positive = [nonnegative_number(c) for c in coefficients]
    if all(one is Decision.PROVED for one in positive):
        return 1
    negative = [nonnegative_number(-c) for c in coefficients]
    return -1 if all(one is Decision.PROVED for one in negative) else None


def _by_counting_roots(expression: sp.Expr, one: sp.Symbol, ends: tuple[sp.Expr, sp.Expr]) -> Decision:
    """Return the sign of a rational function of one variable: from its roots of odd order, and one value."""
    low, high = ends
    top, bottom = sp.fraction(sp.cancel(expression))
    product = sp.Poly(top * bottom, one)
    if (
        not all(c.is_rational for c in product.coeffs())
        or not low.is_rational
        or not (high.is_rational or high is sp.oo)
    ):
        return Decision.UNDECIDED
    for factor, multiplicity in product.sqf_list()[1]:
        if multiplicity % 2 == 0:
            continue
        inside = factor.count_roots(low, None if high is sp.oo else high)
        inside -= sum(1 for end in (low, high) if end is not sp.oo and factor.eval(end) == 0)
        if inside:
            return Decision.UNDECIDED
    middle = low + 1 if high is sp.oo else (low + high) / 2
    return nonnegative_number(expression.subs(one, middle))
