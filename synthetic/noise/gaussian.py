"""Gaussian noise with a given row covariance: ``Z = Σ^{1/2} G/√n``, G of independent standard normals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace
from schattor_theory.assumptions import CovarianceNoise, MomentNoise, WeightedNoise
from schattor_theory.checks import check_choice, check_nonnegative, fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import dual_exponent

from ..devices import as_like
from ..family import Family, matrix_shape, one_exponent, read_only
from ..problems.record import rotations
from ..spectra import lp_norm, spectrum
from .per_block import per_block
from .record import Demand, Draws, Noise, check_gradient

__all__ = ["FAMILY", "GaussianNoise"]


@dataclass(frozen=True, eq=False, kw_only=True)
class GaussianNoise(Noise):
    """``Z = U diag(levels) G/√n``, so that ``E ZZᵀ = Σ = U diag(levels²) Uᵀ``: N2 with exactly ``‖levels‖_q``.

    Attributes
    ----------
    shape : (m, n)
        Shape of Z.
    levels : array, shape (m,)
        Square roots of the eigenvalues of Σ, unit F/X.
    left_basis : array or None, shape (m, m)
        U; None is the identity.
    """

    shape: tuple[int, int]
    levels: np.ndarray
    left_basis: np.ndarray | None = None

    name: ClassVar[str] = "gaussian"
    runs_on_devices: ClassVar[bool] = True
    conditionally_symmetric: ClassVar[bool] = True
    constants: ClassVar[str] = "exact"

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", read_only(self.levels))
        if self.left_basis is not None:
            object.__setattr__(self, "left_basis", read_only(self.left_basis))

    @property
    def demands(self) -> tuple[Demand, ...]:
        return (Demand("normals", "signs", "normal", self.shape[0] * self.shape[1]),)

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Array:
        gradient = check_gradient("GaussianNoise.realise", gradient, self.shape)
        normals = draws["normals"]
        xp = array_namespace(normals)
        normals = xp.reshape(normals, (*normals.shape[:-1], *self.shape))
        z = as_like(self._row_factors, normals) * normals
        z = z if self.left_basis is None else as_like(self.left_basis, z) @ z
        return xp.astype(z, gradient.dtype, copy=False)

    @cached_property
    def _row_factors(self) -> np.ndarray:
        return np.asarray((self.levels / self.shape[1] ** 0.5)[:, None])

    def moment_sigma(self, p: Any, moment_order: float = 2) -> float | None:
        """Return ``‖levels‖_2`` at p = 2 and order 2; elsewhere None, there is no closed form (N2 implies a bound)."""
        p = one_exponent("GaussianNoise.moment_sigma", p)
        return lp_norm(self.levels, 2) if p == 2 and moment_order == 2 else None

    def covariance_sigma(self, p: Any, side: str = "left") -> float:
        """Return ``‖Σ^{1/2}‖_q``, or on the right (``E ZᵀZ = (tr Σ/n) I``) ``n^{1/q-1/2} (tr Σ)^{1/2}``."""
        q = dual_exponent(one_exponent("GaussianNoise.covariance_sigma", p))
        check_choice("GaussianNoise.covariance_sigma", "side", side, ("left", "right"))
        if side == "left":
            return lp_norm(self.levels, q)
        return float(self.shape[1] ** (1 / q - 0.5) * lp_norm(self.levels, 2))

    def assumptions(self, p: Any) -> tuple[Any, ...]:
        """Return N2 on both sides and, for p >= 2, what follows: N3 from the left one, N1 from the smaller one."""
        p = one_exponent("GaussianNoise.assumptions", p)
        records = [CovarianceNoise(sigma=self.covariance_sigma(p, side), side=side) for side in ("left", "right")]
        if p < 2:
            return tuple(records)
        sigma = min(record.sigma for record in records)
        return (
            *records,
            WeightedNoise(moment_order=2, inner_exponent=2, sigma=records[0].sigma, conditionally_symmetric=True),
            MomentNoise(moment_order=2, sigma=sigma, conditionally_symmetric=True),
        )

    def why_not(self, assumption: str, p: Any) -> str:
        check_choice("why_not", "assumption", assumption, ("moment", "covariance", "weighted"))
        if assumption == "covariance":
            return ""
        if assumption == "weighted":
            return "" if one_exponent("GaussianNoise.why_not", p) >= 2 else "N3(2, 2, W) needs q <= 2"
        is_known = self.moment_sigma(p) is not None
        return "" if is_known else "E‖Z‖_q^α of a Gaussian matrix has no closed form; N2 implies N1 with its sigma"


@per_block
def build(
    shape: Any,
    geometry: Any,
    *,
    sigma: float = 1.0,
    moment_order: float = 2.0,
    rng: np.random.Generator | None = None,
    rows: str | Sequence[float] = "flat",
    decay: float = 1.0,
    floor: float = 0.01,
    rotated: bool = False,
) -> GaussianNoise:
    """Return Gaussian noise whose left N2 constant in ``geometry`` is exactly ``sigma``."""
    call = "gaussian"
    m, n = matrix_shape(call, shape)
    q = dual_exponent(one_exponent(call, geometry))
    if moment_order != 2:
        way_out = "sigma is the N2 constant, of second moments."
        fail(ParameterError, call, "moment_order", "be 2", moment_order, way_out)
    levels = spectrum(call, "rows", rows, m, decay=decay, floor=floor)
    levels = check_nonnegative(call, "sigma", sigma) * (levels / lp_norm(levels, q))
    return GaussianNoise(shape=(m, n), levels=levels, left_basis=rotations(call, (m, n), rotated, rng)[0])


FAMILY = Family(
    "gaussian",
    "Gaussian entries with a given row covariance; sigma is the left N2 constant",
    build,
    {
        "rows": "spectrum of Σ^{1/2}: flat, power, spike, one_hot, or m numbers",
        "decay": "exponent of the power law",
        "floor": "small value of the spike",
        "rotated": "whether Σ has Haar-distributed eigenvectors",
    },
)
