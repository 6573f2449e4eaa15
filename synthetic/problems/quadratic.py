"""Quadratic: ``f(X) = ½<X - X*, P (X - X*) Q>`` with exact smoothness in every Schatten norm (T9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace
from schattor_theory.checks import check_choice, check_positive, fail
from schattor_theory.errors import ParameterError

from ..devices import as_like
from ..family import Family, matrix_shape, one_exponent, read_only, scaled_to
from ..spectra import spectrum
from .record import (
    STARTS,
    Problem,
    paired_smoothness,
    rotated,
    rotations,
    start_direction,
    steepest_weights,
)

__all__ = ["FAMILY", "Quadratic"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Quadratic(Problem):
    """``f(X) = ½<X - X*, P (X - X*) Q>`` with ``P = U diag(left) Uᵀ`` and ``Q = V diag(right) Vᵀ``.

    Without bases P and Q are diagonal and nothing is multiplied but entries; with flat spectra f is a multiple of the
    squared Frobenius distance.

    Attributes
    ----------
    left, right : array, shapes (m,) and (n,)
        Eigenvalues >= 0 in any order; their product has unit F/X².
    start, minimiser : array, shape (m, n)
        ``X_0`` and ``X*``.
    left_basis, right_basis : array or None, shapes (m, m) and (n, n)
        U and V; None is the identity.

    Source
    ------
    T9 in docs/theory/synthetic.md.
    """

    left: np.ndarray
    right: np.ndarray
    start: np.ndarray
    minimiser: np.ndarray
    left_basis: np.ndarray | None = None
    right_basis: np.ndarray | None = None

    name: ClassVar[str] = "quadratic"
    constants: ClassVar[str] = "exact"
    runs_on_devices: ClassVar[bool] = True
    lower_bound: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        for field in ("left", "right", "start", "minimiser"):
            object.__setattr__(self, field, read_only(getattr(self, field)))
        for field in ("left_basis", "right_basis"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, read_only(getattr(self, field)))

    @cached_property
    def _factors(self) -> tuple[float, np.ndarray | None, np.ndarray | None, np.ndarray | None]:
        """Return (scalar, entrywise curvature, P, Q); a None factor is the identity."""
        flat = [bool((s == s[0]).all()) for s in (self.left, self.right)]
        if all(flat):
            return float(self.left[0] * self.right[0]), None, None, None
        if self.left_basis is None and self.right_basis is None:
            return 1.0, np.outer(self.left, self.right), None, None
        scalar, matrices = 1.0, list[np.ndarray | None]()
        for values, basis, is_flat in zip(
            (self.left, self.right), (self.left_basis, self.right_basis), flat, strict=True
        ):
            if is_flat:
                scalar *= float(values[0])
            matrices.append(None if is_flat else np.diag(values) if basis is None else (basis * values) @ basis.T)
        return scalar, None, matrices[0], matrices[1]

    def value(self, x: Array) -> Array:
        d = self._displacement(x)
        return 0.5 * array_namespace(d).sum(d * self._hessian(d), axis=(-2, -1))

    def gradient(self, x: Array) -> Array:
        return self._hessian(self._displacement(x))

    def _displacement(self, x: Array) -> Array:
        return x - as_like(self.minimiser, x)

    def _hessian(self, d: Array) -> Array:
        scalar, curvature, left, right = self._factors
        if curvature is not None:
            return as_like(curvature, d) * d
        d = scalar * d
        if left is not None:
            d = as_like(left, d) @ d
        return d if right is None else d @ as_like(right, d)

    @cached_property
    def _curvatures(self) -> Array:
        """Return ``λ_i(P) λ_i(Q)``, both decreasing, i <= min(m, n)."""
        r = min(len(self.left), len(self.right))
        return np.sort(self.left)[::-1][:r] * np.sort(self.right)[::-1][:r]

    def smoothness(self, geometry: Any) -> float:
        """Return ``L = ‖(λ_i(P) λ_i(Q))_i‖_{p/(p-2)}`` for p > 2, ``λ_1(P) λ_1(Q)`` for p <= 2, exactly."""
        return paired_smoothness(self._curvatures, one_exponent("Quadratic.smoothness", geometry))

    def extremal_pair(self, geometry: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return two points at which A2 holds with equality."""
        p = one_exponent("Quadratic.extremal_pair", geometry)
        m, n = len(self.left), len(self.right)
        rows, columns = np.argsort(-self.left)[: min(m, n)], np.argsort(-self.right)[: min(m, n)]
        direction = np.zeros((m, n))
        direction[rows, columns] = steepest_weights(self._curvatures, p)
        direction = rotated(direction, (self.left_basis, self.right_basis))
        return np.array(self.minimiser), self.minimiser + direction


def build(
    shape: Any,
    geometry: Any,
    *,
    smoothness: float | None = 1.0,
    initial_gap: float | None = 0.5,
    rng: np.random.Generator | None = None,
    left: str | Sequence[float] = "flat",
    right: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    rotated: bool = False,
    start: str = "identity",
) -> Quadratic:
    """Return the quadratic with this smoothness and initial gap in ``geometry``; None keeps the natural constant."""
    call = "quadratic"
    m, n = matrix_shape(call, shape)
    p = one_exponent(call, geometry)
    left_values = spectrum(call, "left", left, m, decay=decay, floor=floor)
    right_values = spectrum(call, "right", right, n, decay=decay, floor=floor)
    bases = rotations(call, (m, n), rotated, rng)
    direction = start_direction(call, check_choice(call, "start", start, STARTS), (m, n), rng)
    return _scaled(call, p, left_values, right_values, bases, direction, smoothness, initial_gap)


def _scaled(call: str, p: float, left: Any, right: Any, bases: Any, direction: Any, wanted: Any, gap: Any) -> Quadratic:
    """Return the quadratic whose objective and start are scaled to the constants asked for."""
    natural = Quadratic(left=left, right=right, start=direction, minimiser=np.zeros_like(direction))
    left = left * scaled_to(call, "smoothness", wanted, natural.smoothness(p))
    if gap is not None:
        at_direction = float(Quadratic(left=left, right=right, start=direction, minimiser=0 * direction).initial_gap)
        if not at_direction > 0:
            way_out = "Choose another start: the objective is constant along this one."
            fail(ParameterError, call, "initial_gap", "be None for this start", gap, way_out)
        direction = direction * (check_positive(call, "initial_gap", gap) / at_direction) ** 0.5
    return Quadratic(
        left=left,
        right=right,
        start=rotated(direction, bases),
        minimiser=np.zeros_like(direction),
        left_basis=bases[0],
        right_basis=bases[1],
    )


FAMILY = Family(
    "quadratic",
    "½<X - X*, P (X - X*) Q>, exact smoothness in every Schatten norm",
    build,
    {
        "left": "spectrum of P: flat, power, spike, one_hot, or m numbers",
        "right": "spectrum of Q: flat, power, spike, one_hot, or n numbers",
        "decay": "exponent of the power law",
        "floor": "small eigenvalue of the spike",
        "rotated": "whether P and Q have Haar-distributed eigenvectors",
        "start": "direction from the minimiser to the start: identity, spike, gaussian",
    },
)
