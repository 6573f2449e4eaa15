"""Stationarity of the regularised oracle (T6): the sharp form and the pairs (a, b)."""

from __future__ import annotations

import math

from ..assumptions import MomentShape, NotApplicable, resolve_shape
from ..checks import check_positive
from .momentum_error import check_momentum
from .records import BoundValue, applicable, not_applicable
from .setting import Setting, check_shape

__all__ = ["regularized_bound", "regularized_pairs"]

_STATISTIC = "stationarity_squared_mean"
_HYPOTHESES = ("A1", "A2", "A3", "constant step size and momentum")


def regularized_bound(
    *, initial_gap: float, smoothness: float, shape: MomentShape, step_size: float, momentum: float, n_steps: int
) -> BoundValue:
    """Return T6's sharp form, squared: an upper bound on ``(1/K) Σ E‖∇f(X_k)‖_q²``.

    With ``λ = Lη``, ``κ = λ(1-θ)/θ``, ``μ = 1 - λ/2 - κ > 0``, ``A² = θ/(2-θ) + 1/(θ(2-θ)K)`` the root mean square is
    at most ``((1+κ)/(2μ))(cσA + √(c²σ²A² + 4μΔ/(ηK))) + cσA``; it stands in ``constants["root_mean_square"]``. The term
    ``initial_gap`` is the value at σ = 0, ``noise`` is what σ adds to it.

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L >= 0, units F and F/X².
    shape : MomentShape
        Of moment order 2, else the bound is not applicable.
    step_size : float
        η > 0, unit X²/F.
    momentum : float
        1 - θ in [0, 1).
    n_steps : int
        K >= 1.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T6 in docs/theory/stationarity.md.
    """
    call = "regularized_bound"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    eta, mu = check_positive(call, "step_size", step_size), check_momentum(call, momentum)
    return regularized_from_shape(setting, check_shape(call, shape), eta, mu)


def regularized_from_shape(
    setting: Setting, shape: MomentShape | NotApplicable, step_size: float, momentum: float
) -> BoundValue:
    """Return T6's sharp form, squared, for checked arguments."""
    theta = 1 - momentum
    reason = _refusal(setting, shape)
    if reason is not None or isinstance(shape, NotApplicable):
        return not_applicable("T6", _STATISTIC, str(reason))
    kappa, margin = kappa_and_margin(setting.smoothness * step_size, theta)
    constants = setting.constants(shape) | {
        "step_size": step_size,
        "theta": theta,
        "kappa": kappa,
        "margin": margin,
    }
    if not margin > 0:
        reason = f"T6 needs 1 - Lη/2 - Lη(1-θ)/θ > 0, here {margin:.6g}: take a smaller step or less momentum."
        return not_applicable("T6", _STATISTIC, reason, constants)
    noise = shape.scale * math.sqrt(weight_square(theta, setting.n_steps))
    gap = setting.initial_gap / (setting.n_steps * step_size)
    # numerics: hypot keeps the squares of extreme noise levels in range
    root = (1 + kappa) / (2 * margin) * (noise + math.hypot(noise, 2 * math.sqrt(margin * gap))) + noise
    quiet = (1 + kappa) * math.sqrt(gap / margin)
    # root² - quiet², as a product so that a small noise term keeps its digits
    terms = {"initial_gap": quiet * quiet, "noise": (root - quiet) * (root + quiet) if noise > 0 else 0.0}
    return applicable("T6", _STATISTIC, terms, constants | {"root_mean_square": root}, hypotheses=_HYPOTHESES)


