"""Probes of several steps, of several blocks, and of weights that decay.

Entries are odd multiples of a power of two with at most five significant bits, so that every precision takes them
exactly. Matrices are well away from square, so that sums of a few are well-conditioned, and have sides that are
multiples of four, so that targets that cut them into blocks can do so.
"""

from __future__ import annotations

import numpy as np

from synthetic.seeds import Streams

from ..probe import ONE, Blocks, Probe, one_block

__all__ = ["LONGEST", "SEVERAL"]

LONGEST = 12
"""Steps of the longest probe."""

_WIDE, _TALL = (4, 12), (12, 4)


def _numbers(label: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return odd multiples of 1/8 in (-4, 4)."""
    rng = Streams({"several steps": label}).generator("data")
    return (2.0 * rng.integers(-16, 16, size=shape) + 1) / 8


def _gradients(label: str, shape: tuple[int, int], n_steps: int, sizes: tuple[float, ...] = (1.0,)) -> list[np.ndarray]:
    """Return different gradients, step k times ``sizes[k]``, repeated."""
    return [sizes[k % len(sizes)] * _numbers(f"{label} {k}", shape) for k in range(n_steps)]


def _probe(
    name: str,
    purpose: str,
    gradients: list[np.ndarray],
    *,
    start: np.ndarray | None = None,
    previous: list[np.ndarray] | None = None,
    step_size: float = 1.0,
    saved_before: int | None = None,
) -> Probe:
    return Probe(
        name=name,
        purpose=purpose,
        start=one_block(np.zeros(gradients[0].shape) if start is None else start),
        gradients=tuple(one_block(g) for g in gradients),
        previous_gradients=None if previous is None else tuple(one_block(g) for g in previous),
        step_size=step_size,
        saved_before=saved_before,
    )


def _momentum_probes() -> list[Probe]:
    different = _gradients("different", _WIDE, 6)
    previous = _gradients("previous", _WIDE, 6)
    uneven = _gradients("uneven", _WIDE, 6, (2.0, 1.0, 4.0, 0.5, 1.0, 2.0))
    tall = _gradients("tall", _TALL, 4)
    long = _gradients("long", (4, 8), LONGEST)
    long_previous = _gradients("long previous", (4, 8), LONGEST)
    large = _numbers("constant", (4, 8))
    return [
        _probe("several-different", "six different gradients: the weight of each in each step", different,
               previous=previous),
        _probe("several-uneven", "gradients of different sizes: whether the average is linear", uneven),
        _probe("several-first-small", "a first gradient of another size: whether the buffer is kept as it is",
               [different[0] / 8, *different[1:3]]),
        _probe("several-tall", "four different tall gradients", tall, previous=_gradients("tall previous", _TALL, 4)),
        _probe("several-long", "twelve steps: schedules of momentum and step size", long, previous=long_previous),
        _probe("several-constant", "the same gradient at every step: step sizes without the momentum",
               [large] * LONGEST, previous=[large] * LONGEST),
        _probe("several-saved", "state written and read back after two steps", different[:5], previous=previous[:5],
               saved_before=2),
        _probe("several-faint", "gradients of 2^-24: how the average grows, seen against a floor",
               _gradients("faint", _WIDE, 4, (2.0**-24,)), previous=[np.zeros(_WIDE)] * 4),
        _probe("several-fainter", "gradients of 2^-28", _gradients("fainter", _WIDE, 4, (2.0**-28,)),
               previous=[np.zeros(_WIDE)] * 4),
        _probe("several-low", "gradients of 2^-12", _gradients("low", _WIDE, 4, (2.0**-12,)),
               previous=[np.zeros(_WIDE)] * 4),
    ]  # fmt: skip


def _decay_probes() -> list[Probe]:
    weights, tall, g = _numbers("weights", _WIDE), _numbers("weights tall", _TALL), _numbers("pull", _WIDE)
    zero = [np.zeros(_WIDE)]
    return [
        _probe("decay-zero-gradient", "weights without a gradient: decay alone", zero * LONGEST, start=weights,
               previous=zero * LONGEST),
        _probe("decay-quarter-step", "the same at a quarter of the step size: what the decay is a multiple of",
               zero * 2, start=weights, previous=zero * 2, step_size=0.25),
        _probe("decay-tall", "decay of another shape: whether the scale of the step is in it",
               [np.zeros(_TALL)], start=tall),
        _probe("decay-several", "weights with four different gradients: whether the momentum holds the decay",
               _gradients("pulls", _WIDE, 4), start=weights, previous=_gradients("previous pulls", _WIDE, 4)),
        _probe("decay-gradient", "weights with a gradient: decay of which entries, before or after the step", [g],
               start=weights),
        _probe("decay-still", "the same gradient from zero weights: the step alone", [g]),
        _probe("decay-gradient-quarter", "weights with a gradient at a quarter of the step size", [g], start=weights,
               step_size=0.25),
        _probe("decay-still-quarter", "the same from zero weights", [g], step_size=0.25),
    ]  # fmt: skip


def _block_gradients(label: str, shapes: dict[str, tuple[int, int]], scales: dict[str, float]) -> Blocks:
    return {name: scales.get(name, 1.0) * _numbers(f"{label} {name}", shape) for name, shape in shapes.items()}


def _block_probes() -> list[Probe]:
    two = {ONE: (4, 8), "b": (8, 4)}
    three = {**two, "c": (4, 12)}
    # each block is once far larger than the others: some balances move the largest alone
    scales = [{}, {"b": 0.25}, {ONE: 4.0, "b": 4.0, "c": 4.0}, {ONE: 64.0}, {"b": 64.0}, {"c": 64.0}]
    probes = []
    for word, shapes in (("two", two), ("three", three)):
        start = {name: np.zeros(shape) for name, shape in shapes.items()}
        for number, scale in enumerate(one for one in scales if "c" in shapes or list(one) != ["c"]):
            n_steps = 4 if number == 0 else 1
            labels = [word] if n_steps == 1 else [word, *(f"{word} {k}" for k in range(1, n_steps))]
            said = ", ".join(f"{name} times {factor:g}" for name, factor in scale.items() if name in shapes)
            probes.append(
                Probe(
                    name=f"blocks-{word}-{number}",
                    purpose=f"{word} blocks" + (f", {said}" if said else ", four different gradients"),
                    start=start,
                    gradients=tuple(_block_gradients(label, shapes, scale) for label in labels),
                    previous_gradients=tuple(_block_gradients(f"previous {label}", shapes, scale) for label in labels),
                )
            )
    return probes


SEVERAL: tuple[Probe, ...] = (*_momentum_probes(), *_decay_probes(), *_block_probes())
