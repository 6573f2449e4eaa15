"""A cell on real data: smoothness and sigma are estimated along the whole run, and the largest are taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds.tuning import tuned
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import Geometry, ProductGeometry, SchattenGeometry, dual_exponent
from synthetic import NOISES, PROBLEMS
from synthetic.estimates import Estimate, student_t_mean
from synthetic.problems.estimated import secant_smoothness
from synthetic.seeds import Streams
from synthetic.simulate import Snapshot

from ..known import shape_itself
from .cell import bound_of, simulate_cell, statistics_of
from .plan import Cell
from .point import exponent_at, integer_at, world_at
from .tuning import best_step_size
from .world import World, builder_of

__all__ = ["AlongTheRun", "run_estimated_cell"]

N_SNAPSHOTS = 6
"""Points of each run at which sigma, and the smoothness in the worst direction found, are estimated."""

PILOT_REPEATS = 2
_CHUNK = 64  # samples whose gradients are held at once: 64 × 512 × 64 numbers are 17 MB


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

    def __call__(self, snapshot: Snapshot) -> None:
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
        return SchattenGeometry(exponent_at(cell.point, "p"))
    return ProductGeometry(dict.fromkeys(start, cell.point["p"]), balance=cell.point.get("balance", math.inf))


def _build(cell: Cell, repeat: int) -> tuple[Any, Any]:
    """Return the problem and noise of one repeat, each with a start of its own.

    Raises
    ------
    ParameterError
        If the noise is not that of a data set.
    """
    build, options = builder_of(PROBLEMS, world_at(cell.point, "problem"))
    if "width" in cell.point:
        options["width"] = cell.point["width"]
    rng = Streams({"world": cell.axes}, repeat).generator("start")
    problem = build(None, None, smoothness=None, initial_gap=None, rng=rng, **options)
    build, options = builder_of(NOISES, world_at(cell.point, "noise"))
    noise = build(None, None, sigma=None, rng=None, **options)
    if not hasattr(noise, "batch_size"):
        fail(ParameterError, "study", "noise", "be minibatch noise with estimated constants", noise.name)
    return problem, noise


def sigma_at(problem: Any, batch_size: int, params: Any, geometry: Geometry) -> float:
    """Return the least sigma of N2 at one point, from all samples, unit F/X; T7's for several blocks.

    Each block takes the side on which its covariance is the smaller matrix; either makes N2 hold.

    Parameters
    ----------
    problem : object
        With ``n_samples`` and ``minibatch_gradient``.
    batch_size : int
        Samples in a batch, drawn with replacement.
    params : array (m, n) or dict of blocks
        The point.
    geometry : SchattenGeometry or ProductGeometry
        Its dual norm measures the root of the covariance.
    """
    full = problem.gradient(params)
    total: Any = None
    for first in range(0, problem.n_samples, _CHUNK):
        indices = np.arange(first, min(first + _CHUNK, problem.n_samples))[:, None]
        points = _tree(lambda x, k=len(indices): np.broadcast_to(x, (k, *x.shape)), params)
        part = _tree(lambda z, mean: _gram(z - mean), problem.minibatch_gradient(points, indices), full)
        total = part if total is None else _tree(np.add, total, part)
    n_draws = problem.n_samples * batch_size
    if not isinstance(geometry, ProductGeometry):
        return _root_norm(total / n_draws, geometry.q)
    q = {b: dual_exponent(p) for b, p in geometry.exponents.items()}
    scaled = [geometry.radii[b] * _root_norm(total[b] / n_draws, q[b]) for b in total]
    return float(np.linalg.norm(scaled, min(dual_exponent(geometry.balance), 2.0)))


def _gram(z: np.ndarray) -> np.ndarray:
    """Return ``Σ_k z_k z_kᵀ`` or ``Σ_k z_kᵀ z_k``, whichever is smaller."""
    rows = z if z.shape[-1] <= z.shape[-2] else np.swapaxes(z, -1, -2)
    rows = np.ascontiguousarray(rows).reshape(-1, rows.shape[-1])
    return rows.T @ rows


def _root_norm(covariance: np.ndarray, q: float) -> float:
    """Return ``‖Σ^{1/2}‖_q``."""
    # numerics: a zero eigenvalue comes out near eps, its root near 1e-8 of the largest: an estimate can bear it
    roots = np.sqrt(np.clip(np.linalg.eigvalsh(covariance), 0.0, None))
    return float(np.linalg.norm(roots, q))


def smoothness_along(problem: Any, path: Sequence[Any], geometry: Geometry, rng: np.random.Generator) -> float:
    """Return the largest gradient ratio between points and in short steps from them, by power iteration, unit F/X²."""
    points = [*path, path[0]] if len(path) == 1 else list(path)
    return secant_smoothness(problem, points, geometry, rng=rng, n_directions=2).value


def _largest(values: np.ndarray) -> Estimate:
    """Return the largest of the runs' values with the t interval of their mean."""
    mean = student_t_mean(values) if len(values) > 1 else Estimate(float(values[0]), 0.0, math.inf, 0.95, 1, "none")
    return Estimate(float(values.max()), mean.low, mean.high, mean.level, mean.n, "largest of the runs")


