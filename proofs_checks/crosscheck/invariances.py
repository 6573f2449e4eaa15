"""Invariances: what a map has to keep whatever its convention is; each is tested by itself, beside the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .bands import band_factor, compare
from .convention import UNIT_ROUNDOFF, Convention
from .finding import Diagnosis
from .known import is_scale_free
from .probe import ONE, Run
from .probes.invariance import INVARIANCE_PROBES, rotation
from .probes.single import SWEEP

__all__ = ["INVARIANCE_PROBES", "Invariance", "check_invariances"]

_N_TESTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariance:
    """What outputs say about one invariance.

    Attributes
    ----------
    name : str
        Such as "f(cG) = f(G)".
    outcome : str
        "holds", "broken", or "not observed".
    words : str
        What was seen, in one sentence.
    error, allowance : float or None
        The largest relative error and what rounding explains of it, where there are such.
    """

    name: str
    outcome: str
    words: str
    error: float | None = None
    allowance: float | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """Runs by probe name, in the dtype of most of them, with what rounding does to each."""

    runs: Mapping[str, Run]
    all: Sequence[Run]
    convention: Convention | None
    seed: object
    noise_of: dict[str, float] = field(default_factory=dict)

    def get(self, name: str) -> Run | None:
        return self.runs.get(f"invariance-{name}")

    def update(self, name: str, step: int = 0) -> np.ndarray | None:
        run = self.get(name)
        if run is None or len(run.parameters) <= step:
            return None
        found = run.update(step)
        return found if np.all(np.isfinite(found)) else None

    def allowance(self, *names: str) -> float:
        """Return how far the outputs of two probes, made the same, may be apart."""
        return band_factor(_N_TESTS) * float(np.hypot.reduce([self._noise(name) for name in names]))

    def _noise(self, name: str) -> float:
        if name not in self.noise_of:
            run = self.runs[name] if name in self.runs else self.runs[f"invariance-{name}"]
            noise = 16 * UNIT_ROUNDOFF[run.dtype]
            if self.convention is not None:
                steps = compare(run, self.convention, seed=self.seed)
                noise = max((np.hypot(c.rounding("gain"), c.rounding("direction")) for c in steps), default=noise)
            self.noise_of[name] = float(noise)
        return self.noise_of[name]


def check_invariances(
    runs: Sequence[Run], diagnosis: Diagnosis, *, seed: object = 0, dtype: str = "float32"
) -> tuple[Invariance, ...]:
    """Return what runs of ``INVARIANCE_PROBES`` and of the sweep over scales say, one invariance after the other."""
    # a later run of the same name and dtype is a repetition; the first is as good
    by_name = {run.probe.name: run for run in reversed(runs) if run.dtype == dtype}
    seen = _Seen(by_name, runs, diagnosis.convention, seed)
    return (
        _scale(seen), _rotations(seen), _transpose(seen), _padding(seen), _stack(seen), _repeats(seen),
        _inputs(seen), _buffer(diagnosis), _restored(seen), _not_finite(seen),
    )  # fmt: skip


def _missing(name: str, why: str = "the probes were not run") -> Invariance:
    return Invariance(name=name, outcome="not observed", words=f"Not observed: {why}.")


def _why(seen: _Seen, name: str) -> str:
    run = seen.get(name)
    if run is None:
        return "the probe was not run"
    return run.status if not run.is_ok else "the step is not finite"


def _apart(u: np.ndarray, v: np.ndarray) -> float:
    """Return ``‖U - V‖/‖V‖``."""
    norm = float(np.linalg.norm(v))
    return float(np.linalg.norm(u - v)) / norm if norm > 0 else float(np.linalg.norm(u))


def _outcome(name: str, error: float, allowance: float, held: str, broken: str) -> Invariance:
    holds = error <= allowance
    numbers = f"Relative error {error:.2g}, of which rounding explains {allowance:.2g}."
    words = f"{held if holds else broken} {numbers}"
    return Invariance(name=name, outcome="holds" if holds else "broken", words=words, error=error, allowance=allowance)


def _scale(seen: _Seen) -> Invariance:
    free = seen.convention is None or is_scale_free(seen.convention)
    name = "f(cG) = f(G)" if free else "f(cG) = c f(G)"
    runs = {power: seen.runs.get(f"times 2^{power}") for power in SWEEP}
    base = runs.get(0)
    if base is None or not base.parameters or sum(run is not None for run in runs.values()) < 3:
        return _missing(name)
    reference = base.update()
    if not np.all(np.isfinite(reference)) or not np.any(reference):
        return _missing(name, "the step at scale 1 is zero or not finite")
    allowance = seen.allowance("times 2^0", "times 2^0")
    good, bad = [], []
    for power, run in sorted((p, r) for p, r in runs.items() if r is not None):
        u = run.update() if run.parameters else np.full_like(reference, np.nan)
        size = 1.0 if free else 2.0**power
        error = _apart(u / size, reference)
        if error <= allowance:
            good.append(power)
        else:
            bad.append((power, _size_words(u / size, reference, error)))
    held = [power for power in good if all(not min(power, 0) <= p <= max(power, 0) for p, _ in bad)]
    low, high = min(held, default=0), max(held, default=0)
    if not bad:
        return Invariance(
            name=name, outcome="holds", words=f"For c from {_power(low)} to {_power(high)}.", allowance=allowance
        )
    sides = [max((b for b in bad if b[0] < 0), default=None), min((b for b in bad if b[0] > 0), default=None)]
    told = "; ".join(f"at {_power(side[0])} the step is {side[1]}" for side in sides if side is not None)
    words = f"Holds for c from {_power(low)} to {_power(high)}; {told}."
    return Invariance(name=name, outcome="broken", words=words, allowance=allowance)


def _size_words(u: np.ndarray, reference: np.ndarray, error: float) -> str:
    ratio = float(np.linalg.norm(u) / np.linalg.norm(reference))
    if not np.isfinite(ratio):
        return "not finite"
    if ratio == 0:
        return "zero"
    return f"off by {error:.2g}" if 0.9 < ratio < 1.1 else f"{ratio:.2g} times as large"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _power(k: int) -> str:
    return f"2{str(k).translate(_RAISED)}"


def _rotations(seen: _Seen) -> Invariance:
    name = "orthogonal equivariance"
    base, left, right = (seen.update(one) for one in ("base", "left", "right"))
    if base is None or left is None or right is None:
        return _missing(name, _why(seen, next(n for n in ("base", "left", "right") if seen.update(n) is None)))
    errors = {"left": _apart(left, rotation(4) @ base), "right": _apart(right, base @ rotation(8))}
    worst = max(errors, key=lambda one: errors[one] / seen.allowance("base", one))
    broken = f"f(QG) is not Q f(G) for a rotation from the {worst}."
    return _outcome(name, errors[worst], seen.allowance("base", worst), "f(QGR) = Q f(G) R.", broken)


def _up_to_scale(u: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """Return the factor c that brings ``c V`` closest to U, and the distance relative to it."""
    square = float(np.sum(v * v))
    factor = float(np.sum(u * v)) / square if square > 0 else 0.0
    return factor, (_apart(u, factor * v) if factor else float("inf"))


def _by_factor(factor: float) -> str:
    return "" if abs(factor - 1) < 0.02 else f", up to the factor {factor:.4g} by which the step is scaled to the shape"


def _transpose(seen: _Seen) -> Invariance:
    name = "transpose"
    base, other = seen.update("base"), seen.update("transposed")
    if base is None or other is None:
        return _missing(name, _why(seen, "transposed" if base is not None else "base"))
    factor, error = _up_to_scale(other, base.T)
    broken = "f(Gᵀ) is not a multiple of f(G)ᵀ."
    return _outcome(name, error, seen.allowance("base", "transposed"), f"f(Gᵀ) = f(G)ᵀ{_by_factor(factor)}.", broken)


def _padding(seen: _Seen) -> Invariance:
    name = "padding"
    base = seen.update("base")
    parts = {}
    for one in ("padded-rows", "padded-columns"):
        u = seen.update(one)
        if base is None or u is None:
            return _missing(name, _why(seen, "base" if base is None else one))
        whole = np.zeros_like(u)
        whole[:4, :8] = base
        parts[one] = _up_to_scale(u, whole)
    worst = max(parts, key=lambda one: parts[one][1] / seen.allowance("base", one))
    factors = " and ".join(f"{factor:.4g}" for factor, _ in parts.values())
    scaled = all(abs(factor - 1) < 0.02 for factor, _ in parts.values())
    held = "Zero rows and columns change nothing" + ("." if scaled else f", up to the factors {factors} by the shape.")
    broken = f"Zero {'rows' if worst == 'padded-rows' else 'columns'} change the direction of the rest."
    return _outcome(name, parts[worst][1], seen.allowance("base", worst), held, broken)


def _stack(seen: _Seen) -> Invariance:
    name = "stack = per slice"
    names = ("base", "second", "third")
    slices = [u for u in map(seen.update, names) if u is not None]
    stack = seen.update("stack")
    if stack is None or len(slices) < len(names):
        return _missing(name, _why(seen, "stack" if stack is None else "second"))
    errors = [_up_to_scale(u, v) for u, v in zip(stack, slices, strict=True)]
    worst = max(error for _, error in errors)
    factor = errors[0][0]
    allowance = seen.allowance("base", "third")
    if factor:
        worst = max(worst, *(abs(f / factor - 1) for f, _ in errors))
    held = f"Each slice is stepped as it is alone{_by_factor(factor)}."
    return _outcome(name, worst, allowance, held, "A slice of a stack is not stepped as it is alone.")


def _repeats(seen: _Seen) -> Invariance:
    name = "same input, same step"
    base, again = seen.update("base"), seen.update("again")
    if base is None or again is None:
        return _missing(name, _why(seen, "base" if base is None else "again"))
    error = _apart(again, base)
    if np.array_equal(base, again):
        return Invariance(name=name, outcome="holds", words="Bit for bit.", error=0.0)
    words = f"Two runs of one input differ by {error:.2g}."
    return Invariance(name=name, outcome="broken", words=words, error=error, allowance=0.0)


def _inputs(seen: _Seen) -> Invariance:
    name = "inputs not overwritten"
    if not any(run.parameters for run in seen.all):
        return _missing(name)
    changed = [run for run in seen.all if run.inputs_changed]
    if not changed:
        return Invariance(name=name, outcome="holds", words=f"In none of {len(seen.all)} runs.")
    first = changed[0]
    words = f"{first.inputs_changed[0]} of probe {first.probe.name!r}; {len(changed)} of {len(seen.all)} runs."
    return Invariance(name=name, outcome="broken", words=words)


def _buffer(diagnosis: Diagnosis) -> Invariance:
    name = "momentum buffer not overwritten"
    for finding in (*diagnosis.of("look-ahead"), *diagnosis.of("momentum")):
        if "overwritten" in finding.value:
            return Invariance(name=name, outcome="broken", words=finding.words)
    convention = diagnosis.convention
    if convention is None or not diagnosis.of("momentum"):
        return _missing(name, "the momentum is not known")
    if convention.momentum.average == "none" or convention.momentum.look_ahead == "none":
        return _missing(name, "there is no look-ahead that could overwrite it")
    words = "The weights of later steps are those of a buffer that the look-ahead leaves as it is."
    return Invariance(name=name, outcome="holds", words=words)


def _restored(seen: _Seen) -> Invariance:
    name = "restored = continued"
    one, other = seen.get("continued"), seen.get("restored")
    if one is None or other is None or len(one.parameters) < 4:
        return _missing(name, _why(seen, "continued" if one is None or not one.is_ok else "restored"))
    if not other.is_ok:
        return Invariance(name=name, outcome="broken", words=f"After reading the state back: {other.status}.")
    errors = [_apart(other.update(k), one.update(k)) for k in range(4)]
    worst = int(np.argmax(errors))
    allowance = 8 * UNIT_ROUNDOFF[one.dtype]
    broken = f"Step {worst} after reading the state back is not the step without the pause."
    return _outcome(name, errors[worst], allowance, "A state that is written and read back goes on the same.", broken)


def _not_finite(seen: _Seen) -> Invariance:
    name = "a step that is not finite"
    said = {}
    for kind, word in (("nan", "NaN"), ("inf", "∞")):
        run = seen.get(kind)
        if run is not None:
            said[word] = _what_became(run)
    if not said:
        return _missing(name)
    together = dict.fromkeys(said.values())
    words = "; ".join(
        f"{' or '.join(w for w, s in said.items() if s == what)} in one entry: {what}" for what in together
    )
    is_kept = all("skipped" in what or "refused" in what for what in together)
    return Invariance(name=name, outcome="holds" if is_kept else "broken", words=f"{words}.")


def _what_became(run: Run) -> str:
    if not run.is_ok and len(run.parameters) < 2:
        return f"refused with an error ({run.status})" if run.status.startswith("raised") else run.status
    if len(run.parameters) < 2:
        return "no step"
    before, after = run.parameters[0][ONE], run.parameters[1][ONE]
    count = int(np.sum(~np.isfinite(after)))
    if count == 0:
        if np.array_equal(before, after):
            last = run.parameters[-1][ONE]
            stays = len(run.parameters) > 2 and np.array_equal(last, after)
            return "the step is skipped" + (", and all later ones" if stays else ", later ones are made")
        return "a finite step is made all the same"
    spread = "all entries are lost" if count == after.size else f"{count} of {after.size} entries are lost"
    is_lasting = not np.all(np.isfinite(run.parameters[-1][ONE]))
    return spread + (" for good" if is_lasting else ", and come back")
