"""Two-point coefficients, from fair to strongly asymmetric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, check_in_interval

from .closed_forms import independent_moment
from .coefficients import TwoPoint
from .norms import mean_of_powers, norms, power
from .record import MartingaleFamily, checked
from .series import SeriesMartingale
from .signs import on_diagonal

__all__ = ["DIRECTIONS", "FAMILY", "TwoPointMartingale"]

DIRECTIONS = ("coordinates", "identity", "one_entry")


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoPointMartingale(SeriesMartingale):
    """``Z_i = ξ_i C_i`` with ξ of two values, mean 0 and variance 1: ``sqrt((1-π)/π)`` with probability π.

    C_i is ``e_je_jᵀ`` with j = i modulo r ("coordinates"), the identity, or ``e_1e_1ᵀ`` ("one_entry"), times the scale.

    Attributes
    ----------
    directions : str
        One of these.
    """

    directions: str

    name = "two_point"
    summary = "two-point coefficients, symmetric or strongly asymmetric."
    why_not_exact = "E‖S‖_q^β mixes several binomial sums unless β = q, β = 2q, q is inf, or they are few."

    def _moment(self, q: float, order: float) -> float | None:
        sum_law: Any = self.law.sum_law  # a two-point law has one
        if self.directions != "coordinates":
            probabilities, values = sum_law(self.n_steps)
            size = power(float(norms(self.terms[0], q)), order)
            return size * mean_of_powers(probabilities, np.abs(values), order)
        r = min(self.shape)
        counts = [len(range(j, self.n_steps, r)) for j in range(min(r, self.n_steps))]
        laws = [(p, np.abs(x)) for p, x in map(sum_law, counts)]
        return independent_moment(np.full(len(laws), self.terms.max()), laws, q, order)


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    probability: float = 0.05,
    directions: str = "coordinates",
) -> TwoPointMartingale:
    """Return ``scale`` times two-point coefficients; probability 1/2 makes fair signs."""
    call = "two_point"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    check_choice(call, "directions", directions, DIRECTIONS)
    share = check_in_interval(call, "probability", probability, 0, 1, include_low=False, include_high=False)
    r = min(shape)
    diagonals = {
        "coordinates": np.eye(r)[np.arange(n_steps) % r],
        "identity": np.ones((n_steps, r)),
        "one_entry": np.broadcast_to(np.eye(r)[0], (n_steps, r)),
    }
    terms = scale * on_diagonal(diagonals[directions], shape)
    return TwoPointMartingale(shape=shape, n_steps=n_steps, terms=terms, law=TwoPoint(share), directions=directions)


FAMILY = MartingaleFamily(
    "two_point",
    "two-point coefficients, symmetric or strongly asymmetric",
    build,
    {
        "probability": "probability π of the value sqrt((1-π)/π), in (0, 1); 0.5 is symmetric",
        "directions": "coordinates, identity or one_entry",
    },
)
