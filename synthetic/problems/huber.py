"""Huber: ``f(X) = h(<A, X>)`` with a slope that stays bounded: on it, momentum is necessary (T13c)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.checks import check_choice, check_integer, check_positive, fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import dual_exponent

from ..family import Family, matrix_shape, one_exponent, read_only
from ..spectra import lp_norm
from .record import STARTS, Problem, diagonal_matrix, start_direction

__all__ = ["FAMILY", "Huber"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Huber(Problem):
    """``f(X) = h(<A, X>)``, h quadratic with this curvature up to slope ``slope_cap``, then linear.

    Attributes
    ----------
    weights : array, shape (r,)
        A is the diagonal matrix with these entries >= 0, unit 1.
    shape : (m, n)
        Shape of X.
    curvature, slope_cap : float
        Curvature and greatest slope of h, units F/X² and F/X.
    start : array, shape (m, n)
        ``X_0``.

    Source
    ------
    T13c in docs/theory/extensions.md.
    """

    weights: np.ndarray
    shape: tuple[int, int]
    curvature: float
    slope_cap: float
    start: np.ndarray

    name: ClassVar[str] = "huber"
    constants: ClassVar[str] = "exact"
    lower_bound: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", read_only(self.weights))
        object.__setattr__(self, "start", read_only(self.start))

    @property
    def direction(self) -> np.ndarray:
        """Return A; every gradient is a multiple of it."""
        return diagonal_matrix(self.weights, self.shape)

    def _coordinate(self, x: np.ndarray) -> Array:
        return (np.diagonal(x, axis1=-2, axis2=-1) * self.weights.astype(x.dtype, copy=False)).sum(axis=-1)

    def value(self, x: np.ndarray) -> Array:
        t = np.abs(self._coordinate(x))
        knee = self.slope_cap / self.curvature
        return np.where(t <= knee, 0.5 * self.curvature * t * t, self.slope_cap * (t - 0.5 * knee))

    def gradient(self, x: np.ndarray) -> Array:
        slope = np.clip(self.curvature * self._coordinate(x), -self.slope_cap, self.slope_cap)
        return slope[..., None, None] * self.direction.astype(x.dtype, copy=False)

    def smoothness(self, geometry: Any) -> float:
        """Return ``L = curvature ‖A‖_q²``, exactly."""
        q = dual_exponent(one_exponent("Huber.smoothness", geometry))
        return self.curvature * lp_norm(self.weights, q) ** 2

    def gradient_bound(self, geometry: Any) -> float:
        """Return ``sup ‖∇f‖_q = slope_cap ‖A‖_q``, exactly, unit F/X."""
        q = dual_exponent(one_exponent("Huber.gradient_bound", geometry))
        return self.slope_cap * lp_norm(self.weights, q)

    def extremal_pair(self, geometry: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return two points at which A2 holds with equality."""
        step = self.slope_cap / self.curvature * self._unit(one_exponent("Huber.extremal_pair", geometry))
        step = step / max(1.0, float(self._coordinate(step)) * self.curvature / self.slope_cap)
        return -0.5 * step, 0.5 * step

    def _unit(self, p: float) -> np.ndarray:
        return _along(self.weights, self.shape, p)


def _along(weights: np.ndarray, shape: tuple[int, int], p: float) -> np.ndarray:
    """Return D with ``‖D‖_p = 1`` and ``<A, D> = ‖A‖_q``."""
    top = weights.max()
    if p == 1:
        powers = np.where(weights >= top, 1.0, 0.0)
    else:
        q = dual_exponent(p)
        powers = np.where(weights > 0, (weights / top) ** (q - 1), 0.0)
    return diagonal_matrix(powers / lp_norm(powers, p), shape)


def build(
    shape: Any,
    geometry: Any,
    *,
    smoothness: float | None = 1.0,
    initial_gap: float | None = None,
    rng: np.random.Generator | None = None,
    sigma: float = 1.0,
    direction: str = "spike",
    step_size: float | None = None,
    n_steps: int | None = None,
) -> Huber:
    """Return the objective with slope cap σ/2 and this smoothness in ``geometry``, ``‖A‖_q = 1`` there.

    The start is ``<A, X_0> = σ/(2L) + 3η√K`` for a ball step size η and horizon K, or the one with this initial gap;
    with neither it is the knee ``σ/(2L)`` plus 1.
    """
    call = "huber"
    size = matrix_shape(call, shape)
    p = one_exponent(call, geometry)
    curvature = 1.0 if smoothness is None else check_positive(call, "smoothness", smoothness)
    slope_cap = 0.5 * check_positive(call, "sigma", sigma)
    check_choice(call, "direction", direction, STARTS[:2])
    weights = np.diagonal(start_direction(call, direction, size, rng))
    weights = weights / lp_norm(weights, dual_exponent(p))
    knee = slope_cap / curvature
    if (step_size is None) != (n_steps is None):
        fail(ParameterError, call, "n_steps", "be given together with step_size", n_steps)
    if step_size is not None:
        if initial_gap is not None:
            fail(ParameterError, call, "initial_gap", "be None when step_size and n_steps place the start", initial_gap)
        walk = 3 * check_positive(call, "step_size", step_size) * math.sqrt(
            check_integer(call, "n_steps", n_steps, minimum=1)
        )
    elif initial_gap is None:
        walk = 1.0
    else:
        gap = check_positive(call, "initial_gap", initial_gap)
        at_knee = 0.5 * slope_cap * knee
        walk = (gap - at_knee) / slope_cap if gap >= at_knee else math.sqrt(2 * gap / curvature) - knee
    start = (knee + walk) * _along(weights, size, p)
    return Huber(weights=weights, shape=size, curvature=curvature, slope_cap=slope_cap, start=start)


FAMILY = Family(
    "huber",
    "h(<A, X>) with bounded slope: without momentum a sign noise of twice the gradient makes it a driftless walk",
    build,
    {
        "sigma": "noise level of the construction, unit F/X: the slope cap is σ/2",
        "direction": "A: spike (one entry) or identity, scaled to ‖A‖_q = 1",
        "step_size": "ball step size η that places the start",
        "n_steps": "horizon K that places the start",
    },
)
