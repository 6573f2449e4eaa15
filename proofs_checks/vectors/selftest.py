"""The self-test: every reference vector computed by ``schattor_theory`` on a device, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .case import Case, Comparison
from .library import computed_by_library
from .reference import ReferenceVectors, reference_vectors

__all__ = ["Failure", "Group", "compare_stored", "compare_with_library", "grouped", "share"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that could not be computed."""

    case: str
    error: str


def compare_with_library(
    cases: Iterable[Case],
    array: Callable[[np.ndarray], Any] = np.asarray,
    *,
    progress: Callable[[str], None] = lambda name: None,
) -> tuple[list[Comparison], list[Failure]]:
    """Return how far ``schattor_theory`` is from every answer, and the cases where it raised.

    Parameters
    ----------
    cases : iterable of Case
        What is asked.
    array : callable
        From a NumPy array to one of the library, device and type that is computed with.
    progress : callable
        Called with the name of each case before it is computed.
    """
    comparisons: list[Comparison] = []
    failures: list[Failure] = []
    for case in cases:
        progress(case.name)
        try:
            computed = computed_by_library(case.kind, case.parameters, case.inputs, array)
            missing = sorted(set(case.answers) - set(computed))
            if missing:
                failures.append(Failure(case.name, f"no answer {missing}"))
            comparisons += case.compare(computed)
        except Exception as error:  # one case that cannot run says nothing about the others
            failures.append(Failure(case.name, f"{type(error).__name__}: {error}"))
    return comparisons, failures


def compare_stored(stored: ReferenceVectors, certified: ReferenceVectors | None = None) -> list[Comparison]:
    """Return the stored answers beside those certified here, of the cases that both have.

    The allowance is zero where every rounding was decided, and the distance to the neighbour where one was not. So a
    stored answer that is off by one unit in the last place is found, however ill-conditioned the question is.

    Parameters
    ----------
    stored, certified : ReferenceVectors
        What was read from files; what this release computes.
    """
    certified = reference_vectors() if certified is None else certified
    comparisons = []
    for name in stored.names:
        if name not in certified:
            continue
        theirs, ours = stored[name], certified[name]
        if not _is_same_question(theirs, ours):
            continue
        for role, answer in ours.answers.items():
            if role not in theirs.answers or theirs.answers[role].values.shape != answer.values.shape:
                gap = np.inf
            else:
                gaps = np.abs(theirs.answers[role].values - answer.values)
                # a NaN is no answer
                gap = float(np.nan_to_num(gaps, nan=np.inf).max()) if gaps.size else 0.0
            neighbours = [float(np.spacing(abs(answer.values.flat[i]))) for i in answer.undecided]
            comparisons.append(
                Comparison(
                    case=name,
                    answer=role,
                    difference=gap,
                    allowance=max(neighbours, default=0.0),
                    eps=2.0**-52,
                    size=answer.size,
                )
            )
    return comparisons


def _is_same_question(a: Case, b: Case) -> bool:
    return (
        (a.kind, dict(a.parameters)) == (b.kind, dict(b.parameters))
        and set(a.inputs) == set(b.inputs)
        and all(np.array_equal(a.inputs[role], b.inputs[role]) for role in a.inputs)
    )


@dataclass(frozen=True, slots=True)
class Group:
    """The comparisons of one kind of answer.

    Attributes
    ----------
    name : str
        Kind of the question and role of the answer.
    n_answers, n_beyond : int
        How many were compared, and how many are beyond their allowance.
    largest : Comparison
        The one with the largest difference in units of eps.
    closest : Comparison
        The one whose difference is the largest part of its allowance.
    """

    name: str
    n_answers: int
    n_beyond: int
    largest: Comparison
    closest: Comparison


def share(comparison: Comparison) -> float:
    """Return the difference as a part of the allowance; 0 where both are zero."""
    if comparison.difference == 0:
        return 0.0
    return comparison.difference / comparison.allowance if comparison.allowance else np.inf


def grouped(comparisons: Sequence[Comparison]) -> list[Group]:
    """Return the comparisons summed up by kind of question and role of answer, in the order in which they came."""
    groups: dict[str, list[Comparison]] = {}
    for one in comparisons:
        groups.setdefault(f"{one.case.split('/')[0]}, {one.answer.split('/')[0]}", []).append(one)
    return [
        Group(
            name,
            len(found),
            sum(not one.conforms for one in found),
            max(found, key=lambda one: one.in_eps(one.difference)),
            max(found, key=share),
        )
        for name, found in groups.items()
    ]
