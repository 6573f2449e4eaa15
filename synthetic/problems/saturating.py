"""Saturating: ``f(X) = Σ_j λ_j² φ(u_jᵀ(X - X*)v_j)``, bounded and non-convex, with exact smoothness (T9)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import brentq

from schattor_theory.arrays import Array, array_namespace
from schattor_theory.checks import check_choice, check_positive, fail
from schattor_theory.errors import ParameterError

from ..devices import as_like
from ..family import Family, matrix_shape, one_exponent, read_only, scaled_to
from ..spectra import spectrum
from .record import (
    STARTS,
    Problem,
    diagonal_matrix,
    on_diagonal,
    paired_smoothness,
    rotations,
    start_direction,
    steepest_weights,
)
from .record import rotated as rotated_by

__all__ = ["FAMILY", "Saturating", "reach_of", "saturation", "saturation_slope"]


def saturation(x: np.ndarray) -> Array:
    """Return ``φ(x) = x²/(2(1 + x²))``, which lies in [0, 1/2) and has ``φ'' ∈ [-1/4, 1]``."""
    # numerics: x² overflows for huge x, where φ is 1/2
    with np.errstate(over="ignore", divide="ignore"):
        return 0.5 / (1.0 + 1.0 / (x * x))


def saturation_slope(x: np.ndarray) -> Array:
    """Return ``φ'(x) = x/(1 + x²)²``."""
    with np.errstate(over="ignore"):
        return (x / (1.0 + x * x)) / (1.0 + x * x)


@dataclass(frozen=True, eq=False, kw_only=True)
class Saturating(Problem):
    """``f(X) = Σ_j c_j φ(u_jᵀ(X - X*)v_j)`` with ``c_j = λ_j²`` and ``φ(x) = x²/(2(1 + x²))``.

    Attributes
    ----------
    curvatures : array, shape (r,)
        ``c_j >= 0``, unit F/X², r = min(m, n).
    start, minimiser : array, shape (m, n)
        ``X_0`` and ``X*``.
    left_basis, right_basis : array or None, shapes (m, m) and (n, n)
        Their first r columns are u_j and v_j; None is the identity.

    Source
    ------
    T9 in docs/theory/synthetic.md.
    """

    curvatures: np.ndarray
    start: np.ndarray
    minimiser: np.ndarray
    left_basis: np.ndarray | None = None
    right_basis: np.ndarray | None = None

    name: ClassVar[str] = "saturating"
    constants: ClassVar[str] = "exact"
    runs_on_devices: ClassVar[bool] = True
    lower_bound: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        r = len(self.curvatures)
        for field in ("curvatures", "start", "minimiser"):
            object.__setattr__(self, field, read_only(getattr(self, field)))
        for field in ("left_basis", "right_basis"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, read_only(getattr(self, field)[:, :r]))

    def _coordinates(self, x: Array) -> Array:
        """Return ``u_jᵀ(X - X*)v_j``, shape (..., r)."""
        xp = array_namespace(x)
        d = x - as_like(self.minimiser, x)
        if self.left_basis is None or self.right_basis is None:
            return xp.linalg.diagonal(d)
        return xp.sum(as_like(self.left_basis, x) * (d @ as_like(self.right_basis, x)), axis=-2)

    def value(self, x: Array) -> Array:
        return array_namespace(x).sum(as_like(self.curvatures, x) * saturation(self._coordinates(x)), axis=-1)

    def gradient(self, x: Array) -> Array:
        slopes = as_like(self.curvatures, x) * saturation_slope(self._coordinates(x))
        if self.left_basis is None or self.right_basis is None:
            return on_diagonal(slopes, x.shape[-2:])
        return (as_like(self.left_basis, x) * slopes[..., None, :]) @ as_like(self.right_basis, x).T

    def smoothness(self, geometry: Any) -> float:
        """Return ``L = ‖λ‖_s²``, ``s = 2p/(p-2)`` (p <= 2: ``max λ_j²``), exactly."""
        return paired_smoothness(self.curvatures, one_exponent("Saturating.smoothness", geometry))

    def extremal_pair(self, geometry: Any, radius: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
        """Return two points at distance ``2 radius`` at which A2 is an equality up to a relative ``3 radius²``."""
        weights = steepest_weights(self.curvatures, one_exponent("Saturating.extremal_pair", geometry))
        if self.left_basis is None or self.right_basis is None:
            direction = diagonal_matrix(weights, (self.minimiser.shape[0], self.minimiser.shape[1]))
        else:
            direction = (self.left_basis * weights) @ self.right_basis.T
        return self.minimiser - radius * direction, self.minimiser + radius * direction


def build(
    shape: Any,
    geometry: Any,
    *,
    smoothness: float | None = 1.0,
    initial_gap: float | None = 0.25,
    rng: np.random.Generator | None = None,
    weights: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    rotated: bool = False,
    start: str = "identity",
) -> Saturating:
    """Return the saturating objective with this smoothness and initial gap; None keeps the natural constant.

    The gap is below ``½Σ_j λ_j²``: at p = inf, below L/2.
    """
    call = "saturating"
    m, n = matrix_shape(call, shape)
    p = one_exponent(call, geometry)
    curvatures = spectrum(call, "weights", weights, min(m, n), decay=decay, floor=floor) ** 2
    curvatures = curvatures * scaled_to(call, "smoothness", smoothness, paired_smoothness(curvatures, p))
    left, right = rotations(call, (m, n), rotated, rng)
    direction = start_direction(call, check_choice(call, "start", start, STARTS), (m, n), rng)
    reach = reach_of(call, curvatures, np.diagonal(direction), initial_gap)
    direction = reach * direction
    direction = rotated_by(direction, (left, right))
    return Saturating(
        curvatures=curvatures,
        start=direction,
        minimiser=np.zeros((m, n)),
        left_basis=left,
        right_basis=right,
    )


def reach_of(call: str, curvatures: np.ndarray, coordinates: np.ndarray, gap: float | None) -> float:
    """Return the t with ``Σ c_j φ(t a_j) = gap``."""
    if gap is None:
        return 1.0
    gap = check_positive(call, "initial_gap", gap)
    most = 0.5 * math.fsum(curvatures[coordinates != 0])
    # numerics: closer to the supremum the start leaves the range where φ' is not rounded to 0
    if not gap <= most * (1 - 1e-12):
        way_out = "The objective saturates there: lower initial_gap, or raise smoothness by the same factor."
        fail(ParameterError, call, "initial_gap", f"lie in (0, {most:g})", gap, way_out)

    def excess(log_t: float) -> float:
        return math.fsum(curvatures * saturation(math.exp(log_t) * coordinates)) / gap - 1.0

    low, high = -1.0, 1.0
    while excess(low) > 0:
        low *= 2
    while excess(high) < 0:
        high *= 2
    return math.exp(brentq(excess, low, high, xtol=1e-15, rtol=8.9e-16, maxiter=500))


FAMILY = Family(
    "saturating",
    "Σ_j λ_j² φ(u_jᵀ(X - X*)v_j), φ(x) = x²/(2(1+x²)): non-convex, bounded, exact smoothness",
    build,
    {
        "weights": "spectrum of λ: flat, power, spike, one_hot, or min(m, n) numbers",
        "decay": "exponent of the power law",
        "floor": "small value of the spike",
        "rotated": "whether u_j and v_j are Haar-distributed",
        "start": "direction from the minimiser to the start: identity, spike, gaussian",
    },
)
