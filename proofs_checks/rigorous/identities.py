"""Polynomial identities and signs decided exactly, in rational arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction

from .balls import Decision

__all__ = ["has_no_negative_coefficient", "polynomials_agree", "product", "total"]

Polynomial = Callable[..., Fraction]


def polynomials_agree(left: Polynomial, right: Polynomial, degrees: Sequence[int]) -> Decision:
    """Decide whether two polynomials are the same, from their values on a grid.

    A polynomial of degree at most d_i in its i-th variable that vanishes on a grid with d_i + 1 points along each
    axis is zero, so agreement there is a proof; one point where they differ is a refutation.

    Parameters
    ----------
    left, right : callable
        Polynomials with rational coefficients, of one ``Fraction`` for each variable.
    degrees : sequence of int
        Upper bound of the degree of both in each variable.

    Examples
    --------
    >>> polynomials_agree(lambda x, y: (x + y) ** 2, lambda x, y: x**2 + 2 * x * y + y**2, (2, 2))
    <Decision.PROVED: 'proved'>
    """
    axes = [[Fraction(k) for k in range(1, degree + 2)] for degree in degrees]
    agree = all(left(*point) == right(*point) for point in itertools.product(*axes))
    return Decision.PROVED if agree else Decision.REFUTED


def product(left: Sequence[Fraction], right: Sequence[Fraction]) -> list[Fraction]:
    """Return the coefficients, lowest first, of the product of two polynomials given by theirs."""
    found = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            found[i + j] += a * b
    return found


def total(*polynomials: Sequence[Fraction]) -> list[Fraction]:
    """Return the coefficients of the sum."""
    return [sum(terms, Fraction(0)) for terms in itertools.zip_longest(*polynomials, fillvalue=Fraction(0))]


def has_no_negative_coefficient(coefficients: Sequence[Fraction]) -> Decision:
    """Decide whether every coefficient is at least 0, so that the polynomial is so for every argument ≥ 0.

    A negative coefficient does not refute the sign of the polynomial, only this reason for it.
    """
    return Decision.PROVED if all(c >= 0 for c in coefficients) else Decision.UNDECIDED
