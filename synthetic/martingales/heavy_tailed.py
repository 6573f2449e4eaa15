"""Fair signs in a fixed basis times a heavy-tailed radius."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from schattor_theory.checks import check_in_interval

from ..noise.tails import NoTail, Pareto, Tail, TwoPoint, tail_of
from ..spectra import spectrum
from .closed_forms import independent_moment, sign_sum_law
from .fixed_signs import SPECTRUM_OPTIONS, FixedSigns, basis_of
from .norms import norms, power
from .record import Law, MartingaleFamily, MatrixMartingale, Weight, checked
from .signs import all_signs

__all__ = ["FAMILY", "HeavyTailed"]


@dataclass(frozen=True, eq=False, kw_only=True)
class HeavyTailed(MatrixMartingale):
    """``Z_i = τ_i U diag(ε_ij w_j) Vᵀ`` with independent radii τ_i >= 0: ``E‖Z_i‖_q^β = E τ^β ‖w‖_q^β``.

    Attributes
    ----------
    signs : FixedSigns
        The law without the radius.
    tail : Pareto, TwoPoint or NoTail
        Law of τ, with ``E τ^α = 1`` at its normalised order α.
    """

    signs: FixedSigns
    tail: Tail

    name = "heavy_tailed"
    summary = "fair signs in a fixed basis times a heavy-tailed radius."
    why_not_exact = "E‖S‖_q^β of a sum of Pareto radii is known for one step and at q = β = 2 only."
    conditionally_symmetric = True

    @property
    def tail_index(self) -> float:  # type: ignore[override]
        return self.tail.index if isinstance(self.tail, Pareto) and self.signs.levels.any() else math.inf

    @property
    def _has_pareto(self) -> bool:
        return isinstance(self.tail, Pareto)

    def _two_point(self) -> tuple[float, float]:
        """Return the probability of a step that is not zero, and its radius."""
        if isinstance(self.tail, TwoPoint):
            return self.tail.probability, float(self.tail.radius(0.0))
        return 1.0, 1.0

    def _radii(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        if isinstance(self.tail, NoTail):
            return np.ones((trials, self.n_steps))
        return self.tail.radius(rng.random((trials, self.n_steps)))

    def _signed(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        signs = 1.0 - 2.0 * rng.integers(0, 2, size=(trials, self.n_steps, len(self.signs.levels)))
        return self._radii(rng, trials)[..., None] * signs * self.signs.levels

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self.signs.placed(self._signed(rng, trials))

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        return self.signs.placed(self._signed(rng, trials).sum(axis=1))

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float:
        base = self.signs._step_moments(q, order, weight)
        return base * self.tail.moment(order) if base else 0.0

    def _covariance(self, side: str) -> np.ndarray | None:
        second = self.tail.moment(2) if self.signs.levels.any() else 0.0
        return self.signs._covariance(side) * second if math.isfinite(second) else None

    def _moment(self, q: float, order: float) -> float | None:
        if not self.has_moment(order):
            return math.inf
        if self._has_pareto:
            return None if self.signs.levels.any() else 0.0
        # given how many radii are not zero, S is a sum of that many signs
        share, radius = self._two_point()
        counts = stats.binom.pmf(np.arange(self.n_steps + 1), self.n_steps, share)
        r = len(self.signs.levels)
        given = [independent_moment(self.signs.levels, [sign_sum_law(k)] * r, q, order) for k in range(len(counts))]
        if any(moment is None for moment in given):
            return None
        return power(float(radius), order) * math.fsum(counts * np.array(given))

    def paths(self) -> Law | None:
        used = np.flatnonzero(self.signs.levels)
        if self._has_pareto or not self._can_list(1 + 2 ** len(used), self.n_steps):
            return None
        share, radius = self._two_point()
        single = np.zeros((2 ** len(used) + 1, len(self.signs.levels)))
        single[1:, used] = float(radius) * all_signs(len(used)) * self.signs.levels[used]
        chance = np.append(1 - share, np.full(2 ** len(used), share / 2 ** len(used)))
        index = np.array(list(itertools.product(range(len(single)), repeat=self.n_steps)))
        return chance[index].prod(axis=1), self.signs.placed(single[index])

    def _ceiling(self, q: float) -> float:
        top = float(norms(self.signs.placed(self.signs.levels), q))
        if self._has_pareto:
            return math.inf if top else 0.0
        return self.n_steps * top * (1.0 if isinstance(self.tail, NoTail) else float(self.tail.radius(0.0)))


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    tail: str = "pareto",
    tail_index: float | None = None,
    tail_probability: float | None = None,
    normalised_order: float = 1.0,
    weights: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    rotated: bool = False,
) -> HeavyTailed:
    """Return signs on ``scale`` times these singular values, times τ with ``E τ^normalised_order = 1``."""
    call = "heavy_tailed"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    order = check_in_interval(call, "normalised_order", normalised_order, 1, math.inf, include_high=False)
    if tail == "pareto" and tail_index is None:
        tail_index = 1.8
    law = tail_of(call, tail, order, tail_index=tail_index, tail_probability=tail_probability)
    levels = scale * spectrum(call, "weights", weights, min(shape), decay=decay, floor=floor)
    signs = FixedSigns(shape=shape, n_steps=n_steps, levels=levels, **basis_of(call, shape, rotated, rng))
    return HeavyTailed(shape=shape, n_steps=n_steps, signs=signs, tail=law)


FAMILY = MartingaleFamily(
    "heavy_tailed",
    "fair signs in a fixed basis times a heavy-tailed radius",
    build,
    {
        "tail": "pareto, two_point or none",
        "tail_index": "index of the Pareto law, above normalised_order; 1.8 when left out",
        "tail_probability": "probability that the two-point radius is not 0",
        "normalised_order": "the order α >= 1 with E τ^α = 1",
        **SPECTRUM_OPTIONS,
        "rotated": "whether the basis is Haar-distributed (needs rng)",
    },
)
