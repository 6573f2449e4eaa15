"""Ways to go wrong: functions from what is right to what is wrong in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass, replace
from fractions import Fraction
from typing import Any

from .mutant import Wrong

__all__ = ["at_arguments", "bound_times", "called_with", "constant", "field_times", "less_by", "power", "times"]


def constant(value: Any) -> Wrong:
    """Put ``value`` in place of a constant."""
    return lambda right: value


def times(factor: float | Fraction) -> Wrong:
    """Make a function, or a method, return ``factor`` times what is right."""
    return lambda right: lambda *a, **k: factor * right(*a, **k)


def less_by(amount: float) -> Wrong:
    """Make a function return less than what is right."""
    return lambda right: lambda *a, **k: right(*a, **k) - amount


def power(exponent: float) -> Wrong:
    """Make a function return a power of what is right."""
    return lambda right: lambda *a, **k: right(*a, **k) ** exponent


def called_with(**fixed: Any) -> Wrong:
    """Make a function ignore some of its arguments."""
    return lambda right: lambda *a, **k: right(*a, **(k | fixed))


def at_arguments(change: Callable[..., tuple[Any, ...]]) -> Wrong:
    """Make a function of positional arguments take what ``change`` makes of them."""
    return lambda right: lambda *a, **k: right(*change(*a), **k)


def bound_times(
    factor: float, term: str | None = None, *, when: Callable[[dict[str, Any]], bool] | None = None
) -> Wrong:
    """Make a bound, or one of its terms, ``factor`` times what is right, where ``when`` says so of its arguments."""

    def scaled(bound: Any) -> Any:
        if isinstance(bound, tuple):
            return tuple(map(scaled, bound))
        if not bound.is_applicable:
            return bound
        terms = {name: value * (factor if term in (None, name) else 1.0) for name, value in bound.terms.items()}
        return replace(bound, terms=terms, value=sum(terms.values()))

    def wrong(right: Callable[..., Any]) -> Callable[..., Any]:
        def function(*a: Any, **k: Any) -> Any:
            found = right(*a, **k)
            return scaled(found) if when is None or when(k) else found

        return function

    return wrong


def field_times(**factors: float) -> Wrong:
    """Make a function that returns a record scale some of its fields; a refusal stays one."""

    def wrong(right: Callable[..., Any]) -> Callable[..., Any]:
        def function(*a: Any, **k: Any) -> Any:
            found = right(*a, **k)
            if not is_dataclass(found) or isinstance(found, type) or not all(hasattr(found, name) for name in factors):
                return found
            return replace(found, **{name: getattr(found, name) * factor for name, factor in factors.items()})

        return function

    return wrong
