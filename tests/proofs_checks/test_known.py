"""What may be missing: the value where it is there, an error with the reason where it is not."""

from __future__ import annotations

import re

import pytest

from proofs_checks.known import bound_value, known, shape_itself
from schattor_theory.assumptions import CovarianceNoise
from schattor_theory.bounds.moments import moment_bound
from schattor_theory.errors import ParameterError


def test_a_bound_that_applies_has_its_value() -> None:
    assert bound_value(moment_bound(3.0, q=2, moment_order=2)) == 3.0


def test_a_bound_without_a_value_says_why() -> None:
    bound = moment_bound(3.0, q=1, moment_order=1.5)
    with pytest.raises(ParameterError, match=r"^bound_value: bound must be applicable") as caught:
        bound_value(bound)
    assert str(caught.value).endswith(bound.reason)


def test_a_record_with_a_moment_shape_gives_it() -> None:
    assert shape_itself(CovarianceNoise(sigma=2.0).moment_shape(4)).scale == 2.0


def test_a_record_without_a_moment_shape_says_why() -> None:
    missing = CovarianceNoise(sigma=2.0).moment_shape(1.5)
    with pytest.raises(ParameterError, match=re.escape(missing.reason)):
        shape_itself(missing)


def test_what_is_known_is_returned_as_it_is_also_zero() -> None:
    assert known(0.0, "value") == 0.0


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(ParameterError, match=r"^known: sum of moments must be known, got sum of moments=None\."):
        known(None, "sum of moments")
