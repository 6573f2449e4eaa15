"""A point of the axes is read as the kind of value that an axis has, or refused by the name of the axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import pytest

from proofs_checks.scaling.point import exponent_at, integer_at, real_at, world_at
from schattor_theory.errors import StudyError

POINT = {"horizon": 50, "aspect": 2, "p": "4/3", "noise": {"name": "fixed_signs"}}


def test_every_axis_is_read_as_what_it_is() -> None:
    assert integer_at(POINT, "horizon") == 50
    assert (real_at(POINT, "aspect"), type(real_at(POINT, "aspect"))) == (2.0, float)
    assert exponent_at(POINT, "p") == "4/3"
    assert exponent_at({"p": Fraction(4, 3)}, "p") == Fraction(4, 3)
    assert world_at(POINT, "noise") == {"name": "fixed_signs"}


@pytest.mark.parametrize(
    ("read", "axis", "value", "requirement"),
    [
        (integer_at, "horizon", "50", "be an integer"),
        (integer_at, "horizon", 50.0, "be an integer"),
        (real_at, "aspect", None, "be a number"),
        (exponent_at, "p", [2], "be an exponent"),
        (world_at, "noise", "fixed_signs", "be a table with a name and options"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_the_name_of_its_axis(
    read: Callable[[Mapping[str, object], str], object], axis: str, value: object, requirement: str
) -> None:
    with pytest.raises(StudyError, match=f"^study: {axis} must {requirement}, got {axis}="):
        read({axis: value}, axis)
