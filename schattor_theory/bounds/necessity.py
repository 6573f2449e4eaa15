"""Momentum is necessary (T13c): without it no step size removes the noise."""

from __future__ import annotations

import math

from ..checks import check_integer, check_nonnegative, check_positive
from .records import BoundValue, applicable

__all__ = ["no_momentum_lower_bound"]

# (1 - 2e^{-4.5})/2 = .48889…: the walk leaves the flat part with probability at most e^{-4.5} on either side
_COEFFICIENT = (1 - 2 * math.exp(-4.5)) / 2


def no_momentum_lower_bound(*, sigma: float, smoothness: float, step_size: float, n_steps: int) -> BoundValue:
    """Return the lower bound ``(1-2e^{-4.5})σ/2`` on ``stationarity_mean`` of a run without momentum (θ = 1), any p.

    It is attained on T13c's instance: ``f(X) = h(<A, X>)``, ``‖A‖_q = 1``, h the Huber function with curvature L and
    slope cap σ/2, started at the ``start`` in ``constants``, noise ±2∇f with a fair sign. ``initial_gap`` there is its
    Δ. T5's other terms vanish at ``η = K^{-1/2}``, this does not.

    Parameters
    ----------
    sigma : float
        σ >= 0, unit F/X.
    smoothness : float
        L > 0, unit F/X².
    step_size : float
        η > 0, unit X.
    n_steps : int
        K >= 1.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    T13c in docs/theory/extensions.md.

    Examples
    --------
    >>> no_momentum_lower_bound(sigma=1.0, smoothness=1.0, step_size=0.1, n_steps=100).sense
    'lower'
    """
    call = "no_momentum_lower_bound"
    level, lipschitz = check_nonnegative(call, "sigma", sigma), check_positive(call, "smoothness", smoothness)
    eta, steps = check_positive(call, "step_size", step_size), check_integer(call, "n_steps", n_steps, minimum=1)
    reach = 3 * eta * math.sqrt(steps)
    constants = {
        "sigma": level,
        "smoothness": lipschitz,
        "step_size": eta,
        "n_steps": steps,
        "slope_cap": level / 2,
        "start": level / (2 * lipschitz) + reach,
        # h(x) = (σ/2)x - σ²/(8L) beyond the kink at σ/(2L)
        "initial_gap": level / lipschitz * level / 8 + level / 2 * reach,
    }
    terms = {"noise": _COEFFICIENT * level}
    return applicable("T13c", "stationarity_mean", terms, constants, sense="lower", hypotheses=("θ = 1", "instance"))
