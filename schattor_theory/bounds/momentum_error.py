"""The error ``e_k = M_k - ∇f(X_k)`` of momentum: its drift b_k and the weight A_k of its noise (T3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..checks import check_in_interval, check_integer, check_nonnegative, fail
from ..errors import ParameterError, ShapeError
from .records import BoundValue, applicable, not_applicable

__all__ = [
    "bias_corrected_thetas",
    "first_failure_of_the_lemma",
    "momentum_error_drift",
    "momentum_error_lemma",
    "momentum_error_weights",
    "stationary_weight",
]

_LEMMA_SLACK = 1 + 8 * np.finfo(float).eps  # numerics: θ_k = 1/(k+1) meets the condition with equality


def momentum_error_drift(
    step_sizes: Sequence[float] | np.ndarray,
    thetas: Sequence[float] | np.ndarray,
    *,
    smoothness: float,
    norm_excess: float = 0.0,
) -> np.ndarray:
    """Return ``b_k = (1-θ_k)(b_{k-1} + (1+ω)Lη_{k-1})``, b_0 = 0, the bound ``‖B_k‖_q ≤ b_k`` of the ball oracle.

    Parameters
    ----------
    step_sizes : sequence of float, shape (K,)
        η_k >= 0, unit X.
    thetas : sequence of float, shape (K,)
        θ_k in (0, 1], θ_0 = 1.
    smoothness : float
        L, unit F/X².
    norm_excess : float
        ω of an inexact oracle.

    Returns
    -------
    numpy.ndarray, shape (K,)
        Unit F/X. For constant η and θ it increases to ``(1+ω)Lη(1-θ)/θ``.

    Raises
    ------
    ParameterError, ShapeError
        For values outside their range or lengths that differ.

    Source
    ------
    T3 in docs/theory/descent.md.

    Examples
    --------
    >>> momentum_error_drift([1.0, 1.0, 1.0], [1.0, 0.5, 0.5], smoothness=2.0)
    array([0. , 1. , 1.5])
    """
    call = "momentum_error_drift"
    theta = check_thetas(call, thetas)
    steps = check_step_sizes(call, step_sizes, len(theta))
    pace = check_nonnegative(call, "smoothness", smoothness) * (1 + check_norm_excess(call, norm_excess))
    return drift(steps, theta, pace)


def momentum_error_weights(thetas: Sequence[float] | np.ndarray, moment_order: float) -> np.ndarray:
    """Return A_k with ``A_k^β = (1-θ_k)^β A_{k-1}^β + θ_k^β``, A_0 = 1: ``(E‖N_k‖_q^β)^{1/β} ≤ c σ A_k``.

    Parameters
    ----------
    thetas : sequence of float, shape (K,)
        θ_k in (0, 1], θ_0 = 1.
    moment_order : float
        β in [1, 2]; at β = 1 every A_k is 1.

    Returns
    -------
    numpy.ndarray, shape (K,)
        The ℓ_β norm of the weights with which M_k averages the gradients, in (0, 1].

    Raises
    ------
    ParameterError, ShapeError
        For values outside their range.

    Source
    ------
    T3 in docs/theory/descent.md.

    Examples
    --------
    >>> momentum_error_weights([1.0, 0.5], 1.0)
    array([1., 1.])
    """
    call = "momentum_error_weights"
    theta = check_thetas(call, thetas)
    return noise_weights(theta, check_in_interval(call, "moment_order", moment_order, 1, 2))


def stationary_weight(theta: float, moment_order: float) -> float:
    """Return ``κ_θ = θ/(1-(1-θ)^β)^{1/β}``, the limit of A_k at constant θ; at most ``θ^{1-1/β}``.

    Parameters
    ----------
    theta : float
        In (0, 1].
    moment_order : float
        β in [1, 2].

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T5 in docs/theory/stationarity.md.

    Examples
    --------
    >>> stationary_weight(1.0, 2.0), stationary_weight(0.3, 1.0)
    (1.0, 1.0)
    """
    theta = check_theta("stationary_weight", theta)
    beta = check_in_interval("stationary_weight", "moment_order", moment_order, 1, 2)
    if theta == 1 or beta == 1:
        return 1.0
    # numerics: 1 - (1-θ)^β without cancellation at small θ
    return float(theta / (-math.expm1(beta * math.log1p(-theta))) ** (1 / beta))


def bias_corrected_thetas(momentum: float, n_steps: int) -> np.ndarray:
    """Return ``θ_k = (1-μ)/(1-μ^{k+1})`` for k < K, with which D3 has the direction of heavy ball.

    Parameters
    ----------
    momentum : float
        μ in [0, 1).
    n_steps : int
        K >= 1.

    Returns
    -------
    numpy.ndarray, shape (K,)

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    D3 in docs/theory/descent.md.
    """
    call = "bias_corrected_thetas"
    mu = check_momentum(call, momentum)
    k = np.arange(1, check_integer(call, "n_steps", n_steps, minimum=1) + 1)
    if mu == 0:
        return np.ones(len(k))
    # 1 - μ^{k+1} cancels when μ is near 1; the first entry is 1 by definition
    thetas: np.ndarray = (1 - mu) / -np.expm1(k * math.log(mu))
    thetas[0] = 1.0
    return np.asarray(np.minimum(thetas, 1.0))


def first_failure_of_the_lemma(thetas: Sequence[float] | np.ndarray) -> int | None:
    """Return the first k with ``1/θ_k - 1/θ_{k-1} > 1`` (beyond rounding), None if T3's lemma applies throughout.

    Source
    ------
    T3 in docs/theory/descent.md.

    Examples
    --------
    >>> first_failure_of_the_lemma([1.0, 0.5, 1 / 3]), first_failure_of_the_lemma([1.0, 0.25])
    (None, 1)
    """
    theta = check_thetas("first_failure_of_the_lemma", thetas)
    failed = (1 - theta[1:]) * theta[:-1] > theta[1:] * _LEMMA_SLACK
    return int(np.argmax(failed)) + 1 if failed.any() else None


def momentum_error_lemma(thetas: Sequence[float] | np.ndarray, moment_order: float) -> BoundValue:
    """Return T3's lemma at the last step: ``A_{K-1} ≤ θ_{K-1}^{1-1/β}`` if ``1/θ_k - 1/θ_{k-1} ≤ 1`` throughout.

    The statistic "momentum_error_weight_last" is the last entry of :func:`momentum_error_weights`.

    Raises
    ------
    ParameterError, ShapeError
        For values outside their range.

    Source
    ------
    T3 in docs/theory/descent.md.
    """
    call, statistic = "momentum_error_lemma", "momentum_error_weight_last"
    theta = check_thetas(call, thetas)
    beta = check_in_interval(call, "moment_order", moment_order, 1, 2)
    failure = first_failure_of_the_lemma(thetas)
    if failure is not None:
        return not_applicable("T3", statistic, f"The lemma needs 1/θ_k - 1/θ_(k-1) <= 1, which fails at k = {failure}.")
    value = float(theta[-1]) ** (1 - 1 / beta)
    return applicable("T3", statistic, {"noise": value}, {"moment_order": beta, "theta_last": float(theta[-1])})


def drift(steps: np.ndarray, theta: np.ndarray, pace: float) -> np.ndarray:
    """Return b_k for checked arguments; ``pace`` is ``(1+ω)L``."""
    b, out = 0.0, np.empty(len(theta))
    out[0] = 0.0
    moves = (pace * steps[:-1]).tolist()
    for k, (keep, move) in enumerate(zip((1 - theta[1:]).tolist(), moves, strict=True), start=1):
        b = keep * (b + move)
        out[k] = b
    return out


def noise_weights(theta: np.ndarray, beta: float, tau: np.ndarray | None = None) -> np.ndarray:
    """Return A_k, or with a look-ahead τ the weight Ã_k of T10, for checked arguments."""
    if beta == 1:
        return np.ones(len(theta))
    power, powers = 1.0, np.empty(len(theta))
    powers[0] = 1.0
    keep, gain = ((1 - theta[1:]) ** beta).tolist(), (theta[1:] ** beta).tolist()
    for k, (kept, gained) in enumerate(zip(keep, gain, strict=True), start=1):
        power = kept * power + gained
        powers[k] = power
    if tau is None:
        return powers ** (1 / beta)
    ahead = np.ones(len(theta))
    past = ((1 - tau[1:]) * (1 - theta[1:])) ** beta * powers[:-1]
    fresh = (theta[1:] + tau[1:] - theta[1:] * tau[1:]) ** beta
    ahead[1:] = (past + fresh) ** (1 / beta)
    return ahead


def check_theta(call: str, value: object, argument: str = "theta") -> float:
    """Return θ in (0, 1]."""
    way_out = "theta is 1 - momentum: 1 means no momentum."
    return check_in_interval(call, argument, value, 0, 1, include_low=False, way_out=way_out)


def check_momentum(call: str, value: object) -> float:
    """Return 1 - θ in [0, 1)."""
    way_out = "momentum is 1 - θ: 0 means none, 0.95 is usual."
    return check_in_interval(call, "momentum", value, 0, 1, include_high=False, way_out=way_out)


def check_norm_excess(call: str, value: object) -> float:
    """Return ω > -1, finite."""
    way_out = "It is the largest norm of a direction, less 1."
    ends = {"include_low": False, "include_high": False}
    return check_in_interval(call, "norm_excess", value, -1, math.inf, way_out=way_out, **ends)


def check_direction_defect(call: str, value: object) -> float:
    """Return δ <= 1, finite."""
    way_out = "1 - direction_defect is the least <M, D>/‖M‖_q, which no bound can use below 0."
    return check_in_interval(call, "direction_defect", value, -math.inf, 1, include_low=False, way_out=way_out)


def check_thetas(call: str, thetas: object, argument: str = "thetas") -> np.ndarray:
    """Return θ_0, … as a float array with θ_0 = 1 and values in (0, 1]."""
    theta = _floats(call, argument, thetas)
    if theta.size == 0:
        fail(ShapeError, call, argument, "have at least one entry", thetas)
    bad = ~((theta > 0) & (theta <= 1))
    if bad.any():
        k = int(np.argmax(bad))
        fail(ParameterError, call, f"{argument}[{k}]", "lie in (0, 1]", float(theta[k]), "theta is 1 - momentum.")
    if theta[0] != 1:
        fail(ParameterError, call, f"{argument}[0]", "be 1", float(theta[0]), "The first momentum is M_0 = G_0.")
    return theta


def check_step_sizes(call: str, step_sizes: object, n_steps: int, argument: str = "step_sizes") -> np.ndarray:
    """Return η_0, …, η_{K-1} as a float array, finite and >= 0, one of them > 0."""
    steps = _floats(call, argument, step_sizes)
    if len(steps) != n_steps:
        fail(ShapeError, call, argument, f"have {n_steps} entries, one for each step", len(steps))
    bad = ~((steps >= 0) & np.isfinite(steps))
    if bad.any():
        k = int(np.argmax(bad))
        fail(ParameterError, call, f"{argument}[{k}]", "be a finite number >= 0", float(steps[k]))
    if not steps.any():
        fail(ParameterError, call, argument, "have an entry > 0", "all zero", "A run that never moves has no bound.")
    return steps


def check_taus(call: str, taus: object, n_steps: int, argument: str = "look_ahead") -> np.ndarray:
    """Return τ_0, …, τ_{K-1} as a float array with values in [0, 1]."""
    tau = _floats(call, argument, taus)
    if len(tau) != n_steps:
        fail(ShapeError, call, argument, f"have {n_steps} entries, one for each step", len(tau))
    bad = ~((tau >= 0) & (tau <= 1))
    if bad.any():
        k = int(np.argmax(bad))
        fail(ParameterError, call, f"{argument}[{k}]", "lie in [0, 1]", float(tau[k]))
    return tau


def evaluate_schedule(schedule: float | Callable[[int], Any], n_steps: int) -> np.ndarray:
    """Return the schedule at 0, …, K-1; a callable is asked one int at a time, so that it may branch on k."""
    if not callable(schedule):
        return np.full(n_steps, float(schedule))
    return np.fromiter((float(schedule(k)) for k in range(n_steps)), dtype=float, count=n_steps)


def _floats(call: str, argument: str, values: object) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        fail(ParameterError, call, argument, "be a sequence of real numbers", values)
    if array.ndim != 1:
        fail(ShapeError, call, argument, "be one-dimensional", f"shape {array.shape}")
    return array
