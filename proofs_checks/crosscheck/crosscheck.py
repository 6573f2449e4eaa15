"""The whole cross-check of one target: run, diagnose, judge, test the invariances, shrink."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..evidence import plain
from .diagnosis import diagnose
from .finding import Diagnosis, Finding
from .invariances import INVARIANCE_PROBES, Invariance, check_invariances
from .known import Near, claimed, differences, nearest
from .observe import Observer
from .oracle import OracleReport, examine_oracle
from .probe import Probe, Run
from .probes import SEVERAL, SINGLE
from .probes.single import PRECISION_PROBES, single_probes
from .refit import reconsidered
from .shown import crosscheck_shown
from .shrink import Counterexample, find_counterexample
from .verdict import Verdict, judge

__all__ = ["COULD_NOT_RUN", "CrossCheck", "crosscheck", "probes_of", "recordable_probes"]

COULD_NOT_RUN = "could not run"
_BETTER = {"float16": "float32", "bfloat16": "float32", "float32": "float64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossCheck:
    """What is known of one target.

    Attributes
    ----------
    target : str
        As it was named.
    kind : str
        What kind of thing it is.
    outcome : str
        "conforms", "differs", "undecided", or "could not run".
    problem : str or None
        Why it could not run.
    diagnosis : Diagnosis or None
        Which convention its outputs follow.
    verdict : Verdict or None
        Against the convention of the diagnosis, or the one it is claimed to be.
    claim : str or None
        Name of the published convention that it is claimed to be.
    claim_differences : tuple of str
        In which fields the diagnosis differs from the claim.
    near : tuple of Near
        The nearest published conventions.
    invariances : tuple of Invariance
        One after the other.
    oracle : OracleReport or None
        δ, ω and the guarantee.
    counterexample : Counterexample or None
        The smallest input that shows a difference.
    n_runs : int
        Probes that were run.
    seconds : float
        How long it took.
    """

    target: str
    kind: str = ""
    outcome: str = COULD_NOT_RUN
    problem: str | None = None
    diagnosis: Diagnosis | None = None
    verdict: Verdict | None = None
    claim: str | None = None
    claim_differences: tuple[str, ...] = ()
    near: tuple[Near, ...] = ()
    invariances: tuple[Invariance, ...] = ()
    oracle: OracleReport | None = None
    counterexample: Counterexample | None = None
    n_runs: int = 0
    seconds: float = 0.0
    runs: tuple[Run, ...] = field(default=(), repr=False)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Return the findings that are defects."""
        return () if self.diagnosis is None else tuple(one for one in self.diagnosis.findings if one.is_fault)

    @property
    def broken(self) -> tuple[Invariance, ...]:
        """Return the invariances that do not hold."""
        return tuple(one for one in self.invariances if one.outcome == "broken")

    @property
    def headline(self) -> str:
        """Return the verdict in one sentence."""
        if self.problem is not None or self.verdict is None:
            return f"Could not run: {self.problem}"
        if self.verdict.convention is None:
            return "Differs from every convention that is known here: none describes what came out."
        name = f"{self.claim}: {self.verdict.convention.words}" if self.claim else self.verdict.convention.words
        head = {"conforms": "Conforms to", "differs": "Differs from", "undecided": "Undecided against"}[self.outcome]
        return f"{head} {name}."

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what belongs to the verdict: a published name, why it differs, and what is not kept."""
        if self.problem is not None or self.verdict is None:
            return ()
        parts = []
        same = [near.known.name for near in self.near if not near.differences]
        if self.outcome == "conforms" and self.claim is None and same:
            parts.append(f"That is {' or '.join(same)}.")
        if self.verdict.convention is None and self.near:
            parts.append(f"The nearest published one is {self.near[0].known.name}.")
        parts.extend(self.verdict.reasons[:3])
        if self.faults:
            parts.append(f"Defects: {'; '.join(f'{one.property}: {one.value}' for one in self.faults)}.")
        if self.broken:
            parts.append(f"Not kept: {', '.join(one.name for one in self.broken)}.")
        return tuple(parts)

    @property
    def words(self) -> str:
        """Return headline and remarks."""
        return " ".join((self.headline, *self.remarks))

    def _repr_markdown_(self) -> str:
        """Return what a notebook shows: the verdict, and a table of what each property is."""
        return crosscheck_shown(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the runs, ready for JSON."""
        findings = [] if self.diagnosis is None else self.diagnosis.findings
        convention = None if self.diagnosis is None else self.diagnosis.convention
        return plain({
            "target": self.target, "kind": self.kind, "outcome": self.outcome, "words": self.words,
            "problem": self.problem, "claim": self.claim, "claim_differences": self.claim_differences,
            "findings": [_finding_dict(one) for one in findings],
            "convention": None if convention is None else convention.to_dict(),
            "verdict": None if self.verdict is None else self.verdict.to_dict(),
            "nearest": [{"name": near.known.name, "source": near.known.source, "differences": near.differences}
                        for near in self.near],
            "invariances": [{"name": one.name, "outcome": one.outcome, "words": one.words, "error": one.error,
                             "allowance": one.allowance} for one in self.invariances],
            "oracle": None if self.oracle is None else self.oracle.to_dict(),
            "counterexample": None if self.counterexample is None else self.counterexample.to_dict(),
            "n_runs": self.n_runs, "seconds": self.seconds,
        })  # fmt: skip


