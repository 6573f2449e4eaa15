"""Claim: on a CUDA device runs of wide matrices are stepped faster than on all cores of the host.

Runs of the ball method at p = inf with fresh Haar noise, parameters, noise and directions on the device throughout;
the host steps them in one thread a core. Error gate: given the same random numbers, the runs have the host's
stationarity to 1e-7 relative.
"""

from __future__ import annotations

import numpy as np

import schattor_theory as st
from proofs_checks.scaling.environment import usable_cores
from schattor_theory.arrays import array_namespace
from schattor_theory.errors import SchattorError
from synthetic import NOISES, PROBLEMS, Trajectory, simulate
from synthetic.devices import Device, device_named
from synthetic.seeds import host_generator

from .measuring import CannotRunError, Gate, Measurement, paired_seconds

SIZES = ((32, 256, 32), (256, 16, 8), (1024, 2, 4))
"""Dimension, runs, steps."""

GATE = 1e-7


def world(d: int) -> tuple[object, object, st.Schattor]:
    problem = PROBLEMS["quadratic"].build((d, d), "inf", smoothness=1.0, initial_gap=0.5)
    return problem, NOISES["haar_signs"].build((d, d), "inf", sigma=1.0), st.Schattor("inf", 0.01, 0.9)


def error_of_the_device(cuda: Device) -> float:
    """Return the relative difference of the stationarity of 20 steps on the same random numbers."""
    stand_in = Device(cuda.namespace, host_generator(cuda.array, cuda.namespace))
    host = Device(np_namespace(), host_generator(np.asarray, np_namespace()))
    found = [simulate(*world(8), n_steps=20, repeats=4, seed=0, device=device) for device in (stand_in, host)]
    return float(np.abs(found[0].stationarity_mean / found[1].stationarity_mean - 1).max())


def np_namespace() -> object:
    return array_namespace(np.zeros(1))


def measure_one(cuda: Device, error: float, d: int, runs: int, steps: int, *, quick: bool) -> Measurement:
    runs, steps, pairs = (2, 2, 2) if quick else (runs, steps, 5)
    found: dict[str, Trajectory] = {}

    def run(name: str, **where: object) -> None:
        found[name] = simulate(*world(d), n_steps=steps, repeats=runs, seed=0, **where)

    device, host = paired_seconds(
        lambda: run("device", device=cuda), lambda: run("host", threads=usable_cores()), pairs=pairs
    )
    return Measurement(
        what=f"runs of the ball method at p = inf, d = {d}, on a CUDA device",
        sizes=f"{runs} runs, {steps} steps, stationarity logged every step, float64",
        peer=f"ourselves on the host, {usable_cores()} threads",
        ours=device,
        theirs=host,
        gates=(Gate(what="stationarity on the same random numbers, relative", error=error, limit=GATE),),
    )


def measure(quick: bool) -> list[Measurement]:
    """Return the paired times for each size; not run without a CUDA device, for the reason the driver gives."""
    try:
        cuda = device_named("benchmark", "cuda")
    except SchattorError as error:
        raise CannotRunError(str(error)) from error
    assert cuda is not None
    error = error_of_the_device(cuda)
    return [measure_one(cuda, error, *size, quick=quick) for size in (SIZES[:1] if quick else SIZES)]
