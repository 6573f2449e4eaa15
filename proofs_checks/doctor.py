"""What ``schattor doctor`` says: versions, BLAS, threads, devices, and which extras are there and what they are for."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
from typing import Any

import numpy as np
import threadpoolctl

from .display import text_console
from .scaling.environment import usable_cores

__all__ = ["EXTRAS", "doctor", "examine"]

_CORE = (
    "numpy", "scipy", "sympy", "cvxpy", "matplotlib", "array-api-compat", "typer", "rich", "pyarrow", "python-flint",
    "threadpoolctl", "scikit-learn", "joblib",
)  # fmt: skip

EXTRAS: dict[str, tuple[dict[str, str], str]] = {
    "test": (
        {
            "pytest": "pytest",
            "hypothesis": "hypothesis",
            "array-api-strict": "array_api_strict",
            "pytest-xdist": "xdist",
        },
        "running the tests",
    ),
    "types": ({"mypy": "mypy"}, "checking the types"),
    "torch": ({"torch": "torch"}, "training with schattor_theory.torch"),
    "optax": ({"optax": "optax"}, "training with schattor_theory.optax"),
    "gpu": ({"cupy-cuda12x": "cupy"}, "arrays and studies on a CUDA device"),
    "peers": (
        {
            "torch": "torch",
            "optax": "optax",
            "keras": "keras",
            "pytorch-optimizer": "pytorch_optimizer",
            "muon-optimizer": "muon",
            "pepit": "PEPit",
        },
        "comparison with other people's optimizers and solvers, and tests on their arrays",
    ),
    "cluster": ({"distributed": "distributed", "dask-jobqueue": "dask_jobqueue"}, "studies on a Dask scheduler"),
    "docs": (
        {"sphinx": "sphinx", "myst-nb": "myst_nb", "furo": "furo", "latex2mathml": "latex2mathml"},
        "building the documentation",
    ),
}
"""Name of the extra to (distribution to import name, what it is for)."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cuda() -> str:
    """Return what CuPy sees; CuPy is imported here only, since importing it is slow."""
    if importlib.util.find_spec("cupy") is None:
        return "not looked for: CuPy is not installed (extra gpu)"
    try:
        import cupy

        count = cupy.cuda.runtime.getDeviceCount()
        names = [cupy.cuda.runtime.getDeviceProperties(i)["name"].decode() for i in range(count)]
    except Exception as error:  # the driver may be missing, too old, or busy: all are the answer to the question
        return f"none: {type(error).__name__}: {error}"
    return ", ".join(names) or "none"


def examine() -> dict[str, Any]:
    """Return what an installation consists of, as strict JSON values."""
    np.linalg.svd(np.eye(2))  # numerics: loads the BLAS, so that threadpoolctl can see it
    pools = [
        {key: pool.get(key) for key in ("user_api", "internal_api", "version", "architecture", "num_threads")}
        for pool in threadpoolctl.threadpool_info()
    ]
    extras = {}
    for extra, (modules, purpose) in EXTRAS.items():
        missing = [name for name, module in modules.items() if importlib.util.find_spec(module) is None]
        extras[extra] = {
            "present": not missing,
            "missing": missing,
            "purpose": purpose,
            "install": None if not missing else f'pip install "schattor-theory[{extra}]"',
        }
    return {
        "schattor-theory": _version("schattor-theory"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in _CORE},
        "cores": usable_cores(),
        "threads": {name: os.environ.get(name) for name in _THREAD_VARIABLES},
        "thread_pools": pools,
        "cuda": _cuda(),
        "extras": extras,
    }


def doctor(*, as_json: bool) -> None:
    """Print what this installation consists of."""
    found = examine()
    if as_json:
        print(json.dumps(found, allow_nan=False))
        return
    console = text_console()
    for name in ("schattor-theory", "python", "system", "cores", "cuda"):
        console.print(f"{name:18} {found[name]}", markup=False, soft_wrap=True)
    console.print(
        "threads            " + ", ".join(f"{k}={v}" for k, v in found["threads"].items()), markup=False, soft_wrap=True
    )
    for pool in found["thread_pools"]:
        console.print("thread pool        " + ", ".join(f"{v}" for v in pool.values()), markup=False, soft_wrap=True)
    for name, number in found["packages"].items():
        console.print(f"{name:18} {number or 'MISSING'}", markup=False, soft_wrap=True)
    for extra, state in found["extras"].items():
        console.print(f"extra {extra:12} {_extra_words(state)}", markup=False, soft_wrap=True)


def _extra_words(state: dict[str, Any]) -> str:
    if state["present"]:
        return f"present: {state['purpose']}"
    return f"missing {', '.join(state['missing'])}: {state['purpose']}. {state['install']}"
