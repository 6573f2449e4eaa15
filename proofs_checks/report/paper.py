"""A report as an appendix of a paper: a fragment for ``\\input``, tables with booktabs, figures as PDF."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

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
from .tex_words import escaped, formula

__all__ = ["PACKAGES", "fragment", "standalone"]

PACKAGES = ("amsmath", "amssymb", "booktabs", "longtable", "array", "graphicx")
"""What the fragment needs in the preamble."""

_LONG = 18  # rows of a table that may not fit what is left of a page
_MUCH = 1500  # letters of such a table
_MOST = 700  # letters of a cell: a row cannot be broken over pages
_MANY = 5  # columns beyond which letters are smaller
_MOST_NARROW = 0.8  # share of the width that short columns take before their heads are turned
_NARROW = 14  # letters of a column that is set without breaking lines
_HEADINGS = {2: "subsection", 3: "subsubsection"}
_VERBATIM_WIDTH = 90


def fragment(document: Document, drawn: Collection[str]) -> str:
    """Return the appendix; it starts a section of its own.

    Parameters
    ----------
    document : Document
        The report.
    drawn : collection of str
        Stems of the figures whose files are there.
    """
    lines = [
        rf"% needs \usepackage{{{','.join(PACKAGES)}}}",
        rf"\section{{{escaped(document.title)}}}",
        r"\begingroup\raggedbottom\sloppy",
        r"\renewcommand{\topfraction}{0.9}\renewcommand{\bottomfraction}{0.9}\renewcommand{\textfraction}{0.05}",
        r"\renewcommand{\floatpagefraction}{0.75}",
        *_blocks([*document.opening, *document.sections], document.figures, drawn),
        r"\endgroup",
        "",
    ]
    return "\n".join(lines)


def standalone(name: str) -> str:
    """Return a document that compiles the fragment of this file name on its own."""
    packages = "\n".join(rf"\usepackage{{{package}}}" for package in PACKAGES)
    return (
        "\\documentclass[10pt]{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{lmodern}\n"
        "\\usepackage[textwidth=5.5in,textheight=9in]{geometry}\n"
        f"{packages}\n\\begin{{document}}\n\\appendix\n\\input{{{name}}}\n\\end{{document}}\n"
    )


def _words(words: Words) -> str:
    return "".join(map(_inline, inlines(words)))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return escaped(part)
        case Code(text):
            return rf"\texttt{{{_breakable(text)}}}"
        case Formula(text):
            return formula(text)
        case Link(text, _):
            return escaped(text)
        case Badge(_, _, words):
            return rf"\emph{{{escaped(words)}}}"


def _breakable(text: str) -> str:
    """Return code that may break after its separators."""
    found = escaped(text)
    for sign in ("/", ",", r"\_", "="):
        found = found.replace(sign, rf"{sign}\allowbreak{{}}")
    return found.replace("--", "-{}-")


def _blocks(blocks: Sequence[Block], folder: str, drawn: Collection[str]) -> Iterator[str]:
    for block in blocks:
        yield from _block(block, folder, drawn)


def _block(block: Block, folder: str, drawn: Collection[str]) -> Iterator[str]:
    match block:
        case Paragraph(words, is_note):
            text = _words(words)
            yield rf"{{\small {text}\par}}" if is_note else rf"{text}\par"
        case Verdict(_, words):
            yield rf"\noindent\textbf{{{_words(words)}}}\par\medskip"
        case Verbatim(text):
            yield from _verbatim(text)
        case Listed(items, _):
            yield from (r"\begin{itemize}", *(rf"\item {_words(item)}" for item in items), r"\end{itemize}")
        case Steps(items):
            yield r"\begin{enumerate}"
            for claim, result, _, why in items:
                yield rf"\item {escaped(claim)} ({escaped(result)}). {escaped(why)}"
            yield r"\end{enumerate}"
        case Folded():
            pass  # on a screen only
        case Card(_, title, blocks):
            yield rf"\paragraph{{{escaped(title)}}}"
            yield from _blocks(blocks, folder, drawn)
        case Table():
            yield from _table(block)
        case Plot():
            yield from _plot(block, folder, drawn)
        case Section(title, blocks, level):
            yield ""
            yield rf"\{_HEADINGS.get(level, 'paragraph')}{{{escaped(title)}}}"
            yield from _blocks(blocks, folder, drawn)


def _verbatim(text: str) -> Iterator[str]:
    yield r"{\footnotesize\ttfamily\raggedright"
    for line in text.splitlines():
        left = len(line) - len(line.lstrip())
        yield rf"\noindent\hspace*{{{left}ex}}{_breakable(line.strip())}\par" if line.strip() else r"\medskip"
    yield "}"


def _plot(block: Plot, folder: str, drawn: Collection[str]) -> Iterator[str]:
    if block.stem not in drawn:
        yield rf"\emph{{No figure: {escaped(block.title)}.}}\par"
        return
    width = "" if block.is_broad else "0.8"
    seed = f", {escaped(block.seed)}" if block.seed else ""
    made = f" Remake: {_inline(Code(block.remake))}{seed}." if block.remake else ""
    yield r"\begin{figure}[htbp]\centering"
    yield rf"\includegraphics[width={width}\linewidth]{{{folder}/{block.stem}.pdf}}"
    yield rf"\caption{{{formula(block.title)}. {formula(block.alt)}{made}}}"
    yield r"\end{figure}"


def _table(block: Table) -> Iterator[str]:
    if not block.rows:
        return
    columns, is_turned = _columns(block)
    names = [rf"\rotatebox{{90}}{{{escaped(name)}}}" if is_turned and align == "c" else escaped(name)
             for name, align in zip(block.head, block.align, strict=True)]  # fmt: skip
    heading = [r"\toprule", *([" & ".join(names) + r" \\", r"\midrule"] if any(block.head) else [])]
    rows = [f"{' & '.join(map(_cell, row))} \\\\" for row in block.rows]
    caption = rf"\caption{{{escaped(block.caption)}}}" if block.caption else ""
    size = r"\scriptsize" if len(block.align) > _MANY else r"\footnotesize"
    size += r"\setlength{\tabcolsep}{3pt}"
    yield rf"\begingroup{size}"
    if len(rows) > _LONG or sum(map(len, rows)) > _MUCH:
        yield rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}"
        yield from ([rf"{caption}\\"] if caption else [])
        yield from (*heading, r"\endfirsthead", *heading, r"\endhead", r"\bottomrule", r"\endfoot", *rows)
        yield r"\end{longtable}"
    else:
        around = "table" if caption else "center"
        yield rf"\begin{{table}}[htbp]\centering{size}" if caption else r"\begin{center}"
        yield from ([caption] if caption else [])
        yield rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
        yield from (*heading, *rows, r"\bottomrule", r"\end{tabular}", rf"\end{{{around}}}")
    yield r"\endgroup"


def _cell(cell: Cell) -> str:
    words = cell.words
    if isinstance(words, str) and len(words) > _MOST:
        words = f"{words[:_MOST]}… (whole in the files of the run)"
    text = _words(words).replace(r"\_", r"\_\allowbreak{}")
    return rf"\multicolumn{{{cell.span}}}{{l}}{{{text}}}" if cell.span > 1 else text


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its letter, its longest cell, the longest word of cells and head, and the length of the head."""

    align: str
    longest: int
    word: int
    head: int

    @property
    def is_narrow(self) -> bool:
        """Return whether its cells are set without breaking lines."""
        return self.longest <= _NARROW or self.align in "cr"


