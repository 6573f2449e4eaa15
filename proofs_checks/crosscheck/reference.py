"""The reference: what a convention gives on a probe in float64, or with rounding errors of another precision."""

from __future__ import annotations

import math

import numpy as np

from schattor_theory.geometry import ProductGeometry, SchattenGeometry
from schattor_theory.geometry.schatten import schatten_norm

from .convention import Convention, EntrywiseMap, PolynomialMap, PowerMap
from .probe import Blocks, Probe
from .rounding import EXACT, Rounding, rounded
from .scales import scale_factor

__all__ = ["direction_of", "moved", "reference_parameters", "reference_updates"]


def reference_parameters(
    convention: Convention, probe: Probe, *, rounding: Rounding = EXACT, knows_step_size: bool = True
) -> tuple[dict[str, np.ndarray], ...]:
    """Return ``X_1, X_2, …`` of a convention on a probe.

    Parameters
    ----------
    convention : Convention
        What to run.
    probe : Probe
        The inputs.
    rounding : Rounding
        Errors to make in the inner computation; none by default.
    knows_step_size : bool
        Whether the step size is the probe's; otherwise the convention's own, or 1.
    """
    eta = probe.step_size if knows_step_size else (convention.step_size or 1.0)
    x = {name: np.array(block, dtype=np.float64) for name, block in probe.start.items()}
    gradients: dict[str, list[np.ndarray]] = {name: [] for name in x}
    adam = None if convention.adam is None else {name: _Adam(convention.adam) for name in x}
    results = []
    for k in range(probe.n_steps):
        step = eta * convention.step_factor(k)
        averages = {}
        for name, block in x.items():
            g = np.asarray(probe.gradients[k][name], dtype=np.float64)
            if convention.decay.form == "l2":
                g = g + convention.decay.rate * block
            gradients[name].append(g)
            # gradients of a probe do not depend on the parameters: where none is said, that before is the same one
            before = probe.previous_gradients if probe.previous_gradients is not None else probe.gradients
            previous = [np.asarray(one[name], dtype=np.float64) for one in before[: k + 1]]
            averages[name] = convention.momentum.direction(gradients[name], previous)
        if adam is not None:
            updates = {name: adam[name].step(gradients[name][-1]) for name in x}
        else:
            updates = reference_updates(convention, averages, rounding)
        x = {name: moved(convention, block, updates[name], step) for name, block in x.items()}
        results.append(x)
    return tuple(results)


def reference_updates(convention: Convention, averages: Blocks, rounding: Rounding = EXACT) -> dict[str, np.ndarray]:
    """Return U of ``X <- X - ηU`` for the averages D of each block, without decay."""
    if convention.exponents:
        exponents = {name: convention.exponents[name] for name in averages}
        radii = {name: radius for name, radius in convention.radii.items() if name in averages}
        balance = math.inf if convention.balance is None else convention.balance
        geometry = ProductGeometry(exponents, radii, balance)
        norm, blocks = geometry.dual_norm_and_map(averages)
        is_regularized = isinstance(convention.map, PowerMap) and convention.map.is_regularized
        factor = np.asarray(norm)[..., None, None] if is_regularized else 1.0
        return {name: rounding.entries(block * factor) for name, block in blocks.items()}
    return {name: _scaled(convention, d, rounding) for name, d in averages.items()}


def _scaled(convention: Convention, d: np.ndarray, rounding: Rounding) -> np.ndarray:
    matrix = d.reshape(d.shape[0], -1) if d.ndim > 2 and convention.stack == "flattened" else d
    factor = rounding.constant(convention.scale.factor * scale_factor(convention.scale.formula, matrix.shape))
    return rounding.entries(factor * _partitioned(convention, matrix, rounding)).reshape(d.shape)


def _partitioned(convention: Convention, d: np.ndarray, rounding: Rounding) -> np.ndarray:
    kind, count = convention.partition.kind, convention.partition.count
    if kind == "whole" or count == 1:
        return direction_of(convention, d, rounding)
    axis = -2 if kind == "row blocks" else -1
    if d.shape[axis] % count:
        return direction_of(convention, d, rounding)
    parts = np.split(d, count, axis=axis)
    return np.concatenate([direction_of(convention, part, rounding) for part in parts], axis=axis)


def direction_of(convention: Convention, d: np.ndarray, rounding: Rounding = EXACT) -> np.ndarray:
    """Return the direction of the map for averages ``d``, shape (..., m, n), without the scale."""
    of = convention.map
    if isinstance(of, EntrywiseMap):
        return np.sign(d)
    if isinstance(of, PowerMap):
        return _power(of, convention, d, rounding)
    return _polynomial(of, convention, d, rounding)


