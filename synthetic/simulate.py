"""Simulation: problem × noise × optimizer × repeats, stepped as one stack. The only loop that calls ``step``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from schattor_theory import Schattor
from schattor_theory.checks import check_choice, check_integer, fail
from schattor_theory.errors import ParameterError, ShapeError
from schattor_theory.geometry import ProductGeometry

from .seeds import Streams
from .trajectory import Trajectory

__all__ = ["RECORDS", "Snapshot", "simulate"]

RECORDS = ("stationarity", "value", "momentum_error", "block_stationarity")
"""Paths that ``record=`` can keep."""

_KEPT_STEPS = 1000  # thinning: about this many steps of a recorded path are kept
_DRAW_BYTES = 64 * 2**20  # memory for the draws of a block of steps; streams do not depend on it

Blocks = Any
"""One array (R, m, n), or a dict of blocks."""


class Snapshot(NamedTuple):
    """One step as an observer sees it; arrays have the stack axis R first and must not be written to.

    Attributes
    ----------
    k : int
        Step number, from 0.
    params, gradient, noise : array (R, m, n) or dict of blocks
        ``X_k``, the true gradient there, and ``Z_k``: the optimizer was given their sum ``G_k``.
    state : SchattorState
        The state after the step, with ``M_k``.
    next_params : array (R, m, n) or dict of blocks
        ``X_{k+1}``.
    """

    k: int
    params: Blocks
    gradient: Blocks
    noise: Blocks
    state: Any
    next_params: Blocks


def simulate(
    problem: Any,
    noise: Any,
    optimizer: Schattor,
    *,
    n_steps: int,
    repeats: int,
    seed: object,
    record: Iterable[str] = (),
    first_repeat: int = 0,
    observers: Iterable[Callable[[Snapshot], None]] = (),
) -> Trajectory:
    """Return the trajectory of ``repeats`` independent runs of ``n_steps`` steps.

    The random numbers of a run are a function of ``seed`` and of its repeat index alone, so runs do not change when
    others are added, and a longer run begins like a shorter one.

    Parameters
    ----------
    problem, noise : from ``PROBLEMS`` and ``NOISES``, or with the same methods
        The world; the problem starts at ``problem.start``.
    optimizer : Schattor
        The method; its geometry measures stationarity.
    n_steps, repeats : int
        K >= 1 and R >= 1.
    seed : int, str or mapping of axes
        What the streams belong to.
    record : str or iterable of str
        Names in ``RECORDS`` of paths to keep, thinned to about a thousand steps.
    first_repeat : int
        Index of the first run's streams.
    observers : iterable of callables
        Called with a :class:`Snapshot` after every step.

    Returns
    -------
    Trajectory
        Statistics of each run, over the stationarity at ``X_0 … X_{K-1}``; a run that failed has a status instead.

    Raises
    ------
    ParameterError, UnknownNameError, ShapeError
        For counts below 1, an unknown record, or a start that does not fit the optimizer's geometry.
    """
    call = "simulate"
    n_steps = check_integer(call, "n_steps", n_steps, minimum=1)
    repeats = check_integer(call, "repeats", repeats, minimum=1)
    first_repeat = check_integer(call, "first_repeat", first_repeat, minimum=0)
    record = (record,) if isinstance(record, str) else record
    kept = tuple(dict.fromkeys(check_choice(call, "record", name, RECORDS) for name in record))
    observers = tuple(observers)
    _check_fit(problem.start, optimizer)
    if "block_stationarity" in kept and not isinstance(optimizer.geometry, ProductGeometry):
        way_out = 'Record "stationarity": a single matrix has no blocks.'
        fail(ParameterError, call, "record", "leave out block_stationarity without a ProductGeometry", kept, way_out)

    streams = [Streams(seed, r) for r in range(first_repeat, first_repeat + repeats)]
    params = _tree(lambda x: np.repeat(np.asarray(x)[None], repeats, axis=0), problem.start)
    statistics = _Statistics(optimizer, n_steps, repeats, kept)
    value_first = np.broadcast_to(np.asarray(problem.value(params), dtype=float), (repeats,)).copy()
    state, previous = optimizer.init(params), None
    # an overflow is a status of its run, so the warning of each array operation is not wanted
    with np.errstate(over="ignore", invalid="ignore"):
        for k, draws in enumerate(_draw_steps(noise, streams, n_steps)):
            gradient = problem.gradient(params)
            z = noise.realise(draws, problem, params, gradient)
            options = {}
            if optimizer.recursive and previous is not None:
                at_previous = problem.gradient(previous)
                options["previous_gradient"] = _sum(at_previous, noise.realise(draws, problem, previous, at_previous))
            statistics.see(k, gradient)
            next_params, state = optimizer.step(params, _sum(gradient, z), state, **options)
            statistics.record(k, gradient, state, lambda x=params: problem.value(x))
            statistics.status(k, state)
            for observe in observers:
                observe(Snapshot(k, params, gradient, z, state, next_params))
            previous, params = params, next_params
        value_last = np.broadcast_to(np.asarray(problem.value(params), dtype=float), (repeats,)).copy()
    indices = np.arange(first_repeat, first_repeat + repeats)
    return statistics.trajectory(repeats=indices, value_first=value_first, value_last=value_last)


def _draw_steps(noise: Any, streams: list[Streams], n_steps: int) -> Iterable[dict[str, np.ndarray]]:
    """Yield the draws of each step, stacked over the runs, drawn a block of steps at a time."""
    done, block = 0, min(n_steps, 8)
    while done < n_steps:
        drawn = [noise.draw(s, block) for s in streams]
        stacked = {name: np.stack([d[name] for d in drawn], axis=1) for name in drawn[0]}
        for i in range(block):
            yield {name: values[i] for name, values in stacked.items()}
        done += block
        bytes_a_step = max(1, sum(values.nbytes for values in stacked.values()) // block)
        block = min(n_steps - done, max(1, min(4096, _DRAW_BYTES // bytes_a_step)))


class _Statistics:
    """The streamed sums behind a :class:`Trajectory`."""

    def __init__(self, optimizer: Schattor, n_steps: int, repeats: int, kept: tuple[str, ...]) -> None:
        self.optimizer, self.n_steps, self.repeats, self.kept = optimizer, n_steps, repeats, kept
        self._sums = {name: np.zeros(repeats) for name in ("mean", "squared", "weighted", "second_half")}
        self._blocks: dict[str, np.ndarray] = {}
        self._weight = 0.0
        self._least = np.full(repeats, np.inf)
        self._first = self._last = np.full(repeats, np.nan)
        self._status = np.full(repeats, "ok", dtype=object)
        self._paths: dict[str, list[np.ndarray]] = {name: [] for name in kept}
        self._steps: list[int] = []
        self._every = max(1, n_steps // _KEPT_STEPS)

    def see(self, k: int, gradient: Blocks) -> None:
        """Add the stationarity of step k."""
        now, blocks = self._stationarity(gradient)
        self._last = now
        if k == 0:
            self._first = now
        step_size = self.optimizer.step_size_at(k)
        self._weight += step_size
        self._sums["mean"] += now
        self._sums["squared"] += now * now
        self._sums["weighted"] += step_size * now
        if k >= self.n_steps // 2:
            self._sums["second_half"] += now
        self._least = np.minimum(self._least, now)
        for name, values in blocks.items():
            self._blocks[name] = self._blocks.get(name, 0) + values

    def _stationarity(self, gradient: Blocks) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        geometry = self.optimizer.geometry
        finite = _finite_runs(gradient)
        safe = gradient if finite.all() else _tree(lambda g: np.where(finite[:, None, None], g, 0.0), gradient)
        blocks = {}
        if isinstance(geometry, ProductGeometry):
            blocks = geometry.block_dual_norms(safe, check_finite=False)
        now = np.asarray(geometry.dual_norm(safe, check_finite=False), dtype=float)
        return np.where(finite, now, np.nan), blocks

    def record(self, k: int, gradient: Blocks, state: Any, value: Callable[[], np.ndarray]) -> None:
        """Keep the recorded paths of step k, when it is one of the kept steps."""
        if not self.kept or k % self._every:
            return
        self._steps.append(k)
        for name in self.kept:
            if name == "stationarity":
                path = self._last
            elif name == "value":
                path = np.broadcast_to(np.asarray(value(), dtype=float), (self.repeats,))
            elif name == "momentum_error":
                path = self._stationarity(_sum(state.momentum, _tree(np.negative, gradient)))[0]
            else:
                path = np.stack(list(self._stationarity(gradient)[1].values()), axis=-1)
            self._paths[name].append(np.array(path))

    def status(self, k: int, state: Any) -> None:
        """Note the runs whose step k had to be skipped."""
        for run in np.flatnonzero((np.asarray(state.status) != 0) & (self._status == "ok")):
            self._status[run] = f"non_finite at step {k}"

    def trajectory(self, *, repeats: np.ndarray, **values: np.ndarray) -> Trajectory:
        """Return the finished statistics."""
        is_ok = self._status == "ok"
        weight = self._weight if self._weight > 0 else np.nan
        statistics = {
            "stationarity_mean": self._sums["mean"] / self.n_steps,
            "stationarity_squared_mean": self._sums["squared"] / self.n_steps,
            "stationarity_weighted_mean": self._sums["weighted"] / weight,
            "stationarity_min": self._least,
            "stationarity_first": self._first,
            "stationarity_second_half_mean": self._sums["second_half"] / (self.n_steps - self.n_steps // 2),
            "stationarity_last": self._last,
            **values,
        }
        records = {name: np.array(path) for name, path in self._paths.items()}
        if self.kept:
            records["step"] = np.array(self._steps)
        return Trajectory(
            **{name: np.where(is_ok, array, np.nan) for name, array in statistics.items()},
            repeats=repeats,
            status=self._status.astype(str),
            n_steps=self.n_steps,
            block_stationarity_mean={b: np.where(is_ok, s / self.n_steps, np.nan) for b, s in self._blocks.items()},
            records=records,
        )


def _check_fit(start: Blocks, optimizer: Schattor) -> None:
    is_product = isinstance(optimizer.geometry, ProductGeometry)
    if isinstance(start, Mapping) != is_product:
        way_out = "A problem with a dict of blocks needs a ProductGeometry, a single matrix a Schatten geometry."
        got = sorted(start) if isinstance(start, Mapping) else tuple(np.shape(start))
        fail(ShapeError, "simulate", "problem", "have a start that fits the optimizer's geometry", got, way_out)


def _tree(function: Callable[..., np.ndarray], *blocks: Blocks) -> Blocks:
    """Return ``function`` of one array, or block by block."""
    if isinstance(blocks[0], Mapping):
        return {b: function(*(x[b] for x in blocks)) for b in blocks[0]}
    return function(*blocks)


def _sum(a: Blocks, b: Blocks) -> Blocks:
    return _tree(np.add, a, b)


def _finite_runs(blocks: Blocks) -> np.ndarray:
    leaves = blocks.values() if isinstance(blocks, Mapping) else [blocks]
    return np.logical_and.reduce([np.isfinite(x).all(axis=(-2, -1)) for x in leaves])
