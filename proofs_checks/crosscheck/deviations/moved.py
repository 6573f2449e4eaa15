"""Deviations of the step: its scale by shape, weight decay, step sizes, several blocks, and what is written over."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..convention import Decay, Scale
from .deviation import of
from .matrices import schatten
from .meant import MUON_MEANT, POLAR, SCHATTEN, muon, polar, power, taller
from .optimizer import DECAYS, NumpyOptimizer, Optimizer, coupled

__all__ = ["MOVED"]

_MOONLIGHT = replace(MUON_MEANT, scale=Scale(formula="sqrt(max(rows, columns))", factor=0.2))
_NO_DECAY = replace(MUON_MEANT, decay=Decay())


_BLOCKS = replace(SCHATTEN, exponents={"w": 3.0, "b": 3.0, "c": 3.0}, radii={"b": 0.5}, balance=math.inf)
_KEPT = "inputs not overwritten"


def _longer(rows: int, columns: int) -> float:
    return math.sqrt(max(rows, columns))


def _decays(name: str, rate: float = 0.125) -> Callable[[], NumpyOptimizer]:
    return partial(muon, decay=DECAYS[name], rate=rate)


def _with_the_scale(x: np.ndarray, u: np.ndarray, eta: float, rate: float) -> np.ndarray:
    return x - eta * taller(*x.shape[-2:]) * rate * x - eta * u


def _norm(d: np.ndarray, p: float) -> float:
    q = 1.0 if math.isinf(p) else p / (p - 1)
    s = np.linalg.svd(d.astype(np.float64), compute_uv=False)
    return float(s[0] * np.sum((s / s[0]) ** q) ** (1 / q)) if s[0] > 0 else 0.0


def _blocks(exponents: tuple[float, ...], radii: tuple[float, ...], balance: float) -> Callable[[], NumpyOptimizer]:
    return partial(power, direction=coupled(exponents, radii, balance, schatten, _norm))


def _writes(what: str) -> Callable[[], Optimizer]:
    """Return an optimizer that writes to one of its inputs; what it returns is right."""

    def make() -> Optimizer:
        right = power()

        def step(params: Any, grads: Any, state: Any, *, step_size: float = 1.0) -> tuple[Any, Any]:
            new, after = right(params, grads, state, step_size=step_size)
            if what == "state":
                for memory in state["memory"].values() if state else ():
                    memory *= 0.5
            else:
                given = grads if what == "gradients" else params
                for x in given.values() if isinstance(given, Mapping) else (given,):
                    x *= 0.5
            return new, after

        return step

    return make


def _wider() -> Optimizer:
    right = power()

    def step(params: Any, grads: Any, state: Any, *, step_size: float = 1.0) -> tuple[Any, Any]:
        new, after = right(params, grads, state, step_size=step_size)
        if isinstance(new, Mapping):
            return {name: x.astype(np.float64) for name, x in new.items()}, after
        return new.astype(np.float64), after

    return step


MOVED = (
    of("scale_on_the_wrong_side", "(max(1, rows/columns))^{1/2} → (max(1, columns/rows))^{1/2}", MUON_MEANT,
       partial(muon, scale=lambda m, n: taller(n, m)), "scale", "columns/rows",
       scale__formula="sqrt(max(1, columns/rows))", scale__factor=1.0),
    of("scale_missing", "(max(1, rows/columns))^{1/2} → 1", MUON_MEANT, partial(muon, scale=lambda m, n: 1.0), "scale",
       "1", scale__formula="1", scale__factor=1.0),
    of("maximum_of_the_scale_lost", "(max(1, rows/columns))^{1/2} → (rows/columns)^{1/2}", MUON_MEANT,
       partial(muon, scale=lambda m, n: math.sqrt(m / n)), "scale", "rows/columns",
       scale__formula="sqrt(rows/columns)", scale__factor=1.0),
    of("factor_of_the_scale_lost", "0.2 max(rows, columns)^{1/2} → max(rows, columns)^{1/2}", _MOONLIGHT,
       partial(muon, scale=_longer), "scale", "max(rows, columns)",
       scale__formula="sqrt(max(rows, columns))", scale__factor=1.0),
    of("scale_of_another_kind", "(max(1, rows/columns))^{1/2} → 0.2 max(rows, columns)^{1/2}", MUON_MEANT,
       partial(muon, scale=lambda m, n: 0.2 * _longer(m, n)), "scale", "0.2",
       scale__formula="sqrt(max(rows, columns))", scale__factor=0.2),
    of("root_of_the_scale_lost", "(max(1, rows/columns))^{1/2} → max(1, rows/columns)", MUON_MEANT,
       partial(muon, scale=lambda m, n: taller(m, n) ** 2), "scale", "no formula|none|not"),
    of("two_per_cent_in_bfloat16", "scale → 1.02 of it, under the rounding of bfloat16", MUON_MEANT,
       partial(muon, arithmetic="bfloat16", scale=lambda m, n: 1.02 * taller(m, n)), "scale", "1.02",
       scale__formula="sqrt(max(1, rows/columns))", scale__factor=1.02),
    of("decay_missing", "(1-ηλ)X → X", MUON_MEANT, _decays("none"), "weight decay", "none", decay__form="none"),
    of("decay_not_times_the_step_size", "(1-ηλ)X → (1-λ)X", MUON_MEANT, _decays("independent"), "weight decay",
       "independent", decay__form="independent", decay__rate=0.125),
    of("decay_times_the_step_size_twice", "(1-ηλ)X → (1-η²λ)X", MUON_MEANT, _decays("squared"), "weight decay",
       "squared", decay__form="squared", decay__rate=0.125),
    of("decay_through_the_gradient", "(1-ηλ)X → G + λX", MUON_MEANT, partial(muon, rate=0.0, l2=0.125), "weight decay",
       "l2", decay__form="l2"),
    of("decay_after_the_step", "(1-ηλ)X - ηU → (1-ηλ)(X - ηU)", MUON_MEANT, _decays("after"), "weight decay", "after",
       decay__form="decoupled", decay__after=True, decay__rate=0.125),
    of("decay_only_along_the_step", "(1-ηλ)X → only in entries with the sign of U", MUON_MEANT, _decays("cautious"),
       "weight decay", "cautious", decay__form="cautious"),
    of("decay_of_another_rate", "λ = 1/8 → 1/4", MUON_MEANT, _decays("decoupled", 0.25), "weight decay", "0.25",
       decay__form="decoupled", decay__rate=0.25),
    of("weights_grow", "(1-ηλ)X → (1+ηλ)X", MUON_MEANT, _decays("decoupled", -0.125), "weight decay", "-0.125|grow"),
    of("decay_times_the_scale", "(1-ηλ)X → (1-ηλ (max(1, rows/columns))^{1/2})X", MUON_MEANT,
       partial(muon, decay=_with_the_scale), "weight decay", "shape|scale|unknown"),
    of("step_size_warms_up", "η, η, … → η/4, η/2, 3η/4, η, …", MUON_MEANT,
       partial(muon, step_factor=lambda k: min(k + 1, 4) / 4), "step size", step_factors=(1.0, 2.0, 3.0)),
    of("step_size_halves", "η, η, … → η, η/2, η/4, …", POLAR, partial(polar, step_factor=lambda k: 0.5**k), "step size",
       step_factors=(1.0, 0.5, 0.25)),
    of("first_step_skipped", "η, η, … → 0, η, …", SCHATTEN, partial(power, step_factor=lambda k: float(k > 0)),
       "step size", "first"),
    of("step_size_squared", "ηU → η²U", POLAR, partial(polar, decay=lambda x, u, eta, rate: x - eta * eta * u),
       "step size", "²|squared|square|step size"),
    of("step_size_ignored", "ηU → U/64", POLAR, partial(polar, decay=lambda x, u, eta, rate: x - u / 64), "step size",
       "not|ignore|own|step size"),
    of("radius_of_the_second_block", "radii 1 and 1/2 → 1 and 2", _BLOCKS, _blocks((3.0, 3.0), (1.0, 2.0), math.inf),
       "blocks", "2", radii={"w": 1.0, "b": 2.0}),
    of("exponent_of_the_second_block", "p = 3 and 3 → 3 and 4/3", _BLOCKS, _blocks((3.0, 4 / 3), (1.0, 0.5), math.inf),
       "blocks", "4/3", exponents={"w": 3.0, "b": 4 / 3}),
    of("blocks_in_balance_2", "balance inf → 2", _BLOCKS, _blocks((3.0, 3.0), (1.0, 0.5), 2.0), "blocks", "2",
       balance=2.0),
    of("gradient_overwritten", "G kept → G <- G/2 after the step", SCHATTEN, _writes("gradients"),
       _KEPT, "gradient", is_invariance=True),
    of("parameters_overwritten", "X_k kept → X_k/2, beside the X_{k+1} that is returned", SCHATTEN,
       _writes("parameters"), _KEPT, "param", is_invariance=True),
    of("state_overwritten", "the state given kept → its buffers halved", SCHATTEN, _writes("state"),
       _KEPT, "state", is_invariance=True),
    of("result_of_another_dtype", "float32 in, float32 out → float64 out", SCHATTEN, _wider, "precision", "float64"),
)  # fmt: skip
