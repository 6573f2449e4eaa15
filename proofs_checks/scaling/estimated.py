"""A cell on real data: smoothness and sigma are estimated along the whole run, and the largest are taken."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds.tuning import tuned
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import Geometry, ProductGeometry, SchattenGeometry
from synthetic import NOISES, PROBLEMS
from synthetic.estimates import Estimate, student_t_mean
from synthetic.noise.minibatch import minibatch_covariance_sigma
from synthetic.problems.estimated import secant_smoothness
from synthetic.seeds import Streams

from .plan import Cell
from .world import World, builder_of

__all__ = ["AlongTheRun", "run_estimated_cell"]

N_SNAPSHOTS = 6
"""Points of each run at which sigma, and the smoothness in the worst direction found, are estimated."""

PILOT_REPEATS = 2


@dataclass(eq=False)
class AlongTheRun:
    """An observer of :func:`synthetic.simulate` that collects what the constants of a run are estimated from.

    Attributes
    ----------
    geometry : Geometry
        Where lengths are measured.
    every : int
        A snapshot of the parameters is kept each so many steps.
    secants : array, shape (R,)
        Largest ``‖∇f(X_{k+1}) - ∇f(X_k)‖_*/‖X_{k+1} - X_k‖`` of each run so far, unit F/X².
    snapshots : list
        Kept parameters.
    """

    geometry: Geometry
    every: int
    secants: np.ndarray | None = None
    snapshots: list[Any] = field(default_factory=list)
    _last: Any = None

    def __call__(self, snapshot: Any) -> None:
        if self._last is not None:
            change = _tree(np.subtract, snapshot.gradient, self._last[1])
            length = np.asarray(self.geometry.norm(_tree(np.subtract, snapshot.params, self._last[0])))
            ratio = np.divide(self.geometry.dual_norm(change), length, out=np.zeros_like(length), where=length > 0)
            self.secants = ratio if self.secants is None else np.maximum(self.secants, ratio)
        self._last = (snapshot.params, snapshot.gradient)
        if snapshot.k % self.every == 0:
            self.snapshots.append(snapshot.params)


def _tree(function: Any, *blocks: Any) -> Any:
    if isinstance(blocks[0], Mapping):
        return {b: function(*(x[b] for x in blocks)) for b in blocks[0]}
    return function(*blocks)


def _geometry(cell: Cell, start: Any) -> Geometry:
    """Return the geometry of one exponent for every block; a bias is a vector, whose Schatten norms are all one."""
    if not isinstance(start, Mapping):
        return SchattenGeometry(cell.point["p"])  # type: ignore[arg-type]
    return ProductGeometry(dict.fromkeys(start, cell.point["p"]), balance=cell.point.get("balance", math.inf))


def _build(cell: Cell, repeat: int) -> tuple[Any, Any]:
    """Return the problem and noise; the start is drawn by repeat, so that runs start independently."""
    build, options = builder_of(PROBLEMS, cell.point["problem"])  # type: ignore[arg-type]
    if "width" in cell.point:
        options["width"] = cell.point["width"]
    rng = Streams({"world": cell.axes}, repeat).generator("start")
    problem = build(None, None, smoothness=None, initial_gap=None, rng=rng, **options)
    build, options = builder_of(NOISES, cell.point["noise"])  # type: ignore[arg-type]
    return problem, build(None, None, sigma=None, rng=None, **options)


def _at(params: Any, run: int) -> Any:
    return _tree(lambda x: x[run], params)


def sigma_at(problem: Any, noise: Any, params: Any, geometry: Geometry) -> float:
    """Return the least sigma of N2 at one point, exactly, from all samples; T7's for several blocks, unit F/X."""
    found = minibatch_covariance_sigma(problem, params, geometry, batch_size=noise.batch_size, side="right")
    if not isinstance(geometry, ProductGeometry):
        return float(found)
    scaled = np.array([geometry.radii[b] * found[b] for b in found])
    outer = math.inf if geometry.balance == 1 else 1.0 if math.isinf(geometry.balance) else geometry.balance / (
        geometry.balance - 1
    )  # fmt: skip
    return float(np.linalg.norm(scaled, min(outer, 2.0)))


