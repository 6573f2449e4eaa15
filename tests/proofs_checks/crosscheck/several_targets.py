"""Optimizers of several steps in plain NumPy, written from their formulas, and the runs of the designed probes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from proofs_checks.crosscheck.convention import Convention, Decay, Floor, PolynomialMap, PowerMap
from proofs_checks.crosscheck.momentum import Momentum
from proofs_checks.crosscheck.probe import Probe, Run
from proofs_checks.crosscheck.probes import SEVERAL
from schattor_theory.geometry.polynomials import polar_schedule

__all__ = ["CUBIC", "POLAR", "Plain", "cubic", "one_step", "polar", "runs_of", "scaled"]

Direction = Callable[[np.ndarray], np.ndarray]
Average = Callable[["Plain", np.ndarray, np.ndarray, int], np.ndarray]

POLAR = Convention(map=PowerMap(p=np.inf))
CUBIC = Convention(map=PolynomialMap(schedule=polar_schedule("newton-schulz-cubic", n_steps=5)))


def polar(d: np.ndarray) -> np.ndarray:
    """Return the polar factor; zero for zero."""
    if not np.any(d):
        return np.zeros_like(d)
    u, _, vh = np.linalg.svd(d, full_matrices=False)
    return u @ vh


def cubic(d: np.ndarray) -> np.ndarray:
    """Return five cubic steps towards the polar factor."""
    norm = np.linalg.norm(d)
    if norm == 0:
        return d
    x = d / norm
    for _ in range(5):
        x = 1.5 * x - 0.5 * (x @ x.T) @ x
    return x


@dataclass
class Plain:
    """An optimizer of one matrix: ``average`` may keep what it likes in ``memory``."""

    average: Average
    direction: Direction = polar
    decay: Callable[[np.ndarray, np.ndarray, float, int], np.ndarray] | None = None
    factor: Callable[[int], float] = lambda k: 1.0
    memory: dict = field(default_factory=dict)
    k: int = 0

    def step(self, x: np.ndarray, g: np.ndarray, previous: np.ndarray, eta: float) -> np.ndarray:
        """Return the weights after a step."""
        self.memory["x"] = x
        u = self.direction(self.average(self, g, previous, self.k)).astype(x.dtype)
        size = eta * self.factor(self.k)
        self.k += 1
        if self.decay is not None:
            return self.decay(x, u, size, self.k - 1)
        return x - x.dtype.type(size) * u


def runs_of(
    make: Callable[[], Plain],
    probes: Sequence[Probe] = SEVERAL,
    dtype: str = "float32",
    *,
    forgets: bool = False,
) -> list[Run]:
    """Return the runs of an optimizer on probes, block by block; a forgetful one loses its state when it is saved."""
    runs = []
    for probe in probes:
        optimizers = {name: make() for name in probe.start}
        x = {name: block.astype(dtype) for name, block in probe.start.items()}
        results = []
        for k in range(probe.n_steps):
            if forgets and probe.saved_before == k:
                optimizers = {name: make() for name in probe.start}
            before = probe.previous_gradients or probe.gradients
            x = {
                name: optimizers[name]
                .step(block, probe.gradients[k][name].astype(dtype), before[k][name].astype(dtype), probe.step_size)
                .astype(dtype)
                for name, block in x.items()
            }
            results.append({name: block.astype(float) for name, block in x.items()})
        runs.append(Run(probe=probe, parameters=tuple(results), dtype=dtype, result_dtype=dtype))
    return runs


def one_step(convention: Convention) -> Convention:
    """Return what one step says of a convention: factors and floors in units of the first average."""
    first = float(convention.momentum.weights(0)[0])
    of, scale, floor = convention.map, convention.scale, convention.floor
    if isinstance(of, PowerMap) and of.is_regularized:
        scale = replace(scale, factor=scale.factor * first)
    if floor.form != "none":
        floor = Floor(value=floor.value / first, form=floor.form)
    if convention.decay.after:
        scale = replace(scale, factor=scale.factor * (1 - convention.decay.rate))
    return replace(convention, momentum=Momentum(), decay=Decay(), step_factors=(), scale=scale, floor=floor)


def scaled(direction: Direction, factor: float) -> Direction:
    """Return a direction times a number."""
    return lambda d: factor * direction(d)
