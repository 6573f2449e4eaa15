"""The command ``schattor prove``: print derivations and certificates with their times, and write them down."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer

from ..display import display, text_console
from ..proof import Proof, Proposition
from ..rigorous.balls import Decision
from .catalogue import chosen
from .export import as_json, as_text, export
from .process import prove_each

__all__ = ["prove"]

_INTERRUPTED = 4
_EXITS = {Decision.PROVED: 0, Decision.REFUTED: 1, Decision.UNDECIDED: 3}
"""A refuted step is a violation; an undecided one could not be carried out, and is never a pass."""


def prove(ids: Sequence[str] | None, *, directory: Path | None, brief: bool, as_json_only: bool) -> None:
    """Carry the proofs out, print and export them, and raise the exit of the command."""
    propositions = chosen(ids)
    proofs = _carry_out(propositions)
    left = propositions[len(proofs) :]
    if left:
        directory = None  # a part would take the place of a whole export
    if directory is not None:
        export(proofs, directory)
    if as_json_only:
        print(json.dumps(as_json(proofs), allow_nan=False, ensure_ascii=False))
    else:
        _print(proofs, brief=brief, directory=directory)
    if left:
        rest = shlex.join(dict.fromkeys(one.statement for one in left))
        words = f"interrupted after {len(proofs)} of {len(propositions)} proofs, nothing is exported"
        print(f"schattor: {words}. Go on with: schattor prove {rest}", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED)
    raise typer.Exit(exit_code(proofs))


def exit_code(proofs: Sequence[Proof]) -> int:
    """Return the exit code: that of the worst verdict, a refutation before what is undecided."""
    codes = {_EXITS[proof.verdict] for proof in proofs}
    return 1 if 1 in codes else max(codes, default=0)


def _carry_out(propositions: Sequence[Proposition]) -> list[Proof]:
    """Return the proofs, in order; when the user stops it, those that there are."""
    progress = display()
    proofs: list[Proof] = []
    with suppress(KeyboardInterrupt), progress:
        task = progress.add_task("proofs", total=len(propositions))
        for one, proof in prove_each(propositions):
            proofs.append(proof)
            progress.update(task, advance=1, description=f"proofs ({one.statement})")
    return proofs


def _print(proofs: Sequence[Proof], *, brief: bool, directory: Path | None) -> None:
    console = text_console()
    for proof in proofs:
        lines = list(as_text(proof))
        for line in lines[:1] if brief else lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if not brief:
            console.print()
    for proof in proofs:
        if proof.verdict is not Decision.PROVED:
            console.print(f"{proof.statement} {proof.name}: {proof.words}", markup=False, soft_wrap=True)
    counts = {decision: sum(proof.verdict is decision for proof in proofs) for decision in Decision}
    words = ", ".join(f"{count} {decision.value}" for decision, count in counts.items() if count)
    seconds = sum(proof.seconds for proof in proofs)
    console.print(f"{len(proofs)} proofs: {words}, in {seconds:.1f} s.", markup=False, soft_wrap=True)
    if directory is not None:
        console.print(f"Look at {directory}", markup=False, soft_wrap=True)
