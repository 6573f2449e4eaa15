"""Running one cell: build its world, tune, simulate its block of repeats, and compute the bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from schattor_theory import Schattor
from schattor_theory.assumptions import MomentShape, NotApplicable
from schattor_theory.bounds.stationarity import stationarity_bound
from synthetic import simulate
from synthetic.simulate import Snapshot
from synthetic.trajectory import Trajectory

from .columns import STATISTICS
from .plan import Cell
from .point import integer_at
from .tuning import best_step_size, theory_tuning
from .world import World, build_world

__all__ = ["PILOT_REPEATS", "run_exact_cell"]

PILOT_REPEATS = 8
"""Runs, on seeds of their own, by which the empirical tuning compares step sizes."""


def run_exact_cell(cell: Cell, device: str = "cpu", threads: int = 1) -> dict[str, object]:
    """Return the columns of a cell with exact constants: one value each, or one for every repeat.

    The numbers are a function of the cell's axes and the repeat alone.

    Raises
    ------
    SchattorError
        If the world cannot be built as the study says.
    """
    world = build_world(cell)
    if isinstance(world.shape, NotApplicable) and cell.tuned_for == cell.assumption:
        reason = world.shape.reason  # then the theory has no tuning to run with either
        return {"status": f"not_applicable: {reason}", "bound_status": "not_applicable", "bound_reason": reason}
    step_size, momentum = theory_tuning(cell, world)
    if cell.point["tuning"] == "empirical":

        def pilot(tried: float) -> np.ndarray:
            seed = {"pilot": cell.axes}
            found = simulate_cell(cell, world, tried, momentum, seed, PILOT_REPEATS, 0, device, threads=threads)
            return found.stationarity_mean

        step_size = best_step_size(cell, step_size, pilot)
    trajectory = simulate_cell(
        cell, world, step_size, momentum, cell.axes, cell.block_size, cell.first_repeat, device, cell.record,
        threads=threads,
    )  # fmt: skip
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


def simulate_cell(
    cell: Cell,
    world: World,
    step_size: float,
    momentum: float,
    seed: Mapping[str, object],
    repeats: int,
    first_repeat: int,
    device: str,
    record: tuple[str, ...] = (),
    observers: tuple[Callable[[Snapshot], None], ...] = (),
    *,
    threads: int = 1,
) -> Trajectory:
    """Return the trajectory of ``repeats`` runs of the cell's method in its world."""
    optimizer = Schattor(world.geometry, step_size=step_size, momentum=momentum, oracle=str(cell.point["oracle"]))
    return simulate(
        world.problem,
        world.noise,
        optimizer,
        n_steps=integer_at(cell.point, "horizon"),
        repeats=repeats,
        seed=seed,
        first_repeat=first_repeat,
        record=record,
        observers=observers,
        threads=threads,
        device=device,
    )


def statistics_of(trajectory: Trajectory) -> dict[str, Any]:
    """Return the columns that come from the trajectory."""
    columns: dict[str, Any] = {
        name: np.asarray(getattr(trajectory, name)) for name in STATISTICS if hasattr(trajectory, name)
    }
    columns["status"] = np.asarray(trajectory.status)
    if trajectory.records:
        columns["records"] = dict(trajectory.records)
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
        n_steps=integer_at(cell.point, "horizon"),
        oracle=str(cell.point["oracle"]),
    )
    return {
        "bound": found.value,
        "bound_statistic": found.statistic,
        "bound_status": found.status,
        "bound_reason": found.reason or None,
    }
