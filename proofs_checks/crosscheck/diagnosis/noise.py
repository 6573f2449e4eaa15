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
    """

    diagonal: float
    outside: float
    model_diagonal: float
    model_outside: float
    unit: float

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
        """Return what rounding leaves on the diagonal, at the effective unit or the least one if that is larger."""
        return self.model_diagonal * max(self.effective_unit, least_unit) / self.unit

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
    measured, modelled = [], []
    for one in seen:
        exact = direction_of(convention, one.gradient)
        reference = one.with_update(exact)
        measured.append(shares_left(one, reference))
        for _ in range(repeats):
            noisy = rounding.entries(
                direction_of(convention, _decomposed(convention, one.gradient, unit, rng), rounding)
            )
            modelled.append(shares_left(one.with_update(noisy), reference))
    diagonal, outside = trimmed(np.array(measured), axis=0)
    model_diagonal, model_outside = trimmed(np.array(modelled), axis=0)
    return Noise(diagonal=float(diagonal), outside=float(outside), model_diagonal=float(model_diagonal),
                 model_outside=float(model_outside), unit=unit)  # fmt: skip


def _decomposed(convention: Convention, gradient: np.ndarray, unit: float, rng: np.random.Generator) -> np.ndarray:
    """Return what a decomposition in a precision is the exact one of; a power of its singular values shows that.

    Reflections from either side and the rotations after them add up to about ``4√min(m, n)`` unit roundoffs of the
    norm. At p = inf the singular values do not show, and at p = 2 there is no decomposition.
    """
    of = convention.map
    if not isinstance(of, PowerMap) or of.p in (1, 2) or math.isinf(of.p):
        return gradient
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
