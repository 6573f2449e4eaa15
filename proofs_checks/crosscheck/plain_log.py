"""A plain log: the gradients and parameters of one matrix along one run, as users write it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import NonFiniteError, ShapeError, StoreError

from .probe import Probe, Run, one_block

__all__ = ["is_plain_log", "run_of_plain_log"]

_CALL = "read_recording"


def is_plain_log(arrays: Mapping[str, np.ndarray]) -> bool:
    """Return whether the arrays are named as a plain log."""
    return "gradients" in arrays and not any("/" in name for name in arrays)


def run_of_plain_log(arrays: Mapping[str, np.ndarray], name: str) -> Run:
    """Return the run of a plain log.

    ``gradients``, shape (k, m, n), holds G_0, G_1, …, and ``parameters`` the X_k that they were taken at. With one more
    of them than gradients the last is the result of the last step; with as many the last gradient is left out, since
    nothing says what it did; with ``start``, shape (m, n), ``parameters`` holds the results alone. In place of
    ``parameters``, ``start`` and ``updates``: what each step subtracts. ``step_size``, one number, where it is known.

    Parameters
    ----------
    arrays : mapping of name to array
        The file.
    name : str
        Of the run.

    Raises
    ------
    StoreError, ShapeError, NonFiniteError
        If an array is missing, has the wrong shape, or an input is not finite.
    """
    unknown = set(arrays) - {"gradients", "parameters", "updates", "start", "step_size"}
    if unknown:
        wanted = "hold only gradients, parameters, updates, start and step_size"
        fail(StoreError, _CALL, "file", wanted, sorted(unknown), "Several blocks need a header.")
    gradients = _stack("gradients", arrays["gradients"], finite=True)
    k, shape = len(gradients), gradients.shape[1:]
    start = _start(arrays, shape)
    if "parameters" in arrays:
        parameters = _stack("parameters", arrays["parameters"], finite=False)
        if parameters.shape[1:] != shape or len(parameters) not in ((k,) if start is not None else (k, k + 1)):
            counts = f"{k}" if start is not None else f"{k + 1} or {k}"
            fail(ShapeError, _CALL, "parameters", f"have {counts} matrices of shape {shape}", parameters.shape)
        if start is None:
            start, parameters = parameters[0], parameters[1:]
    elif "updates" in arrays and start is not None:
        updates = _stack("updates", arrays["updates"], finite=False)
        if updates.shape != gradients.shape:
            fail(ShapeError, _CALL, "updates", f"have the shape {gradients.shape} of gradients", updates.shape)
        parameters = start - np.cumsum(updates, axis=0)
    else:
        wanted = "hold parameters, or updates and start"
        fail(StoreError, _CALL, "file", wanted, sorted(arrays), "Nothing says what the steps were.")
    if not len(parameters):
        way_out = "Record the parameters after the step too."
        fail(ShapeError, _CALL, "parameters", "show at least one step", arrays["parameters"].shape, way_out)
    if not np.isfinite(start).all():
        fail(NonFiniteError, _CALL, "start", "be finite", start)
    size = arrays.get("step_size")
    if size is not None and (size.size != 1 or not np.isfinite(size).all() or not np.all(size)):
        fail(ShapeError, _CALL, "step_size", "be one finite number other than 0", size)
    dtype = arrays["gradients"].dtype.name
    return Run(
        probe=Probe(
            name=name,
            purpose="a log of a run",
            start=one_block(np.array(start)),
            gradients=tuple(one_block(g) for g in gradients[: len(parameters)]),
            step_size=1.0 if size is None else float(size.reshape(())),
        ),
        parameters=tuple(one_block(x) for x in parameters),
        dtype=dtype,
        result_dtype=dtype,
        knows_step_size=size is not None,
    )


def _start(arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray | None:
    if "start" not in arrays:
        return None
    start = arrays["start"]
    if start.shape != shape:
        fail(ShapeError, _CALL, "start", f"have the shape {shape} of a gradient", start.shape)
    return start.astype(np.float64)


def _stack(name: str, values: np.ndarray, *, finite: bool) -> np.ndarray:
    if values.dtype.kind != "f" or values.ndim < 3 or not len(values):
        got = f"{values.dtype}, {values.shape}"
        fail(ShapeError, _CALL, name, "hold real numbers, shape (k, m, n) with k >= 1", got)
    numbers = values.astype(np.float64)
    if finite and not np.isfinite(numbers).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        place = f"{name}[{', '.join(map(str, where))}]"
        way_out = "Leave out the steps from there on."
        fail(NonFiniteError, _CALL, place, "be finite", float(numbers[where]), way_out)
    return numbers
