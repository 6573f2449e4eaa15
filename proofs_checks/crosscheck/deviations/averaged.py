"""Deviations of momentum: what is averaged, how the average begins, what is read ahead, what is remembered."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..convention import Convention, PowerMap
from ..momentum import Momentum
from .averages import Average, average, ema, first_gradient, heavy_ball, without
from .deviation import of
from .matrices import MUON, iterated, per_slice, schatten
from .meant import BETA, CORRECTED, MUON_MEANT, REGULARIZED, SCHATTEN, corrected, muon, power, regularized
from .optimizer import NumpyOptimizer, each

__all__ = ["AVERAGED"]

_RECURSIVE = Convention(map=PowerMap(p=3.0), momentum=Momentum(average="recursive", beta=0.5))
_EITHER = frozenset({"ema", "heavy ball"})  # of a map that does not see lengths the two are one


def _twice(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
    buffer, ahead = average(ema(BETA), BETA, "ema")(memory, g, before, k)
    return buffer, BETA * ahead + (1 - BETA) * g


def _overwritten(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
    _, ahead = average(ema(BETA), BETA, "ema")(memory, g, before, k)
    return ahead, ahead


def _late_correction(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
    buffer, _ = average(ema(0.9))(memory, g, before, k)
    return buffer, buffer / (1 - 0.9 ** (k + 2))


def _stale(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
    old = np.zeros_like(g) if memory is None else memory
    return 0.9 * old + 0.1 * g, old


def _restarted(every: int, right: Average) -> Average:
    def step(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
        return right(None if k % every == 0 else memory, g, before, k)

    return step


def _after_the_map(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
    one = per_slice(iterated(MUON, floor=1e-7))(g)
    buffer = one if memory is None else BETA * memory + one
    return buffer, buffer


class _Forgetful(dict[str, Any]):
    """A state that comes back empty from wherever it was saved."""

    def __reduce__(self) -> tuple[type[_Forgetful], tuple[()]]:
        return _Forgetful, ()


class _Uncounted(dict[str, Any]):
    """A state that comes back with its buffers, and begins to count again."""

    def __reduce__(self) -> tuple[type[_Uncounted], tuple[dict[str, Any]]]:
        return _Uncounted, (dict(self) | {"k": 0},)


def _kept_in(kind: type[dict[str, Any]], optimizer: NumpyOptimizer) -> Any:
    def step(params: Any, grads: Any, state: Any, *, step_size: float = 1.0) -> tuple[Any, Any]:
        new, after = optimizer(params, grads, dict(state) if state else None, step_size=step_size)
        return new, kind(after)

    return step


AVERAGED = (
    of("heavy_ball_in_place_of_ema", "μB + (1-μ)G → μB + G, under a map that sees lengths", REGULARIZED,
       partial(regularized, average=average(heavy_ball(0.9))), "momentum", "heavy ball",
       momentum__average="heavy ball", momentum__beta=0.9),
    of("look_ahead_missing", "μB + (1-μ)G → B", MUON_MEANT, partial(muon, average=average(ema(BETA))), "look-ahead",
       momentum__look_ahead="none", momentum__average=_EITHER, momentum__beta=BETA),
    of("look_ahead_twice", "μB + (1-μ)G → μ(μB + (1-μ)G) + (1-μ)G", MUON_MEANT, partial(muon, average=_twice),
       "look-ahead", "fixed|twice", momentum__look_ahead="fixed", momentum__tau=1 - BETA**2),
    of("look_ahead_overwrites_the_buffer", "B kept → B <- μB + (1-μ)G", MUON_MEANT,
       partial(muon, average=_overwritten), "look-ahead", "overwr"),
    of("look_ahead_of_heavy_ball_on_a_mean", "μB + (1-μ)G → μB + G with B the ema", MUON_MEANT,
       partial(muon, average=average(ema(BETA), BETA, "heavy ball")), "look-ahead", "heavy ball",
       momentum__average="ema", momentum__look_ahead="heavy ball"),
    of("bias_correction_dropped", "B/(1-μ^{k+1}) → B", CORRECTED, partial(corrected, average=average(ema(0.9))),
       "bias correction", momentum__average="ema", momentum__beta=0.9),
    of("bias_correction_one_step_late", "B/(1-μ^{k+1}) → B/(1-μ^{k+2})", CORRECTED,
       partial(corrected, average=_late_correction), "bias correction", "late|not"),
    of("average_from_zero", "B_0 = G_0 → B_0 = (1-μ)G_0", SCHATTEN, partial(power, average=average(ema(0.9))),
       "momentum", momentum__average=_EITHER, momentum__beta=0.9),
    of("average_from_the_first_gradient", "B_0 = (1-μ)G_0 → B_0 = G_0", REGULARIZED,
       partial(regularized, average=average(first_gradient(0.9))), "momentum", "first gradient",
       momentum__average="first gradient", momentum__beta=0.9),
    of("momentum_weights_exchanged", "μB + (1-μ)G → (1-μ)B + μG", REGULARIZED,
       partial(regularized, average=average(ema(0.1))), "momentum", momentum__average="ema", momentum__beta=0.1),
    of("momentum_of_another_rate", "μ = 0.95 → 0.9", MUON_MEANT, partial(muon, average=average(ema(0.9), 0.9, "ema")),
       "momentum", "0.9", momentum__average=_EITHER, momentum__beta=0.9),
    of("momentum_restarted_each_step", "B kept → B = 0 before every step", REGULARIZED,
       partial(regularized, average=_restarted(1, average(ema(0.9)))), "momentum", "none",
       momentum__average="none", scale__factor=0.1),
    of("momentum_restarted_every_other_step", "B kept → B = 0 before steps 0, 2, 4, …", SCHATTEN,
       partial(power, average=_restarted(2, average(first_gradient(0.9)))), "momentum", "restart"),
    of("newest_gradient_left_out", "D = B_k → D = B_{k-1}", SCHATTEN, partial(power, average=_stale), "momentum",
       "late|newest|before"),
    of("momentum_after_the_map", "map(average of G) → average of map(G)", MUON_MEANT,
       partial(muon, direction=lambda blocks: blocks, average=_after_the_map), "momentum", "after the map|not a"),
    of("correction_of_recursive_momentum_lost", "G + μ(B - G') → G + μ(B - G)", _RECURSIVE,
       partial(power, average=average(first_gradient(0.5))), "momentum",
       momentum__average="first gradient", momentum__beta=0.5),
    of("recursive_momentum_as_heavy_ball", "G + μ(B - G') → G + μB",
       replace(_RECURSIVE, map=PowerMap(p=3.0, is_regularized=True)),
       partial(regularized, average=average(heavy_ball(0.5))), "momentum", "heavy ball",
       momentum__average="heavy ball", momentum__beta=0.5),
    of("no_momentum", "μ = 0.9 → 0", SCHATTEN, partial(power, average=without), "momentum",
       momentum__average="none"),
    of("state_lost_on_restoring", "B read back → B = 0", SCHATTEN, lambda: _kept_in(_Forgetful, power()), "momentum",
       "restor"),
    of("count_lost_on_restoring", "k read back → k = 0, under bias correction", CORRECTED,
       lambda: _kept_in(_Uncounted, corrected()), "momentum", "restor"),
    of("momentum_of_the_regularised_map_of_another_power", "p = 3 → 4, under the regularised oracle", REGULARIZED,
       partial(regularized, direction=each(schatten(4.0, regularized=True))), "map", "4",
       map__p=4.0, map__is_regularized=True),
)  # fmt: skip
