"""Formulas as MathML, made when the site is built: they are shown without a network and without scripts."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

_SIZE = r"(\\[bB]igg?[lrm]?)\s*"
SIMPLER = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (_SIZE + r"\\[lr]vert(?![a-zA-Z])", r"\1|"),
        (_SIZE + r"\\[lr]Vert(?![a-zA-Z])", r"\1\\|"),
        (_SIZE + r"\\lbrace(?![a-zA-Z])", r"\1\\{"),
        (_SIZE + r"\\rbrace(?![a-zA-Z])", r"\1\\}"),
        (r"\\arg\\(min|max)(?![a-zA-Z])", r"\\operatorname*{arg\\,\1}"),
    )
)
"""Other ways to write the same, where the converter does not know the first."""

LOGGER = logging.getLogger(__name__)


def mathml(latex: str, display: str) -> str:
    """Return the MathML element of a formula.

    Parameters
    ----------
    latex : str
        The formula, without its dollars.
    display : {"inline", "block"}
        Whether it stands in a line of text or by itself.
    """
    for pattern, plain in SIMPLER:
        latex = pattern.sub(plain, latex)
    return convert(latex, display=display)


def not_understood(element: str) -> list[str]:
    """Return the commands that were left as they are in a MathML element."""
    return re.findall(r"\\[a-zA-Z]+", re.sub(r"<[^>]*>", "", element))


def _element(node: nodes.Element, display: str) -> str:
    latex = node.astext()
    element = mathml(latex, display)
    left = not_understood(element)
    if left:
        LOGGER.warning("formula not understood: %s in %r", ", ".join(left), latex, location=node)
    return element


def _inline(translator: Any, node: nodes.Element) -> None:
    translator.body.append(f'<span class="math">{_element(node, "inline")}</span>')
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.Element) -> None:
    translator.body.append(f'<div class="math">{_element(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
