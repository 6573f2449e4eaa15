"""Trajectory: what a stack of runs did, as statistics streamed while it ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from .plain import plain

__all__ = ["Trajectory"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectory:
    """Statistics of R runs of K steps; each array has shape (R,).

    Stationarity is the dual norm of the *true* gradient in the optimizer's geometry, at ``X_0 … X_{K-1}``, unit F/X.
    A run whose status is not ``"ok"`` has NaN statistics.

    Attributes
    ----------
    stationarity_mean, stationarity_squared_mean : array
        Means over the steps of the stationarity and of its square: what T5 and T6 bound.
    stationarity_weighted_mean : array
        Mean weighted by the step sizes: what the any-schedule form of T5 bounds.
    stationarity_min, stationarity_first, stationarity_second_half_mean, stationarity_last : array
        Least, at ``X_0``, mean over ``k >= K//2``, at ``X_{K-1}``.
    value_first, value_last : array
        Objective at ``X_0`` and ``X_K``, unit F.
    status : array of str
        ``"ok"``, or what happened to the run and at which step.
    n_steps : int
        K.
    repeats : array of int
        Index of each run's random streams.
    block_stationarity_mean : dict of arrays
        For several blocks, the mean dual norm of each block's own gradient.
    records : dict of arrays
        What ``record=`` asked for, axis 0 over the kept steps ``records["step"]``, axis 1 over runs.
    tolerance : float or None
        Error of directions and relative error of norms that was allowed beyond rounding; None when none was.
    """

    stationarity_mean: np.ndarray
    stationarity_squared_mean: np.ndarray
    stationarity_weighted_mean: np.ndarray
    stationarity_min: np.ndarray
    stationarity_first: np.ndarray
    stationarity_second_half_mean: np.ndarray
    stationarity_last: np.ndarray
    value_first: np.ndarray
    value_last: np.ndarray
    status: np.ndarray
    n_steps: int
    repeats: np.ndarray
    block_stationarity_mean: Mapping[str, np.ndarray] = field(default_factory=dict)
    records: Mapping[str, np.ndarray] = field(default_factory=dict)
    tolerance: float | None = None

    @classmethod
    def joined(cls, parts: Sequence[Trajectory]) -> Trajectory:
        """Return the trajectory of the runs of all ``parts``, in their order; each has the same steps and records."""
        if len(parts) == 1:
            return parts[0]
        first = parts[0]
        whole: dict[str, Any] = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(cls)
            if f.name not in ("n_steps", "block_stationarity_mean", "records", "tolerance")
        }
        means = {
            b: np.concatenate([part.block_stationarity_mean[b] for part in parts])
            for b in first.block_stationarity_mean
        }
        records = {
            name: path if name == "step" else np.concatenate([part.records[name] for part in parts], axis=1)
            for name, path in first.records.items()
        }
        whole |= {"n_steps": first.n_steps, "tolerance": first.tolerance}
        return cls(**whole, block_stationarity_mean=means, records=records)

    @property
    def is_ok(self) -> np.ndarray:
        """Return which runs made every step."""
        return np.asarray(self.status == "ok")

    @property
    def has_moved(self) -> np.ndarray:
        """Return which runs left their start: second-half mean at most a third of the first stationarity."""
        return self.stationarity_second_half_mean <= self.stationarity_first / 3

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row a run: every statistic above by name, with ``repeat`` and ``block_<name>`` columns."""
        skipped = ("n_steps", "repeats", "block_stationarity_mean", "records", "tolerance")
        columns = {"repeat": self.repeats, "n_steps": np.full(len(self.repeats), self.n_steps)}
        columns |= {f.name: getattr(self, f.name) for f in fields(self) if f.name not in skipped}
        return columns | {f"block_{name}": values for name, values in self.block_stationarity_mean.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return everything in it by name as strict JSON values: lists, numbers, ``"inf"``, null for NaN."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}
