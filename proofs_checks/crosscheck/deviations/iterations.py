"""Deviations of the polynomial iteration: coefficients, steps, what the input is divided by, floors, precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from schattor_theory.geometry.polynomials import polar_schedule

from ..convention import Floor, PolynomialMap
from .deviation import Deviation, of
from .matrices import BARE, CUBIC, MUON, POLAR_EXPRESS, YOU, iterated
from .meant import EXPRESS, MUON_MEANT, express, muon
from .optimizer import NumpyOptimizer, each

__all__ = ["ITERATIONS"]

_CLASSIC = ((1.875, -1.25, 0.375),) * 5
_FIVE = replace(EXPRESS, map=PolynomialMap(schedule=polar_schedule("polar-express", 5)))
_NO_FLOOR = replace(MUON_MEANT, floor=Floor())


def _off(place: int, factor: float) -> Deviation:
    letter = "abc"[place]
    row = tuple(a * factor if i == place else a for i, a in enumerate(MUON[0]))
    words = f"{letter} = {MUON[0][place]} → {row[place]:.6g}, one per cent off, at every step"
    return of(f"coefficient_{letter}_off", words, MUON_MEANT, partial(muon, rows=(row,) * 5), "schedule", "not a named",
              "muon")  # fmt: skip


def _half_precision_norm(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        squares = (x * x).astype(np.float16)
        return np.sqrt(np.sum(squares, dtype=np.float16)).astype(x.dtype)


def _undivided(x: np.ndarray) -> np.ndarray:
    return np.ones((), dtype=x.dtype)


def _let_it_grow(direction: Callable[[np.ndarray], np.ndarray]) -> NumpyOptimizer:
    def quiet(d: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return direction(d)

    return muon(direction=each(quiet))


ITERATIONS = (
    *(_off(place, 1.01) for place in range(3)),
    of("first_coefficient_of_five_off", "the first of five: a = 4.0848 → 4.0", MUON_MEANT,
       partial(muon, rows=((4.0, *YOU[0][1:]), *YOU[1:])), "schedule", "not a named", "you"),
    of("one_step_less", "5 steps → 4", MUON_MEANT, partial(muon, rows=MUON[:4]), "schedule", "4",
       map__schedule__name="muon", map__schedule__n_steps=4),
    of("one_step_more", "5 steps → 6", MUON_MEANT, partial(muon, rows=(*MUON, MUON[0])), "schedule", "6",
       map__schedule__name="muon", map__schedule__n_steps=6),
    of("twelve_steps", "5 steps → 12", MUON_MEANT, partial(muon, rows=MUON[:1] * 12), "schedule", "12",
       map__schedule__name="muon", map__schedule__n_steps=12),
    of("cubic_for_quintic", "(3.4445, -4.775, 2.0315) → (1.5, -0.5)", MUON_MEANT, partial(muon, rows=CUBIC),
       "schedule", "cubic", map__schedule__name="newton-schulz-cubic", map__schedule__n_steps=5),
    of("taylor_for_muon", "(3.4445, -4.775, 2.0315) → (15/8, -5/4, 3/8)", MUON_MEANT, partial(muon, rows=_CLASSIC),
       "schedule", "newton-schulz-quintic", map__schedule__name="newton-schulz-quintic", map__schedule__n_steps=5),
    of("list_of_five_for_muon", "Muon's quintic → the list of five", MUON_MEANT, partial(muon, rows=YOU), "schedule",
       "you", map__schedule__name="you", map__schedule__n_steps=5),
    of("list_begun_again", "sixth step: the fifth again → the first again", _NO_FLOOR,
       partial(muon, rows=(*YOU, YOU[0])), "schedule", "again", map__schedule__n_steps=6),
    of("list_backwards", "the list of five → from its end", _NO_FLOOR, partial(muon, rows=YOU[::-1]), "schedule",
       "not a named"),
    of("input_margin_missing", "D/(1.01‖D‖_F) → D/‖D‖_F, five steps", _FIVE,
       partial(express, rows=POLAR_EXPRESS[:5], margin=0.0), "schedule", "margin",
       map__schedule__name="polar-express", map__schedule__input_margin=0.0),
    of("safety_missing", "a/1.01, b/1.01³, c/1.01⁵ → a, b, c, five steps", _FIVE, partial(express, rows=BARE[:5]),
       "schedule", "not a named"),
    of("spectral_norm_for_frobenius", "D/‖D‖_F → D/‖D‖_inf", MUON_MEANT, partial(muon, norm="spectral"),
       "normalisation", "spectral", map__normalisation="spectral"),
    of("norm_of_the_gram_matrix", "D/‖D‖_F → D/‖DDᵀ‖_F^{1/2}", MUON_MEANT, partial(muon, norm="schatten"),
       "normalisation", "schatten", map__normalisation="schatten"),
    of("row_sums_of_the_gram_matrix", "D/‖D‖_F → each row by (Σ|DDᵀ|)^{1/2}", _NO_FLOOR,
       partial(muon, norm="aol", floor=0.0),
       "normalisation", "aol", map__normalisation="aol"),
    of("input_not_divided", "D/‖D‖_F → D", MUON_MEANT,
       lambda: _let_it_grow(iterated(MUON, norm=_undivided, careful=False)), "normalisation", "not|none"),
    of("floor_added", "ε = 1e-7 → 1e-3", MUON_MEANT, partial(muon, floor=1e-3), "floor", "added",
       floor__value=1e-3, floor__form="added"),
    of("floor_clamped", "‖D‖ + 1e-7 → max(‖D‖, 1e-3)", MUON_MEANT, partial(muon, floor=1e-3, clamped=True), "floor",
       "clamped", floor__value=1e-3, floor__form="clamped"),
    of("norm_overflows_in_half_precision", "‖D‖ in float32 → its squares in float16", MUON_MEANT,
       partial(muon, norm=_half_precision_norm, careful=False), "floor", "overflow"),
    of("iteration_in_bfloat16", "float32 → bfloat16", MUON_MEANT, partial(muon, arithmetic="bfloat16"), "precision",
       "bfloat16", precision="bfloat16"),
    of("iteration_in_float16", "float32 → float16", EXPRESS, partial(express, arithmetic="float16"), "precision",
       "float16", precision="float16"),
    of("iteration_in_float32", "the dtype of the parameters, float64 → float32", EXPRESS,
       partial(express, arithmetic="float32"), "precision", "float32", precision="float32"),
)  # fmt: skip
