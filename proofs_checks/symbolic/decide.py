"""What the derivations decide by themselves: an expression vanishes, a polynomial is ≥ 0 on a box, a number is ≥ 0."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence

import sympy as sp
from sympy.core.function import AppliedUndef

from ..proof import settle
from ..rigorous.balls import Decision
from .notation import N_SAMPLES, sample

__all__ = ["Box", "collected", "evaluated", "gathered", "is_factor_nonnegative", "nonnegative_number", "nonnegative_on", "shortest", "signed", "vanishes"]

Box = Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]
"""Symbols with the closed interval in which each lies; the upper end may be infinite."""

_DIGITS = 50
_MARKS = ("Δ", "L", "σ")  # a bound is read term by term: initial gap, smoothness, noise
_ZERO = sp.Float(10, _DIGITS) ** -30


# the same expressions come back in lemmas that are cited, and in derivations that differ in one step
_remembered = functools.lru_cache(maxsize=8192)


def evaluated(expression: sp.Expr, which: int, digits: int = _DIGITS) -> sp.Expr:
    """Return the number that an expression is at the joint sample values number ``which``."""
    values = {one: sample(one, which) for one in expression.free_symbols}
    bound = expression.has(sp.Sum, sp.Integral, sp.Limit)  # their variables are no free symbols
    put = expression.subs(values, simultaneous=True) if bound else expression.xreplace(values)
    return sp.N(put, digits)


@_remembered
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
    short = {node: node.doit() for node in expression.atoms(sp.Sum) if all(end.is_Integer for end in node.limits[0][1:])}
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


@_remembered
def collected(expression: sp.Expr) -> sp.Expr:
    """Return an expression as a sum with one term for each product of powers that are not rational functions.

    Exponents are split into a whole number and a rest; whole powers belong to the coefficient, a rational function that
    is brought to lowest terms. The bases of powers with other exponents are taken to be positive, as they are wherever
    such a power is real.
    """
    like: dict[frozenset, sp.Expr] = {}
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


@_remembered
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


@_remembered
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


@_remembered
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
    marks = sorted((one for one in expression.free_symbols if one.name in _MARKS), key=str)
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


def nonnegative_number(value: sp.Expr, *, strictly: bool = False) -> Decision:
    """Return whether a closed-form number is ≥ 0 (or > 0), from its digits to a proved precision."""
    if vanishes(value) is Decision.PROVED:
        return settle(not strictly, strictly)
    approximate = sp.N(value, _DIGITS)
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
    signs = [_sign_of_coefficients(part, list(positive)) for part in (top, bottom)]
    if None not in signs:
        return settle(signs[0] * signs[1] >= 0)
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
    """Return the sign of a rational function of one variable: odd roots of numerator times denominator, then a value."""
    low, high = ends
    top, bottom = sp.fraction(sp.cancel(expression))
    product = sp.Poly(top * bottom, one)
    if not all(c.is_rational for c in product.coeffs()) or not low.is_rational or not (high.is_rational or high is sp.oo):
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
