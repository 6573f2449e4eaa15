"""What a report is made of, without a format: sections, tables, figures, and text with a few marks in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

__all__ = [
    "Badge", "Block", "Card", "Cell", "Code", "Document", "Folded", "Formula", "Inline", "Link", "Listed", "Paragraph",
    "Plot", "Section", "Steps", "Table", "Verbatim", "Verdict", "Words", "inlines", "plots_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Code:
    """Something to type, or a name of a file."""

    text: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A sentence with mathematics in it, in Unicode."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a place of the same document."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A verdict: its tone for the colour, a sign and a word that say the same."""

    tone: str
    sign: str
    words: str


Inline = str | Code | Formula | Link | Badge
Words = Inline | Sequence[Inline]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a note is set smaller."""

    words: Words
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome in words; tone is "holds", "violated", "open" or "error"."""

    tone: str
    words: Words


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines that are shown as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A list without numbers."""

    items: Sequence[Words]
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """A numbered list: claim, result as a word and as a sign, justification."""

    items: Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class Folded:
    """Details that a screen shows on demand; a format for paper leaves them out."""

    words: str
    blocks: Sequence[Block]
    place: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What must not be overlooked."""

    tone: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    words : Words
        What it says.
    tone : str
        A verdict, for its colour.
    target : str
        Place of the document that the words lead to.
    title : str
        More words, where a format can show them on demand.
    leads : tuple of Link
        Further places.
    more : tuple of Block
        Details below the words, where a format can fold them.
    span : int
        How many columns it takes.
    aria : str
        What a sign means.
    """

    words: Words
    tone: str = ""
    target: str = ""
    title: str = ""
    leads: Sequence[Link] = ()
    more: Sequence[Block] = ()
    span: int = 1
    aria: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``align`` has a letter for each column: "l" for text, "c" for signs and short words, "r" for numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    align: str
    caption: str = ""
    css: str = ""
    places: Sequence[str] = ()
    has_row_heads: bool = True


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure: drawn anew for each format, or taken from the folder of a run.

    Attributes
    ----------
    stem : str
        Name of its file, unique in the document.
    title, alt : str
        What it is, and what can be seen in it.
    remake : str
        The command that makes its numbers again.
    seed : str
        The seed, where the command does not hold it.
    draw : callable, optional
        Returns the figure, or None where there is nothing to draw.
    stored : Path, optional
        The file of a figure without its suffix, when it cannot be drawn from what the run has kept.
    is_broad : bool
        Whether it needs the whole width.
    place : str
        The place that links name.
    """

    stem: str
    title: str
    alt: str
    remake: str = ""
    seed: str = ""
    draw: Callable[[], Figure | None] | None = None
    stored: Path | None = None
    is_broad: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a level and what stands under it."""

    title: str
    blocks: Sequence[Block]
    level: int = 2
    place: str = ""


Block = Paragraph | Verdict | Verbatim | Listed | Steps | Folded | Card | Table | Plot | Section


@dataclass(frozen=True, slots=True)
class Document:
    """A report: its title, what stands at the top, and its sections."""

    title: str
    opening: Sequence[Block]
    sections: Sequence[Section]
    figures: str = field(default="figures")


def inlines(words: Words) -> tuple[Inline, ...]:
    """Return words as the parts they consist of."""
    return (words,) if isinstance(words, str | Code | Formula | Link | Badge) else tuple(words)


def plots_of(blocks: Sequence[Block]) -> Iterator[Plot]:
    """Yield the figures of a document in their order."""
    for block in blocks:
        if isinstance(block, Plot):
            yield block
        elif isinstance(block, Section | Card | Folded):
            yield from plots_of(block.blocks)
