"""The array libraries every numerical test runs on, and the settings of property tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import hypothesis
import numpy as np
import pytest

# a fixed database-free search: the same examples in every run, so that a red test is red for everybody
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=40)
hypothesis.settings.load_profile("repeatable")


@dataclass(frozen=True)
class Library:
    """An array library as tests see it: from NumPy and back, and how a function of arrays is called."""

    name: str
    array: Callable[[np.ndarray], Any]
    host: Callable[[Any], np.ndarray] = np.asarray
    call: Callable[..., Any] = lambda function, *arguments: function(*arguments)

    @property
    def is_numpy(self) -> bool:
        return self.name.startswith("numpy")

    def blocks(self, value: Any) -> Any:
        """Return one array, or a dict of them, in this library."""
        return {b: self.array(x) for b, x in value.items()} if isinstance(value, dict) else self.array(value)


def read_only(x: np.ndarray) -> np.ndarray:
    """Return a copy of ``x`` that cannot be written to, so that a function that mutates its input fails."""
    frozen = np.array(x)
    frozen.flags.writeable = False
    return frozen


def _strict(device: str) -> Library:
    strict = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    place, home = strict.Device(device), strict.Device("CPU_DEVICE")
    return Library(
        f"array-api-strict-{device}",
        lambda x: strict.asarray(np.array(x), device=place),
        lambda x: np.array(np.from_dlpack(x.to_device(home))),
    )


def _torch() -> Library:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return Library("torch", lambda x: torch.asarray(np.array(x)), lambda x: x.numpy())


def _jax(*, jit: bool) -> Library:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    jax.config.update("jax_enable_x64", True)
    library = Library("jax-jit" if jit else "jax", jax.numpy.asarray)
    return Library(library.name, library.array, call=lambda f, *x: jax.jit(f)(*x)) if jit else library


def _cupy() -> Library:
    cupy = pytest.importorskip("cupy", reason="cupy is not installed", exc_type=ImportError)
    try:
        n_devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f"no CUDA device: {error}")
    if not n_devices:
        pytest.skip("no CUDA device")
    return Library("cupy", cupy.asarray, lambda x: x.get())


LIBRARIES: dict[str, Callable[[], Library]] = {
    "numpy": lambda: Library("numpy", np.array),
    "numpy-read-only": lambda: Library("numpy-read-only", read_only),
    "array-api-strict": lambda: _strict("CPU_DEVICE"),
    "array-api-strict-device1": lambda: _strict("device1"),
    "torch": _torch,
    "jax": lambda: _jax(jit=False),
    "jax-jit": lambda: _jax(jit=True),
    "cupy": _cupy,
}


# JAX compiles for every shape, without jit every operation by itself; one jitted step of the optimizer is always tried
_MARKS = {"cupy": [pytest.mark.gpu], "jax": [pytest.mark.slow], "jax-jit": [pytest.mark.slow]}


def _parameters(*names: str) -> list:
    return [pytest.param(name, marks=_MARKS.get(name, [])) for name in names]


@pytest.fixture(params=_parameters(*LIBRARIES))
def xp(request: pytest.FixtureRequest) -> Library:
    """Return each array library in turn; the ones that are not installed are skipped with the reason."""
    return LIBRARIES[request.param]()


@pytest.fixture(params=_parameters(*(name for name in LIBRARIES if name != "jax-jit")))
def eager_xp(request: pytest.FixtureRequest) -> Library:
    """Return each array library whose arrays have values, for tests of what cannot run under ``jax.jit``."""
    return LIBRARIES[request.param]()
