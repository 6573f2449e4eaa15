"""Identities between polynomials: proved on a grid that is large enough, refuted by one point."""

from __future__ import annotations

from fractions import Fraction

from proofs_checks.rigorous.balls import Decision
from proofs_checks.rigorous.identities import has_no_negative_coefficient, polynomials_agree, product


def test_an_identity_is_proved_and_a_wrong_one_refuted() -> None:
    def cube(x, y):
        return (x - y) ** 3

    assert polynomials_agree(cube, lambda x, y: x**3 - 3 * x * x * y + 3 * x * y * y - y**3, (3, 3)) is Decision.PROVED
    assert polynomials_agree(cube, lambda x, y: x**3 - 3 * x * x * y + 3 * x * y * y + y**3, (3, 3)) is Decision.REFUTED


def test_the_grid_has_one_point_more_than_the_degree() -> None:
    # agrees at 1, 2, 3 and not at 4
    def sneaky(x):
        return (x - 1) * (x - 2) * (x - 3)

    assert polynomials_agree(sneaky, lambda x: Fraction(0), (2,)) is Decision.PROVED  # the degree given was too low
    assert polynomials_agree(sneaky, lambda x: Fraction(0), (3,)) is Decision.REFUTED


def test_coefficients_multiply() -> None:
    one, half = Fraction(1), Fraction(1, 2)
    assert product([one, half], [one, -half]) == [1, 0, Fraction(-1, 4)]


def test_a_negative_coefficient_refutes_nothing() -> None:
    assert has_no_negative_coefficient([Fraction(0), Fraction(2)]) is Decision.PROVED
    assert has_no_negative_coefficient([Fraction(1), Fraction(-1), Fraction(1)]) is Decision.UNDECIDED
