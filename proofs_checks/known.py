"""What a result that may be missing holds, or an error that says why it is missing."""

from __future__ import annotations

from typing import TypeVar

from schattor_theory.assumptions import MomentShape, NotApplicable
from schattor_theory.bounds.records import BoundValue
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

__all__ = ["bound_value", "known", "shape_itself"]

T = TypeVar("T")


def bound_value(bound: BoundValue) -> float:
    """Return the value of a bound that applies.

    Raises
    ------
    ParameterError
        For a bound without a value; the reason stands in the message.

    Examples
    --------
    >>> from schattor_theory.bounds.moments import moment_bound
    >>> bound_value(moment_bound(3.0, q=2, moment_order=2))
    3.0
    """
    if bound.value is None:
        fail(ParameterError, "bound_value", "bound", "be applicable", bound.statement, bound.reason)
    return bound.value


def shape_itself(found: MomentShape | NotApplicable) -> MomentShape:
    """Return the moment shape of a noise record that has one.

    Raises
    ------
    ParameterError
        For a record without one; the reason stands in the message.
    """
    if isinstance(found, NotApplicable):
        fail(ParameterError, "shape_itself", "found", "be a MomentShape", found, found.reason)
    return found


def known(value: T | None, name: str) -> T:
    """Return a value that is there, for example the moment of a martingale that has a closed form.

    Raises
    ------
    ParameterError
        For None; ``name`` says of what.

    Examples
    --------
    >>> known(2.0, "E‖S‖_q^β")
    2.0
    """
    if value is None:
        fail(ParameterError, "known", name, "be known", value)
    return value
