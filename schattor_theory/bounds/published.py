"""PUBLISHED: related guarantees of other authors, evaluated on the same numbers as ours.

Every entry says how much of its source was read. What was not seen there is called "not seen"; no constant is guessed.
"""

from __future__ import annotations

import math

from .guarantees import CommonNumbers, Guarantee, batched, root_of_gap_and_smoothness

__all__ = ["NOT_SEEN", "PUBLISHED"]

NOT_SEEN = "not seen"
"""Said of what was not found in the part of a source that was read."""


def _tao(numbers: CommonNumbers) -> float:
    """Evaluate inequality (31) of their proof at their batch B = max{1, σ²T/(LΔ)} with BT = N, B a real number."""
    product, total = root_of_gap_and_smoothness(numbers), numbers.n_samples
    batch = max(1.0, numbers.nuclear_sigma / product * math.sqrt(total))
    return batched(product, numbers.nuclear_sigma, total, batch)


def _order_under_a_covariance(numbers: CommonNumbers) -> float:
    first = root_of_gap_and_smoothness(numbers) / math.sqrt(numbers.n_samples)
    return first + math.sqrt(numbers.nuclear_sigma * first)


def _kovalev(numbers: CommonNumbers) -> float:
    """Evaluate ``Δ/(ηK) + 2ρσ/(αK) + 2√α ρσ + 3Lη/2 + 2Lη/α``, ρ = √r, at its best η and, on a grid, its best α."""
    product, total = root_of_gap_and_smoothness(numbers), numbers.n_samples
    level = math.sqrt(numbers.rank) * numbers.frobenius_sigma

    def at(alpha: float) -> float:
        first = 2 * product * math.sqrt((1.5 + 2 / alpha) / total)
        return first + 2 * level * (1 / (alpha * total) + math.sqrt(alpha))

    # a grid in log α of ratio 1.005: the loss against the minimum is below one part in 10⁵
    return min(at(math.exp(-0.005 * k)) for k in range(1 + math.ceil(math.log(total) / 0.005)))


def _kim(numbers: CommonNumbers) -> float:
    """Evaluate the last bound of their appendix B before O(·), with ε_q = 0 and B = 1, at their η and β."""
    product, total = root_of_gap_and_smoothness(numbers), numbers.n_samples
    level = math.sqrt(numbers.rank) * numbers.frobenius_sigma
    theta = min(product / (level * math.sqrt(total)), 1.0)
    beta, root = 1 - theta, product / math.sqrt(total)
    leading = root * ((1 + 2 * beta) / math.sqrt(theta) + math.sqrt(theta) / 2)
    noise = 2 * level * math.sqrt(theta / (1 + beta))
    start = 2 * beta * product * math.sqrt(2 * numbers.rank) / (total * theta)
    return leading + noise + start


def _kim_sgd(numbers: CommonNumbers) -> float:
    first = root_of_gap_and_smoothness(numbers) * math.sqrt(numbers.rank / numbers.n_samples)
    return first + math.sqrt(first * math.sqrt(numbers.rank) * numbers.frobenius_sigma)


def _huebler(numbers: CommonNumbers) -> float:
    """Evaluate the ε at which ``min(m, n)(LΔ/ε²)(σ/ε)²`` is N: second moments, L and σ read in the nuclear geometry."""
    first = root_of_gap_and_smoothness(numbers) / math.sqrt(numbers.n_samples)
    return math.sqrt(math.sqrt(numbers.rank) * numbers.nuclear_sigma * first)


