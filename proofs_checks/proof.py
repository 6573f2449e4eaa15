"""Proof: a statement derived or certified step by step; Proposition: the entry of a catalogue of proofs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schattor_theory.checks import check_choice, check_nonnegative, check_positive

from .evidence import plain
from .rigorous.balls import Decision, all_of

__all__ = ["PROOF_KINDS", "ROLES", "Proof", "Proposition", "Step", "settle"]

PROOF_KINDS = ("symbolic", "rigorous", "conic")
"""How it is proved: computer algebra from the hypotheses, ball arithmetic, a cone program with its dual."""

ROLES = ("hypothesis", "step", "conclusion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a proof.

    Attributes
    ----------
    claim : str
        What it says: words or a formula in Unicode.
    latex : str
        The formula in LaTeX without delimiters, or text inside ``\\text{}``.
    justification : str
        Why it follows from the lines before, in one sentence.
    result : Decision
        What the machine found. A hypothesis is PROVED in the sense that nothing is to be proved there.
    role : {"hypothesis", "step", "conclusion"}
        Hypotheses come from the statement or are classical results named in the justification.
    """

    claim: str
    latex: str
    justification: str
    result: Decision
    role: str = "step"

    def __post_init__(self) -> None:
        check_choice("Step", "role", self.role, ROLES)

    def to_dict(self) -> dict[str, Any]:
        """Return the step as strict JSON values."""
        names = ("claim", "latex", "justification", "result", "role")
        return {name: plain(getattr(self, name)) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A chain of steps and what follows from their results.

    Attributes
    ----------
    statement : str
        Id in ``STATEMENTS``.
    name : str
        Unique in its catalogue; a sentence that is true if the proof is.
    kind : {"symbolic", "rigorous", "conic"}
        How it is proved.
    steps : sequence of Step
        In order.
    seconds : float
        How long it took.
    certificate : mapping or None
        What another program needs to check it again, or where that is stored.
    """

    statement: str
    name: str
    kind: str
    steps: tuple[Step, ...]
    seconds: float = 0.0
    certificate: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        check_choice("Proof", "kind", self.kind, PROOF_KINDS)
        object.__setattr__(self, "steps", tuple(self.steps))

    @property
    def verdict(self) -> Decision:
        """Return PROVED if every step is, REFUTED if one is, else UNDECIDED; also where there is no step."""
        return all_of(step.result for step in self.steps) if self.steps else Decision.UNDECIDED

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """Return the steps that are not proved, refuted ones first."""
        left = [step for step in self.steps if step.result is not Decision.PROVED]
        return tuple(sorted(left, key=lambda step: step.result is not Decision.REFUTED))

    @property
    def words(self) -> str:
        """Return one sentence: how many steps, or the first one that is not proved."""
        if self.verdict is Decision.PROVED:
            return f"All {len(self.steps)} steps are proved ({self.kind})."
        if not self.steps:
            return "There is no step."
        worst = self.open_steps[0]
        return f"{worst.result.value.capitalize()}: {worst.claim} ({worst.justification})"

    def to_dict(self) -> dict[str, Any]:
        """Return the proof as strict JSON values."""
        names = ("statement", "name", "kind", "seconds", "certificate")
        values = {name: plain(getattr(self, name)) for name in names}
        return values | {"verdict": self.verdict.value, "steps": [step.to_dict() for step in self.steps]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposition:
    """An entry of a catalogue: what is proved, and the function that proves it.

    Attributes
    ----------
    statement : str
        Id in ``STATEMENTS``.
    name : str
        Unique; a sentence that is true if the proof is.
    kind : {"symbolic", "rigorous", "conic"}
        How it is proved.
    prove : callable
        Without arguments; returns a :class:`Proof`, or its steps.
    time_limit : float
        Seconds after which it is stopped, and undecided.
    cost : float
        Rough seconds on one core. Below 1 the proof is part of ``schattor verify --level quick``.
    """

    statement: str
    name: str
    kind: str
    prove: Callable[[], Proof | Sequence[Step]] = field(repr=False)
    time_limit: float = 60.0
    cost: float = 10.0

    def __post_init__(self) -> None:
        check_choice("Proposition", "kind", self.kind, PROOF_KINDS)
        check_positive("Proposition", "time_limit", self.time_limit)
        check_nonnegative("Proposition", "cost", self.cost)

    def run(self) -> Proof:
        """Return the proof with the time it took; an error on the way is a step that is undecided."""
        start = time.perf_counter()
        try:
            found = self.prove()
        except Exception as error:
            found = (failed(f"{type(error).__name__}: {error}", "The proof could not be carried out."),)
        seconds = time.perf_counter() - start
        if isinstance(found, Proof):
            return replace(found, statement=self.statement, name=self.name, kind=self.kind, seconds=seconds)
        return self.proof_of(tuple(found), seconds)

    def proof_of(self, steps: Sequence[Step], seconds: float) -> Proof:
        """Return the proof with these steps."""
        return Proof(statement=self.statement, name=self.name, kind=self.kind, steps=tuple(steps), seconds=seconds)

    def stopped(self, seconds: float) -> Proof:
        """Return the undecided proof of one that was stopped at its time limit."""
        words = f"stopped after {self.time_limit:g} s"
        return self.proof_of((failed(words, "The time limit was reached, so nothing is decided."),), seconds)

    def lost(self, seconds: float) -> Proof:
        """Return the undecided proof of one whose process died."""
        return self.proof_of((failed("the process died", "Nothing came back, so nothing is decided."),), seconds)


def failed(claim: str, justification: str) -> Step:
    """Return an undecided step in words."""
    text = claim.replace("\\", "/").replace("{", "(").replace("}", ")")
    return Step(claim=claim, latex=rf"\text{{{text}}}", justification=justification, result=Decision.UNDECIDED)


def settle(is_proved: bool, is_refuted: bool = False) -> Decision:
    """Return the decision that two one-sided findings make; both at once is a contradiction and stays undecided.

    Examples
    --------
    >>> [settle(*found).value for found in ((True,), (False, True), (False,), (True, True))]
    ['proved', 'refuted', 'undecided', 'undecided']
    """
    if is_proved == is_refuted:
        return Decision.UNDECIDED
    return Decision.PROVED if is_proved else Decision.REFUTED
