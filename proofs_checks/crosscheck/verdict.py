"""The verdict: whether runs are those of a convention, up to the rounding of its precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .bands import COPIES, FALSE_ALARM, Comparison, band_factor, compare, is_in_range
from .convention import UNIT_ROUNDOFF, Convention
from .probe import Run

__all__ = ["OUTCOMES", "Systematic", "Verdict", "judge", "systematic_errors"]

OUTCOMES = ("conforms", "differs", "undecided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Systematic:
    """An error that steps have in common, which their rounding errors, being independent, do not.

    Attributes
    ----------
    of : str
        "scale", or "curve" for what becomes of singular values of one size.
    where : str
        Which steps are averaged.
    value, band : float
        The weighted mean of their signed errors, and what rounding explains of it.
    n : int
        How many errors are averaged.
    """

    of: str
    where: str
    value: float
    band: float
    n: int

    @property
    def is_seen(self) -> bool:
        """Return whether it exceeds its band."""
        return not abs(self.value) <= self.band

    @property
    def words(self) -> str:
        """Return one sentence."""
        what = "scale" if self.of == "scale" else "singular values"
        return (
            f"{what} off by {self.value:+.2g} on average over {self.n} errors ({self.where}), "
            f"where rounding explains {self.band:.2g}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What comparing runs with a convention says.

    Attributes
    ----------
    outcome : str
        One of ``OUTCOMES``; undecided where there is nothing to compare, or most bands are as wide as the step.
    convention : Convention or None
        What was compared with.
    comparisons : tuple of Comparison
        Every step that was judged.
    systematic : tuple of Systematic
        Errors in common.
    factor : float
        Band over root mean square.
    trouble : tuple of (probe name, words)
        Runs that ended before their last step, or with values that are not finite.
    unjudged : tuple of str
        Names of probes outside the range in which the dtype's squares fit, and of inputs that the target refuses.
    """

    outcome: str
    convention: Convention | None
    comparisons: tuple[Comparison, ...] = ()
    systematic: tuple[Systematic, ...] = ()
    factor: float = float("nan")
    trouble: tuple[tuple[str, str], ...] = ()
    unjudged: tuple[str, ...] = ()

    @property
    def is_different(self) -> bool:
        """Return whether the target is not what was claimed."""
        return self.outcome == "differs"

    @property
    def failures(self) -> tuple[Comparison, ...]:
        """Return the steps outside their bands, the worst first."""
        outside = [one for one in self.comparisons if one.excess(self.factor) > 1]
        return tuple(sorted(outside, key=lambda one: -one.excess(self.factor)))

    @property
    def seen(self) -> tuple[Systematic, ...]:
        """Return the systematic errors that rounding does not explain, the clearest first."""
        return tuple(
            sorted((one for one in self.systematic if one.is_seen), key=lambda one: -abs(one.value / one.band))
        )

    @property
    def worst(self) -> Comparison | None:
        """Return the step that is the furthest from its exact value in units of its band."""
        # a step of weight decay alone says little of the method
        return max(self.comparisons, key=lambda one: (one.excess(self.factor) > 1, one.moves, one.excess(self.factor)),
                   default=None)  # fmt: skip

    def typical(self, component: str) -> float:
        """Return the median over all steps of the error of "gain" or "direction"."""
        errors = [abs(getattr(one, component)) for one in self.comparisons if one.size > 0]
        return float(np.median(errors)) if errors else float("nan")

    @property
    def smallest_seen(self) -> dict[str, float]:
        """Return the smallest common relative error of scale that would have been called different, by dtype."""
        return {one.where.split(", ")[1]: one.band for one in self.systematic
                if one.of == "scale" and one.where.startswith("all steps, ")}  # fmt: skip

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why it is not called conforming, one sentence each."""
        found = []
        if self.trouble:
            name, words = self.trouble[0]
            more = f" So with {len(self.trouble) - 1} more." if len(self.trouble) > 1 else ""
            found.append(f"Probe {name!r}: {words}.{more}")
        failures = self.failures
        if failures:
            found.append(f"{len(failures)} of {len(self.comparisons)} steps are outside their bands; "
                         f"the worst is {comparison_words(failures[0], self.factor)}.")  # fmt: skip
        found.extend(f"The {one.words}." for one in self.seen[:3])
        if self.outcome == "undecided":
            found.append(
                "Nothing could be compared."
                if not self.comparisons
                else "Rounding errors of this precision are as large as most steps, so nothing can be told."
            )
        return tuple(found)

    @property
    def words(self) -> str:
        """Return the verdict in words."""
        if self.convention is None:
            return "differs: no convention describes what came out"
        name = self.convention.words
        if self.outcome == "conforms":
            return f"conforms to: {name}"
        return f"{'differs from' if self.is_different else 'undecided against'}: {name}"

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values."""
        worst = self.worst
        return {
            "outcome": self.outcome,
            "words": self.words,
            "reasons": list(self.reasons),
            "convention": None if self.convention is None else self.convention.to_dict(),
            "n_comparisons": len(self.comparisons),
            "factor": self.factor,
            "false_alarm": FALSE_ALARM,
            "copies": COPIES,
            "typical_scale_error": self.typical("gain"),
            "typical_direction_error": self.typical("direction"),
            "smallest_systematic_seen": self.smallest_seen,
            "worst": None if worst is None else worst.to_dict(self.factor),
            "outside": [one.to_dict(self.factor) for one in self.failures],
            "systematic": [{"of": s.of, "where": s.where, "value": s.value, "band": s.band, "n": s.n}
                           for s in self.systematic],
            "trouble": [{"probe": name, "what": words} for name, words in self.trouble],
            "unjudged": list(self.unjudged),
        }  # fmt: skip


