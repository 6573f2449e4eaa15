"""The rules of a chain: each takes a true claim and refuses a false one that is put in its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy as sp

from proofs_checks.rigorous.balls import Decision
from proofs_checks.symbolic.chain import Chain
from proofs_checks.symbolic.notation import function, index, number, symbol
from proofs_checks.symbolic.relation import at_most, equals
from tests.joined import every
from tests.proofs_checks.symbolic.altered import Altered, Broken, shifted, turned_round

x, y, a = symbol("x"), symbol("y"), symbol("a")
k, n = index("k"), index("n")
f = function("f")
UNIT = {x: (sp.Integer(0), sp.Integer(1))}

RULES: dict[str, Callable[[Chain], object]] = {
    "equal": lambda c: c.equal((x + y) ** 2, x**2 + 2 * x * y + y**2, ""),
    "combine": lambda c: c.combine([(2, at_most(x, y)), (x, equals(y, a))], "", left=x),
    "put": lambda c: c.put(at_most(x**2, y), {x: a + 1}, ""),
    "power": lambda c: c.power(at_most(x, y), a, ""),
    "highest": lambda c: c.highest(x * (1 - x), UNIT, {x: sp.Rational(1, 2)}, ""),
    "least": lambda c: c.least(a / x + x, x, ""),
    "solve": lambda c: c.solve(a * x - y, x, ""),
    "quadratic": lambda c: c.quadratic(at_most(x**2 - a * x, y), x, ""),
    "integral": lambda c: c.integral(x**2, x, 0, 1, ""),
    "integrate": lambda c: c.integrate(at_most(y * x, a * x), x, 0, 1, y / 2, ""),
    "limit": lambda c: c.limit((1 - sp.exp(-x)) / x, x, 0, ""),
    "total": lambda c: c.total(k, k, 0, n, n * (n - 1) / 2, ""),
    "split": lambda c: c.split((a * f(k)) ** 2, k, n, ""),
    "accumulate": lambda c: c.accumulate(
        at_most(a, f(k) - f(k + 1) + k), k, n, "", ends=equals(sp.Sum(f(k) - f(k + 1), (k, 0, n - 1)), f(0) - f(n))
    ),
    "series": lambda c: c.series(sp.exp(x), x, 2, "exponential", ""),
    "agree": lambda c: c.agree("square", x**2, lambda at: at["x"] ** 2),
    "rounded_up": lambda c: c.rounded_up("pi", sp.pi, 3.142, digits=3),
}
ROUGH: dict[str, Callable[[Chain], object]] = {
    "ordered": lambda c: c.ordered(x**2, x, UNIT, ""),
    "nonnegative": lambda c: c.nonnegative(1 - x, UNIT, ""),
    "rises": lambda c: c.rises(x - sp.log(1 + x), x, {x: (sp.Integer(0), sp.oo)}, ""),
    "covered": lambda c: c.covered("pi", sp.pi, 3.25),
    "not_beyond": lambda c: c.not_beyond("pi", sp.pi, 3.0),
}


@pytest.mark.parametrize("rule", [*RULES, *ROUGH])
def test_rule_proves_what_is_true(rule: str) -> None:
    chain = Chain()
    (RULES | ROUGH)[rule](chain)
    assert [step.result for step in chain.steps] == [Decision.PROVED] * len(chain.steps)
    assert chain.steps[-1].claim
    assert chain.steps[-1].latex


@pytest.mark.parametrize("rule", RULES)
def test_rule_refuses_a_claim_that_is_off(rule: str) -> None:
    with pytest.raises(Broken):
        RULES[rule](Altered(0, shifted))


@every("rule", ["combine", "put", "power", "highest", "quadratic", *ROUGH])
def test_rule_refuses_the_opposite(rule: str) -> None:
    with pytest.raises(Broken):
        (RULES | ROUGH)[rule](Altered(0, turned_round))


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("a negative multiple", lambda c: c.combine([(-1, at_most(x, y))], "", left=-x)),
        ("a multiple of any sign", lambda c: c.combine([(number("z"), at_most(x, y))], "", left=x)),
        ("a fact that does not reach", lambda c: c.combine([(2 - x, at_most(0, y))], "", facts=[at_most(x, 3)])),
        ("a power of what may be negative", lambda c: c.power(at_most(number("z"), y), 2, "")),
        ("a negative power", lambda c: c.power(at_most(x, y), -1, "")),
        ("a concave quadratic", lambda c: c.quadratic(at_most(-(x**2), y), x, "")),
        ("a point that is no minimum", lambda c: c.least(-a / x - x, x, "")),
        ("a point that is not highest", lambda c: c.highest(x * (1 - x), UNIT, {x: 1}, "")),
        ("an expression that falls", lambda c: c.rises(-x, x, UNIT, "")),
        ("an expression that starts above 0", lambda c: c.rises(1 + x, x, UNIT, "")),
        ("an order that does not hold", lambda c: c.ordered(x, x**2, UNIT, "")),
        ("a wrong antiderivative", lambda c: c.integral(x**2, x, 0, 1, "", primitive=x**2)),
        ("a wrong sum", lambda c: c.total(k, k, 0, n, n**2 / 2, "")),
        ("a toolkit that is off", lambda c: c.agree("square", x**2, lambda at: 1.0001 * at["x"] ** 2)),
        ("a toolkit that rounds down", lambda c: c.rounded_up("pi", sp.pi, 3.141, digits=3)),
        ("a constant that is too small", lambda c: c.covered("pi", sp.pi, 3.14)),
    ],
)
def test_refuses(words: str, rule: Callable[[Chain], object]) -> None:
    chain = Chain()
    rule(chain)
    assert chain.steps[0].result is not Decision.PROVED, words


def test_no_solution_is_an_error_and_not_a_pass() -> None:
    for equation in (x**2 + 1, x + sp.exp(-x) - sp.Rational(1, 2), (x - 1) * (x - 2)):
        with pytest.raises((ArithmeticError, NotImplementedError)):
            Chain().solve(equation, x, "")


def test_a_lemma_is_used_once_and_shows_its_steps() -> None:
    def lemma(chain: Chain):
        return chain.equal(x * 1, x, "A lemma.")

    chain = Chain()
    assert chain.use(lemma) is chain.use(lemma)
    assert [step.justification for step in chain.steps] == ["A lemma."]


def test_a_cited_result_is_proved_only_if_its_own_steps_are() -> None:
    def wrong(chain: Chain):
        return chain.equal(x, 2 * x, "")

    chain = Chain()
    chain.cite(wrong, "Elsewhere.")
    assert chain.steps[0].result is Decision.REFUTED


def test_sequences_are_put_in_by_their_terms() -> None:
    chain = Chain()
    total = sp.Sum(f(k) * a, (k, 0, n - 1))
    chain.agree(
        "total",
        total,
        lambda at: at["a"] * sum(at.rows["f"]),
        values=lambda _: {n: 3},
        sequences=lambda _: {"f": [1, 2, 4]},
    )
    assert chain.steps[0].result is Decision.PROVED
