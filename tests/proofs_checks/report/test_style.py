"""The style sheet: words can be read on their ground, light and dark, and nothing rests on a colour alone."""

from __future__ import annotations

import re

import pytest

from proofs_checks.evidence import Verdict
from proofs_checks.report.style import STYLE

LEAST = 4.5
"""Contrast that WCAG 2.1 asks of text of usual size."""

TONES = ("holds", "violated", "open", "error")
PAIRS = [("ink", "paper"), ("soft", "paper"), ("link", "paper"), ("ink", "panel"), ("soft", "panel"),
         *((tone, f"{tone}-bg") for tone in TONES), *(("ink", f"{tone}-bg") for tone in TONES)]  # fmt: skip


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", block))


LIGHT = colours(STYLE[: STYLE.index("@media")])
DARK = LIGHT | colours(STYLE[STYLE.index("@media (prefers-color-scheme:dark)") : STYLE.index("*{box-sizing")])
PRINTED = LIGHT | colours(STYLE[STYLE.index("@media print") :])


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    linear = []
    for k in (0, 2, 4):
        value = int(digits[k : k + 2], 16) / 255
        linear.append(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK, PRINTED], ids=["light", "dark", "printed"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_words_can_be_read_on_their_ground(scheme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(scheme[ink], scheme[ground]) >= LEAST


def test_the_measure_of_contrast_tells_grey_on_white_from_black() -> None:
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#999", "#fff") < LEAST


def test_light_and_dark_differ() -> None:
    assert luminance(LIGHT["paper"]) > 0.9
    assert luminance(DARK["paper"]) < 0.1


def test_every_verdict_has_a_sign_and_a_word_of_its_own() -> None:
    assert len({one.sign for one in Verdict}) == len({one.words for one in Verdict}) == len(Verdict)


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
