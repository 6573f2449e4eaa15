"""The rounded numbers of T5, T12 and T13c: each is on the right side of the number it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from flint import acb, arb

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds.corollaries import covariance_corollary, parameter_free_bound
from schattor_theory.bounds.necessity import no_momentum_lower_bound
from schattor_theory.bounds.recursive import recursive_corollary

from ..proof import Step
from .balls import Decision, all_of, at_most, exact, less, positive, precision
from .boxes import prove_on_box
from .identities import polynomials_agree
from .steps import covered, hypothesis, step, within

__all__ = ["corollary_steps", "necessity_steps", "parameter_free_steps", "recursive_steps"]

_BITS = 128
_TINY = Fraction(1, 10**25)
_ROUNDING = Fraction(1, 10**14)


def _burn_in() -> arb:
    return arb.pi() / 2 + arb(2).log()


def _excess(gamma: arb, start: acb) -> arb:
    """Return ``∫ (γ√((1+x)/(1-x)) - 1) dx/x`` from x = sin(start) to 1, as ``∫ (γ(1 + sin) - cos)/sin``."""
    return acb.integral(lambda t, _: (gamma * (1 + t.sin()) - t.cos()) / t.sin(), start, acb.pi() / 2).real


def _parameter_free() -> Iterator[Step]:
    yield hypothesis("η_k = η(k+1)^{-3/4}", r"\eta_k=\eta(k+1)^{-3/4}", "The parameter-free schedule.")
    half = exact("3/2").zeta() / 2
    bound = parameter_free_bound(
        initial_gap=0.0,
        smoothness=1.0,
        shape=MomentShape(constant=1.0, moment_order=2.0, sigma=0.0),
        scale=1.0,
        n_steps=15,
    )
    # at K = 15 the denominator 4((K+1)^{1/4} - 1) is 4
    used = exact(bound.terms["curvature"]) * 4
    yield step(
        "½ Σ (k+1)^{-3/2} = ζ(3/2)/2 = 1.30618… ≤ 1.307, and the project's bound uses a number that is at least this",
        r"\tfrac12\sum_{k\ge0}(k+1)^{-3/2}=\tfrac12\zeta(\tfrac32)\le1.307",
        "The zeta function, enclosed; the term of the bound, read back.",
        all_of((at_most(half, "1.307"), at_most(half, used), within(used, "1.307", _ROUNDING))),
    )


def _corollary() -> Iterator[Step]:
    yield hypothesis("0 < θ ≤ 4/5, bias-corrected momentum, β = 2", r"0<\theta\le\tfrac45")
    shifted = acb.integral(lambda t, _: 1 + (t / 2).tan(), 0, acb.pi() / 2).real
    yield step(
        "∫_0^1 ((1+x)/√(1-x²) - 1) dx/x = π/2 + ln 2",
        r"\int_0^1\Bigl(\frac{1+x}{\sqrt{1-x^2}}-1\Bigr)\frac{dx}x=\frac\pi2+\ln2",
        "x = sin φ makes it the integral of 1 + tan(φ/2); quadrature with error bounds.",
        within(shifted, _burn_in(), _TINY),
    )
    # times 32: (√2 + 3θ/(4√2))² = 2 + 3θ/2 + 9θ²/32
    identity = polynomials_agree(
        lambda t: (64 + 48 * t + 9 * t**2) * (2 - t) - 128, lambda t: t * (32 - 30 * t - 9 * t**2), (3,)
    )
    yield step(
        "(√2 + 3θ/(4√2))²(2-θ) - 4 = θ(1 - 15θ/16 - 9θ²/32)",
        r"\Bigl(\sqrt2+\frac{3\theta}{4\sqrt2}\Bigr)^2(2-\theta)-4=\theta\Bigl(1-\frac{15\theta}{16}-\frac{9\theta^2}{32}\Bigr)",
        "The factor θ that vanishes at 0 is divided out.",
        identity,
    )
    yield covered(
        "so 2/√(2-θ) ≤ √2 + 3θ/(4√2) on [0, 4/5]",
        r"\frac2{\sqrt{2-\theta}}\le\sqrt2+\frac{3\theta}{4\sqrt2}",
        "The other factor is positive.",
        prove_on_box(lambda t: positive(32 - 30 * t - 9 * t**2), [(0, "4/5")]),
    )
    used = covariance_corollary(initial_gap=1.0, smoothness=1.0, sigma=1.0, p=2, n_steps=1_000_000)
    burn_in = exact(used.terms["burn_in"]) * exact(1_000_000) ** exact("3/4")
    yield step(
        "2(π/2 + ln 2)/√(2(2-θ)) ≤ 2.923 ≤ 3 at θ = 4/5, and the project's bound uses a number that is at least this",
        r"\frac{2(\pi/2+\ln2)}{\sqrt{2(2-\theta)}}\le2.923",
        "It rises with θ; the term of the bound, read back.",
        all_of(
            (
                at_most(2 * _burn_in() / (2 * exact("6/5")).sqrt(), "2.923"),
                at_most("2.923", burn_in),
                within(burn_in, 3, _ROUNDING * 100),
            )
        ),
    )


def _recursive() -> Iterator[Step]:
    yield hypothesis(
        "I(γ) = ∫_0^1 (γ√((1+x)/(1-x)) - 1)_+ dx/x, 1/√2 ≤ γ ≤ 1",
        r"I(\gamma)=\int_0^1\Bigl(\gamma\sqrt{\tfrac{1+x}{1-x}}-1\Bigr)_+\frac{dx}x",
        "Definition in the proof of T12's corollary.",
    )
    gamma, third = 1 / arb(2).sqrt(), exact("1/3").asin()
    closed = gamma * (arb.pi() / 2 - third + (3 + arb(8).sqrt()).log()) - arb(3).log()
    yield step(
        "I(1) = π/2 + ln 2 < 2.264, I(1/√2) = (π/2 - arcsin ⅓ + ln(3+√8))/√2 - ln 3 < 1.0183",
        r"I(1)=\tfrac\pi2+\ln2<2.264,\quad I(\tfrac1{\sqrt2})<1.0183",
        "At γ = 1/√2 the integrand is positive from x = 1/3 on; quadrature with error bounds. "
        "The chord between the two bounds is 1.0183 + 1.2457θ.",
        all_of(
            (
                less(_burn_in(), "2.264"),
                within(_excess(gamma, acb(third)), closed, _TINY),
                less(closed, "1.0183"),
                polynomials_agree(_chord, lambda t: Fraction("1.0183") + Fraction("1.2457") * t, (1,)),
            )
        ),
    )
    yield covered(
        "(1 - θ/2)(1.0183 + 1.2457θ) < 1.237 on [0, 1]",
        r"(1-\tfrac\theta2)(1.0183+1.2457\theta)<1.237",
        "A parabola.",
        prove_on_box(lambda t: less((1 - t / 2) * (exact("1.0183") + exact("1.2457") * t), "1.237"), [(0, 1)]),
    )
    found = recursive_corollary(initial_gap=1.0, smoothness=1.0, difference_smoothness=1.0, sigma=1.0, n_steps=1)
    used = exact(found.terms["burn_in"])
    yield step(
        "2·1.237·(8/5)^{1/3} < 2.9 ≤ 3.25, and the project's bound uses a number that is at least this",
        r"2.474\,(8/5)^{1/3}<2.9\le3.25",
        "The term of the bound, read back.",
        all_of(
            (
                less(exact("2.474") * exact("8/5").root(3), "2.9"),
                at_most("2.9", used),
                within(used, "3.25", _ROUNDING),
            )
        ),
    )


def _chord(t: Fraction) -> Fraction:
    return (1 - t) * Fraction("1.0183") + t * Fraction("2.264")


def _necessity() -> Iterator[Step]:
    yield hypothesis(
        "a driftless walk leaves the flat part with probability at most 2e^{-4.5}", r"2e^{-4.5}", "The proof of T13c."
    )
    true = (1 - 2 * exact("-9/2").exp()) / 2
    bound = no_momentum_lower_bound(sigma=1.0, smoothness=1.0, step_size=0.1, n_steps=10)
    yield step(
        "(1 - 2e^{-4.5})/2 = .48889… ≥ .488, and the project's lower bound is this number",
        r"\tfrac12(1-2e^{-4.5})\ge.488",
        "The exponential, enclosed.",
        all_of((at_most("0.488", true), _is_value(bound.value, true))),
    )


def _is_value(found: float | None, true: arb) -> Decision:
    return Decision.UNDECIDED if found is None else within(exact(found), true, _ROUNDING)


def _at_precision(steps: Iterator[Step]) -> tuple[Step, ...]:
    with precision(_BITS):
        return tuple(steps)


def parameter_free_steps() -> tuple[Step, ...]:
    """Return the steps about the 1.307 of T5-any."""
    return _at_precision(_parameter_free())


def corollary_steps() -> tuple[Step, ...]:
    """Return the steps about the 4 and the 3 of T5's N2 corollary and the burn-in of bias-corrected momentum."""
    return _at_precision(_corollary())


def recursive_steps() -> tuple[Step, ...]:
    """Return the steps about the 3.25 of T12's corollary."""
    return _at_precision(_recursive())


def necessity_steps() -> tuple[Step, ...]:
    """Return the steps about the .488 of T13c."""
    return _at_precision(_necessity())
