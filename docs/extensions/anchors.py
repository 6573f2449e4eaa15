"""Anchors of statements: those written as HTML become targets, and each statement of the theory leads to its checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from proofs_checks.statements import STATEMENTS

WRITTEN = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)


def with_targets(text: str) -> str:
    """Return a page whose HTML anchors are targets that a link may name."""
    return WRITTEN.sub(r"(\1)=", text)


def anchor(statement: str) -> str:
    """Return the anchor of a statement on the page of claims."""
    return statement.lower().replace("*", "-star").replace("'", "-prime")


def _plain(statement: str) -> str:
    return statement.replace("*", "\\*")


def heading_of(statement: str, lines: list[str]) -> int | None:
    """Return the number of the heading that a statement stands under: its own, else the one above its first mention."""
    name = re.escape(statement).replace("'", "['′]").replace(r"\*", r"\\?\*")
    named = re.compile(rf"(?<!\w){name}(?![\w*′'\\-])")
    mentions = [number for number, line in enumerate(lines) if named.search(line)]
    headings = [number for number, line in enumerate(lines) if line.startswith("#")]
    own = [number for number in mentions if number in headings]
    if own:
        return own[0]
    above = [number for number in headings if mentions and number < mentions[0]]
    return above[-1] if above else None


def with_checks(text: str, page: str) -> str:
    """Return a page of the theory in which each statement has a target and a line that leads to its checks.

    Parameters
    ----------
    text : str
        The page.
    page : str
        Its path from the root of the repository.
    """
    lines = text.split("\n")
    here: dict[int, list[str]] = {}
    for statement in STATEMENTS.values():
        if statement.document.split("#")[0] == page:
            number = heading_of(statement.id, lines)
            if number is not None:
                here.setdefault(number, []).append(statement.id)
    for number in sorted(here, reverse=True):
        targets = [f"(statement-{anchor(one)})=" for one in here[number]]
        leads = ", ".join(f"[{_plain(one)}](../claims.md#{anchor(one)})" for one in here[number])
        lines[number : number + 1] = [*targets, lines[number], "", f"*Checks of {leads}*", ""]
    return "\n".join(lines)


def _read(app: Any, docname: str, source: list[str]) -> None:
    source[0] = with_targets(source[0])
    if docname.startswith("theory/"):
        source[0] = with_checks(source[0], f"docs/{Path(docname).as_posix()}.md")


def setup(app: Any) -> dict[str, bool]:
    """Register the event."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
