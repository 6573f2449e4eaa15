"""The assumptions of the theory as records with units: smoothness (A2) and the noise conditions N1, N2, N3 (A3).

Each noise record turns into the one inequality the bounds use, its *moment shape*
``(E‖Σ a_i Z_i‖_q^β)^{1/β} ≤ c σ (Σ a_i^β)^{1/β}`` for deterministic weights a_i, or says why it has none.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .checks import (
    check_choice,
    check_exponent,
    check_in_interval,
    check_integer,
    check_nonnegative,
    check_positive,
    fail,
)
from .errors import ParameterError
from .geometry import ProductGeometry, SchattenGeometry, dual_exponent, exponent_label

__all__ = [
    "CovarianceNoise",
    "MomentNoise",
    "MomentShape",
    "NotApplicable",
    "Smoothness",
    "WeightedNoise",
    "minibatch_shape",
    "moment_shape_constant",
    "noise_record",
    "resolve_shape",
]

NOISE_MODELS = ("covariance", "moment", "weighted", "shape")
_ORDER = "An order above 2 implies order 2 with the same sigma (Jensen)."


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """Why a hypothesis does not hold, in one sentence; false in a boolean context."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentShape:
    """The inequality ``(E‖Σ a_i Z_i‖_q^β)^{1/β} ≤ c σ (Σ a_i^β)^{1/β}``, what the bounds need of the noise.

    Parameters
    ----------
    constant : float
        c >= 1 for the shapes proved here; any positive number is accepted.
    moment_order : float
        β in [1, 2].
    sigma : float
        Noise level, unit F/X.
    source : str
        The assumption it follows from.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    A3 in docs/theory/descent.md.

    Examples
    --------
    >>> MomentShape(constant=1.0, moment_order=2.0, sigma=3.0, source="N2").of_weights([3.0, 4.0])
    15.0
    """

    constant: float
    moment_order: float
    sigma: float
    source: str = "given"

    def __post_init__(self) -> None:
        call = "MomentShape"
        object.__setattr__(self, "constant", check_positive(call, "constant", self.constant))
        order = check_in_interval(call, "moment_order", self.moment_order, 1, 2, way_out=_ORDER)
        object.__setattr__(self, "moment_order", order)
        object.__setattr__(self, "sigma", check_nonnegative(call, "sigma", self.sigma))

    @property
    def scale(self) -> float:
        """Return ``c σ``, unit F/X."""
        return self.constant * self.sigma

    def of_weights(self, weights: Collection[float]) -> float:
        """Return ``c σ (Σ |a_i|^β)^{1/β}``, unit F/X."""
        top = max((abs(float(a)) for a in weights), default=0.0)
        if top == 0:
            return 0.0
        power = math.fsum((abs(float(a)) / top) ** self.moment_order for a in weights)
        return float(self.scale * top * power ** (1 / self.moment_order))


