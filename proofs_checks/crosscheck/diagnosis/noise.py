"""Noise: how large the rounding of the inner computation is, from what it leaves outside the singular basis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthetic.seeds import Streams

from ..convention import UNIT_ROUNDOFF, Convention, PowerMap
from ..reference import direction_of
from ..rounding import Rounding
from .observation import Observation, trimmed

__all__ = ["ALLOWED", "Noise", "noise_of", "shares_left"]

ALLOWED = 4.0
"""How many times larger the error on the diagonal may be than the errors off it say. numerics: the model of rounding
draws independent errors; those of one program on one matrix are correlated, by less than this wherever measured."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What is left of the steps after a convention, on the singular diagonal and off it.

    Attributes
    ----------
    diagonal, outside : float
        Root mean square over observations of the share of the step, see :func:`.trimmed`.
    model_diagonal, model_outside : float
        The same of the convention itself with rounding errors of unit ``unit``.
    unit : float
        That unit.
    decomposed : (float, float) or None
        The two of the model where the input has the errors of a decomposition too; None for a map without one.
    """

    diagonal: float
    outside: float
    model_diagonal: float
    model_outside: float
    unit: float
    decomposed: tuple[float, float] | None = None

    @property
    def total(self) -> float:
        """Return both together."""
        return math.hypot(self.diagonal, self.outside)

    @property
    def effective_unit(self) -> float:
        """Return the unit roundoff at which the model leaves as much off the diagonal."""
        if self.model_outside > 0:
            return self.unit * self.outside / self.model_outside
        return self.unit * self.total / math.hypot(self.model_diagonal, self.model_outside)

    def expected_diagonal(self, least_unit: float) -> float:
        """Return what rounding leaves on the diagonal, at the effective unit or the least one if that is larger.

        A target may decompose in its own precision or in a better one: of the two models the one that leaves more.
        """
        models = [(self.model_diagonal, self.effective_unit)]
        if self.decomposed is not None and self.decomposed[1] > 0:
            models.append((self.decomposed[0], self.unit * self.outside / self.decomposed[1]))
        return max(diagonal * max(unit, least_unit) / self.unit for diagonal, unit in models)

    def expected_total(self, unit: float) -> float:
        """Return what rounding of a unit leaves altogether, in the linear regime."""
        return math.hypot(self.model_diagonal, self.model_outside) * unit / self.unit

    @property
    def fits(self) -> bool:
        """Return whether the diagonal has no more than rounding explains."""
        return self.diagonal <= ALLOWED * self.expected_diagonal(self.unit / 4)


def noise_of(convention: Convention, seen: Sequence[Observation], *, repeats: int = 3) -> Noise:
    """Return the noise of observations about a convention, each with the best factor of its own."""
    unit = UNIT_ROUNDOFF.get(seen[0].dtype, UNIT_ROUNDOFF["float32"])
    rng = Streams({"crosscheck": "noise", "repeats": repeats}).generator("signs")
    rounding = Rounding(unit, rng)
    has_decomposition = _is_decomposed(convention)
    measured, modelled, decomposed = [], [], []
    for one in seen:
        reference = one.with_update(direction_of(convention, one.gradient))
        measured.append(shares_left(one, reference))

        for _ in range(repeats):
            modelled.append(_left_by_rounding(convention, one, reference, one.gradient, rounding))
            if has_decomposition:
                near = _decomposed(one.gradient, unit, rng)
                decomposed.append(_left_by_rounding(convention, one, reference, near, rounding))
    diagonal, outside = _trimmed(measured)
    model_diagonal, model_outside = _trimmed(modelled)
    return Noise(diagonal=diagonal, outside=outside, model_diagonal=model_diagonal, model_outside=model_outside,
                 unit=unit, decomposed=_trimmed(decomposed) if decomposed else None)  # fmt: skip


def _left_by_rounding(
    convention: Convention, one: Observation, reference: Observation, gradient: np.ndarray, rounding: Rounding
) -> tuple[float, float]:
    """Return what a reference leaves of a step that rounding errors and this gradient make."""
    noisy = rounding.entries(direction_of(convention, gradient, rounding))
    return shares_left(one.with_update(noisy), reference)


def _trimmed(shares: Sequence[tuple[float, float]]) -> tuple[float, float]:
    diagonal, outside = trimmed(np.array(shares), axis=0)
    return float(diagonal), float(outside)


def _is_decomposed(convention: Convention) -> bool:
    """Return whether errors of singular values show: at p = inf and 1 they do not, p = 2 has no decomposition."""
    of = convention.map
    return isinstance(of, PowerMap) and of.p not in (1, 2) and not math.isinf(of.p)


def _decomposed(gradient: np.ndarray, unit: float, rng: np.random.Generator) -> np.ndarray:
    """Return what a decomposition in a precision is the exact one of.

    Reflections from either side and the rotations after them add up to about ``4√min(m, n)`` unit roundoffs of the
    norm.
    """
    error = 4 * math.sqrt(min(gradient.shape)) * unit * np.linalg.norm(gradient) / math.sqrt(gradient.size)
    return gradient + error * rng.uniform(-1, 1, size=gradient.shape)


def shares_left(one: Observation, reference: Observation) -> tuple[float, float]:
    """Return the shares of U that a reference leaves unexplained after the best factor, on the diagonal and off it."""
    d, p = one.s_out, reference.s_out
    bottom = float(np.sum(reference.update**2))
    if one.size == 0 or bottom == 0:
        return 0.0, 0.0
    factor = float(np.sum(one.update * reference.update)) / bottom
    outside = one.outside - factor * reference.outside
    return float(np.linalg.norm(d - factor * p)) / one.size, float(np.linalg.norm(outside)) / one.size
