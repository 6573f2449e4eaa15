"""``Z = ±2∇f`` with a fair sign: the noise under which a method without momentum is a driftless walk (T13c)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array
from schattor_theory.assumptions import CovarianceNoise, MomentNoise, WeightedNoise
from schattor_theory.checks import check_choice, check_nonnegative, fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import dual_exponent, exponent_label

from ..family import Family, matrix_shape, one_exponent
from .record import Demand, Draws, Noise, check_gradient, signs_of

__all__ = ["FAMILY", "GradientSign"]


@dataclass(frozen=True, eq=False, kw_only=True)
class GradientSign(Noise):
    """``Z = 2ε∇f(X)`` for a problem whose gradients are multiples of one matrix and at most σ/2 in the dual norm.

    Then ``‖Z‖_q <= σ`` always; N1 of every order, N2 (``Z Zᵀ = 4h'² A Aᵀ``) and N3 hold with σ, which is attained where
    the gradient is σ/2. :meth:`realise` refuses a problem that does not have the two properties (``huber`` has them).

    Attributes
    ----------
    shape : (m, n)
        Shape of Z.
    p : float
        The exponent in which sigma is meant.
    sigma : float
        σ, unit F/X.

    Source
    ------
    T13c in docs/theory/extensions.md.
    """

    shape: tuple[int, int]
    p: float
    sigma: float

    name: ClassVar[str] = "gradient_sign"
    conditionally_symmetric: ClassVar[bool] = True
    constants: ClassVar[str] = "exact"

    @property
    def demands(self) -> tuple[Demand, ...]:
        return (Demand("signs", "signs", "bits", 1),)

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Array:
        call = "GradientSign.realise"
        gradient = check_gradient(call, gradient, self.shape)
        if not hasattr(problem, "gradient_bound") or not hasattr(problem, "direction"):
            requirement, got = "have bounded gradients along one matrix", type(problem).__name__
            fail(ParameterError, call, "problem", requirement, got, 'Take the problem "huber".')
        bound = problem.gradient_bound(self.p)
        # numerics: the bound is sigma/2 up to the rounding of ‖A‖_q = 1
        if not 2 * bound <= self.sigma * (1 + 1e-9):
            requirement = f"have gradients of at most sigma/2 = {self.sigma / 2:g} in the dual norm"
            fail(ParameterError, call, "problem", requirement, bound, "Build both with one sigma and one geometry.")
        return (2.0 * signs_of(draws["signs"], 1)[..., None]).astype(gradient.dtype, copy=False) * gradient

    def moment_sigma(self, p: Any, moment_order: float = 2) -> float | None:
        """Return σ, the supremum over X of ``(E‖Z‖_q^α)^{1/α}`` for every α; None in another geometry."""
        return self.sigma if one_exponent("GradientSign.moment_sigma", p) == self.p else None

    def covariance_sigma(self, p: Any, side: str = "left") -> float | None:
        """Return σ, exactly; None in another geometry."""
        check_choice("GradientSign.covariance_sigma", "side", side, ("left", "right"))
        return self.moment_sigma(p)

    def assumptions(self, p: Any) -> tuple[Any, ...]:
        sigma = self.moment_sigma(p)
        if sigma is None:
            return ()
        records: list[Any] = [CovarianceNoise(sigma=sigma, side=side) for side in ("left", "right")]
        if dual_exponent(self.p) <= 2:
            records.append(
                WeightedNoise(moment_order=2, inner_exponent=2, sigma=sigma, conditionally_symmetric=True)
            )
        return (*records, MomentNoise(moment_order=2, sigma=sigma, conditionally_symmetric=True))

    def why_not(self, assumption: str, p: Any) -> str:
        check_choice("why_not", "assumption", assumption, ("moment", "covariance", "weighted"))
        if self.moment_sigma(p) is None:
            return f"sigma is known for p = {exponent_label(self.p)} only"
        is_held = assumption != "weighted" or dual_exponent(self.p) <= 2
        return "" if is_held else "N3(2, 2, W) needs q <= 2"


def build(
    shape: Any,
    geometry: Any,
    *,
    sigma: float = 1.0,
    moment_order: float = 2.0,
    rng: np.random.Generator | None = None,
) -> GradientSign:
    """Return the sign noise of twice the gradient, for a ``huber`` problem built with this sigma in this geometry."""
    call = "gradient_sign"
    if not (moment_order >= 1 and math.isfinite(moment_order)):
        fail(ParameterError, call, "moment_order", "be a finite number >= 1", moment_order)
    return GradientSign(
        shape=matrix_shape(call, shape), p=one_exponent(call, geometry), sigma=check_nonnegative(call, "sigma", sigma)
    )


FAMILY = Family("gradient_sign", "±2∇f with a fair sign, for the problem huber: momentum is necessary", build)
