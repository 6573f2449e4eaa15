"""Constants of the matrix martingale moment bounds (T4)."""

from __future__ import annotations

import math

from ..checks import check_in_interval, check_integer
from .records import BoundValue, applicable

__all__ = [
    "best_constant_bound",
    "best_constant_bracket",
    "martingale_constant",
    "price_of_dimension",
    "scalar_best_constant",
    "scalar_worst_step",
]

_NEWTON_STEPS = 60

# source: T4a*(a), K_q = C_q between these
_SHARP_FROM, _SHARP_TO = 8 / 7, 4 / 3


def martingale_constant(moment_order: float) -> float:
    """Return the constant ``2^{2-β}`` of ``E‖Z_1 + … + Z_n‖_q^β ≤ 2^{2-β} Σ E‖Z_i‖_q^β``.

    Valid for martingale differences with ``β ≤ q ≤ β/(β-1)``. At β = 1 and for conditionally symmetric differences the
    constant 1 also holds; :func:`schattor_theory.assumptions.moment_shape_constant` knows.

    Parameters
    ----------
    moment_order : float
        β in [1, 2].

    Returns
    -------
    float
        A number in [1, 2], unit 1.

    Raises
    ------
    ParameterError
        If β is outside [1, 2].

    Source
    ------
    T4a in docs/theory/martingale.md.

    Examples
    --------
    >>> martingale_constant(1), martingale_constant(2)
    (2.0, 1.0)
    """
    order = check_in_interval("martingale_constant", "moment_order", moment_order, 1, 2)
    return float(2.0 ** (2.0 - order))


def scalar_best_constant(q: float) -> float:
    """Return ``C_q = max_{s>0} (|1-s|^q - 1 + qs)/s^q``, the sharp scalar von Bahr–Esseen constant.

    Parameters
    ----------
    q : float
        In [1, 2]. C_1 = 2, C_2 = 1, decreasing between.

    Returns
    -------
    float
        ``(q-1)(1+u)^{2-q}`` with u > 0 the root of ``u^{q-1} = (q-1)u - (2-q)``, to a few units in the last place.

    Raises
    ------
    ParameterError
        If q is outside [1, 2].

    Source
    ------
    T4a in docs/theory/martingale.md; I. Pinelis, Statistics & Probability Letters (2015).

    Examples
    --------
    >>> round(scalar_best_constant(4 / 3) ** 3, 12), scalar_best_constant(1), scalar_best_constant(2)
    (3.0, 2.0, 1.0)
    """
    q = check_in_interval("scalar_best_constant", "q", q, 1, 2)
    if q == 1:
        return 2.0
    if q == 2:
        return 1.0
    low, high = q - 1, 2 - q  # exact in floating point for 1 <= q <= 2
    # C = (q-1)(1+u)^{2-q} = (q-1)^{q-1} (q-1+w)^{2-q}
    return math.exp(low * math.log(low) + high * math.log(low + _scaled_root(low, high)))


def scalar_worst_step(q: float) -> float:
    """Return the s at which ``(|1-s|^q - 1 + qs)/s^q`` is ``C_q``: the worst step against the number 1 is ``-s``.

    Parameters
    ----------
    q : float
        In (1, 2). As q falls to 1, s grows without limit; at q = 2 every s gives the same.

    Returns
    -------
    float
        s = 1 + u > 2, unit 1.

    Raises
    ------
    ParameterError
        If q is outside (1, 2).

    Source
    ------
    T4a in docs/theory/martingale.md.

    Examples
    --------
    >>> round(scalar_worst_step(4 / 3), 9)
    9.0
    """
    q = check_in_interval("scalar_worst_step", "q", q, 1, 2, include_low=False, include_high=False)
    low, high = q - 1, 2 - q
    return 1.0 + _scaled_root(low, high) / low


def _scaled_root(low: float, high: float) -> float:
    """Return ``w = (q-1)u`` for the root u, at q - 1 = low and 2 - q = high."""
    # numerics: with w = (q-1)u both the root (2 <= w <= 3.6) and the constant stay of order one as q -> 1
    w = 2.0 + low
    for _ in range(_NEWTON_STEPS):
        step = _residual(w, low, high) / _slope(w, low, high)
        w -= step
        if abs(step) <= 4e-16 * w:
            break
    return w


def _residual(w: float, low: float, high: float) -> float:
    """Return ``[(q-1)u - (2-q) - u^{q-1}]/(2-q)`` at u = w/(q-1), free of cancellation as q -> 1 and as q -> 2."""
    log_u = math.log(w / low)
    if low <= 0.5:
        return (w - high - math.exp(low * log_u)) / high
    # u^{q-1} = u·u^{-(2-q)}, and (q-1)u = u - (2-q)u
    u = w / low
    return -u * math.expm1(-high * log_u) / high - u - 1


