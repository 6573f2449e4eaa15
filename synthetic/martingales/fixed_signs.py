"""Fair signs on the singular values in one fixed basis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError

from ..family import read_only
from ..haar import orthonormal_columns
from ..spectra import spectrum
from .closed_forms import independent_moment, sign_sum_law
from .norms import norms, power
from .record import Law, MartingaleFamily, MatrixMartingale, Weight, checked
from .signs import all_signs, on_diagonal

__all__ = ["FAMILY", "FixedSigns"]


@dataclass(frozen=True, eq=False, kw_only=True)
class FixedSigns(MatrixMartingale):
    """``Z_i = U diag(ε_ij w_j) Vᵀ`` with fixed U, V and independent fair signs.

    ``‖Z_i‖_q = ‖w‖_q`` whatever the signs, and ``‖W⁺Z_i‖_q = ‖W⁺U diag(w)‖_q``. The singular values of S are
    ``w_j |R_j|`` with independent sums R_j of n signs.

    Attributes
    ----------
    levels : array, shape (r,)
        w >= 0, r = min(m, n).
    left, right : array or None, shapes (m, r) and (n, r)
        U and V; None for the coordinate vectors.
    """

    levels: np.ndarray
    left: np.ndarray | None = None
    right: np.ndarray | None = None

    name = "fixed_signs"
    summary = "fair signs on fixed singular values in a fixed basis."
    why_not_exact = "E‖S‖_q^β mixes several independent sums of signs unless β = q, β = 2q, q is inf, or they are few."
    conditionally_symmetric = True

    def __post_init__(self) -> None:
        for name in ("levels", "left", "right"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, read_only(getattr(self, name)))

    def placed(self, values: np.ndarray) -> np.ndarray:
        """Return ``U diag(values) Vᵀ`` for values (..., r)."""
        if self.left is None or self.right is None:
            return on_diagonal(values, self.shape)
        return (self.left * values[..., None, :]) @ self.right.T

    def _steps(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        signs = 1.0 - 2.0 * rng.integers(0, 2, size=(trials, self.n_steps, len(self.levels)))
        return self.placed(signs * self.levels)

    def _sums(self, rng: np.random.Generator, trials: int) -> np.ndarray:
        walks = 2.0 * rng.binomial(self.n_steps, 0.5, size=(trials, len(self.levels))) - self.n_steps
        return self.placed(walks * self.levels)

    def _step_moments(self, q: float, order: float, weight: Weight | None) -> float:
        # the signs are an orthogonal factor beside diag(w), so one sign pattern stands for all
        z = self.placed(self.levels)
        return power(norms(z if weight is None else weight.apply(z), q), order)

    def _covariance(self, side: str) -> np.ndarray:
        basis = self.left if side == "left" else self.right
        size = self.shape[0] if side == "left" else self.shape[1]
        squares = self.n_steps * self.levels**2
        if basis is None:
            return on_diagonal(squares, (size, size))
        return (basis * squares) @ basis.T

    def _moment(self, q: float, order: float) -> float | None:
        return independent_moment(self.levels, [sign_sum_law(self.n_steps)] * len(self.levels), q, order)

    def paths(self) -> Law | None:
        used = np.flatnonzero(self.levels)
        n_signs = self.n_steps * len(used)
        if not self._can_list(2, n_signs):
            return None
        values = np.zeros((2**n_signs, self.n_steps, len(self.levels)))
        values[:, :, used] = all_signs(n_signs).reshape(-1, self.n_steps, len(used)) * self.levels[used]
        return np.full(len(values), 1.0 / len(values)), self.placed(values)

    def _ceiling(self, q: float) -> float:
        return self.n_steps * float(norms(self.placed(self.levels), q))


def basis_of(
    call: str, shape: tuple[int, int], rotated: Any, rng: np.random.Generator | None
) -> dict[str, np.ndarray | None]:
    """Return U and V: Haar-distributed from ``rng`` when rotated, else None for the coordinate vectors."""
    if not isinstance(rotated, bool):
        fail(ParameterError, call, "rotated", "be true or false", rotated)
    if not rotated:
        return {"left": None, "right": None}
    if rng is None:
        fail(ParameterError, call, "rng", "be a generator", rng, "The basis is random with rotated=True.")
    r = min(shape)
    return {"left": orthonormal_columns(rng.standard_normal((shape[0], r))),
            "right": orthonormal_columns(rng.standard_normal((shape[1], r)))}  # fmt: skip


def build(
    shape: Any,
    n_steps: int,
    *,
    scale: float = 1.0,
    rng: np.random.Generator | None = None,
    weights: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    rotated: bool = False,
) -> FixedSigns:
    """Return signs on ``scale`` times these singular values."""
    call = "fixed_signs"
    shape, n_steps, scale = checked(call, shape, n_steps, scale)
    levels = scale * spectrum(call, "weights", weights, min(shape), decay=decay, floor=floor)
    return FixedSigns(shape=shape, n_steps=n_steps, levels=levels, **basis_of(call, shape, rotated, rng))


SPECTRUM_OPTIONS = {
    "weights": "singular values: flat, power, spike, one_hot, or the numbers themselves",
    "decay": "exponent of the power law",
    "floor": "small value of the spike",
}

FAMILY = MartingaleFamily(
    "fixed_signs",
    "fair signs on fixed singular values in one fixed basis",
    build,
    {**SPECTRUM_OPTIONS, "rotated": "whether the basis is Haar-distributed (needs rng)"},
)
