"""BOUNDS: every moment bound that can be probed, each a function from a martingale to the value of its bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from schattor_theory.bounds import moments
from schattor_theory.bounds.records import BoundValue, not_applicable
from synthetic.martingales import MatrixMartingale

from .weights import best_weight, covariance_weight

__all__ = ["BOUNDS", "GROUPS", "ProbedBound"]

_MOMENT = "E‖S‖_q^β"

Value = Callable[[MatrixMartingale, float, float], BoundValue]
"""From a martingale, q and β to a bound of ``E‖S‖_q^β``."""


@dataclass(frozen=True, slots=True)
class ProbedBound:
    """One bound as it is probed.

    Attributes
    ----------
    name : str
        Key in ``BOUNDS``; begins with the statement.
    statement : str
        Id in ``STATEMENTS``.
    words : str
        The right-hand side in words, for tables.
    value : callable
        ``value(martingale, q, moment_order)`` returns a BoundValue of ``E‖S‖_q^β``.
    """

    name: str
    statement: str
    words: str
    value: Value


def _unknown(statement: str, q: float, order: float, what: str) -> BoundValue:
    return not_applicable(statement, _MOMENT, f"{what} is not known exactly", {"q": q, "moment_order": order})


def _needs_order_two(statement: str, q: float, order: float) -> BoundValue:
    reason = f"the statement is about second moments, here β = {order:g}"
    return not_applicable(statement, _MOMENT, reason, {"q": q, "moment_order": order})


def _infinite(bound: BoundValue) -> BoundValue:
    """Return the bound, or why it says nothing: an infinite right-hand side."""
    if bound.value is None or math.isfinite(bound.value):
        return bound
    reason = "a moment of the differences is infinite: the bound says nothing"
    return not_applicable(bound.statement, bound.statistic, reason, bound.constants)


def _moment(level: str) -> Value:
    def value(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
        # the hypotheses of the level come first: they do not need the moments
        needs_first = level in ("first_term", "best")
        first = 0.0 if needs_first else None
        symmetric = martingale.conditionally_symmetric
        bound = partial(moments.moment_bound, q=q, moment_order=order, level=level, conditionally_symmetric=symmetric)
        empty = bound(0.0, first_moment=first)
        if not empty.is_applicable:
            return empty
        total = martingale.sum_of_moments(q, order)
        if needs_first:
            first = martingale.first_moment(q, order)
            if first is None:
                return _unknown(empty.statement, q, order, "E‖Z_1‖_q^β")
        if total is None:
            return _unknown(empty.statement, q, order, "Σ E‖Z_i‖_q^β")
        return _infinite(bound(total, first_moment=first))

    return value


def _covariance(side: str) -> Value:
    def value(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
        if order != 2:
            return _needs_order_two("T4b", q, order)
        covariance = martingale.covariance(side)
        if covariance is None:
            return _unknown("T4b", q, order, f"the {side} covariance")
        return moments.covariance_bound(covariance, q=q, side=side)

    return value


def _weighted(choose: Callable[[MatrixMartingale, float, float, float], np.ndarray | None]) -> Value:
    def value(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
        inner = max(q, order)
        if order > 1 and inner > order / (order - 1) * (1 + 1e-12):
            return moments.weighted_bound(np.eye(1), 0.0, q=q, inner_exponent=inner, moment_order=order)
        weight = choose(martingale, q, order, inner)
        if weight is None:
            return _unknown("T4c", q, order, "a covariance to take the weight from")
        total = martingale.sum_of_moments(inner, order, weight=weight, side="left")
        if total is None:
            return _unknown("T4c", q, order, "Σ E‖W⁺Z_i‖_a^β")
        symmetric = martingale.conditionally_symmetric
        return _infinite(
            moments.weighted_bound(
                weight, total, q=q, inner_exponent=inner, moment_order=order, conditionally_symmetric=symmetric
            )
        )

    return value


def _split(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
    if order != 2:
        return _needs_order_two("T4d", q, order)
    parts = martingale.split()
    if parts is None:
        return not_applicable("T4d", _MOMENT, "the martingale declares no splitting", {"q": q, "moment_order": order})
    return moments.row_column_bound(*parts, q=q)


def _infimum(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
    if order != 2:
        return _needs_order_two("T4d", q, order)
    series = martingale.series()
    constants = {"q": q, "moment_order": order}
    if series is None:
        return not_applicable("T4d", _MOMENT, "the differences are not ξ_iC_i with given C_i", constants)
    from .infimum import row_column_infimum  # cvxpy is slow to import, and other bounds do not need it

    return row_column_infimum(series, q)


def _two_smooth(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
    if order != 2:
        return _needs_order_two("T4e", q, order)
    empty = moments.two_smooth_bound(0.0, p=q)
    if not empty.is_applicable:
        return empty
    total = martingale.sum_of_moments(q, 2.0)
    return _unknown("T4e", q, order, "Σ E‖Z_i‖_p²") if total is None else _infinite(
        moments.two_smooth_bound(total, p=q)
    )  # fmt: skip


def _price(martingale: MatrixMartingale, q: float, order: float) -> BoundValue:
    bound = partial(moments.price_bound, q=q, moment_order=order, rank=min(martingale.shape))
    empty = bound(0.0)
    if not empty.is_applicable:
        return empty
    total = martingale.sum_of_moments(q, order)
    if total is None:
        return _unknown("T4g", q, order, "Σ E‖Z_i‖_q^β")
    symmetric = martingale.conditionally_symmetric
    return _infinite(bound(total, conditionally_symmetric=symmetric))


_ALL = (
    ProbedBound("T4a-triangle", "T4a", "Σ E‖Z_i‖_q (β = 1)", _moment("triangle")),
    ProbedBound("T4a-symmetric", "T4a", "Σ E‖Z_i‖_q^β, conditionally symmetric", _moment("symmetric")),
    ProbedBound("T4a-first_term", "T4a", "E‖Z_1‖_q^β + 2^{2-β} Σ_{i>1} E‖Z_i‖_q^β", _moment("first_term")),
    ProbedBound("T4a-martingale", "T4a", "2^{2-β} Σ E‖Z_i‖_q^β", _moment("martingale")),
    ProbedBound("T4a-fallback", "T4a", "2 Σ E‖Z_i‖_q^q (β = q)", _moment("fallback")),
    ProbedBound("T4a*-best", "T4a*", "E‖Z_1‖_q^q + K Σ_{i>1} E‖Z_i‖_q^q, K ≥ K_q proved (β = q)", _moment("best")),
    ProbedBound("T4b-left", "T4b", "‖(Σ E Z_iZ_i*)^{1/2}‖_q²", _covariance("left")),
    ProbedBound("T4b-right", "T4b", "‖(Σ E Z_i*Z_i)^{1/2}‖_q²", _covariance("right")),
    ProbedBound("T4c-given", "T4c", "weighted, W from the covariance", _weighted(covariance_weight)),
    ProbedBound("T4c-best", "T4c", "weighted, W optimised", _weighted(best_weight)),
    ProbedBound("T4d-split", "T4d", "rows + columns, the declared splitting", _split),
    ProbedBound("T4d-infimum", "T4d", "rows + columns, infimum over splittings", _infimum),
    ProbedBound("T4e", "T4e", "(p-1) Σ E‖Z_i‖_p²", _two_smooth),
    ProbedBound("T4g", "T4g", "r^{β/q-1} 2^{2-β} Σ E‖Z_i‖_q^β", _price),
)

BOUNDS: dict[str, ProbedBound] = {bound.name: bound for bound in _ALL}
"""The probed bounds by name."""

GROUPS: dict[str, tuple[str, ...]] = {
    statement: tuple(b.name for b in _ALL if b.statement == statement)
    for statement in dict.fromkeys(b.statement for b in _ALL)
}
"""Statement to the names of its bounds."""
