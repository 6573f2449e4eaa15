"""STATEMENTS: what the toolkit checks, by id; the texts with proofs are in ``docs/theory``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schattor_theory.checks import fail, nearest_name
from schattor_theory.errors import UnknownNameError

__all__ = ["ASSUMPTIONS", "STATEMENTS", "Statement", "select"]

STATUSES = ("proved", "known", "open", "derived", "definition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of the theory.

    Attributes
    ----------
    id : str
        Its number in docs/theory, the name that code, docs and tests use.
    title : str
        A few words.
    text : str
        The statement in short.
    hypotheses : tuple of str
        What it assumes.
    status : {"proved", "known", "open", "derived", "definition"}
        Derived: a proof is written and awaits a second reading.
    document : str
        Page in docs/theory.
    heading : str
        How the heading begins under which the statement stands there.
    group : str
        The statement this one is a part of, or its own id: asking for a group asks for its parts.
    """

    id: str
    title: str
    text: str
    status: str
    document: str
    hypotheses: tuple[str, ...] = ()
    group: str = ""
    heading: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", self.group or self.id)
        object.__setattr__(self, "heading", self.heading or self.id)

    @property
    def place(self) -> str:
        """Return where the statement is written out, in words."""
        return f"{self.document}, {self.heading}".replace("\\", "")


ASSUMPTIONS: dict[str, str] = {
    "A1": "f ≥ f_low; Δ = f(X_0) - f_low",
    "A2": "‖∇f(X) - ∇f(Y)‖_q ≤ L ‖X - Y‖_p",
    "A3": "the noise is a martingale difference sequence and N1, N2 or N3 holds, with deterministic schedules",
    "N1": "E_{k-1}‖Z_k‖_q^α ≤ σ^α",
    "N2": "E_{k-1} Z_k Z_kᵀ ⪯ Σ (or Z_kᵀ Z_k) for one fixed Σ, σ = ‖Σ^{1/2}‖_q",
    "N3": "E_{k-1}‖W⁺Z_k‖_a^β ≤ σ^β for one fixed W, ‖W‖_s = 1, 1/s = 1/q - 1/a",
}
"""The assumptions by name."""

_BALL = ("A1", "A2", "A3")


def _page(name: str) -> str:
    return f"docs/theory/{name}.md"


