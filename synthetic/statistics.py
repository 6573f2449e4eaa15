"""What is kept of a stack of runs while it is stepped: sums on the device of its arrays, read once at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from schattor_theory import Schattor
from schattor_theory.arrays import Array, array_namespace, device, to_numpy
from schattor_theory.geometry import ProductGeometry

from .blocks import Blocks, first_block, map_blocks, sum_of
from .trajectory import Trajectory

__all__ = ["RunStatistics"]

_KEPT_STEPS = 1000  # thinning: about this many steps of a recorded path are kept


class RunStatistics:
    """The streamed sums behind a :class:`Trajectory`.

    invariant: nothing of a step is read before the end, so that on a device no step waits for the host.
    """

    def __init__(self, optimizer: Schattor, params: Blocks, n_steps: int, kept: tuple[str, ...]) -> None:
        first = first_block(params)
        self.optimizer, self.n_steps, self.kept = optimizer, n_steps, kept
        self._xp, self._repeats = array_namespace(first), first.shape[0]
        self._is_numpy = isinstance(first, np.ndarray)
        real = {"dtype": self._xp.float64, "device": device(first)}
        self._sums = {name: self._xp.zeros(self._repeats, **real) for name in ("mean", "squared", "weighted", "half")}
        self._blocks: dict[str, Array] = {}
        self._weight = 0.0
        self._step_size = None if callable(optimizer.step_size) else optimizer.step_size_at(0)
        self._least = self._xp.full(self._repeats, np.inf, **real)
        self._first = self._last = self._xp.full(self._repeats, np.nan, **real)
        self._failed_at = self._xp.full(self._repeats, n_steps, dtype=self._xp.int64, device=device(first))
        self._paths: dict[str, list[Array]] = {name: [] for name in kept}
        self._steps: list[int] = []
        self._every = max(1, n_steps // _KEPT_STEPS)

    def see(self, k: int, gradient: Blocks) -> None:
        """Add the stationarity of step k."""
        now, blocks = self._stationarity(gradient)
        self._last = now
        if k == 0:
            self._first = now
        step_size = self.optimizer.step_size_at(k) if self._step_size is None else self._step_size
        self._weight += step_size
        self._sums["mean"] += now
        self._sums["squared"] += now * now
        self._sums["weighted"] += step_size * now
        if k >= self.n_steps // 2:
            self._sums["half"] += now
        self._least = self._xp.minimum(self._least, now)
        for name, values in blocks.items():
            self._blocks[name] = self._blocks.get(name, 0) + values

    def _stationarity(self, gradient: Blocks) -> tuple[Array, dict[str, Array]]:
        xp, geometry = self._xp, self.optimizer.geometry
        finite = self._finite_runs(gradient)
        is_plain = self._is_numpy and finite.all()  # only host values may be looked at
        safe = gradient
        if not is_plain:
            safe = map_blocks(lambda g: xp.where(finite[:, None, None], g, xp.zeros_like(g)), gradient)
        blocks = {}
        if isinstance(geometry, ProductGeometry):
            blocks = geometry.block_dual_norms(safe, check_finite=False)
        now = xp.astype(xp.asarray(geometry.dual_norm(safe, check_finite=False)), xp.float64)
        return now if is_plain else xp.where(finite, now, xp.full_like(now, np.nan)), blocks

    def _finite_runs(self, blocks: Blocks) -> Array:
        xp = self._xp
        leaves = list(blocks.values()) if isinstance(blocks, Mapping) else [blocks]
        finite = xp.all(xp.isfinite(leaves[0]), axis=(-2, -1))
        for leaf in leaves[1:]:
            finite = finite & xp.all(xp.isfinite(leaf), axis=(-2, -1))
        return finite

    def record(self, k: int, gradient: Blocks, state: Any, value: Callable[[], Array]) -> None:
        """Keep the recorded paths of step k, when it is one of the kept steps."""
        if not self.kept or k % self._every:
            return
        self._steps.append(k)
        for name in self.kept:
            if name == "stationarity":
                path = self._last
            elif name == "value":
                path = value()
            elif name == "momentum_error":
                path = self._stationarity(sum_of(state.momentum, map_blocks(lambda g: -g, gradient)))[0]
            else:
                path = self._xp.stack(list(self._stationarity(gradient)[1].values()), axis=-1)
            self._paths[name].append(path)

    def status(self, k: int, state: Any) -> None:
        """Note the runs whose step k had to be skipped."""
        if self._is_numpy and not state.status.any():
            return
        now = self._xp.full_like(self._failed_at, k)
        has_failed = (state.status != 0) & (self._failed_at == self.n_steps)
        self._failed_at = self._xp.where(has_failed, now, self._failed_at)

    def trajectory(self, *, repeats: np.ndarray, **values: Array) -> Trajectory:
        """Return the finished statistics, on the host."""
        failed_at = to_numpy(self._failed_at)
        is_ok = failed_at == self.n_steps
        weight = self._weight if self._weight > 0 else np.nan
        statistics = {
            "stationarity_mean": self._sums["mean"] / self.n_steps,
            "stationarity_squared_mean": self._sums["squared"] / self.n_steps,
            "stationarity_weighted_mean": self._sums["weighted"] / weight,
            "stationarity_min": self._least,
            "stationarity_first": self._first,
            "stationarity_second_half_mean": self._sums["half"] / (self.n_steps - self.n_steps // 2),
            "stationarity_last": self._last,
            **values,
        }
        means = {b: to_numpy(s) / self.n_steps for b, s in self._blocks.items()}
        records = {name: np.stack([self._per_run(p) for p in path]) for name, path in self._paths.items()}
        if self.kept:
            records["step"] = np.array(self._steps)
        return Trajectory(
            **{name: np.where(is_ok, self._per_run(array), np.nan) for name, array in statistics.items()},
            repeats=repeats,
            status=np.array(["ok" if k == self.n_steps else f"non_finite at step {k}" for k in failed_at]),
            n_steps=self.n_steps,
            block_stationarity_mean={b: np.where(is_ok, mean, np.nan) for b, mean in means.items()},
            records=records,
            tolerance=self.optimizer.geometry.tolerance,
        )

    def _per_run(self, values: Array) -> np.ndarray:
        """Return host floats, one for each run along axis 0; an objective may give one number for all of them."""
        found = np.asarray(to_numpy(values) if hasattr(values, "shape") else values, dtype=float)
        return np.broadcast_to(found, (self._repeats, *found.shape[1:]))
