"""One step of descent: the ball oracle, exact or not (T1), and the regularised oracle (T2)."""

from __future__ import annotations

import math

from ..checks import check_choice, check_exponent, check_nonnegative, check_positive
from .momentum_error import check_direction_defect, check_norm_excess
from .records import BoundValue, applicable, not_applicable

__all__ = [
    "descent_bound",
    "misalignment_bound",
    "misalignment_factor",
    "oracle_alignment",
    "regularized_descent_bound",
]

_STATISTIC = "value_change"


def descent_bound(
    *,
    step_size: float,
    gradient_norm: float,
    error_norm: float,
    smoothness: float,
    direction_defect: float = 0.0,
    norm_excess: float = 0.0,
) -> BoundValue:
    """Return T1's upper bound on ``f(X⁺) - f(X)`` for one step of the ball oracle.

    ``-(1-δ)η‖∇f‖_q + (2+ω-δ)η‖e‖_q + L(1+ω)²η²/2`` with ``e = M - ∇f(X)``; the terms are ``progress`` (not positive),
    ``error`` and ``curvature``. The 2 of the exact oracle cannot be lowered.

    Parameters
    ----------
    step_size : float
        η > 0, unit X.
    gradient_norm, error_norm : float
        ``‖∇f(X)‖_q`` and ``‖e‖_q``, unit F/X.
    smoothness : float
        L >= 0, unit F/X².
    direction_defect, norm_excess : float
        δ <= 1 and ω > -1 of an inexact oracle.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T1 in docs/theory/descent.md.

    Examples
    --------
    >>> descent_bound(step_size=0.5, gradient_norm=4.0, error_norm=0.0, smoothness=2.0).value
    -1.75
    """
    call = "descent_bound"
    eta, gradient, error, lipschitz = _checked(call, step_size, "gradient_norm", gradient_norm, error_norm, smoothness)
    delta, length = check_direction_defect(call, direction_defect), 1 + check_norm_excess(call, norm_excess)
    terms = {
        "progress": -(1 - delta) * eta * gradient,
        "error": (1 + length - delta) * eta * error,
        "curvature": lipschitz * (length * eta) * (length * eta) / 2,
    }
    constants = {"step_size": eta, "smoothness": lipschitz, "direction_defect": delta, "norm_excess": length - 1}
    return applicable("T1", _STATISTIC, terms, constants, hypotheses=("A2",))


def oracle_alignment(direction_defect: float, norm_excess: float) -> float:
    """Return ``κ = (1-δ)/(1+ω)``: the oracle (δ, ω) at step η equals (1-κ, 0) at step (1+ω)η in every bound.

    Parameters
    ----------
    direction_defect, norm_excess : float
        δ <= 1 and ω > -1.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T1 in docs/theory/descent.md.

    Examples
    --------
    >>> oracle_alignment(0.25, 0.5)
    0.5
    """
    call = "oracle_alignment"
    return (1 - check_direction_defect(call, direction_defect)) / (1 + check_norm_excess(call, norm_excess))


def misalignment_bound(
    *, error_norm: float, gradient_norm: float, momentum_norm: float | None = None, q: object
) -> BoundValue:
    """Return the upper bound on ``‖∇f‖_q - <∇f, D_p(M)>``, ``M = ∇f + e``.

    ``min{2‖e‖_q, 2‖∇f‖_q, (2^{2-q}/q)‖e‖_q^q/‖M‖_q^{q-1}}``, the last for 1 <= q <= 2 and given ``‖M‖_q > 0``. The one
    term is named after the smallest: ``error``, ``gradient`` or ``bregman``; all stand in ``constants``. The statistic
    is "misalignment". In a product geometry only the first two hold (T7): leave ``momentum_norm`` out.

    Parameters
    ----------
    error_norm, gradient_norm : float
        ``‖e‖_q``, ``‖∇f‖_q``, unit F/X.
    momentum_norm : float, optional
        ``‖M‖_q``, unit F/X.
    q : number, Fraction or str
        Dual exponent, in [1, inf].

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Source
    ------
    T1 in docs/theory/descent.md.

    Examples
    --------
    >>> misalignment_bound(error_norm=0.5, gradient_norm=1.0, momentum_norm=1.0, q=2).terms
    {'bregman': 0.125}
    """
    call = "misalignment_bound"
    exponent = check_exponent(call, q, "q")
    error = check_nonnegative(call, "error_norm", error_norm)
    gradient = check_nonnegative(call, "gradient_norm", gradient_norm)
    candidates = {"error": 2 * error, "gradient": 2 * gradient}
    if momentum_norm is not None:
        size = check_nonnegative(call, "momentum_norm", momentum_norm)
        if size > 0 and exponent <= 2:
            # numerics: ‖e‖ (‖e‖/‖M‖)^{q-1} instead of powers that may overflow
            ratio = min(error / size, 1e300)
            candidates["bregman"] = 2 ** (2 - exponent) / exponent * error * ratio ** (exponent - 1)
    name = min(candidates, key=candidates.__getitem__)
    return applicable("T1", "misalignment", {name: candidates[name]}, candidates | {"q": exponent})


