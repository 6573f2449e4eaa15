"""Reading a point of the axes: the value of one axis, as the kind of value that the axis has."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from schattor_theory.checks import fail
from schattor_theory.errors import StudyError
from schattor_theory.geometry.exponents import Exponent

__all__ = ["as_integer", "as_real", "exponent_at", "integer_at", "real_at", "world_at"]

_CALL = "study"


def as_integer(name: str, value: object) -> int:
    """Return one value of an axis or column of integers."""
    if not isinstance(value, int):
        fail(StudyError, _CALL, name, "be an integer", value)
    return value


def as_real(name: str, value: object) -> float:
    """Return one value of an axis or column of numbers, as a float."""
    if not isinstance(value, int | float):
        fail(StudyError, _CALL, name, "be a number", value)
    return float(value)


def integer_at(point: Mapping[str, object], axis: str) -> int:
    """Return the value of an axis of integers, such as ``horizon``."""
    return as_integer(axis, point[axis])


def real_at(point: Mapping[str, object], axis: str) -> float:
    """Return the value of an axis of numbers, such as ``aspect``, as a float."""
    return as_real(axis, point[axis])


def exponent_at(point: Mapping[str, object], axis: str) -> Exponent:
    """Return the value of an axis of exponents, such as ``p``."""
    value = point[axis]
    if not isinstance(value, int | float | Fraction | str):
        fail(StudyError, _CALL, axis, "be an exponent", value)
    return value


def world_at(point: Mapping[str, object], axis: str) -> Mapping[str, object]:
    """Return the name and the options of a problem or noise."""
    value = point[axis]
    if not isinstance(value, Mapping):
        fail(StudyError, _CALL, axis, "be a table with a name and options", value)
    return value
