"""Formulas: every one on every page becomes MathML, and nothing of its LaTeX is left over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, extension, pages


def formulas_of(text: str) -> list[str]:
    """Return the LaTeX between the dollars of a page, outside code."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return [m[1] or m[2] for m in re.finditer(r"\$\$(.*?)\$\$|\$([^$]+)\$", prose, flags=re.DOTALL)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_formula_of_a_page_is_understood(page: Path) -> None:
    mathml = extension("mathml", "latex2mathml", "sphinx")
    found = {latex: mathml.mathml(latex, "block") for latex in formulas_of(page.read_text(encoding="utf-8"))}
    assert {latex: left for latex, element in found.items() if (left := mathml.not_understood(element))} == {}


def test_an_unknown_command_is_noticed() -> None:
    mathml = extension("mathml", "latex2mathml", "sphinx")
    assert mathml.not_understood(mathml.mathml(r"\schatten x + \Bigl\schatten", "inline"))


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\lVert x\rVert_q", '<mo form="prefix" stretchy="false">‖</mo><mi>x</mi><msub><mo form="postfix"'),
        (r"\langle a\rangle", '<mo form="prefix" stretchy="false">⟨</mo>'),
        (r"p = \infty", "<mi>&#x0221E;</mi>"),
        (r"A \succeq B", "<mo>&#x02AB0;</mo>"),
        (r"\ln 2", '<mi>ln</mi><mspace width="0.167em" /><mn>2</mn>'),
        (r"\Bigl\lVert a\Bigr\rVert^2", "<msup><mrow><mo "),
    ],
)
def test_delimiters_and_functions_keep_their_meaning(latex: str, expected: str) -> None:
    assert expected in extension("mathml", "latex2mathml", "sphinx").mathml(latex, "inline")
