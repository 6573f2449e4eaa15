"""An existing Dask cluster as an executor that says when its scheduler is gone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from schattor_theory.checks import fail, fail_missing
from schattor_theory.errors import ParameterError

__all__ = ["ClusterExecutor", "cluster_executor"]

_CALL = "study"
_TIMEOUT = "20s"


class ClusterExecutor(Executor):
    """The executor of a Dask client.

    Parameters
    ----------
    client : distributed.Client
        Connected; it is left open.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call; a task whose worker dies is tried again on another one."""
        return self._executor.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Give up what was submitted; the cluster runs on."""
        self._executor.shutdown(wait=wait and self.is_alive)

    @property
    def is_alive(self) -> bool:
        """Return whether results may still come: false once the client has given its scheduler up."""
        return self._client.status in ("running", "connecting")


@contextmanager
def cluster_executor(address: str) -> Iterator[ClusterExecutor]:
    """Give the executor of the scheduler at ``address``.

    Raises
    ------
    MissingExtraError, ParameterError
        If dask.distributed is not installed, or no scheduler answers there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        fail_missing(_CALL, "distributed", error, extra="cluster")

    # a lost connection is told by the status of the cells, not by tracebacks of the libraries below
    for name in ("distributed", "distributed.client", "distributed.core", "tornado", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=_TIMEOUT)  # type: ignore[no-untyped-call]  # distributed has no types here
    except (OSError, ValueError) as error:
        fail(ParameterError, _CALL, "scheduler", "be the address of a running Dask scheduler", address, f"{error}.")
    try:
        yield ClusterExecutor(client)
    finally:
        client.close(timeout=2)  # type: ignore[no-untyped-call]