def _slope(w: float, low: float, high: float) -> float:
    if low <= 0.5:
        return (1 - math.exp(-high * math.log(w / low))) / high
    log_u = math.log(w / low)
    return (-math.expm1(-high * log_u) / high + math.exp(-high * log_u) - 1) / low


def best_constant_bracket(q: float) -> tuple[float, float]:
    """Return ``(C_q, U_q)``, between which the best matrix constant K_q of ``β = q`` is proved to lie.

    The ends agree for 8/7 <= q <= 4/3 and at q = 1 and 2; the weaker upper end ``2^{2-q}`` is
    :func:`martingale_constant`.

    Parameters
    ----------
    q : float
        In [1, 2].

    Returns
    -------
    tuple of float
        Both in [1, 2], unit 1, each to a few units in the last place.

    Raises
    ------
    ParameterError
        If q is outside [1, 2].

    Source
    ------
    The lower end is attained by scalars, T4a in docs/theory/martingale.md; the upper end is T4a*(a) and (c) in
    docs/theory/best-constant.md.

    Examples
    --------
    >>> best_constant_bracket(2)
    (1.0, 1.0)
    >>> low, high = best_constant_bracket(1.25)
    >>> low == high
    True
    """
    q = check_in_interval("best_constant_bracket", "q", q, 1, 2)
    low = scalar_best_constant(q)
    # numerics: equal at the ends of the three ranges, where rounding could exchange them
    return low, max(low, _upper_end(q))


def best_constant_bound(q: float) -> BoundValue:
    """Return the proved upper end of :func:`best_constant_bracket` as a record that says what proves it.

    Parameters
    ----------
    q : float
        In [1, 2].

    Returns
    -------
    BoundValue
        Statement T4a*, statistic ``"K_q"``, its one term named after the argument: "sharp" (the scalar constant),
        "interpolation from 4/3" or "interpolation from 1". Constants: q, ``scalar_constant`` (the lower end) and
        ``martingale_constant`` (``2^{2-q}``, the first upper end).

    Raises
    ------
    ParameterError
        If q is outside [1, 2].

    Source
    ------
    T4a*(a) and (c) in docs/theory/best-constant.md.

    Examples
    --------
    >>> bound = best_constant_bound(1.5)
    >>> bound.dominant, round(bound.value**4, 12), bound.review
    ('interpolation from 4/3', 3.0, 'proved')
    """
    q = check_in_interval("best_constant_bound", "q", q, 1, 2)
    low, high = best_constant_bracket(q)
    name = "sharp" if _SHARP_FROM <= q <= _SHARP_TO else f"interpolation from {'1' if q < _SHARP_FROM else '4/3'}"
    constants = {"q": q, "scalar_constant": low, "martingale_constant": martingale_constant(q)}
    return applicable("T4a*", "K_q", {name: high}, constants)


def _upper_end(q: float) -> float:
    if q > _SHARP_TO:
        return float(3.0 ** ((2 - q) / 2))
    if q >= _SHARP_FROM:
        return scalar_best_constant(q)
    theta = 7 * (q - 1)
    return float(2.0 ** (1 - theta) * scalar_best_constant(_SHARP_FROM) ** theta)


def price_of_dimension(q: float, moment_order: float, rank: int, *, conditionally_symmetric: bool = False) -> float:
    """Return the factor ``r^{1/q-1/β} 2^{(2-β)/β}`` with which order β > q can be had in S_q.

    It is sharp, with constant 1 instead of ``2^{(2-β)/β}``, for β = 2 and for conditionally symmetric differences.

    Parameters
    ----------
    q : float
        In [1, 2].
    moment_order : float
        β in [q, 2].
    rank : int
        r = min(m, n) >= 1.
    conditionally_symmetric : bool
        Whether differences and their negatives have one law given the past.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T4g in docs/theory/martingale.md.

    Examples
    --------
    >>> price_of_dimension(1, 2, 64)
    8.0
    """
    call = "price_of_dimension"
    q = check_in_interval(call, "q", q, 1, 2)
    beta = check_in_interval(call, "moment_order", moment_order, q, 2, way_out="For β <= q there is no price.")
    r = check_integer(call, "rank", rank, minimum=1)
    constant = 1.0 if conditionally_symmetric or beta == 2 else 2.0 ** ((2.0 - beta) / beta)
    return float(float(r) ** (1 / q - 1 / beta) * constant)
