"""What norms and smoothness become between the Frobenius norm and S_p (T8)."""

from __future__ import annotations

from ..checks import check_exponent, check_integer

__all__ = ["norm_transfer", "smoothness_transfer"]


def norm_transfer(q: object, rank: int) -> tuple[float, float]:
    """Return (low, high) with ``low ‖G‖_F ≤ ‖G‖_q ≤ high ‖G‖_F`` for every G of rank <= r; both are attained.

    ``(1, r^{1/q-1/2})`` for q <= 2, ``(r^{1/q-1/2}, 1)`` for q >= 2.

    Parameters
    ----------
    q : number, Fraction or str
        In [1, inf].
    rank : int
        r = min(m, n) >= 1.

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Source
    ------
    T8 in docs/theory/extensions.md.

    Examples
    --------
    >>> norm_transfer(1, 16)
    (1.0, 4.0)
    """
    exponent = check_exponent("norm_transfer", q, "q")
    factor = float(check_integer("norm_transfer", "rank", rank, minimum=1)) ** (1 / exponent - 0.5)
    return (1.0, factor) if exponent <= 2 else (factor, 1.0)


def smoothness_transfer(p: object, rank: int) -> float:
    """Return the factor by which Frobenius smoothness grows in S_p → S_q: ``r^{1-2/p}`` for p >= 2 (sharp), else 1.

    Parameters
    ----------
    p : number, Fraction or str
        In [1, inf].
    rank : int
        r = min(m, n) >= 1.

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Source
    ------
    T8 in docs/theory/extensions.md.

    Examples
    --------
    >>> smoothness_transfer("inf", 16), smoothness_transfer(4, 16), smoothness_transfer(1, 16)
    (16.0, 4.0, 1.0)
    """
    exponent = check_exponent("smoothness_transfer", p)
    r = check_integer("smoothness_transfer", "rank", rank, minimum=1)
    return float(r) ** (1 - 2 / exponent) if exponent > 2 else 1.0
