"""From a convention to an optimizer that follows it, in plain NumPy and without the reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..convention import Convention, EntrywiseMap, PolynomialMap, PowerMap
from ..momentum import Momentum
from .averages import (
    LOOKS_AHEAD,
    Average,
    Grows,
    average,
    bias_corrected,
    ema,
    first_gradient,
    heavy_ball,
    recursive,
    scheduled,
    without,
)
from .matrices import ARITHMETICS, Direction, by_parts, entry_signs, identity, iterated, schatten
from .optimizer import DECAYS, NumpyOptimizer, coupled, each

__all__ = ["adam_average", "dual_norm", "independent"]

SCALES: dict[str, Callable[[int, int], float]] = {
    "1": lambda m, n: 1.0,
    "sqrt(max(1, rows/columns))": lambda m, n: (m / n) ** 0.5 if m > n else 1.0,
    "sqrt(max(1, columns/rows))": lambda m, n: (n / m) ** 0.5 if n > m else 1.0,
    "sqrt(rows/columns)": lambda m, n: (m / n) ** 0.5,
    "sqrt(columns/rows)": lambda m, n: (n / m) ** 0.5,
    "sqrt(max(rows, columns))": lambda m, n: (m if m > n else n) ** 0.5,
    "sqrt(min(rows, columns))": lambda m, n: (n if m > n else m) ** 0.5,
    "sqrt(rows)": lambda m, n: m**0.5,
    "sqrt(columns)": lambda m, n: n**0.5,
    "sqrt(rows*columns)": lambda m, n: (m * n) ** 0.5,
}


def independent(convention: Convention) -> NumpyOptimizer:
    """Return the optimizer of a convention."""
    scale, factor = SCALES[convention.scale.formula], convention.scale.factor
    factors = convention.step_factors
    decay = convention.decay
    is_adam = isinstance(convention.map, EntrywiseMap) and convention.map.name == "adam"
    flattens = convention.stack == "flattened"
    direction = (lambda blocks: blocks) if is_adam else _together(convention)
    return NumpyOptimizer(
        direction=_flattened(direction, scale) if flattens else direction,
        average=adam_average(convention.map) if is_adam else average_of(convention.momentum),
        scale=(lambda m, n: factor) if flattens else (lambda m, n: factor * scale(m, n)),
        decay=DECAYS["after" if decay.after else "none" if decay.form == "l2" else decay.form],
        rate=decay.rate,
        l2=decay.rate if decay.form == "l2" else 0.0,
        step_factor=(lambda k: factors[k] if k < len(factors) else factors[-1]) if factors else (lambda k: 1.0),
    )


def average_of(momentum: Momentum) -> Average:
    """Return the recurrence of a momentum."""
    mu, ahead = momentum.beta, momentum.look_ahead
    if momentum.average == "none":
        return without
    if momentum.average == "bias corrected":
        return bias_corrected(mu, ahead, momentum.tau)
    if momentum.average == "schedule" and ahead == "next weight":
        thetas = momentum.thetas
        return _ahead_of(scheduled(thetas), lambda k: thetas[min(k + 1, len(thetas)) - 1])
    grow = {
        "ema": ema(mu),
        "heavy ball": heavy_ball(mu),
        "first gradient": first_gradient(mu),
        "schedule": scheduled(momentum.thetas),
        "recursive": recursive(mu),
    }[momentum.average]
    if ahead == "fixed" and momentum.taus:
        taus = momentum.taus
        return _ahead_of(grow, lambda k: taus[min(k, len(taus) - 1)])
    return average(grow, 1 - momentum.tau, "ema") if ahead == "fixed" else average(grow, mu, ahead)


def _ahead_of(grow: Grows, tau: Callable[[int], float]) -> Average:
    """Return the recurrence of an average with a look-ahead that changes from step to step."""

    def step(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
        buffer = grow(np.zeros_like(g) if memory is None else memory, g, before, k)
        return buffer, LOOKS_AHEAD["ema"](1 - tau(k), buffer, g, k)

    return step


def adam_average(of: EntrywiseMap) -> Average:
    """Return the direction of Adam as an average of two moments."""
    b1, b2 = of.betas

    def step(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
        first, second = (np.zeros_like(g), np.zeros_like(g)) if memory is None else memory
        first, second = b1 * first + (1 - b1) * g, b2 * second + (1 - b2) * (g * g)
        root = np.sqrt(second / (1 - b2 ** (k + 1)))
        return (first, second), first / (1 - b1 ** (k + 1)) / (root + of.epsilon)

    return step


def dual_norm(d: np.ndarray, p: float) -> float:
    """Return ``‖D‖_q`` for 1/p + 1/q = 1."""
    s = np.linalg.svd(d.astype(np.float64), compute_uv=False)
    if s[0] == 0:
        return 0.0
    if p == 1:
        return float(s[0])
    q = 1.0 if math.isinf(p) else p / (p - 1)
    return float(s[0] * np.sum((s / s[0]) ** q) ** (1 / q))


def _together(convention: Convention) -> Callable[[dict], dict]:
    if not convention.exponents:
        return each(_partitioned(convention))
    exponents = tuple(convention.exponents.values())
    radii = tuple(convention.radii.get(name, 1.0) for name in convention.exponents)
    balance = math.inf if convention.balance is None else convention.balance
    is_regularized = isinstance(convention.map, PowerMap) and convention.map.is_regularized
    return coupled(exponents, radii, balance, schatten, dual_norm, regularized=is_regularized)


def _partitioned(convention: Convention) -> Direction:
    kind, count = convention.partition.kind, convention.partition.count
    direction = _direction(convention)
    return direction if kind == "whole" else by_parts(direction, count, 0 if kind == "row blocks" else 1)


def _direction(convention: Convention) -> Direction:
    of, floor = convention.map, convention.floor
    kept = {"floor": floor.value, "clamped": floor.form == "clamped"}
    if isinstance(of, PolynomialMap):
        return iterated(of.schedule.steps, norm=of.normalisation, margin=of.schedule.input_margin,
                        arithmetic=convention.precision, times_dual_norm=of.times_dual_norm, **kept)  # fmt: skip
    if isinstance(of, EntrywiseMap):
        return entry_signs
    plain = identity if of.p == 2 and of.is_regularized else schatten(of.p, regularized=of.is_regularized, **kept)
    how = ARITHMETICS[convention.precision]
    return lambda d: how.stored(plain(how.taken(d))).astype(d.dtype)


def _flattened(direction: Callable[[dict], dict], scale: Callable[[int, int], float]) -> Callable[[dict], dict]:
    """Return the direction, with its scale by shape, on each stack as one matrix b × (mn)."""

    def flat(blocks: Mapping[str, np.ndarray]) -> dict:
        matrices = {name: d.reshape(len(d), -1) if d.ndim > 2 else d for name, d in blocks.items()}
        return {name: (scale(*matrices[name].shape) * u).reshape(blocks[name].shape)
                for name, u in direction(matrices).items()}  # fmt: skip

    return flat
