"""Stack: what becomes of a parameter with three axes, and of one with four."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from ..convention import Convention
from ..finding import Finding
from ..probe import ONE, Run
from ..reference import reference_updates
from .activity import COARSE

__all__ = ["kernel_finding", "stack_finding"]


def _rows_joined(d: np.ndarray, f: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return f(d.reshape(-1, d.shape[-1])).reshape(d.shape)


def _columns_joined(d: np.ndarray, f: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    b, m, n = d.shape
    return f(np.moveaxis(d, 0, 1).reshape(m, b * n)).reshape(m, b, n).transpose(1, 0, 2)


_WAYS: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "slices": ("slices", lambda d, f: f(d)),
    "flattened to b × (mn)": ("flattened", lambda d, f: f(d.reshape(d.shape[0], -1)).reshape(d.shape)),
    "piled up to (bm) × n": ("other", _rows_joined),
    "side by side, m × (bn)": ("other", _columns_joined),
    "slices of the last two axes reversed": ("other", lambda d, f: np.moveaxis(f(np.moveaxis(d, -1, 0)), 0, -1)),
    "the gradient itself": ("other", lambda d, f: d),
    "the sign of each entry": ("other", lambda d, f: np.sign(d)),
}


_KERNEL_WAYS: dict[str, Callable[..., np.ndarray]] = {
    "one matrix, output channels × the rest": lambda d, f: f(d.reshape(d.shape[0], -1)).reshape(d.shape),
    "slices of the last two axes": lambda d, f: f(d),
    "slices of the first two axes": lambda d, f: np.moveaxis(f(np.moveaxis(d, (0, 1), (2, 3))), (2, 3), (0, 1)),
    "one matrix, the last axis × the rest": lambda d, f: f(d.reshape(-1, d.shape[-1])).reshape(d.shape),
    "the gradient itself": lambda d, f: d,
    "the sign of each entry": lambda d, f: np.sign(d),
}


def stack_finding(
    runs: Iterable[Run], full: Convention, convention: Convention, unit: float, *, is_known: bool
) -> tuple[Finding | None, str]:
    """Return the finding on a stack, and the value of ``Convention.stack``.

    Parameters
    ----------
    runs : iterable of Run
        Those with one block of three axes are looked at.
    full : Convention
        With the scale, which tells ways apart where the map does not.
    convention : Convention
        Map, floor and partition, without scale.
    is_known : bool
        Whether the length of a step is that of the convention.
    unit : float
        Effective unit roundoff, for how near is near.
    """
    for run in runs:
        shape = run.probe.shapes.get(ONE, ())
        if len(shape) != 3 or run.probe.n_steps > 1 or set(run.probe.shapes) != {ONE}:
            continue
        if not run.parameters:
            return Finding(
                property="stack", value="refused", evidence=f"'{run.probe.name}', {shape}: {run.status}."
            ), "refused"
        gradient, update = np.asarray(run.probe.gradients[0][ONE], dtype=float), np.asarray(run.update(0))
        if not np.all(np.isfinite(update)) or not np.any(update):
            what = "zero" if np.all(np.isfinite(update)) else "not finite"
            return Finding(
                property="stack",
                value=f"other: the step is {what}",
                is_fault=True,
                evidence=f"'{run.probe.name}', {shape}.",
            ), "other"
        shares = {}

        def f(d: np.ndarray) -> np.ndarray:
            return reference_updates(convention, {ONE: d})[ONE]

        for name, (_, way) in _WAYS.items():
            model = way(gradient, f)
            shares[name] = _left(update, model)
        slices, factors = _by_slice(update, f(gradient))
        best = min(shares, key=lambda name: shares[name])
        evidence = "What each way leaves of the step: " + ", ".join(f"{n} {v:.1e}" for n, v in shares.items()) + "."
        bound = max(COARSE, 40 * unit) if unit > 1e-5 else 1e-3
        ratios = {}
        for name, (kind, _) in _WAYS.items():
            if kind in ("slices", "flattened") and shares[name] <= bound:
                expected = reference_updates(replace(full, stack=kind), {ONE: gradient})[ONE]
                ratios[name] = abs(math.log(max(abs(np.sum(update * expected) / np.sum(expected**2)), 1e-300)))
        if len(ratios) == 2 and min(ratios.values()) < 0.05 < max(ratios.values()):
            best = min(ratios, key=lambda name: ratios[name])
        if shares[best] <= bound:
            return Finding(property="stack", value=best, evidence=evidence), _WAYS[best][0]
        if slices <= bound and not is_known:
            # the factor of a slice alone is not known either
            return Finding(property="stack", value="slices", evidence=evidence), "slices"
        if slices <= bound:
            listed = ", ".join(f"{one:.3g}" for one in factors)
            return Finding(
                property="stack",
                value="other: each slice by itself, with factors of their own",
                is_fault=True,
                evidence=f"Factors {listed}. {evidence}",
            ), "other"
        return Finding(
            property="stack", value="other", is_fault=True, evidence=f"None of the ways known fits. {evidence}"
        ), "other"
    return None, "slices"


def kernel_finding(runs: Iterable[Run], convention: Convention, unit: float) -> Finding | None:
    """Return the finding on the kernel of a convolution: a parameter of four axes, output channels first.

    It does not enter the verdict: implementations reshape kernels otherwise than they treat a stack.

    Parameters
    ----------
    runs : iterable of Run
        The first with one block of four axes is looked at.
    convention : Convention
        Map, floor and partition, without scale.
    unit : float
        Effective unit roundoff, for how near is near.
    """
    run = next((one for one in runs if [len(shape) for shape in one.probe.shapes.values()] == [4]), None)
    if run is None:
        return None
    shape = run.probe.shapes[ONE]
    where = f"'{run.probe.name}', {shape}"
    if not run.parameters:
        return Finding(property="stack", value="kernel of four axes: refused", evidence=f"{where}: {run.status}.")
    gradient, update = np.asarray(run.probe.gradients[0][ONE], dtype=float), np.asarray(run.update(0))
    if not np.all(np.isfinite(update)) or not np.any(update):
        what = "zero" if np.all(np.isfinite(update)) else "not finite"
        return Finding(property="stack", value=f"kernel of four axes: the step is {what}", is_fault=what != "zero",
                       evidence=f"{where}.")  # fmt: skip

    def f(d: np.ndarray) -> np.ndarray:
        return reference_updates(convention, {ONE: d})[ONE]

    shares = {name: _left(update, way(gradient, f)) for name, way in _KERNEL_WAYS.items()}
    best = min(shares, key=lambda name: shares[name])
    evidence = f"What each way leaves of the step ({where}): {', '.join(f'{n} {v:.1e}' for n, v in shares.items())}."
    is_near = shares[best] <= (max(COARSE, 40 * unit) if unit > 1e-5 else 1e-3)
    return Finding(property="stack", value=f"kernel of four axes: {best if is_near else 'none of the ways known'}",
                   evidence=evidence)  # fmt: skip


def _left(update: np.ndarray, model: np.ndarray) -> float:
    bottom = float(np.sum(model * model))
    factor = float(np.sum(update * model)) / bottom if bottom > 0 else 0.0
    return float(np.linalg.norm(update - factor * model) / np.linalg.norm(update))


def _by_slice(update: np.ndarray, model: np.ndarray) -> tuple[float, list[float]]:
    factors = [float(np.sum(u * d) / max(np.sum(d * d), 1e-300)) for u, d in zip(update, model, strict=True)]
    left = update - np.array(factors)[:, None, None] * model
    return float(np.linalg.norm(left) / np.linalg.norm(update)), factors
