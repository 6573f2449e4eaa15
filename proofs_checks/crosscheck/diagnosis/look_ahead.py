"""Momentum, look-ahead and bias correction in words, with what outputs cannot tell apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ..finding import Finding
from ..momentum import Momentum
from .families import Fitted
from .momentum import MomentumFit, measured_weights

__all__ = ["LOOK_AHEAD_WORDS", "ahead_words", "average_words", "bias_finding", "momentum_findings",
           "words_of_average"]  # fmt: skip

LOOK_AHEAD_WORDS = {
    "none": "none",
    "ema": "Nesterov: μB + (1-μ)G",
    "heavy ball": "Nesterov of heavy ball: μB + G",
    "next weight": "Nesterov: (1-θ_{k+1})M + θ_{k+1}G",
    "fixed": "fixed: (1-τ)M + τG",
    "bias corrected": "Nesterov, each part corrected by itself: μB/(1-μ^{k+2}) + (1-μ)G/(1-μ^{k+1})",
}
_NESTEROV = ("ema", "heavy ball", "next weight")


def average_words(fitted: Fitted) -> str:
    """Return an average in words, such as "ema, μ = 0.95"."""
    return words_of_average(fitted.momentum, dict(zip(fitted.family.parameters, fitted.values, strict=True)))


def words_of_average(momentum: Momentum, named: Mapping[str, float]) -> str:
    """Return the average of a momentum in words, with the power of a schedule where ``named`` has it."""
    if momentum.average == "none":
        return "none: nothing is remembered"
    if momentum.average == "schedule":
        if "power" in named:
            return f"schedule, θ_k = (k+1)^-{named['power']:.4g}"
        return "schedule, θ_k = 1, " + ", ".join(f"{theta:.4g}" for theta in momentum.thetas)
    beta = f"{momentum.beta:.6g}"
    return f"recursive, θ = {1 - momentum.beta:.6g}" if momentum.average == "recursive" else (
        f"{momentum.average}, μ = {beta}")  # fmt: skip


def ahead_words(momentum: Momentum) -> str:
    """Return a look-ahead in words."""
    words = LOOK_AHEAD_WORDS[momentum.look_ahead]
    if momentum.look_ahead != "fixed":
        return words
    if momentum.taus:
        return f"{words}, τ_k = {', '.join(f'{tau:.4g}' for tau in momentum.taus[:4])}, …"
    beta, tau = momentum.beta, momentum.tau
    for times in (2, 3):
        if beta and momentum.average == "ema" and abs(1 - beta**times - tau) <= 0.02 * tau:
            count = "twice" if times == 2 else "three times"
            return f"applied {count}, as one fixed at τ = {tau:.6g} = 1-μ^{times}: (1-τ)B + τG"
    return f"{words} with τ = {tau:.6g}"


def momentum_findings(
    found: MomentumFit, chosen: Fitted, same: Sequence[Fitted], why: str, *, is_late: bool = False
) -> tuple[Finding, ...]:
    """Return the findings on momentum, look-ahead and bias correction.

    Parameters
    ----------
    found : MomentumFit
        The fits.
    chosen : Fitted
        The form that is named.
    same : sequence of Fitted
        Forms that outputs cannot tell from it, without itself.
    why : str
        What made it the one that is named, or kept it from being told apart, in a sentence.
    is_late : bool
        Whether its lengths are those of a correction by ``1 - μ^{k+2}``.
    """
    momentum = chosen.momentum
    others = [*same, *found.rivals]
    names = _unique(average_words(one) for one in others if average_words(one) != average_words(chosen))
    n_steps = len(found.fits)
    errors = ", ".join(f"{name} ± {error:.1g}" for name, error in zip(chosen.family.parameters, chosen.errors,
                       strict=True) if name in ("beta", "tau", "power"))  # fmt: skip
    weights = measured_weights(found.fits)
    evidence = (f"Ratios of the weights to the newest, without a model: {weights or 'none measured'}; the form fits "
                f"{n_steps} steps with {chosen.excess / max(chosen.n_ratios, 1):.2g} of the misfit of rounding"
                + (f" ({errors})" if errors else "") + f".{' ' + why if why else ''}")  # fmt: skip
    data = {"misfit": found.misfit, "values": list(chosen.values), "errors": list(chosen.errors)}
    findings = [Finding(property="momentum", value=average_words(chosen), evidence=evidence, alternatives=names,
                        is_decided=not names, data=data)]  # fmt: skip
    findings.append(_look_ahead(momentum, others))
    if is_late:
        findings.append(
            Finding(
                property="bias correction",
                value="one step late: by 1 - μ^{k+2}",
                is_fault=True,
                evidence="The steps shrink as (1 - μ²)/(1 - μ^{k+2}) against the plain average.",
            )
        )
    else:
        findings.append(bias_finding(momentum, [one.momentum for one in others]))
    return tuple(findings)


def _look_ahead(momentum: Momentum, others: Sequence[Fitted]) -> Finding:
    value = ahead_words(momentum)
    names = _unique(ahead_words(one.momentum) for one in others if ahead_words(one.momentum) != value)
    forms = {momentum.look_ahead, *(one.momentum.look_ahead for one in others)}
    is_decided = len(forms) == 1 or forms <= set(_NESTEROV)
    evidence = "From the same weights as the momentum."
    if (
        momentum.look_ahead == "none"
        and momentum.average in ("ema", "heavy ball", "bias corrected")
        and 0 < momentum.beta < 1
    ):
        root = math.sqrt(momentum.beta)
        words = f"one at μ = {root:.4g} by which the buffer is overwritten"
        evidence = f"The same outputs come from {words}: then the buffer decays by μ² = {momentum.beta:.4g}."
        if _is_round(root) and not _is_round(momentum.beta):
            return Finding(property="look-ahead", value=words, evidence=f"{root:.4g}² = {momentum.beta:.6g}, and no "
                           "look-ahead at this μ gives the same outputs.", alternatives=("none", *names),
                           is_decided=False, is_fault=True)  # fmt: skip
    is_fault = "applied" in value
    return Finding(property="look-ahead", value=value, evidence=evidence, alternatives=names, is_decided=is_decided,
                   is_fault=is_fault)  # fmt: skip


def _is_round(value: float) -> bool:
    return abs(value * 1000 - round(value * 1000)) < 2e-3


def bias_finding(momentum: Momentum, others: Sequence[Momentum]) -> Finding:
    """Return whether the average is corrected, as far as forms that cannot be told apart agree on it."""
    corrected = [one.average == "bias corrected" or one.look_ahead == "bias corrected" for one in (momentum, *others)]
    words = {True: "yes: the average is divided by 1 - μ^{k+1}", False: "no"}
    value = words[corrected[0]]
    if momentum.look_ahead == "bias corrected":
        value = "yes: the buffer by 1 - μ^{k+2}, the gradient by 1 - μ^{k+1}"
    if all(one == corrected[0] for one in corrected):
        evidence = "No form without it fits." if corrected[0] else "No form with it fits."
        if momentum.average == "none":
            evidence = "There is no average to correct."
        return Finding(property="bias correction", value=value, evidence=evidence)
    return Finding(
        property="bias correction",
        value=value,
        alternatives=(words[not corrected[0]],),
        is_decided=False,
        evidence="Dividing by 1 - μ^{k+1} changes the length of the average alone, which does not show.",
    )


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