def smoothness_at(problem: Any, params: Any, geometry: Geometry, rng: np.random.Generator) -> float:
    """Return the largest gradient ratio in short steps from one point, by a power iteration, unit F/X²."""
    path = _tree(lambda x: np.stack([x, x]), params)
    return secant_smoothness(problem, path, geometry, rng=rng, n_directions=2).in_directions


def _largest(values: np.ndarray) -> Estimate:
    """Return the largest of the runs' values with the t interval of their mean."""
    mean = student_t_mean(values) if len(values) > 1 else Estimate(float(values[0]), 0.0, math.inf, 0.95, 1, "none")
    return Estimate(float(values.max()), mean.low, mean.high, mean.level, mean.n, "largest of the runs")


def run_estimated_cell(cell: Cell, device: str = "cpu") -> dict[str, object]:
    """Return the columns of a cell whose constants are estimated.

    The tuning uses the constants at the start; the bound those of the whole run, the largest over its snapshots and
    runs. A secant never exceeds the smoothness, so the bound is an estimate and a comparison is never called *holds*.

    Raises
    ------
    ParameterError
        If the noise is not that of a data set.
    """
    from .cell import bound_of, simulate_cell, statistics_of

    problem, noise = _build(cell, 0)
    if "batch_size" not in inspect.getattr_static(type(noise), "__annotations__", {}):
        fail(ParameterError, "study", "noise", "be minibatch noise with estimated constants", noise.name)
    geometry = _geometry(cell, problem.start)
    n_steps = int(cell.point["horizon"])  # type: ignore[call-overload]
    gap = float(problem.initial_gap)
    rng = Streams({"directions": cell.axes}, cell.block).generator("data")
    at_start = (smoothness_at(problem, problem.start, geometry, rng), sigma_at(problem, noise, problem.start, geometry))
    found = tuned(gap, *at_start, n_steps)
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=at_start[1], source="estimated at the start")
    world = World(problem, noise, geometry, gap, at_start[0], shape)
    step_size, momentum = float(found.step_size), float(found.momentum)
    if cell.point["tuning"] == "empirical":
        from .tuning import best_step_size

        def pilot(tried: float) -> np.ndarray:
            pilot_seed = {"pilot": cell.axes}
            return simulate_cell(
                cell, world, tried, momentum, pilot_seed, PILOT_REPEATS, 0, device
            ).stationarity_mean

        step_size = best_step_size(cell, step_size, pilot)
    observer = AlongTheRun(geometry, max(1, n_steps // N_SNAPSHOTS))
    trajectory = simulate_cell(
        cell, world, step_size, momentum, cell.axes, cell.block_size, cell.first_repeat, device, cell.record,
        (observer,),
    )  # fmt: skip
    smoothness, sigma = _constants(cell, world, observer, rng)
    final = World(
        problem, noise, geometry, gap, smoothness.value, MomentShape(constant=1.0, moment_order=2.0, sigma=sigma.value)
    )
    constants = {
        "initial_gap": gap,
        "smoothness": smoothness.value,
        "smoothness_low": smoothness.low,
        "smoothness_high": smoothness.high,
        "sigma": sigma.value,
        "sigma_low": sigma.low,
        "sigma_high": sigma.high,
        "moment_order": 2.0,
        "step_size": step_size,
        "momentum": momentum,
        "constants": "estimated",
    }
    return statistics_of(trajectory) | constants | bound_of(cell, final, step_size, momentum)


def _constants(cell: Cell, world: World, observer: AlongTheRun, rng: np.random.Generator) -> tuple[Estimate, Estimate]:
    """Return the smoothness and sigma of the whole run: the largest over snapshots and runs."""
    runs = range(cell.block_size)
    sigma = np.zeros(cell.block_size)
    smoothness = np.zeros(cell.block_size) if observer.secants is None else np.array(observer.secants)
    for params in observer.snapshots:
        for run in runs:
            point = _at(params, run)
            sigma[run] = max(sigma[run], sigma_at(world.problem, world.noise, point, world.geometry))
            found = smoothness_at(world.problem, point, world.geometry, rng)
            smoothness[run] = max(smoothness[run], found)
    return _largest(smoothness), _largest(sigma)
