"""Where the arrays of a run live: the library, the device, the counter-based generator of their random numbers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.arrays import Array, array_namespace, cuda_namespace, device
from schattor_theory.checks import check_choice

from .seeds import cuda_generator

__all__ = ["DEVICES", "Device", "as_like", "device_named"]

DEVICES = ("cpu", "cuda")

_MOST_CONSTANTS = 256
_moved: OrderedDict[tuple[int, str, str, str], tuple[np.ndarray, Array]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Device:
    """A device other than the host's memory.

    Attributes
    ----------
    namespace : array-API namespace
        The library of its arrays.
    make_generator : callable
        ``make_generator(key)`` returns a generator whose ``random(shape)`` and ``standard_normal(shape)`` are float64
        arrays on the device and a function of the 256-bit key.
    place : object or None
        The device in the words of the library; None for its current one.
    """

    namespace: Any
    make_generator: Callable[[int], Any]
    place: Any = None

    def array(self, host: np.ndarray) -> Array:
        """Return a copy of a host array on the device."""
        options = {} if self.place is None else {"device": self.place}
        return self.namespace.asarray(np.array(host), **options)


def device_named(call: str, name: object) -> Device | None:
    """Return the device of this name; None for the host, and a :class:`Device` as it is.

    Raises
    ------
    UnknownNameError
        For a name that is not in ``DEVICES``.
    MissingExtraError, ParameterError
        If CUDA cannot be used here; the message is the driver's.
    """
    if isinstance(name, Device):
        return name
    if check_choice(call, "device", name, DEVICES) == "cpu":
        return None
    namespace = cuda_namespace(call)
    return Device(namespace, cuda_generator(namespace))


def as_like(constant: np.ndarray, x: Array) -> Array:
    """Return a host constant as an array of the library, device and dtype of ``x``.

    It is transferred once and kept, so that a step moves nothing: the constants of the last 256 uses are.
    """
    if isinstance(x, np.ndarray):
        return constant.astype(x.dtype, copy=False)
    place = device(x)
    key = (id(constant), type(x).__module__, str(place), str(x.dtype))
    if key not in _moved:
        xp = array_namespace(x)
        # invariant: the constant is kept beside its copy, so that its id names no other array
        _moved[key] = (constant, xp.astype(xp.asarray(np.array(constant), device=place), x.dtype))
        while len(_moved) > _MOST_CONSTANTS:
            _moved.popitem(last=False)
    return _moved[key][1]
