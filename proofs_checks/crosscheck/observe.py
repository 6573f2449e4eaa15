"""Observer: one target, and what it does with probes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from schattor_theory.checks import check_positive
from schattor_theory.errors import SchattorError

from ..formats import SUFFIXES
from .adapters import adapter_of
from .isolation import Worker
from .loading import LoadingError, Target, load
from .probe import Probe, Run
from .recorded import read_recording
from .target import Adapter, run_probe

__all__ = ["TIME_LIMIT", "Observer", "is_recording", "observe"]

TIME_LIMIT = 60.0
"""Seconds that one probe may take; compiling counts."""


class Observer:
    """A target and the runs that it has made.

    Attributes
    ----------
    name : str
        What the user calls it.
    kind : str
        A name of ``ADAPTERS``, "recording", or "" where there is a problem.
    takes_step_size : bool
        Whether η of a probe reaches it.
    works_in_place : bool
        Whether it changes parameters in place by design.
    can_run : bool
        Whether new inputs can be tried.
    dtypes : tuple of str
        What its parameters can be.
    problem : str or None
        Why it cannot be used.
    recorded : tuple of Run
        Of a recording all its runs, of which ``run`` gives a choice; empty otherwise.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind = ""
        self.takes_step_size = False
        self.works_in_place = False
        self.can_run = False
        self.dtypes: tuple[str, ...] = ()
        self.problem: str | None = None
        self.recorded: tuple[Run, ...] = ()
        self._runs: dict[tuple[object, ...], Run] = {}

    def run(self, probes: Iterable[Probe], dtype: str = "float32") -> tuple[Run, ...]:
        """Return the run of each probe, in order; a probe that was run before with this dtype is not run again.

        Of a recording only the probes that are in it.
        """
        found = []
        for probe in probes:
            key = _key(probe, dtype)
            if key not in self._runs:
                self._runs[key] = self._run(probe, dtype)
            found.append(self._runs[key])
        return tuple(found)

    def close(self) -> None:
        """End what was started for the target."""

    def __enter__(self) -> Observer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self, probe: Probe, dtype: str) -> Run:
        return Run(probe=probe, parameters=(), dtype=dtype, result_dtype=dtype, status=f"refused: {self.problem}")

    def _describe(self, adapter: Adapter) -> None:
        self.kind, self.dtypes = adapter.kind, adapter.dtypes
        self.takes_step_size, self.works_in_place = adapter.takes_step_size, adapter.works_in_place


class Recorded(Observer):
    """A recording: what was run is known, and nothing else can be."""

    def __init__(self, name: str, path: str | Path) -> None:
        super().__init__(name)
        try:
            self.recorded = read_recording(path)
        except SchattorError as error:
            self.problem = str(error)
            return
        self.kind = "recording"
        self.dtypes = tuple(dict.fromkeys(run.dtype for run in self.recorded))
        self.takes_step_size = all(run.knows_step_size for run in self.recorded)

    def run(self, probes: Iterable[Probe], dtype: str = "float32") -> tuple[Run, ...]:
        """Return the runs of those of the probes that are recorded with this dtype, known by name and inputs."""
        known = {_key(run.probe, run.dtype): run for run in self.recorded}
        keys = [_key(probe, dtype) for probe in probes]
        return tuple(known[key] for key in keys if key in known)


class InProcess(Observer):
    """A target that runs in this process: without a time limit, and what ends the process ends everything."""

    def __init__(self, name: str, load_object: Callable[[], object], target: dict[str, Any], kind: str | None) -> None:
        super().__init__(name)
        try:
            self._adapter = adapter_of(Target(object=load_object(), **target), kind)
        except LoadingError as error:
            self.problem = str(error)
            return
        except Exception as error:
            self.problem = f"not importable: {type(error).__name__}: {error}"
            return
        self._describe(self._adapter)
        self.can_run = True

    def _run(self, probe: Probe, dtype: str) -> Run:
        return super()._run(probe, dtype) if self.problem else run_probe(self._adapter, probe, dtype)


class Isolated(Observer):
    """A target that runs in a process of its own, with a limit of time for each probe."""

    def __init__(self, name: str, worker: Worker) -> None:
        super().__init__(name)
        self._worker = worker
        described = worker.describe()
        self.problem = described.get("problem")
        if self.problem is None:
            self.kind, self.dtypes = described["kind"], described["dtypes"]
            self.takes_step_size, self.works_in_place = described["takes_step_size"], described["works_in_place"]
            self.can_run = True

    def close(self) -> None:
        """End the process; a later run starts another one."""
        self._worker.close()

    def _run(self, probe: Probe, dtype: str) -> Run:
        if self.problem:
            return super()._run(probe, dtype)
        return self._worker.run(probe, dtype, knows_step_size=self.takes_step_size)


def observe(
    spec: str | object,
    *,
    options: Mapping[str, object] | None = None,
    kind: str | None = None,
    namespace: str = "numpy",
    time_limit: float = TIME_LIMIT,
    isolated: bool | None = None,
    name: str | None = None,
) -> Observer:
    """Return an observer of a target; what is wrong with the target is in its ``problem``.

    Parameters
    ----------
    spec : str or object
        ``module:name``, ``file.py:name``, a ``.npz`` or ``.safetensors`` recording, or a Python object.
    options : mapping, optional
        Keyword arguments of the target; a step size among them is fixed.
    kind : str, optional
        A name of ``ADAPTERS``; found from the target by default.
    namespace : str
        Array library of a target that takes any.
    time_limit : float
        Seconds that one probe may take; only in a process of its own.
    isolated : bool, optional
        Whether the target runs in a process of its own: by default one that is named does, an object does not.
    name : str, optional
        How it is called in reports.

    Raises
    ------
    ParameterError
        If ``time_limit`` is not positive.
    """
    time_limit = check_positive("observe", "time_limit", time_limit)
    rest: dict[str, Any] = {"options": dict(options or {}), "namespace": namespace}
    label = name or (spec if isinstance(spec, str) else str(getattr(spec, "__qualname__", type(spec).__qualname__)))
    if is_recording(spec):
        return Recorded(name or Path(spec).name, spec)
    if isinstance(spec, str) if isolated is None else isolated:
        return Isolated(label, Worker(spec, kind=kind, time_limit=time_limit, **rest))
    load_object = (lambda: load(spec)) if isinstance(spec, str) else (lambda: spec)
    return InProcess(label, load_object, rest, kind)


def _key(probe: Probe, dtype: str) -> tuple[object, ...]:
    """Return what a run depends on: a probe is known by its inputs, not only by its name."""
    blocks = (probe.start, *probe.gradients, *(probe.previous_gradients or ()))
    content = tuple((name, x.shape, x.tobytes()) for one in blocks for name, x in one.items())
    return (probe.name, dtype, probe.step_size, probe.saved_before, hash(content))


def is_recording(spec: object) -> TypeGuard[str | Path]:
    """Return whether a target is a file with a recording."""
    return isinstance(spec, (str, Path)) and str(spec).endswith(SUFFIXES)
