"""Proofs as text, as LaTeX and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..files import disk, write_file
from ..proof import Proof, Step
from ..rigorous.balls import Decision
from ..statements import STATEMENTS

__all__ = ["JSON", "LATEX", "SCHEMA", "as_json", "as_latex", "as_text", "export"]

JSON, LATEX, SCHEMA = "proofs.json", "proofs.tex", 1

_SIGNS = {Decision.PROVED: "✓", Decision.REFUTED: "✗", Decision.UNDECIDED: "?"}
_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip


def as_text(proof: Proof) -> Iterator[str]:
    """Yield the lines of a proof as it is printed: hypotheses marked ·, steps by what was found."""
    sign = _SIGNS[proof.verdict]
    yield f"{sign} {proof.statement}  {title(proof)}  ({proof.kind}, {len(proof.steps)} steps, {proof.seconds:.1f} s)"
    for i, step in enumerate(proof.steps, 1):
        yield f"  {i:3} {_mark(step)} {step.claim}"
        yield f"        {step.justification}"


def _mark(step: Step) -> str:
    return "·" if step.role == "hypothesis" and step.result is Decision.PROVED else _SIGNS[step.result]


def title(proof: Proof) -> str:
    """Return the name as a sentence."""
    words = proof.name.replace("_", " ")
    return words[:1].upper() + words[1:]


def as_json(proofs: Iterable[Proof]) -> dict[str, Any]:
    """Return the proofs as one strict JSON value."""
    return {"schema": SCHEMA, "proofs": [proof.to_dict() for proof in proofs]}


def as_latex(proofs: Sequence[Proof]) -> str:
    """Return a document for LuaLaTeX or XeLaTeX with one section for each statement and a table of the verdicts."""
    lines = [
        r"\documentclass{article}",
        r"\usepackage{amsmath,amssymb,fontspec,breqn}",
        r"\setlength{\parindent}{0pt}",
        r"\title{Derivations and certificates}\date{}",
        r"\begin{document}\maketitle\sloppy",
    ]
    for statement in dict.fromkeys(proof.statement for proof in proofs):
        heading = f"{statement}: {STATEMENTS[statement].title}" if statement in STATEMENTS else statement
        lines.append(rf"\section*{{{escaped(heading)}}}")
        for proof in proofs:
            if proof.statement == statement:
                lines += _section(proof)
    return "\n".join([*lines, r"\end{document}", ""])


def _section(proof: Proof) -> Iterator[str]:
    yield rf"\subsection*{{{escaped(title(proof))}}}"
    yield rf"\emph{{{proof.kind}, {proof.verdict.value}, {proof.seconds:.1f} seconds}}"
    if proof.certificate is not None:
        yield rf"\par Certificate: \texttt{{{escaped(str(proof.certificate.get('file', 'in the JSON file')))}}}"
    yield r"\begin{enumerate}"
    for step in proof.steps:
        note = "" if step.result is Decision.PROVED else rf" \textbf{{{step.result.value}}}"
        role = "" if step.role == "step" else rf" \textsc{{{step.role}}}"
        yield rf"\item \begin{{dmath*}} {step.latex} \end{{dmath*}}{escaped(step.justification)}{role}{note}"
    yield r"\end{enumerate}"


def escaped(text: str) -> str:
    """Return text that LaTeX prints as it is."""
    return re.sub(r"[\\{}_&%#$^~]", lambda found: _ESCAPES[found.group()], text)


def export(proofs: Sequence[Proof], folder: Path) -> tuple[Path, Path]:
    """Write ``proofs.json`` and ``proofs.tex`` and return their paths.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    with disk(folder, "prove"):
        folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(as_json(proofs), allow_nan=False, ensure_ascii=False, indent=1)
    files = {folder / JSON: content + "\n", folder / LATEX: as_latex(proofs)}
    for path, text in files.items():
        write_file(path, text.encode(), "prove")
    return folder / JSON, folder / LATEX
