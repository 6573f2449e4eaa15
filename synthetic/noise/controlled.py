"""Controlled noise ``Z = σ τ U diag(ε_i w_i) Vᵀ``: independent fair signs ε, ``‖w‖_q = 1``, ``E τ^α = 1`` (section C).

A law is a basis (fixed, fresh, swept), weights and a tail. ``‖Z‖_q = σ τ ‖w‖_q`` in every basis, so N1 holds with
equality; the basis decides N2 and N3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from schattor_theory.arrays import Array, array_namespace
from schattor_theory.assumptions import CovarianceNoise, MomentNoise, WeightedNoise
from schattor_theory.checks import check_choice, check_in_interval, check_nonnegative, check_positive
from schattor_theory.geometry import dual_exponent, exponent_label

from ..devices import as_like
from ..family import one_exponent, read_only
from ..spectra import lp_norm, spectrum
from .record import Demand, Draws, Noise, check_gradient, signs_of
from .tails import Tail, tail_of

__all__ = ["ControlledNoise", "law_options", "levels_and_tail"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ControlledNoise(Noise):
    """``Z = τ U diag(ε_i levels_i) Vᵀ``; a subclass says what U and V are.

    Attributes
    ----------
    shape : (m, n)
        Shape of Z.
    levels : array, shape (r,)
        ``σ w_i >= 0``, unit F/X, r = min(m, n).
    tail : NoTail, Pareto or TwoPoint
        Law of τ.
    normalised_order : float
        The α with ``E τ^α = 1``.

    Source
    ------
    Section C in docs/theory/synthetic.md.
    """

    shape: tuple[int, int]
    levels: np.ndarray
    tail: Tail
    normalised_order: float = 2.0

    name: ClassVar[str]
    conditionally_symmetric: ClassVar[bool] = True
    constants: ClassVar[str] = "exact"

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", read_only(self.levels))

    @property
    def basis_demands(self) -> tuple[Demand, ...]:
        """Return the random numbers that the basis of one step needs."""
        return ()

    @property
    def sign_demand(self) -> Demand:
        """Return the random numbers of the signs of one step."""
        return Demand("signs", "signs", "bits", len(self.levels))

    @property
    def demands(self) -> tuple[Demand, ...]:
        return (self.sign_demand, *self.basis_demands, *self.tail.demands)

    def place(self, values: Array, draws: Draws) -> Array:
        """Return ``U diag(values) Vᵀ``, shape (..., m, n), for values (..., r)."""
        raise NotImplementedError

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> Array:
        gradient = check_gradient(f"{type(self).__name__}.realise", gradient, self.shape)
        signs = signs_of(draws["signs"], len(self.levels))
        values = as_like(self.levels, signs) * signs * self.tail.radius(draws.get("tail"))
        return self.place(array_namespace(values).astype(values, gradient.dtype, copy=False), draws)

    def moment_sigma(self, p: Any, moment_order: float = 2) -> float | None:
        """Return ``‖levels‖_q (E τ^α)^{1/α}``, exactly; None where that moment of τ is infinite."""
        call = f"{type(self).__name__}.moment_sigma"
        q = dual_exponent(one_exponent(call, p))
        order = check_positive(call, "moment_order", moment_order)
        return self._times_tail(lp_norm(self.levels, q), order)

    def covariance_sigma(self, p: Any, side: str = "left") -> float | None:
        """Return the least σ of N2, exactly; None where ``E τ²`` is infinite."""
        call = f"{type(self).__name__}.covariance_sigma"
        check_choice(call, "side", side, ("left", "right"))
        return self._times_tail(self._covariance_level(dual_exponent(one_exponent(call, p)), side), 2.0)

    def weighted_sigma(self, p: Any, moment_order: float) -> float | None:
        """Return the σ of N3(α, α, W) for the W that fits the basis; None for q > α or an infinite moment."""
        q = dual_exponent(one_exponent(f"{type(self).__name__}.weighted_sigma", p))
        if not (1 < moment_order <= 2 and q <= moment_order):
            return None
        return self._times_tail(self._weighted_level(q, moment_order), moment_order)

    def _covariance_level(self, q: float, side: str) -> float:
        raise NotImplementedError

    def _weighted_level(self, q: float, order: float) -> float:
        raise NotImplementedError

    def _times_tail(self, level: float, order: float) -> float | None:
        moment = self.tail.moment(order)
        return level * moment ** (1 / order) if math.isfinite(moment) else None

    def assumptions(self, p: Any) -> tuple[Any, ...]:
        """Return N2 on both sides, N3 and N1, at the normalised order and at order 2, as far as they hold."""
        p = one_exponent(f"{type(self).__name__}.assumptions", p)
        orders = dict.fromkeys((self.normalised_order, 2.0))
        records: list[Any] = []
        for side in ("left", "right"):
            sigma = self.covariance_sigma(p, side)
            if sigma is not None:
                records.append(CovarianceNoise(sigma=sigma, side=side))
        for order in orders:
            sigma = self.weighted_sigma(p, order)
            if sigma is not None:
                records.append(
                    WeightedNoise(moment_order=order, inner_exponent=order, sigma=sigma, conditionally_symmetric=True)
                )
        for order in orders:
            sigma = self.moment_sigma(p, order)
            if sigma is not None:
                records.append(MomentNoise(moment_order=order, sigma=sigma, conditionally_symmetric=True))
        return tuple(records)

    def why_not(self, assumption: str, p: Any) -> str:
        p = one_exponent(f"{type(self).__name__}.why_not", p)
        check_choice("why_not", "assumption", assumption, ("moment", "covariance", "weighted"))
        if assumption == "moment":
            return ""
        if assumption == "covariance":
            is_finite = math.isfinite(self.tail.moment(2.0))
            return "" if is_finite else "the second moment of the tail is infinite, so N2 fails for every Σ"
        q = dual_exponent(p)
        if self.normalised_order > 1 and q <= max(o for o in (self.normalised_order, 2.0) if self._has(o)):
            return ""
        return f"N3(α, α, W) needs 1 < α and q <= α, here q = {exponent_label(q)}"

    def _has(self, order: float) -> bool:
        return math.isfinite(self.tail.moment(order))


def levels_and_tail(
    call: str,
    shape: tuple[int, int],
    geometry: Any,
    *,
    sigma: float,
    moment_order: float,
    weights: Any,
    decay: float,
    floor: float,
    **tail: Any,
) -> dict[str, Any]:
    """Return the fields of a controlled noise with ``E‖Z‖_q^α = σ^α`` exactly in ``geometry``."""
    q = dual_exponent(one_exponent(call, geometry))
    sigma = check_nonnegative(call, "sigma", sigma)
    order = check_in_interval(call, "moment_order", moment_order, 1, 2)
    w = spectrum(call, "weights", weights, min(shape), decay=decay, floor=floor)
    levels = sigma * (w / lp_norm(w, q))
    kind = tail.pop("tail")
    return {"shape": shape, "levels": levels, "tail": tail_of(call, kind, order, **tail), "normalised_order": order}


_OPTIONS = {
    "weights": "singular values of Z: flat, power, spike, one_hot, or min(m, n) numbers",
    "decay": "exponent of the power law",
    "floor": "small value of the spike",
    "tail": "law of the radius: none, pareto, two_point",
    "tail_index": "index of the Pareto tail, above moment_order",
    "tail_probability": "probability of the two-point law's large value",
}


def law_options(**more: str) -> Mapping[str, str]:
    """Return the options that every controlled noise has, and ``more``."""
    return _OPTIONS | more
