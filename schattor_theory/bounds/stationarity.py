"""Stationarity of the ball oracle (T5): constant parameters in closed form, any schedule by recursion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..assumptions import MomentShape, NotApplicable, resolve_shape
from ..checks import check_choice, check_integer, check_nonnegative, check_positive, fail
from ..errors import ParameterError
from .momentum_error import (
    bias_corrected_thetas,
    check_direction_defect,
    check_momentum,
    check_norm_excess,
    check_step_sizes,
    check_taus,
    check_theta,
    check_thetas,
    drift,
    evaluate_schedule,
    noise_weights,
    stationary_weight,
)
from .records import BoundValue, applicable, not_applicable
from .weights import bias_correction_excess

__all__ = ["any_schedule_bound", "stationarity_bound"]

Schedule = float | Callable[[int], Any]

_HYPOTHESES = ("A1", "A2", "A3", "deterministic schedule")
_HOELDER_SLACK = 1e-9  # rounding of measured (δ, ω) with δ + ω = 0, as for an exact oracle of another length


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The checked numbers every stationarity bound shares."""

    initial_gap: float
    smoothness: float
    n_steps: int
    direction_defect: float = 0.0
    norm_excess: float = 0.0

    @classmethod
    def checked(
        cls,
        call: str,
        initial_gap: object,
        smoothness: object,
        n_steps: object,
        direction_defect: object = 0.0,
        norm_excess: object = 0.0,
    ) -> Setting:
        """Return the setting, with argument errors worded for ``call``."""
        return cls(
            initial_gap=check_nonnegative(call, "initial_gap", initial_gap),
            smoothness=check_nonnegative(call, "smoothness", smoothness),
            n_steps=check_integer(call, "n_steps", n_steps, minimum=1),
            direction_defect=check_direction_defect(call, direction_defect),
            norm_excess=check_norm_excess(call, norm_excess),
        )

    @property
    def gain(self) -> float:
        """Return 1 - δ."""
        return 1 - self.direction_defect

    @property
    def loss(self) -> float:
        """Return 2 + ω - δ, the price of the momentum error."""
        return 2 + self.norm_excess - self.direction_defect

    def refusal(self) -> str | None:
        """Return why no bound follows for this oracle, None if one does."""
        if self.gain == 0:
            return "direction_defect = 1 allows directions that do not descend at all."
        if self.direction_defect + self.norm_excess < -_HOELDER_SLACK:
            return "No direction has <M, D> >= (1-δ)‖M‖ and ‖D‖ <= 1+ω with δ + ω < 0 (Hölder)."
        return None

    def constants(self, shape: MomentShape) -> dict[str, Any]:
        """Return the constants that entered, by name."""
        return {
            "initial_gap": self.initial_gap,
            "smoothness": self.smoothness,
            "n_steps": self.n_steps,
            "direction_defect": self.direction_defect,
            "norm_excess": self.norm_excess,
            "sigma": shape.sigma,
            "moment_order": shape.moment_order,
            "constant": shape.constant,
            "noise_source": shape.source,
        }


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
    T5, T5-any, T6, T10 in docs/theory/stationarity.md and variants.md.

    Examples
    --------
    >>> bound = stationarity_bound(initial_gap=1.0, smoothness=1.0, sigma=0.0, moment_order=2, p="inf", step_size=0.1,
    ...                            momentum=0.0, n_steps=200)
    >>> bound.terms["initial_gap"], bound.terms["curvature"], bound.dominant
    (0.05, 0.05, 'initial_gap')
    """
    call = "stationarity_bound"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps, direction_defect, norm_excess)
    check_choice(call, "oracle", oracle, ("ball", "regularized"))
    eta, mu = _check_schedules(call, step_size, momentum, bias_correction)
    tau = _check_look_ahead(call, look_ahead)
    shape = resolve_shape(
        call,
        p,
        noise_model=noise_model,
        moment_order=moment_order,
        sigma=sigma,
        conditionally_symmetric=conditionally_symmetric,
        inner_exponent=inner_exponent,
    )
    is_constant = not (callable(eta) or callable(mu) or callable(tau))
    if oracle == "regularized":
        from .regularized import regularized_from_shape

        plain = is_constant and not bias_correction and tau is None
        return regularized_from_shape(setting, shape, eta, mu) if plain else _refuse_regularized()
    statement, statistic = _identify(is_constant, tau)
    reason = shape.reason if isinstance(shape, NotApplicable) else setting.refusal()
    if reason is not None or isinstance(shape, NotApplicable):
        return not_applicable(statement, statistic, str(reason))
    if is_constant and (tau is None or not bias_correction):
        theta = 1 - float(mu)
        ahead = theta if tau == "nesterov" else float(tau or 0.0)
        terms = constant_terms(setting, shape, float(eta), theta, ahead, bias_correction=bias_correction)
        constants = setting.constants(shape) | {"step_size": float(eta), "theta": theta, "look_ahead": ahead}
        return applicable(statement, statistic, terms, constants, hypotheses=_HYPOTHESES)
    thetas = _thetas(call, mu, setting.n_steps + 1, bias_correction)
    steps = evaluate_schedule(eta, setting.n_steps)
    ahead = thetas[1:] if tau == "nesterov" else None if tau is None else evaluate_schedule(tau, setting.n_steps)
    return _any_schedule(call, setting, shape, steps, thetas[:-1], ahead, statement, statistic)


def any_schedule_bound(
    step_sizes: Sequence[float],
    thetas: Sequence[float],
    *,
    initial_gap: float,
    smoothness: float,
    shape: MomentShape,
    look_ahead: Sequence[float] | None = None,
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

    Raises
    ------
    ParameterError, ShapeError
        For values outside their range or lengths that differ.

    Source
    ------
    T5-any in docs/theory/stationarity.md; T10 in docs/theory/variants.md.
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


def constant_terms(
    setting: Setting, shape: MomentShape, eta: float, theta: float, tau: float = 0.0, *, bias_correction: bool = False
) -> dict[str, float]:
    """Return the terms of T5's closed form, with T10's look-ahead τ, for checked arguments."""
    gain, loss, length = setting.gain, setting.loss, 1 + setting.norm_excess
    lipschitz, n_steps = setting.smoothness, setting.n_steps
    weight, burn_in = average_weight(shape.moment_order, theta, n_steps, tau, bias_correction=bias_correction)
    return {
        "initial_gap": setting.initial_gap / n_steps / eta / gain,
        "curvature": length**2 * lipschitz * eta / 2 / gain,
        "drift": loss * length * (1 - tau) * lipschitz * eta * ((1 - theta) / theta) / gain,
        "noise": loss * shape.scale * weight / gain,
        "burn_in": loss * shape.scale * burn_in / gain,
    }


def average_weight(
    beta: float, theta: float, n_steps: int, tau: float = 0.0, *, bias_correction: bool = False
) -> tuple[float, float]:
    """Return (limit, burn-in) of T5 with ``(1/K)Σ_{k<K} Ã_k ≤ limit + burn-in``.

    Without look-ahead ``A_k ≤ κ + (1-θ)^k`` and ``Σ(1-θ)^k ≤ 1/θ``. With one, Ã_0 = 1 and
    ``Ã_k ≤ κ̃ + (1-τ)(1-θ)^k``, ``κ̃^β = ((1-τ)(1-θ)κ)^β + (θ+τ-θτ)^β``, for k >= 1.
    """
    if theta == 1 or beta == 1:  # every weight is exactly 1
        return 1.0, 0.0
    kappa = stationary_weight(theta, beta)
    if bias_correction:
        return kappa, kappa * bias_correction_excess(beta) / (theta * n_steps)
    if tau == 0:
        return kappa, 1 / (theta * n_steps)
    past, fresh = (1 - tau) * (1 - theta) * kappa, theta + tau - theta * tau
    return (past**beta + fresh**beta) ** (1 / beta), (1 + (1 - tau) * (1 - theta) / theta) / n_steps


def check_shape(call: str, shape: object) -> MomentShape:
    """Return ``shape`` when it is a moment shape."""
    if not isinstance(shape, MomentShape):
        way_out = "Use the moment_shape(p) of a noise record; it may answer NotApplicable."
        fail(ParameterError, call, "shape", "be a MomentShape", shape, way_out)
    return shape


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
    if bias_correction:
        return bias_corrected_thetas(momentum, length)  # type: ignore[arg-type]
    thetas = np.ones(length)
    for k in range(1, length) if callable(momentum) else ():
        thetas[k] = check_theta(call, 1 - float(momentum(k)), f"1 - momentum({k})")
    if not callable(momentum):
        thetas[1:] = 1 - momentum
    return thetas


def _refuse_regularized() -> BoundValue:
    reason = "T6 is stated for a constant step size and momentum, without bias correction or look-ahead."
    return not_applicable("T6", "stationarity_squared_mean", reason)