def misalignment_factor(relative_error: float, q: object) -> float:
    """Return an upper bound on ``(‖∇f‖_q - <∇f, D_p(M)>)/‖e‖_q`` at ``ρ = ‖e‖_q/‖∇f‖_q``.

    ρ > 1: ``2/ρ``, exact at every q. ρ <= 1 and q = 2: ``(1-√(1-ρ²))/ρ``, exact. ρ < 1 and 1 <= q < 2:
    ``min{2, (2^{2-q}/q)(ρ/(1-ρ))^{q-1}}``; at q = 1 that is 2, approached at every ρ. Otherwise 2.

    Parameters
    ----------
    relative_error : float
        ρ > 0.
    q : number, Fraction or str
        Dual exponent, in [1, inf].

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Source
    ------
    T1 in docs/theory/descent.md.

    Examples
    --------
    >>> misalignment_factor(0.6, 2), misalignment_factor(0.5, 1), misalignment_factor(4.0, 1)
    (0.3333333333333333, 2.0, 0.5)
    """
    call = "misalignment_factor"
    exponent, rho = check_exponent(call, q, "q"), check_positive(call, "relative_error", relative_error)
    if rho > 1:
        return 2 / rho
    if exponent == 2:
        # numerics: (1-√(1-ρ²))/ρ = ρ/(1+√(1-ρ²))
        return rho / (1 + math.sqrt((1 - rho) * (1 + rho)))
    if exponent > 2 or rho == 1:
        return 2.0
    return float(min(2.0, 2 ** (2 - exponent) / exponent * (rho / (1 - rho)) ** (exponent - 1)))


def regularized_descent_bound(
    *, step_size: float, momentum_norm: float, error_norm: float, smoothness: float, form: str = "product"
) -> BoundValue:
    """Return T2's upper bound on ``f(X⁺) - f(X)`` for one step of the regularised oracle.

    "product": ``-η(1-Lη/2)‖M‖_q² + η‖M‖_q‖e‖_q``. "split", for ``Lη <= 1``:
    ``-(η/2)(1-Lη)‖M‖_q² + (η/2)‖e‖_q²``. The terms are ``progress`` (the part -η‖M‖² or -(η/2)‖M‖²), ``error`` and
    ``curvature``.

    Parameters
    ----------
    step_size : float
        η > 0, unit X²/F.
    momentum_norm, error_norm : float
        ``‖M‖_q``, ``‖e‖_q``, unit F/X.
    smoothness : float
        L >= 0, unit F/X².
    form : {"product", "split"}
        Which of the two.

    Raises
    ------
    ParameterError, UnknownNameError
        For an argument outside its range.

    Source
    ------
    T2 in docs/theory/descent.md.

    Examples
    --------
    >>> regularized_descent_bound(step_size=0.5, momentum_norm=2.0, error_norm=1.0, smoothness=1.0).value
    -0.5
    """
    call = "regularized_descent_bound"
    check_choice(call, "form", form, ("product", "split"))
    eta, size, error, lipschitz = _checked(call, step_size, "momentum_norm", momentum_norm, error_norm, smoothness)
    constants = {"step_size": eta, "smoothness": lipschitz}
    moved = eta * size
    curvature = lipschitz * moved * moved / 2
    if form == "product":
        terms = {"progress": -moved * size, "error": moved * error, "curvature": curvature}
        return applicable("T2", _STATISTIC, terms, constants, hypotheses=("A2",))
    if lipschitz * eta > 1:
        return not_applicable("T2", _STATISTIC, f"The split form needs Lη <= 1, here {lipschitz * eta:.6g}.", constants)
    terms = {"progress": -moved * size / 2, "error": eta * error * error / 2, "curvature": curvature}
    return applicable("T2", _STATISTIC, terms, constants, hypotheses=("A2",))


def _checked(
    call: str, step_size: object, size_name: str, size: object, error_norm: object, smoothness: object
) -> tuple[float, float, float, float]:
    return (
        check_positive(call, "step_size", step_size),
        check_nonnegative(call, size_name, size),
        check_nonnegative(call, "error_norm", error_norm),
        check_nonnegative(call, "smoothness", smoothness),
    )
