"""Closed forms whose values others have computed: each enclosed, and compared with the printed decimals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import comb

from flint import acb, arb, fmpq, fmpq_poly

from synthetic.martingales.gaussian_moments import ginibre_moment

from ..known import known
from ..proof import Step
from .balls import Exact, all_of, exact, precision
from .steps import hypothesis, rounds_to, step, within

__all__ = [
    "complex_ginibre",
    "gaussian_steps",
    "marchenko_pastur_mean",
    "quarter_circle_moment",
    "random_coordinate",
    "random_coordinate_steps",
    "rows_and_columns_steps",
]

_BITS = 128


def quarter_circle_moment(q: Exact) -> arb:
    """Return ``2^q Γ((q+1)/2)/(√π Γ(q/2+2))``, the limit of ``E‖G‖_q^q/n^{1+q/2}`` for square G of unit variance."""
    order = exact(q)
    return arb(2) ** order * ((order + 1) / 2).gamma() / (arb.pi().sqrt() * (order / 2 + 2).gamma())


def _quarter_circle_integral(q: int) -> arb:
    """Return ``∫ x^q √(4-x²)/π`` over [0, 2], with x = 2 cos θ."""
    two_over_pi = 4 / acb.pi()
    return acb.integral(lambda t, _: two_over_pi * (2 * t.cos()) ** q * t.sin() ** 2, 0, acb.pi() / 2).real


def marchenko_pastur_mean(aspect: Exact) -> arb:
    """Return the limit of the mean singular value of X/√n, m×n of unit variance, ``m/n → aspect ≤ 1``.

    With ``λ = 1 + c + 2√c cos θ`` the density gives ``(2/π) ∫_0^π sin²θ/√(1 + c + 2√c cos θ) dθ``.
    """
    c = exact(aspect)
    if c == 1:
        return quarter_circle_moment(1)
    root = c.sqrt()

    def integrand(theta: acb, analytic: bool) -> acb:
        return theta.sin() ** 2 / (1 + c + 2 * root * theta.cos()).sqrt(analytic=analytic)

    return (2 / acb.pi() * acb.integral(integrand, 0, acb.pi())).real


def complex_ginibre(n: int) -> arb:
    """Return ``E‖G‖_1 = ∫_0^∞ √x e^{-x} Σ_{k<n} L_k(x)² dx``, a rational multiple of √π."""
    total = fmpq(0)
    for k in range(n):
        laguerre = fmpq_poly([fmpq(comb(k, j) * (-1) ** j, _factorial(j)) for j in range(k + 1)])
        for j, a in enumerate((laguerre * laguerre).coeffs()):
            # Γ(j + 3/2) = √π (2j+2)!/(4^{j+1} (j+1)!)
            total += a * fmpq(_factorial(2 * j + 2), 4 ** (j + 1) * _factorial(j + 1))
    return arb(total) * arb.pi().sqrt()


def _factorial(n: int) -> int:
    return 1 if n < 2 else n * _factorial(n - 1)


def random_coordinate(d: int, n: int) -> arb:
    """Return ``E‖average of n‖_1 = (d/n) E|R_N|``, N binomial(n, 1/d), ``E|R_k| = 2⌈k/2⌉ C(k, ⌈k/2⌉) 2^{-k}``."""
    chance, total = (1 - arb(fmpq(1, d))) ** n, arb(0)
    # E|R_k|: 1 at k = 1, 2; from k = 2j to 2j + 1 times (2j+1)/(2j), the same again at 2j + 2
    walk = arb(1)
    for k in range(1, n + 1):
        chance = chance * (n - k + 1) / (k * (d - 1))
        if k > 2 and k % 2:
            walk = walk * k / (k - 1)
        total += chance * walk
    return total * d / n


def _gaussian() -> Iterator[Step]:
    """Yield the moments of matrices of independent entries."""
    yield hypothesis(
        "G has independent entries of mean 0 and variance 1; where a law is named, Gaussian ones",
        r"\mathbb E g_{ij}=0,\ \mathbb E|g_{ij}|^2=1",
    )
    yield step(
        "the q-th moment of the quarter circle is 2^q Γ((q+1)/2)/(√π Γ(q/2+2))",
        r"\frac1\pi\int_0^2x^q\sqrt{4-x^2}\,dx=\frac{2^q\Gamma(\frac{q+1}2)}{\sqrt\pi\,\Gamma(\frac q2+2)}",
        "Integrals for q = 1, 2, 3, 4 enclosed by quadrature with error bounds.",
        all_of(within(_quarter_circle_integral(q), quarter_circle_moment(q), "1e-25") for q in (1, 2, 3, 4)),
    )
    yield step(
        "E‖G‖_1/n^{3/2} → 8/(3π) = .848826",
        r"\mathbb E\|G\|_1/n^{3/2}\to\frac8{3\pi}",
        "The moment at q = 1.",
        all_of(
            (within(quarter_circle_moment(1), 8 / (3 * arb.pi()), "1e-25"), rounds_to(8 / (3 * arb.pi()), "0.848826"))
        ),
    )
    for aspect, printed in {"1": "0.848826", "0.5": "0.932799", "0.25": "0.967688", "0.1": "0.987339"}.items():
        yield step(
            f"mean singular value of X/√n at aspect {aspect}: {printed}",
            rf"\int\sqrt\lambda\,d\mu_{{{aspect}}}={printed}",
            "Marchenko–Pastur density, quadrature with error bounds.",
            rounds_to(marchenko_pastur_mean(aspect), printed),
        )
    real = arb.pi().sqrt() * (2 - 1 / arb(2).sqrt())
    yield step(
        "real Gaussian 2×2: E‖G‖_1 = √π(2 - 1/√2) = 2.291594",
        r"\mathbb E\|G\|_1=\sqrt\pi\,(2-1/\sqrt2)",
        "G = conformal + anticonformal part, of independent lengths R, S with P(R > r) = e^{-r²}, and "
        "‖G‖_1 = 2 max(R, S), E max = ∫ 2e^{-r²} - e^{-2r²} dr; the project's own value agrees.",
        all_of((rounds_to(real, "2.291594"), within(_mean_norm(2), real, "1e-12"))),
    )
    table = {1: "0.886227", 2: "2.437124", 3: "4.444982", 4: "6.823255", 8: "19.234740"}
    for n, printed in table.items():
        found = complex_ginibre(n)
        yield step(
            f"complex Gaussian {n}×{n}: E‖G‖_1 = {printed}",
            rf"\int_0^\infty\sqrt x\,e^{{-x}}\sum_{{k<{n}}}L_k(x)^2dx={printed}",
            "Laguerre density, a rational multiple of √π; the project's own value agrees.",
            all_of((rounds_to(found, printed), within(_mean_norm(n, "complex"), found, "1e-10"))),
        )


def _mean_norm(n: int, field: str = "real") -> arb:
    """Return the project's own value of ``E‖G‖_1`` of an n×n matrix."""
    return exact(known(ginibre_moment(n, n, 1, 1, field), f"the moment of an {n}×{n} matrix"))


