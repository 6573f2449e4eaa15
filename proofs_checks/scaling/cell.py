"""Running one cell: build its world, tune, simulate its block of repeats, and compute the bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from schattor_theory import Schattor
from schattor_theory.assumptions import MomentShape, NotApplicable
from schattor_theory.bounds.stationarity import stationarity_bound
from schattor_theory.bounds.tuning import tuned
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError
from synthetic import simulate

from .columns import STATISTICS
from .plan import Cell
from .world import World, build_world, sigma_of

__all__ = ["PILOT_REPEATS", "run_cell"]

PILOT_REPEATS = 8
"""Runs, on seeds of their own, by which the empirical tuning compares step sizes."""


def run_cell(cell: Cell, device: str = "cpu") -> dict[str, object]:
    """Return the columns of a cell: one value each, or one for every repeat.

    The numbers are a function of the cell's axes and the repeat alone.

    Raises
    ------
    SchattorError
        If the world cannot be built as the study says.
    """
    if cell.held is None:
        from .estimated import run_estimated_cell

        return run_estimated_cell(cell, device)
    world = build_world(cell)
    step_size, momentum = tuning_of(cell, world)
    if cell.point["tuning"] == "empirical":
        step_size = best_step_size(cell, world, step_size, momentum, device)
    trajectory = _simulate(cell, world, step_size, momentum, cell.axes, cell.block_size, cell.first_repeat, device)
    shape = world.shape
    constants = {
        "initial_gap": world.initial_gap,
        "smoothness": world.smoothness,
        "sigma": shape.sigma if isinstance(shape, MomentShape) else None,
        "moment_order": shape.moment_order if isinstance(shape, MomentShape) else None,
        "step_size": step_size,
        "momentum": momentum,
        "constants": "exact",
    }
    return statistics_of(trajectory) | constants | bound_of(cell, world, step_size, momentum)


def tuning_of(cell: Cell, world: World) -> tuple[float, float]:
    """Return the step size and momentum of the theory, under the assumption that the arm is tuned for.

    A negative control is tuned as if its sigma were that of a stronger assumption than its noise satisfies.
    """
    if cell.tuned_for == cell.assumption:
        shape = world.shape
        if isinstance(shape, NotApplicable):
            way_out = "Tune for an assumption that the noise satisfies."
            fail(ParameterError, "study", "tuned_for", "be an assumption of the noise", cell.tuned_for, way_out)
        order, sigma, constant = shape.moment_order, shape.sigma, shape.constant
    else:
        held_order = cell.held.moment_order if cell.held else 2.0
        order = 2.0 if cell.tuned_for == "covariance" else held_order
        sigma = sigma_of(world.noise, cell.assumption, world.geometry, held_order)
        constant = 1.0
    found = tuned(world.initial_gap, world.smoothness, sigma, cell.point["horizon"], order, constant)
    return float(found.step_size), float(found.momentum)


def _simulate(
    cell: Cell,
    world: World,
    step_size: float,
    momentum: float,
    seed: Mapping[str, object],
    repeats: int,
    first_repeat: int,
    device: str,
) -> Any:
    optimizer = Schattor(world.geometry, step_size=step_size, momentum=momentum, oracle=str(cell.point["oracle"]))
    options = {} if device == "cpu" else {"device": device}
    return simulate(
        world.problem,
        world.noise,
        optimizer,
        n_steps=int(cell.point["horizon"]),  # type: ignore[call-overload]
        repeats=repeats,
        seed=seed,
        first_repeat=first_repeat,
        **options,
    )


def best_step_size(cell: Cell, world: World, step_size: float, momentum: float, device: str = "cpu") -> float:
    """Return the best constant step size among the grid's multiples of the theory's.

    It is chosen by the mean stationarity of pilot runs whose seeds no measured run uses, so the choice does not bias
    what is measured; a step size whose pilot runs do not all end well is not chosen.

    Raises
    ------
    ParameterError
        If no step size of the grid gives finite runs.
    """
    seed = {"pilot": cell.axes}
    best, least = math.nan, math.inf
    for factor in sorted(cell.grid):
        pilot = _simulate(cell, world, factor * step_size, momentum, seed, PILOT_REPEATS, 0, device)
        mean = float(np.mean(pilot.stationarity_mean))
        if mean < least:  # also false for nan
            best, least = factor * step_size, mean
    if math.isnan(best):
        fail(ParameterError, "study", "grid", "hold a step size with finite runs", list(cell.grid), "Add smaller ones.")
    return best


def statistics_of(trajectory: Any) -> dict[str, object]:
    """Return the columns that come from the trajectory."""
    columns: dict[str, object] = {
        name: np.asarray(getattr(trajectory, name)) for name in STATISTICS if hasattr(trajectory, name)
    }
    columns["status"] = np.asarray(trajectory.status)
    blocks = trajectory.block_stationarity_mean
    if blocks:
        stacked = np.stack([np.asarray(blocks[name]) for name in blocks], axis=-1)
        columns["block_names"] = [list(blocks)] * len(stacked)
        columns["block_stationarity"] = [list(map(float, row)) for row in stacked]
    return columns


def bound_of(cell: Cell, world: World, step_size: float, momentum: float) -> dict[str, object]:
    """Return the bound of the statistic that the theory bounds for this cell's method."""
    shape = world.shape
    if isinstance(shape, NotApplicable):
        return {"bound": None, "bound_status": "not_applicable", "bound_reason": shape.reason}
    found = stationarity_bound(
        initial_gap=world.initial_gap,
        smoothness=world.smoothness,
        sigma=shape.constant * shape.sigma,
        moment_order=shape.moment_order,
        p=world.geometry,
        noise_model="shape",
        step_size=step_size,
        momentum=momentum,
        n_steps=cell.point["horizon"],
        oracle=cell.point["oracle"],
    )
    return {
        "bound": found.value,
        "bound_statistic": found.statistic,
        "bound_status": found.status,
        "bound_reason": found.reason or None,
    }
