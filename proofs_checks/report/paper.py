"""A report as an appendix of a paper: a fragment for ``\\input``, tables with booktabs, figures as PDF."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

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
        r"\begingroup\raggedbottom\emergencystretch=2em",
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
                yield rf"\item {formula(claim)} ({escaped(result)}). {formula(why)}"
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
    yield rf"\caption{{{escaped(block.title)}. {escaped(block.alt)}{made}}}"
    yield r"\end{figure}"


def _table(block: Table) -> Iterator[str]:
    if not block.rows:
        return
    columns = _columns(block)
    head = " & ".join(_head(name) for name in block.head) + r" \\"
    heading = [r"\toprule", *([head, r"\midrule"] if any(block.head) else [])]
    rows = [f"{' & '.join(map(_cell, row))} \\\\" for row in block.rows]
    caption = escaped(block.caption)
    size = r"\scriptsize" if len(block.align) > 6 else r"\footnotesize"
    yield rf"\begingroup{size}\setlength{{\tabcolsep}}{{3pt}}"
    if len(rows) > _LONG:
        yield rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}"
        yield from ([rf"\caption{{{caption}}}\\"] if caption else [])
        yield from (*heading, r"\endfirsthead", *heading, r"\endhead", r"\bottomrule", r"\endfoot", *rows)
        yield r"\end{longtable}"
    else:
        yield r"\begin{center}"
        yield from ([rf"\textit{{{caption}}}\par\smallskip"] if caption else [])
        yield rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
        yield from (*heading, *rows, r"\bottomrule", r"\end{tabular}", r"\end{center}")
    yield r"\endgroup"


def _head(name: str) -> str:
    return escaped(name)


def _cell(cell: Cell) -> str:
    text = _words(cell.words)
    return rf"\multicolumn{{{cell.span}}}{{l}}{{{text}}}" if cell.span > 1 else text


def _columns(block: Table) -> str:
    """Return the columns: short ones as wide as they are, the others share what is left by the length of their text."""
    lengths = []
    for column, name in enumerate(block.head):
        texts = [_plain(row[column].words) for row in _unspanned(block.rows) if column < len(row)]
        lengths.append(max([len(name), *map(len, texts)]))
    # a letter of this size takes about this share of the width of the column
    letter = 0.0108 if len(block.align) > 6 else 0.0128
    narrow = [length <= _NARROW or align in "cr" for length, align in zip(lengths, block.align, strict=True)]
    gaps = 0.016 * (len(lengths) - 1)
    left = 0.99 - gaps - sum(length * letter for length, is_narrow in zip(lengths, narrow, strict=True) if is_narrow)
    weights = [0.0 if is_narrow else min(length, 80) ** 0.6 for length, is_narrow in zip(lengths, narrow, strict=True)]
    wide = sum(n * letter for n, is_narrow in zip(lengths, narrow, strict=True) if not is_narrow)
    if wide <= left:
        return "".join(block.align)
    found = []
    for align, weight in zip(block.align, weights, strict=True):
        width = max(left, 0.2) * weight / sum(weights)
        found.append(align if weight == 0 else rf">{{\raggedright\arraybackslash}}p{{{width:.3f}\linewidth}}")
    return "".join(found)


def _unspanned(rows: Sequence[Sequence[Cell]]) -> list[Sequence[Cell]]:
    return [row for row in rows if all(cell.span == 1 for cell in row)]


def _plain(words: Words) -> str:
    return "".join(part if isinstance(part, str) else part.words if isinstance(part, Badge) else part.text
                   for part in inlines(words))  # fmt: skip
