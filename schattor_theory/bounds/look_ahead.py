"""Nesterov look-ahead (T10): the direction comes from ``(1-τ)M_k + τG_k``."""

from __future__ import annotations

from ..assumptions import MomentShape
from ..checks import check_in_interval, check_positive
from .momentum_error import check_momentum
from .records import BoundValue, applicable
from .setting import Setting, average_weight, check_shape, constant_terms
from .tuning import best_step_size

__all__ = ["look_ahead_bound", "look_ahead_weight"]


def look_ahead_bound(
    *,
    initial_gap: float,
    smoothness: float,
    shape: MomentShape,
    momentum: float,
    n_steps: int,
    step_size: float | None = None,
    look_ahead: float | None = None,
) -> BoundValue:
    """Return T5's bound on ``stationarity_mean`` for constant η, θ and look-ahead τ.

    ``Δ/(Kη) + Lη/2 + 2(1-τ)Lη(1-θ)/θ + 2cσ(κ̃ + (1 + (1-τ)(1-θ)/θ)/K)`` with
    ``κ̃^β = ((1-τ)(1-θ)κ_θ)^β + (θ+τ-θτ)^β``; less drift and more noise than τ = 0.

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L >= 0, units F and F/X²; both > 0 where no step size is given.
    shape : MomentShape
        Of the noise in the dual norm.
    momentum : float
        1 - θ in [0, 1).
    n_steps : int
        K >= 1.
    step_size : float, optional
        η > 0, unit X; the best one, at τ = θ ``√(2Δθ/(KL(4-7θ+4θ²)))``, if not given.
    look_ahead : float, optional
        τ in [0, 1]; θ, which is Nesterov's, if not given.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T10 in docs/theory/extensions.md. Any schedule: :func:`any_schedule_bound` with ``look_ahead``.
    """
    call = "look_ahead_bound"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    shape, theta = check_shape(call, shape), 1 - check_momentum(call, momentum)
    tau = theta if look_ahead is None else check_in_interval(call, "look_ahead", look_ahead, 0, 1)
    if step_size is None:
        way_out = "Without a gap or curvature give the step size."
        check_positive(call, "initial_gap", initial_gap, way_out)
        check_positive(call, "smoothness", smoothness, way_out)
        eta = best_step_size(theta, initial_gap=initial_gap, smoothness=smoothness, n_steps=n_steps, look_ahead=tau)
    else:
        eta = check_positive(call, "step_size", step_size)
    constants = setting.constants(shape) | {"step_size": eta, "theta": theta, "look_ahead": tau}
    terms = constant_terms(setting, shape, eta, theta, tau)
    return applicable("T10", "stationarity_mean", terms, constants, hypotheses=("A1", "A2", "A3"))


def look_ahead_weight(theta: float, look_ahead: float, moment_order: float) -> float:
    """Return the limit κ̃ of the noise weight at constant θ and τ; about ``√(θ/2 + 9θ²/4)`` at τ = θ, β = 2.

    Parameters
    ----------
    theta : float
        In (0, 1].
    look_ahead : float
        τ in [0, 1].
    moment_order : float
        β in [1, 2].

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T10 in docs/theory/extensions.md.
    """
    call = "look_ahead_weight"
    theta = check_in_interval(call, "theta", theta, 0, 1, include_low=False)
    tau = check_in_interval(call, "look_ahead", look_ahead, 0, 1)
    beta = check_in_interval(call, "moment_order", moment_order, 1, 2)
    return average_weight(beta, theta, 1, tau)[0]