def _random_coordinate() -> Iterator[Step]:
    """Yield ``E‖average‖_1`` of signs on a uniformly random one of 64 coordinates."""
    d = 64
    yield hypothesis(
        "Z_i = ε_i e_Je_Jᵀ, fair signs ε_i and uniform J on 64 coordinates",
        r"Z_i=\varepsilon_ie_{J_i}e_{J_i}^\top",
    )
    yield step(
        "E|R_k| = 2⌈k/2⌉ C(k, ⌈k/2⌉) 2^{-k}",
        r"\mathbb E|R_k|=2\lceil k/2\rceil\binom k{\lceil k/2\rceil}2^{-k}",
        "Compared with the sum over the binomial law for k ≤ 12, exactly.",
        all_of(within(_walk(k), arb(fmpq(_walk_sum(k), 2**k)), "1e-30") for k in range(1, 13)),
    )
    table = {16: "0.8946", 64: "0.6757", 256: "0.3860", 1024: "0.1979", 4096: "0.09954"}
    for n, printed in table.items():
        yield step(
            f"E‖average of {n}‖_1 = {printed}",
            rf"\tfrac{{64}}{{{n}}}\mathbb E|R_{{\mathrm{{Bin}}({n},1/64)}}|={printed}",
            "The law of one coordinate's count.",
            rounds_to(random_coordinate(d, n), printed),
        )


def _walk(k: int) -> arb:
    top = -(-k // 2)
    return arb(fmpq(2 * top * comb(k, top), 2**k))


def _walk_sum(k: int) -> int:
    return sum(comb(k, j) * abs(2 * j - k) for j in range(k + 1))


def _rows_and_columns() -> Iterator[Step]:
    """Yield ``E‖S‖_1``, the one-sided bound and the infimum for n complex Gaussian rows beside n columns."""
    yield hypothesis(
        "S is a row of n standard complex Gaussians beside a column of n, as a direct sum",
        r"S=g^{*}\oplus h",
    )
    table = {4: ("3.877243", "6", "4"), 16: ("7.937754", "20", "8"), 64: ("15.968781", "72", "16")}
    for n, (truth, one_sided, infimum) in table.items():
        found = 2 * (arb(n) + exact("1/2")).gamma() / arb(n).gamma()
        yield step(
            f"n = {n}: E‖S‖_1 = 2Γ(n+½)/Γ(n) = {truth} ≤ 2√n = {infimum} ≤ n + √n = {one_sided}",
            rf"\frac{{2\Gamma({n}+\frac12)}}{{\Gamma({n})}}={truth}\le2\sqrt{{{n}}}\le{n}+\sqrt{{{n}}}",
            "‖g‖ has mean Γ(n+½)/Γ(n); the infimum splits rows from columns.",
            all_of(
                (
                    rounds_to(found, truth),
                    within(2 * arb(n).sqrt(), infimum, 0),
                    within(n + arb(n).sqrt(), one_sided, 0),
                )
            ),
        )


def _at_precision(steps: Callable[[], Iterator[Step]]) -> tuple[Step, ...]:
    with precision(_BITS):
        return tuple(steps())


def gaussian_steps() -> tuple[Step, ...]:
    """Return the steps about moments of matrices of independent entries."""
    return _at_precision(_gaussian)


def random_coordinate_steps() -> tuple[Step, ...]:
    """Return the steps about ``E‖average‖_1`` of signs on a uniformly random one of 64 coordinates."""
    return _at_precision(_random_coordinate)


def rows_and_columns_steps() -> tuple[Step, ...]:
    """Return the steps about n complex Gaussian rows beside n columns: the truth, the one-sided bound, the infimum."""
    return _at_precision(_rows_and_columns)