def comparison_words(one: Comparison, factor: float) -> str:
    """Return one comparison in words."""
    return (
        f"step {one.step} of probe {one.probe!r} ({one.dtype}): scale {one.gain:+.2g} (band "
        f"{factor * one.rounding('gain'):.2g}), direction {one.direction:.2g} (band "
        f"{factor * one.rounding('direction'):.2g})"
    )


def judge(runs: Sequence[Run], convention: Convention | None, *, seed: object = 0) -> Verdict:
    """Return whether runs are those of a convention.

    Parameters
    ----------
    runs : sequence of Run
        What came out.
    convention : Convention or None
        What it is said to be; with None the outcome is *differs*, for no convention describes the runs.
    seed : number or str
        Of the copies with rounding errors.
    """
    if convention is None:
        return Verdict(outcome="differs", convention=None)
    judged, trouble, unjudged = _sorted_out(runs, convention)
    comparisons = tuple(one for run in judged for one in compare(run, convention, seed=seed))
    n_groups = 12
    factor = band_factor(2 * len(comparisons) + n_groups)
    systematic = systematic_errors(comparisons, factor)
    verdict = Verdict(outcome="conforms", convention=convention, comparisons=comparisons, systematic=systematic,
                      factor=factor, trouble=tuple(trouble), unjudged=tuple(unjudged))  # fmt: skip
    if verdict.failures or verdict.seen or trouble:
        outcome = "differs"
    else:
        told = [one for one in comparisons if factor * one.rounding("direction") < 1]
        outcome = "conforms" if comparisons and len(told) >= len(comparisons) / 2 else "undecided"
    return Verdict(**{name: getattr(verdict, name) for name in verdict.__slots__} | {"outcome": outcome})


def _sorted_out(runs: Sequence[Run], convention: Convention) -> tuple[list[Run], list[tuple[str, str]], list[str]]:
    """Return the runs to compare, what ended early, and the names of probes that are not judged."""
    judged: list[Run] = []
    trouble: list[tuple[str, str]] = []
    unjudged: list[str] = []
    several = [run for run in runs if len(run.probe.start) > 1]
    takes_blocks = bool(convention.exponents) or any(run.is_ok for run in several)
    for run in runs:
        axes = max((block.ndim for block in run.probe.start.values()), default=0)
        is_stack = axes > 2
        if run.status.startswith("refused:") or (is_stack and convention.stack in ("other", "refused")) or axes > 3:
            # one that takes a stack, where the convention refuses it, does more than is asked; and no convention says
            # what becomes of a kernel
            unjudged.append(run.probe.name)
        elif (len(run.probe.start) > 1 and not takes_blocks) or not is_in_range(run, convention):
            unjudged.append(run.probe.name)
        else:
            words = _trouble(run)
            if words:
                trouble.append((run.probe.name, words))
            if run.parameters and not words:
                judged.append(run)
    return judged, trouble, unjudged


