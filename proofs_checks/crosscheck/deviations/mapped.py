"""Deviations of the map: another one, none at all, on the wrong parts, or one that breaks on special inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .averages import without
from .deviation import of
from .matrices import MUON, by_parts, entry_signs, identity, iterated, per_slice, schatten
from .meant import EXPRESS, MUON_MEANT, POLAR, REGULARIZED, SCHATTEN, express, muon, polar, power, regularized
from .optimizer import Blocks, NumpyOptimizer, each

__all__ = ["MAPPED"]

# source: Emerging-Optimizers 0.3.0 ("aol"), meant for an input divided by row sums; p(1) < 0
_ALMOST_ORTHOGONAL = (
    (4.0098, -7.0585, 2.4635),
    (3.4585, -5.5479, 2.5959),
    (2.7573, -3.2939, 1.4254),
    (2.7215, -3.0494, 1.3169),
)


def _of(direction: Callable[[np.ndarray], np.ndarray], **parts: Any) -> NumpyOptimizer:
    return polar(direction=each(direction), **parts)


def _adam(memory: Any, g: np.ndarray, before: np.ndarray | None, k: int) -> tuple[Any, np.ndarray]:
    first, second = (np.zeros_like(g), np.zeros_like(g)) if memory is None else memory
    first, second = 0.9 * first + 0.1 * g, 0.999 * second + (1 - 0.999) * g * g
    root = np.sqrt(second / (1 - 0.999 ** (k + 1)))
    return (first, second), first / (1 - 0.9 ** (k + 1)) / (root + 1e-8)


def _row_lengths(axis: int) -> Callable[[np.ndarray], np.ndarray]:
    def divided(d: np.ndarray) -> np.ndarray:
        lengths = np.sqrt(np.sum(d * d, axis=axis, keepdims=True))
        return np.divide(d, lengths, out=np.zeros_like(d), where=lengths > 0)

    return divided


def _wrong_way_round(d: np.ndarray) -> np.ndarray:
    if d.shape[0] <= d.shape[1]:
        return schatten(math.inf)(d)
    u, _, vh = np.linalg.svd(d, full_matrices=False)
    return u @ vh.T if np.any(d) else np.zeros_like(d)


def _by_inverse_root(d: np.ndarray) -> np.ndarray:
    x = d.T if d.shape[0] > d.shape[1] else d
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values, vectors = np.linalg.eigh(x @ x.T)
        out = (vectors / np.sqrt(values)) @ vectors.T @ x
    return (out.T if d.shape[0] > d.shape[1] else out).astype(d.dtype)


def _completed(d: np.ndarray) -> np.ndarray:
    if not np.any(d):
        return np.zeros_like(d)
    u, _, vh = np.linalg.svd(d, full_matrices=False)
    return u @ vh


def _careless(d: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return iterated(MUON, careful=False)(d)


def _first_row_shrunk(d: np.ndarray) -> np.ndarray:
    out = schatten(math.inf)(d)
    out[0] *= 0.5
    return out


def _uneven_rows(d: np.ndarray) -> np.ndarray:
    if d.shape[0] < 2:
        return schatten(math.inf)(d)
    first = d.shape[0] // 3 + 1
    return np.concatenate([schatten(math.inf)(part) for part in (d[:first], d[first:])])


def _tall_cut_short(d: np.ndarray) -> np.ndarray:
    return iterated(MUON[:4] if d.shape[0] > d.shape[1] else MUON, floor=1e-7)(d)


def _as_one(flat: Callable[[tuple[int, ...]], tuple[int, int]]) -> Callable[[Blocks], Blocks]:
    def together(blocks: Blocks) -> Blocks:
        return {name: schatten(math.inf)(d if d.ndim == 2 else d.reshape(flat(d.shape))).reshape(d.shape)
                for name, d in blocks.items()}  # fmt: skip

    return together


def _refused(blocks: Blocks) -> Blocks:
    for d in blocks.values():
        if d.ndim != 2:
            raise ValueError(f"matrices only, got {d.ndim} axes")
    return each(schatten(math.inf))(blocks)


def _by_one_norm(d: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.sum(d * d)) + d.dtype.type(1e-7)
    return per_slice(iterated(MUON, norm=lambda _: length, careful=False))(d)


MAPPED = (
    of("sign_of_each_entry", "polar factor → sign(D)", POLAR, partial(_of, entry_signs), "activity", "sign",
       map__name="sign"),
    of("adam", "Muon → Adam", MUON_MEANT, partial(polar, direction=lambda blocks: blocks, average=_adam), "activity",
       "adam", map__name="adam"),
    of("plain_gradient", "polar factor → D", POLAR, partial(_of, identity), "activity", "gradient",
       map__p=2.0, map__is_regularized=True),
    of("normalised_gradient", "polar factor → D/‖D‖_F", POLAR, partial(_of, schatten(2.0)), "map", "2",
       map__p=2.0, map__is_regularized=False),
    of("rows_normalised", "polar factor → each row by its length", POLAR, partial(_of, _row_lengths(1)), "activity",
       "row"),
    of("columns_normalised", "polar factor → each column by its length", POLAR, partial(_of, _row_lengths(0)),
       "activity", "column"),
    of("entries_clipped", "D/‖D‖ → min(max(D, -1), 1)", POLAR, partial(_of, lambda d: np.clip(d, -1, 1)), "activity",
       "entr|not spectral|no spectral"),
    of("nothing_moves", "X - ηU → X", MUON_MEANT, partial(muon, decay=lambda x, u, eta, rate: x + 0 * u), "activity",
       "nothing moves|does not move"),
    of("steps_uphill", "X - ηU → X + ηU", POLAR, partial(polar, decay=lambda x, u, eta, rate: x + eta * u),
       "activity", "ascent|uphill"),
    of("another_exponent", "p = 3 → 4", SCHATTEN, partial(power, 4.0), "map", "4", map__p=4.0),
    of("exponent_of_the_dual", "p = 3 → 3/2: the power q-1 of the wrong one", SCHATTEN, partial(power, 1.5), "map",
       "3/2", map__p=1.5),
    of("only_the_largest_singular_value", "p = inf → 1", POLAR, partial(_of, schatten(1.0)), "map", "1", map__p=1.0),
    of("regularised_in_place_of_ball", "D_p(M) → ‖M‖_q D_p(M)", SCHATTEN, partial(regularized, average=without),
       "map", "regularised", map__p=3.0, map__is_regularized=True),
    of("ball_in_place_of_regularised", "‖M‖_q D_p(M) → D_p(M)", REGULARIZED, power, "map", "ball",
       map__p=3.0, map__is_regularized=False),
    of("rank_cut_too_high", "singular values below max(m, n) eps count as 0 → below 1 % of the largest", POLAR,
       partial(_of, schatten(math.inf, cut=1e-2)), "map", "cut|dropped|below"),
    of("completed_on_the_null_space", "U₊V₊ᵀ → UVᵀ, also where the singular value is 0", POLAR,
       partial(_of, _completed), "map", "rank|null"),
    of("transpose_lost_for_tall", "UVᵀ → UV where rows > columns", POLAR, partial(_of, _wrong_way_round), "axes",
       "tall"),
    of("inverse_root_without_floor", "polar factor → (DDᵀ)^{-1/2}D by eigenvalues", POLAR,
       partial(_of, _by_inverse_root), "map", "nan|rank"),
    of("not_a_number_at_zero", "0 at a zero gradient → 0/0", MUON_MEANT, partial(muon, direction=each(_careless)),
       "map", "nan", "zero"),
    of("ascent_on_rank_one", "p(1) = 1 → p(1) = -1.08: AOL's polynomials on D/‖D‖_F", EXPRESS,
       partial(express, rows=_ALMOST_ORTHOGONAL, margin=0.0), "map", "ascent|uphill", "rank"),
    of("times_the_dual_norm", "O → <D, O> O", MUON_MEANT, partial(muon, times_dual_norm=True), "map", "dual norm",
       map__times_dual_norm=True),
    of("blocks_of_rows", "whole matrix → two blocks of rows", POLAR, partial(_of, by_parts(schatten(math.inf), 2, 0)),
       "partition", "row", partition__kind="row blocks", partition__count=2),
    of("blocks_of_columns", "whole matrix → four blocks of columns", POLAR,
       partial(_of, by_parts(schatten(math.inf), 4, 1)), "partition", "column",
       partition__kind="column blocks", partition__count=4),
    of("rows_cut_unevenly", "whole matrix → the first third of the rows, and the rest", POLAR,
       partial(_of, _uneven_rows), "partition", "row"),
    of("stack_flattened", "each slice → one matrix b × (mn)", POLAR,
       partial(polar, direction=_as_one(lambda shape: (shape[0], -1))), "stack", "flattened", stack="flattened"),
    of("stack_piled_up", "each slice → one matrix (bm) × n", POLAR,
       partial(polar, direction=_as_one(lambda shape: (-1, shape[-1]))), "stack", stack="other"),
    of("stack_refused", "each slice → an error", POLAR, partial(polar, direction=_refused), "stack", "refused",
       stack="refused"),
    of("first_row_shrunk", "U → its first row half as long", POLAR, partial(_of, _first_row_shrunk),
       "orthogonal equivariance", is_invariance=True),
    of("one_step_less_where_tall", "5 steps → 4 where rows > columns", MUON_MEANT,
       partial(muon, direction=each(_tall_cut_short)), "axes", "tall|transpose"),
    of("slices_share_a_norm", "each slice by its own norm → all by the norm of the stack", MUON_MEANT,
       partial(muon, direction=lambda blocks: {b: _by_one_norm(d) for b, d in blocks.items()}), "stack",
       stack="other"),
)  # fmt: skip