def regularized_pairs(
    *,
    initial_gap: float,
    smoothness: float,
    sigma: float,
    p: object,
    step_size: float,
    momentum: float,
    n_steps: int,
    noise_model: str = "covariance",
    moment_order: float = 2.0,
    conditionally_symmetric: bool = False,
) -> tuple[BoundValue, ...]:
    """Return T6's bounds ``(1/K) Σ E‖∇f‖_q² ≤ aΔ/(ηK) + b c²σ²A²``, one for each (a, b) and its side condition.

    (12, 16) and (9, 17) need ``Lη ≤ θ/(2-θ)``; (16/3, 10) and (8, 9) need ``Lη ≤ 2θ/(3(2-θ))``; (5, 16) needs
    ``Lη ≤ 1/2`` and ``Lη(1-θ)/θ ≤ 1/4``. A pair whose condition fails is returned as not applicable.

    Parameters
    ----------
    initial_gap, smoothness, sigma : float
        Δ, L, σ >= 0, units F, F/X², F/X.
    p : number, Fraction, str or geometry
        Exponent of the primal norm.
    step_size : float
        η > 0, unit X²/F.
    momentum : float
        1 - θ in [0, 1).
    n_steps : int
        K >= 1.
    noise_model, moment_order, conditionally_symmetric
        As in :func:`stationarity_bound`.

    Raises
    ------
    ExponentError, ParameterError, UnknownNameError
        For an argument outside its range.

    Source
    ------
    T6 in docs/theory/stationarity.md.
    """
    call = "regularized_pairs"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    eta = check_positive(call, "step_size", step_size)
    theta = 1 - check_momentum(call, momentum)
    shape = resolve_shape(
        call,
        p,
        noise_model=noise_model,
        moment_order=moment_order,
        sigma=sigma,
        conditionally_symmetric=conditionally_symmetric,
    )
    refusal = _refusal(setting, shape)
    return tuple(
        _pair(setting, shape, eta, theta, pair, refusal or _side_condition(pair, setting.smoothness * eta, theta))
        for pair in _PAIRS
    )


_PAIRS: tuple[tuple[float, float], ...] = ((12.0, 16.0), (9.0, 17.0), (16 / 3, 10.0), (8.0, 9.0), (5.0, 16.0))


def _side_condition(pair: tuple[float, float], rate: float, theta: float) -> str | None:
    """Return the side condition of ``pair`` that fails, None if it holds; ``rate`` is Lη."""
    if pair in _PAIRS[:2]:
        limit, text = theta / (2 - theta), "Lη <= θ/(2-θ)"
    elif pair in _PAIRS[2:4]:
        limit, text = 2 * theta / (3 * (2 - theta)), "Lη <= 2θ/(3(2-θ))"
    else:
        kappa = rate * ((1 - theta) / theta)
        if rate <= 0.5 and kappa <= 0.25:
            return None
        return f"The pair (5, 16) needs Lη <= 1/2 and Lη(1-θ)/θ <= 1/4, here {rate:.6g} and {kappa:.6g}."
    if rate <= limit:
        return None
    return f"The pair ({pair[0]:.4g}, {pair[1]:g}) needs {text} = {limit:.6g}, here {rate:.6g}."


def _pair(
    setting: Setting,
    shape: MomentShape | NotApplicable,
    eta: float,
    theta: float,
    pair: tuple[float, float],
    reason: str | None,
) -> BoundValue:
    weights = {"gap_weight": pair[0], "noise_weight": pair[1]}
    if reason is not None or isinstance(shape, NotApplicable):
        return not_applicable("T6", _STATISTIC, str(reason), weights)
    terms = {
        "initial_gap": pair[0] * (setting.initial_gap / (setting.n_steps * eta)),
        "noise": pair[1] * shape.scale * shape.scale * weight_square(theta, setting.n_steps),
    }
    constants = setting.constants(shape) | weights | {"step_size": eta, "theta": theta}
    return applicable("T6", _STATISTIC, terms, constants, hypotheses=_HYPOTHESES)


def _refusal(setting: Setting, shape: MomentShape | NotApplicable) -> str | None:
    if isinstance(shape, NotApplicable):
        return shape.reason
    if shape.moment_order != 2:
        return f"T6 needs second moments of the noise, here the moment shape has order {shape.moment_order:g}."
    if setting.direction_defect != 0 or setting.norm_excess != 0:
        return "T6 is stated for the exact oracle: direction_defect = norm_excess = 0."
    return None


def kappa_and_margin(rate: float, theta: float) -> tuple[float, float]:
    """Return ``κ = λ(1-θ)/θ`` and ``μ = 1 - λ/2 - κ``, λ = Lη the rate."""
    kappa = rate * ((1 - theta) / theta)
    return kappa, 1 - rate / 2 - kappa


def weight_square(theta: float, n_steps: int) -> float:
    """Return ``A² = θ/(2-θ) + 1/(θ(2-θ)K)``, at least the mean of A_k² at β = 2."""
    return theta / (2 - theta) + 1 / (theta * (2 - theta) * n_steps)