def _trouble(run: Run) -> str:
    if not run.is_ok:
        return run.status
    for k, blocks in enumerate(run.parameters):
        for name, block in blocks.items():
            if not np.all(np.isfinite(block)):
                return f"step {k} makes block {name!r} not finite"
    if run.result_dtype != run.dtype:
        return f"parameters of dtype {run.dtype} come back as {run.result_dtype}"
    return ""


def systematic_errors(comparisons: Sequence[Comparison], factor: float) -> tuple[Systematic, ...]:
    """Return the mean signed errors of groups of steps, weighted by the inverse square of their rounding errors.

    The copies share the errors of constants among all steps, and take part in the same means, so that what does not
    average out does not narrow a band.
    """
    found: list[Systematic] = []
    for dtype in dict.fromkeys(one.dtype for one in comparisons):
        of_dtype = [
            one for one in comparisons if one.dtype == dtype and one.moves and one.size > 0 and np.isfinite(one.gain)
        ]
        for name, is_in in _GROUPS.items():
            group = [one for one in of_dtype if is_in(one)]
            if len(group) >= 3 or (group and name == "all steps"):
                errors = np.array([one.gain for one in group])
                copies = np.stack([one.gain_copies for one in group], axis=1)
                weights = np.array([one.rounding("gain") for one in group]) ** -2.0
                found.append(_mean("scale", f"{name}, {dtype}", errors, copies, weights, factor, dtype))
        found.extend(_curve_errors(of_dtype, factor, dtype))
    return tuple(found)


_GROUPS: dict[str, Callable[[Comparison], bool]] = {
    "all steps": lambda one: True,
    "tall": lambda one: len(one.shape) == 2 and one.shape[0] > one.shape[1],
    "wide": lambda one: len(one.shape) == 2 and one.shape[0] < one.shape[1],
    "square": lambda one: len(one.shape) == 2 and one.shape[0] == one.shape[1],
    "later steps": lambda one: one.step > 0,
}

_EDGES = (1.0001, 0.5, 0.25, 0.1, 0.03, 0.01, 0.0)


def _curve_errors(comparisons: Sequence[Comparison], factor: float, dtype: str) -> list[Systematic]:
    s, errors, copies = [], [], []
    for one in comparisons:
        if one.s.size:
            unit = one.size / np.sqrt(one.s.size)
            s.append(one.s)
            errors.append(one.s_error / unit)
            copies.append(one.s_error_copies / unit)
    if not s:
        return []
    all_s, all_errors, all_copies = np.concatenate(s), np.concatenate(errors), np.concatenate(copies, axis=1)
    weights = 1 / (np.mean(all_copies**2, axis=0) + (2 * UNIT_ROUNDOFF[dtype]) ** 2)
    found = []
    for high, low in pairwise(_EDGES):
        of = (all_s > low) & (all_s <= high)
        if np.count_nonzero(of) >= 3:
            where = f"σ/‖G‖_F in ({low:g}, {min(high, 1):g}], {dtype}"
            found.append(_mean("curve", where, all_errors[of], all_copies[:, of], weights[of], factor, dtype))
    return found


def _mean(
    of: str, where: str, errors: np.ndarray, copies: np.ndarray, weights: np.ndarray, factor: float, dtype: str
) -> Systematic:
    total = np.sum(weights)
    value = float(np.sum(weights * errors) / total)
    means = np.sum(weights * copies, axis=1) / total
    rounding = float(np.hypot(np.sqrt(np.mean(means**2)), 2 * UNIT_ROUNDOFF[dtype]))
    return Systematic(of=of, where=where, value=value, band=factor * rounding, n=len(errors))
