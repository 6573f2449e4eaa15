"""The report: well-formed, complete, and without anything from a network."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from proofs_checks.empirical import CHECKS, Context
from proofs_checks.evidence import Verdict
from proofs_checks.ledger import read_ledger
from proofs_checks.report.figures import DRAWINGS, draw_measured
from proofs_checks.report.page import write_report
from proofs_checks.report.tightness import TIGHTNESS_CHECK, tightness_of
from schattor_theory.errors import StoreError
from tests.proofs_checks.ledgers import entry, ledger

VOID = {"meta", "img", "br", "link", "hr"}


class Reader(HTMLParser):
    """Checks that tags close in order, and keeps what a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.anchors: set[str] = set()
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.references += [values[name] or "" for name in ("src", "href") if name in values]
        self.anchors |= {values["id"] or ""} if "id" in values else set()
        if tag == "img":
            self.images.append(values)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def row(p: str, world: str, ratio: float) -> dict[str, object]:
    return {
        "p": p,
        "world": world,
        "ratio": ratio,
        "ratio_low": ratio,
        "ratio_high": ratio,
        "sense": "upper",
        "bound": 1.0,
    }


RATIOS = (("2", "a", 0.3), ("inf", "a", 0.2), ("2", "b", 0.9), ("inf", "b", 1.0))
TIGHT = entry(
    statement="T5", check=TIGHTNESS_CHECK, figure="tightness.png", data={"rows": [row(*ratio) for ratio in RATIOS]}
)


def page(tmp_path: Path, *entries: object) -> Reader:
    path = write_report(ledger(*entries), tmp_path)  # type: ignore[arg-type]
    return Reader(path.read_text(encoding="utf-8"))


def test_opens_without_a_network(tmp_path: Path) -> None:
    found = page(tmp_path, TIGHT, entry(Verdict.VIOLATED, witness={"x": [math.inf]}))
    outside = [r for r in found.references if not r.startswith(("#", "data:image/png;base64,"))]
    assert outside == []
    assert {r[1:] for r in found.references if r.startswith("#")} <= found.anchors
    assert "://" not in found.text


def test_the_steps_of_a_real_derivation_are_on_the_page_and_led_to(tmp_path: Path) -> None:
    check = min((c for c in CHECKS if c.kind == "symbolic"), key=lambda c: c.cost)
    made = check.run(Context(seed=1))
    found = page(tmp_path, made)
    assert {r[1:] for r in found.references if r.startswith("#")} <= found.anchors
    assert made.data["steps"][0]["claim"] in found.text


def test_every_figure_is_described(tmp_path: Path) -> None:
    found = page(tmp_path, TIGHT)
    assert len(found.images) == 2
    assert all(len(image["alt"] or "") > 20 for image in found.images)
    assert "Remake: schattor verify --only T5 --seed 0 --level quick" in found.text


def test_the_page_of_a_run_does_not_speak_of_what_that_run_itself_keeps(tmp_path: Path) -> None:
    # the file is removed when the page is there
    (tmp_path / "unfinished.jsonl").write_text("{}\n", encoding="utf-8")
    assert "not finished" not in page(tmp_path, TIGHT).text


def test_names_the_verdict_first_and_the_unchecked(tmp_path: Path) -> None:
    found = page(tmp_path, entry(), entry(Verdict.VIOLATED, detail="Too large.", witness={"seed": 3}))
    assert found.text.index("Violated: T1 (is_violated)") < found.text.index("Statements and kinds of evidence")
    assert '"seed": 3' in found.text
    assert "unchecked" in found.text


def test_says_what_could_not_run(tmp_path: Path) -> None:
    found = page(tmp_path, entry(Verdict.INCONCLUSIVE, status="error: ValueError: <no>"))
    assert "A check could not run" in found.text
    assert "error: ValueError: <no>" in found.text


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    found = page(tmp_path, entry(detail='<script src="x">alert(1)</script>'))
    assert "x" not in found.references
    assert "alert(1)" in found.text


def test_tightness_is_the_ratio_of_each_exponent() -> None:
    two, infinity = tightness_of(ledger(TIGHT))
    assert (two.p, two.lowest, two.highest) == ("2", 0.3, 0.9)
    assert (infinity.p, infinity.lowest, infinity.highest) == ("inf", 0.2, 1.0)
    assert tightness_of(ledger(entry())) == []


def test_every_figure_a_check_names_can_be_drawn() -> None:
    assert {check.figure for check in CHECKS if check.figure} == set(DRAWINGS)
    for drawing in DRAWINGS.values():
        assert drawing.title
        assert drawing.alt.endswith(".")


@pytest.mark.parametrize(
    "check",
    [pytest.param(c, id=c.name, marks=pytest.mark.slow if c.cost > 0.5 else ()) for c in CHECKS if c.figure],
)
def test_figures_are_drawn_from_the_ledger_alone(check: object, tmp_path: Path) -> None:
    made = ledger(check.run(Context(seed=1)))  # type: ignore[attr-defined]
    made.write(tmp_path / "ledger.json")
    write_report(read_ledger(tmp_path / "ledger.json"), tmp_path)
    assert (tmp_path / "figures" / f"{check.figure}.png").stat().st_size > 5000  # type: ignore[attr-defined]


def test_no_ratio_no_overview() -> None:
    with pytest.raises(ValueError, match="no entry has a measured ratio"):
        draw_measured([entry()])
    figure = draw_measured([TIGHT])
    assert np.isclose(figure.axes[0].get_xlim()[1], 1.08)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="verify: out must be a folder that can be read and written, got out="):
        write_report(ledger(TIGHT), tmp_path / "file")
