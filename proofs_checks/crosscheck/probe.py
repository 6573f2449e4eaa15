"""Probe: inputs that an optimizer is run on; Run: what came out. Diagnosis sees nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["ONE", "Blocks", "Probe", "Run", "one_block"]

ONE = "w"
"""Name of the block of a probe that has a single one."""

Blocks = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Parameters at the start and the gradient of every step: the gradients do not depend on the parameters.

    Attributes
    ----------
    name : str
        Unique among the probes of a run, usable as a file name.
    purpose : str
        What it is there to show, in words.
    start : mapping of block to array
        ``X_0`` in float64; every entry is exact in the dtype of the run.
    gradients : tuple of mappings of block to array
        ``G_0, G_1, …`` in float64, one for each step.
    previous_gradients : tuple of mappings, or None
        For recursive momentum: at step k the gradient of its sample at the parameters before; the first is not used.
    step_size : float
        η at every step, where the target takes one.
    saved_before : int or None
        The state is written, a new optimizer is made, and the state is read back, before this step.
    """

    name: str
    purpose: str
    start: Blocks
    gradients: tuple[Blocks, ...]
    previous_gradients: tuple[Blocks, ...] | None = None
    step_size: float = 1.0
    saved_before: int | None = None

    @property
    def n_steps(self) -> int:
        """Return the number of steps."""
        return len(self.gradients)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each block."""
        return {name: tuple(block.shape) for name, block in self.start.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a target did with a probe.

    Attributes
    ----------
    probe : Probe
        The inputs.
    parameters : tuple of mappings of block to array
        ``X_1, X_2, …`` as float64 copies; fewer than steps when it stopped.
    dtype : str
        Of the parameters that went in: "float32", "float64", "bfloat16", "float16".
    result_dtype : str
        Of those that came back; another one is a finding.
    status : str
        "ok"; else "raised: …", "hung: …", "wrong shape: …", "ended: …".
    inputs_changed : tuple of str
        Inputs that were written to and that belong to the caller, in words; parameters updated in place do not count
        where the kind of target works in place.
    knows_step_size : bool
        Whether ``probe.step_size`` was given to the target; otherwise its step size is its own and unknown.
    """

    probe: Probe
    parameters: tuple[Blocks, ...]
    dtype: str
    result_dtype: str
    status: str = "ok"
    inputs_changed: tuple[str, ...] = ()
    knows_step_size: bool = True

    @property
    def is_ok(self) -> bool:
        """Return whether every step was made."""
        return self.status == "ok"

    def update(self, step: int = 0, block: str = ONE) -> np.ndarray:
        """Return ``(X_k - X_{k+1})/η`` of a step, decay included; η counts as 1 where it is unknown."""
        before = self.probe.start[block] if step == 0 else self.parameters[step - 1][block]
        size = self.probe.step_size if self.knows_step_size else 1.0
        return (before - self.parameters[step][block]) / size


def one_block(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Return a matrix as the single block of a probe."""
    return {ONE: matrix}
