"""The only seam to array libraries: namespace, finiteness, host copies.

The namespace of a computation comes from its arrays (NumPy, CuPy, torch, JAX, array-api-strict), through
``array-api-compat``; no other module imports an array library to compute with.
"""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

from .checks import fail, fail_missing
from .errors import DTypeError, NonFiniteError, ParameterError, ShapeError

__all__ = [
    "Array",
    "array_namespace",
    "check_matrices",
    "cuda_namespace",
    "device",
    "is_traced",
    "largest_entry",
    "resolution",
    "to_numpy",
]

Array = Any
"""An array of any supported library, shape (..., m, n)."""

_REFUSED = {
    "bool": "Convert it to float32 or float64 first.",
    "integral": "Convert it to float64 first: rounding a duality map to integers would lose it.",
    "complex floating": "Only real matrices are supported; the real dilation [[Re, -Im], [Im, Re]] repeats each "
    "singular value twice.",
}


_NUMPY = array_api_compat.array_namespace(np.zeros(0))


def array_namespace(*arrays: Array) -> Any:
    """Return the array-API namespace that all ``arrays`` belong to."""
    if arrays and all(type(x) is np.ndarray for x in arrays):  # a tenth of a small step is spent on asking
        return _NUMPY
    return array_api_compat.array_namespace(*arrays)


def device(x: Array) -> Any:
    """Return the device ``x`` lives on, for the arrays made to be used with it."""
    return array_api_compat.device(x)


def is_traced(x: Array) -> bool:
    """Return True when the values of ``x`` are not known yet (under ``jax.jit``), so nothing may branch on them."""
    if not array_api_compat.is_jax_array(x):
        return False
    import jax

    return isinstance(x, jax.core.Tracer)


def to_numpy(x: Array) -> np.ndarray:
    """Return ``x`` as a NumPy array on the host: the one place where data leaves a device."""
    if isinstance(x, np.ndarray):
        return x
    if array_api_compat.is_torch_array(x):
        return np.asarray(x.detach().cpu().numpy())
    if array_api_compat.is_cupy_array(x):
        return np.asarray(x.get())
    if array_api_compat.is_array_api_strict_namespace(array_namespace(x)):
        return np.from_dlpack(x.to_device(array_namespace(x).Device("CPU_DEVICE")))
    return np.asarray(x)


def cuda_namespace(call: str) -> Any:
    """Return CuPy, as the namespace of arrays on the current CUDA device.

    Raises
    ------
    MissingExtraError
        If CuPy is not installed.
    ParameterError
        If there is no device that works; the message is the driver's. CuPy itself imports without one.
    """
    try:
        import cupy
    except ImportError as error:
        fail_missing(call, "cupy", error, extra="gpu")
    requirement = "be one that can be used"
    try:
        n_devices = cupy.cuda.runtime.getDeviceCount()
        if n_devices:
            cupy.zeros(1).get()  # the first array may fail where the count does not
    except Exception as error:  # the driver may be missing, too old, or busy: all are the answer to the question
        fail(ParameterError, call, "device", requirement, "cuda", f"{type(error).__name__}: {error}")
    if not n_devices:
        fail(ParameterError, call, "device", requirement, "cuda", "The driver finds no CUDA device.")
    return array_namespace(cupy.zeros(1))


def resolution(x: Array) -> float:
    """Return the rounding unit a factorisation of ``x`` is resolved to: ``max(m, n)`` times the machine epsilon."""
    xp = array_namespace(x)
    return float(max(1, *x.shape[-2:]) * xp.finfo(x.dtype).eps)


def check_matrices(call: str, argument: str, x: Array, *, check_finite: bool = True) -> Any:
    """Return the namespace of ``x`` after checking that it holds real floating matrices, shape (..., m, n).

    Raises
    ------
    DTypeError
        For anything that is not a float32 or float64 array.
    ShapeError
        For fewer than two axes.
    NonFiniteError
        For a NaN or an infinity, when ``check_finite`` is set and the values are known; the message names the first.
    """
    if not array_api_compat.is_array_api_obj(x):
        fail(DTypeError, call, argument, "be an array", type(x).__name__, "Convert it, for example with numpy.asarray.")
    if isinstance(x, np.ma.MaskedArray):  # its mask would be ignored
        fail(DTypeError, call, argument, "be an array without a mask", type(x).__name__, "Fill the mask first.")
    if isinstance(x, np.ndarray) and x.dtype.kind not in "biufc":
        fail(DTypeError, call, argument, "hold real floating-point numbers", x.dtype, "Convert it to float64 first.")
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, "real floating"):
        kinds = (kind for kind in _REFUSED if xp.isdtype(x.dtype, kind))
        way_out = _REFUSED[next(kinds, "bool")]
        fail(DTypeError, call, argument, "hold real floating-point numbers", x.dtype, way_out)
    if xp.finfo(x.dtype).bits not in (32, 64):
        way_out = "Convert it to float32 (from 16 bits: their range is too small for squared entries) or float64 first."
        fail(DTypeError, call, argument, "be float32 or float64", x.dtype, way_out)
    if x.ndim < 2:
        way_out = "Matrices have shape (..., m, n); pass a vector of length n as (n, 1)."
        fail(ShapeError, call, argument, "have at least two axes", tuple(x.shape), way_out)
    if check_finite:
        check_entries(call, argument, x)
    return xp


def check_entries(call: str, argument: str, x: Array) -> None:
    """Refuse a NaN or an infinity in ``x``, where the values are known; the message names the first.

    Raises
    ------
    NonFiniteError
    """
    if is_traced(x) or _is_sum_finite(x):
        return
    xp = array_namespace(x)
    finite = xp.isfinite(x)
    if not bool(xp.all(finite)):
        index = tuple(int(i) for i in np.argwhere(~to_numpy(finite))[0])
        way_out = f"The first bad entry is {argument}[{', '.join(map(str, index))}]."
        fail(NonFiniteError, call, argument, "have finite entries", float(x[index]), way_out)


def _is_sum_finite(x: Array) -> bool:
    """Return whether a NumPy array has a finite sum: then its entries are finite, and nothing had to be stored."""
    if not isinstance(x, np.ndarray):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.add.reduce(x, axis=None)))


def largest_entry(x: Array) -> Array:
    """Return the largest absolute entry of each matrix, shape (..., 1, 1), with 1 for zero and empty matrices.

    Dividing by it first keeps sums of powers inside the floating-point range.
    """
    xp = array_namespace(x)
    if 0 in x.shape[-2:]:
        return xp.ones((*x.shape[:-2], 1, 1), dtype=x.dtype, device=device(x))
    top = xp.max(xp.abs(x), axis=(-2, -1), keepdims=True)
    return xp.where(top > 0, top, xp.ones_like(top))
