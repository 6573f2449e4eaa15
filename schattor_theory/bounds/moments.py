"""The moment bounds of matrix martingales (T4) as values, from the constants of the differences alone.

Each function bounds a moment ``E‖S‖_q^β`` of the sum S of martingale differences Z_i. A hypothesis that fails gives
``status="not_applicable"`` with the reason; an argument that means nothing is an error.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..checks import check_choice, check_exponent, check_in_interval, check_integer, check_positive, fail
from ..errors import NonFiniteError, ParameterError, ShapeError
from .martingale import best_constant_bracket, price_of_dimension
from .records import BoundValue, applicable, not_applicable

__all__ = [
    "MOMENT_LEVELS",
    "covariance_bound",
    "moment_bound",
    "price_bound",
    "row_column_bound",
    "two_smooth_bound",
    "weighted_bound",
]

MOMENT_LEVELS = ("triangle", "symmetric", "first_term", "martingale", "fallback", "best")
"""The forms of T4a: 1 at β = 1; 1 for conditionally symmetric differences; 2^{2-β} with 1 for the first term; 2^{2-β};
2 at q = β; at q = β 1 for the first term and the proved upper end of the best constant for the others (T4a*)."""

_MOMENT = "E‖S‖_q^β"
_ROUNDING = 1e-12  # by which β/(β-1) may miss an exponent that equals it
_SYMMETRY = 1e-8  # by which a covariance may miss being Hermitian or positive, relative to its largest entry


def _moment_sum(call: str, argument: str, value: object) -> float:
    """Return a sum of moments: a number >= 0, also infinite."""
    number = float(value) if isinstance(value, int | float | np.floating) and not isinstance(value, bool) else math.nan
    if not number >= 0:
        fail(ParameterError, call, argument, "be a number >= 0", value)
    return number


def _order(call: str, moment_order: object) -> float:
    return check_in_interval(call, "moment_order", moment_order, 1, 2)


def _outer(order: float) -> float:
    """Return the largest exponent ``β/(β-1)`` in whose norm T4a holds at order β."""
    return math.inf if order == 1 else order / (order - 1)


def _range_reason(exponent: float, order: float, name: str = "q") -> str:
    """Return why T4a does not reach this exponent, empty where it does."""
    if order * (1 - _ROUNDING) <= exponent <= _outer(order) * (1 + _ROUNDING):
        return ""
    return f"{name} = {exponent:g} lies outside [β, β/(β-1)] = [{order:g}, {_outer(order):.4g}]"


def moment_bound(
    sum_of_moments: float,
    *,
    q: object,
    moment_order: float,
    level: str = "martingale",
    first_moment: float | None = None,
    conditionally_symmetric: bool = False,
) -> BoundValue:
    """Return T4a's bound ``C Σ E‖Z_i‖_q^β`` on ``E‖S‖_q^β``, at one of its levels.

    Parameters
    ----------
    sum_of_moments : float
        ``Σ E‖Z_i‖_q^β``, >= 0; infinite is allowed.
    q : number, Fraction or str
        Exponent of the norm; the statement needs ``β ≤ q ≤ β/(β-1)``.
    moment_order : float
        β in [1, 2].
    level : {"triangle", "symmetric", "first_term", "martingale", "fallback", "best"}
        Which constant: see ``MOMENT_LEVELS``.
    first_moment : float, optional
        ``E‖Z_1‖_q^β``, needed by "first_term" and "best".
    conditionally_symmetric : bool
        Whether each difference and its negative have one law given the past; needed by "symmetric".

    Returns
    -------
    BoundValue
        Statistic ``E‖S‖_q^β``.

    Raises
    ------
    ExponentError, ParameterError, UnknownNameError
        For an argument outside its range, or a level that needs ``first_moment`` without it.

    Scaling
    -------
    ``Z → c Z`` multiplies the value by ``c^β``.

    Source
    ------
    T4a in docs/theory/martingale.md; "best" is T4a* in docs/theory/best-constant.md.

    Examples
    --------
    >>> moment_bound(3.0, q=1.5, moment_order=1).value, moment_bound(3.0, q=2, moment_order=2).value
    (6.0, 3.0)
    >>> moment_bound(3.0, q=1, moment_order=1.5).reason
    'q = 1 lies outside [β, β/(β-1)] = [1.5, 3]'
    """
    call = "moment_bound"
    total = _moment_sum(call, "sum_of_moments", sum_of_moments)
    exponent = check_exponent(call, q, "q")
    order = _order(call, moment_order)
    check_choice(call, "level", level, MOMENT_LEVELS)
    general = 2.0 ** (2.0 - order)
    constants = {"q": exponent, "moment_order": order, "sum_of_moments": total, "level": level}
    reason = "" if level == "triangle" else _range_reason(exponent, order)
    if level == "triangle" and order != 1:
        reason = f"the triangle inequality is the case β = 1, here β = {order:g}"
    elif level == "symmetric" and not conditionally_symmetric:
        reason = "the differences are not conditionally symmetric"
    elif level in ("fallback", "best") and not math.isclose(exponent, order, rel_tol=_ROUNDING):
        reason = f"level {level!r} is the case q = β, here q = {exponent:g}, β = {order:g}"
    statement = "T4a*" if level == "best" else "T4a"
    if reason:
        return not_applicable(statement, _MOMENT, reason, constants)
    if level in ("first_term", "best"):
        if first_moment is None:
            fail(ParameterError, call, "first_moment", f"be given at level {level!r}", first_moment)
        first = _moment_sum(call, "first_moment", first_moment)
        if first > total * (1 + _ROUNDING):
            fail(ParameterError, call, "first_moment", f"be at most sum_of_moments={total!r}", first_moment)
        rest = max(total - first, 0.0) if math.isfinite(total) else total
        constant = best_constant_bracket(order)[1] if level == "best" else general
        terms = {"first": first, "rest": constant * rest}
        return applicable(statement, _MOMENT, terms, constants | {"constant": constant, "first_moment": first})
    constant = {"triangle": 1.0, "symmetric": 1.0, "martingale": general, "fallback": 2.0}[level]
    return applicable("T4a", _MOMENT, {"moments": constant * total}, constants | {"constant": constant})


def _covariance(call: str, argument: str, covariance: Any) -> np.ndarray:
    """Return the eigenvalues of a positive semidefinite matrix, which is symmetric or Hermitian."""
    matrix = np.asarray(covariance)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        fail(ShapeError, call, argument, "be a square matrix", matrix.shape)
    if not np.isfinite(matrix).all():
        fail(NonFiniteError, call, argument, "be finite", "NaN or infinite entries")
    scale = float(np.abs(matrix).max(initial=0.0))
    if scale == 0:
        return np.zeros(matrix.shape[0])
    scaled = matrix / scale
    if float(np.abs(scaled - scaled.conj().T).max()) > _SYMMETRY:
        fail(ParameterError, call, argument, "be symmetric or Hermitian", matrix)
    values = np.linalg.eigvalsh((scaled + scaled.conj().T) / 2)
    if values[0] < -_SYMMETRY * max(1, len(values)):
        fail(ParameterError, call, argument, "be positive semidefinite", float(values[0] * scale))
    return np.asarray(np.maximum(values, 0.0) * scale)


def _root_norm(values: np.ndarray, q: float) -> float:
    """Return ``‖Σ^{1/2}‖_q`` from the eigenvalues of Σ."""
    roots = np.sqrt(values)
    top = float(roots.max(initial=0.0))
    if top == 0:
        return 0.0
    if math.isinf(q):
        return top
    return float(top * float(np.sum((roots / top) ** q)) ** (1 / q))


def covariance_bound(covariance: Any, *, q: float, side: str = "left") -> BoundValue:
    """Return T4b's bound ``‖(Σ E Z_iZ_i*)^{1/2}‖_q²`` on ``E‖S‖_q²``.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
        ``Σ E Z_iZ_i*`` (left) or ``Σ E Z_i*Z_i`` (right), unconditional: a random conditional covariance inside the
        norm is no bound.
    q : float
        In (0, 2]; below 1 it is no norm and the bound still holds.
    side : {"left", "right"}
        Which of the two it is; a label only.

    Returns
    -------
    BoundValue
        Statistic ``E‖S‖_q^β`` with β = 2.

    Raises
    ------
    ParameterError, ShapeError, NonFiniteError
        If the covariance is not a finite positive semidefinite matrix, or q is not positive.

    Scaling
    -------
    ``Z → c Z`` multiplies the value by ``c²``.

    Source
    ------
    T4b in docs/theory/martingale.md.

    Examples
    --------
    >>> covariance_bound([[4.0, 0.0], [0.0, 9.0]], q=1).value
    25.0
    """
    call = "covariance_bound"
    exponent = math.inf if q == math.inf else check_positive(call, "q", q)
    check_choice(call, "side", side, ("left", "right"))
    values = _covariance(call, "covariance", covariance)
    constants = {"q": exponent, "moment_order": 2.0, "side": side}
    if exponent > 2:
        return not_applicable("T4b", _MOMENT, f"q = {exponent:g} exceeds 2, where the norm is not concave", constants)
    sigma = _root_norm(values, exponent)
    return applicable("T4b", _MOMENT, {side: sigma**2}, constants | {"sigma": sigma})


def weighted_bound(
    weight: Any,
    sum_of_moments: float,
    *,
    q: object,
    inner_exponent: object,
    moment_order: float,
    conditionally_symmetric: bool = False,
) -> BoundValue:
    """Return T4c's bound ``2^{2-β}‖W‖_s^β Σ E‖W⁺Z_i‖_a^β`` on ``E‖S‖_q^β``, with ``1/s = 1/q - 1/a``.

    Parameters
    ----------
    weight : array_like, shape (m, m)
        W, positive semidefinite; the range of every Z_i must lie in its range.
    sum_of_moments : float
        ``Σ E‖W⁺Z_i‖_a^β``.
    q, inner_exponent : number, Fraction or str
        q and a: the statement needs ``max(q, β) ≤ a ≤ β/(β-1)``.
    moment_order : float
        β in [1, 2].
    conditionally_symmetric : bool
        Then the constant is 1.

    Returns
    -------
    BoundValue
        Statistic ``E‖S‖_q^β``.

    Raises
    ------
    ExponentError, ParameterError, ShapeError, NonFiniteError
        For an argument outside its range.

    Scaling
    -------
    ``W → c W`` with its moments changes nothing; ``Z → c Z`` multiplies the value by ``c^β``.

    Source
    ------
    T4c in docs/theory/martingale.md.

    Examples
    --------
    >>> round(weighted_bound([[0.5, 0.0], [0.0, 0.5]], 8.0, q=1, inner_exponent=2, moment_order=2).value, 12)
    4.0
    """
    call = "weighted_bound"
    values = _covariance(call, "weight", weight)
    total = _moment_sum(call, "sum_of_moments", sum_of_moments)
    exponent, inner = check_exponent(call, q, "q"), check_exponent(call, inner_exponent, "inner_exponent")
    order = _order(call, moment_order)
    constants = {"q": exponent, "moment_order": order, "inner_exponent": inner, "sum_of_moments": total}
    reason = _range_reason(inner, order, "a")
    if inner < exponent * (1 - _ROUNDING):
        reason = f"a = {inner:g} is below q = {exponent:g}"
    if reason:
        return not_applicable("T4c", _MOMENT, reason, constants)
    gap = 1 / exponent - 1 / inner
    s = math.inf if gap <= _ROUNDING else 1 / gap
    size = _root_norm(values**2, s)
    constant = 1.0 if conditionally_symmetric else 2.0 ** (2.0 - order)
    constants |= {"constant": constant, "weight_norm": size, "weight_exponent": s}
    return applicable("T4c", _MOMENT, {"weighted": constant * size**order * total}, constants)


def row_column_bound(
    row_covariance: Any, column_covariance: Any, *, q: float, diagonal_moments: float | None = None
) -> BoundValue:
    """Return T4d's bound on ``E‖S‖_q²`` for ``Z_i = A_i + B_i``, or on ``E‖S‖_q^q`` with a third part.

    ``(‖(Σ E A_iA_i*)^{1/2}‖_q + ‖(Σ E B_i*B_i)^{1/2}‖_q)²``; with a third part, ``2^{2/q-1}(Σ E‖Z_i^d‖_q^q)^{1/q}`` is
    added to the two norms and the power is q.

    Parameters
    ----------
    row_covariance : array_like, shape (m, m)
        ``Σ E A_iA_i*``.
    column_covariance : array_like, shape (n, n)
        ``Σ E B_i*B_i``.
    q : float
        In [1, 2].
    diagonal_moments : float, optional
        ``Σ E‖Z_i^d‖_q^q`` of the third part. Then the statistic is the q-th moment: with second moments it is false.

    Returns
    -------
    BoundValue
        Statistic ``E‖S‖_q^β``, β = 2, or β = q with a third part.

    Raises
    ------
    ExponentError, ParameterError, ShapeError, NonFiniteError
        For an argument outside its range.

    Scaling
    -------
    ``Z → c Z`` multiplies the value by ``c^β``.

    Source
    ------
    T4d in docs/theory/martingale.md.

    Examples
    --------
    >>> row_column_bound([[4.0]], [[1.0, 0.0], [0.0, 1.0]], q=1).value
    16.0
    """
    call = "row_column_bound"
    exponent = check_exponent(call, q, "q")
    row = _covariance(call, "row_covariance", row_covariance)
    column = _covariance(call, "column_covariance", column_covariance)
    third = None if diagonal_moments is None else _moment_sum(call, "diagonal_moments", diagonal_moments)
    order = 2.0 if third is None else exponent
    constants = {"q": exponent, "moment_order": order}
    if exponent > 2:
        return not_applicable("T4d", _MOMENT, f"q = {exponent:g} exceeds 2, where the norm is not concave", constants)
    parts = {"rows": _root_norm(row, exponent), "columns": _root_norm(column, exponent)}
    if third is not None:
        parts["diagonal"] = 2.0 ** (2 / exponent - 1) * third ** (1 / exponent)
    # the value is a power of a sum: its one term carries the parts as constants
    return applicable("T4d", _MOMENT, {"parts": math.fsum(parts.values()) ** order}, constants | parts)


def two_smooth_bound(sum_of_moments: float, *, p: object) -> BoundValue:
    """Return T4e's bound ``(p-1) Σ E‖Z_i‖_p²`` on ``E‖S‖_p²``, p >= 2.

    Parameters
    ----------
    sum_of_moments : float
        ``Σ E‖Z_i‖_p²``.
    p : number, Fraction or str
        Exponent of the norm; the statement needs ``2 ≤ p < inf``.

    Returns
    -------
    BoundValue
        Statistic ``E‖S‖_q^β`` with q = p and β = 2.

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Scaling
    -------
    ``Z → c Z`` multiplies the value by ``c²``.

    Source
    ------
    T4e in docs/theory/martingale.md; Ball, Carlen and Lieb (1994).

    Examples
    --------
    >>> two_smooth_bound(3.0, p=4).value
    9.0
    """
    call = "two_smooth_bound"
    exponent = check_exponent(call, p)
    total = _moment_sum(call, "sum_of_moments", sum_of_moments)
    constants = {"q": exponent, "moment_order": 2.0, "sum_of_moments": total}
    if exponent < 2:
        return not_applicable("T4e", _MOMENT, f"p = {exponent:g} is below 2, where the norm is not smooth", constants)
    if math.isinf(exponent):
        return not_applicable("T4e", _MOMENT, "p = inf has no constant", constants)
    return applicable("T4e", _MOMENT, {"moments": (exponent - 1) * total}, constants | {"constant": exponent - 1})


def price_bound(
    sum_of_moments: float, *, q: float, moment_order: float, rank: int, conditionally_symmetric: bool = False
) -> BoundValue:
    """Return T4g's bound ``r^{β/q-1} 2^{2-β} Σ E‖Z_i‖_q^β`` on ``E‖S‖_q^β``, q <= β.

    Parameters
    ----------
    sum_of_moments : float
        ``Σ E‖Z_i‖_q^β``.
    q : float
        The statement needs ``1 ≤ q ≤ β``.
    moment_order : float
        β in [1, 2].
    rank : int
        r = min(m, n) >= 1.
    conditionally_symmetric : bool
        Then the factor ``2^{2-β}`` is 1, and the bound is attained by signs on r fresh coordinates.

    Returns
    -------
    BoundValue
        Statistic ``E‖S‖_q^β``.

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Scaling
    -------
    ``Z → c Z`` multiplies the value by ``c^β``.

    Source
    ------
    T4g in docs/theory/martingale.md.

    Examples
    --------
    >>> price_bound(16.0, q=1, moment_order=2, rank=16).value
    256.0
    """
    call = "price_bound"
    total = _moment_sum(call, "sum_of_moments", sum_of_moments)
    exponent = check_exponent(call, q, "q")
    order = _order(call, moment_order)
    rank = check_integer(call, "rank", rank, minimum=1)
    constants: dict[str, Any] = {"q": exponent, "moment_order": order, "rank": rank, "sum_of_moments": total}
    if exponent > order:
        return not_applicable("T4g", _MOMENT, f"q = {exponent:g} exceeds β = {order:g}: there is no price", constants)
    factor = price_of_dimension(exponent, order, rank, conditionally_symmetric=conditionally_symmetric) ** order
    return applicable("T4g", _MOMENT, {"moments": factor * total}, constants | {"constant": factor})
