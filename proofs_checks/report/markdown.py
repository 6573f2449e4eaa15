"""A report as one Markdown file with its figures in a folder beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from ..words import escaped_words
from .blocks import (
    Badge,
    Block,
    Card,
    Cell,
    Code,
    Document,
    Folded,
    Formula,
    Inline,
    Link,
    Listed,
    Paragraph,
    Plot,
    Section,
    Steps,
    Table,
    Verbatim,
    Verdict,
    Words,
    inlines,
)

__all__ = ["text_of"]


def text_of(document: Document, drawn: Collection[str]) -> str:
    """Return the text; ``drawn`` has the stems of the figures whose files are there."""
    lines = [f"# {escaped_words(document.title)}", *_blocks(document.opening, document.figures, drawn)]
    return "\n\n".join([*lines, *_blocks(document.sections, document.figures, drawn)]) + "\n"


def _words(words: Words) -> str:
    return "".join(map(_inline, inlines(words)))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return escaped_words(part)
        case Code(text):
            return f"`` {text} ``" if "`" in text else f"`{text}`"
        case Formula(text) | Link(text, _):
            return escaped_words(text)
        case Badge(_, sign, words):
            return f"{sign} {words}" if sign else f"({words})"


def _blocks(blocks: Sequence[Block], folder: str, drawn: Collection[str]) -> Iterator[str]:
    for block in blocks:
        yield from _block(block, folder, drawn)


def _block(block: Block, folder: str, drawn: Collection[str]) -> Iterator[str]:
    match block:
        case Paragraph(words):
            yield _words(words)
        case Verdict(_, words):
            yield f"**{_words(words)}**"
        case Verbatim(text):
            yield "\n".join(f"    {line}" for line in text.splitlines())
        case Listed(items):
            yield "\n".join(f"- {_words(item)}" for item in items)
        case Steps(items):
            yield "\n".join(
                f"{k}. {escaped_words(claim)} {sign} {escaped_words(why)}"
                for k, (claim, _, sign, why) in enumerate(items, 1)
            )
        case Folded():
            pass  # on a page only
        case Card(_, title, blocks):
            yield f"**{escaped_words(title)}**"
            yield from _blocks(blocks, folder, drawn)
        case Table():
            yield from _table(block)
        case Plot():
            yield from _plot(block, folder, drawn)
        case Section(title, blocks, level):
            yield f"{'#' * level} {escaped_words(title)}"
            yield from _blocks(blocks, folder, drawn)


def _plot(block: Plot, folder: str, drawn: Collection[str]) -> Iterator[str]:
    if block.stem not in drawn:
        yield f"No figure: {escaped_words(block.title)}."
        return
    yield f"![{escaped_words(block.alt)}]({folder}/{block.stem}.png)"
    seed = f", {escaped_words(block.seed)}" if block.seed else ""
    made = f" Remake: {_inline(Code(block.remake))}{seed}" if block.remake else ""
    yield f"*{escaped_words(block.title)}.*{made}"


_RULES = {"l": "---", "c": ":-:", "r": "--:"}


def _table(block: Table) -> Iterator[str]:
    if not block.rows:
        return
    lines = [_line(escaped_words(name) for name in block.head), _line(_RULES[letter] for letter in block.align)]
    lines += [_line(part for cell in row for part in (_cell(cell), *[""] * (cell.span - 1))) for row in block.rows]
    yield from ([f"**{escaped_words(block.caption)}**"] if block.caption else [])
    yield "\n".join(lines)


def _cell(cell: Cell) -> str:
    return _words(cell.words)


def _line(cells: Iterator[str]) -> str:
    # a border of a cell inside code is escaped as well
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell).replace("\n", " ") for cell in cells) + " |"
