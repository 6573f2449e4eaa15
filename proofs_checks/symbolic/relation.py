"""Relation: an equation or inequality between scalars; inner products and norms of matrices as scalars."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from .notation import latex_of, symbol, text_of, vectors_in

__all__ = ["Relation", "at_most", "equals", "inner", "norm"]


@dataclass(frozen=True, slots=True)
class Relation:
    """``left ≤ right``, or ``left = right``."""

    left: sp.Expr
    right: sp.Expr
    is_equation: bool = False

    @property
    def gap(self) -> sp.Expr:
        """Return ``right - left``: at least 0, and 0 for an equation."""
        return self.right - self.left

    @property
    def text(self) -> str:
        """Return it in one line of Unicode."""
        return f"{text_of(self.left)} {'=' if self.is_equation else '≤'} {text_of(self.right)}"

    @property
    def latex(self) -> str:
        """Return it in LaTeX."""
        return f"{latex_of(self.left)} {'=' if self.is_equation else chr(92) + 'le'} {latex_of(self.right)}"

    def at(self, values: dict[sp.Expr, sp.Expr]) -> Relation:
        """Return it with expressions put in for symbols."""
        left, right = (side.subs(values, simultaneous=True) for side in (self.left, self.right))
        return replace(self, left=left, right=right)

    def reversed(self) -> Relation:
        """Return it with the sides exchanged."""
        return replace(self, left=self.right, right=self.left)


def at_most(left: object, right: object) -> Relation:
    """Return ``left ≤ right``."""
    return Relation(sp.sympify(left), sp.sympify(right))


def equals(left: object, right: object) -> Relation:
    """Return ``left = right``."""
    return Relation(sp.sympify(left), sp.sympify(right), is_equation=True)


def inner(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """Return ``⟨a, b⟩``, taken apart by bilinearity into inner products of the matrices that occur."""
    return sp.Add(
        *(
            ca * cb * symbol(f"⟨{one.name}, {other.name}⟩", real=True)
            for one, ca in _coefficients(a).items()
            for other, cb in _coefficients(b).items()
        )
    )


def norm(a: sp.Expr, exponent: str) -> sp.Expr:
    """Return ``‖a‖``: scalar factors outside, by homogeneity; what is left is one symbol, nonnegative.

    ``exponent`` names the norm and is printed as its index.
    """
    a = sp.factor_terms(sp.factor(a))
    scalar, inside = sp.Integer(1), sp.Integer(1)
    for factor in sp.Mul.make_args(a):
        if vectors_in(factor):
            inside = inside * factor
        else:
            scalar = scalar * factor
    coefficients = _coefficients(inside)
    # ‖-a‖ = ‖a‖: the first matrix by name gets a positive sign
    first = min(coefficients, key=lambda one: one.name)
    if coefficients[first].could_extract_minus_sign():
        inside, scalar = -inside, -scalar
    text = text_of(sp.expand(inside))
    latex = rf"\Vert {latex_of(sp.expand(inside))}\Vert_{{{exponent}}}"
    return sp.Abs(scalar) * symbol(f"‖{text}‖_{exponent}", latex, nonnegative=True)


def _coefficients(a: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    expanded = sp.expand(a)
    found = {one: expanded.coeff(one, 1) for one in vectors_in(expanded)}
    rest = sp.expand(expanded - sp.Add(*(c * one for one, c in found.items())))
    if rest != 0 or any(vectors_in(c) for c in found.values()):
        raise ArithmeticError(f"not a linear combination of matrices: {a}")
    return found