def _tuned(cell: Cell, world: World, device: str) -> tuple[float, float]:
    """Return the theory's step size and momentum for the constants at the start, or the best step size of the grid."""
    shape = shape_itself(world.shape)
    n_steps = integer_at(cell.point, "horizon")
    found = tuned(world.initial_gap, world.smoothness, shape.sigma, n_steps)
    step_size, momentum = float(found.step_size), float(found.momentum)
    if cell.point["tuning"] == "theory":
        return step_size, momentum

    def pilot(tried: float) -> np.ndarray:
        seed = {"pilot": cell.axes}
        return simulate_cell(cell, world, tried, momentum, seed, PILOT_REPEATS, 0, device).stationarity_mean

    return best_step_size(cell, step_size, pilot), momentum


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One repeat: its statistics, its constants, and the method that ran."""

    world: World
    columns: dict[str, Any]
    step_size: float
    momentum: float
    smoothness: float
    sigma: float


def _run(cell: Cell, repeat: int, device: str) -> _Run:
    problem, noise = _build(cell, repeat)
    geometry = _geometry(cell, problem.start)
    rng = Streams({"directions": cell.axes}, repeat).generator("data")
    smoothness = smoothness_along(problem, [problem.start], geometry, rng)
    sigma = sigma_at(problem, noise.batch_size, problem.start, geometry)
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=sigma)
    world = World(problem, noise, geometry, float(problem.initial_gap), smoothness, shape)
    step_size, momentum = _tuned(cell, world, device)
    observer = AlongTheRun(geometry, max(1, integer_at(cell.point, "horizon") // N_SNAPSHOTS))
    trajectory = simulate_cell(cell, world, step_size, momentum, cell.axes, 1, repeat, device, cell.record, (observer,))
    smoothness = max(smoothness, 0.0 if observer.secants is None else float(observer.secants[0]))
    path = [_tree(lambda x: x[0], params) for params in observer.snapshots]
    sigma = max(sigma, *(sigma_at(problem, noise.batch_size, point, geometry) for point in path))
    smoothness = max(smoothness, smoothness_along(problem, path, geometry, rng))
    return _Run(world, statistics_of(trajectory), step_size, momentum, smoothness, sigma)


def run_estimated_cell(cell: Cell, device: str = "cpu") -> dict[str, object]:
    """Return the columns of a cell whose constants are estimated, one start for each repeat.

    The tuning uses the constants at the start; the bound those of the whole run, the largest over its snapshots and
    the runs of the cell. A secant never exceeds the smoothness, so the bound is an estimate, and a comparison with it
    is never called *holds*.

    Raises
    ------
    ParameterError
        If the noise is not that of a data set.
    """
    runs = [_run(cell, cell.first_repeat + r, device) for r in range(cell.block_size)]
    smoothness = _largest(np.array([run.smoothness for run in runs]))
    sigma = _largest(np.array([run.sigma for run in runs]))
    gap = max(run.world.initial_gap for run in runs)
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=sigma.value)
    bounds = []
    for run in runs:
        world = World(run.world.problem, run.world.noise, run.world.geometry, gap, smoothness.value, shape)
        bounds.append(bound_of(cell, world, run.step_size, run.momentum))
    columns: dict[str, object] = {
        name: [run.columns[name][0] for run in runs] for name in runs[0].columns if name != "records"
    }
    return (
        columns
        | bounds[0]
        | {
            "bound": [found["bound"] for found in bounds],
            "step_size": [run.step_size for run in runs],
            "momentum": [run.momentum for run in runs],
            "initial_gap": [run.world.initial_gap for run in runs],
            "smoothness": smoothness.value,
            "smoothness_low": smoothness.low,
            "smoothness_high": smoothness.high,
            "sigma": sigma.value,
            "sigma_low": sigma.low,
            "sigma_high": sigma.high,
            "moment_order": 2.0,
            "constants": "estimated",
        }
    )
