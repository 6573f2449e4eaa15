"""Series: the steps of one run without its decay; Forward: a known map, run on many averages at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..convention import UNIT_ROUNDOFF, Convention, Decay, PolynomialMap, PowerMap
from ..momentum import Momentum
from ..probe import Run
from ..reference import reference_updates
from ..rounding import EXACT, Rounding

__all__ = ["Basis", "Forward", "Series", "finite_steps", "series_of", "stored_unit"]

Basis = dict[str, np.ndarray]
"""What the average of each block is made of: gradients, one under another."""


def stored_unit(run: Run) -> float:
    """Return the unit roundoff of the numbers that a run came back in; that of float32 where it is another type."""
    units = [UNIT_ROUNDOFF.get(name, 0.0) for name in (run.dtype, run.result_dtype)]
    return max(units) or UNIT_ROUNDOFF["float32"]


def finite_steps(run: Run) -> int:
    """Return how many steps from the first on have only finite results of the right shape."""
    for k, blocks in enumerate(run.parameters):
        for name, start in run.probe.start.items():
            if name not in blocks or blocks[name].shape != start.shape or not np.isfinite(blocks[name]).all():
                return k
    return min(len(run.parameters), run.probe.n_steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The steps of a run, decay taken out.

    Attributes
    ----------
    run : Run
        Where they come from.
    gradients : tuple of mappings of block to array
        What was averaged: of l2, with the decay in it.
    updates : tuple of mappings of block to array
        U of ``X <- X - ηU``.
    noise : tuple of mappings of block to float
        Root mean square error of an entry of U by storing X alone.
    """

    run: Run
    gradients: tuple[dict[str, np.ndarray], ...]
    updates: tuple[dict[str, np.ndarray], ...]
    noise: tuple[dict[str, float], ...]

    @property
    def name(self) -> str:
        """Return the name of the probe, with the dtype where it is not float32."""
        return self.run.probe.name + ("" if self.run.dtype == "float32" else f" ({self.run.dtype})")

    @property
    def n_steps(self) -> int:
        """Return the number of steps."""
        return len(self.updates)

    @property
    def blocks(self) -> tuple[str, ...]:
        """Return the names of the blocks."""
        return tuple(self.run.probe.start)

    def basis(self, k: int, *, with_previous: bool) -> Basis:
        """Return ``G_0 … G_k`` of each block, then ``G'_1 … G'_k`` where asked for, shape (k + 1 or 2k + 1, …)."""
        previous = self.run.probe.previous_gradients
        stacks = {}
        for name in self.blocks:
            rows = [one[name] for one in self.gradients[: k + 1]]
            if with_previous and previous is not None:
                rows += [np.asarray(one[name], dtype=float) for one in previous[1 : k + 1]]
            stacks[name] = np.stack(rows)
        return stacks

    def update(self, k: int) -> np.ndarray:
        """Return the update of a step, all entries of all blocks in one row."""
        return np.concatenate([self.updates[k][name].ravel() for name in self.blocks])

    def storage(self, k: int) -> np.ndarray:
        """Return the storage error of every entry of :meth:`update`."""
        return np.concatenate([np.full(self.updates[k][name].size, self.noise[k][name]) for name in self.blocks])


def series_of(run: Run, decay: Decay = Decay(), factors: Sequence[float] = ()) -> Series | None:
    """Return the steps of a run without a decay, or None where none is finite.

    ``factors`` are the step sizes over the first that the decay is known to follow.
    """
    n_steps = finite_steps(run)
    if n_steps == 0:
        return None
    eta = run.probe.step_size if run.knows_step_size else 1.0
    unit = stored_unit(run)
    x = {name: np.asarray(block, dtype=float) for name, block in run.probe.start.items()}
    gradients, updates, noise = [], [], []
    for k in range(n_steps):
        after = run.parameters[k]
        g = {name: np.asarray(run.probe.gradients[k][name], dtype=float) for name in x}
        if decay.form == "l2":
            g = {name: g[name] + decay.rate * x[name] for name in x}
        gradients.append(g)
        updates.append({name: _without_decay(decay, x[name], after[name], eta, _at(factors, k)) for name in x})
        # X_{k+1} is stored after one or two roundings, each within unit/√3 of it in the mean square
        noise.append({name: unit * _rms(after[name]) * np.sqrt(2 / 3) / eta for name in x})
        x = {name: np.asarray(after[name], dtype=float) for name in x}
    return Series(run=run, gradients=tuple(gradients), updates=tuple(updates), noise=tuple(noise))


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x * x))) if x.size else 0.0


def _at(factors: Sequence[float], k: int) -> float:
    return factors[min(k, len(factors) - 1)] if factors else 1.0


def _without_decay(decay: Decay, x: np.ndarray, after: np.ndarray, eta: float, factor: float) -> np.ndarray:
    """Return U from X before and after a step of ``factor`` times the first."""
    now = eta * factor
    rates = {"decoupled": now * decay.rate, "independent": decay.rate, "squared": now * now * decay.rate}
    if decay.form in rates:
        kept = 1 - rates[decay.form]
        return (x - after / kept) / eta if decay.after else (kept * x - after) / eta
    plain = (x - after) / eta
    if decay.form == "cautious":
        # an entry was decayed where what is left without the decay still has the sign of X
        decayed = plain - factor * decay.rate * x
        return np.where(np.sign(decayed) == np.sign(x), decayed, plain)
    return plain


class Forward:
    """A known map with its scale: the updates of many averages at once, without momentum and decay."""

    def __init__(self, convention: Convention) -> None:
        self.convention = replace(
            convention, momentum=Momentum(), decay=Decay(), step_factors=(), stack="slices", step_size=None
        )
        of = convention.map
        self.is_homogeneous = (isinstance(of, PowerMap) and of.is_regularized) or (
            isinstance(of, PolynomialMap) and of.times_dual_norm
        )
        self.has_floor = convention.floor.form != "none" and convention.floor.value > 0
        self.floor_is_open = False  # whether the value of the floor is to be taken as known to a few digits only

    def __call__(self, basis: Basis, weights: np.ndarray, rounding: Rounding = EXACT) -> np.ndarray:
        """Return the updates for ``Σ_j w_j basis_j``, shape (count, entries), for weights of shape (count, j)."""
        averages = {name: np.tensordot(weights, rows, axes=1) for name, rows in basis.items()}
        results = reference_updates(self.convention, averages, rounding)
        return np.concatenate([results[name].reshape(len(weights), -1) for name in basis], axis=1)

    def by_floor(self, basis: Basis, weights: np.ndarray) -> np.ndarray | None:
        """Return how the updates change with the floor, for weights of shape (j,); None where it counts as known."""
        if not self.floor_is_open:
            return None
        floor = self.convention.floor
        other = Forward(replace(self.convention, floor=replace(floor, value=1.001 * floor.value)))
        return (other(basis, weights[None]) - self(basis, weights[None]))[0]

    def unit(self, dtype: str) -> float:
        """Return the unit roundoff of the inner computation."""
        return self.convention.unit_roundoff(dtype)


def usable(runs: Sequence[Run]) -> list[Run]:
    """Return the runs with a finite first step."""
    return [run for run in runs if finite_steps(run) > 0]
