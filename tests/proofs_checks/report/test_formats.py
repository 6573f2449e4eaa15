"""The three formats say the same; the appendix compiles, the Markdown has its figures, the page needs nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from proofs_checks.evidence import Verdict
from proofs_checks.report.blocks import Plot
from proofs_checks.report.drawing import images_of
from proofs_checks.report.page import FORMATS, write_document
from proofs_checks.report.reading import read_runs
from proofs_checks.report.run import Run
from schattor_theory.errors import StoreError
from tests.proofs_checks.ledgers import entry
from tests.proofs_checks.report import folders
from tests.proofs_checks.report.test_page import Reader
from tests.proofs_checks.report.tex_structure import faults_of

HOSTILE = entry(check="50 % of_{x} & #1 $β$ ~^\\", detail="‖Z‖ ≤ σ | <b> `code` * [link](x) …", statement="T2")
LONG = entry(check="long", detail="word " * 400, statement="T3")
BROKEN = entry(Verdict.VIOLATED, check="broken", witness={"x_1": ["a & b", None]}, statement="T4d")
LOST = entry(Verdict.INCONCLUSIVE, check="lost", status="error: ValueError: no_such", statement="T5")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Run]:
    root = tmp_path_factory.mktemp("runs")
    return read_runs([
        folders.verify(root / "verify", entry(), HOSTILE, LONG, BROKEN, LOST, folders.TIGHT, folders.MISALIGNMENT),
        folders.study(root / "small"), folders.tightness(root / "tightness"), folders.constants(root / "constants"),
        folders.crosscheck(root / "cross_check", "conforms", "differs"),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def written(runs: Sequence[Run], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("written")
    return {kind: write_document(runs, root / "new" / kind, kind) for kind in FORMATS}


@pytest.fixture(scope="module")
def appendix(written: dict[str, Path]) -> Path:
    return written["tex"]


def test_the_appendix_has_no_fault(appendix: Path) -> None:
    text = appendix.read_text(encoding="utf-8")
    assert faults_of(text, appendix.parent) == []
    assert text.count(r"\includegraphics") == len(list((appendix.parent / "figures").glob("*.pdf"))) >= 5
    assert r"\toprule" in text
    assert r"\begin{longtable}" in text
    assert r"50 \% of \{x\} \& \#1 \$$\beta$\$" in text


def test_a_planted_fault_in_the_appendix_is_found(appendix: Path) -> None:
    text = appendix.read_text(encoding="utf-8")
    assert faults_of(text.replace(r"\end{longtable}", "", 1), appendix.parent)
    assert faults_of(text.replace(" & ", " ", 1), appendix.parent)
    assert faults_of(text.replace(r"\{x\}", "{x}}", 1), appendix.parent)


def test_a_legend_is_never_wider_than_its_figure() -> None:
    seen = []

    def draw() -> Figure:
        figure, axes = plt.subplots(figsize=(10, 4), layout="constrained")
        for k in range(5):
            axes.plot([0, 1], label=f"a label of some length, number {k}")
        figure.legend(loc="outside lower center", ncols=5)
        seen.append(figure)
        return figure

    assert images_of([Plot("a", "A", "B.", draw=draw, is_broad=True)], is_paper=True)
    (figure,) = seen
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][4] == "a label of some length, number 4"
    assert legend.get_window_extent().width <= figure.bbox.width


@pytest.mark.slow
def test_the_appendix_compiles(appendix: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not here: the appendix was read, not compiled")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "standalone.tex"]
    found = subprocess.run(command, cwd=appendix.parent, capture_output=True, timeout=120, check=False)
    log = (appendix.parent / "standalone.log").read_text(encoding="utf-8", errors="replace")
    if "not found" in log and ".sty" in log:
        pytest.skip("pdflatex is here without a package that the appendix needs")
    assert found.returncode == 0, log[-3000:]
    # a line may stick out by a letter, not by a column
    assert [w for w in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(w) > 20] == []
    assert (appendix.parent / "standalone.pdf").stat().st_size > 50_000


def test_figures_of_the_appendix_are_set_in_computer_modern_in_the_width_of_the_column(appendix: Path) -> None:
    for path in (appendix.parent / "figures").glob("*.pdf"):
        content = path.read_bytes()
        assert re.search(rb"/FontName /[A-Z]+\+Cmr10", content), path.name
        box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", content)
        assert box is not None
        assert float(box[1]) == pytest.approx(72 * 5.5, abs=0.1) or float(box[1]) == pytest.approx(72 * 4.4, abs=0.1)


def test_markdown_has_its_figures_and_tables(written: dict[str, Path]) -> None:
    path = written["md"]
    text = path.read_text(encoding="utf-8")
    linked = re.findall(r"!\[[^\n]*\]\((figures/[^)]*)\)", text)
    assert sorted(linked) == sorted(f"figures/{p.name}" for p in (path.parent / "figures").iterdir())
    assert len(linked) >= 5
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table
    assert r"\<b\> \`code\` \* \[link\](x)" in text


def test_a_page_holds_everything_in_one_file(written: dict[str, Path]) -> None:
    path = written["html"]
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    page = Reader(path.read_text(encoding="utf-8"))
    assert all(reference.startswith(("#", "data:")) for reference in page.references)
    assert {r[1:] for r in page.references if r.startswith("#")} <= page.anchors
    assert all(image["alt"] for image in page.images)


def test_places_of_a_page_are_unique(written: dict[str, Path]) -> None:
    text = written["html"].read_text(encoding="utf-8")
    places = re.findall(r' id="([^"]*)"', text)
    assert len(set(places)) == len(places)


def test_all_formats_say_the_verdict_and_the_violation(written: dict[str, Path]) -> None:
    for kind, path in written.items():
        text = path.read_text(encoding="utf-8")
        for words in ("Something is violated, in verify", "T4d is violated", "could not run"):
            assert words in text, kind


def test_a_figure_that_cannot_be_drawn_is_missed_in_words(tmp_path: Path) -> None:
    # data of another version: the figure's numbers are not there
    folder = folders.verify(tmp_path / "run", entry(figure="misalignment.png", data={"other": 1}))
    title = "Loss of alignment against the size of the error (T1)"
    for kind in FORMATS:
        text = write_document(read_runs([folder]), tmp_path / kind, kind).read_text(encoding="utf-8")
        assert f"No figure: {title}" in text.replace("\\", ""), kind


@pytest.mark.parametrize("kind", list(FORMATS))
def test_a_folder_that_cannot_be_written_is_named(kind: str, runs: Sequence[Run], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match=r"report: out must be a folder that can be read and written, got out=.*--out"):
        write_document(runs[:1], tmp_path / "file", kind)
