"""Simulation: problem × noise × optimizer × repeats, stepped in stacks that fit the cache, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from schattor_theory import Schattor
from schattor_theory.checks import check_choice, check_integer, fail
from schattor_theory.errors import ParameterError, ShapeError
from schattor_theory.geometry import ProductGeometry

from .blocks import Blocks
from .devices import Device, device_named
from .processes import in_processes
from .stepping import Snapshot, step_runs
from .threads import even_parts, in_threads, one_blas_thread
from .trajectory import Trajectory

__all__ = ["RECORDS", "TOLERANCE", "Snapshot", "simulate"]

RECORDS = ("stationarity", "value", "momentum_error", "block_stationarity")
"""Paths that ``record=`` can keep."""

TOLERANCE = 1e-12
"""Error of a direction, and relative error of a dual norm, that a run is allowed beyond rounding."""

_STACK_BYTES = 384 * 2**10
"""Most bytes of the parameters of the runs that are stepped together.

A step passes over about ten arrays of this size. Measured on two cores with 2 MB of second-level cache each: a step of
1024 runs at d = 8 costs 24 ms in stacks of 512 (256 KiB), 26 ms in one of 1024, 30 ms in stacks of 64; of 128 runs at
d = 32, 32 ms in stacks of 64 (512 KiB), 34 ms in one of 128, 38 ms in stacks of 8; of 64 runs at d = 64, 61 ms in
stacks of 16 (512 KiB), 69 ms in one of 64. Numbers of a run do not depend on it.
"""


_LEAST_BYTES = 32 * 2**10
"""Least bytes of the parameters of a stack that is made for the sake of a thread: 64 runs at d = 8.

The calls of a step take 0.2 ms, which threads do not share; below this size they are half of it.
"""


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
    threads: int = 1,
    processes: int = 1,
    device: str | Device = "cpu",
    tolerance: float | None = TOLERANCE,
) -> Trajectory:
    """Return the trajectory of ``repeats`` independent runs of ``n_steps`` steps.

    The random numbers of a run are a function of ``seed`` and of its repeat index alone, so runs do not change when
    others are added, and a longer run begins like a shorter one. BLAS has one thread meanwhile, so the numbers do not
    depend on ``threads`` or ``processes``, nor on how the runs are stacked.

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
        Called with a :class:`Snapshot` of all runs after every step. With observers the runs are one stack in one
        thread of this process.
    threads : int
        Threads that share the runs of a process, >= 1. The world's methods are then called in several threads. They
        pay where a step is long: small matrices wait for the interpreter's lock.
    processes : int
        Processes that share the runs, >= 1; the world and the optimizer are pickled, the first call waits about two
        seconds for them to start. This is the way to use all cores on small matrices.
    device : {"cpu", "cuda"} or Device
        Where parameters, noise and directions live; ``"cuda"`` takes CuPy. Only the start goes to a device, and only
        the statistics come back. All runs are one stack there, in one thread, and the random numbers are the device's
        own: a function of ``seed``, of which runs the stack holds, and of the step.
    tolerance : float or None
        Error of the directions, and relative error of the stationarity, that are allowed beyond rounding, for a
        geometry that has no tolerance of its own: faster methods are taken where their certificates are within it. An
        inexact oracle of defect δ adds at most δ times the mean stationarity to what the theory bounds: at 1e-12
        nothing that a mean over runs could show. With None none is allowed.

    Returns
    -------
    Trajectory
        Statistics of each run, over the stationarity at ``X_0 … X_{K-1}``; a run that failed has a status instead.

    Raises
    ------
    ParameterError, UnknownNameError, ShapeError
        For counts below 1, an unknown record, a start that does not fit the optimizer's geometry, or a device that
        cannot be used, or on which this problem or noise cannot run.
    """
    call = "simulate"
    n_steps = check_integer(call, "n_steps", n_steps, minimum=1)
    repeats = check_integer(call, "repeats", repeats, minimum=1)
    first_repeat = check_integer(call, "first_repeat", first_repeat, minimum=0)
    threads = check_integer(call, "threads", threads, minimum=1)
    processes = check_integer(call, "processes", processes, minimum=1)
    record = (record,) if isinstance(record, str) else record
    optimizer = _with_tolerance(optimizer, tolerance)
    kept = tuple(dict.fromkeys(check_choice(call, "record", name, RECORDS) for name in record))
    observers = tuple(observers)
    place = device_named(call, device)
    _check_fit(problem.start, optimizer)
    if "block_stationarity" in kept and not isinstance(optimizer.geometry, ProductGeometry):
        way_out = 'Record "stationarity": a single matrix has no blocks.'
        fail(ParameterError, call, "record", "leave out block_stationarity without a ProductGeometry", kept, way_out)

    def work(runs: range, is_stopped: Callable[[], bool]) -> Trajectory:
        return step_runs(
            problem, noise, optimizer, n_steps=n_steps, seed=seed, repeats=runs, kept=kept, observers=observers,
            is_stopped=is_stopped, device=place,
        )  # fmt: skip

    if place is not None:
        _check_runs_on_devices(problem=problem, noise=noise)
    is_whole = bool(observers) or place is not None
    runs = range(first_repeat, first_repeat + repeats)
    if processes > 1 and not is_whole:

        def of_process(part: range) -> Trajectory:
            return simulate(
                problem, noise, optimizer, n_steps=n_steps, repeats=len(part), seed=seed, record=kept,
                first_repeat=part.start, threads=threads, tolerance=None,
            )  # fmt: skip

        return Trajectory.joined(in_processes(of_process, even_parts(runs, -(-repeats // processes))))
    n_bytes = _bytes_of(problem.start)
    size = repeats if is_whole else max(1, _STACK_BYTES // n_bytes)
    worth = max(1, repeats * n_bytes // _LEAST_BYTES)  # smaller stacks cost more than a thread brings
    stacks = even_parts(runs, size, 1 if is_whole else min(threads, worth))
    with one_blas_thread():
        return Trajectory.joined(in_threads(work, stacks, threads))


def _with_tolerance(optimizer: Schattor, tolerance: float | None) -> Schattor:
    """Return the optimizer whose geometry has this tolerance, unless it has one, or a method, of its own."""
    geometry = optimizer.geometry
    if tolerance is None or geometry.tolerance is not None or getattr(geometry, "method", "auto") != "auto":
        return optimizer
    return replace(optimizer, geometry=geometry.with_tolerance(tolerance))


def _bytes_of(start: Blocks) -> int:
    leaves = start.values() if isinstance(start, Mapping) else [start]
    return max(1, sum(np.asarray(x).nbytes for x in leaves))


def _check_runs_on_devices(**world: Any) -> None:
    for role, part in world.items():
        if not getattr(part, "runs_on_devices", False):
            way_out = "On the host all do: device='cpu'."
            fail(ParameterError, "simulate", role, "be one that runs on a device", type(part).__name__, way_out)


def _check_fit(start: Blocks, optimizer: Schattor) -> None:
    is_product = isinstance(optimizer.geometry, ProductGeometry)
    if isinstance(start, Mapping) != is_product:
        way_out = "A problem with a dict of blocks needs a ProductGeometry, a single matrix a Schatten geometry."
        got = sorted(start) if isinstance(start, Mapping) else tuple(np.shape(start))
        fail(ShapeError, "simulate", "problem", "have a start that fits the optimizer's geometry", got, way_out)
