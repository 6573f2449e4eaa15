"""The report as a whole: verdict first, what was not run, a figure for each question or the command that makes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs_checks.evidence import Verdict
from proofs_checks.report.blocks import Document, plots_of
from proofs_checks.report.markdown import text_of
from proofs_checks.report.reading import read_runs
from proofs_checks.report.run import TOPICS, Run
from proofs_checks.report.sections import document_of, exit_code_of, verdict_of
from tests.proofs_checks.ledgers import entry
from tests.proofs_checks.report import folders


def report(*places: Path) -> tuple[Document, str]:
    document = document_of(read_runs(places))
    return document, text_of(document, set())


def run(name: str, code: int = 0, kind: str = "verify") -> Run:
    return Run(name=name, kind=kind, words=f"{name} says so.", exit_code=code)


@pytest.mark.parametrize(
    ("runs", "code", "words"),
    [
        ([run("a")], 0, "a says so."),
        ([run("a"), run("b")], 0, "Nothing is violated."),
        ([run("a", 1), run("b", 3)], 1, "Something is violated, in a. Not everything could run, or is finished, in b."),
        ([run("a"), run("b", 3)], 3, "Nothing is violated. Not everything could run, or is finished, in b."),
        ([run("a"), run("b", 1, "crosscheck")], 1, "Nothing is violated. A target differs, in b."),
    ],
)
def test_the_worst_verdict_is_the_verdict(runs: list[Run], code: int, words: str) -> None:
    assert exit_code_of(runs) == code
    assert verdict_of(runs) == words


def test_the_verdict_stands_first_and_what_was_not_run_beside_it(tmp_path: Path) -> None:
    _, text = report(folders.verify(tmp_path / "run"))
    top = text[: text.index("## ")]
    assert "Nothing is violated. 3 of 3 checks hold." in top
    assert "Not run here: no check of D1, D2" in top
    assert "checks of `schattor verify --level full`" in top
    assert "`schattor crosscheck`." in top


def test_a_question_without_a_figure_names_the_command_that_makes_one(tmp_path: Path) -> None:
    _, text = report(folders.verify(tmp_path / "run", entry()))
    assert f"`schattor report {tmp_path / 'run'} out/rate` takes it in" in text
    for topic in TOPICS.values():
        assert (f"No figure of {topic.figure} is here: `{topic.command}` makes one" in text) is bool(topic.figure)


def test_a_question_with_a_figure_does_not(tmp_path: Path) -> None:
    document, text = report(folders.study(tmp_path / "small"), folders.constants(tmp_path / "constants"))
    assert f"No figure of {TOPICS['dimension'].figure}" not in text
    assert f"No figure of {TOPICS['constant'].figure}" not in text
    assert f"No figure of {TOPICS['rate'].figure}" in text
    assert {section.title for section in document.sections} >= {TOPICS["dimension"].title, TOPICS["constant"].title}


def test_statements_of_several_runs_are_one_matrix(tmp_path: Path) -> None:
    _, text = report(folders.verify(tmp_path / "verify"), folders.study(tmp_path / "small"))
    matrix = text[text.index("## Statements and kinds") : text.index("## Is it free")]
    (row,) = [line for line in matrix.splitlines() if line.startswith("| T5 |")]
    # one inequality in the verification, two entries of the study
    assert "✓" in row
    assert "✓\N{NO-BREAK SPACE}2" in row


def test_runs_without_statements_have_no_matrix(tmp_path: Path) -> None:
    document, text = report(folders.crosscheck(tmp_path / "run"))
    assert "Statements and kinds of evidence" not in text
    assert "no statement is checked" in text
    assert "polar factor" in text
    assert "cannot be told apart: rows, or none" in text
    assert document.title == "What the runs show"


def test_figures_of_two_runs_of_one_kind_have_names_of_their_own(tmp_path: Path) -> None:
    document, _ = report(folders.verify(tmp_path / "a"), folders.verify(tmp_path / "b"))
    stems = [plot.stem for plot in plots_of(document.sections)]
    assert len(stems) == len(set(stems)) == 6
    assert "a-misalignment" in stems


def test_every_figure_says_what_remakes_it(tmp_path: Path) -> None:
    made = (folders.verify, folders.study, folders.tightness, folders.constants)
    document, _ = report(*(make(tmp_path / make.__name__) for make in made))
    for plot in plots_of(document.sections):
        assert plot.remake.startswith("schattor ")
        assert "seed" in plot.remake + plot.seed
        assert len(plot.alt) > 40


def test_a_planted_error_is_said_at_the_top(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    manifest = {"command": "schattor verify", "planted": "halved in x.py", "mutant": "m"}
    broken = entry(Verdict.VIOLATED, witness={"seed": 1})
    folders.Ledger(manifest=manifest, entries=(broken,)).write(folder / "ledger.json")
    _, text = report(folder)
    assert "An error was planted on purpose, halved in x.py" in text[: text.index("## ")]
    assert "schattor verify --mutant m --seed 0" in text


def test_assumptions_of_all_statements_are_in_force(tmp_path: Path) -> None:
    _, text = report(folders.verify(tmp_path / "run"))
    part = text[text.index("## Assumptions in force") :]
    for name in ("A1", "A2", "A3", "N1", "N2", "N3"):
        assert f"| {name} |" in part
