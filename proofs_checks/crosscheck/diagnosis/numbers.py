"""Numbers as somebody would have written them: the shortest within what is known of a measured one."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["fewest_places", "short_decimal"]

_MOST_PLACES = 7


def short_decimal(value: float, tolerance: float, *, digits: int = 4) -> float:
    """Return the shortest decimal of up to ``digits`` digits within a relative tolerance; else ``value``.

    Examples
    --------
    >>> short_decimal(0.20001, 1e-4), short_decimal(1.2347e-7, 0.1)
    (0.2, 1.2e-07)
    """
    for n in range(1, digits + 1):
        short = float(f"{value:.{n}g}")
        if abs(short - value) <= tolerance * abs(value):
            return short
    return value


def fewest_places(value: float, error: float, *, accept: Callable[[float], bool] = lambda _: True) -> float:
    """Return the number of fewest decimal places within an absolute error that is accepted; else ``value``.

    Examples
    --------
    >>> fewest_places(0.9499, 2e-4), fewest_places(0.9499, 1e-5)
    (0.95, 0.9499)
    """
    for places in range(1, _MOST_PLACES + 1):
        short = round(value, places)
        if abs(short - value) <= error and accept(short):
            return short
    return value
