"""Memory to work in: blocks of a stack that fit the cache, and arrays kept from call to call.

The first touch of fresh memory costs as much as a product of small matrices of its size.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import DTypeLike

__all__ = ["Workspace", "blocks", "borrowed_workspace", "times_own_transpose"]

_BLOCK_ENTRIES = 2**15
"""Entries of the slices that are worked on at once: a quarter of a megabyte, so that six such arrays stay in cache."""

_COPIED_BELOW = 96
"""Smaller side below which ``x xᵀ`` is faster by a copied transpose than by NumPy's symmetric product (8 to 256)."""

_KEPT_ENTRIES = 2**17
"""Longest array that is kept: a megabyte. For larger matrices the work itself is long enough."""


def blocks(stack: np.ndarray) -> Iterator[slice]:
    """Yield slices of the first axis of (k, m, n), of a length that depends on (m, n) alone; an empty stack is one."""
    length = max(1, _BLOCK_ENTRIES // max(1, math.prod(stack.shape[1:])))
    for start in range(0, max(1, len(stack)), length):
        yield slice(start, start + length)


class Workspace:
    """Named arrays of any shape, each a view of memory that is used again under the same name."""

    def __init__(self) -> None:
        self._memory: dict[tuple[str, np.dtype], np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> np.ndarray:
        """Return an array of ``shape`` with no particular entries; the last one of this name must be done with."""
        size, key = math.prod(shape), (name, np.dtype(dtype))
        memory = self._memory.get(key)
        if memory is None or memory.size < size:
            memory = np.empty(size, dtype=dtype)
            if size <= _KEPT_ENTRIES:
                self._memory[key] = memory
        return memory[:size].reshape(shape)


def times_own_transpose(x: np.ndarray, out: np.ndarray, workspace: Workspace) -> np.ndarray:
    """Return ``x xᵀ`` of matrices (k, r, c), put into ``out``; the workspace's array "transposed" is written over."""
    k, r, c = x.shape
    if r >= _COPIED_BELOW:
        return np.matmul(x, x.swapaxes(-1, -2), out=out)
    transposed = workspace.array("transposed", (k, c, r), x.dtype)
    np.copyto(transposed, x.swapaxes(-1, -2))
    return np.matmul(x, transposed, out=out)


_spare: deque[Workspace] = deque(maxlen=16)


@contextmanager
def borrowed_workspace() -> Iterator[Workspace]:
    """Lend a workspace to one call: taken out of the spare ones and put back, so that no two threads share one."""
    try:
        workspace = _spare.pop()
    except IndexError:
        workspace = Workspace()
    try:
        yield workspace
    finally:
        _spare.append(workspace)
