"""From a convention to an optimizer that follows it, in plain NumPy and without the reference."""

from __future__ import annotations

import math
from collections.abc import Callable
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
from .optimizer import DECAYS, Blocks, NumpyOptimizer, coupled, each

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
    adam = convention.adam
    flattens = convention.stack == "flattened"
    direction = _together(convention) if adam is None else (lambda blocks: blocks)
    return NumpyOptimizer(
        direction=_flattened(direction, scale) if flattens else direction,
        average=average_of(convention.momentum) if adam is None else adam_average(adam),
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


def _together(convention: Convention) -> Callable[[Blocks], Blocks]:
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
    of, floor, is_clamped = convention.map, convention.floor.value, convention.floor.form == "clamped"
    if isinstance(of, PolynomialMap):
        return iterated(of.schedule.steps, norm=of.normalisation, margin=of.schedule.input_margin, floor=floor,
                        clamped=is_clamped, arithmetic=convention.precision,
                        times_dual_norm=of.times_dual_norm)  # fmt: skip
    if isinstance(of, EntrywiseMap):
        return entry_signs
    plain: Direction = identity
    if of.p != 2 or not of.is_regularized:
        plain = schatten(of.p, regularized=of.is_regularized, floor=floor, clamped=is_clamped)
    how = ARITHMETICS[convention.precision]
    return lambda d: how.stored(plain(how.taken(d))).astype(d.dtype)


def _flattened(direction: Callable[[Blocks], Blocks], scale: Callable[[int, int], float]) -> Callable[[Blocks], Blocks]:
    """Return the direction, with its scale by shape, on each stack as one matrix b × (mn)."""

    def flat(blocks: Blocks) -> Blocks:
        matrices = {name: d.reshape(len(d), -1) if d.ndim > 2 else d for name, d in blocks.items()}
        return {name: (scale(*matrices[name].shape) * u).reshape(blocks[name].shape)
                for name, u in direction(matrices).items()}  # fmt: skip

    return flat
