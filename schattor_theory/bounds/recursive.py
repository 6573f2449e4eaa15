"""Recursive momentum (T12): no drift, at the price of two gradients with one sample."""

from __future__ import annotations

import math

from ..assumptions import MomentShape
from ..checks import check_integer, check_nonnegative, check_positive
from .momentum_error import check_momentum
from .records import BoundValue, applicable, not_applicable
from .setting import Setting, average_weight, check_shape

__all__ = ["recursive_bound", "recursive_corollary"]

# T12 in docs/theory/extensions.md: the tuned corollary's second term, rounded up with room (the proof there gives 2.9)
_COROLLARY_BURN_IN = 3.25


def recursive_bound(
    *,
    initial_gap: float,
    smoothness: float,
    difference_smoothness: float,
    shape: MomentShape,
    step_size: float,
    momentum: float,
    n_steps: int,
    bias_correction: bool = False,
) -> BoundValue:
    """Return T12's bound on ``stationarity_mean`` for the ball oracle with recursive momentum.

    ``Δ/(Kη) + Lη/2 + 2cℓηθ^{-1/β} + 2cσ·avg A_k``; the third term is called ``difference``.

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L >= 0, units F and F/X².
    difference_smoothness : float
        ℓ >= 0, unit F/X²: the noise of ``G(X_k; ξ_k) - G(X_{k-1}; ξ_k)`` obeys the moment shape with
        ``ℓ‖X_k - X_{k-1}‖_p`` for σ.
    shape : MomentShape
        Of the noise in the dual norm.
    step_size : float
        η > 0, unit X.
    momentum : float
        1 - θ in [0, 1).
    n_steps : int
        K >= 1.
    bias_correction : bool
        ``θ_k = (1-μ)/(1-μ^{k+1})`` with μ = ``momentum``.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T12 in docs/theory/extensions.md.
    """
    call = "recursive_bound"
    setting = Setting.checked(call, initial_gap, smoothness, n_steps)
    spread = check_nonnegative(call, "difference_smoothness", difference_smoothness)
    eta, theta = check_positive(call, "step_size", step_size), 1 - check_momentum(call, momentum)
    beta = check_shape(call, shape).moment_order
    weight, burn_in = average_weight(beta, theta, setting.n_steps, bias_correction=bias_correction)
    terms = {
        "initial_gap": setting.initial_gap / (setting.n_steps * eta),
        "curvature": setting.smoothness * eta / 2,
        "difference": 2 * shape.constant * spread * eta * theta ** (-1 / beta),
        "noise": 2 * shape.scale * weight,
        "burn_in": 2 * shape.scale * burn_in,
    }
    constants = setting.constants(shape) | {"difference_smoothness": spread, "step_size": eta, "theta": theta}
    return applicable("T12", "stationarity_mean", terms, constants, hypotheses=("A1", "A2", "A3", "mean smoothness"))


def recursive_corollary(
    *, initial_gap: float, smoothness: float, difference_smoothness: float, sigma: float, n_steps: int
) -> BoundValue:
    """Return T12 at β = 2, c = 1, bias-corrected, with its best schedule; the schedule stands in ``constants``.

    With ``ℓ̄ = max(L, ℓ)``, ``θ = (5ℓ̄Δ/(8σ²K))^{2/3} <= 1``, ``η = √(2Δ√θ/(5ℓ̄K))``:
    ``3(5ℓ̄Δσ/K)^{1/3} + 3.25σ^{5/3}(ℓ̄Δ)^{-1/3}K^{-2/3}``.

    Parameters
    ----------
    initial_gap, smoothness, difference_smoothness, sigma : float
        Δ, L, ℓ, σ >= 0, units F, F/X², F/X², F/X.
    n_steps : int
        K >= 1.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T12 in docs/theory/extensions.md.
    """
    call, statistic = "recursive_corollary", "stationarity_mean"
    gap = check_nonnegative(call, "initial_gap", initial_gap)
    lipschitz = check_nonnegative(call, "smoothness", smoothness)
    largest = max(lipschitz, check_nonnegative(call, "difference_smoothness", difference_smoothness))
    level, steps = check_nonnegative(call, "sigma", sigma), check_integer(call, "n_steps", n_steps, minimum=1)
    product = math.sqrt(largest) * math.sqrt(gap)  # √(ℓ̄Δ), unit F/X
    if product == 0:
        return not_applicable("T12", statistic, "The schedule needs max(L, ℓ)Δ > 0.")
    root_theta = (5 / 8 / steps * (product / level) ** 2) ** (1 / 3) if level > 0 else math.inf
    if root_theta > 1:
        reason = f"The schedule needs θ = (5ℓ̄Δ/(8σ²K))^(2/3) <= 1, here {root_theta**2:.6g}."
        return not_applicable("T12", statistic, reason)
    eta = math.sqrt(2 * gap / largest * root_theta / 5 / steps)
    terms = {
        "leading": 3 * (5 / steps) ** (1 / 3) * product ** (2 / 3) * level ** (1 / 3),
        "burn_in": _COROLLARY_BURN_IN * level * (level / product) ** (2 / 3) * steps ** (-2 / 3),
    }
    constants = {
        "initial_gap": gap,
        "smoothness": lipschitz,
        "largest_smoothness": largest,
        "sigma": level,
        "n_steps": steps,
        "step_size": eta,
        "theta": root_theta**2,
    }
    return applicable("T12", statistic, terms, constants, hypotheses=("A1", "A2", "A3", "mean smoothness"))