def _power(of: PowerMap, convention: Convention, d: np.ndarray, rounding: Rounding) -> np.ndarray:
    geometry = SchattenGeometry(of.p)
    if of.p == 2 and of.is_regularized:
        return rounding.entries(d)
    norm, direction = geometry.dual_norm_and_map(d)
    norm = np.asarray(norm)[..., None, None]
    kept = _kept_from_zero(norm, convention)
    # a floor shrinks the normalised step by norm/(norm + ε)
    share = np.divide(norm, kept, out=np.zeros_like(norm), where=kept > 0)
    return rounding.entries(direction * (norm if of.is_regularized else share))


def _kept_from_zero(norm: np.ndarray, convention: Convention) -> np.ndarray:
    floor = convention.floor
    if floor.form == "added":
        return norm + floor.value
    return np.maximum(norm, floor.value) if floor.form == "clamped" else norm


def _polynomial(of: PolynomialMap, convention: Convention, d: np.ndarray, rounding: Rounding) -> np.ndarray:
    is_tall = d.shape[-2] > d.shape[-1]
    x = np.swapaxes(d, -1, -2) if is_tall else d
    x = rounding.entries(_normalised(of, convention, x, rounding))
    for row in of.schedule.steps:
        a = (
            [rounded(one, convention.unit_roundoff("float64")) for one in row]
            if convention.rounds_coefficients
            else [rounding.constant(one) for one in row]
        )
        gram = rounding.product(x, np.swapaxes(x, -1, -2))
        inner = a[-1] * gram
        for one in a[-2:0:-1]:
            inner = rounding.entries(one * gram + rounding.product(gram, inner))
        x = rounding.entries(a[0] * x + rounding.product(inner, x)) if len(a) > 1 else rounding.entries(a[0] * x)
    direction = np.swapaxes(x, -1, -2) if is_tall else x
    if of.times_dual_norm:
        direction = direction * np.sum(d * direction, axis=(-2, -1), keepdims=True)
    return direction


def _normalised(of: PolynomialMap, convention: Convention, x: np.ndarray, rounding: Rounding) -> np.ndarray:
    largest = np.max(np.abs(x), axis=(-2, -1), keepdims=True, initial=0.0)
    safe = np.where(largest > 0, largest, 1.0)
    unit = x / safe  # numerics: squares of tiny or huge entries would leave the range
    gram = unit @ np.swapaxes(unit, -1, -2)
    if of.normalisation == "aol":
        sums = np.sqrt(np.sum(np.abs(gram), axis=-1, keepdims=True))
        return np.divide(unit, sums, out=np.zeros_like(unit), where=sums > 0)
    norms = {
        "frobenius": lambda: np.sqrt(np.trace(gram, axis1=-2, axis2=-1)),
        "spectral": lambda: schatten_norm(unit, "inf"),
        "schatten": lambda: np.sqrt(schatten_norm(gram, 2)),
    }
    norm = safe * np.asarray(norms[of.normalisation]())[..., None, None] * (1 + of.schedule.input_margin)
    kept = np.asarray(rounding.scalar(_kept_from_zero(norm, convention)))
    return np.divide(x, kept, out=np.zeros_like(x), where=kept > 0)


def moved(convention: Convention, x: np.ndarray, update: np.ndarray, eta: float) -> np.ndarray:
    """Return X after a step of size ``eta`` along ``update``, with the weight decay."""
    decay = convention.decay
    rates = {"decoupled": eta * decay.rate, "independent": decay.rate, "squared": eta * eta * decay.rate}
    if decay.form in rates:
        kept = 1 - rates[decay.form]
        return kept * (x - eta * update) if decay.after else kept * x - eta * update
    if decay.form == "cautious":
        return x * (1 - eta * decay.rate * (np.sign(x) == np.sign(update))) - eta * update
    return x - eta * update


class _Adam:
    """The two moments of Adam, for one block."""

    def __init__(self, of: EntrywiseMap) -> None:
        self.of, self.k = of, 0
        self.first: np.ndarray | float = 0.0
        self.second: np.ndarray | float = 0.0

    def step(self, g: np.ndarray) -> np.ndarray:
        b1, b2 = self.of.betas
        self.k += 1
        self.first = b1 * self.first + (1 - b1) * g
        self.second = b2 * self.second + (1 - b2) * g * g
        root = np.sqrt(self.second / (1 - b2**self.k))
        return self.first / (1 - b1**self.k) / (root + self.of.epsilon)
