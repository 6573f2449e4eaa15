"""A cross-check as a notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..words import markdown_table, plain_words
from .finding import UNDECIDED, Finding

if TYPE_CHECKING:
    from .crosscheck import CrossCheck

__all__ = ["SIGNS", "crosscheck_shown"]

SIGNS = {"conforms": "✓", "differs": "✗", "undecided": "?", "could not run": "!"}
"""Of the outcomes of a cross-check."""

_LONGEST = 120  # of an answer: the evidence and all alternatives are on the page of the target


def crosscheck_shown(result: CrossCheck) -> str:
    """Return the verdict in words over a table: what each property is, and which invariances hold."""
    sign = SIGNS[result.outcome]
    parts = [f"**{sign} {plain_words(result.target)}**: {plain_words(result.headline)}"]
    parts += [f"- {plain_words(remark)}" for remark in result.remarks]
    findings = () if result.diagnosis is None else result.diagnosis.findings
    if findings:
        parts.append(markdown_table(["property", "answer"], [[one.property, _answer(one)] for one in findings]))
    if result.invariances:
        rows = [[one.name, one.outcome] for one in result.invariances]
        parts.append(markdown_table(["invariance", ""], rows))
    return "\n\n".join(parts)


def _answer(one: Finding) -> str:
    words = one.value if one.is_decided else f"{UNDECIDED}: {', or '.join((one.value, *one.alternatives))}"
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST].rsplit(' ', 1)[0]} …"
    return f"{words} (fault)" if one.is_fault else words