PUBLISHED: tuple[Guarantee, ...] = (
    Guarantee(
        name="Tao et al., upper",
        source="H. Tao, D. Yu, L. Zhang, arXiv:2605.06615, Theorem 4 and its proof",
        seen="full text",
        method="Muon without momentum, batch max{1, σ²T/(LΔ)}",
        assumption="E ZZᵀ ⪯ Σ² given the past (N2, left), σ = ‖Σ‖₁; spectral-norm smoothness of f's values",
        measure="mean of E‖∇F‖₁ over the run",
        dimension_factor="none",
        rate="N^{-1/4} in samples",
        constant="2 + √2 = 3.414 at (LΔσ²/N)^{1/4}, from (31) and (32) of the proof",
        statements=("T5-N2", "T5", "T13a", "T4b"),
        comparison=(
            "Their (30) and (31) are T4b and T5 at θ = 1, number by number. Momentum (T5-N2) needs no batches "
            "and pays 4 for 3.414; the best batch without momentum gives 2^{7/4} = 3.364."
        ),
        sense="bound",
        evaluate=_tao,
    ),
    Guarantee(
        name="Tao et al., lower",
        source="H. Tao, D. Yu, L. Zhang, arXiv:2605.06615, Theorem 5",
        seen="full text",
        method="Muon without momentum, any step size and batch: the instance may depend on both",
        assumption="as in their upper bound",
        measure="E min_t ‖∇F‖₁",
        dimension_factor="none",
        rate="at least √(LΔ/N) + (LΔσ²/N)^{1/4}",
        constant=NOT_SEEN,
        statements=("T5-N2", "T13b"),
        comparison=(
            "Says that N^{-1/4} and ‖Σ‖₁ cannot be improved for Muon without momentum. T13b carries lower "
            "bounds for every first-order method over, for the exponent only."
        ),
        sense="order",
        evaluate=_order_under_a_covariance,
    ),
    Guarantee(
        name="Kovalev",
        source="D. Kovalev, arXiv:2503.12645, Theorem 2, as quoted by F. L. Cesista (March 2025)",
        seen="quoted by others",
        method="ball oracle of any norm with momentum 1 - α, m_0 = g_0",
        assumption="E‖Z‖_F² ≤ σ_F²; ‖·‖_dual ≤ ρ‖·‖_F; L in the method's norm",
        measure="E min_k ‖∇f‖_dual, 1 ≤ k ≤ K",
        dimension_factor="ρ = √r at p = ∞",
        rate="K^{-1/4}",
        constant="2^{9/4} = 4.757 at (LΔρ²σ_F²/K)^{1/4}; every term is explicit",
        statements=("T5", "T3"),
        comparison=(
            "Same five terms. At equal η and θ each of T5's is at most his, since ‖Σ^{1/2}‖₁ ≤ √r‖Σ^{1/2}‖_F, "
            "κ_θ ≤ √θ and 2/θ - 3/2 ≤ 2/θ + 3/2; and T5 bounds a mean, his statement a minimum."
        ),
        sense="bound",
        evaluate=_kovalev,
    ),
    Guarantee(
        name="Kim and Oh, polar factor",
        source="G. Y. Kim, M. Oh, arXiv:2601.19156, Theorem 4 and appendix B",
        seen="full text",
        method="Muon with heavy ball from M_0 = 0, exact polar factor",
        assumption="E‖Z‖_F² ≤ σ_F²; L from S_∞ to S_1",
        measure="mean of E‖∇f‖₁ over the run",
        dimension_factor="√r at σ_F, and r in a term of order K^{-1/2}",
        rate="K^{-1/4}",
        constant="3 + √2 = 4.414 at (LΔrσ_F²/K)^{1/4} with their η and β, from appendix B",
        statements=("T5", "T3"),
        comparison=(
            "Their curvature and drift terms are T5's; their noise term is T5's with √r σ_F for ‖Σ^{1/2}‖₁. "
            "The start from M_0 = 0 costs them 2√(2rLΔ)(1-θ)/(θK): D3 sees that it is bias-corrected momentum "
            "and pays for noise instead."
        ),
        sense="bound",
        evaluate=_kim,
    ),
    Guarantee(
        name="Kim and Oh, Newton–Schulz",
        source="G. Y. Kim, M. Oh, arXiv:2601.19156, Theorems 1 and 2",
        seen="full text",
        method="as above with q Taylor Newton–Schulz steps of degree κ",
        assumption="as above, and ε = sup‖O - polar factor‖ < 1",
        measure="mean of E‖∇f‖₁ over the run",
        dimension_factor="as above",
        rate="K^{-1/4}",
        constant="factor 1/(1-ε), ε ≤ 1 - √(1 - δ_0^{(κ+1)^q}); noise 2/(1-ε), drift 2(1+ε)/(1-ε)",
        statements=("T1", "T5"),
        comparison=(
            "Such a direction has δ = ε, ω = 0 in T1's inexact form, and T5 pays (2-ε)/(1-ε) for noise and "
            "drift: less, at every ε. Their theorem is about Taylor coefficients; ours takes any δ, ω that is "
            "enclosed."
        ),
    ),
    Guarantee(
        name="Kim and Oh, SGD",
        source="G. Y. Kim, M. Oh, arXiv:2601.19156, Theorem 3",
        seen="full text",
        method="SGD with momentum, measured in the nuclear norm",
        assumption="E‖Z‖_F² ≤ σ_F²; L from S_∞ to S_1",
        measure="mean of E‖∇f‖₁ over the run",
        dimension_factor="√r at √(LΔ/K), r at σ_F² inside the root",
        rate="K^{-1/4}",
        constant="O(·)",
        statements=("T6", "T8"),
        comparison=("T6 at p = 2 with T8's ‖G‖₁ ≤ √r‖G‖_F has the same powers of r."),
        sense="order",
        evaluate=_kim_sgd,
    ),
    Guarantee(
        name="Shen et al.",
        source="W. Shen, R. Huang, M. Huang, C. Shen, J. Zhang, arXiv:2505.23737",
        seen="abstract",
        method="Muon with momentum, exact polar factor",
        assumption="Frobenius or spectral-norm smoothness; noise not seen",
        measure="nuclear norm of the gradient",
        dimension_factor="explicit in min(m, n), as Tao et al. describe it",
        rate=NOT_SEEN,
        constant=NOT_SEEN,
        statements=("T5", "T8"),
        comparison=(
            "Said to gain over gradient descent where the Hessian has low rank. That is T8 and T9 read "
            "together: L from S_∞ to S_1 may be far below r times the Frobenius one."
        ),
    ),
    Guarantee(
        name="Hübler et al.",
        source="F. Hübler, T. Pethick, S. Sra, arXiv:2606.14560",
        seen="abstract",
        method="non-Euclidean methods, Muon among them",
        assumption="central moment of order α in (1, 2]; norms of L and σ not seen",
        measure="nuclear norm of the gradient",
        dimension_factor="min(m, n) in the number of samples",
        rate="ε^{-(3α-2)/(α-1)} samples",
        constant="O(·), matched by a lower bound for first-order methods",
        statements=("T5", "T4g", "T4f"),
        comparison=(
            "Read with L from S_∞ to S_1 and σ in the nuclear norm, the same powers of r, LΔ, σ and ε as T5 "
            "with T4g, for every α. T4f is our reason for the factor; N2 is what removes it."
        ),
        sense="order",
        evaluate=_huebler,
    ),
    Guarantee(
        name="Pethick",
        source="T. Pethick, arXiv:2606.15268",
        seen="abstract",
        method="the SODA framework, accelerated, p > 2",
        assumption=NOT_SEEN,
        measure=NOT_SEEN,
        dimension_factor=NOT_SEEN,
        rate=NOT_SEEN,
        constant=NOT_SEEN,
        statements=("T8", "T13b"),
        comparison=(
            "Says that a smaller p can be best in low dimension even where f is smooth in S_∞. Ours are not "
            "accelerated and do not order the exponents: T8 gives only the price of changing p."
        ),
    ),
    Guarantee(
        name="Cutkosky and Mehta",
        source="A. Cutkosky, H. Mehta, ICML 2020, arXiv:2002.03305",
        seen="abstract",
        method="normalised SGD with momentum",
        assumption="Euclidean smoothness and variance",
        measure="Euclidean norm of the gradient",
        dimension_factor="none",
        rate="ε^{-4} samples, without large batches; ε^{-7/2} with a Lipschitz Hessian and another momentum",
        constant=NOT_SEEN,
        statements=("T5",),
        comparison=(
            "T5 at p = 2 is a guarantee for the same method with every constant; that it has the same rate is "
            "T5's exponent at β = 2. We have no counterpart of the ε^{-7/2}."
        ),
    ),
)
"""Related guarantees by other authors."""
