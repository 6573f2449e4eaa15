"""Inexact oracles of known quality, put in the place of a duality map."""

from __future__ import annotations

import math
from typing import Any

from schattor_theory.geometry import exponents, schatten

__all__ = ["SubstituteGeometry"]


class SubstituteGeometry(schatten.SchattenGeometry):
    """The geometry of S_p whose direction is ``length`` times the duality map of another exponent p'.

    Norms are those of S_p. For ``p' <= p`` in [2, inf] the direction has ``‖D̃‖_p <= length``, and
    ``<M, D_{p'}(M)> = ‖M‖_{q'} >= r^{1/q'-1/q}‖M‖_q``; for ``p' > p`` the length grows by ``r^{1/p-1/p'}`` and the
    alignment is at least ``‖M‖_q``. Both are attained by equal singular values.
    """

    __slots__ = ("length", "substitute")

    length: float
    substitute: float

    def __init__(self, p: float, *, substitute: float | None = None, length: float = 1.0) -> None:
        super().__init__(p)
        object.__setattr__(self, "substitute", p if substitute is None else substitute)
        object.__setattr__(self, "length", length)

    def __str__(self) -> str:
        return f"{self.label} by {self.substitute:g} times {self.length:g}"

    def quality(self, rank: int) -> tuple[float, float]:
        """Return (δ, ω) that hold for every matrix of this rank."""
        q, other = self.q, exponents.dual_exponent(self.substitute)
        inverse = [0.0 if math.isinf(p) else 1 / p for p in (self.p, self.substitute)]
        alignment = min(1.0, rank ** (1 / other - 1 / q)) if self.substitute <= self.p else 1.0
        stretch = max(1.0, rank ** (inverse[0] - inverse[1]))
        return 1 - self.length * alignment, self.length * stretch - 1

    def dual_norm_and_map(self, m: Any, *, check_finite: bool = True) -> tuple[Any, Any]:
        """Return ``‖m‖_q`` and the inexact direction."""
        direction = schatten.SchattenGeometry(self.substitute).duality_map(m, check_finite=check_finite)
        return self.dual_norm(m, check_finite=check_finite), self.length * direction
