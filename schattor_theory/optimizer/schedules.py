"""Schedules of the step number k = 0, 1, …: polynomial ones, and T5's parameter-free pair.

A schedule is any callable of k. Those made here accept an int or an array of step numbers, and compare equal when they
are the same schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from ..arrays import Array, array_namespace, device
from ..checks import check_in_interval, check_nonnegative, check_positive

__all__ = ["MomentumSchedule", "PolynomialSchedule", "Schedule", "parameter_free"]

Schedule = float | Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class PolynomialSchedule:
    """The schedule ``scale · (k + 1)^{-power}``.

    Parameters
    ----------
    scale : float
        Value at k = 0, > 0, in the unit of what is scheduled.
    power : float
        Decay exponent >= 0.

    Examples
    --------
    >>> PolynomialSchedule(0.5, 0.5)(3)
    0.25
    """

    scale: float
    power: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", check_positive("PolynomialSchedule", "scale", self.scale))
        object.__setattr__(self, "power", check_nonnegative("PolynomialSchedule", "power", self.power))

    def __call__(self, k: Any) -> Any:
        return self.scale * (k + 1) ** -self.power


@dataclass(frozen=True, slots=True)
class MomentumSchedule:
    """The momentum ``1 - (k + 1)^{-power}``, that is ``θ_k = (k + 1)^{-power}``.

    Parameters
    ----------
    power : float
        Decay exponent of θ in [0, 1], as T3's lemma asks.

    Examples
    --------
    >>> MomentumSchedule(0.5)(3)
    0.5
    """

    power: float

    def __post_init__(self) -> None:
        way_out = "T3's lemma needs 1/θ_k - 1/θ_{k-1} <= 1."
        power = check_in_interval("MomentumSchedule", "power", self.power, 0, 1, way_out=way_out)
        object.__setattr__(self, "power", power)

    def __call__(self, k: Any) -> Any:
        return 1 - (k + 1) ** -self.power


class ParameterFree(TypedDict):
    """The arguments of :class:`~schattor_theory.Schattor` that :func:`parameter_free` gives."""

    step_size: Schedule
    momentum: Schedule


def parameter_free(scale: float) -> ParameterFree:
    """Return T5's parameter-free schedules ``η_k = scale (k+1)^{-3/4}``, ``θ_k = (k+1)^{-1/2}``.

    Parameters
    ----------
    scale : float
        First step size, > 0, unit X.

    Returns
    -------
    dict
        The arguments ``step_size`` and ``momentum`` of :class:`~schattor_theory.Schattor`.

    Source
    ------
    T5-any in docs/theory/stationarity.md.

    Examples
    --------
    >>> schedules = parameter_free(0.1)
    >>> schedules["step_size"](0), schedules["momentum"](0)
    (0.1, 0.0)
    """
    scale = check_positive("parameter_free", "scale", scale)
    return {"step_size": PolynomialSchedule(scale, 0.75), "momentum": MomentumSchedule(0.5)}


def evaluate(schedule: Schedule, k: Array, dtype: Any, check: Callable[[float], float]) -> Array:
    """Return the schedule at the step numbers ``k``, shape of ``k``, as floats of ``dtype``.

    NumPy step numbers are passed one distinct value at a time as an int, so that a schedule may branch on k, and each
    value is checked; other arrays are passed whole, which never reads a value off a device or a trace.
    """
    xp = array_namespace(k)
    if not callable(schedule):
        return xp.full(k.shape, float(schedule), dtype=dtype, device=device(k))
    if isinstance(k, np.ndarray | np.generic):
        steps, inverse = np.unique(np.asarray(k), return_inverse=True)
        values = np.array([check(schedule(int(step))) for step in steps], dtype=dtype)
        return values[inverse].reshape(np.shape(k))
    values = schedule(xp.astype(k, dtype))
    if not hasattr(values, "dtype"):
        return xp.full(k.shape, float(values), dtype=dtype, device=device(k))
    return xp.astype(values, dtype)


def check_momentum(value: object) -> float:
    """Return a momentum 1 - θ in [0, 1)."""
    way_out = "momentum is 1 - θ: 0 means none, 0.95 is usual."
    return check_in_interval("Schattor", "momentum", value, 0, 1, include_high=False, way_out=way_out)


def check_look_ahead(value: object) -> float:
    """Return a look-ahead weight τ in [0, 1]."""
    way_out = 'Use None for no look-ahead, or "nesterov" for τ_k = θ_{k+1}.'
    return check_in_interval("Schattor", "look_ahead", value, 0, 1, way_out=way_out)


def check_step_size(value: object) -> float:
    """Return a step size >= 0."""
    return check_nonnegative("Schattor", "step_size", value, "The optimizer subtracts the direction by itself.")


def check_schedule(schedule: object, check: Callable[[float], float]) -> Schedule:
    """Return ``schedule`` when it is callable or a number that ``check`` accepts."""
    return schedule if callable(schedule) else check(schedule)  # type: ignore[arg-type]
