"""Local maximisation of a function of real numbers with its gradient: L-BFGS, then Newton steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

__all__ = ["Objective", "climb", "polish"]

Array = np.ndarray
Objective = Callable[[Array], tuple[float, Array]]

_OUTSIDE = 1e30  # what L-BFGS is told where the function has no value, as at B = 0
_FLAT = 1e-9
"""Curvatures below this part of the largest are flat directions, symmetries of the problem: Newton rests there."""


def climb(function: Objective, start: Array, *, iterations: int) -> tuple[float, Array]:
    """Return the value and place of a local maximum that L-BFGS reaches from ``start``."""

    def negative(x: Array) -> tuple[float, Array]:
        value, gradient = function(x)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return _OUTSIDE, np.zeros_like(x)
        return -value, -gradient

    found = optimize.minimize(
        negative, start, jac=True, method="L-BFGS-B",
        options={"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 20, "ftol": 1e-15, "gtol": 1e-10},
    )  # fmt: skip
    return (-float(found.fun), found.x) if found.fun < _OUTSIDE else (-np.inf, start)


def polish(function: Objective, start: Array, *, steps: int = 8) -> tuple[float, Array]:
    """Return what Newton steps make of a local maximum: the Hessian is the difference of analytic gradients.

    Directions of the wrong curvature are climbed, flat ones left alone; a step that does not rise is halved, then given
    up.
    """
    x = start
    value, gradient = function(x)
    for _ in range(steps):
        curvatures, directions = np.linalg.eigh(_hessian(function, x))
        slopes = directions.T @ gradient
        is_steep = np.abs(curvatures) > _FLAT * np.max(np.abs(curvatures), initial=0.0)
        step = directions @ np.where(is_steep, slopes / np.where(is_steep, np.abs(curvatures), 1.0), 0.0)
        for halving in range(12):
            trial = x + 0.5**halving * step
            there, gradient_there = function(trial)
            if np.isfinite(there) and there > value and np.all(np.isfinite(gradient_there)):
                break
        else:
            break
        x, value, gradient = trial, there, gradient_there
    return value, x


def _hessian(function: Objective, x: Array) -> Array:
    step = 1e-5 * max(1.0, float(np.max(np.abs(x))))
    rows = [(function(x + step * e)[1] - function(x - step * e)[1]) / (2 * step) for e in np.eye(x.size)]
    hessian = np.nan_to_num(np.array(rows), nan=0.0, posinf=0.0, neginf=0.0)
    return 0.5 * (hessian + hessian.T)
