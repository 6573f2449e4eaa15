"""Exponents of Schatten norms: the dual exponent and the one spelling of each exponent."""

from __future__ import annotations

import math
from fractions import Fraction

from ..checks import check_exponent

__all__ = ["Exponent", "dual_exponent", "exponent_label"]

Exponent = float | Fraction | str
"""How an exponent in [1, inf] can be given: as a number, an exact fraction, "inf" or a fraction such as "4/3"."""

_LARGEST_DENOMINATOR = 64  # spelled as fractions: 4/3, 8/7, …; other exponents keep their shortest decimal


def dual_exponent(p: object) -> float:
    """Return the dual exponent ``q = p/(p - 1)``, with 1 and inf dual to each other.

    Parameters
    ----------
    p : number, Fraction or str
        Exponent in [1, inf]; ``"4/3"`` and ``"inf"`` are accepted.

    Returns
    -------
    float
        The exponent q with ``1/p + 1/q = 1``.

    Raises
    ------
    ExponentError
        If p is not a number in [1, inf].

    Source
    ------
    D1, notation.

    Examples
    --------
    >>> dual_exponent(2), dual_exponent(1), dual_exponent("inf"), dual_exponent("4/3")
    (2.0, inf, 1.0, 4.0)
    """
    exponent = check_exponent("dual_exponent", p)
    if math.isinf(exponent):
        return 1.0
    if exponent == 1:
        return math.inf
    # numerics: through the fraction the label names, so that 4/3 has dual exactly 4
    near = Fraction(exponent).limit_denominator(_LARGEST_DENOMINATOR)
    if near > 1 and float(near) == exponent:
        return float(near / (near - 1))
    return exponent / (exponent - 1)


def exponent_label(p: object) -> str:
    """Return the one spelling of an exponent in JSON, tables and file names.

    Parameters
    ----------
    p : number, Fraction or str
        Exponent in [1, inf].

    Returns
    -------
    str
        ``"inf"``, a fraction with a denominator up to 64, or the shortest decimal; read back as the same exponent.

    Raises
    ------
    ExponentError
        If p is not a number in [1, inf].

    Examples
    --------
    >>> exponent_label(2.0), exponent_label(4 / 3), exponent_label(float("inf")), exponent_label(2.7182)
    ('2', '4/3', 'inf', '2.7182')
    """
    exponent = check_exponent("exponent_label", p)
    if math.isinf(exponent):
        return "inf"
    near = Fraction(exponent).limit_denominator(_LARGEST_DENOMINATOR)
    return str(near) if float(near) == exponent else repr(exponent)
