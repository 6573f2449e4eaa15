"""Planted errors of the moment bounds: a tenth off where a witness attains the bound, half elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from proofs_checks.moments import wrong_forms
from schattor_theory.bounds import moments
from synthetic.martingales.iid_coordinates import IidCoordinates
from tests.proofs_checks.empirical.planted import Planted, bound_times, times

__all__ = ["MOMENTS", "at_exponents", "at_level"]


def at_level(level: str, factor: float, q: float | None = None) -> Callable:
    """Make one level of T4a ``factor`` times what is right, at one q if given."""

    def wrong(right: Callable) -> Callable:
        def function(*a: Any, **k: Any) -> Any:
            bound = right(*a, **k)
            if k.get("level") != level or not bound.is_applicable or (q is not None and k["q"] != q):
                return bound
            return replace(bound, value=factor * bound.value)

        return function

    return wrong


def at_exponents(name: str, factor: float, *, above: float) -> Callable:
    """Make a bound ``factor`` times what is right where the exponent with this name is above a number."""

    def wrong(right: Callable) -> Callable:
        def function(*a: Any, **k: Any) -> Any:
            bound = right(*a, **k)
            return replace(bound, value=factor * bound.value) if bound.is_applicable and k[name] > above else bound

        return function

    return wrong


def _covariance_of_one_side(right: Callable) -> Callable:
    """The left bound with a tenth of the smaller eigenvalues' part lost: Σ replaced by 0.9 Σ."""
    return lambda covariance, **k: right(0.9 * covariance, **k)


def _tenth_less(right: Callable) -> Callable:
    return lambda q: tuple(0.9 * end for end in right(q))


_T4A = "moment_bound_holds_on_every_martingale"

MOMENTS: tuple[Planted, ...] = (
    Planted(_T4A, "triangle, a tenth", moments, "moment_bound", at_level("triangle", 0.9)),
    Planted(_T4A, "symmetric, a tenth", moments, "moment_bound", at_level("symmetric", 0.9)),
    Planted(_T4A, "first term, a tenth", moments, "moment_bound", at_level("first_term", 0.9)),
    Planted(_T4A, "2^{2-β}, a tenth, at q = β = 2", moments, "moment_bound", at_level("martingale", 0.9, 2.0)),
    Planted(_T4A, "2^{2-β}, half, at q = β = 1.5", moments, "moment_bound", at_level("martingale", 0.5, 1.5)),
    Planted(_T4A, "two-line form, half", moments, "moment_bound", at_level("fallback", 0.49)),
    Planted("best_constant_bounds_every_martingale", "a tenth", moments, "best_constant_bracket", _tenth_less),
    Planted("covariance_bound_holds_on_every_martingale", "a tenth", moments, "covariance_bound", bound_times(0.9)),
    Planted(
        "covariance_bound_holds_on_every_martingale", "Σ a tenth", moments, "covariance_bound", _covariance_of_one_side
    ),
    Planted("weighted_bound_holds_on_every_martingale", "a tenth", moments, "weighted_bound", bound_times(0.9)),
    Planted("declared_splitting_holds_for_rows_and_columns", "a tenth", moments, "row_column_bound", bound_times(0.9)),
    Planted("two_smoothness_holds_on_every_martingale", "a tenth", moments, "two_smooth_bound", bound_times(0.9)),
    Planted(
        "two_smoothness_holds_on_every_martingale",
        "half, at p > 2",
        moments,
        "two_smooth_bound",
        at_exponents("p", 0.5, above=2),
    ),
    Planted("price_of_dimension_holds_on_every_martingale", "a tenth", moments, "price_bound", bound_times(0.9)),
    Planted("averages_turn_at_the_dimension", "the exact moment of the law", IidCoordinates, "_moment", times(1.3)),
    Planted("false_forms_are_refuted", "a true constant", wrong_forms, "scalar_best_constant", times(1.1)),
)
"""The errors, by the check that must refute them."""
