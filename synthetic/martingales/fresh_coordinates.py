"""A fair sign on a coordinate of its own in every step: no averaging at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from .coefficients import Rademacher
from .norms import power
from .record import MartingaleFamily, checked
from .series import SeriesMartingale
from .signs import on_diagonal

__all__ = ["FAMILY", "FreshCoordinates"]


@dataclass(frozen=True, eq=False, kw_only=True)
class FreshCoordinates(SeriesMartingale):
    """``Z_i = scale · ε_i e_ie_iᵀ``, n <= r: ``‖S‖_q = n^{1/q} scale`` always (T4f)."""

    name = "fresh_coordinates"
    summary = "a fair sign on a fresh diagonal coordinate in each step."
    why_not_exact = ""

    def _moment(self, q: float, order: float) -> float:
        return power(self._ceiling(q), order)

    def _ceiling(self, q: float) -> float:
        return float(self.terms.max()) * float(self.n_steps) ** (1 / q)


def build(shape: Any, n_steps: int, *, scale: float = 1.0, rng: np.random.Generator | None = None) -> FreshCoordinates:
    """Return ``scale`` times signs on the first ``n_steps`` diagonal coordinates."""
    call = "fresh_coordinates"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    if n_steps > min(shape):
        way_out = 'A coordinate is used once; "iid_coordinates" uses them again.'
        fail(ParameterError, call, "n_steps", f"be at most min(m, n) = {min(shape)}", n_steps, way_out)
    terms = scale * on_diagonal(np.eye(n_steps), shape)
    return FreshCoordinates(shape=shape, n_steps=n_steps, terms=terms, law=Rademacher())


FAMILY = MartingaleFamily("fresh_coordinates", "a fair sign on a fresh diagonal coordinate in each step", build)
