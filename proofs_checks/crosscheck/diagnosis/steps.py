"""Step sizes: the length of each step against that of the first, once the weights of its gradients are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthetic.seeds import Streams

from ..convention import Decay
from ..finding import Finding
from ..momentum import Momentum
from ..probe import Run
from ..rounding import Rounding
from .families import weights_from
from .series import Forward, Series, finite_steps
from .weights import residual_of

__all__ = ["StepFactors", "law_finding", "step_factors_of", "step_finding"]

_DRAWS = 6
_LENGTH = 48  # of a schedule that is a formula
_SURE = 6.0  # standard errors; of a normal error, 2e-9


@dataclass(frozen=True, kw_only=True)
class StepFactors:
    """The lengths of the steps in units of the first.

    Attributes
    ----------
    momentum : Momentum
        The weights that they were measured with.
    factors, errors : tuple of float
        ``η_k/η_0`` for k = 0, 1, … and standard errors.
    misfit : float
        Mean square of ``(factor - 1)/error``: about 1 for a constant step size.
    probes : tuple of str
        Where they come from.
    """

    momentum: Momentum
    factors: tuple[float, ...]
    errors: tuple[float, ...]
    misfit: float
    probes: tuple[str, ...]

    @property
    def is_constant(self) -> bool:
        """Return whether every factor is 1 up to its error."""
        return all(abs(f - 1) <= _SURE * e for f, e in zip(self.factors, self.errors, strict=True))

    def agrees(self, factors: Sequence[float]) -> bool:
        """Return whether the factors are these up to their errors."""
        pairs = zip(self.factors, self.errors, factors, strict=False)
        return all(abs(f - wanted) <= _SURE * e for f, e, wanted in pairs)


def step_factors_of(forward: Forward, series: Sequence[Series], momentum: Momentum) -> StepFactors | None:
    """Return the lengths of the steps of all series, against the length that the momentum gives each.

    Averages are in units of the weight of the first gradient at the first step, as the scale was measured.
    """
    first = float(momentum.weights(0)[0])
    if first == 0:
        return None
    found: dict[int, list[tuple[float, float]]] = {}
    probes = []
    for one in series:
        rows = [_factor(forward, one, k, momentum, first) for k in range(one.n_steps)]
        if not rows or rows[0] is None or rows[0][0] == 0:
            continue
        probes.append(one.name)
        start, start_error = rows[0]
        for k, row in enumerate(rows):
            if row is not None:
                ratio = row[0] / start
                error = math.hypot(row[1], ratio * start_error if k else 0.0) / abs(start)
                found.setdefault(k, []).append((ratio, error))
    if not found or max(found) == 0:
        return None
    factors, errors = [], []
    for k in range(max(found) + 1):
        if k not in found:
            factors.append(math.nan)
            errors.append(math.inf)
            continue
        ratios, sizes = np.array(found[k]).T
        shares = 1 / sizes**2 / np.sum(1 / sizes**2)
        mean = float(np.sum(shares * ratios))
        # errors of one arithmetic may agree in sign from run to run: they are not divided by √(number of runs)
        spread = float(np.sqrt(np.sum(shares * (ratios - mean) ** 2)))
        factors.append(float(mean))
        errors.append(max(float(sizes.min()), spread))
    each = [((f - 1) / e) ** 2 for f, e in zip(factors[1:], errors[1:], strict=True) if math.isfinite(f)]
    return StepFactors(momentum=momentum, factors=tuple(factors), errors=tuple(errors),
                       misfit=float(np.mean(each)) if each else 0.0, probes=tuple(probes))  # fmt: skip


def _factor(forward: Forward, one: Series, k: int, momentum: Momentum, first: float) -> tuple[float, float] | None:
    """Return c of ``U = c F(D_k)`` and its standard error; None where F(D_k) = 0 or the step has another direction."""
    has_previous = one.run.probe.previous_gradients is not None and momentum.average == "recursive"
    basis = one.basis(k, with_previous=has_previous)
    weights = weights_from(momentum, k, has_previous)[None] / first
    result = forward(basis, weights)[0]
    size = float(np.linalg.norm(result))
    if not size > 0 or not np.isfinite(size):
        return None
    update = one.update(k)
    residuals, factors = residual_of(update, result[None])
    c, left = float(factors[0]), float(np.linalg.norm(residuals[0]))
    if left > 0.5 * max(float(np.linalg.norm(update)), 1e-300):
        return None
    rng = Streams({"step factors": one.name, "step": k}).generator("signs")
    rounding = Rounding(forward.unit(one.run.dtype), rng)
    drawn = [float(forward(basis, weights, rounding)[0] @ result) / size**2 - 1 for _ in range(_DRAWS)]
    storage = float(np.sqrt(np.sum((one.storage(k) * result) ** 2))) / size**2
    rounded = abs(c) * float(np.sqrt(np.mean(np.square(drawn))))
    return c, math.hypot(rounded, storage, left / size / math.sqrt(max(len(update) - 1, 1)))


def step_finding(found: StepFactors | None) -> tuple[Finding, tuple[float, ...]]:
    """Return the schedule of step sizes in words, and its factors; none for a constant one."""
    if found is None:
        words = "no run of several steps moved"
        return Finding(property="step size", value="unknown", evidence=words.capitalize() + ".", is_decided=False), ()
    last = len(found.factors) - 1
    worst = max(range(len(found.factors)), key=lambda k: abs(found.factors[k] - 1) / found.errors[k])
    where = f"({', '.join(found.probes)})"
    data = {"factors": list(found.factors), "errors": list(found.errors)}
    if found.is_constant:
        evidence = (f"Over {last + 1} steps the length divided by the first is 1, within {_percent(found, worst)} "
                    f"at step {worst} {where}.")  # fmt: skip
        return Finding(property="step size", value="the same at every step", evidence=evidence, data=data), ()
    for words, factors in _formulas(found):
        if found.agrees(factors):
            evidence = f"η_k/η_0 = {_listed(found.factors)} {where}."
            return Finding(property="step size", value=words, evidence=evidence, data=data), tuple(map(float, factors))
    measured = tuple(1.0 if not math.isfinite(f) else f for f in found.factors)
    value = f"changes from step to step: η_k/η_0 = {_listed(measured)}"
    evidence = f"Largest change at step {worst}: {found.factors[worst]:.6g} ± {found.errors[worst]:.1g} {where}."
    return Finding(property="step size", value=value, evidence=evidence, data=data), measured


def law_finding(runs: Sequence[Run], decay: Decay) -> Finding | None:
    """Return a fault where the same step at another step size is not in proportion to it; None where it is, or unseen.

    Steps that are decayed with the weights shorten by ``1 - ηλ``, which is known by then.
    """
    still = [run for run in runs if run.knows_step_size and finite_steps(run) > 0
             and not any(np.any(x) for x in run.probe.start.values())]  # fmt: skip
    for one in still:
        for other in still:
            ratio = one.probe.step_size / other.probe.step_size
            first, second = one.probe.gradients[0], other.probe.gradients[0]
            if ratio <= 1 or one.dtype != other.dtype or set(first) != set(second):
                continue
            if not all(np.any(first[name]) and np.array_equal(first[name], second[name]) for name in first):
                continue
            long, short = (np.concatenate([run.update(0, name).ravel() for name in first]) for run in (one, other))
            if not np.any(short) or not np.any(long):
                continue
            grown = float(np.linalg.norm(long) / np.linalg.norm(short))
            if decay.after:
                rates = [{"decoupled": run.probe.step_size, "squared": run.probe.step_size**2}.get(decay.form, 1.0)
                         * decay.rate for run in (one, other)]  # fmt: skip
                grown /= (1 - rates[0]) / (1 - rates[1])
            power = 1 + math.log(grown) / math.log(ratio)
            if abs(power - 1) < 0.02:
                return None
            simple = _nearest_simple(power, 0.02)
            words = (
                "does not depend on the step size given: the target has its own"
                if simple == 0
                else f"grows as the step size to the power {simple:.3g}" + ", η squared" * (simple == 2)
            )
            evidence = (f"The first step at η = {one.probe.step_size:g} is {grown * ratio:.4g} times that at "
                        f"η = {other.probe.step_size:g} ({one.probe.name}, {other.probe.name}).")  # fmt: skip
            return Finding(property="step size", value=words, evidence=evidence, is_fault=True)
    return None


def is_late_correction(found: StepFactors) -> bool:
    """Return whether the lengths of a plain average are those of one over ``1 - μ^{k+2}``."""
    mu = found.momentum.beta
    if found.momentum.average not in ("ema", "heavy ball") or not 0 < mu < 1 or found.is_constant:
        return False
    return found.agrees([(1 - mu**2) / (1 - mu ** (k + 2)) for k in range(len(found.factors))])


def _percent(found: StepFactors, k: int) -> str:
    return f"{abs(found.factors[k] - 1):.1e} ± {found.errors[k]:.1e}"


def _listed(factors: Sequence[float]) -> str:
    return ", ".join(f"{f:.4g}" for f in factors)


def _formulas(found: StepFactors) -> list[tuple[str, list[float]]]:
    """Return formulas that could be the schedule, with their factors."""
    count = len(found.factors)
    k = np.arange(max(count, _LENGTH))
    formulas = []
    usable = [(math.log(i + 1.0), math.log(f), e / f) for i, (f, e) in enumerate(zip(found.factors, found.errors,
              strict=True)) if i and f > 0 and math.isfinite(e)]  # fmt: skip
    if usable:
        x, y, e = np.array(usable).T
        power = -float(np.sum(x * y / e**2) / np.sum(x * x / e**2))
        power = _nearest_simple(power, 3 / math.sqrt(float(np.sum(x * x / e**2))))
        if power > 0:
            formulas.append((f"polynomial (k+1)^-{power:.4g}", list((k + 1.0) ** -power)))
    for length in range(2, count + 1):
        formulas.append((f"linear warm-up over {length} steps", list(np.minimum(k + 1.0, length))))
    ratios = [found.factors[i + 1] / found.factors[i] for i in range(count - 1) if found.factors[i] > 0]
    if ratios and all(map(math.isfinite, ratios)):
        ratio = _nearest_simple(float(np.median(ratios)), 3 * max(found.errors[1:2]))
        formulas.append((f"geometric, {ratio:.4g}^k", list(ratio ** k.astype(float))))
    slopes = [(1 - f) / i for i, f in enumerate(found.factors) if i and math.isfinite(f)]
    if slopes and np.median(slopes) > 0:
        slope = float(np.median(slopes))
        formulas.append((f"linear decay, 1 - {slope:.4g}k", list(np.maximum(1 - slope * k, 0.0))))
    return formulas


def _nearest_simple(value: float, error: float) -> float:
    """Return the number with the fewest digits, or the fraction with a small denominator, within the error."""
    for denominator in (1, 2, 3, 4, 5, 6, 8):
        simple = round(value * denominator) / denominator
        if abs(simple - value) <= max(error, 1e-9):
            return simple
    for digits in range(1, 9):
        if abs(round(value, digits) - value) <= error:
            return round(value, digits)
    return value
