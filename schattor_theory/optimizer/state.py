"""The explicit state of a run or a stack of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..arrays import Array, array_namespace, device, to_numpy
from ..checks import fail
from ..errors import ShapeError

__all__ = ["NON_FINITE_GRADIENT", "NON_FINITE_UPDATE", "OK", "STATUS_NAMES", "Params", "SchattorState"]

OK, NON_FINITE_GRADIENT, NON_FINITE_UPDATE = 0, 1, 2
STATUS_NAMES = {OK: "ok", NON_FINITE_GRADIENT: "non-finite gradient", NON_FINITE_UPDATE: "non-finite update"}

Params = Array | Mapping[str, Array]
"""One array (..., m, n), or a dict of blocks (..., m_b, n_b) with the same leading axes."""


class SchattorState(NamedTuple):
    """What a run needs to go on: a tuple of arrays, so that any array library can map over it.

    Attributes
    ----------
    step : array of int32, shape (...)
        Number of steps each run has made; a skipped step does not count.
    momentum : array (..., m, n) or dict of blocks
        ``M_{k-1}`` of D3, unit F/X; zero before the first step.
    status : array of int32, shape (...)
        0 while every step was made; the code of ``STATUS_NAMES`` of the first step that had to be skipped.
    """

    step: Array
    momentum: Params
    status: Array

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the state as named host arrays, ready for ``numpy.savez``; blocks are named ``momentum/<block>``."""
        arrays = {"step": to_numpy(self.step), "status": to_numpy(self.status)}
        if isinstance(self.momentum, Mapping):
            arrays |= {f"momentum/{name}": to_numpy(block) for name, block in self.momentum.items()}
        else:
            arrays["momentum"] = to_numpy(self.momentum)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], *, like: Params) -> SchattorState:
        """Return the state that :meth:`to_arrays` wrote, as arrays of the library and device of ``like``.

        Raises
        ------
        ShapeError
            If an array is missing, or has not the shape that belongs to these parameters.
        """
        call = "SchattorState.from_arrays"
        blocks = like if isinstance(like, Mapping) else {"": like}
        names = {b: f"momentum/{b}" if b else "momentum" for b in blocks}
        missing = [key for key in ("step", "status", *names.values()) if key not in arrays]
        if missing:
            way_out = f"These are missing: {missing}. Pass what to_arrays() returned for the same parameters."
            fail(ShapeError, call, "arrays", "hold a whole state", sorted(arrays), way_out)
        first = next(iter(blocks.values()))
        shapes = {names[b]: tuple(x.shape) for b, x in blocks.items()}
        for key, shape in (shapes | dict.fromkeys(("step", "status"), tuple(first.shape[:-2]))).items():
            if np.shape(arrays[key]) != shape:
                way_out = "Pass what to_arrays() returned for the same parameters."
                fail(ShapeError, call, f"arrays[{key!r}]", f"have shape {shape}", np.shape(arrays[key]), way_out)
        momentum = {b: _as_like(np.asarray(arrays[names[b]]), x, x.dtype) for b, x in blocks.items()}
        xp = array_namespace(first)
        step, status = (_as_like(np.asarray(arrays[key]), first, xp.int32) for key in ("step", "status"))
        return cls(step, momentum if isinstance(like, Mapping) else momentum[""], status)


def _as_like(values: np.ndarray, like: Array, dtype: object) -> Array:
    """Return host ``values`` as an array of the library, device and given dtype of ``like``."""
    return array_namespace(like).asarray(values.copy(), dtype=dtype, device=device(like))
