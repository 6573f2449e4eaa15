"""Arrays of the library of a target, from the float64 numbers of a probe and back."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LIBRARIES", "Library", "dtype_name", "host", "raw"]


@dataclass(frozen=True, slots=True)
class Library:
    """An array library as an adapter sees it.

    Attributes
    ----------
    module : str
        What is imported, when it is needed.
    dtypes : tuple of str
        What parameters can be.
    array : callable
        From the module, a float64 array and a dtype to an array of its own that nobody else holds.
    """

    module: str
    dtypes: tuple[str, ...]
    array: Callable[[Any, np.ndarray, str], Any]

    def of(self, x: np.ndarray, dtype: str) -> Any:
        """Return an array of the library."""
        return self.array(importlib.import_module(self.module), x, dtype)

    def context(self, dtype: str) -> AbstractContextManager[Any]:
        """Return in what to work: JAX computes in float64 only where it is told to."""
        if not self.module.startswith("jax"):
            return nullcontext()
        return importlib.import_module("jax").enable_x64(dtype == "float64")


LIBRARIES: dict[str, Library] = {
    "numpy": Library("numpy", ("float32", "float64", "float16"), lambda xp, x, dtype: x.astype(dtype)),
    "torch": Library(
        "torch",
        ("float32", "float64", "bfloat16", "float16"),
        lambda xp, x, dtype: xp.tensor(x, dtype=getattr(xp, dtype)),
    ),
    "array_api_strict": Library(
        "array_api_strict", ("float32", "float64"), lambda xp, x, dtype: xp.asarray(x, dtype=getattr(xp, dtype))
    ),
    "jax": Library(
        "jax.numpy",
        ("float32", "float64", "bfloat16", "float16"),
        lambda xp, x, dtype: xp.asarray(x.astype(xp.dtype(dtype))),
    ),
}
"""By the name that is written for ``namespace``."""


def host(x: Any) -> np.ndarray:
    """Return a float64 copy on the host; bfloat16 and float16 are exact in it."""
    return np.array(_plain(x), dtype=np.float64)


def raw(x: Any) -> bytes:
    """Return what is compared to tell whether an array was written to; NaN equals itself."""
    return host(x).tobytes()


def dtype_name(x: Any) -> str:
    """Return the name of the dtype, without that of the library."""
    dtype = getattr(x, "dtype", None)
    return "" if dtype is None else str(getattr(dtype, "name", dtype)).rsplit(".", 1)[-1]


def _plain(x: Any) -> Any:
    if hasattr(x, "detach"):  # torch; NumPy has no bfloat16
        return x.detach().cpu().double().numpy()
    return x.get() if type(x).__module__.split(".")[0] == "cupy" else np.asarray(x)
