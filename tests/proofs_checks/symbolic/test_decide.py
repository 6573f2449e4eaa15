"""What is decided without help: never a pass without a proof, never a refutation without a point."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks.rigorous.balls import Decision
from proofs_checks.symbolic.decide import is_factor_nonnegative, nonnegative_number, nonnegative_on, vanishes
from proofs_checks.symbolic.forms import collected, rationalised, shortest, signed
from proofs_checks.symbolic.notation import function, index, number, symbol

x, y, a, b = (symbol(name) for name in "xyab")
z, k = number("z"), index("k")
f = function("f")
HALF_LINE = (sp.Integer(0), sp.oo)


@pytest.mark.parametrize(
    "expression",
    [
        (x + y) ** 3 - x**3 - 3 * x**2 * y - 3 * x * y**2 - y**3,
        sp.sqrt(8 * x) - 2 * sp.sqrt(2) * sp.sqrt(x),
        (x**a) ** (1 / a) - x,
        x ** (1 - 1 / a) * x ** (1 / a) - x,
        2 ** (2 - a) / 4 - 2 ** (-a),
        x**a / (1 + x**a) + 1 / (1 + x**a) - 1,
        (1 - x**2) ** a - (1 - x) ** a * (1 + x) ** a,
        f(k) * x - x * f(k),
        sp.Sum(f(k), (k, 0, x)) * 2 - 2 * sp.Sum(f(k), (k, 0, x)),
        sp.log(x * y) - sp.log(x) - sp.log(y),
    ],
    ids=str,
)
def test_vanishes(expression: sp.Expr) -> None:
    assert vanishes(expression) is Decision.PROVED
    assert vanishes(expression + sp.Rational(1, 10**9)) is Decision.REFUTED


def test_a_small_difference_of_large_numbers_is_seen() -> None:
    assert vanishes(10**15 * x - (10**15 + 1) * x) is Decision.REFUTED


def test_what_no_rule_brings_to_zero_is_undecided() -> None:
    # true, but hard: the square roots of nested radicals
    deep = sp.sqrt(sp.sqrt(x) + sp.sqrt(x + 1)) * sp.sqrt(sp.sqrt(x + 1) - sp.sqrt(x)) - 1
    assert vanishes(deep) in (Decision.UNDECIDED, Decision.PROVED)
    assert vanishes(2 * deep + x) is Decision.REFUTED


def test_values_of_one_sequence_at_different_places_are_different_numbers() -> None:
    assert vanishes(f(k) - f(k + 1)) is not Decision.PROVED


@pytest.mark.parametrize(
    ("expression", "box", "decision"),
    [
        (x * (x**2 + 3 * x + 6), {x: HALF_LINE}, Decision.PROVED),
        ((x - 1) ** 2 * (x + 5), {x: HALF_LINE}, Decision.PROVED),
        ((x - 1) * (x + 5), {x: HALF_LINE}, Decision.REFUTED),
        ((2 * x - 1) ** 2, {x: (sp.Integer(0), sp.Integer(1))}, Decision.PROVED),
        ((3 * x - 1) ** 2 - sp.Rational(1, 10**6), {x: (sp.Integer(0), sp.Integer(1))}, Decision.UNDECIDED),
        (1 / (1 - x) - 1, {x: (sp.Integer(0), sp.Integer(1))}, Decision.PROVED),
        (1 - x / (x + y), {x: HALF_LINE, y: HALF_LINE}, Decision.PROVED),
        (x - sp.sqrt(2), {x: (sp.sqrt(2), sp.Integer(3))}, Decision.PROVED),
        (a - x, {x: (sp.Integer(0), sp.Integer(1))}, Decision.REFUTED),
        (a * (1 - x), {x: (sp.Integer(0), sp.Integer(1))}, Decision.PROVED),
        (z, {x: HALF_LINE}, Decision.UNDECIDED),
    ],
    ids=str,
)
def test_sign_on_a_box(expression: sp.Expr, box: dict, decision: Decision) -> None:
    assert nonnegative_on(expression, box) is decision


@pytest.mark.parametrize(
    ("value", "decision"),
    [
        (sp.pi - sp.Rational(314159, 100000), Decision.PROVED),
        (sp.pi - sp.Rational(314160, 100000), Decision.REFUTED),
        (sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6), Decision.PROVED),
    ],
)
def test_sign_of_a_number(value: sp.Expr, decision: Decision) -> None:
    assert nonnegative_number(value) is decision


@pytest.mark.parametrize(
    ("expression", "facts", "expected"),
    [
        (x * y / a, [], True),
        (x * (1 - y), [1 - y], True),
        (x / (1 - y), [1 - y], True),
        ((1 - y) ** a, [1 - y], True),
        (2 + a - y, [1 - y], True),
        (4 - 3 * y, [1 - y], True),
        (x * (1 - y), [], False),
        (y - 1, [1 - y], False),
        (-x, [1 - y], False),
        (1 - 3 * y, [1 - y], False),
        (z, [], False),
        (z**2, [], True),
    ],
    ids=str,
)
def test_sign_by_factors(expression: sp.Expr, facts: list[sp.Expr], expected: bool) -> None:
    assert is_factor_nonnegative(expression, facts) is expected


def test_forms_are_equal_to_what_they_are_forms_of() -> None:
    values = {x: sp.Rational(1, 3), y: sp.Rational(2, 7), a: sp.Rational(3, 5)}
    for expression in (
        x**a * (1 - y) ** (a - 1) + y * x ** (a + 2) - 1 / (1 - y),
        (2 * x) ** a / (1 - (1 - y) ** a) - 4 * x,
        -x * (y - 1) * (x - 2) ** 3 / (y - 3),
        sp.sqrt(1 - x**2) / (1 + x) + sp.sqrt((1 + x) / (1 - x)),
    ):
        exact = sp.N(expression.subs(values), 30)
        for form in (collected, rationalised, shortest, signed):
            assert abs(sp.N(form(expression).subs(values), 30) - exact) < 1e-25, form


def test_signs_go_into_the_sums() -> None:
    theta, eta = symbol("θ"), symbol("η")
    assert str(signed(-eta * (theta - 1))) == "η*(1 - θ)"
