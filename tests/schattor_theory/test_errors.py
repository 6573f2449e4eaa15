"""The error family: one base, and the built-in class a caller expects."""

from __future__ import annotations

import inspect

import pytest

from schattor_theory import errors
from schattor_theory.errors import DTypeError, MissingExtraError, SchattorError

FAMILY = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, SchattorError)]


@pytest.mark.parametrize("error", [c for c in FAMILY if c is not SchattorError])
def test_every_error_is_a_schattor_error_and_a_built_in_one(error: type) -> None:
    built_in = {DTypeError: TypeError, MissingExtraError: ImportError}
    assert issubclass(error, built_in.get(error, ValueError))
    assert error.__doc__


def test_family_is_the_one_that_callers_rely_on() -> None:
    assert {c.__name__ for c in FAMILY} == {
        "DTypeError",
        "ExponentError",
        "MissingExtraError",
        "NonFiniteError",
        "ParameterError",
        "SchattorError",
        "ShapeError",
        "StoreError",
        "StudyError",
        "UnknownNameError",
    }
