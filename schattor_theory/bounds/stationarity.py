"""Stationarity of the ball oracle (T5): constant parameters in closed form, any schedule by recursion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..assumptions import MomentShape, NotApplicable, resolve_shape
from ..checks import check_choice, check_positive, fail
from ..errors import ParameterError
from .momentum_error import (
    bias_corrected_thetas,
    check_momentum,
    check_step_sizes,
    check_taus,
    check_theta,
    check_thetas,
    drift,
    evaluate_schedule,
    noise_weights,
)
from .records import BoundValue, applicable, not_applicable
from .regularized import regularized_from_shape
from .setting import Setting, check_shape, constant_terms

__all__ = ["any_schedule_bound", "stationarity_bound"]

Schedule = float | Callable[[int], Any]

_HYPOTHESES = ("A1", "A2", "A3", "deterministic schedule")


def stationarity_bound(
    *,
    initial_gap: float,
    smoothness: float,
    sigma: float,
    moment_order: float,
    p: object,
    noise_model: str = "covariance",
    step_size: Schedule,
    momentum: Schedule,
    n_steps: int,
    oracle: str = "ball",
    direction_defect: float = 0.0,
    norm_excess: float = 0.0,
    conditionally_symmetric: bool = False,
    bias_correction: bool = False,
    look_ahead: Schedule | str | None = None,
    inner_exponent: float | None = None,
) -> BoundValue:
    """Return the upper bound on the mean dual norm of the gradient over a run of K steps.

    Numbers for ``step_size`` and ``momentum`` give the closed form of T5 (with the exact ``κ_θ``, not its bound
    ``θ^{1-1/β}``)::

        Δ/(Kη) + Lη/2 + 2Lη(1-θ)/θ + 2cσ(κ_θ + 1/(θK))

    on ``stationarity_mean``, the terms in this order being ``initial_gap``, ``curvature``, ``drift``, ``noise``,
    ``burn_in``. Without momentum (θ = 1) and at β = 1 the averaging weight is exactly 1 from the start, and ``burn_in``
    is 0. A callable gives T5's any-schedule form on ``stationarity_weighted_mean`` (weights η_k). The regularised
    oracle gives T6's sharp form, *squared*, on ``stationarity_squared_mean``.

    Parameters
    ----------
    initial_gap : float
        Δ >= 0, unit F.
    smoothness : float
        L >= 0 from S_p to S_q, unit F/X².
    sigma : float
        Noise level of the noise model, unit F/X.
    moment_order : float
        In [1, 2]: 2 for "covariance", α for "moment", β for "weighted" and "shape".
    p : number, Fraction, str or geometry
        Exponent of the primal norm; a product geometry needs ``noise_model="shape"``.
    noise_model : {"covariance", "moment", "weighted", "shape"}
        N2, N1, N3, or: ``sigma`` and ``moment_order`` are a moment shape's with c = 1.
    step_size : float or callable of k
        η > 0, unit X (ball), X²/F (regularised).
    momentum : float or callable of k
        1 - θ in [0, 1); θ_0 = 1 always.
    n_steps : int
        K >= 1.
    oracle : {"ball", "regularized"}
        The updater of D2.
    direction_defect, norm_excess : float
        δ <= 1 and ω > -1 of an inexact oracle: ``<M, D> >= (1-δ)‖M‖_q``, ``‖D‖_p <= 1+ω``.
    conditionally_symmetric : bool
        Whether Z and -Z have one law given the past: then c = 1.
    bias_correction : bool
        ``θ_k = (1-μ)/(1-μ^{k+1})`` with μ = ``momentum``.
    look_ahead : None, float, callable of k or "nesterov"
        τ_k of T10.
    inner_exponent : float, optional
        N3's a; the smallest admissible one if not given.

    Returns
    -------
    BoundValue
        Not applicable, with the reason, where a hypothesis does not hold.

    Raises
    ------
    ExponentError, ParameterError, UnknownNameError
        For an argument outside its range.

    Scaling
    -------
    f → c f (Δ, L, σ → c·): the value scales by c (regularised: by c², if η scales by 1/c).
    X → c X (L → L/c², σ → σ/c, η → cη): the value scales by 1/c (regularised: 1/c², η by c²).

    Source
    ------
    T5, T5-any, T6, T10 in docs/theory/stationarity.md and extensions.md.

    Examples
    --------
    >>> bound = stationarity_bound(initial_gap=1.0, smoothness=1.0, sigma=0.0, moment_order=2, p="inf", step_size=0.1,
    ...                            momentum=0.0, n_steps=200)
    >>> bound.terms["initial_gap"], bound.terms["curvature"], bound.dominant
    (0.05, 0.05, 'initial_gap')
    """
    return evaluate_bound(
        "stationarity_bound",
        setting=(initial_gap, smoothness, n_steps, direction_defect, norm_excess),
        noise={
            "noise_model": noise_model,
            "moment_order": moment_order,
            "sigma": sigma,
            "conditionally_symmetric": conditionally_symmetric,
            "inner_exponent": inner_exponent,
        },
        p=p,
        step_size=step_size,
        momentum=momentum,
        oracle=oracle,
        bias_correction=bias_correction,
        look_ahead=look_ahead,
    )


def evaluate_bound(
    call: str,
    *,
    setting: tuple[object, ...],
    noise: dict[str, Any],
    p: object,
    step_size: object,
    momentum: object,
    oracle: str = "ball",
    bias_correction: bool = False,
    look_ahead: object = None,
) -> BoundValue:
    """Return :func:`stationarity_bound` with argument errors worded for ``call``.

    ``setting`` holds the positional arguments of :meth:`Setting.checked`, ``noise`` those of ``resolve_shape``.
    """
    checked = Setting.checked(call, *setting)
    check_choice(call, "oracle", oracle, ("ball", "regularized"))
    eta, mu = _check_schedules(call, step_size, momentum, bias_correction)
    tau = _check_look_ahead(call, look_ahead)
    shape = resolve_shape(call, p, **noise)
    is_constant = not (callable(eta) or callable(mu) or callable(tau))
    if oracle == "regularized":
        if callable(eta) or callable(mu) or bias_correction or tau is not None:
            return _refuse_regularized()
        return regularized_from_shape(checked, shape, eta, mu)
    statement, statistic = _identify(is_constant, tau)
    reason = shape.reason if isinstance(shape, NotApplicable) else checked.refusal()
    if reason is not None or isinstance(shape, NotApplicable):
        return not_applicable(statement, statistic, str(reason))
    if not (callable(eta) or callable(mu) or callable(tau)) and (tau is None or not bias_correction):
        theta = 1 - float(mu)
        ahead = theta if tau == "nesterov" else float(tau or 0.0)
        terms = constant_terms(checked, shape, float(eta), theta, ahead, bias_correction=bias_correction)
        constants = checked.constants(shape) | {"step_size": eta, "theta": theta, "look_ahead": ahead}
        return applicable(statement, statistic, terms, constants, hypotheses=_HYPOTHESES)
    thetas = _thetas(call, mu, checked.n_steps + 1, bias_correction)
    steps = evaluate_schedule(eta, checked.n_steps)
    aheads = None
    if tau is not None:
        aheads = thetas[1:] if isinstance(tau, str) else evaluate_schedule(tau, checked.n_steps)
    return _any_schedule(call, checked, shape, steps, thetas[:-1], aheads, statement, statistic)


def any_schedule_bound(
    step_sizes: Sequence[float] | np.ndarray,
    thetas: Sequence[float] | np.ndarray,
    *,
    initial_gap: float,
    smoothness: float,
    shape: MomentShape,
    look_ahead: Sequence[float] | np.ndarray | None = None,
    direction_defect: float = 0.0,
    norm_excess: float = 0.0,
) -> BoundValue:
    """Return T5's any-schedule bound on the step-size-weighted mean ``Σ η_k E‖∇f(X_k)‖_q / Σ η_k``.

    ``(1-δ)Σ η_k E‖∇f(X_k)‖_q ≤ Δ + ((1+ω)²L/2)Σ η_k² + (2+ω-δ)Σ η_k (b_k + cσA_k)``, with the drift and weights of
    :func:`momentum_error_drift` and :func:`momentum_error_weights`; the terms are these parts over ``(1-δ)Σ η_k``.

    Parameters
    ----------
    step_sizes, thetas : sequence of float, shape (K,)
        η_k >= 0, unit X, and θ_k in (0, 1], θ_0 = 1.
    initial_gap, smoothness : float
        Δ and L, units F and F/X².
    shape : MomentShape
        Of the noise in the dual norm.
    look_ahead : sequence of float, shape (K,), optional
        τ_k in [0, 1] of T10.
    direction_defect, norm_excess : float
        δ and ω of an inexact oracle.

    Returns
    -------
    BoundValue
        On ``stationarity_weighted_mean``; not applicable where the oracle allows no bound.

    Raises
    ------
    ParameterError, ShapeError
        For values outside their range or lengths that differ.

    Source
    ------
    T5-any in docs/theory/stationarity.md; T10 in docs/theory/extensions.md.
    """
    call = "any_schedule_bound"
    theta = check_thetas(call, thetas)
    setting = Setting.checked(call, initial_gap, smoothness, len(theta), direction_defect, norm_excess)
    shape = check_shape(call, shape)
    statement = "T5-any" if look_ahead is None else "T10"
    reason = setting.refusal()
    if reason is not None:
        return not_applicable(statement, "stationarity_weighted_mean", reason)
    return _any_schedule(call, setting, shape, step_sizes, theta, look_ahead, statement, "stationarity_weighted_mean")


def _any_schedule(
    call: str,
    setting: Setting,
    shape: MomentShape,
    step_sizes: Any,
    thetas: Any,
    look_ahead: Any,
    statement: str,
    statistic: str,
) -> BoundValue:
    theta = check_thetas(call, thetas)
    steps = check_step_sizes(call, step_sizes, len(theta))
    tau = None if look_ahead is None else check_taus(call, look_ahead, len(theta))
    length = 1 + setting.norm_excess
    drifts = drift(steps, theta, length * setting.smoothness)
    if tau is not None:
        drifts = (1 - tau) * drifts
    weights = noise_weights(theta, shape.moment_order, tau)
    # numerics: relative step sizes, so that sums of squares neither overflow nor vanish
    unit = float(steps.max())
    relative = steps / unit
    total = math.fsum(relative)
    scale = setting.gain * total
    terms = {
        "initial_gap": setting.initial_gap / unit / scale,
        "curvature": length**2 * setting.smoothness / 2 * unit * math.fsum(relative**2) / scale,
        "drift": setting.loss * math.fsum(relative * drifts) / scale,
        "noise": setting.loss * shape.scale * math.fsum(relative * weights) / scale,
    }
    constants = setting.constants(shape) | {"step_size_sum": unit * total}
    return applicable(statement, statistic, terms, constants, hypotheses=_HYPOTHESES)


def _check_schedules(
    call: str, step_size: object, momentum: object, bias_correction: bool
) -> tuple[Schedule, Schedule]:
    eta = step_size if callable(step_size) else check_positive(call, "step_size", step_size)
    mu = momentum if callable(momentum) else check_momentum(call, momentum)
    if bias_correction and callable(mu):
        way_out = "Bias correction is defined for a constant momentum."
        fail(ParameterError, call, "bias_correction", "be False with a momentum schedule", True, way_out)
    return eta, mu


def _check_look_ahead(call: str, look_ahead: object) -> Schedule | str | None:
    if look_ahead is None or callable(look_ahead):
        return look_ahead
    if isinstance(look_ahead, str):
        return check_choice(call, "look_ahead", look_ahead, ("nesterov",))
    return float(check_taus(call, [look_ahead], 1)[0])


def _identify(is_constant: bool, tau: object) -> tuple[str, str]:
    statistic = "stationarity_mean" if is_constant else "stationarity_weighted_mean"
    if tau is not None:
        return "T10", statistic
    return ("T5" if is_constant else "T5-any"), statistic


def _thetas(call: str, momentum: Schedule, length: int, bias_correction: bool) -> np.ndarray:
    """Return θ_0 … θ_{length-1} with θ_0 = 1."""
    thetas = np.ones(length)
    if callable(momentum):
        for k in range(1, length):
            thetas[k] = check_theta(call, 1 - float(momentum(k)), f"1 - momentum({k})")
        return thetas
    if bias_correction:
        return bias_corrected_thetas(momentum, length)
    thetas[1:] = 1 - momentum
    return thetas


def _refuse_regularized() -> BoundValue:
    reason = "T6 is stated for a constant step size and momentum, without bias correction or look-ahead."
    return not_applicable("T6", "stationarity_squared_mean", reason)
