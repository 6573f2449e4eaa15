"""Derivations, certificates and cone programs as checks: each proof is carried out again by ``schattor verify``."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ..evidence import Verdict
from ..proof import Proof, Proposition
from ..prove.catalogue import propositions
from ..rigorous.balls import Decision
from .check import Check, Context, Finding

__all__ = ["CHECKS", "check_of", "finding_of"]

_QUICK = 0.5
"""Proofs that take at most so many seconds are part of the quick level; together they stay below ten."""

_VERDICTS = {
    Decision.PROVED: Verdict.HOLDS,
    Decision.REFUTED: Verdict.VIOLATED,
    Decision.UNDECIDED: Verdict.INCONCLUSIVE,
}


def check_of(proposition: Proposition) -> Check:
    """Return the check that carries out a proposition."""
    name = re.sub(r"\W+", "_", proposition.name).strip("_").lower()
    return Check(
        statement=proposition.statement,
        name=name,
        kind=proposition.kind,
        function=_carry_out(proposition),
        level="quick" if proposition.cost <= _QUICK else "full",
        is_random=False,
        cost=proposition.cost,
    )


def finding_of(proof: Proof, context: Context) -> Finding:
    """Return what a proof says: a refuted step is a violation, an undecided one decides nothing."""
    verdict = _VERDICTS[proof.verdict]
    witness = None
    if verdict is Verdict.VIOLATED:
        step = proof.open_steps[0]
        witness = {"seed": context.seed, "check": context.check, "step": step.claim, "why": step.justification}
    steps = [{name: value for name, value in step.to_dict().items() if name != "latex"} for step in proof.steps]
    data = {"proof": proof.name, "kind": proof.kind, "steps": steps, "certificate": proof.certificate}
    margin = {Verdict.HOLDS: 0.0, Verdict.VIOLATED: -1.0}.get(verdict)
    return Finding(verdict=verdict, detail=proof.words, margin=margin, witness=witness, data=data)


def _carry_out(proposition: Proposition) -> Callable[[Context], Finding]:
    def check(context: Context) -> Finding:
        with _stopped_after(proposition.time_limit):
            proof = proposition.run()
        return finding_of(proof, context)

    check.__doc__ = proposition.name.replace("_", " ")
    return check


@contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block after so many seconds, where the system can.

    ``schattor prove`` gives each proof a process that it can end; a check runs in a worker, which goes on to the next.
    """
    can = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not can:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"stopped after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


CHECKS = tuple(check_of(one) for one in propositions())
