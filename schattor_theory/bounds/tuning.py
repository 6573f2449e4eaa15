"""Step size and momentum that make T5's closed form small, and the rates that follow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..assumptions import MomentShape
from ..checks import check_choice, check_in_interval, check_integer, check_nonnegative, check_positive
from .momentum_error import check_direction_defect, check_norm_excess, check_theta, stationary_weight
from .records import BoundValue, applicable
from .setting import Setting, constant_terms

__all__ = ["Tuning", "best_momentum", "best_step_size", "rate_exponent", "tuned"]

_METHODS = ("numerical", "second_order", "leading")
_THETA_MIN = 1e-14  # below it 1 - θ is no longer resolved in double precision
_GRID = 257


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Parameters of the ball oracle, and what they promise.

    Attributes
    ----------
    step_size : float
        η, unit X.
    momentum : float
        1 - θ.
    bound : BoundValue
        T5's bound with them.
    """

    step_size: float
    momentum: float
    bound: BoundValue

    @property
    def theta(self) -> float:
        """Return 1 - momentum."""
        return 1 - self.momentum


def best_step_size(
    theta: float,
    *,
    initial_gap: float,
    smoothness: float,
    n_steps: int,
    direction_defect: float = 0.0,
    norm_excess: float = 0.0,
    look_ahead: float = 0.0,
) -> float:
    """Return the step size that minimises T5's closed form at given θ: ``√(2Δθ/(KL(4-3θ)))`` for the exact oracle.

    In general ``√(Δ/(KLC))``, ``C = (1+ω)²/2 + (2+ω-δ)(1+ω)(1-τ)(1-θ)/θ``; with τ = θ and the exact oracle that is
    T10's ``√(2Δθ/(KL(4-7θ+4θ²)))``.

    Parameters
    ----------
    theta : float
        θ in (0, 1].
    initial_gap, smoothness : float
        Δ and L > 0, units F and F/X².
    n_steps : int
        K >= 1.
    direction_defect, norm_excess : float
        δ and ω of an inexact oracle.
    look_ahead : float
        τ in [0, 1] of T10.

    Returns
    -------
    float
        Unit X.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T5 in docs/theory/stationarity.md; T10 in docs/theory/extensions.md.

    Examples
    --------
    >>> best_step_size(1.0, initial_gap=2.0, smoothness=1.0, n_steps=100)
    0.2
    """
    call = "best_step_size"
    theta = check_theta(call, theta)
    gap, lipschitz = check_positive(call, "initial_gap", initial_gap), check_positive(call, "smoothness", smoothness)
    steps = check_integer(call, "n_steps", n_steps, minimum=1)
    tau = check_in_interval(call, "look_ahead", look_ahead, 0, 1)
    delta, length = check_direction_defect(call, direction_defect), 1 + check_norm_excess(call, norm_excess)
    price = length**2 / 2 + (1 + length - delta) * length * (1 - tau) * ((1 - theta) / theta)
    return math.sqrt(gap / lipschitz / steps / price)


def best_momentum(
    *,
    initial_gap: float,
    smoothness: float,
    sigma: float,
    n_steps: int,
    moment_order: float = 2.0,
    constant: float = 1.0,
    method: str = "numerical",
) -> float:
    """Return the momentum 1 - θ that makes T5's closed form, at its best step size, small.

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L > 0, units F and F/X².
    sigma : float
        σ >= 0, unit F/X.
    n_steps : int
        K >= 1.
    moment_order, constant : float
        β in [1, 2] and c of the moment shape.
    method : {"numerical", "second_order", "leading"}
        "leading" minimises the two terms that decide the rate,
        ``θ_0 = (Aβ/(2B(β-1)))^{2β/(3β-2)}``, ``A = √(8ΔL/K)``, ``B = 2cσβ^{-1/β}``; "second_order" adds one Newton step
        for the remaining terms, among them the burn-in 2cσ/(θK), which dominates until K is about (cσ/√(LΔ))⁶;
        "numerical" minimises the whole. All are capped at θ = 1 (no momentum), also returned at β = 1 or σ = 0.

    Returns
    -------
    float
        In [0, 1).

    Raises
    ------
    ParameterError, UnknownNameError
        For an argument outside its range.

    Source
    ------
    T5 in docs/theory/stationarity.md.

    Examples
    --------
    >>> best_momentum(initial_gap=1.0, smoothness=1.0, sigma=0.0, n_steps=100)
    0.0
    """
    call = "best_momentum"
    check_choice(call, "method", method, _METHODS)
    setting, shape = _checked(call, initial_gap, smoothness, sigma, n_steps, moment_order, constant)
    return 1 - _best_theta(setting, shape, method)


def tuned(
    initial_gap: float,
    smoothness: float,
    sigma: float,
    n_steps: int,
    moment_order: float = 2.0,
    constant: float = 1.0,
    *,
    method: str = "numerical",
) -> Tuning:
    """Return the step size, the momentum and the value of T5's closed form at its minimum.

    Where no momentum is best (θ = 1) that is ``η = √(2Δ/(LK))`` with the bound ``√(2LΔ/K) + 2cσ``.

    Parameters
    ----------
    initial_gap, smoothness : float
        Δ and L > 0, units F and F/X².
    sigma : float
        σ >= 0, unit F/X.
    n_steps : int
        K >= 1.
    moment_order, constant : float
        β in [1, 2] and c of the moment shape.
    method : {"numerical", "second_order", "leading"}
        How θ is chosen, see :func:`best_momentum`.

    Returns
    -------
    Tuning
        Its bound is on ``stationarity_mean``.

    Raises
    ------
    ParameterError, UnknownNameError
        For an argument outside its range.

    Scaling
    -------
    Only ``cσ/√(LΔ)``, β and K decide the momentum; f → c f and X → c X scale the rest by their units.

    Source
    ------
    T5 in docs/theory/stationarity.md.

    Examples
    --------
    >>> tuning = tuned(1.0, 1.0, 0.0, 200)
    >>> tuning.step_size, tuning.momentum, round(tuning.bound.value, 12)
    (0.1, 0.0, 0.1)
    """
    call = "tuned"
    check_choice(call, "method", method, _METHODS)
    setting, shape = _checked(call, initial_gap, smoothness, sigma, n_steps, moment_order, constant)
    theta = _best_theta(setting, shape, method)
    eta = _step_size(setting, theta)
    constants = setting.constants(shape) | {"step_size": eta, "theta": theta}
    terms = constant_terms(setting, shape, eta, theta)
    bound = applicable("T5", "stationarity_mean", terms, constants, hypotheses=("A1", "A2", "A3"))
    return Tuning(step_size=eta, momentum=1 - theta, bound=bound)


