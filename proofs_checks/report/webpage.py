"""A report as one page that opens without a network: figures are inside it, nothing is loaded, no script runs."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping

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
from .style import STYLE

__all__ = ["Images", "page_of", "rendered"]

Images = Mapping[str, bytes]
"""Stem of a figure to its PNG; one that could not be drawn is not there."""


def page_of(document: Document, images: Images) -> str:
    """Return the page."""
    body = [
        f"<header><h1>{_e(document.title)}</h1>{rendered(document.opening, images)}</header>",
        rendered(document.sections, images),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{_e(document.title)}</title>'
        f"<style>{STYLE}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def rendered(blocks: Iterable[Block], images: Images | None = None) -> str:
    """Return blocks as HTML."""
    return "".join(_block(block, images or {}) for block in blocks)


def _e(text: object) -> str:
    return html.escape(str(text))


def _id(place: str) -> str:
    return f' id="{_e(place)}"' if place else ""


def _words(words: Words) -> str:
    return "".join(map(_inline, inlines(words)))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return _e(part)
        case Code(text):
            return f"<code>{_e(text)}</code>"
        case Formula(text):
            return f'<span class="formula">{_e(text)}</span>'
        case Link(text, place):
            return f'<a href="#{_e(place)}">{_e(text)}</a>'
        case Badge(tone, sign, words):
            return f'<span class="badge {_e(tone)}">{_e(sign)}{"&nbsp;" if sign else ""}{_e(words)}</span>'


def _block(block: Block, images: Images) -> str:
    match block:
        case Paragraph(words, is_note):
            return f"<p{_css('note' if is_note else '')}>{_words(words)}</p>"
        case Verdict(tone, words):
            return f'<p class="verdict {_e(tone)}">{_words(words)}</p>'
        case Verbatim(text):
            return f"<pre>{_e(text)}</pre>"
        case Listed(items, is_note):
            inside = "".join(f"<li>{_words(item)}</li>" for item in items)
            return f"<ul{_css('note' if is_note else '')}>{inside}</ul>"
        case Steps():
            return _steps(block)
        case Folded(words, blocks, place):
            return f"<details{_id(place)}><summary>{_e(words)}</summary>{rendered(blocks, images)}</details>"
        case Card(tone, title, blocks):
            return f'<section class="card {_e(tone)}"><h2>{_e(title)}</h2>{rendered(blocks, images)}</section>'
        case Table():
            return _table(block, images)
        case Plot():
            return _plot(block, images)
        case Section():
            return _section(block, images)


def _steps(block: Steps) -> str:
    items = (
        f'<li><span class="claim">{_e(claim)}</span> <span aria-label="{_e(result)}">{_e(sign)}</span>'
        f'<br><span class="note">{_e(why)}</span></li>'
        for claim, result, sign, why in block.items
    )
    return f"<ol>{''.join(items)}</ol>"


def _section(block: Section, images: Images) -> str:
    tag, level = ("section", 2) if block.level == 2 else ("article", block.level)
    inside, figures = [], []
    for one in block.blocks:  # figures that follow one another stand side by side where there is room
        if isinstance(one, Plot):
            figures.append(_block(one, images))
            continue
        inside += _row(figures)
        figures = []
        inside.append(_block(one, images))
    inside += _row(figures)
    return f"<{tag}{_id(block.place)}><h{level}>{_e(block.title)}</h{level}>{''.join(inside)}</{tag}>"


def _row(figures: list[str]) -> list[str]:
    return [f'<div class="figures">{"".join(figures)}</div>'] if figures else []


def _plot(block: Plot, images: Images) -> str:
    if block.stem not in images:
        return f'<p class="note"{_id(block.place)}>No figure: {_e(block.title)}.</p>'
    data = base64.b64encode(images[block.stem]).decode()
    seed = f", {_e(block.seed)}" if block.seed else ""
    made = f"<br>Remake: <code>{_e(block.remake)}</code>{seed}" if block.remake else ""
    css = "broad" if block.is_broad else ""
    return (
        f'<figure class="{css}"{_id(block.place)}><img alt="{_e(block.alt)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{_e(block.title)}{made}</figcaption></figure>"
    )


_ALIGNED = {"l": "left", "c": "", "r": "number"}


def _table(block: Table, images: Images) -> str:
    css = [_ALIGNED[letter] for letter in block.align]
    head = "".join(
        f'<th scope="col"{_css("left" if align == "left" else "")}>{_e(name).replace(" = ", "&nbsp;=&nbsp;")}</th>'
        for name, align in zip(block.head, css, strict=True)
    )
    places = block.places or [""] * len(block.rows)
    rows = []
    for cells, place in zip(block.rows, places, strict=True):
        column, inside = 0, []
        for cell in cells:
            inside.append(_cell(cell, css[column], images, is_head=block.has_row_heads and column == 0))
            column += cell.span
        rows.append(f"<tr{_id(place)}>{''.join(inside)}</tr>")
    caption = f"<caption>{_e(block.caption)}</caption>" if block.caption else ""
    thead = f"<thead><tr>{head}</tr></thead>" if any(block.head) else ""
    body = "".join(rows)
    return f'<div class="wide"><table{_css(block.css)}>{caption}{thead}<tbody>{body}</tbody></table></div>'


def _css(name: str) -> str:
    return f' class="{_e(name)}"' if name else ""


def _cell(cell: Cell, align: str, images: Images, *, is_head: bool) -> str:
    tag = 'th scope="row"' if is_head else "td"
    css = " ".join(name for name in (align, cell.tone) if name)
    title = f' title="{_e(cell.title)}"' if cell.title else ""
    span = f' colspan="{cell.span}"' if cell.span > 1 else ""
    inside = _words(cell.words)
    if cell.target:
        aria = f' aria-label="{_e(cell.aria)}"' if cell.aria else ""
        inside = f'<a href="#{_e(cell.target)}"{aria}>{inside}</a>'
    if cell.leads:
        inside += f'<span class="leads">{" ".join(map(_inline, cell.leads))}</span>'
    return f"<{tag}{_css(css)}{title}{span}>{inside}{rendered(cell.more, images)}</{tag.split()[0]}>"
