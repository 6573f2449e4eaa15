"""Balls rounded once: ties, zeros, neighbours, and what cannot be decided."""

from __future__ import annotations

import math
import struct

import pytest
from flint import arb, fmpq

from proofs_checks.rigorous.balls import exact, precision
from proofs_checks.vectors.rounding import Enclosure, certified, rounded
from schattor_theory.errors import ParameterError

_BETWEEN = fmpq(2**53 + 1, 2**53)
"""Half way from 1 to the next float."""


def test_a_third_is_rounded_to_the_nearest_float() -> None:
    with precision(256):
        found = rounded(exact("1/3"))
    assert (found.value, found.is_decided) == (1 / 3, True)
    assert 0 < found.error <= math.ulp(1 / 3) / 2


def test_an_exact_tie_goes_to_even_and_is_decided() -> None:
    with precision(256):
        found = rounded(arb(_BETWEEN))
        above = rounded(arb(_BETWEEN) + arb(2) ** -200)
    assert (found.value, found.is_decided, found.error) == (1.0, True, 2.0**-53)
    assert above.value == 1 + 2.0**-52


def test_a_ball_over_a_tie_is_undecided_and_its_error_covers_both_ends() -> None:
    with precision(256):
        found = rounded(arb(_BETWEEN, arb(2) ** -100))
    assert not found.is_decided
    assert 2.0**-53 < found.error < 2.0**-52


def test_no_stored_zero_is_negative() -> None:
    for ball in (arb(0), -arb(0), -exact("1/3") * arb(2) ** -2000):
        assert struct.pack("<d", rounded(ball).value) == bytes(8)


def test_a_ball_around_zero_is_decided_below_the_smallest_float() -> None:
    with precision(256):
        assert not rounded(arb(0, arb(2) ** -1074)).is_decided
        assert rounded(arb(0, arb(2) ** -1080)).is_decided


def test_what_is_outside_the_floats_is_undecided() -> None:
    assert not rounded(arb(2) ** 1024).is_decided
    assert not rounded(arb("nan")).is_decided


def test_more_bits_are_taken_until_every_rounding_is_decided() -> None:
    asked = []

    def compute() -> dict[str, Enclosure]:
        third = exact("1/3")
        asked.append(third.rad())
        return {"zero": Enclosure((1, 1), [3 * third - 1], arb(1)), "third": Enclosure((), [third], arb(0))}

    answers = certified(compute)
    assert len(asked) == 3
    assert (answers["third"].bits, answers["zero"].bits) == (256, 1200)
    assert answers["zero"].values.tolist() == [[0.0]]
    assert answers["third"].undecided == answers["zero"].undecided == ()


def test_what_no_precision_decides_is_listed() -> None:
    def compute() -> dict[str, Enclosure]:
        return {"x": Enclosure((2,), [arb(1), arb(_BETWEEN, arb(2) ** -60)], arb(1))}

    answer = certified(compute)["x"]
    assert answer.undecided == (1,)
    assert 2.0**-53 < answer.error_bound < 2.0**-52


def test_refuses_an_answer_without_an_enclosure() -> None:
    with pytest.raises(ParameterError, match="certified: x must be finite and inside the range of float64"):
        certified(lambda: {"x": Enclosure((), [arb("nan")], arb(1))})


def test_refuses_a_sensitivity_without_an_enclosure() -> None:
    with pytest.raises(ParameterError, match="certified: sensitivity of x must be finite"):
        certified(lambda: {"x": Enclosure((), [arb(1)], arb("inf"))})
