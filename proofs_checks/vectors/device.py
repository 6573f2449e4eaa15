"""The devices that the self-test runs on: how their arrays are made, and what the driver says where there is none."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, fail
from schattor_theory.errors import ParameterError

from ..scaling.environment import DEVICES

__all__ = ["arrays_on"]

_CALL = "selftest"


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
    ParameterError
        If the device cannot be used; the message is the driver's.
    """
    check_choice(_CALL, "device", device, DEVICES)
    if device == "cpu":
        return lambda x: np.asarray(x, dtype=dtype)
    if importlib.util.find_spec("cupy") is None:
        way_out = "CuPy is not installed. Install the extra: schattor-theory[gpu]."
        fail(ParameterError, _CALL, "device", "be one that can be used", device, way_out)
    try:
        import cupy

        n_devices = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # the driver may be missing, too old, or busy: all are the answer to the question
        fail(ParameterError, _CALL, "device", "be one that can be used", device, f"{type(error).__name__}: {error}")
    if not n_devices:
        fail(ParameterError, _CALL, "device", "be one that can be used", device, "The driver finds no CUDA device.")
    return lambda x: cupy.asarray(x, dtype=dtype)