def rate_exponent(moment_order: float, *, recursive: bool = False) -> float:
    """Return r in the rate ``K^{-r}``: ``(β-1)/(3β-2)`` with momentum, ``(β-1)/(2β-1)`` with recursive momentum.

    Parameters
    ----------
    moment_order : float
        β in [1, 2]; at β = 1 there is no rate (0).
    recursive : bool
        Whether the momentum is T12's.

    Raises
    ------
    ParameterError
        If β is outside [1, 2].

    Source
    ------
    T5 in docs/theory/stationarity.md; T12 in docs/theory/extensions.md.

    Examples
    --------
    >>> rate_exponent(2), rate_exponent(2, recursive=True), rate_exponent(1)
    (0.25, 0.3333333333333333, 0.0)
    """
    beta = check_in_interval("rate_exponent", "moment_order", moment_order, 1, 2)
    return (beta - 1) / (2 * beta - 1 if recursive else 3 * beta - 2)


def _checked(
    call: str,
    initial_gap: object,
    smoothness: object,
    sigma: object,
    n_steps: object,
    moment_order: object,
    constant: object,
) -> tuple[Setting, MomentShape]:
    way_out = "Without a gap or curvature every step size is as good as the next."
    setting = Setting(
        initial_gap=check_positive(call, "initial_gap", initial_gap, way_out),
        smoothness=check_positive(call, "smoothness", smoothness, way_out),
        n_steps=check_integer(call, "n_steps", n_steps, minimum=1),
    )
    shape = MomentShape(
        constant=check_positive(call, "constant", constant),
        moment_order=check_in_interval(call, "moment_order", moment_order, 1, 2),
        sigma=check_nonnegative(call, "sigma", sigma),
    )
    return setting, shape


def _step_size(setting: Setting, theta: float) -> float:
    return best_step_size(
        theta, initial_gap=setting.initial_gap, smoothness=setting.smoothness, n_steps=setting.n_steps
    )


def _best_theta(setting: Setting, shape: MomentShape, method: str) -> float:
    beta = shape.moment_order
    # in units of √(LΔ), where only this ratio and K matter
    ratio = shape.scale / (math.sqrt(setting.smoothness) * math.sqrt(setting.initial_gap))
    if beta == 1 or ratio == 0:
        return 1.0
    if method == "numerical":
        return _numerical_theta(ratio, beta, setting.n_steps)
    leading = _leading_theta(ratio, beta, setting.n_steps)
    if method == "second_order":
        leading *= 1 + _newton_correction(leading, ratio, beta, setting.n_steps)
    return min(max(leading, _THETA_MIN), 1.0)


def _leading_theta(ratio: float, beta: float, n_steps: int) -> float:
    a, b = math.sqrt(8 / n_steps), 2 * ratio * beta ** (-1 / beta)
    exponent = 2 * beta / (3 * beta - 2)
    # numerics: in logarithms, as near β = 1 the base alone may overflow
    return math.exp(min(exponent * math.log(a * beta / (2 * b * (beta - 1))), 700.0))


def _newton_correction(theta: float, ratio: float, beta: float, n_steps: int) -> float:
    """Return the relative Newton step at θ_0 for the terms the leading form leaves out.

    With g = 1 - 1/β the closed form is ``Aθ^{-1/2} + B θ^g`` plus ``-(3/8)Aθ^{1/2} + 2s/(θK) + B(g/2)θ^{g+1}`` to
    second order; the leading form has derivative 0 and curvature ``½(½+g)Aθ^{-5/2}·…`` at θ_0.
    """
    if theta >= 1:
        return 0.0
    g, a = 1 - 1 / beta, math.sqrt(8 / n_steps)
    gain = 3 / 16 * a / math.sqrt(theta) + 2 * ratio / (n_steps * theta**2) - a * (g + 1) / 4 / math.sqrt(theta)
    return float(max(gain * theta**1.5 / (a * (0.5 + g) / 2), -0.5))


def _numerical_theta(ratio: float, beta: float, n_steps: int) -> float:
    from scipy.optimize import minimize_scalar  # slow to import, and needed here alone

    def value(log_theta: float) -> float:
        theta = math.exp(log_theta)
        first = math.sqrt(2 * (4 - 3 * theta) / (n_steps * theta))
        return first + 2 * ratio * (stationary_weight(theta, beta) + 1 / (theta * n_steps))

    grid = np.linspace(math.log(_THETA_MIN), 0.0, _GRID)
    values = [value(min(x, 0.0)) for x in grid]
    best = int(np.argmin(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)]
    found = minimize_scalar(value, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    # θ = 1 pays no burn-in: a separate candidate
    none = math.sqrt(2 / n_steps) + 2 * ratio
    if none <= min(float(found.fun), values[best]):
        return 1.0
    return float(math.exp(found.x if found.fun <= values[best] else grid[best]))
