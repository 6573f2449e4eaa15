"""Markdown that a notebook shows: tables of words, and words in which no markup is found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["escaped_words", "markdown_table", "plain_words"]


def escaped_words(text: str) -> str:
    """Return text in which Markdown finds no emphasis, no markup, no formula and no border of a cell."""
    return re.sub(r"([\\`*_<>\[\]#$|])", r"\\\1", text)


def plain_words(text: str) -> str:
    """Return words on one line, for which the same holds.

    Examples
    --------
    >>> print(plain_words("T5* of f(x_0)"))
    T5\\* of f(x\\_0)
    """
    return escaped_words(" ".join(text.split()))


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of plain words.

    Examples
    --------
    >>> print(markdown_table(["a"], [["1|2"]]))
    | a |
    | --- |
    | 1\\|2 |
    """
    lines = [head, ["---"] * len(head), *([plain_words(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
