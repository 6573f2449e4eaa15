"""Observation: the gradient and the first step of a run, in the singular basis of the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..probe import ONE, Run

__all__ = ["LEAST_RATIO", "Observation", "cut", "first_dtype", "observations", "regular", "sweep", "trimmed"]

LEAST_RATIO = 2.0**-10
"""Singular values below this share of the largest are lost in the rounding of float32 decompositions."""


@dataclass(frozen=True)
class Observation:
    """A gradient G and the step U that came of it.

    Attributes
    ----------
    name : str
        Of the probe, with the block where it is a part of one.
    gradient, update : array, shape (m, n)
        G and U, with U = (X_0 - X_1)/η.
    dtype : str
        Of the run.
    shape : tuple of int
        Of the whole parameter, where G is a block of it.
    """

    name: str
    gradient: np.ndarray
    update: np.ndarray
    dtype: str
    shape: tuple[int, ...]

    @cached_property
    def _basis(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        # numerics: a power of two is divided out, so that 2^±100 leaves the range of nothing
        scale = 2.0 ** math.floor(math.log2(np.max(np.abs(self.gradient))))
        left, s, right = np.linalg.svd(self.gradient / scale, full_matrices=False)
        return left, s * scale, right

    @property
    def s_in(self) -> np.ndarray:
        """Return the singular values of G, largest first."""
        return self._basis[1]

    @cached_property
    def s_out(self) -> np.ndarray:
        """Return the diagonal of U in the singular basis of G, with signs."""
        left, _, right = self._basis
        return np.sum((left.T @ self.update) * right, axis=1)

    @cached_property
    def outside(self) -> np.ndarray:
        """Return what U has off that diagonal, shape (m, n)."""
        left, _, right = self._basis
        return self.update - (left * self.s_out) @ right

    @cached_property
    def size(self) -> float:
        """Return ``‖U‖_F``."""
        return float(np.linalg.norm(self.update))

    @cached_property
    def gradient_norm(self) -> float:
        """Return ``‖G‖_F``."""
        return float(np.linalg.norm(self.s_in))

    @property
    def outside_share(self) -> float:
        """Return ``‖off the diagonal‖_F/‖U‖_F``: 0 for a map of singular values alone."""
        return float(np.linalg.norm(self.outside)) / self.size if self.size > 0 else 0.0

    @cached_property
    def is_full_rank(self) -> bool:
        """Return whether the least singular value is well above rounding."""
        return bool(self.s_in[-1] > 1e-9 * self.s_in[0])

    @cached_property
    def is_finite(self) -> bool:
        """Return whether every entry of U is a finite number."""
        return bool(np.all(np.isfinite(self.update)))

    def with_update(self, update: np.ndarray) -> Observation:
        """Return the observation with another step, the decomposition of the gradient kept."""
        other = Observation(self.name, self.gradient, update, self.dtype, self.shape)
        other.__dict__["_basis"] = self._basis
        return other

    def part(self, rows: slice, columns: slice, label: str) -> Observation:
        """Return the observation of a block."""
        return Observation(
            f"{self.name}, {label}", self.gradient[rows, columns], self.update[rows, columns], self.dtype, self.shape
        )


def observations(runs: Iterable[Run]) -> tuple[Observation, ...]:
    """Return the first steps of runs with one matrix, whose gradient is finite and not zero.

    Those of probes with one step, the usual step size and zero parameters; of all others only where there are none.
    """
    runs = tuple(runs)
    sizes = [run.probe.step_size for run in runs if run.probe.n_steps == 1]
    usual = max(sorted(set(sizes)), key=sizes.count) if sizes else 1.0
    found: list[list[Observation]] = [[], []]
    for run in runs:
        shape = run.probe.shapes.get(ONE, ())
        if set(run.probe.shapes) != {ONE} or len(shape) != 2 or 0 in shape or not run.parameters:
            continue
        gradient = np.asarray(run.probe.gradients[0][ONE], dtype=np.float64)
        after = run.parameters[0].get(ONE)
        if after is None or np.shape(after) != shape or not np.all(np.isfinite(gradient)) or not np.any(gradient):
            continue
        # decay after the step makes it shorter, by more for a larger step size
        is_other = run.probe.n_steps > 1 or run.probe.step_size != usual or bool(np.any(run.probe.start[ONE]))
        one = Observation(run.probe.name, gradient, np.asarray(run.update(0)), run.dtype, shape)
        found[is_other].append(one)
    return tuple(found[0] or found[1])


def first_dtype(seen: Iterable[Observation]) -> str:
    """Return the dtype that most observations have."""
    names = [one.dtype for one in seen]
    return max(sorted(set(names)), key=names.count) if names else "float32"


def sweep(seen: Iterable[Observation]) -> dict[int, Observation]:
    """Return the observations of one gradient times powers of two, by power; those of the gradient seen most often."""
    groups: dict[bytes, dict[int, Observation]] = {}
    for one in seen:
        power = math.frexp(float(np.max(np.abs(one.gradient))))[1]
        key = (one.gradient * 2.0**-power).tobytes() + repr(one.gradient.shape).encode()
        groups.setdefault(key, {}).setdefault(power, one)
    longest = max(groups.values(), key=len, default={})
    return dict(sorted(longest.items())) if len(longest) > 2 else {}


def regular(seen: Iterable[Observation]) -> tuple[Observation, ...]:
    """Return the observations at ordinary gradients: finite, matrices proper, of full rank, of ordinary size, no sweep.

    Of those none of which is of ordinary size, all sizes.
    """
    seen = tuple(seen)
    middle = tuple(sweep(seen).values())
    repeated = {id(one) for one in middle if not 2.0**-2 <= np.max(np.abs(one.gradient)) < 2.0**5}
    proper = [
        one
        for one in seen
        if one.is_finite
        and one.size > 0
        and min(one.gradient.shape) > 1
        and one.is_full_rank
        and one.s_in[-1] > LEAST_RATIO * one.s_in[0]
        and id(one) not in repeated
    ]
    ordinary = [one for one in proper if 2.0**-6 <= np.max(np.abs(one.gradient)) <= 2.0**10]
    return tuple(ordinary or proper)


def cut(one: Observation) -> tuple[np.ndarray, np.ndarray]:
    """Return the singular values in and out, without those too small to be told from rounding."""
    kept = one.s_in > LEAST_RATIO * one.s_in[0]
    return one.s_in[kept], one.s_out[kept]


def trimmed(shares: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the root mean square of the smaller three quarters: a probe that is a case of its own does not decide."""
    ordered = np.sort(np.square(shares), axis=axis)
    kept = max(1, math.ceil(0.75 * ordered.shape[axis]))
    return np.sqrt(np.mean(np.take(ordered, np.arange(kept), axis=axis), axis=axis))
