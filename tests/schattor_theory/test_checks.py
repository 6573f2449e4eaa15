"""Argument checks: the condition and the wording of each are the same predicate."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from schattor_theory.checks import (
    check_choice,
    check_exponent,
    check_in_interval,
    check_integer,
    check_nonnegative,
    check_positive,
    fail,
    nearest_name,
    show,
)
from schattor_theory.errors import DTypeError, ExponentError, ParameterError, SchattorError, UnknownNameError

CHECKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "positive": (lambda v: check_positive("f", "x", v), "be a positive finite number"),
    "nonnegative": (lambda v: check_nonnegative("f", "x", v), "be a finite number >= 0"),
    "closed": (lambda v: check_in_interval("f", "x", v, 0, 1), "lie in [0, 1]"),
    "half open": (lambda v: check_in_interval("f", "x", v, 0, 1, include_high=False), "lie in [0, 1)"),
    "open": (lambda v: check_in_interval("f", "x", v, 0, 1, include_low=False, include_high=False), "lie in (0, 1)"),
    "integer": (lambda v: check_integer("f", "x", v, minimum=2), "be an integer >= 2"),
}
ACCEPTED = {
    "positive": [5e-324, 1, 1.5, np.float32(1), Fraction(1, 4), np.array(2.0)],
    "nonnegative": [0, 0.0, -0.0, 1, np.int64(0)],
    "closed": [0, 1, 0.5, np.float64(1)],
    "half open": [0, 0.5, 1 - 2**-53],
    "open": [5e-324, 0.5, 1 - 2**-53],
    "integer": [2, 3, np.int64(2), 10**30],
}
NOT_NUMBERS = [None, "1", True, np.True_, 1j, np.complex128(1), [1], {}, np.ones(1), np.str_("1"), Decimal(1), object]
REFUSED = {
    "positive": [0, -0.0, -1, math.inf, -math.inf, math.nan, 10**400, *NOT_NUMBERS],
    "nonnegative": [-5e-324, -1, math.inf, math.nan, 10**400, *NOT_NUMBERS],
    "closed": [-5e-324, 1 + 2**-52, math.inf, math.nan, 10**400, *NOT_NUMBERS],
    "half open": [-5e-324, 1, math.nan, *NOT_NUMBERS],
    "open": [0, 1, math.nan, *NOT_NUMBERS],
    "integer": [1, -3, 2.0, math.nan, Fraction(4, 2), np.float64(3), np.array(3), *NOT_NUMBERS],
}


@pytest.mark.parametrize("check", CHECKS)
def test_accepts_and_converts(check: str) -> None:
    function, _ = CHECKS[check]
    for value in ACCEPTED[check]:
        accepted = function(value)
        assert accepted == value
        assert type(accepted) is (int if check == "integer" else float)


@pytest.mark.parametrize("check", CHECKS)
def test_refuses_with_the_requirement_it_tests(check: str) -> None:
    function, requirement = CHECKS[check]
    for value in REFUSED[check]:
        with pytest.raises(ParameterError) as caught:
            function(value)
        assert str(caught.value).startswith(f"f: x must {requirement}, got x={show(value)}.")


@pytest.mark.parametrize("check", ["positive", "nonnegative", "closed"])
def test_says_what_kind_of_thing_to_pass_unless_the_caller_knows_better(check: str) -> None:
    with pytest.raises(ParameterError, match=r"Pass a real number\.$"):
        CHECKS[check][0](None)
    with pytest.raises(ParameterError, match=r"Use 0 for none\.$"):
        check_nonnegative("f", "x", None, "Use 0 for none.")
    with pytest.raises(ParameterError, match=r"Count from 2\.$"):
        check_integer("f", "x", 1, minimum=2, way_out="Count from 2.")


def test_zero_axis_arrays_of_every_library_are_numbers() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    assert check_positive("f", "x", torch.tensor(2.0)) == 2.0
    strict = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    assert check_positive("f", "x", strict.asarray(2.0)) == 2.0
    assert check_exponent("f", strict.asarray(2.0)) == 2.0


def test_a_traced_number_is_refused_with_a_reason_and_not_with_a_jax_error() -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    with pytest.raises(ParameterError, match="f: x must be a positive finite number"):
        jax.jit(lambda x: check_positive("f", "x", x))(1.0)
    with pytest.raises(ExponentError, match=r"f: p must lie in \[1, inf\]"):
        jax.jit(lambda p: check_exponent("f", p))(2.0)


def test_choice_is_returned_or_the_nearest_is_named() -> None:
    assert check_choice("f", "name", "ball", ("ball", "regularized")) == "ball"
    for value, hint in (("bal", " Did you mean 'ball'?"), ("zzz", ""), (None, ""), (3, "")):
        with pytest.raises(UnknownNameError) as caught:
            check_choice("f", "name", value, ["ball", "regularized"])
        assert str(caught.value) == f"f: name must be one of 'ball', 'regularized', got name={value!r}.{hint}"


def test_nearest_name_is_none_when_nothing_is_near() -> None:
    assert nearest_name("quadratc", {"quadratic": 1, "bowl": 2}) == "quadratic"
    assert nearest_name("zzz", ["quadratic"]) is None
    assert nearest_name("x", []) is None


@pytest.mark.parametrize(
    ("value", "exponent"),
    [(1, 1.0), ("4/3", 4 / 3), ("inf", math.inf), (math.inf, math.inf), (Fraction(4, 3), 4 / 3), ("1.5", 1.5)],
)
def test_exponent_is_read_from_every_spelling(value: object, exponent: float) -> None:
    assert check_exponent("f", value) == exponent


def test_exponent_error_names_the_argument_it_was_called_for() -> None:
    with pytest.raises(ExponentError) as caught:
        check_exponent("f", 0.5, "balance")
    assert str(caught.value) == "f: balance must lie in [1, inf], got balance=0.5."


def test_fail_puts_the_parts_in_the_one_order() -> None:
    with pytest.raises(DTypeError, match=r"^call: argument must be so, got argument='value'\. Do that\.$"):
        fail(DTypeError, "call", "argument", "be so", "value", "Do that.")
    with pytest.raises(SchattorError, match=r"^call: argument must be so, got argument=1\.$"):
        fail(SchattorError, "call", "argument", "be so", 1)


def test_long_values_are_cut_in_a_message() -> None:
    assert show("x" * 10) == repr("x" * 10)
    assert len(show(list(range(1000)))) == 120
    assert show(list(range(1000))).endswith("…")
