"""A process of its own for a target: it is ended when a probe outlasts its limit, and another one takes its place."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from typing import Any, BinaryIO

from ..known import known
from .adapters import adapter_of
from .loading import LoadingError, Target, folder_of, load
from .probe import Probe, Run
from .target import Step, run_probe

__all__ = ["START_LIMIT", "Worker", "serve"]

START_LIMIT = 120.0
"""Seconds that a new process may take to import the target; they do not count against a probe."""

GIVE_UP = 3
"""Number of probes in a row that may end the process before the rest are left out."""

_ENVIRONMENT = {
    # one thread: targets do not fight over the cores; little optimising: every shape is compiled for a step or two
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1",
    "TORCHDYNAMO_DISABLE": "1", "XLA_FLAGS": "--xla_backend_optimization_level=0",
    "KERAS_BACKEND": "torch", "TF_CPP_MIN_LOG_LEVEL": "3",
}  # fmt: skip
"""What the process finds in its environment where the user has not set it."""

_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from proofs_checks.crosscheck.isolation import serve; serve()"
)


class Worker:
    """A target in a process of its own.

    Parameters
    ----------
    thing : str or object
        ``module:name``, or an object that can be pickled.
    options, namespace : mapping, str
        Of :class:`.loading.Target`.
    kind : str or None
        A name of ``ADAPTERS``, where the user says it.
    time_limit : float
        Seconds for a probe.
    """

    def __init__(
        self, thing: object, *, options: Mapping[str, object], namespace: str, kind: str | None, time_limit: float
    ) -> None:
        self._request = (thing, dict(options), namespace, kind)
        self._time_limit = time_limit
        self._process: _Process | None = None
        self._n_lost = 0
        self._lost_for = ""

    def describe(self) -> dict[str, Any]:
        """Return kind, dtypes, ``takes_step_size`` and ``works_in_place`` of the target, or its ``problem``."""
        try:
            content = pickle.dumps(self._request)
        except Exception as error:
            return {"problem": f"it cannot be sent to another process ({error}). Name it as module:name instead."}
        try:
            self._process = _Process(content)
            answer = self._process.answer(START_LIMIT)
        except _SilentError:
            self.close()
            return {"problem": f"not importable: it is not ready after {START_LIMIT:.0f} s"}
        except _EndedError as ended:
            self.close()
            return {"problem": f"not importable: the process ended ({ended})"}
        except BaseException:
            self.close()
            raise
        if "problem" in answer:
            self.close()
        return answer

    def run(self, probe: Probe, dtype: str, *, knows_step_size: bool) -> Run:
        """Return what the target does with a probe; its status says so if the process hung or ended."""
        steps: list[Step] = []
        if self._n_lost >= GIVE_UP:
            status = f"{self._lost_for}: left out, since {GIVE_UP} probes in a row did not come to an end"
            return _run(probe, dtype, steps, status, knows_step_size)
        try:
            if self._process is None:
                problem = self.describe().get("problem")
                if problem is not None:
                    return _run(probe, dtype, steps, f"ended: {problem}", knows_step_size)
            run = self._ran(known(self._process, "the process"), probe, dtype, steps)
        except _SilentError:
            return self._lost(probe, dtype, steps, "hung", f"no answer within {self._time_limit:g} s", knows_step_size)
        except _EndedError as ended:
            return self._lost(probe, dtype, steps, "ended", f"the process ended ({ended})", knows_step_size)
        except BaseException:
            self.close()
            raise
        self._n_lost = 0
        return run

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
        self._process = None

    def _ran(self, process: _Process, probe: Probe, dtype: str, steps: list[Step]) -> Run:
        process.ask((probe, dtype))
        until = time.monotonic() + self._time_limit
        while True:
            answer = process.answer(max(0.0, until - time.monotonic()))
            if not isinstance(answer, Step):
                return Run(probe=probe, parameters=tuple(one.parameters for one in steps), **answer)
            steps.append(answer)

    def _lost(self, probe: Probe, dtype: str, steps: list[Step], word: str, reason: str, knows: bool) -> Run:
        self.close()
        self._n_lost += 1
        self._lost_for = word
        return _run(probe, dtype, steps, f"{word}: {reason} at step {len(steps)}", knows)


def _run(probe: Probe, dtype: str, steps: list[Step], status: str, knows_step_size: bool) -> Run:
    return Run(
        probe=probe,
        parameters=tuple(step.parameters for step in steps),
        dtype=dtype,
        result_dtype=next((step.dtype for step in steps if step.dtype != dtype), dtype),
        status=status,
        inputs_changed=tuple(f"{name} at step {k}" for k, step in enumerate(steps) for name in step.changed),
        knows_step_size=knows_step_size,
    )


class _SilentError(Exception):
    """No answer in time."""


class _EndedError(Exception):
    """The process is gone; the text says how."""


class _Process:
    """The other process, what is sent to it and what it answers."""

    def __init__(self, request: bytes) -> None:
        # what the target prints is kept for the case that it dies
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, json.dumps([str(place) for place in sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=_ENVIRONMENT | dict(os.environ),
        )
        self._requests = known(self._process.stdin, "a pipe to the process")
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.end = weakref.finalize(self, _end, self._process, self._printed)
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        self.ask(request)

    def ask(self, request: object) -> None:
        """Send a request; a process that is gone is noticed when it does not answer."""
        with contextlib.suppress(OSError):
            pickle.dump(request, self._requests)
            self._requests.flush()

    def answer(self, limit: float) -> Any:
        """Return the next answer.

        Raises
        ------
        _SilentError, _EndedError
            If there is none within the limit, or the process is gone.
        """
        try:
            found = self._answers.get(timeout=limit)
        except queue.Empty:
            raise _SilentError from None
        if found is None:
            raise _EndedError(self._last_words())
        return found

    def _last_words(self) -> str:
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # it closed its output and goes on
            return "it closed its output"
        self._printed.seek(0)
        lines = self._printed.read()[-4000:].decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{how}; it said: {last[:200]}" if last else how


def _end(process: subprocess.Popen[bytes], printed: BinaryIO) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, printed):
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.close()


def _listen(stream: BinaryIO, answers: queue.SimpleQueue[Any]) -> None:
    """Put every answer into the queue, and None at the end."""
    try:
        while True:
            answers.put(pickle.load(stream))
    except Exception:  # the end of the stream, or an answer that was cut off by the end of the process
        answers.put(None)


def serve() -> None:
    """Answer requests until the other end goes away. The target reads no input; what it prints goes to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, which ends this process
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def answer(found: object) -> None:
        pickle.dump(found, answers)
        answers.flush()

    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(requests, waiting), daemon=True).start()
    try:
        thing, options, namespace, kind = pickle.loads(waiting.get())
        if isinstance(thing, str):
            sys.path.insert(0, folder_of(thing))  # for good: a factory may import when it is called
        found = load(thing) if isinstance(thing, str) else thing
        adapter = adapter_of(Target(object=found, options=options, namespace=namespace), kind)
    except LoadingError as error:
        answer({"problem": str(error)})
        return
    except Exception as error:
        answer({"problem": f"not importable: {type(error).__name__}: {error}"})
        return
    names = ("kind", "dtypes", "takes_step_size", "works_in_place")
    answer({name: getattr(adapter, name) for name in names})
    while True:
        probe, dtype = waiting.get()
        run = run_probe(adapter, probe, dtype, on_step=answer)
        answer({name: getattr(run, name) for name in
                ("dtype", "result_dtype", "status", "inputs_changed", "knows_step_size")})  # fmt: skip


def _receive(requests: BinaryIO, waiting: queue.SimpleQueue[Any]) -> None:
    """Put requests into the queue; without a parent there is nobody to work for, even in the middle of a step."""
    try:
        while True:
            waiting.put(pickle.load(requests))
    except Exception:
        os._exit(0)
