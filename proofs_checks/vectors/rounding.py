"""Balls rounded once to float64, each with a proved bound of what the rounding took away."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from flint import arb

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..rigorous.balls import exact_fraction, precision, upper_float

__all__ = ["PRECISIONS", "Answer", "Enclosure", "Rounded", "certified", "rounded"]

PRECISIONS = (256, 512, 1200, 2400, 4800)
"""Bits that are tried one after the other; from 1200 on a true zero is told from the smallest float."""


class Rounded(NamedTuple):
    """The float next to a number, and what is known about it.

    Attributes
    ----------
    value : float
        Never -0.
    error : float
        Upper bound of ``|value - number|``.
    is_decided : bool
        Whether ``value`` is the number rounded to nearest, ties to even; else it may be a neighbour of that.
    """

    value: float
    error: float
    is_decided: bool


def _to_float(number: Fraction) -> float:
    """Return the fraction rounded to nearest, ties to even: Python divides integers so."""
    try:
        return number.numerator / number.denominator + 0.0
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _bound(error: Fraction, value: float) -> float:
    """Return an upper bound of the error of ``value`` that does not depend on how narrow its ball is.

    invariant: three digits, and at least ``2^-20`` units in the last place, else an exact answer would show a radius,
    which another release of the arithmetic may make smaller.
    """
    above = _three_digits(math.nextafter(_to_float(error), math.inf))
    return max(above, math.ulp(value) * 2.0**-20, 5e-324)


def rounded(ball: arb) -> Rounded:
    """Return the float that every point of the ball is rounded to, or the one of its centre if there is no such float.

    Examples
    --------
    >>> with precision(256):
    ...     third = rounded(arb(1) / 3)
    >>> third.value == 1 / 3, third.is_decided
    (True, True)
    >>> rounded(arb(1, 2**-40))[::2], rounded(arb(0, 1e-300)).is_decided
    ((1.0, False), False)
    """
    if not ball.is_finite():
        return Rounded(math.nan, math.inf, False)
    # the ends as fractions: ball.lower() would round to the present precision
    centre, radius = exact_fraction(ball.mid()), exact_fraction(ball.rad())
    low, value, high = (_to_float(x) for x in (centre - radius, centre, centre + radius))
    if math.isinf(value):
        return Rounded(value, math.inf, False)
    error = max(abs(centre - radius - Fraction(value)), abs(centre + radius - Fraction(value)))
    is_decided = low == value == high
    bound = min(_bound(error, value), math.ulp(value) / 2 or 5e-324) if is_decided else _bound(error, value)
    return Rounded(value, bound, is_decided)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """Balls around the entries of an answer, in C order, and how sensitive it is to rounding.

    Attributes
    ----------
    shape : tuple of int
        Of the answer.
    entries : sequence of arb
        As many as the shape says.
    sensitivity : arb
        S: a computation with machine epsilon ``eps`` is expected to be right to ``eps S`` in every entry.
    """

    shape: tuple[int, ...]
    entries: Sequence[arb]
    sensitivity: arb


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A certified answer.

    Attributes
    ----------
    values : array of float64
        Each entry the true one, rounded once to nearest.
    error_bound : float
        Proved upper bound of ``|stored - true|`` over the entries.
    undecided : tuple of int
        Places (in C order) of entries whose rounding could not be decided: there the neighbour is as good.
    sensitivity : float
        S: a computation with machine epsilon ``eps`` may differ by ``eps S`` in any entry.
    bits : int
        Precision at which the roundings were decided, or at least so many.
    """

    values: np.ndarray
    error_bound: float
    undecided: tuple[int, ...]
    sensitivity: float
    bits: int

    @property
    def size(self) -> float:
        """Return the largest absolute entry; 0 of an empty answer."""
        return float(np.abs(self.values).max()) if self.values.size else 0.0


def certified(
    compute: Callable[[], Mapping[str, Enclosure]], *, precisions: Iterable[int] = PRECISIONS
) -> dict[str, Answer]:
    """Return the answers rounded to float64, computed with more and more bits until every rounding is decided.

    Parameters
    ----------
    compute : callable
        Returns enclosures, the narrower the more bits the present precision has.
    precisions : iterable of int
        What is tried. Where the last one decides nothing either, the entry is listed as undecided.

    Raises
    ------
    ParameterError
        If an entry or the sensitivity has no finite enclosure even then.
    """
    answers: dict[str, Answer] = {}
    for bits in precisions:
        with precision(bits):
            found = compute()
            for name, enclosure in found.items():
                if name not in answers or answers[name].undecided:
                    answers[name] = _answer(enclosure, bits)
        if not any(answer.undecided for answer in answers.values()):
            break
    for name, answer in answers.items():
        if not np.isfinite(answer.values).all():
            fail(ParameterError, "certified", name, "be finite and inside the range of float64", answer.values)
        if not math.isfinite(answer.sensitivity):
            fail(ParameterError, "certified", f"sensitivity of {name}", "be finite", answer.sensitivity)
    return answers


def _answer(enclosure: Enclosure, bits: int) -> Answer:
    entries = [rounded(ball) for ball in enclosure.entries]
    return Answer(
        values=np.array([entry.value for entry in entries], dtype=np.float64).reshape(enclosure.shape),
        error_bound=max((entry.error for entry in entries), default=0.0),
        undecided=tuple(i for i, entry in enumerate(entries) if not entry.is_decided),
        sensitivity=_three_digits(upper_float(enclosure.sensitivity)),
        bits=bits,
    )


def _three_digits(number: float) -> float:
    """Return ``number`` rounded up to three digits: more would say nothing."""
    return number + 0.0 if number == 0 or not math.isfinite(number) else float(f"{number * 1.006:.2e}")
