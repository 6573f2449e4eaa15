"""Argument checks: the only place where argument errors are worded.

Every message reads ``<call>: <argument> must <requirement>, got <argument>=<value>. <way out>``. A check returns the
value it accepted, converted to the type the caller computes with.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from fractions import Fraction
from numbers import Integral, Real
from typing import NoReturn

from .errors import ExponentError, MissingExtraError, ParameterError, SchattorError, UnknownNameError

__all__ = [
    "check_choice",
    "check_exponent",
    "check_in_interval",
    "check_integer",
    "check_nonnegative",
    "check_positive",
    "fail",
    "fail_missing",
    "show",
]


def show(value: object, limit: int = 120) -> str:
    """Return ``repr(value)``, cut to ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fail(
    error: type[SchattorError], call: str, argument: str, requirement: str, got: object, way_out: str = ""
) -> NoReturn:
    """Raise ``error`` with the message every argument error of this distribution has."""
    message = f"{call}: {argument} must {requirement}, got {argument}={show(got)}."
    raise error(f"{message} {way_out}" if way_out else message)


def fail_missing(call: str, package: str, error: ImportError, *, extra: str) -> NoReturn:
    """Raise that ``call`` needs an optional package, naming the extra of this distribution that brings it."""
    way_out = f'Install it with: pip install "schattor-theory[{extra}]".'
    fail(MissingExtraError, call, package, "be installed", error, way_out)


def _is_real_scalar(value: object) -> bool:
    """Return whether ``value`` is a real number or an array of no axes that holds one; truth values are not numbers."""
    kind = getattr(getattr(value, "dtype", None), "kind", "f")  # the code NumPy and JAX give a dtype; others have none
    if isinstance(value, bool) or kind not in "iuf":
        return False
    return isinstance(value, Real) or (getattr(value, "shape", None) == () and hasattr(value, "__float__"))


def _real(call: str, argument: str, value: object, requirement: str, way_out: str = "") -> float:
    if not _is_real_scalar(value):
        fail(ParameterError, call, argument, requirement, value, way_out or "Pass a real number.")
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        fail(ParameterError, call, argument, requirement, value, way_out or "Pass a real number.")


def check_positive(call: str, argument: str, value: object, way_out: str = "") -> float:
    """Return ``value`` as a finite float > 0."""
    number = _real(call, argument, value, "be a positive finite number", way_out)
    if not (number > 0 and math.isfinite(number)):
        fail(ParameterError, call, argument, "be a positive finite number", value, way_out)
    return number


def check_nonnegative(call: str, argument: str, value: object, way_out: str = "") -> float:
    """Return ``value`` as a finite float >= 0."""
    number = _real(call, argument, value, "be a finite number >= 0", way_out)
    if not (number >= 0 and math.isfinite(number)):
        fail(ParameterError, call, argument, "be a finite number >= 0", value, way_out)
    return number


def check_in_interval(
    call: str,
    argument: str,
    value: object,
    low: float,
    high: float,
    *,
    include_low: bool = True,
    include_high: bool = True,
    way_out: str = "",
) -> float:
    """Return ``value`` as a float inside the interval with ends ``low`` and ``high``."""
    interval = f"lie in {'[' if include_low else '('}{low:g}, {high:g}{']' if include_high else ')'}"
    number = _real(call, argument, value, interval, way_out)
    above = number >= low if include_low else number > low
    below = number <= high if include_high else number < high
    if not (above and below):
        fail(ParameterError, call, argument, interval, value, way_out)
    return number


def check_integer(call: str, argument: str, value: object, *, minimum: int, way_out: str = "") -> int:
    """Return ``value`` as an int >= ``minimum``; floats such as 3.0 are refused."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        fail(ParameterError, call, argument, f"be an integer >= {minimum}", value, way_out)
    return int(value)


def nearest_name(value: object, choices: Iterable[str]) -> str | None:
    """Return the choice that looks most like ``value``, or None when nothing does."""
    found = difflib.get_close_matches(str(value), list(choices), n=1, cutoff=0.5)
    return found[0] if found else None


def check_choice(call: str, argument: str, value: object, choices: Iterable[str]) -> str:
    """Return ``value`` when it is one of ``choices``; the error names the nearest one."""
    names = [str(choice) for choice in choices]
    if not isinstance(value, str) or value not in names:
        near = nearest_name(value, names)
        hint = f"Did you mean {near!r}?" if near else ""
        fail(UnknownNameError, call, argument, f"be one of {', '.join(map(repr, names))}", value, hint)
    return value


def check_exponent(call: str, value: object, argument: str = "p") -> float:
    """Return a Schatten exponent as a float in [1, inf].

    Accepts numbers, ``fractions.Fraction`` and the spellings ``"inf"`` and ``"4/3"`` that study files use.
    """
    way_out = "For p < 1 the functional is not a norm." if argument == "p" else ""
    exponent: float
    if isinstance(value, str):
        try:
            exponent = math.inf if value.strip() == "inf" else float(Fraction(value.strip()))
        except (ValueError, ZeroDivisionError, OverflowError):
            spelled = 'Write a number, a fraction such as "4/3", or "inf".'
            fail(ExponentError, call, argument, "lie in [1, inf]", value, spelled)
    else:
        try:
            exponent = float(value) if _is_real_scalar(value) else math.nan  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            exponent = math.nan
        if math.isnan(exponent):
            fail(ExponentError, call, argument, "lie in [1, inf]", value, 'Write a number, "4/3" or "inf".')
    if exponent < 1:
        fail(ExponentError, call, argument, "lie in [1, inf]", value, way_out)
    return exponent
