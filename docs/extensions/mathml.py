"""Formulas as MathML, made when the site is built: they are shown without a network and without scripts."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)

FENCES = {
    "lVert": ("prefix", "‖"), "rVert": ("postfix", "‖"), "lvert": ("prefix", "|"), "rvert": ("postfix", "|"),
    "langle": ("prefix", "⟨"), "rangle": ("postfix", "⟩"), "lbrace": ("prefix", "{"), "rbrace": ("postfix", "}"),
}  # fmt: skip
"""Commands of delimiters to their place and sign; of a fixed size unless they come with ``\\left`` or ``\\right``."""

_STAND_IN = {name: chr(0xE000 + i) for i, name in enumerate(FENCES)}  # private letters, so that left and right differ
_RELATIONS = "&#x02AB0;|&#x02AAF;|&#x000B1;|&#x027C2;|&#x027FA;"  # ⪰ ⪯ ± ⟂ ⟺, which the converter takes for letters
_FUNCTIONS = "arg|cosh|cos|exp|inf|ln|log|sinh|sin|tanh|tan"


def mathml(latex: str, display: str) -> str:
    """Return the MathML element of a formula.

    Parameters
    ----------
    latex : str
        The formula, without its dollars.
    display : {"inline", "block"}
        Whether it stands in a line of text or by itself.
    """
    return _after(convert(_before(latex), display=display))


def _before(latex: str) -> str:
    """Return a formula in other words, where the converter does not know the first or loses their meaning."""
    latex = re.sub(r"\\arg\\(min|max)(?![a-zA-Z])", r"\\operatorname*{arg\\,\1}", latex)
    # pairs of a fixed size are grouped with what is between them, else a power of the second loses its size
    if len(re.findall(r"\\[bB]igg?l(?![a-zA-Z])", latex)) == len(re.findall(r"\\[bB]igg?r(?![a-zA-Z])", latex)):
        latex = re.sub(r"\\[bB]igg?l(?![a-zA-Z])\s*", r"\\left", latex)
        latex = re.sub(r"\\[bB]igg?r(?![a-zA-Z])\s*", r"\\right", latex)
    for name, letter in _STAND_IN.items():
        latex = re.sub(rf"(?<!\\left)(?<!\\right)\\{name}(?![a-zA-Z])\s?", letter, latex)
    return latex


def _after(element: str) -> str:
    """Return the element with delimiters of the right kind and room after the names of functions."""
    for name, (form, sign) in FENCES.items():
        mark = f'<mo form="{form}" stretchy="false">{sign}</mo>'
        element = re.sub(rf"<m[ion]>{_STAND_IN[name]}</m[ion]>", mark, element)
    element = element.replace("<mo>&#x0221E;</mo>", "<mi>&#x0221E;</mi>")  # a number: no room around it
    element = re.sub(rf"<mi>({_RELATIONS})</mi>", r"<mo>\1</mo>", element)
    element = element.replace("<mo>&#x0002F;</mo>", '<mo lspace="0" rspace="0">&#x0002F;</mo>')
    return re.sub(rf"(<mi>(?:{_FUNCTIONS})</mi>)(?!<mo|</)", r'\1<mspace width="0.167em" />', element)


def not_understood(element: str) -> list[str]:
    """Return what was left as it was in a MathML element: commands, and stand-ins for delimiters."""
    return re.findall(r"\\(?:[a-zA-Z]+|\S)|[\ue000-\uf8ff]", re.sub(r"<[^>]*>", " ", element))


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
