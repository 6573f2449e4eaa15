"""Weight decay: what a step does to the weights beyond what the same gradient does to zero weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..convention import Decay
from ..finding import Finding
from ..probe import ONE, Run
from .coupled import coupled_rate
from .losses import SURE, Loss, losses_of, shortest
from .series import Forward, finite_steps, stored_unit

__all__ = ["DecayFit", "fit_decay"]


@dataclass(frozen=True, kw_only=True)
class DecayFit:
    """The candidates for the decay, and what says so.

    Attributes
    ----------
    candidates : tuple of Decay
        Forms that the first steps cannot tell apart; the first is preferred.
    finding : Finding
        In words.
    factors : tuple of float
        η_k/η_0 as the decay of weights without a gradient shows it; empty where it is the same at every step.
    """

    candidates: tuple[Decay, ...]
    finding: Finding
    factors: tuple[float, ...] = ()


def _said(
    value: str,
    evidence: str,
    candidates: tuple[Decay, ...],
    *,
    alternatives: tuple[str, ...] = (),
    is_decided: bool = True,
    is_fault: bool = False,
) -> DecayFit:
    finding = Finding(property="weight decay", value=value, evidence=evidence, alternatives=alternatives,
                      is_decided=is_decided, is_fault=is_fault)  # fmt: skip
    return DecayFit(candidates=candidates, finding=finding)


_UNKNOWN = _said("changes the weights in an unknown way", "What a step takes from the weights is neither a share of "
                 "them nor the map of them.", (Decay(),), is_decided=False)  # fmt: skip


def fit_decay(runs: Sequence[Run], forward: Forward | None) -> DecayFit:
    """Return what the runs say on the decay of the weights."""
    # most targets repeat a step to the last bit; those that do not are compared within the rounding of the map
    found = _fitted(losses_of(runs, None), runs, forward)
    if found is None and forward is not None:
        found = _fitted(losses_of(runs, forward), runs, forward)
    found = found or _UNKNOWN
    return replace(found, factors=_factors_of(runs, found.candidates[0]))


def _factors_of(runs: Sequence[Run], decay: Decay) -> tuple[float, ...]:
    """Return ``η_k/η_0`` from the share of the weights that every step without a gradient takes."""
    power = {"decoupled": 1.0, "squared": 0.5}.get(decay.form)
    if power is None or decay.rate <= 0:
        return ()
    for run in runs:
        n_steps = finite_steps(run)
        x = np.asarray(run.probe.start.get(ONE, np.zeros(1)), dtype=float)
        if n_steps < 3 or not np.any(x) or any(np.any(g[ONE]) for g in run.probe.gradients):
            continue
        rates, errors = [], []
        for k in range(n_steps):
            after = np.asarray(run.parameters[k][ONE], dtype=float)
            rates.append(float(np.sum((x - after) * x) / np.sum(x * x)))
            errors.append(
                stored_unit(run) * float(np.linalg.norm(after)) / float(np.linalg.norm(x)) / math.sqrt(x.size)
            )
            x = after
            if not np.any(x):
                break
        allowed = [SURE * (error + errors[0]) for error in errors]
        if all(abs(rate - rates[0]) <= most for rate, most in zip(rates, allowed, strict=True)):
            return ()
        if rates[0] > 0 and all(rate >= 0 for rate in rates):
            return tuple((rate / rates[0]) ** power for rate in rates)
    return ()


def _fitted(losses: list[Loss], runs: Sequence[Run], forward: Forward | None) -> DecayFit | None:
    if not losses:
        return _said("unknown", "No run with weights and a step that can be compared.", (Decay(),), is_decided=False)
    free = [one for one in losses if not one.has_gradient]
    pulled = [one for one in losses if one.has_gradient]
    seen = [one for one in losses if one.is_seen]
    if not seen:
        worst = max(losses, key=lambda one: abs(one.rate))
        return _said("none", f"A step takes {worst.rate:.1e} ± {worst.rate_error:.0e} of the weights "
                     f"({worst.run.probe.name}).", (Decay(),))  # fmt: skip
    if all(one.left <= SURE for one in losses) and _agree(free or pulled, pulled):
        return _proportional(losses, runs, forward)
    if pulled and not any(one.is_seen for one in free):
        cautious = _cautious(pulled)
        if cautious is not None:
            return cautious
    if forward is not None:
        coupled = coupled_rate(free, pulled, forward)
        if coupled is not None:
            rate = "of unknown λ" if coupled.rate is None else f"λ = {coupled.rate:.4g}"
            decay = Decay(form="l2", rate=1e-2 if coupled.rate is None else coupled.rate)
            return _said(f"l2, {rate}: in the gradient, before the map", coupled.evidence, (decay,),
                         is_decided=coupled.rate is not None)  # fmt: skip
    return None


def _agree(shown: list[Loss], others: list[Loss]) -> bool:
    """Return whether decay is seen in all of the first at full step size, and in the others as far as they can tell."""
    full = [one for one in shown if one.run.probe.step_size == 1.0] or shown
    if not all(one.is_seen for one in full):
        return False
    main = min(full, key=lambda one: one.rate_error)
    return all(abs(one.rate - main.rate) <= SURE * (one.rate_error + main.rate_error)
               for one in others if one.run.probe.step_size == main.run.probe.step_size
               and one.weights.shape == main.weights.shape)  # fmt: skip


def _proportional(losses: list[Loss], runs: Sequence[Run], forward: Forward | None) -> DecayFit:
    """Return the form of a decay that takes the same share of every entry."""
    knows = all(one.run.knows_step_size for one in losses)
    whole = [one for one in losses if one.run.probe.step_size == 1.0] or losses
    shapes = [one.weights.shape for one in losses if one.run.probe.step_size != 1.0]
    main = min(whole, key=lambda one: (one.weights.shape not in shapes, one.has_gradient, one.rate_error))
    eta = main.run.probe.step_size if knows else 1.0
    others = [one for one in losses if one.run.probe.step_size != main.run.probe.step_size
              and one.weights.shape == main.weights.shape]  # fmt: skip
    forms = ["decoupled"] if not others or not knows else []
    evidence = f"A step of η = {eta:g} takes {main.rate:.6g} of the weights ({main.run.probe.name})"
    alternatives: tuple[str, ...] = ()
    if others and knows:
        other = min(others, key=lambda one: one.rate_error)
        ratio = other.run.probe.step_size / eta
        allowed = SURE * (other.rate_error + main.rate_error)
        forms = [form for form, power in (("decoupled", 1), ("independent", 0), ("squared", 2))
                 if abs(other.rate - main.rate * ratio**power) <= allowed]  # fmt: skip
        evidence += f", one of η = {other.run.probe.step_size:g} takes {other.rate:.6g} ({other.run.probe.name})"
        if not forms:
            power = math.log(abs(other.rate / main.rate)) / math.log(ratio) if other.rate * main.rate > 0 else math.nan
            return _said(f"takes a share of the weights that grows as η^{power:.3g}", evidence + ".", (Decay(),))
    else:
        alternatives = ("independent", "squared")
        evidence += ", and no other step size was seen"
    is_after, order = _after(runs, main.rate, eta, forms[0], knows)
    rate = main.rate / {"decoupled": eta, "independent": 1.0, "squared": eta * eta}[forms[0]]
    rate = shortest(rate, SURE * main.rate_error)
    decay = Decay(form=forms[0], rate=rate, after=is_after)
    shape = _of_shape(losses, main)
    names = {"decoupled": "X times 1 - ηλ", "independent": "X times 1 - λ", "squared": "X times 1 - η²λ"}
    value = f"{forms[0]}, λ = {rate:.4g} ({names[forms[0]]})" + (", of the weights after the step" if is_after else "")
    candidates = [decay, *(Decay(form=form, rate=main.rate, after=is_after) for form in forms[1:])]
    length = _linear_factor(main, forward)
    if length:
        # of a linear map, decay through the gradient looks the same at one step
        coupled = main.rate / eta / length
        # the factor of the map is known to the precision of float32
        allowed = max(SURE * main.rate_error / eta / abs(length), 1e-7 * abs(coupled))
        candidates.append(Decay(form="l2", rate=shortest(coupled, allowed)))
    if rate < 0:
        return _said(f"grows the weights: {value}", f"{evidence}{order}.", tuple(candidates), is_fault=True)
    return _said(value + shape[0], f"{evidence}{order}{shape[1]}.", tuple(candidates), is_decided=len(forms) == 1
                 and not alternatives, alternatives=(*alternatives, *forms[1:]), is_fault=bool(shape[0]))  # fmt: skip


def _linear_factor(main: Loss, forward: Forward | None) -> float:
    """Return c where the map of the weights is c times the weights whatever their size; else 0."""
    if forward is None or not forward.is_homogeneous:
        return 0.0
    result = forward({ONE: main.weights[None]}, np.ones((1, 1)))[0]
    x = main.weights.ravel()
    c = float(result @ x) / float(x @ x)
    return c if float(np.linalg.norm(result - c * x)) < 1e-3 * float(np.linalg.norm(result)) else 0.0


def _of_shape(losses: list[Loss], main: Loss) -> tuple[str, str]:
    """Return in words whether the share depends on the shape of the matrix."""
    for one in losses:
        if one.run.probe.step_size == main.run.probe.step_size and one.weights.shape != main.weights.shape:
            allowed = SURE * (one.rate_error + main.rate_error)
            if abs(one.rate - main.rate) > allowed:
                ratio = one.rate / main.rate
                return (
                    f", times a factor of the shape: {ratio:.4g} between {one.weights.shape} and {main.weights.shape}",
                    f", of a {'×'.join(map(str, one.weights.shape))} matrix {one.rate:.6g}",
                )
    return "", ""


def _after(runs: Sequence[Run], rate: float, eta: float, form: str, knows: bool) -> tuple[bool, str]:
    """Return whether the step is decayed with the weights: then its length is not in proportion to η."""
    power = {"decoupled": 1, "independent": 0, "squared": 2}[form]
    still = [run for run in runs if list(run.probe.start) == [ONE] and finite_steps(run) > 0
             and not np.any(run.probe.start[ONE]) and np.any(run.probe.gradients[0][ONE])]  # fmt: skip
    for one in still:
        for other in still:
            sizes = one.probe.step_size, other.probe.step_size
            if not (knows and power and sizes[0] > sizes[1] and one.dtype == other.dtype):
                continue
            if not np.array_equal(one.probe.gradients[0][ONE], other.probe.gradients[0][ONE]):
                continue
            long, short = one.update(), other.update()
            ratio = float(np.sum(long * short) / np.sum(short * short))
            error = 2 * stored_unit(one) / math.sqrt(long.size) * SURE
            if abs(rate) < 4 * error:
                return False, ""
            kept = [1 - rate * (size / eta) ** power for size in sizes]
            expected = kept[0] / kept[1]
            seen = f"; the step at η = {sizes[0]:g} is {ratio:.6g} times that at {sizes[1]:g} ({one.probe.name})"
            if abs(ratio - expected) < abs(ratio - 1):
                return True, seen
            return False, ""
    return False, ""


def _cautious(pulled: list[Loss]) -> DecayFit | None:
    """Return decay of the entries where the weight has the sign of the step alone."""
    one = min(pulled, key=lambda loss: loss.error)
    eta = one.run.probe.step_size if one.run.knows_step_size else 1.0
    mask = np.sign(one.weights) == np.sign(one.step)
    found = []
    for is_same, words in ((True, "the sign of the step"), (False, "the sign opposite to the step")):
        chosen = mask if is_same else ~mask
        x = one.weights * chosen
        rate = float(np.sum(one.lost * x) / np.sum(x * x)) if np.any(x) else 0.0
        left = float(np.sqrt(np.mean((one.lost - rate * x) ** 2))) / one.error
        found.append((left, rate, is_same, words, int(chosen.sum())))
    left, rate, is_same, words, count = min(found)
    if left > SURE:
        return None
    rounded = shortest(rate / eta, SURE * one.rate_error / eta)
    value = f"cautious, λ = {rounded:.4g}: only where the weight has {words}"
    evidence = (f"{count} of {mask.size} entries lose {rate:.6g} of themselves, the others nothing "
                f"({one.run.probe.name}).")  # fmt: skip
    candidates = (Decay(form="cautious", rate=rounded),) if is_same else (Decay(),)
    return _said(value, evidence, candidates, is_fault=not is_same)
