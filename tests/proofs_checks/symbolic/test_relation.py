"""Norms and inner products as scalars, and how formulas are written."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks.symbolic.notation import function, index, latex_of, sample, symbol, text_of, vector, words
from proofs_checks.symbolic.relation import at_most, equals, inner, norm

A, B = vector("A"), vector("B")
c, x = symbol("c"), symbol("x")


def test_inner_products_are_bilinear() -> None:
    left = inner(2 * A - c * B, A + B)
    right = 2 * inner(A, A) + 2 * inner(A, B) - c * inner(B, A) - c * inner(B, B)
    assert sp.expand(left - right) == 0


def test_norms_are_homogeneous_and_even() -> None:
    assert norm(-c * A, "q") == c * norm(A, "q")
    assert norm(A - B, "q") == norm(B - A, "q")
    assert norm(c * A - c * B, "q") == c * norm(A - B, "q")
    assert norm(A, "q") != norm(A, "p")


def test_products_of_matrices_are_refused() -> None:
    with pytest.raises(ArithmeticError, match="not a linear combination of matrices"):
        inner(A * B, A)
    with pytest.raises(ArithmeticError, match="not a linear combination of matrices"):
        norm(A + 1, "q")


def test_relations_read_as_text_and_latex() -> None:
    relation = at_most(norm(A, "q"), sp.sqrt(c) / 2)
    assert relation.text == "‖A‖_q ≤ √(c)/2"
    assert relation.latex == r"\Vert A\Vert_{q} \le \frac{\sqrt{c}}{2}"
    assert equals(c, 1).text == "c = 1"


def test_names_of_functions_are_not_taken_for_numbers() -> None:
    # oo, pi and zeta inside a name
    assert text_of(words("look_ahead of pizeta")) == "look_ahead of pizeta"
    assert text_of(sp.oo + 0) == "∞"
    assert latex_of(words("100 % of a_b, θ")) == r"\text{100 \% of a\_b, $\theta$}"


def test_sums_integrals_and_limits_are_written_in_one_line() -> None:
    k, n, f = index("k"), index("n"), function("f", "f_{#}")
    assert text_of(sp.Sum(f(k), (k, 0, n - 1))) == "Σ_(k=0..n - 1) (f(k))"
    assert latex_of(sp.Sum(f(k), (k, 0, n - 1))) == r"\sum_{k=0}^{n - 1} f_{k}"
    assert text_of(2 * sp.Integral(x, (x, 0, 1))) == "2·∫_0^1 (x) dx"
    assert text_of(sp.Limit(1 / x, x, sp.oo)) == "lim_(x→∞) (1/x)"


def test_samples_are_repeatable_and_differ() -> None:
    values = {sample(symbol(name), which) for name in ("x", "y", "σ₁") for which in range(3)}
    assert len(values) == 9
    assert all(0 < value < 1 for value in values)
    assert sample(symbol("q", samples=("3/2", "5/4", "9/5")), 1) == sp.Rational(5, 4)
