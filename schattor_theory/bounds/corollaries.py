"""Corollaries of T5: parameter-free and tuned schedules, the N2 corollary, and bounds with high probability."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..assumptions import CovarianceNoise, MomentShape, NotApplicable
from ..checks import check_choice, check_in_interval, check_nonnegative, check_positive
from .records import BoundValue, applicable, not_applicable
from .setting import Setting, check_shape
from .stationarity import any_schedule_bound, evaluate_bound

__all__ = [
    "covariance_corollary",
    "high_probability_bound",
    "parameter_free_bound",
    "tuned_exponents",
    "tuned_schedule_bound",
]

_WEIGHTED = "stationarity_weighted_mean"

# T5-any, (1/2)Σ(k+1)^{-3/2} = ζ(3/2)/2 = 1.30618…, rounded up
_HALF_ZETA = 1.307
# T5's N2 corollary: 2(π/2 + ln 2)/√(2·(2-θ)) at θ = 4/5 is 2.922…, rounded up
_COROLLARY_BURN_IN = 3.0
_COROLLARY_THETA_MAX = 0.8


def parameter_free_bound(
    *, initial_gap: float, smoothness: float, shape: MomentShape, scale: float, n_steps: int
) -> BoundValue:
    """Return T5's closed bound for ``η_k = η(k+1)^{-3/4}``, ``θ_k = (k+1)^{-1/2}`` on the η-weighted mean.

    ``[Δ/η + 1.307Lη + 2Lη(1+ln K) + 2cσS_K]/(4((K+1)^{1/4}-1))``, ``S_K = 1 + (K^g-1)/g``, ``g = (2-β)/(4β)``
    (``1 + ln K`` at β = 2).

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L >= 0, units F and F/X².
    shape : MomentShape
        Of the noise in the dual norm.
    scale : float
        η > 0, the first step size, unit X.
    n_steps : int
        K >= 1.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T5-any in docs/theory/stationarity.md.
    """
    call = "parameter_free_bound"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    shape, eta = check_shape(call, shape), check_positive(call, "scale", scale)
    log_k = math.log(setting.n_steps)
    # Σ_{k<K}(k+1)^{-3/4} >= 4((K+1)^{1/4}-1)
    total = 4 * math.expm1(math.log1p(setting.n_steps) / 4)
    terms = {
        "initial_gap": setting.initial_gap / eta / total,
        "curvature": _HALF_ZETA * setting.smoothness * eta / total,
        "drift": 2 * setting.smoothness * eta * (1 + log_k) / total,
        "noise": 2 * shape.scale * (1 + _power_sum(log_k, (2 - shape.moment_order) / (4 * shape.moment_order))) / total,
    }
    return applicable("T5-any", _WEIGHTED, terms, setting.constants(shape) | {"scale": eta})


def tuned_exponents(moment_order: float) -> tuple[float, float]:
    """Return the powers ``((2β-1)/(3β-2), β/(3β-2))`` of η_k and θ_k with T5's rate up to a factor log K.

    Parameters
    ----------
    moment_order : float
        β in [1, 2].

    Raises
    ------
    ParameterError
        If β is outside [1, 2].

    Source
    ------
    T5-any in docs/theory/stationarity.md.

    Examples
    --------
    >>> tuned_exponents(2)
    (0.75, 0.5)
    """
    beta = check_in_interval("tuned_exponents", "moment_order", moment_order, 1, 2)
    return (2 * beta - 1) / (3 * beta - 2), beta / (3 * beta - 2)


def tuned_schedule_bound(
    *, initial_gap: float, smoothness: float, shape: MomentShape, scale: float, n_steps: int
) -> BoundValue:
    """Return T5's any-schedule bound for ``η_k = η(k+1)^{-a}``, ``θ_k = (k+1)^{-b}``, (a, b) the tuned exponents.

    Parameters and errors are those of :func:`parameter_free_bound`; the sums are evaluated, not bounded.

    Source
    ------
    T5-any in docs/theory/stationarity.md.
    """
    call = "tuned_schedule_bound"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    shape, eta = check_shape(call, shape), check_positive(call, "scale", scale)
    step_power, theta_power = tuned_exponents(shape.moment_order)
    k = np.arange(1.0, setting.n_steps + 1)
    return any_schedule_bound(
        eta * k**-step_power, k**-theta_power, initial_gap=initial_gap, smoothness=smoothness, shape=shape
    )


def covariance_corollary(
    *,
    initial_gap: float,
    smoothness: float,
    sigma: float,
    n_steps: int,
    p: object = math.inf,
    bias_correction: bool = True,
) -> BoundValue:
    """Return T5 under N2 with ``θ = 2√(LΔ/K)/σ``, ``η = √(Δθ/(2LK))``: no dimension in it.

    ``4(LΔσ²/K)^{1/4} + 3σ^{3/2}(LΔ)^{-1/4}K^{-3/4}`` with bias-corrected momentum; with ``M_0 = G_0`` the second term
    is ``σ²/√(LΔK)``. Applicable while θ <= 4/5. The schedule stands in ``constants`` (``step_size``, ``theta``).

    Parameters
    ----------
    initial_gap, smoothness, sigma : float
        Δ, L, σ >= 0, units F, F/X², F/X, ``σ = ‖Σ^{1/2}‖_q``.
    n_steps : int
        K >= 1.
    p : number, Fraction, str or geometry
        Exponent >= 2 of the primal norm; it does not enter the value.
    bias_correction : bool
        Which first momentum.

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Source
    ------
    T5, N2 corollary, in docs/theory/stationarity.md.
    """
    call, statement, statistic = "covariance_corollary", "T5-N2", "stationarity_mean"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    level = check_nonnegative(call, "sigma", sigma)
    shape = CovarianceNoise(sigma=level).moment_shape(p)
    if isinstance(shape, NotApplicable):
        return not_applicable(statement, statistic, shape.reason)
    product = math.sqrt(setting.smoothness) * math.sqrt(setting.initial_gap)  # √(LΔ), unit F/X
    if product == 0:
        return not_applicable(statement, statistic, "The schedule needs LΔ > 0.")
    theta = 2 * product / math.sqrt(setting.n_steps) / level if level > 0 else math.inf
    if theta > _COROLLARY_THETA_MAX:
        reason = f"The corollary needs θ = 2√(LΔ/K)/σ <= 4/5, here {theta:.6g}: with so little noise use tuned()."
        return not_applicable(statement, statistic, reason)
    eta = math.sqrt(setting.initial_gap / setting.smoothness * theta / 2 / setting.n_steps)
    root = math.sqrt(setting.n_steps)
    burn_in = level * (level / product) / root
    if bias_correction:
        burn_in = _COROLLARY_BURN_IN * level * math.sqrt(level / product) / setting.n_steps**0.75
    terms = {"leading": 4 * math.sqrt(product * level / root), "burn_in": burn_in}
    constants = setting.constants(shape) | {"step_size": eta, "theta": theta}
    return applicable(statement, statistic, terms, constants, hypotheses=("A1", "A2", "N2"))


def high_probability_bound(
    *,
    initial_gap: float,
    smoothness: float,
    sigma: float,
    p: object,
    step_size: float | Callable[[int], Any],
    momentum: float | Callable[[int], Any],
    n_steps: int,
    failure_probability: float,
    form: str = "moment",
    noise_model: str = "covariance",
    moment_order: float = 2.0,
    conditionally_symmetric: bool = False,
    bias_correction: bool = False,
    direction_defect: float = 0.0,
    norm_excess: float = 0.0,
) -> BoundValue:
    """Return a bound on the mean dual norm of the gradient of *one* run that holds with probability >= 1 - γ.

    "moment": the noise terms of :func:`stationarity_bound` times ``γ^{-1/β}`` (Markov). "bounded": ``sigma`` bounds
    ``‖W⁺Z_k‖_F`` almost surely, W ⪰ 0 fixed with ``‖W‖_s = 1``, ``1/s = 1/q - 1/2`` (p >= 2), and the noise terms at
    β = 2, c = 1 get the factor ``√(2 ln(2K/γ))`` (Pinelis 1994). Descent and drift hold pathwise. The statistic is
    "stationarity_mean_quantile", or "stationarity_weighted_mean_quantile" for schedules.

    Parameters
    ----------
    failure_probability : float
        γ in (0, 1).
    form : {"moment", "bounded"}
        What is known of the noise; "bounded" ignores ``noise_model``, ``moment_order``, ``conditionally_symmetric``.
    initial_gap, smoothness, sigma, p, step_size, momentum, n_steps, noise_model, moment_order
        As in :func:`stationarity_bound`, like the remaining options.

    Raises
    ------
    ExponentError, ParameterError, UnknownNameError
        For an argument outside its range.

    Source
    ------
    T5-hp in docs/theory/stationarity.md.
    """
    call = "high_probability_bound"
    check_choice(call, "form", form, ("moment", "bounded"))
    gamma = check_in_interval(
        call, "failure_probability", failure_probability, 0, 1, include_low=False, include_high=False
    )
    is_bounded = form == "bounded"
    if is_bounded:
        # the covariance model has exactly this shape (β = 2, c = 1) and this range of p
        noise_model, moment_order = "covariance", 2.0
    noise = {"noise_model": noise_model, "moment_order": moment_order, "sigma": sigma}
    noise["conditionally_symmetric"] = conditionally_symmetric
    mean = evaluate_bound(
        call,
        setting=(initial_gap, smoothness, n_steps, direction_defect, norm_excess),
        noise=noise,
        p=p,
        step_size=step_size,
        momentum=momentum,
        bias_correction=bias_correction,
    )
    statistic = f"{mean.statistic}_quantile"
    if not mean.is_applicable:
        reason = mean.reason
        if is_bounded and reason.startswith("N2"):
            reason = "The bounded form needs p >= 2, where a W with 1/s = 1/q - 1/2 exists."
        return not_applicable("T5-hp", statistic, reason)
    if is_bounded:
        factor = math.sqrt(2 * (math.log(2 * n_steps) - math.log(gamma)))
    else:
        factor = gamma ** (-1 / mean.constants["moment_order"])
    terms = {name: term * factor if name in ("noise", "burn_in") else term for name, term in mean.terms.items()}
    constants = mean.constants | {"failure_probability": gamma, "noise_factor": factor}
    return applicable("T5-hp", statistic, terms, constants, hypotheses=mean.hypotheses)


def _power_sum(log_k: float, g: float) -> float:
    """Return ``(K^g - 1)/g``, and its limit ln K at g = 0."""
    return log_k if g == 0 else math.expm1(g * log_k) / g
