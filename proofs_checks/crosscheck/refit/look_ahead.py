"""A look-ahead that changes from step to step: τ_k of every step by itself, then as a formula where one fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..convention import Convention, EntrywiseMap
from ..momentum import Momentum
from .candidates import with_momentum
from .together import Together

__all__ = ["FORMULAS", "with_changing_look_ahead"]

_BETAS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
_LEVELS = (np.linspace(0, 1, 21), np.linspace(-0.06, 0.06, 13), np.linspace(-0.006, 0.006, 13),
           np.linspace(-0.0006, 0.0006, 13))  # fmt: skip
_LENGTH = 48  # of a schedule that is a formula
_POWERS = (0.25, 1 / 3, 0.5, 2 / 3, 0.75, 1.0)


def _falling(shift: int, power: float) -> Callable[[int], float]:
    return lambda k: float((k + shift) ** -power)


FORMULAS = {f"(k+{shift})^-{power:.4g}": _falling(shift, power) for power in _POWERS for shift in (1, 2)}
"""Schedules of τ_k by name."""


def with_changing_look_ahead(several: Together, start: Convention) -> list[Convention]:
    """Return the convention with averages whose look-ahead has a τ_k of its own at every step, the best first."""
    if not several.stacks or isinstance(start.map, EntrywiseMap):
        return []
    found: list[tuple[float, int, Convention]] = []
    for average in ("first gradient", "bias corrected"):
        for beta in _BETAS:
            one = _of_every_step(several, start, average, beta)
            found.append((several.lengths(one).score, len(found), one))
    best = min(found, key=lambda row: row[:2])[2]
    named: list[tuple[float, int, Convention]] = []
    for formula in FORMULAS.values():
        one = _with_taus(best, tuple(formula(k) for k in range(_LENGTH)))
        named.append((several.lengths(one).score, len(named), one))
    return [min(named, key=lambda row: row[:2])[2], best]


def _with_taus(convention: Convention, taus: tuple[float, ...]) -> Convention:
    return with_momentum(convention, replace(convention.momentum, taus=taus))


def _of_every_step(several: Together, start: Convention, average: str, beta: float) -> Convention:
    """Return the convention with the τ_k that leaves least of each step."""
    base = with_momentum(start, Momentum(average=average, beta=beta, look_ahead="fixed", tau=0.5))
    taus = np.zeros(several.n_steps)
    for level in _LEVELS:
        trials = np.clip(taus[None, :] + level[:, None], 0.0, 1.0)
        lefts = np.array([several.lengths(_with_taus(base, tuple(map(float, row)))).by_step for row in trials])
        taus = trials[np.argmin(lefts, axis=0), np.arange(len(taus))]
    return _with_taus(base, tuple(map(float, taus)))
