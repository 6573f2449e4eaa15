"""A chain in which one claim is another than the one that was derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from proofs_checks.proof import Proposition
from proofs_checks.rigorous.balls import Decision
from proofs_checks.symbolic.chain import Chain, Check
from proofs_checks.symbolic.relation import Relation

__all__ = ["WAYS", "Broken", "survives"]

FACTOR = sp.Rational(8, 7)
WEAKER = 3
"""Conditions such as θ ≤ 1 become θ ≤ 3, and 0 ≤ x becomes -3 ≤ x."""


class Broken(Exception):  # noqa: N818
    """The chain has failed where it should, or this alteration does not apply."""


def shifted(relation: Relation, role: str, is_sharp: bool) -> Relation | None:
    """Return a hypothesis that says less, or a claim that says more."""
    right = relation.right
    if role == "hypothesis" and not relation.is_equation:
        if relation.left == 0:
            return replace(relation, left=sp.Integer(-WEAKER))
        return replace(relation, right=right * (WEAKER if right.is_number else FACTOR) if right != 0 else FACTOR - 1)
    if relation.is_equation:
        return replace(relation, right=right * FACTOR if right != 0 else FACTOR - 1)
    if not is_sharp:
        return None
    return replace(relation, right=right / FACTOR if right != 0 else 1 - FACTOR)


def turned_round(relation: Relation, role: str, is_sharp: bool) -> Relation | None:
    """Return the opposite inequality of a claim."""
    return None if relation.is_equation or role == "hypothesis" else relation.reversed()


WAYS: tuple[Callable[[Relation, str, bool], Relation | None], ...] = (shifted, turned_round)


class Altered(Chain):
    """Alters the claim of one step; stops at the first step that is not proved."""

    def __init__(self, place: int, way: Callable[[Relation, str, bool], Relation | None]) -> None:
        super().__init__()
        self.place, self.way, self.claim = place, way, ""

    def record(
        self, relation: Relation, why: str, check: Check, *, role: str = "step", is_sharp: bool = True
    ) -> Relation:
        if len(self.steps) == self.place:
            other = self.way(relation, role, is_sharp)
            if other is None:
                raise Broken
            relation, self.claim = other, other.text
        made = super().record(relation, why, check, role=role, is_sharp=is_sharp)
        if self.steps[-1].result is not Decision.PROVED:
            raise Broken
        return made


def survives(proposition: Proposition, place: int, way: Callable[[Relation, str, bool], Relation | None]) -> str:
    """Return the altered claim with which the derivation still is proved; empty if it fails, as it should."""
    chain = Altered(place, way)
    try:
        proposition.prove.carry_out(chain)  # type: ignore[attr-defined]
    except (Broken, ArithmeticError, ValueError, TypeError, NotImplementedError, StopIteration, IndexError):
        return ""
    return chain.claim
