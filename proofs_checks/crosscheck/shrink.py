"""The smallest input that shows a difference: cut, thinned and rounded, as long as it still does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Any, SupportsIndex

import numpy as np

from .bands import Comparison, compare
from .observe import Observer
from .probe import Blocks, Probe, Run
from .verdict import Systematic, Verdict, comparison_words, systematic_errors

__all__ = ["Counterexample", "find_counterexample"]

Index = tuple[SupportsIndex | slice | EllipsisType, ...]

_MOST_RUNS = 400
_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """What shows that a target is not what was claimed.

    Attributes
    ----------
    runs : tuple of Run
        One run, or, where only an average shows it, as few as do.
    words : str
        What they show.
    """

    runs: tuple[Run, ...]
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"words": self.words, "probes": [run.probe.name for run in self.runs],
                "shapes": [{name: list(shape) for name, shape in run.probe.shapes.items()} for run in self.runs],
                "n_steps": [run.probe.n_steps for run in self.runs]}  # fmt: skip


def find_counterexample(
    observer: Observer, verdict: Verdict, runs: Sequence[Run], *, seed: object = 0, most_runs: int = _MOST_RUNS
) -> Counterexample | None:
    """Return the smallest input found that shows what a verdict says; None unless it says *differs*.

    Parameters
    ----------
    observer : Observer
        Of the target; one that cannot run new inputs gives the smallest of the recorded ones.
    verdict : Verdict
        Of the same target.
    runs : sequence of Run
        What it was given.
    seed : number or str
        That of the verdict.
    most_runs : int
        How many inputs are tried.
    """
    if not verdict.is_different or verdict.convention is None:
        return None
    by_key = {(run.probe.name, run.dtype): run for run in runs}
    failures = [one for one in verdict.failures if (one.probe, one.dtype) in by_key]
    if failures:
        # a step far outside its band stays there when the input is cut; among those the smallest is taken
        clear = [one for one in failures if one.excess(verdict.factor) > min(2, failures[0].excess(verdict.factor) / 2)]
        first = min(clear, key=lambda one: (one.step, int(np.prod(one.shape)), -one.excess(verdict.factor)))
        shows = lambda run: _failure(run, verdict, seed) is not None  # noqa: E731
        smallest = _shrunk(observer, _cut(by_key[first.probe, first.dtype], first.step + 1), shows, most_runs)
        failure = _failure(smallest, verdict, seed) or first
        words = f"{_input_words(smallest.probe)}: {comparison_words(failure, verdict.factor)}."
        return Counterexample(runs=(smallest,), words=words)
    if verdict.trouble:
        run = min((r for r in runs if r.probe.name in {name for name, _ in verdict.trouble}), key=_size, default=None)
        if run is not None:
            kind = _trouble_of(run)
            smallest = _shrunk(observer, run, lambda one: bool(kind) and _trouble_of(one) == kind, most_runs)
            return Counterexample(runs=(smallest,), words=f"{_input_words(smallest.probe)}: {_what(smallest)}.")
    return _average(verdict, by_key) if verdict.seen else None


def _size(run: Run) -> tuple[int, int]:
    return run.probe.n_steps, sum(int(np.prod(shape)) for shape in run.probe.shapes.values())


def _failure(run: Run, verdict: Verdict, seed: object) -> Comparison | None:
    """Return the worst step outside its band, if there is one."""
    if verdict.convention is None or not run.is_ok or not run.parameters:
        return None
    steps = compare(run, verdict.convention, seed=seed)
    worst = max(steps, key=lambda one: one.excess(verdict.factor), default=None)
    return worst if worst is not None and worst.excess(verdict.factor) > 1 else None


def _trouble_of(run: Run) -> str:
    """Return the kind of trouble: the first word of the status and the error's class, or "not finite"."""
    if not run.is_ok:
        return ":".join(run.status.split(":")[:2])
    is_finite = all(np.all(np.isfinite(x)) for blocks in run.parameters for x in blocks.values())
    return "" if is_finite else "not finite"


def _what(run: Run) -> str:
    return run.status if not run.is_ok else "the parameters become NaN or infinite"


def _input_words(probe: Probe) -> str:
    shapes = " and ".join("×".join(map(str, shape)) for shape in probe.shapes.values())
    steps = "one step" if probe.n_steps == 1 else f"{probe.n_steps} steps"
    return f"{steps} of {shapes}, step size {probe.step_size:g}"


def _cut(run: Run, n_steps: int) -> Run:
    return replace(run, probe=_first_steps(run.probe, n_steps), parameters=run.parameters[:n_steps])


def _first_steps(probe: Probe, n_steps: int) -> Probe:
    previous = None if probe.previous_gradients is None else probe.previous_gradients[:n_steps]
    saved = probe.saved_before if probe.saved_before is not None and probe.saved_before < n_steps else None
    return replace(probe, gradients=probe.gradients[:n_steps], previous_gradients=previous, saved_before=saved)


def _shrunk(observer: Observer, run: Run, shows: Callable[[Run], bool], most_runs: int) -> Run:
    """Return the run of the smallest input that still shows it; every accepted change makes the input simpler."""
    if not observer.can_run:
        return run
    n_runs, best, n_without = 0, run, 0
    deadline = time.monotonic() + _SECONDS
    while n_without < len(_CUTS):
        # a cut that helped is tried again, the others wait for their turn
        for cut in _CUTS:
            n_without += 1
            is_again = True
            while is_again:
                is_again = False
                for candidate in cut(best.probe):
                    if n_runs >= most_runs or time.monotonic() > deadline:
                        return best
                    n_runs += 1
                    (tried,) = observer.run(
                        [replace(candidate, name="smallest", purpose="found by cutting")], run.dtype
                    )
                    if shows(tried):
                        best, is_again, n_without = tried, True, 0
                        break
    return best


