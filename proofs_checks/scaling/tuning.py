"""The tuning axis: the theory's step size and momentum, or the empirically best step size over a declared grid."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from schattor_theory.assumptions import MomentShape, NotApplicable
from schattor_theory.bounds.regularized import regularized_bound
from schattor_theory.bounds.tuning import tuned
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from .plan import Cell
from .point import integer_at
from .world import World, sigma_of

__all__ = ["best_step_size", "regularized_tuning", "theory_tuning"]

Pilot = Callable[[float], np.ndarray]


def assumed_shape(cell: Cell, world: World) -> MomentShape:
    """Return the moment shape that the arm is tuned for.

    A negative control is tuned as if its sigma were that of a stronger assumption than its noise satisfies.
    """
    if cell.tuned_for == cell.assumption:
        if isinstance(world.shape, NotApplicable):
            way_out = f"{world.shape.reason} Tune for an assumption that holds."
            fail(ParameterError, "study", "tuned_for", "have a moment shape", cell.tuned_for, way_out)
        return world.shape
    held_order = cell.held.moment_order if cell.held else 2.0
    sigma = sigma_of(world.noise, cell.assumption, world.geometry, held_order)
    if sigma is None:
        fail(ParameterError, "study", "assumption", "be an assumption of the noise", cell.assumption)
    order = 2.0 if cell.tuned_for == "covariance" else held_order
    return MomentShape(constant=1.0, moment_order=order, sigma=sigma)


def theory_tuning(cell: Cell, world: World) -> tuple[float, float]:
    """Return the step size and momentum that minimise the theory's bound: T5's, or T6's for the regularised oracle."""
    shape = assumed_shape(cell, world)
    n_steps = integer_at(cell.point, "horizon")
    if cell.point["oracle"] == "regularized":
        return regularized_tuning(world.initial_gap, world.smoothness, shape, n_steps)
    scale = (world.initial_gap, world.smoothness, shape.sigma, n_steps)
    found = tuned(*scale, shape.moment_order, shape.constant)
    return float(found.step_size), float(found.momentum)


def regularized_tuning(initial_gap: float, smoothness: float, shape: MomentShape, n_steps: int) -> tuple[float, float]:
    """Return the step size (unit X²/F) and momentum that minimise T6's sharp form, by Nelder and Mead on logarithms.

    Raises
    ------
    ParameterError
        If the bound does not apply, because the noise has no second moment.
    """

    def value(point: np.ndarray) -> float:
        theta, rate = (float(x) for x in np.exp(np.minimum(point, 0.0)))
        found = regularized_bound(
            initial_gap=initial_gap, smoothness=smoothness, shape=shape, step_size=rate / smoothness,
            momentum=1 - theta, n_steps=n_steps,
        )  # fmt: skip
        return math.inf if found.value is None else math.log(found.value)

    start = min((value(np.array([t, t + r])), t, t + r) for t in np.linspace(-9, 0, 28) for r in (-3, -2, -1, -0.5))
    if math.isinf(start[0]):
        way_out = "Use the ball oracle."
        fail(ParameterError, "study", "noise", "have the second moments of T6", shape.moment_order, way_out)
    found = minimize(value, start[1:], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000})
    theta, rate = (float(x) for x in np.exp(np.minimum(found.x, 0.0)))
    return rate / smoothness, 1 - theta


def best_step_size(cell: Cell, step_size: float, pilot: Pilot) -> float:
    """Return the best constant step size among the grid's multiples of the theory's.

    Parameters
    ----------
    cell : Cell
        Its ``grid`` holds the factors.
    step_size : float
        The theory's.
    pilot : callable
        ``pilot(step_size)`` returns the mean stationarity of runs on seeds that no measured run uses, so that the
        choice does not bias what is measured; a step size whose pilot runs do not all end well is not chosen.

    Raises
    ------
    ParameterError
        If no step size of the grid gives finite runs.
    """
    best, least = math.nan, math.inf
    for factor in sorted(cell.grid):
        mean = float(np.mean(pilot(factor * step_size)))
        if mean < least:  # also false for nan
            best, least = factor * step_size, mean
    if math.isnan(best):
        fail(ParameterError, "study", "grid", "hold a step size with finite runs", list(cell.grid), "Add smaller ones.")
    return best