@dataclass(frozen=True, slots=True)
class Smoothness:
    """A2: ``‖∇f(X) - ∇f(Y)‖_q ≤ L ‖X - Y‖_p``.

    Parameters
    ----------
    p : number, Fraction or str
        Exponent of the primal norm, in [1, inf].
    value : float
        L >= 0, unit F/X².

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Source
    ------
    A2 in docs/theory/descent.md.
    """

    p: float
    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", check_exponent("Smoothness", self.p))
        object.__setattr__(self, "value", check_nonnegative("Smoothness", "value", self.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentNoise:
    """N1: ``E_{k-1}‖Z_k‖_q^α ≤ σ^α``.

    Its shape has ``β = min(α, q, p)`` and ``c = 2^{(2-β)/β}`` (T4a), or c = 1 for conditionally symmetric noise and at
    β = 1, where the triangle inequality does it.

    Parameters
    ----------
    moment_order : float
        α in [1, 2].
    sigma : float
        Noise level, unit F/X.
    conditionally_symmetric : bool
        Whether Z_k and -Z_k have one law given the past.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Source
    ------
    N1 in docs/theory/descent.md.

    Examples
    --------
    >>> MomentNoise(moment_order=2, sigma=1.0).moment_shape("inf").moment_order
    1.0
    """

    moment_order: float
    sigma: float
    conditionally_symmetric: bool = False

    def __post_init__(self) -> None:
        order = check_in_interval("MomentNoise", "moment_order", self.moment_order, 1, 2, way_out=_ORDER)
        object.__setattr__(self, "moment_order", order)
        object.__setattr__(self, "sigma", check_nonnegative("MomentNoise", "sigma", self.sigma))

    def moment_shape(self, p: object) -> MomentShape | NotApplicable:
        """Return the moment shape in S_q, q dual to p; in a product geometry give each block its own shape (T7)."""
        exponent = _one_block("MomentNoise.moment_shape", p)
        if isinstance(exponent, NotApplicable):
            return exponent
        order = min(self.moment_order, dual_exponent(exponent), exponent)
        constant = moment_shape_constant(order, self.conditionally_symmetric)
        return MomentShape(constant=constant, moment_order=order, sigma=self.sigma, source="N1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CovarianceNoise:
    """N2: ``E_{k-1}[Z_k Z_kᵀ] ⪯ Σ`` (left) or ``E_{k-1}[Z_kᵀ Z_k] ⪯ Σ`` (right), with ``σ = ‖Σ^{1/2}‖_q``.

    Its shape has β = 2, c = 1 (T4b), for every q <= 2, that is p >= 2.

    Parameters
    ----------
    sigma : float
        ``‖Σ^{1/2}‖_q``, unit F/X.
    side : {"left", "right"}
        Which covariance is bounded.

    Raises
    ------
    ParameterError, UnknownNameError
        For an argument outside its range.

    Source
    ------
    N2 in docs/theory/descent.md.
    """

    sigma: float
    side: str = "left"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", check_nonnegative("CovarianceNoise", "sigma", self.sigma))
        check_choice("CovarianceNoise", "side", self.side, ("left", "right"))

    def moment_shape(self, p: object) -> MomentShape | NotApplicable:
        """Return the moment shape in S_q, q dual to p."""
        exponent = _one_block("CovarianceNoise.moment_shape", p)
        if isinstance(exponent, NotApplicable):
            return exponent
        if exponent < 2:
            # T4b's concavity of A -> ‖A‖_{q/2} on PSD matrices stops at q = 2
            label = exponent_label(exponent)
            return NotApplicable(f"N2 gives a moment shape for p >= 2 (q <= 2) only, here p = {label}.")
        return MomentShape(constant=1.0, moment_order=2.0, sigma=self.sigma, source="N2")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedNoise:
    """N3: ``E_{k-1}‖W⁺Z_k‖_a^β ≤ σ^β`` for a fixed W ⪰ 0 with ``‖W‖_s = 1``, ``1/s = 1/q - 1/a``.

    Its shape has this β and ``c = 2^{(2-β)/β}``, or c = 1 for conditionally symmetric noise (T4c), whenever
    ``max(q, β) ≤ a ≤ β/(β-1)``.

    Parameters
    ----------
    moment_order : float
        β in (1, 2].
    inner_exponent : float
        a >= 1.
    sigma : float
        Noise level, unit F/X.
    conditionally_symmetric : bool
        Whether Z_k and -Z_k have one law given the past.

    Raises
    ------
    ExponentError, ParameterError
        For an argument outside its range.

    Source
    ------
    N3 in docs/theory/descent.md.
    """

    moment_order: float
    inner_exponent: float
    sigma: float
    conditionally_symmetric: bool = False

    def __post_init__(self) -> None:
        call = "WeightedNoise"
        way_out = _ORDER if self.moment_order != 1 else "At order 1 use MomentNoise."
        order = check_in_interval(call, "moment_order", self.moment_order, 1, 2, include_low=False, way_out=way_out)
        object.__setattr__(self, "moment_order", order)
        object.__setattr__(self, "inner_exponent", check_exponent(call, self.inner_exponent, "inner_exponent"))
        object.__setattr__(self, "sigma", check_nonnegative(call, "sigma", self.sigma))

    def moment_shape(self, p: object) -> MomentShape | NotApplicable:
        """Return the moment shape in S_q, q dual to p."""
        exponent = _one_block("WeightedNoise.moment_shape", p)
        if isinstance(exponent, NotApplicable):
            return exponent
        beta, inner, q = self.moment_order, self.inner_exponent, dual_exponent(exponent)
        if not max(q, beta) <= inner <= dual_exponent(beta):
            interval = f"[max(q, β), β/(β-1)] = [{max(q, beta):g}, {dual_exponent(beta):g}]"
            return NotApplicable(f"N3 needs its inner exponent in {interval}, here {inner:g}.")
        constant = moment_shape_constant(beta, self.conditionally_symmetric)
        return MomentShape(constant=constant, moment_order=beta, sigma=self.sigma, source="N3")


def moment_shape_constant(moment_order: float, conditionally_symmetric: bool = False) -> float:
    """Return ``c = 2^{(2-β)/β}``, or 1 for conditionally symmetric noise and at β = 1.

    Source
    ------
    T4a in docs/theory/martingale.md.
    """
    if conditionally_symmetric or moment_order == 1:
        return 1.0
    return float(2.0 ** ((2.0 - moment_order) / moment_order))


def noise_record(
    call: str,
    noise_model: object,
    *,
    moment_order: object,
    sigma: object,
    conditionally_symmetric: bool = False,
    inner_exponent: object | None = None,
    p: object = 2,
) -> MomentNoise | CovarianceNoise | WeightedNoise | MomentShape | NotApplicable:
    """Return the record a noise model's name and numbers stand for; argument errors are worded for ``call``.

    ``inner_exponent`` is N3's a; without it the smallest admissible one, ``max(q, β)``, is meant.
    """
    name = check_choice(call, "noise_model", noise_model, NOISE_MODELS)
    order = check_in_interval(call, "moment_order", moment_order, 1, 2, way_out=_ORDER)
    level = check_nonnegative(call, "sigma", sigma)
    if name == "shape":
        return MomentShape(constant=1.0, moment_order=order, sigma=level, source="given")
    if name == "covariance":
        if order != 2:
            return NotApplicable(f"N2 is a statement about second moments, here moment_order = {order:g}.")
        return CovarianceNoise(sigma=level)
    if name == "moment":
        return MomentNoise(moment_order=order, sigma=level, conditionally_symmetric=conditionally_symmetric)
    if order == 1:
        return NotApplicable("N3 needs a moment order above 1.")
    inner: Any = max(dual_exponent(p), order) if inner_exponent is None else inner_exponent
    return WeightedNoise(
        moment_order=order, inner_exponent=inner, sigma=level, conditionally_symmetric=conditionally_symmetric
    )


def resolve_shape(call: str, p: object, **noise: object) -> MomentShape | NotApplicable:
    """Return the moment shape of :func:`noise_record`'s record in the dual norm of ``p``, an exponent or geometry."""
    exponent = _one_block(call, p)
    if isinstance(exponent, NotApplicable):
        if noise.get("noise_model") != "shape":
            return exponent
        exponent = 2.0
    record = noise_record(call, p=exponent, **noise)  # type: ignore[arg-type]
    if isinstance(record, MomentShape | NotApplicable):
        return record
    return record.moment_shape(exponent)


def minibatch_shape(shape: MomentShape, batch_size: int) -> MomentShape:
    """Return the shape of the mean of ``batch_size`` independent draws: ``σ → σ m^{-(1-1/β)}``, with c once.

    Parameters
    ----------
    shape : MomentShape
        Of one draw.
    batch_size : int
        m >= 1.

    Raises
    ------
    ParameterError
        For a batch size that is not an integer >= 1.

    Source
    ------
    T13a in docs/theory/extensions.md.

    Examples
    --------
    >>> minibatch_shape(MomentShape(constant=1, moment_order=2, sigma=1.0), 4).sigma
    0.5
    """
    if not isinstance(shape, MomentShape):
        fail(ParameterError, "minibatch_shape", "shape", "be a MomentShape", shape, "Use a record's moment_shape(p).")
    size = check_integer("minibatch_shape", "batch_size", batch_size, minimum=1)
    sigma = shape.sigma * float(size) ** (1 / shape.moment_order - 1)
    return MomentShape(
        constant=shape.constant, moment_order=shape.moment_order, sigma=sigma, source=f"{shape.source}, mean of {size}"
    )


def _one_block(call: str, p: object) -> float | NotApplicable:
    if isinstance(p, ProductGeometry):
        return NotApplicable(
            "A product geometry takes each block's own moment shape: combine them with product_moment_shape (T7)."
        )
    return p.p if isinstance(p, SchattenGeometry) else check_exponent(call, p)