def _columns(block: Table) -> tuple[str, bool]:
    """Return the columns, and whether the heads of signs are turned.

    Short columns are as wide as they are; the others share what is left by the length of their text.
    """
    letter = 0.0107 if len(block.align) > _MANY else 0.0122  # share of the width that a letter of this size takes
    gaps = 0.016 * (len(block.align) - 1)
    columns = [_column(block, k) for k in range(len(block.align))]
    if sum(max(c.longest, c.head) for c in columns) * letter + gaps <= 1:
        return block.align, False
    narrow = {k: c for k, c in enumerate(columns) if c.is_narrow}
    is_turned = sum(max(c.longest, c.word) for c in narrow.values()) * letter + gaps > _MOST_NARROW
    fixed = {k: (c.longest if is_turned and c.align == "c" else max(c.longest, c.word)) * letter
             for k, c in narrow.items()}  # fmt: skip
    left = max(1 - gaps - sum(fixed.values()), 0.2)
    weights = {k: min(c.longest, 120) ** 0.6 for k, c in enumerate(columns) if k not in fixed}
    widths = fixed | {k: left * weight / sum(weights.values()) for k, weight in weights.items()}
    set_ = [
        c.align if k in fixed and (c.head <= c.longest or (is_turned and c.align == "c"))
        else f"{_SET[c.align]}p{{{widths[k]:.3f}\\linewidth}}"
        for k, c in enumerate(columns)
    ]  # fmt: skip
    return "".join(set_), is_turned


_SET = {
    "l": r">{\raggedright\arraybackslash}",
    "c": r">{\centering\arraybackslash}",
    "r": r">{\raggedleft\arraybackslash}",
}


def _column(block: Table, k: int) -> _Column:
    texts = [_plain(row[k].words) for row in _unspanned(block.rows)]
    words = [word for text in (*texts, block.head[k]) for word in re.split(r"[\s_]", text)]
    longest = max(map(len, texts), default=1)
    return _Column(block.align[k], longest, max(map(len, words), default=1), len(block.head[k]))


def _unspanned(rows: Sequence[Sequence[Cell]]) -> list[Sequence[Cell]]:
    return [row for row in rows if all(cell.span == 1 for cell in row)]


def _plain(words: Words) -> str:
    return "".join(part if isinstance(part, str) else part.words if isinstance(part, Badge) else part.text
                   for part in inlines(words))  # fmt: skip
