"""Convention: everything in which implementations of one method differ, as a record that the reference can run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schattor_theory.checks import check_choice
from schattor_theory.geometry import exponent_label
from schattor_theory.geometry.polynomials import PolarSchedule

from .momentum import Momentum
from .scales import SCALES

__all__ = [
    "DECAYS",
    "NORMALISATIONS",
    "PARTITIONS",
    "STACKS",
    "UNIT_ROUNDOFF",
    "AnyMap",
    "Convention",
    "Decay",
    "EntrywiseMap",
    "Floor",
    "Partition",
    "PolynomialMap",
    "PowerMap",
    "Scale",
]

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
"""Half the distance from 1 to the next number. tf32 has the unit of float16, the range of float32."""

NORMALISATIONS = ("frobenius", "spectral", "schatten", "aol")
"""What a polynomial iteration divides its input by. schatten: ``√‖XXᵀ‖_F``; aol: each row of X (rows the shorter side)
by ``(Σ_j |XXᵀ|_ij)^{1/2}``, which changes the singular vectors."""

DECAYS = ("none", "decoupled", "independent", "squared", "l2", "cautious")
"""decoupled: ``X <- (1-ηλ)X``; independent: ``(1-λ)X``; squared: ``(1-η²λ)X``; l2: ``G <- G + λX``; cautious: decoupled
only in the entries where X has the sign of the step."""

PARTITIONS = ("whole", "row blocks", "column blocks")
STACKS = ("slices", "flattened", "refused", "other")
"""A (b, m, n) parameter: each slice by itself, as one b×(mn) matrix, refused, or something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerMap:
    """``U diag(s^{q-1}) Vᵀ / ‖s‖_q^{q-1}``, the duality map of S_p; regularised: times ``‖s‖_q``.

    The regularised map of p = 2 is the identity: SGD.
    """

    p: float
    is_regularized: bool = False

    @property
    def words(self) -> str:
        """Return its name."""
        oracle = "regularised" if self.is_regularized else "ball"
        special = {("2", "regularised"): ", the gradient itself", ("inf", "ball"): ", the polar factor",
                   ("2", "ball"): ", the normalised gradient"}  # fmt: skip
        label = exponent_label(self.p)
        return f"duality map of S_{label}, {oracle} oracle{special.get((label, oracle), '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolynomialMap:
    """A polynomial iteration for the polar factor, with what it divides by first and an optional trace factor.

    Attributes
    ----------
    schedule : PolarSchedule
        Coefficients, steps, input margin.
    normalisation : str
        One of ``NORMALISATIONS``.
    times_dual_norm : bool
        Whether the result is multiplied by ``<D, O>``, which makes it homogeneous.
    """

    schedule: PolarSchedule
    normalisation: str = "frobenius"
    times_dual_norm: bool = False

    def __post_init__(self) -> None:
        check_choice("PolynomialMap", "normalisation", self.normalisation, NORMALISATIONS)

    @property
    def words(self) -> str:
        """Return its name."""
        extra = "" if self.normalisation == "frobenius" else f", input divided by its {self.normalisation} norm"
        trace = ", times the dual norm" if self.times_dual_norm else ""
        return f"polar factor by {self.schedule.n_steps} steps of '{self.schedule.name}'{extra}{trace}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrywiseMap:
    """A map that does not see the matrix: "sign", or "adam" with its two decay rates and floor."""

    name: str
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_choice("EntrywiseMap", "name", self.name, ("sign", "adam"))

    @property
    def words(self) -> str:
        """Return its name."""
        return {"sign": "the sign of each entry", "adam": f"Adam with β = {self.betas}"}[self.name]


