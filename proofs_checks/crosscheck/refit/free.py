"""Free: the numbers of a convention, moved to where all steps together leave least, and then to the shortest there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from ...known import known
from ..convention import Convention, EntrywiseMap
from .candidates import with_momentum
from .together import Together

__all__ = ["SAME", "descended", "shortened"]

SAME = 1.02
"""Ratio of the scores of two conventions that count as equally good."""

_SLACK = 0.1  # of a score; one step that is off by its noise adds log 2
_LARGEST = 1 - 1e-7  # of a share
_MOST_DIGITS = 6
_FRACTIONS = (1, 2, 3, 4, 5, 6, 8)  # denominators of a power


@dataclass(frozen=True)
class _Number:
    """One number of a convention: how it is read, and how the convention is made with another."""

    read: Callable[[Convention], float]
    write: Callable[[Convention, float], Convention]
    high: float = math.inf
    is_power: bool = False


def _share(name: str) -> _Number:
    """Return β or τ of the momentum."""

    def write(convention: Convention, value: float) -> Convention:
        momentum = convention.momentum
        return with_momentum(
            convention, replace(momentum, beta=value) if name == "beta" else replace(momentum, tau=value)
        )

    return _Number(lambda c: float(getattr(c.momentum, name)), write, high=_LARGEST)


def _adam(convention: Convention) -> EntrywiseMap:
    return known(convention.adam, "Adam")


def _of_adam(i: int) -> _Number:
    """Return a decay rate of Adam."""

    def read(convention: Convention) -> float:
        return _adam(convention).betas[i]

    return _Number(read, lambda c, x: _with_beta(c, i, x), high=_LARGEST)


def _of_momentum(convention: Convention) -> list[_Number]:
    """Return the numbers of the average, which of Adam are its two decay rates."""
    momentum = convention.momentum
    found: list[_Number] = []
    if convention.adam is not None:
        return [_of_adam(0), _of_adam(1)]
    names = ["beta"] * (momentum.beta > 0) + ["tau"] * (momentum.look_ahead == "fixed" and not momentum.taus)
    found += [_share(name) for name in names]
    if momentum.average == "schedule" and len(momentum.thetas) > 2:
        found.append(_Number(_power_of, _with_power, high=4.0, is_power=True))
    return found


def _others(convention: Convention) -> list[_Number]:
    """Return the numbers of decay, floor and factor."""
    found = []
    if convention.decay.form != "none":
        found.append(_Number(lambda c: c.decay.rate, lambda c, x: replace(c, decay=replace(c.decay, rate=x))))
    if convention.floor.form != "none":
        found.append(_Number(lambda c: c.floor.value, lambda c, x: replace(c, floor=replace(c.floor, value=x))))
    if not convention.exponents:
        found.append(_Number(lambda c: c.scale.factor, lambda c, x: replace(c, scale=replace(c.scale, factor=x))))
    return found


def _power_of(convention: Convention) -> float:
    return -math.log(convention.momentum.thetas[0]) / math.log(2.0)


def _with_power(convention: Convention, power: float) -> Convention:
    count = len(convention.momentum.thetas)
    thetas = tuple((k + 1.0) ** -power for k in range(1, count + 1))
    return replace(convention, momentum=replace(convention.momentum, thetas=thetas))


def _with_beta(convention: Convention, i: int, value: float) -> Convention:
    adam = _adam(convention)
    first, second = (value if k == i else beta for k, beta in enumerate(adam.betas))
    return replace(convention, map=replace(adam, betas=(first, second)))


def descended(
    together: Together, convention: Convention, dress: Callable[[Convention], Convention] | None = None
) -> Convention:
    """Return the convention with the numbers that leave least.

    Parameters
    ----------
    together : Together
        The steps.
    convention : Convention
        Where to begin.
    dress : callable, optional
        What gives a momentum its step sizes and decay: then the numbers of the momentum alone are moved.
    """
    if isinstance(convention.map, EntrywiseMap) and convention.map.name == "sign":
        return dress(convention) if dress else convention  # its steps change with a number at jumps only
    numbers = _of_momentum(convention) + ([] if dress else _others(convention))
    start = np.array([one.read(convention) for one in numbers])
    if not len(start):
        return dress(convention) if dress else convention
    unit = np.where(start > 0, start, 1.0)

    def made(values: np.ndarray) -> Convention:
        result = convention
        for one, value in zip(numbers, values, strict=True):
            result = one.write(result, float(value))
        return dress(result) if dress else result

    high = np.array([min(one.high / u, 1e6) for one, u in zip(numbers, unit, strict=True)])
    begin = np.clip(start / unit, 0, high * (1 - 1e-9))

    def left(values: np.ndarray) -> np.ndarray:
        rest = np.sqrt(together.misfits(made(values * unit)))
        return np.where(np.isfinite(rest), rest, 1e15)

    result = least_squares(left, begin, bounds=(np.zeros(len(start)), high), loss="cauchy", diff_step=1e-6,
                           max_nfev=40)  # fmt: skip
    found, before = made(result.x * unit), made(begin * unit)
    return found if together.score(found) < together.score(before) else before


def shortened(together: Together, convention: Convention) -> Convention:
    """Return the convention with each number the shortest that leaves as little."""
    score = together.score(convention)
    for one in _of_momentum(convention) + _others(convention):
        value = one.read(convention)
        if not value > 0:
            continue
        shorter = [round(value * n) / n for n in _FRACTIONS] if one.is_power else []
        for short in (*shorter, *(float(f"{value:.{n}g}") for n in range(1, _MOST_DIGITS + 1))):
            if not (0 < short < one.high and abs(short - value) < 0.3 * value):
                continue
            tried = one.write(convention, short)
            left = together.score(tried)
            if left <= SAME * score + _SLACK:
                convention, score = tried, min(left, score)
                break
    return convention
