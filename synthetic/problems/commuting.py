"""Commuting: ``f(diag(x)) = Σ_i c_i φ(x_i - x*_i)`` on diagonal matrices, each stored as its diagonal (section R)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace
from schattor_theory.checks import check_choice, check_positive, fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import DiagonalGeometry

from ..devices import as_like
from ..family import Family, matrix_shape, one_exponent, read_only, scaled_to
from ..spectra import spectrum
from .record import Problem, paired_smoothness, steepest_weights
from .saturating import reach_of, saturation, saturation_slope

__all__ = ["FAMILY", "PROFILES", "Commuting"]

PROFILES = ("quadratic", "saturating")
"""φ: ``x²/2``, or the non-convex ``x²/(2(1 + x²))``."""

_STARTS = ("identity", "spike", "gaussian")


@dataclass(frozen=True, eq=False, kw_only=True)
class Commuting(Problem):
    """``f(diag(x)) = Σ_i c_i φ(x_i - x*_i)``: quadratic or saturating where everything is diagonal.

    The variable is the column of the diagonal, shape (..., r, 1), for a :class:`DiagonalGeometry`. On diagonal
    matrices it is the problem ``quadratic`` (``c_i = λ_i(P) λ_i(Q)``) or ``saturating`` (``c_i = λ_i²``), and its
    constants are the same, since those of the full problem are attained on diagonal displacements.

    Attributes
    ----------
    curvatures : array, shape (r,)
        ``c_i >= 0``, unit F/X².
    start, minimiser : array, shape (r, 1)
        The diagonals of ``X_0`` and ``X*``.
    profile : {"quadratic", "saturating"}
        φ.

    Source
    ------
    Section R and T9 in docs/theory/synthetic.md.
    """

    curvatures: np.ndarray
    start: np.ndarray
    minimiser: np.ndarray
    profile: str = "quadratic"

    name: ClassVar[str] = "commuting"
    constants: ClassVar[str] = "exact"
    lower_bound: ClassVar[float] = 0.0
    runs_on_devices: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for field in ("curvatures", "start", "minimiser"):
            object.__setattr__(self, field, read_only(getattr(self, field)))

    @cached_property
    def _column(self) -> np.ndarray:
        return self.curvatures[:, None]

    @cached_property
    def _is_centred(self) -> bool:
        return not self.minimiser.any()

    @cached_property
    def _level(self) -> float | None:
        """Return the one curvature when all are equal: a number costs a pass over memory less."""
        c = self.curvatures
        return float(c[0]) if bool((c == c[0]).all()) else None

    def _weighted(self, values: Array) -> Array:
        return (as_like(self._column, values) if self._level is None else self._level) * values

    def _displacement(self, x: Array) -> Array:
        return x if self._is_centred else x - as_like(self.minimiser, x)

    def value(self, x: Array) -> Array:
        d = self._displacement(x)
        profile = 0.5 * (d * d) if self.profile == "quadratic" else saturation(d)
        return array_namespace(x).sum(self._weighted(profile), axis=(-2, -1))

    def gradient(self, x: Array) -> Array:
        d = self._displacement(x)
        return self._weighted(d if self.profile == "quadratic" else saturation_slope(d))

    def smoothness(self, geometry: Any) -> float:
        """Return ``L = ‖c‖_{p/(p-2)}`` for p > 2, ``max c`` for p <= 2, exactly."""
        return paired_smoothness(self.curvatures, one_exponent("Commuting.smoothness", geometry))

    def extremal_pair(self, geometry: Any, radius: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
        """Return two points at which A2 is an equality; saturating: up to a relative ``3 radius²``."""
        weights = steepest_weights(self.curvatures, one_exponent("Commuting.extremal_pair", geometry))
        direction = radius * weights[:, None]
        return self.minimiser - direction, self.minimiser + direction


def build(
    shape: Any,
    geometry: Any,
    *,
    smoothness: float | None = 1.0,
    initial_gap: float | None = 0.25,
    rng: np.random.Generator | None = None,
    profile: str = "quadratic",
    curvatures: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    start: str = "identity",
) -> Commuting:
    """Return the problem on the diagonals of m×n matrices with this smoothness and initial gap in ``geometry``."""
    call = "commuting"
    r = min(matrix_shape(call, shape))
    p = one_exponent(call, geometry)
    check_choice(call, "profile", profile, PROFILES)
    c = spectrum(call, "curvatures", curvatures, r, decay=decay, floor=floor)
    c = c * scaled_to(call, "smoothness", smoothness, paired_smoothness(c, p))
    direction = _direction(call, start, r, rng)
    centre = np.zeros((r, 1))
    if initial_gap is not None and profile == "quadratic":
        at_direction = Commuting(curvatures=c, start=direction[:, None], minimiser=centre).initial_gap
        if not at_direction > 0:
            way_out = "Choose another start: the objective is constant along this one."
            fail(ParameterError, call, "initial_gap", "be None for this start", initial_gap, way_out)
        direction = direction * (check_positive(call, "initial_gap", initial_gap) / at_direction) ** 0.5
    elif initial_gap is not None:
        direction = direction * reach_of(call, c, direction, initial_gap)
    return Commuting(curvatures=c, start=direction[:, None], minimiser=centre, profile=profile)


def _direction(call: str, kind: str, r: int, rng: np.random.Generator | None) -> np.ndarray:
    """Return the diagonal of the direction from the minimiser to the start."""
    check_choice(call, "start", kind, _STARTS)
    if kind == "gaussian":
        if rng is None:
            fail(ParameterError, call, "rng", "be a generator when start='gaussian'", rng, "Or use start='identity'.")
        return rng.standard_normal(r)
    ones = np.ones(r)
    if kind == "spike":
        ones[1:] = 0.0
    return ones


FAMILY = Family(
    "commuting",
    "Σ_i c_i φ(x_i - x*_i) on diagonal matrices stored as their diagonals: O(d) a step, exact smoothness",
    build,
    {
        "profile": "φ: quadratic x²/2, or saturating x²/(2(1+x²)), non-convex",
        "curvatures": "spectrum of c: flat, power, spike, one_hot, or min(m, n) numbers",
        "decay": "exponent of the power law",
        "floor": "small curvature of the spike",
        "start": "direction from the minimiser to the start: identity, spike, gaussian",
    },
    geometry=DiagonalGeometry,
)
