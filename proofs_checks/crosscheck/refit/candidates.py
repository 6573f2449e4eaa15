"""Candidates: what somebody would have written, at round numbers, for each part of a convention."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, polar_schedule

from ..convention import NORMALISATIONS, Convention, EntrywiseMap, Floor, PolynomialMap, PowerMap
from ..diagnosis.families import FAMILIES, Family
from ..momentum import Momentum

__all__ = ["FORMS", "adams", "is_stable", "momenta", "with_floor", "with_map", "with_momentum"]

_BETAS = (0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995,
          0.999)  # fmt: skip
_TAUS = (0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)
_POWERS = (0.25, 1 / 3, 0.4, 0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0)
_SECOND = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
_MOST_STEPS = 12
_ROUNDINGS = 2  # units that a step of an iteration may add to a singular value
_FLOORS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)

FORMS: tuple[Family, ...] = (*FAMILIES, Family(average="heavy ball", look_ahead="fixed", parameters=("beta", "tau")))
"""The families of the diagnosis, and heavy ball with a fixed look-ahead, whose τ is round where that of ema is not."""

_AXES = {"beta": _BETAS, "tau": _TAUS, "power": _POWERS}


def momenta() -> Iterator[tuple[Family, tuple[float, ...]]]:
    """Yield every form at round numbers."""
    for family in FORMS:
        for values in itertools.product(*(_AXES[name] for name in family.parameters)):
            yield family, values


def with_momentum(convention: Convention, momentum: Momentum) -> Convention:
    """Return the convention with another momentum, its floor in the unit of the new average."""
    floor = convention.floor
    old, new = (float(one.weights(0)[0]) for one in (convention.momentum, momentum))
    if floor.form != "none" and old > 0 and new > 0:
        floor = replace(floor, value=floor.value * new / old)
    return replace(convention, momentum=momentum, floor=floor)


def adams(convention: Convention) -> Iterator[Convention]:
    """Yield Adam with round decay rates."""
    epsilon = convention.map.epsilon if isinstance(convention.map, EntrywiseMap) else 1e-8
    for betas in itertools.product((0.0, *_BETAS), _SECOND):
        yield replace(convention, map=EntrywiseMap(name="adam", betas=betas, epsilon=epsilon), momentum=Momentum())


def with_map(convention: Convention) -> Iterator[Convention]:
    """Yield a convention of the polar factor, or of an iteration for it, with every iteration and with none."""
    of = convention.map
    if isinstance(of, PolynomialMap):
        times = of.times_dual_norm
    elif isinstance(of, PowerMap) and of.p == float("inf"):
        times = of.is_regularized
    else:
        return
    if not times:
        yield replace(convention, map=PowerMap(p=float("inf")))
    for name in POLAR_SCHEDULES:
        for n_steps, norm in itertools.product(range(1, _MOST_STEPS + 1), NORMALISATIONS):
            schedule = polar_schedule(name).with_steps(n_steps)
            of = PolynomialMap(schedule=schedule, normalisation=norm, times_dual_norm=times)
            found = replace(convention, map=of)
            if is_stable(found):
                yield found


def is_stable(convention: Convention) -> bool:
    """Return whether an iteration stays bounded in its precision, where rounding carries singular values beyond 1."""
    of = convention.map
    if not isinstance(of, PolynomialMap):
        return True
    beyond = 1 + _ROUNDINGS * convention.unit_roundoff("float32")
    x = np.linspace(0.0, 1.0, 101) / (1 + of.schedule.input_margin)
    with np.errstate(all="ignore"):
        for row in of.schedule.steps:
            square, factor = (x * beyond) ** 2, np.zeros_like(x)
            for a in row[::-1]:
                factor = factor * square + a
            x = factor * x * beyond
    return bool(np.max(np.abs(x)) < 2.0)


def with_floor(convention: Convention) -> Iterator[Convention]:
    """Yield the convention with round floors of either form, and with none; in the unit of the average."""
    yield replace(convention, floor=Floor())
    for value, form in itertools.product((*_FLOORS, convention.floor.value), ("added", "clamped")):
        if value > 0:
            yield replace(convention, floor=Floor(value=value, form=form))