_ALL = (
    Statement(
        id="D1",
        title="Duality map",
        text="D_p(M) attains the dual norm: <M, D_p(M)> = ‖M‖_q with ‖D_p(M)‖_p = 1; it is orthogonally equivariant.",
        status="definition",
        document=_page("geometry"),
    ),
    Statement(
        id="D2",
        title="Updaters",
        text="The ball step minimises <M, Y> over ‖Y - X‖_p ≤ η, the regularised step <M, Y> + ‖Y - X‖_p²/(2η).",
        status="definition",
        document=_page("geometry"),
    ),
    Statement(
        id="D3",
        title="Momentum",
        text="Heavy ball V_k = μV_{k-1} + G_k is D3 with θ_k = (1 - μ)/(1 - μ^{k+1}), up to scale.",
        status="definition",
        document=_page("descent"),
    ),
    Statement(
        id="D4",
        title="Product geometry",
        text="|||X||| = ‖(‖X_b‖_{p_b}/ρ_b)_b‖_t; its duality map moves block b by ρ_b w_b D_{p_b}(M_b).",
        status="definition",
        document=_page("geometry"),
    ),
    Statement(
        id="T1",
        title="Descent, ball oracle",
        text="f(X⁺) ≤ f(X) - η‖∇f‖_q + 2η‖e‖_q + Lη²/2; the 2 cannot be lowered. Inexact oracles enter by κ alone.",
        status="proved",
        document=_page("descent"),
        hypotheses=("A2",),
    ),
    Statement(
        id="T2",
        title="Descent, regularised oracle",
        text="f(X⁺) ≤ f(X) - η(1 - Lη/2)‖M‖_q² + η‖M‖_q‖e‖_q.",
        status="proved",
        document=_page("descent"),
        hypotheses=("A2",),
    ),
    Statement(
        id="T3",
        title="Momentum error",
        text="e_k = B_k + N_k with ‖B_k‖_q ≤ b_k and (E‖N_k‖_q^β)^{1/β} ≤ cσA_k; A_k ≤ θ_k^{1-1/β} under the lemma.",
        status="proved",
        document=_page("descent"),
        hypotheses=("A2", "A3"),
    ),
    Statement(
        id="T4a",
        title="Moment bound",
        text="E‖ΣZ_i‖_q^β ≤ 2^{2-β} ΣE‖Z_i‖_q^β for β ≤ q ≤ β/(β-1). First term with 1; 1 for symmetric steps.",
        status="proved",
        document=_page("martingale"),
        hypotheses=("N1",),
        group="T4",
    ),
    Statement(
        id="T4a*",
        title="Best constant of the moment bound",
        text="At β = q the best K_q is C_q for 8/7 ≤ q ≤ 4/3, at most 3^{(2-q)/2} above, and log-convex in q.",
        status="proved",
        document=_page("best-constant"),
        heading="T4a\\*",
        hypotheses=("N1",),
        group="T4",
    ),
    Statement(
        id="T4b",
        title="Covariance bound",
        text="(E‖ΣZ_i‖_q²)^{1/2} ≤ ‖(ΣE Z_iZ_iᵀ)^{1/2}‖_q for 0 < q ≤ 2, on either side.",
        status="proved",
        document=_page("martingale"),
        hypotheses=("N2",),
        group="T4",
    ),
    Statement(
        id="T4c",
        title="Weighted bound",
        text="(E‖ΣZ_i‖_q^β)^{1/β} ≤ 2^{(2-β)/β}‖W‖_s (ΣE‖W⁺Z_i‖_a^β)^{1/β}.",
        status="proved",
        document=_page("martingale"),
        hypotheses=("N3",),
        group="T4",
    ),
    Statement(
        id="T4d",
        title="Rows and columns",
        text="(E‖S‖_q²)^{1/2} ≤ ‖(ΣE A_iA_iᵀ)^{1/2}‖_q + ‖(ΣE B_iᵀB_i)^{1/2}‖_q for Z_i = A_i + B_i.",
        status="proved",
        document=_page("martingale"),
        group="T4",
    ),
    Statement(
        id="T4e",
        title="Two-smoothness",
        text="E‖S‖_p² ≤ (p - 1)ΣE‖Z_i‖_p² for p ≥ 2.",
        status="known",
        document=_page("martingale"),
        group="T4",
    ),
    Statement(
        id="T4f",
        title="No free lunch for Muon",
        text="Signs on fresh coordinates: ‖ΣZ_i‖_q = n^{1/q}σ for n ≤ r, so N1 alone gives no exponent above q.",
        status="proved",
        document=_page("martingale"),
        hypotheses=("N1",),
        group="T4",
    ),
    Statement(
        id="T4g",
        title="Price of dimension",
        text="(E‖S‖_q^β)^{1/β} ≤ r^{1/q-1/β} 2^{(2-β)/β}(ΣE‖Z_i‖_q^β)^{1/β} for q ≤ β ≤ 2; sharp for symmetric noise.",
        status="proved",
        document=_page("martingale"),
        hypotheses=("N1",),
        group="T4",
    ),
    Statement(
        id="T5",
        title="Stationarity, ball oracle",
        text="(1/K)ΣE‖∇f(X_k)‖_q ≤ Δ/(Kη) + Lη/2 + 2Lη(1-θ)/θ + 2cσ(κ_θ + 1/(θK)).",
        status="proved",
        document=_page("stationarity"),
        hypotheses=_BALL,
    ),
    Statement(
        id="T5-any",
        title="Stationarity, any schedule",
        text="Ση_kE‖∇f(X_k)‖_q ≤ Δ + (L/2)Ση_k² + 2Ση_k(b_k + cσA_k); parameter-free schedules in closed form.",
        status="proved",
        document=_page("stationarity"),
        heading="T5",
        hypotheses=_BALL,
        group="T5",
    ),
    Statement(
        id="T5-N2",
        title="Stationarity under a covariance bound",
        text="4(LΔσ²/K)^{1/4} + 3σ^{3/2}(LΔ)^{-1/4}K^{-3/4}: no dimension in it.",
        status="proved",
        document=_page("stationarity"),
        heading="N2 corollary",
        hypotheses=("A1", "A2", "N2"),
        group="T5",
    ),
    Statement(
        id="T5-hp",
        title="Stationarity with high probability",
        text="With probability at least 1-γ only the noise terms gain γ^{-1/β}, or √(2 ln(2K/γ)) for bounded noise.",
        status="proved",
        document=_page("stationarity"),
        hypotheses=_BALL,
        group="T5",
    ),
    Statement(
        id="T5'",
        title="Stationarity, noise paid once",
        text="T5 with (2-θ)cσ(κ_θ + 1/(θK)) for its noise terms, and the same in any schedule.",
        status="derived",
        document=_page("sharper"),
        heading="T5′",
        hypotheses=(*_BALL, "exact oracle"),
        group="T5",
    ),
    Statement(
        id="T6",
        title="Stationarity, regularised oracle",
        text="((1/K)ΣE‖∇f‖_q²)^{1/2} ≤ ((1+κ)/(2μ))(σA + √(σ²A² + 4μΔ/(ηK))) + σA; pairs (a, b) for aΔ/(ηK) + bσ²A².",
        status="proved",
        document=_page("stationarity"),
        hypotheses=_BALL,
    ),
    Statement(
        id="T6*",
        title="Stationarity, regularised oracle, noise paid once",
        text="T6's sharp form with (1-θ)σA for its last σA.",
        status="derived",
        document=_page("sharper"),
        heading="T6\\*",
        hypotheses=(*_BALL, "exact oracle"),
        group="T6",
    ),
    Statement(
        id="T7",
        title="Multi-block",
        text="T1-T3, T5, T6 hold in the product geometry, with L = ‖(ρ_b²L_b)‖_v and cσ = ‖(ρ_bc_bσ_b)‖_u.",
        status="proved",
        document=_page("extensions"),
        hypotheses=_BALL,
    ),
    Statement(
        id="T8",
        title="Norm transfer",
        text="‖G‖_F ≤ ‖G‖_q ≤ r^{1/q-1/2}‖G‖_F; Frobenius smoothness grows by r^{1-2/p} in S_p → S_q.",
        status="proved",
        document=_page("extensions"),
    ),
    Statement(
        id="T9",
        title="Exact constants of the worlds",
        text="½<X, PXQ> has L = ‖(λ_i(P)λ_i(Q))_i‖_{p/(p-2)}, Σλ_j²φ(u_jᵀXv_j) has L = ‖λ‖_{2p/(p-2)}².",
        status="proved",
        document=_page("synthetic"),
    ),
    Statement(
        id="C",
        title="Controlled noise",
        text="Z = στU diag(ε_iw_i)Vᵀ meets N1 with equality; the basis decides which N2 and N3 hold, with exact σ.",
        status="proved",
        document=_page("synthetic"),
    ),
    Statement(
        id="T10",
        title="Nesterov look-ahead",
        text="Directions from (1-τ)M + τG: T5 with b̃_k = (1-τ_k)b_k and Ã_k.",
        status="proved",
        document=_page("extensions"),
        hypotheses=_BALL,
    ),
    Statement(
        id="T11",
        title="Decoupled weight decay",
        text="Weight decay is stochastic Frank–Wolfe on the ball of radius 1/λ: its gap and, for convex f, h_K.",
        status="proved",
        document=_page("extensions"),
        hypotheses=(*_BALL, "‖X_0‖_p ≤ 1/λ"),
    ),
    Statement(
        id="T12",
        title="Recursive momentum",
        text="(1/K)ΣE‖∇f‖_q ≤ Δ/(Kη) + Lη/2 + 2cℓηθ^{-1/β} + 2cσ·avg A_k: no drift.",
        status="proved",
        document=_page("extensions"),
        hypotheses=(*_BALL, "mean smoothness"),
    ),
    Statement(
        id="T13a",
        title="Minibatches",
        text="A mean of m draws has σm^{-(1-1/β)}, with c once.",
        status="proved",
        document=_page("extensions"),
        hypotheses=("A3",),
        group="T13",
    ),
    Statement(
        id="T13b",
        title="Lift",
        text="f(X) = h(Xe_1) has the same Δ, L, σ and the same runs for every p.",
        status="proved",
        document=_page("extensions"),
        group="T13",
    ),
    Statement(
        id="T13c",
        title="Momentum is necessary",
        text="Without momentum (1/K)ΣE‖∇f(X_k)‖_q ≥ (1-2e^{-4.5})σ/2 on an instance, for every p and K.",
        status="proved",
        document=_page("extensions"),
        group="T13",
    ),
)

STATEMENTS: dict[str, Statement] = {statement.id: statement for statement in _ALL}
"""Every statement by id, in reading order."""


def select(ids: Iterable[str], call: str = "verify") -> list[str]:
    """Return the ids of the statements that are asked for, in reading order; a group stands for its parts.

    Raises
    ------
    UnknownNameError
        For an id there is not; the message gives the nearest one.
    """
    wanted: set[str] = set()
    groups = {statement.group for statement in _ALL}
    for name in ids:
        found = {s.id for s in _ALL if name in (s.id, s.group)}
        if not found:
            near = nearest_name(name.upper(), sorted(set(STATEMENTS) | groups))
            hint = f"Did you mean {near!r}?" if near else f"The ids are {', '.join(STATEMENTS)}."
            fail(UnknownNameError, call, "only", "name statements of docs/theory", name, hint)
        wanted |= found
    return [s.id for s in _ALL if s.id in wanted]