AnyMap = PowerMap | PolynomialMap | EntrywiseMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The factor of a step: ``factor`` times a formula in rows and columns of the array.

    The formulas are :data:`~proofs_checks.crosscheck.scales.SCALES`.
    """

    formula: str = "1"
    factor: float = 1.0

    def __post_init__(self) -> None:
        check_choice("Scale", "formula", self.formula, SCALES)

    @property
    def words(self) -> str:
        """Return the formula."""
        if self.factor == 1:
            return self.formula
        return f"{self.factor:.4g}" if self.formula == "1" else f"{self.factor:.4g} {self.formula}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What keeps a division from zero: the norm plus ε ("added"), or the larger of the two ("clamped")."""

    value: float = 0.0
    form: str = "none"

    def __post_init__(self) -> None:
        check_choice("Floor", "form", self.form, ("none", "added", "clamped"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """Weight decay; ``after`` where the step is decayed as well: ``(1-ηλ)(X - ηU)``."""

    form: str = "none"
    rate: float = 0.0
    after: bool = False

    def __post_init__(self) -> None:
        check_choice("Decay", "form", self.form, DECAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """What one map acts on: the whole matrix, or each of ``count`` equal blocks of rows or columns."""

    kind: str = "whole"
    count: int = 1

    def __post_init__(self) -> None:
        check_choice("Partition", "kind", self.kind, PARTITIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """How an optimizer turns gradients into steps.

    Attributes
    ----------
    map : PowerMap, PolynomialMap or EntrywiseMap
        From the average of the gradients to a direction.
    momentum : Momentum
        From the gradients to their average.
    scale : Scale
        Factor by the shape.
    decay : Decay
        Weight decay.
    floor : Floor
        What the normalising division of the map is kept from zero with.
    partition : Partition
        What the map acts on.
    stack : str
        One of ``STACKS``.
    precision : str
        Of the inner computation: a key of ``UNIT_ROUNDOFF``, or "dtype" for that of the parameters.
    rounds_coefficients : bool
        Whether the coefficients of a polynomial are rounded to ``precision``, where that is not "dtype".
    step_factors : tuple of float
        ``η_k/η_0`` for k = 0, 1, …, the last is kept; empty for a constant step size.
    step_size : float or None
        The target's own, where it takes none.
    exponents, radii : mapping of block to float
        Of a product geometry: exponent p_b and radius ρ_b of each block; empty for one block.
    balance : float or None
        Its outer exponent t.
    """

    map: AnyMap
    momentum: Momentum = field(default_factory=Momentum)
    scale: Scale = field(default_factory=Scale)
    decay: Decay = field(default_factory=Decay)
    floor: Floor = field(default_factory=Floor)
    partition: Partition = field(default_factory=Partition)
    stack: str = "slices"
    precision: str = "dtype"
    rounds_coefficients: bool = False
    step_factors: tuple[float, ...] = ()
    step_size: float | None = None
    exponents: Mapping[str, float] = field(default_factory=dict)
    radii: Mapping[str, float] = field(default_factory=dict)
    balance: float | None = None

    def __post_init__(self) -> None:
        check_choice("Convention", "stack", self.stack, STACKS)

    @property
    def adam(self) -> EntrywiseMap | None:
        """Return the map where it is Adam, None where it is another one."""
        return self.map if isinstance(self.map, EntrywiseMap) and self.map.name == "adam" else None

    def step_factor(self, k: int) -> float:
        """Return ``η_k/η_0``."""
        return self.step_factors[min(k, len(self.step_factors) - 1)] if self.step_factors else 1.0

    def unit_roundoff(self, dtype: str) -> float:
        """Return the unit roundoff of the inner computation for parameters of ``dtype``."""
        return UNIT_ROUNDOFF[dtype if self.precision == "dtype" else self.precision]

    @property
    def words(self) -> str:
        """Return the convention in one line."""
        m, parts = self.momentum, [self.map.words]
        if m.average != "none":
            beta = f" μ = {m.beta:.4g}" if m.average != "schedule" else ""
            ahead = "" if m.look_ahead == "none" else f" with look-ahead ({m.look_ahead})"
            parts.append(f"momentum: {m.average}{beta}{ahead}")
        if self.scale.words != "1":
            parts.append(f"scale {self.scale.words}")
        if self.decay.form != "none":
            parts.append(f"{self.decay.form} weight decay {self.decay.rate:.4g}")
        if self.floor.form != "none":
            parts.append(f"ε = {self.floor.value:.2g} {self.floor.form}")
        if self.partition.kind != "whole":
            parts.append(f"on {self.partition.count} {self.partition.kind}")
        if self.exponents:
            blocks = ", ".join(f"{b}: p = {exponent_label(p)}, radius {self.radii.get(b, 1.0):.4g}"
                               for b, p in self.exponents.items())  # fmt: skip
            parts.append(f"blocks {blocks}; balance {exponent_label(self.balance or float('inf'))}")
        parts.append("in the dtype of the parameters" if self.precision == "dtype" else f"in {self.precision}")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the convention as plain values, ready for ``plain`` of :mod:`proofs_checks.evidence`."""
        from dataclasses import fields, is_dataclass

        def flat(value: Any) -> Any:
            if is_dataclass(value):
                return {f.name: flat(getattr(value, f.name)) for f in fields(value)} | {"kind": type(value).__name__}
            if isinstance(value, Mapping):
                return {name: flat(one) for name, one in value.items()}
            return value

        return flat(self)
