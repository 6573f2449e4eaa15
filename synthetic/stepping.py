"""Stepping a stack of runs: the only loop that calls ``step``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from schattor_theory import Schattor

from .blocks import Blocks, map_blocks, sum_of
from .devices import Device
from .seeds import DeviceStreams, Streams
from .statistics import RunStatistics
from .trajectory import Trajectory

__all__ = ["Snapshot", "StoppedError", "step_runs"]

# Most memory and most steps of the draws of a block of steps; streams do not depend on it. The call that draws for a
# run costs about 10 µs, so that 64 steps make it small, and 256 keep the memory of long runs flat.
_DRAW_BYTES, _DRAW_STEPS = 16 * 2**20, 256


class StoppedError(RuntimeError):
    """The runs were given up between two steps."""


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


def step_runs(
    problem: Any,
    noise: Any,
    optimizer: Schattor,
    *,
    n_steps: int,
    seed: object,
    repeats: range,
    kept: tuple[str, ...] = (),
    observers: tuple[Callable[[Snapshot], None], ...] = (),
    is_stopped: Callable[[], bool] = lambda: False,
    device: Device | None = None,
) -> Trajectory:
    """Return the trajectory of the runs with these indices, stepped as one stack.

    On a device the parameters, the noise and the directions stay there; only the start goes to it, and only the
    statistics come back, at the end.

    Raises
    ------
    StoppedError
        When ``is_stopped`` says so, which is asked before every step.
    """
    params = map_blocks(lambda x: np.repeat(np.asarray(x)[None], len(repeats), axis=0), problem.start)
    if device is None:
        all_draws = _draw_steps(noise, Streams.stack(seed, repeats), n_steps)
    else:
        all_draws = _draw_steps_on(noise, DeviceStreams(seed, repeats, device.make_generator), n_steps)
        params = map_blocks(device.array, params)
    statistics = RunStatistics(optimizer, params, n_steps, kept)
    value_first = problem.value(params)
    state, previous = optimizer.init(params), None
    # an overflow is a status of its run, so the warning of each array operation is not wanted
    with np.errstate(over="ignore", invalid="ignore"):
        for k, draws in enumerate(all_draws):
            if is_stopped():
                raise StoppedError(f"step_runs: given up before step {k}.")
            gradient = problem.gradient(params)
            z = noise.realise(draws, problem, params, gradient)
            options: dict[str, Blocks] = {}
            if optimizer.recursive and previous is not None:
                at_previous = problem.gradient(previous)
                options["previous_gradient"] = sum_of(at_previous, noise.realise(draws, problem, previous, at_previous))
            statistics.see(k, gradient)
            next_params, state = optimizer.step(params, sum_of(gradient, z), state, **options)
            statistics.record(k, gradient, state, functools.partial(problem.value, params))
            statistics.status(k, state)
            for observe in observers:
                observe(Snapshot(k, params, gradient, z, state, next_params))
            previous, params = params, next_params
        value_last = problem.value(params)
    return statistics.trajectory(repeats=np.array(repeats), value_first=value_first, value_last=value_last)


def _draw_steps(noise: Any, streams: list[Streams], n_steps: int) -> Iterator[Mapping[str, np.ndarray]]:
    """Yield the draws of each step, stacked over the runs, drawn a block of steps at a time."""
    done, block = 0, min(n_steps, 8)
    while done < n_steps:
        drawn = [noise.draw(s, block) for s in streams]
        stacked = {name: np.stack([d[name] for d in drawn], axis=1) for name in drawn[0]}
        del drawn
        for i in range(block):
            yield {name: values[i] for name, values in stacked.items()}
        done += block
        bytes_a_step = max(1, sum(values.nbytes for values in stacked.values()) // block)
        block = min(n_steps - done, max(1, min(_DRAW_STEPS, _DRAW_BYTES // bytes_a_step)))


def _draw_steps_on(noise: Any, streams: DeviceStreams, n_steps: int) -> Iterator[Mapping[str, Any]]:
    """Yield the draws of each step on a device; the last block is drawn whole too."""
    done, block = 0, 0
    while done < n_steps:
        drawn, steps = noise.draw_on(streams, block)
        for i in range(min(steps, n_steps - done)):
            yield {name: values[i, ...] for name, values in drawn.items()}
        done, block = done + steps, block + 1
