"""Sharper forms of T5 and T6 that await a second reading; every record says so in its ``review``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..assumptions import MomentShape
from ..checks import check_positive
from .momentum_error import check_momentum, check_step_sizes, check_thetas, drift, noise_weights
from .records import UNDER_REVIEW, BoundValue, applicable, not_applicable
from .regularized import kappa_and_margin, weight_square
from .setting import Setting, average_weight, check_shape

__all__ = ["sharper_any_schedule_bound", "sharper_regularized_bound", "sharper_stationarity_bound"]


def sharper_stationarity_bound(
    *, initial_gap: float, smoothness: float, shape: MomentShape, step_size: float, momentum: float, n_steps: int
) -> BoundValue:
    """Return T5' (derived, under review): T5's closed form with ``(2-θ)cσ(κ_θ + 1/(θK))`` for ``2cσ(κ_θ + 1/(θK))``.

    The momentum error is paid once at the direction; the second time only the *past* noise counts, for
    ``E‖∇f(X_k) + N_k‖ ≥ E‖∇f(X_k)‖ - (1-θ)E‖N_{k-1}‖`` by Jensen. Terms and statistic are those of
    :func:`stationarity_bound`.

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L >= 0, units F and F/X².
    shape : MomentShape
        Of the noise in the dual norm.
    step_size : float
        η > 0, unit X.
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
    T5' in docs/theory/sharper.md.
    """
    call = "sharper_stationarity_bound"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    shape, eta = check_shape(call, shape), check_positive(call, "step_size", step_size)
    theta = 1 - check_momentum(call, momentum)
    weight, burn_in = average_weight(shape.moment_order, theta, setting.n_steps)
    terms = {
        "initial_gap": setting.initial_gap / (setting.n_steps * eta),
        "curvature": setting.smoothness * eta / 2,
        "drift": 2 * setting.smoothness * eta * ((1 - theta) / theta),
        "noise": (2 - theta) * shape.scale * weight,
        "burn_in": (2 - theta) * shape.scale * burn_in,
    }
    constants = setting.constants(shape) | {"step_size": eta, "theta": theta}
    hypotheses = ("A1", "A2", "A3", "exact oracle")
    return applicable("T5'", "stationarity_mean", terms, constants, hypotheses=hypotheses, review=UNDER_REVIEW)


def sharper_any_schedule_bound(
    step_sizes: Sequence[float] | np.ndarray,
    thetas: Sequence[float] | np.ndarray,
    *,
    initial_gap: float,
    smoothness: float,
    shape: MomentShape,
) -> BoundValue:
    """Return T5-recursion (derived, under review): T5's any-schedule form with less noise.

    ``cσ(A_k + (1-θ_k)A_{k-1})``, A_{-1} = 0, stands for ``2cσA_k``. Parameters, statistic and errors are those of
    :func:`any_schedule_bound`, for the exact oracle.

    Source
    ------
    T5-recursion in docs/theory/sharper.md.
    """
    call = "sharper_any_schedule_bound"
    theta = check_thetas(call, thetas)
    steps = check_step_sizes(call, step_sizes, len(theta))
    setting = Setting.checked(call, initial_gap, smoothness, len(theta))
    weights = noise_weights(theta, check_shape(call, shape).moment_order)
    paid = weights + (1 - theta) * np.concatenate([[0.0], weights[:-1]])
    unit = float(steps.max())
    relative = steps / unit
    total = math.fsum(relative)
    terms = {
        "initial_gap": setting.initial_gap / unit / total,
        "curvature": setting.smoothness / 2 * unit * math.fsum(relative**2) / total,
        "drift": 2 * math.fsum(relative * drift(steps, theta, setting.smoothness)) / total,
        "noise": shape.scale * math.fsum(relative * paid) / total,
    }
    hypotheses = ("A1", "A2", "A3", "exact oracle")
    return applicable(
        "T5-recursion",
        "stationarity_weighted_mean",
        terms,
        setting.constants(shape),
        hypotheses=hypotheses,
        review=UNDER_REVIEW,
    )


def sharper_regularized_bound(
    *, initial_gap: float, smoothness: float, shape: MomentShape, step_size: float, momentum: float, n_steps: int
) -> BoundValue:
    """Return T6* without lags (derived, under review), squared: T6's sharp form with ``(1-θ)cσA`` for its last ``cσA``.

    ``((1/K)Σ E‖∇f‖_q²)^{1/2} ≤ (1+κ)(cσA + √(c²σ²A² + 4μΔ/(ηK)))/(2μ) + (1-θ)cσA``. Parameters, statistic, terms and
    errors are those of :func:`regularized_bound`.

    Source
    ------
    T6* in docs/theory/sharper.md.
    """
    call, statistic = "sharper_regularized_bound", "stationarity_squared_mean"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    eta, theta = check_positive(call, "step_size", step_size), 1 - check_momentum(call, momentum)
    shape = check_shape(call, shape)
    if shape.moment_order != 2:
        reason = f"T6* needs second moments of the noise, here the moment shape has order {shape.moment_order:g}."
        return not_applicable("T6*", statistic, reason, review=UNDER_REVIEW)
    kappa, margin = kappa_and_margin(setting.smoothness * eta, theta)
    constants = setting.constants(shape) | {"step_size": eta, "theta": theta, "kappa": kappa, "margin": margin}
    if not margin > 0:
        reason = f"T6* needs 1 - Lη/2 - Lη(1-θ)/θ > 0, here {margin:.6g}."
        return not_applicable("T6*", statistic, reason, constants, review=UNDER_REVIEW)
    noise = shape.scale * math.sqrt(weight_square(theta, setting.n_steps))
    gap = setting.initial_gap / (setting.n_steps * eta)
    root = (1 + kappa) / (2 * margin) * (noise + math.hypot(noise, 2 * math.sqrt(margin * gap))) + (1 - theta) * noise
    quiet = (1 + kappa) * math.sqrt(gap / margin)
    terms = {"initial_gap": quiet * quiet, "noise": (root - quiet) * (root + quiet) if noise > 0 else 0.0}
    constants["root_mean_square"] = root
    hypotheses = ("A1", "A2", "A3", "exact oracle")
    return applicable("T6*", statistic, terms, constants, hypotheses=hypotheses, review=UNDER_REVIEW)