def _finding_dict(one: Finding) -> dict[str, Any]:
    return {"property": one.property, "value": one.value, "evidence": one.evidence, "alternatives": one.alternatives,
            "is_decided": one.is_decided, "is_fault": one.is_fault, "data": dict(one.data)}  # fmt: skip


def probes_of(seed: object = 0) -> tuple[Probe, ...]:
    """Return the probes of diagnosis and verdict; another seed gives other matrices of one step."""
    single = SINGLE if seed == 0 else single_probes(seed)
    return (*single, *SEVERAL)


def recordable_probes(seed: object = 0) -> tuple[Probe, ...]:
    """Return all probes whose inputs are finite, for a program that makes a recording."""
    probes = (*probes_of(seed), *INVARIANCE_PROBES)
    return tuple(one for one in probes if all(np.all(np.isfinite(x)) for g in one.gradients for x in g.values()))


def crosscheck(
    observer: Observer,
    *,
    claim: str | None = None,
    dtype: str = "float32",
    seed: object = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> CrossCheck:
    """Return everything that the outputs of a target say.

    Parameters
    ----------
    observer : Observer
        Of the target.
    claim : str, optional
        A name of ``KNOWN``: the verdict is against that convention, and not against the one that the outputs follow.
    dtype : str
        Of the parameters.
    seed : number or str
        Of the matrices and of the copies with rounding errors.
    progress : callable, optional
        Called with a stage, how much of it is done, and how much there is.
    """
    start = time.perf_counter()
    say = progress or (lambda stage, done, total: None)
    if observer.problem is not None:
        return CrossCheck(target=observer.name, kind=observer.kind, problem=observer.problem, claim=claim)
    runs = observer.recorded or _all_runs(observer, dtype, seed, say)
    if observer.recorded:
        dtype = _usual_dtype(runs)
    problem = _problem(runs)
    if problem:
        return CrossCheck(target=observer.name, kind=observer.kind, problem=problem, claim=claim, n_runs=len(runs),
                          runs=tuple(runs), seconds=time.perf_counter() - start)  # fmt: skip
    say("diagnosis", 0, 1)
    of_invariances = {one.name for one in INVARIANCE_PROBES}
    diagnosis = diagnose([run for run in runs if run.probe.name not in of_invariances])
    convention = diagnosis.convention
    say("verdict", 0, 1)
    finite = [run for run in runs if _is_finite(run.probe)]
    verdict = judge(finite, convention, seed=seed)
    if verdict.is_different:
        say("refit", 0, 1)
        diagnosis, verdict = reconsidered(diagnosis, verdict, finite, seed=seed)
        convention = diagnosis.convention
    against = convention if claim is None else claimed(claim, convention)
    if claim is not None:
        verdict = judge(finite, against, seed=seed)
    differ = () if claim is None or convention is None or against is None else differences(convention, against)
    say("smallest input", 0, 1)
    counterexample = find_counterexample(observer, verdict, finite, seed=seed)
    say("invariances", 0, 1)
    return CrossCheck(
        target=observer.name, kind=observer.kind, outcome=verdict.outcome, diagnosis=diagnosis, verdict=verdict,
        claim=claim, claim_differences=differ, near=nearest(convention),
        invariances=check_invariances(runs, diagnosis, seed=seed, dtype=dtype),
        oracle=examine_oracle(finite, convention), counterexample=counterexample,
        n_runs=len(runs), seconds=time.perf_counter() - start, runs=tuple(runs),
    )  # fmt: skip


def _all_runs(observer: Observer, dtype: str, seed: object, say: Callable[[str, int, int], None]) -> list[Run]:
    probes = probes_of(seed)
    better = _BETTER.get(dtype)
    asked = [(one, dtype) for one in (*probes, *INVARIANCE_PROBES)]
    if better in observer.dtypes:
        asked += [(one, better) for one in probes if one.name in PRECISION_PROBES]
    runs: list[Run] = []
    for k, (probe, of) in enumerate(asked):
        say("probes", k, len(asked))
        runs.extend(observer.run([probe], of))
    return runs


def _is_finite(probe: Probe) -> bool:
    return all(np.all(np.isfinite(x)) for g in probe.gradients for x in g.values())


def _usual_dtype(runs: Sequence[Run]) -> str:
    dtypes = [run.dtype for run in runs]
    return max(dict.fromkeys(dtypes), key=dtypes.count)


def _problem(runs: Sequence[Run]) -> str | None:
    """Return why nothing can be said: not one run made a step."""
    if not runs:
        return "there are no runs"
    if any(run.parameters for run in runs):
        return None
    statuses = [run.status for run in runs]
    most = max(dict.fromkeys(statuses), key=statuses.count)
    return f"none of {len(runs)} probes made a step; the first: {most}"
