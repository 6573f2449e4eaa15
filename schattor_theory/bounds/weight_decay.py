"""Decoupled weight decay is stochastic Frank–Wolfe on the ball of radius 1/λ (T11)."""

from __future__ import annotations

import math

import numpy as np

from ..assumptions import MomentShape
from ..checks import check_positive
from .momentum_error import bias_corrected_thetas, check_momentum, drift, noise_weights, stationary_weight
from .records import BoundValue, applicable, not_applicable
from .setting import Setting, average_weight, check_shape

__all__ = ["weight_decay_gap_bound", "weight_decay_last_value_bound"]

_CHUNK = 1 << 19


def weight_decay_gap_bound(
    *,
    initial_gap: float,
    smoothness: float,
    shape: MomentShape,
    step_size: float,
    weight_decay: float,
    momentum: float,
    n_steps: int,
    bias_correction: bool = False,
) -> BoundValue:
    """Return T11's bound on the mean Frank–Wolfe gap ``<∇f, X> + R‖∇f‖_q`` of ``X⁺ = (1-ηλ)X - ηD_p(M)``.

    With ``R = 1/λ``, ``γ = ηλ``: ``Δ/(Kγ) + 2LR²γ + 4LR²γ(1-θ)/θ + 2Rcσ·avg A_k`` on "frank_wolfe_gap_mean". The run
    must start in the ball ``‖X_0‖_p <= R``, where it then stays.

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L >= 0, units F and F/X².
    shape : MomentShape
        Of the noise in the dual norm.
    step_size : float
        η > 0, unit X.
    weight_decay : float
        λ > 0, unit 1/X; ``ηλ <= 1``, else not applicable.
    momentum : float
        1 - θ in [0, 1).
    n_steps : int
        K >= 1.
    bias_correction : bool
        ``θ_k = (1-μ)/(1-μ^{k+1})`` with μ = ``momentum``.

    Returns
    -------
    BoundValue
        Unit F.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T11 in docs/theory/extensions.md.
    """
    call, statistic = "weight_decay_gap_bound", "frank_wolfe_gap_mean"
    setting, shape, radius, rate, theta = _checked(
        call, initial_gap, smoothness, n_steps, shape, step_size, weight_decay, momentum
    )
    constants = setting.constants(shape) | {"radius": radius, "rate": rate, "theta": theta}
    if rate > 1:
        return not_applicable("T11", statistic, _too_fast(rate), constants)
    weight, burn_in = average_weight(shape.moment_order, theta, setting.n_steps, bias_correction=bias_correction)
    pace = setting.smoothness * radius * radius * rate
    terms = {
        "initial_gap": setting.initial_gap / (setting.n_steps * rate),
        "curvature": 2 * pace,
        "drift": 4 * pace * ((1 - theta) / theta),
        "noise": 2 * radius * shape.scale * weight,
        "burn_in": 2 * radius * shape.scale * burn_in,
    }
    return applicable("T11", statistic, terms, constants, hypotheses=("A1", "A2", "A3", "‖X_0‖_p <= 1/λ"))


def weight_decay_last_value_bound(
    *,
    initial_gap: float,
    smoothness: float,
    shape: MomentShape,
    step_size: float,
    weight_decay: float,
    momentum: float,
    n_steps: int,
    bias_correction: bool = False,
) -> BoundValue:
    """Return T11's bound on ``E h_K``, ``h = f - min over the ball``, at the last iterate of a *convex* f.

    ``(1-γ)^K h_0 + 2LR²γ + 2Rγ Σ_k (1-γ)^{K-1-k}(b_k + cσA_k)``, ``b_k = (1-θ_k)(b_{k-1} + 2LRγ)``, on
    "constrained_gap_last". Here ``initial_gap`` is h_0. The sums are evaluated, not bounded.

    Parameters and errors are those of :func:`weight_decay_gap_bound`.

    Source
    ------
    T11 in docs/theory/extensions.md.
    """
    call, statistic = "weight_decay_last_value_bound", "constrained_gap_last"
    setting, shape, radius, rate, theta = _checked(
        call, initial_gap, smoothness, n_steps, shape, step_size, weight_decay, momentum
    )
    constants = setting.constants(shape) | {"radius": radius, "rate": rate, "theta": theta}
    if rate > 1:
        return not_applicable("T11", statistic, _too_fast(rate), constants)
    pace = 2 * setting.smoothness * radius * rate
    drift_sum, noise_sum = _discounted_sums(shape.moment_order, theta, rate, pace, setting.n_steps, bias_correction)
    terms = {
        "initial_gap": _power(1 - rate, setting.n_steps) * setting.initial_gap,
        "curvature": pace * radius,
        "drift": 2 * radius * rate * drift_sum,
        "noise": 2 * radius * rate * shape.scale * noise_sum,
    }
    hypotheses = ("A2", "A3", "f convex", "‖X_0‖_p <= 1/λ")
    return applicable("T11", statistic, terms, constants, hypotheses=hypotheses)


def _discounted_sums(
    beta: float, theta: float, rate: float, pace: float, n_steps: int, bias_correction: bool
) -> tuple[float, float]:
    """Return ``Σ_k (1-γ)^{K-1-k} b_k`` and ``Σ_k (1-γ)^{K-1-k} A_k``."""
    if bias_correction:
        thetas = bias_corrected_thetas(1 - theta, n_steps)
        discounts = (1 - rate) ** np.arange(n_steps - 1, -1, -1.0)
        drifts = drift(np.ones(n_steps), thetas, pace)
        return math.fsum(discounts * drifts), math.fsum(discounts * noise_weights(thetas, beta))
    kappa_power = stationary_weight(theta, beta) ** beta
    drift_sum = noise_sum = 0.0
    for start in range(0, n_steps, _CHUNK):
        k = np.arange(start, min(start + _CHUNK, n_steps), dtype=float)
        discounts = (1 - rate) ** (n_steps - 1 - k)
        kept = (1 - theta) ** k
        # closed forms of the recursions of T3 at constant θ and step
        drift_sum += pace * ((1 - theta) / theta) * float(discounts @ (1 - kept))
        noise_sum += float(discounts @ (kappa_power + (1 - kappa_power) * kept**beta) ** (1 / beta))
    return drift_sum, noise_sum


def _checked(
    call: str,
    initial_gap: object,
    smoothness: object,
    n_steps: object,
    shape: object,
    step_size: object,
    weight_decay: object,
    momentum: object,
) -> tuple[Setting, MomentShape, float, float, float]:
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    eta = check_positive(call, "step_size", step_size)
    decay = check_positive(call, "weight_decay", weight_decay, "Without decay use stationarity_bound.")
    return setting, check_shape(call, shape), 1 / decay, eta * decay, 1 - check_momentum(call, momentum)


def _too_fast(rate: float) -> str:
    return f"T11 needs step_size * weight_decay <= 1, here {rate:.6g}."


def _power(base: float, exponent: int) -> float:
    return 0.0 if base == 0 else math.exp(exponent * math.log(base))
