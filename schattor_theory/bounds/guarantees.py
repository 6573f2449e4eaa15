"""Guarantees as records: what each assumes, measures and promises, and its value on numbers that all share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from ..checks import check_integer, check_positive, fail
from ..errors import ParameterError
from .corollaries import covariance_corollary
from .martingale import price_of_dimension
from .tuning import tuned

__all__ = ["OURS", "SEEN", "SENSES", "CommonNumbers", "Guarantee", "batched_bound"]

SEEN = ("derived here", "full text", "quoted by others", "abstract")
"""How much of a source was read."""

SENSES = ("bound", "order", "none")
"""A value that is guaranteed; the expression inside an O(·) with constant 1, which guarantees nothing; no value."""

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonNumbers:
    """The numbers on which guarantees at p = ∞ are compared: a problem and one noise covariance.

    Attributes
    ----------
    initial_gap : float
        Δ > 0, unit F.
    smoothness : float
        L > 0 from S_∞ to S_1, unit F/X².
    rank : int
        ``r = min(m, n)``.
    nuclear_sigma : float
        ``‖Σ^{1/2}‖_1 > 0`` of the covariance bound Σ, unit F/X; also a bound on ``(E‖Z‖_1²)^{1/2}``.
    frobenius_sigma : float
        ``‖Σ^{1/2}‖_2``, between ``nuclear_sigma/√r`` and ``nuclear_sigma``.
    n_samples : int
        Stochastic gradients spent in all; steps where every step takes one.

    Examples
    --------
    >>> [make(16, n_samples=9).frobenius_sigma for make in (CommonNumbers.flat, CommonNumbers.concentrated)]
    [0.25, 1.0]
    """

    initial_gap: float = 1.0
    smoothness: float = 1.0
    rank: int
    nuclear_sigma: float = 1.0
    frobenius_sigma: float
    n_samples: int

    def __post_init__(self) -> None:
        call = "CommonNumbers"
        for name in ("initial_gap", "smoothness", "nuclear_sigma", "frobenius_sigma"):
            check_positive(call, name, getattr(self, name))
        for name in ("rank", "n_samples"):
            check_integer(call, name, getattr(self, name), minimum=1)
        low = self.nuclear_sigma / math.sqrt(self.rank)
        if not low * (1 - _ROUNDING) <= self.frobenius_sigma <= self.nuclear_sigma * (1 + _ROUNDING):
            requirement = "lie between nuclear_sigma/√rank and nuclear_sigma"
            fail(ParameterError, call, "frobenius_sigma", requirement, self.frobenius_sigma, "No Σ has both norms.")

    @classmethod
    def flat(cls, rank: int, *, n_samples: int) -> CommonNumbers:
        """Return Δ = L = 1 with noise of nuclear level 1 spread evenly over all r directions."""
        rank = check_integer("CommonNumbers.flat", "rank", rank, minimum=1)
        return cls(rank=rank, frobenius_sigma=1 / math.sqrt(rank), n_samples=n_samples)

    @classmethod
    def concentrated(cls, rank: int, *, n_samples: int) -> CommonNumbers:
        """Return Δ = L = 1 with noise of nuclear level 1 in a single direction."""
        return cls(rank=rank, frobenius_sigma=1.0, n_samples=n_samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """What one guarantee assumes, measures and promises.

    Attributes
    ----------
    name : str
        Short name, unique.
    source : str
        Authors, year, identifier and the theorem; for ours the statement.
    seen : str
        One of ``SEEN``: how much of the source was read.
    method : str
        The algorithm.
    assumption : str
        On the noise and the smoothness.
    measure : str
        The quantity it bounds.
    dimension_factor : str
        Where a dimension enters.
    rate : str
        Powers of the number K of steps or N of samples, or the samples to reach ε.
    constant : str
        The leading constant, or "not seen".
    statements : tuple of str
        Ours that it is to be read beside.
    comparison : str
        What the comparison shows, in a sentence or two; every claim in it is tested or stands in the source.
    sense : str
        One of ``SENSES``: what ``evaluate`` returns.
    evaluate : callable or None
        From :class:`CommonNumbers` to the value, or to None where a hypothesis fails.
    """

    name: str
    source: str
    seen: str
    method: str
    assumption: str
    measure: str
    dimension_factor: str
    rate: str
    constant: str
    statements: tuple[str, ...]
    comparison: str = ""
    sense: str = "none"
    evaluate: Callable[[CommonNumbers], float | None] | None = field(default=None, repr=False)

    def value(self, numbers: CommonNumbers) -> float | None:
        """Return the value on these numbers; None where there is none."""
        return None if self.evaluate is None else self.evaluate(numbers)


def batched_bound(*, initial_gap: float, smoothness: float, sigma: float, n_samples: int) -> tuple[float, float]:
    """Return T5 at θ = 1 with the best minibatch for a budget of N samples, and that minibatch.

    A mean of B draws has ``σ/√B`` (T13a, β = 2), so ``√(2LΔB/N) + 2σ/√B``; it is least at ``B = σ√(2N/(LΔ))``, where
    it is ``2^{7/4}(LΔσ²/N)^{1/4}``. B is a real number here, at least 1 and at most N; rounding it is left to the user.

    Parameters
    ----------
    initial_gap, smoothness, sigma : float
        Δ, L, σ > 0, units F, F/X², F/X.
    n_samples : int
        N >= 1.

    Returns
    -------
    tuple of float
        The bound on ``stationarity_mean`` and B.

    Raises
    ------
    ParameterError
        For an argument outside its range.

    Scaling
    -------
    f → c f (Δ, L, σ → c·): the bound scales by c, B not at all.

    Source
    ------
    T5 in docs/theory/stationarity.md with T13a in docs/theory/extensions.md.

    Examples
    --------
    >>> bound, batch = batched_bound(initial_gap=1.0, smoothness=2.0, sigma=1.0, n_samples=10**4)
    >>> round(bound, 6) == round(2**1.75 * (2 / 10**4) ** 0.25, 6), round(batch, 9)
    (True, 100.0)
    """
    call = "batched_bound"
    product = math.sqrt(check_positive(call, "initial_gap", initial_gap)) * math.sqrt(
        check_positive(call, "smoothness", smoothness)
    )
    level, total = check_positive(call, "sigma", sigma), check_integer(call, "n_samples", n_samples, minimum=1)
    batch = min(max(level / product * math.sqrt(2 * total), 1.0), float(total))
    return batched(product, level, total, batch), batch


def batched(product: float, level: float, n_samples: int, batch: float) -> float:
    """Return ``√(2LΔB/N) + 2σ/√B`` with ``product = √(LΔ)``."""
    return product * math.sqrt(2 * batch / n_samples) + 2 * level / math.sqrt(batch)


def root_of_gap_and_smoothness(numbers: CommonNumbers) -> float:
    """Return ``√(LΔ)``, unit F/X."""
    return math.sqrt(numbers.initial_gap) * math.sqrt(numbers.smoothness)


def _covariance_corollary(numbers: CommonNumbers) -> float | None:
    return covariance_corollary(
        initial_gap=numbers.initial_gap,
        smoothness=numbers.smoothness,
        sigma=numbers.nuclear_sigma,
        n_steps=numbers.n_samples,
    ).value


def _tuned(numbers: CommonNumbers) -> float | None:
    return tuned(numbers.initial_gap, numbers.smoothness, numbers.nuclear_sigma, numbers.n_samples).bound.value


def _large_batches(numbers: CommonNumbers) -> float:
    return batched_bound(
        initial_gap=numbers.initial_gap,
        smoothness=numbers.smoothness,
        sigma=numbers.nuclear_sigma,
        n_samples=numbers.n_samples,
    )[0]


def _moment_alone(numbers: CommonNumbers) -> float | None:
    price = price_of_dimension(1, 2, numbers.rank)
    return tuned(numbers.initial_gap, numbers.smoothness, price * numbers.nuclear_sigma, numbers.n_samples).bound.value


OURS: tuple[Guarantee, ...] = (
    Guarantee(
        name="T5-N2",
        source="T5-N2",
        seen="derived here",
        method="Muon with bias-corrected momentum, one gradient a step",
        assumption="N2: E ZZᵀ ⪯ Σ, σ = ‖Σ^{1/2}‖₁; L from S_∞ to S_1",
        measure="mean of E‖∇f‖₁ over the run",
        dimension_factor="none",
        rate="K^{-1/4}",
        constant="4(LΔσ²/K)^{1/4} + 3σ^{3/2}(LΔ)^{-1/4}K^{-3/4}",
        statements=("T5-N2",),
        sense="bound",
        evaluate=_covariance_corollary,
    ),
    Guarantee(
        name="T5, tuned",
        source="T5",
        seen="derived here",
        method="Muon with momentum (M_0 = G_0), one gradient a step",
        assumption="N2, as above",
        measure="mean of E‖∇f‖₁ over the run",
        dimension_factor="none",
        rate="K^{-1/4}",
        constant="its closed form at its minimum",
        statements=("T5",),
        sense="bound",
        evaluate=_tuned,
    ),
    Guarantee(
        name="T5, large batches",
        source="T5 at θ = 1 with T13a",
        seen="derived here",
        method="Muon without momentum, batch σ√(2N/(LΔ))",
        assumption="N2, as above",
        measure="mean of E‖∇f‖₁ over the run",
        dimension_factor="none",
        rate="N^{-1/4} in samples",
        constant="2^{7/4} = 3.364 at (LΔσ²/N)^{1/4}",
        statements=("T5", "T13a"),
        sense="bound",
        evaluate=_large_batches,
    ),
    Guarantee(
        name="T5, moment alone",
        source="T5 with T4g",
        seen="derived here",
        method="Muon with momentum, one gradient a step",
        assumption="N1 in the nuclear norm, α = 2; L from S_∞ to S_1",
        measure="mean of E‖∇f‖₁ over the run",
        dimension_factor="√r at σ (r^{1-1/α} in general): r in the number of samples, for every α",
        rate="K^{-1/4}; in general K^{-(α-1)/(3α-2)}",
        constant="its closed form at its minimum",
        statements=("T5", "T4g"),
        sense="bound",
        evaluate=_moment_alone,
    ),
)
"""Guarantees of this project at p = ∞, on the numbers of :class:`CommonNumbers`."""
