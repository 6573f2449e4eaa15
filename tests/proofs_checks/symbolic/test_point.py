"""Points: values by name, integers as ints, the terms of sequences apart."""

from __future__ import annotations

import sympy as sp

from proofs_checks.symbolic.notation import index, symbol
from proofs_checks.symbolic.point import Point


def test_a_point_has_floats_by_name_and_its_integers_as_ints() -> None:
    at = Point({symbol("x"): sp.Rational(1, 4), index("k"): sp.Integer(3)})
    assert at == {"x": 0.25, "k": 3}
    assert at.whole == {"k": 3}
    assert [type(value) for value in at.values()] == [float, int]
    assert at.rows == {}


def test_a_point_has_the_terms_of_unknown_sequences_apart_from_its_values() -> None:
    at = Point({symbol("x"): sp.Integer(1)}, {"x": [1, sp.Rational(1, 2)]})
    assert (at["x"], at.rows["x"]) == (1.0, [1.0, 0.5])
