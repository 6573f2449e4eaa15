"""The devices that the self-test runs on: how their arrays are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from synthetic.devices import device_named

__all__ = ["arrays_on"]


def arrays_on(device: str, dtype: str) -> Callable[[np.ndarray], Any]:
    """Return what makes an array of this type on the device out of a NumPy array.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        NumPy, or CuPy on the current CUDA device.
    dtype : {"float64", "float32"}
        Type of the computation.

    Raises
    ------
    UnknownNameError, MissingExtraError, ParameterError
        For another name, without CuPy, or if the device cannot be used; the message is the driver's.
    """
    place = device_named("selftest", device)
    if place is None:
        return lambda x: np.asarray(x, dtype=dtype)
    return lambda x: place.array(np.asarray(x, dtype=dtype))
