"""The environment of a run, for its manifest: versions, commit, BLAS, threads, machine, device."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import numpy as np
import threadpoolctl

__all__ = ["default_jobs", "environment", "threads_for", "usable_cores"]

_PACKAGES = ("schattor-theory", "numpy", "scipy", "pyarrow", "scikit-learn", "threadpoolctl")


def usable_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def default_jobs(device: str) -> int:
    """Return the number of local workers unless another is asked for: one for each core, or one for the one GPU."""
    return usable_cores() if device == "cpu" else 1


def threads_for(jobs: int, n_cells: int) -> int:
    """Return the threads of each worker when ``jobs`` cores may be used: those without a cell are shared by the others.

    Examples
    --------
    >>> threads_for(8, 100), threads_for(8, 3), threads_for(8, 1)
    (1, 2, 8)
    """
    return jobs // max(1, min(jobs, n_cells))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    here = Path(__file__).resolve().parent
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def environment(device: str = "cpu") -> dict[str, object]:
    """Return what the numbers of a run may depend on besides its axes, as strict JSON values."""
    np.linalg.svd(np.eye(2))  # numerics: loads the BLAS, so that threadpoolctl can see it
    blas = [
        {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
        for pool in threadpoolctl.threadpool_info()
        if pool.get("user_api") == "blas"
    ]
    packages = _PACKAGES if device == "cpu" else (*_PACKAGES, "cupy-cuda12x")
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in packages},
        "commit": _commit(),
        "blas": blas,
        "blas_threads_per_worker": 1,
        "machine": {"system": platform.system(), "machine": platform.machine(), "cores": usable_cores()},
        "device": device,
    }
