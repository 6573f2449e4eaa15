"""Target: what a session and an adapter are, and how one probe is run on one. Nothing here raises for a bad target."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .probe import Blocks, Probe, Run

__all__ = ["Adapter", "Session", "Step", "WrongResultError", "run_probe"]


class WrongResultError(Exception):
    """What came back is not what the kind of target promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step of a target gave.

    Attributes
    ----------
    parameters : mapping of block to array
        Float64 copies on the host.
    dtype : str
        Of the parameters that came back.
    changed : tuple of str
        Inputs that the caller owns and that were written to, in words.
    """

    parameters: Blocks
    dtype: str
    changed: tuple[str, ...] = ()


class Session(Protocol):
    """An optimizer in the middle of a run."""

    def step(self, gradients: Blocks, previous_gradients: Blocks | None) -> Step:
        """Make a step. The gradients of the same sample at the parameters before go to a target that asks for them."""

    def save(self) -> object:
        """Return the state as the target writes it; the parameters are not part of it."""

    def load(self, saved: object) -> None:
        """Read a state back."""


class Adapter(Protocol):
    """One kind of target."""

    @property
    def kind(self) -> str:
        """Return its name in ``ADAPTERS``."""

    @property
    def works_in_place(self) -> bool:
        """Return whether parameters are changed in place by design."""

    @property
    def takes_step_size(self) -> bool:
        """Return whether η of a probe reaches the target."""

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Return what parameters can be."""

    def start(self, parameters: Blocks, *, step_size: float, dtype: str) -> Session:
        """Return a session that begins at the parameters, with a fresh state."""


def run_probe(
    adapter: Adapter, probe: Probe, dtype: str = "float32", *, on_step: Callable[[Step], None] | None = None
) -> Run:
    """Return what a target does with a probe; whatever it raises becomes the status of the run.

    Parameters
    ----------
    adapter : Adapter
        The target.
    probe : Probe
        The inputs.
    dtype : str
        Of the parameters that go in.
    on_step : callable, optional
        Called after each step.
    """
    steps: list[Step] = []
    status = "ok"
    if dtype not in adapter.dtypes:
        status = f"refused: a target of kind {adapter.kind!r} takes {', '.join(adapter.dtypes)}, not {dtype}"
    else:
        try:
            # a warning or a floating-point trap of the target is no verdict: what comes out is
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                for step in _steps(adapter, probe, dtype):
                    wrong = _wrong_shape(step.parameters, probe)
                    if wrong:
                        status = f"wrong shape: {wrong} at step {len(steps)}"
                        break
                    steps.append(step)
                    if on_step is not None:
                        on_step(step)
        except WrongResultError as error:
            status = f"wrong result: {error} at step {len(steps)}"
        except (Exception, SystemExit) as error:  # KeyboardInterrupt is the user's
            status = f"raised: {_words(error)} at step {len(steps)}"
    return Run(
        probe=probe,
        parameters=tuple(step.parameters for step in steps),
        dtype=dtype,
        result_dtype=_result_dtype([step.dtype for step in steps], dtype),
        status=status,
        inputs_changed=tuple(f"{name} at step {k}" for k, step in enumerate(steps) for name in step.changed),
        knows_step_size=adapter.takes_step_size,
    )


def _steps(adapter: Adapter, probe: Probe, dtype: str) -> Iterator[Step]:
    session = adapter.start(probe.start, step_size=probe.step_size, dtype=dtype)
    parameters = probe.start
    for k, gradients in enumerate(probe.gradients):
        if k and k == probe.saved_before:
            saved = session.save()
            session = adapter.start(parameters, step_size=probe.step_size, dtype=dtype)
            session.load(saved)
        previous = None if probe.previous_gradients is None else probe.previous_gradients[k]
        step = session.step(gradients, previous)
        parameters = step.parameters
        yield step


def _wrong_shape(parameters: Blocks, probe: Probe) -> str:
    for name, shape in probe.shapes.items():
        if name not in parameters:
            return f"block {name!r} did not come back"
        if parameters[name].shape != shape:
            return f"block {name!r} came back as {parameters[name].shape}, it was {shape}"
    return ""


def _result_dtype(dtypes: list[str], dtype: str) -> str:
    return next((one for one in dtypes if one != dtype), dtype)


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