def _fewer_steps(probe: Probe) -> Iterator[Probe]:
    n = probe.n_steps
    for keep in dict.fromkeys((1, n // 2, n - 1)):
        if 0 < keep < n:
            yield _first_steps(probe, keep)
            yield _last_steps(probe, keep)


def _fewer_parts(probe: Probe) -> Iterator[Probe]:
    if len(probe.start) > 1:
        for name in probe.start:
            yield _mapped(probe, _only(name))
    if probe.previous_gradients is not None:
        yield replace(probe, previous_gradients=None)
    if probe.saved_before is not None:
        yield replace(probe, saved_before=None)
    if any(np.any(x) for x in probe.start.values()):
        yield replace(probe, start={name: np.zeros_like(x) for name, x in probe.start.items()})


def _only(name: str) -> Callable[[Blocks], Blocks]:
    return lambda blocks: {name: blocks[name]}


def _last_steps(probe: Probe, n_steps: int) -> Probe:
    previous = None if probe.previous_gradients is None else probe.previous_gradients[-n_steps:]
    dropped = probe.n_steps - n_steps
    saved = None if probe.saved_before is None else probe.saved_before - dropped
    return replace(probe, gradients=probe.gradients[-n_steps:], previous_gradients=previous,
                   saved_before=saved if saved is not None and saved > 0 else None)  # fmt: skip


def _mapped(probe: Probe, change: Callable[[Blocks], Blocks]) -> Probe:
    """Return the probe with its start and every gradient changed."""
    previous = probe.previous_gradients
    return replace(probe, start=change(probe.start), gradients=tuple(change(g) for g in probe.gradients),
                   previous_gradients=None if previous is None else tuple(change(g) for g in previous))  # fmt: skip


def _shorter(probe: Probe, axis: int) -> Iterator[Probe]:
    """Return the blocks cut along an axis, -3 for a stack, where all have it and are as long."""
    if any(x.ndim < -axis for x in probe.start.values()):
        return
    lengths = {x.shape[axis] for x in probe.start.values()}
    if len(lengths) != 1:
        return
    (length,) = lengths
    for keep in dict.fromkeys((1, length // 2, length - 1)):
        if 0 < keep < length:
            yield _mapped(probe, _part((..., slice(0, keep), *[slice(None)] * (-axis - 1))))


def _part(index: Index) -> Callable[[Blocks], Blocks]:
    return lambda blocks: {name: x[index].copy() for name, x in blocks.items()}


def _shorter_numbers(probe: Probe) -> Iterator[Probe]:
    """Return gradients of small whole numbers, the smallest first."""
    largest = max((float(np.max(np.abs(x))) for g in probe.gradients for x in g.values() if x.size), default=0.0)
    is_whole = all(np.array_equal(x, np.rint(x)) for g in probe.gradients for x in g.values())
    for top in (top for top in (1, 2, 4) if largest > 0 and (top < largest or not is_whole)):
        unit = 2.0 ** np.ceil(np.log2(largest / top))
        rounded = [{name: np.rint(x / unit) + 0.0 for name, x in g.items()} for g in probe.gradients]
        yield replace(probe, gradients=tuple(rounded))


def _more_zeros(probe: Probe) -> Iterator[Probe]:
    """Return gradients with a whole step of zeros, a row, or an entry, and one more."""
    places: list[tuple[int, str, Index]] = []
    for k, gradient in enumerate(probe.gradients):
        for name, x in gradient.items():
            if np.any(x) and probe.n_steps > 1:
                places.append((k, name, (...,)))
            rows = [(..., i, slice(None)) for i in range(x.shape[-2]) if x.ndim > 1 and np.any(x[..., i, :])]
            entries = list(zip(*np.nonzero(x), strict=True))
            places += [(k, name, row) for row in rows] if len(rows) > 1 else []
            places += [(k, name, one) for one in entries] if 1 < len(entries) <= 16 else []
    for k, name, index in places:
        block = probe.gradients[k][name].copy()
        block[index] = 0.0
        changed = {**probe.gradients[k], name: block}
        yield replace(probe, gradients=(*probe.gradients[:k], changed, *probe.gradients[k + 1 :]))


_CUTS: tuple[Callable[[Probe], Iterator[Probe]], ...] = (
    _fewer_steps,
    _fewer_parts,
    lambda probe: _shorter(probe, -3),
    lambda probe: _shorter(probe, -2),
    lambda probe: _shorter(probe, -1),
    _shorter_numbers,
    _more_zeros,
)


def _average(verdict: Verdict, by_key: dict[tuple[str, str], Run]) -> Counterexample | None:
    """Return as few runs as show a systematic error, the clearest first."""
    seen = verdict.seen[0]
    steps = sorted((one for one in verdict.comparisons if one.moves and one.size > 0),
                   key=lambda one: -abs(one.gain) / one.rounding("gain"))  # fmt: skip
    keys = list(dict.fromkeys((one.probe, one.dtype) for one in steps))
    found: Systematic | None = None
    count = 0
    while count < len(keys) and found is None:
        count = min(len(keys), max(1, 2 * count))
        chosen = set(keys[:count])
        part = [one for one in verdict.comparisons if (one.probe, one.dtype) in chosen]
        found = next((one for one in systematic_errors(part, verdict.factor) if one.is_seen), None)
    runs = tuple(by_key[key] for key in keys[:count] if key in by_key)
    words = f"No single input shows it; {len(runs)} together do: the {(found or seen).words}."
    return Counterexample(runs=runs, words=words)
