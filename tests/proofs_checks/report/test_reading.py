"""Folders are recognised by their files, read without a change, and what is wrong with one is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofs_checks.evidence import Verdict
from proofs_checks.report.blocks import plots_of
from proofs_checks.report.reading import read_runs
from proofs_checks.report.run import Run
from proofs_checks.scaling.plan import RESULTS_VERSION
from schattor_theory.errors import StoreError
from tests.proofs_checks.ledgers import entry
from tests.proofs_checks.report import folders


def one(folder: Path) -> Run:
    (run,) = read_runs([folder])
    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def figures(run: Run) -> list[tuple[str, str]]:
    return [(part.topic, plot.stem) for part in run.parts for plot in plots_of([part.block])]


def test_a_verification_has_its_figures_where_they_answer_a_question(tmp_path: Path) -> None:
    run = one(folders.verify(tmp_path / "run"))
    assert (run.kind, run.exit_code) == ("verify", 0)
    assert figures(run) == [("tightness", "ratios"), ("tightness", "tightness"), ("other", "misalignment")]


def test_a_study_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    folder = folders.study(tmp_path / "small")
    before = contents(folder)
    run = one(folder)
    assert contents(folder) == before
    assert (run.kind, run.exit_code) == ("study", 0)
    assert "1 of 1 expected exponents hold" in run.words
    assert [(e.check, e.verdict) for e in run.entries] == [
        ("study small: exponents are as expected", Verdict.HOLDS),
        ("study small: points lie below the bound", Verdict.HOLDS),
    ]
    assert run.command == f"schattor study run {folder}/study.toml --out {folder}-again"
    assert figures(run) == [("dimension", "main_stationarity_mean")]


def test_a_damaged_part_is_named_and_stays_where_it_is(tmp_path: Path) -> None:
    folder = folders.study(tmp_path / "small")
    part = sorted((folder / "parts").glob("*.parquet"))[0]
    part.write_bytes(part.read_bytes()[:100])
    run = one(folder)
    assert part.exists()
    assert any("cannot be read" in str(found.block) for found in run.parts)
    assert "unfinished" in run.words
    # what is not whole is no evidence that something holds
    assert {e.verdict for e in run.entries} == {Verdict.INCONCLUSIVE}


def test_a_violated_expectation_is_a_violation_of_the_report(tmp_path: Path) -> None:
    run = one(folders.study(tmp_path / "small", folders.TEXT.replace("equals = 0", "equals = 0.4")))
    assert run.exit_code == 1
    assert run.entries[0].verdict is Verdict.VIOLATED
    assert run.entries[0].witness == {"study": "small", "seed": 1}


def test_a_smoke_run_is_no_evidence(tmp_path: Path) -> None:
    run = one(folders.study(tmp_path / "small", f"{folders.TEXT}[smoke]\nrepeats = 4\n", scale="smoke"))
    assert "not evidence" in run.words
    assert {e.verdict for e in run.entries} == {Verdict.INCONCLUSIVE}


def test_a_study_of_another_results_version_is_not_mixed_in(tmp_path: Path) -> None:
    folder = folders.study(tmp_path / "small")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"results_version": 0}), encoding="utf-8")
    run = one(folder)
    assert f"have version 0, and this program reads version {RESULTS_VERSION}" in run.words
    assert (run.exit_code, run.parts) == (3, ())


def test_a_study_without_a_finished_cell_says_so(tmp_path: Path) -> None:
    folder = folders.study(tmp_path / "small")
    for part in (folder / "parts").iterdir():
        part.unlink()
    run = one(folder)
    assert "no cell has finished yet" in run.words
    assert run.exit_code == 3


def test_probes_are_drawn_from_the_cells_that_are_whole(tmp_path: Path) -> None:
    run = one(folders.tightness(tmp_path / "run"))
    # the second row differs in the number of steps alone
    assert figures(run) == [("tightness", "ratio_n_steps")]
    assert run.command == "schattor tightness --seed 3"


def test_probes_without_figures_say_so(tmp_path: Path) -> None:
    folder = folders.tightness(tmp_path / "run")
    (folder / "parts" / "one.json").unlink()
    assert any("has left no figures" in str(part.block) for part in one(folder).parts)


def test_constants_have_the_band(tmp_path: Path) -> None:
    assert figures(one(folders.constants(tmp_path / "run"))) == [("constant", "band")]


def test_constants_without_their_rows_say_so(tmp_path: Path) -> None:
    folder = folders.constants(tmp_path / "run")
    (folder / "constants.json").unlink()
    assert "has left no constants.json" in str(one(folder).parts)


@pytest.mark.parametrize(
    ("outcomes", "is_complete", "code"),
    [(("conforms",), True, 0), (("conforms", "differs"), True, 1), (("undecided",), True, 3),
     (("could not run",), True, 3), (("conforms",), False, 3)],
)  # fmt: skip
def test_a_cross_check_counts_its_targets(
    outcomes: tuple[str, ...], is_complete: bool, code: int, tmp_path: Path
) -> None:
    run = one(folders.crosscheck(tmp_path / "run", *outcomes, is_complete=is_complete))
    assert run.exit_code == code
    assert run.words.startswith(f"Cross-check of {len(outcomes)}: ")
    assert ("interrupted after 1 of 2" in run.words) is not is_complete


def test_many_targets_are_compared_four_at_a_time(tmp_path: Path) -> None:
    run = one(folders.crosscheck(tmp_path / "run", *["conforms"] * 5))
    widths = [len(part.block.head) for part in run.parts if hasattr(part.block, "head")]
    assert widths == [5, 2]


def test_recorded_gradients_are_a_run_too(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    made = folders.Ledger(manifest={"command": "schattor assumptions --p 2", "source": "digits.npz"},
                          entries=(entry(Verdict.INCONCLUSIVE, statement="N1", check="record of w"),))  # fmt: skip
    made.write(folder / "ledger.json")
    run = one(folder)
    assert [part.topic for part in run.parts] == ["record"]
    assert "digits.npz" in str(run.parts)


def test_proofs_are_evidence_with_their_steps(tmp_path: Path) -> None:
    for verdict, expected, code in (("proved", Verdict.HOLDS, 0), ("refuted", Verdict.VIOLATED, 1),
                                    ("undecided", Verdict.INCONCLUSIVE, 3)):  # fmt: skip
        run = one(folders.proofs(tmp_path / verdict, verdict))
        assert (run.kind, run.exit_code, run.words) == ("prove", code, f"1 proofs: 1 {verdict}.")
        assert [e.verdict for e in run.entries] == [expected]
        assert run.entries[0].data["steps"][0]["claim"] == "f(X⁺) ≤ f(X)"
        assert run.command.startswith("schattor prove T1 --export ")


def test_proofs_of_another_schema_are_refused(tmp_path: Path) -> None:
    folder = folders.proofs(tmp_path / "run", "proved")
    text = (folder / "proofs.json").read_text(encoding="utf-8")
    (folder / "proofs.json").write_text(text.replace('"schema": 1', '"schema": 9'), encoding="utf-8")
    with pytest.raises(StoreError, match=r"report: schema must be 1, got schema=9\. Run `schattor prove"):
        read_runs([folder])


def test_unfinished_runs_say_what_to_do(tmp_path: Path) -> None:
    verify, tightness = tmp_path / "verify", tmp_path / "tightness"
    verify.mkdir()
    (verify / "unfinished.jsonl").write_text('{"key": 1}\n{"a": 1}\n{"b": 2}\n', encoding="utf-8")
    folders.tightness(tightness)
    (tightness / "ledger.json").unlink()
    runs = read_runs([verify, tightness])
    assert [run.kind for run in runs] == ["verify", "tightness"]
    assert [run.exit_code for run in runs] == [3, 3]
    assert runs[0].words.startswith("2 checks are kept. It is not finished. Run the same command again")
    assert runs[1].words.startswith("2 cells are kept.")


def test_a_later_run_that_is_not_finished_is_mentioned(tmp_path: Path) -> None:
    folder = folders.verify(tmp_path / "run")
    (folder / "unfinished.jsonl").write_text("{}\n", encoding="utf-8")
    assert "A later run in the same folder is not finished." in one(folder).words


def test_names_of_runs_and_checks_are_unique(tmp_path: Path) -> None:
    first, second = (folders.verify(tmp_path / place / "run") for place in ("a", "b"))
    runs = read_runs([first, second])
    assert [run.name for run in runs] == ["run", "run-2"]
    checks = [e.check for run in runs for e in run.entries]
    assert len(set(checks)) == len(checks)
    assert "is_holds (run-2)" in checks


def test_an_unknown_folder_is_said_beside_others_and_refused_alone(tmp_path: Path) -> None:
    (tmp_path / "strange").mkdir()
    known, strange = read_runs([folders.verify(tmp_path / "run"), tmp_path / "strange"])
    assert known.kind == "verify"
    assert (strange.kind, strange.exit_code) == ("unknown", 3)
    with pytest.raises(StoreError, match=r"report: folders must hold a run, got folders=\[.*Give the --out folder"):
        read_runs([tmp_path / "strange"])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"report: folders must name folders that are there, got .*nowhere.*Make a run"
    ):
        read_runs([tmp_path / "nowhere"])


def test_damaged_files_are_named(tmp_path: Path) -> None:
    for make, file, words in (
        (folders.verify, "ledger.json", "read_ledger: path must hold a whole ledger"),
        (folders.constants, "constants.json", "report: folders must hold a whole constants.json"),
        (folders.crosscheck, "crosscheck.json", "report: folders must hold a whole crosscheck.json"),
        (folders.proofs, "proofs.json", "report: folders must hold a whole proofs.json"),
    ):
        folder = make(tmp_path / file)
        (folder / file).write_text((folder / file).read_text(encoding="utf-8")[:40], encoding="utf-8")
        with pytest.raises(StoreError, match=words):
            read_runs([folder])


def test_a_cross_check_of_another_schema_is_refused(tmp_path: Path) -> None:
    folder = folders.crosscheck(tmp_path / "run")
    text = (folder / "crosscheck.json").read_text(encoding="utf-8")
    (folder / "crosscheck.json").write_text(text.replace('"schema": 1', '"schema": 9'), encoding="utf-8")
    with pytest.raises(StoreError, match=r"report: schema must be 1, got schema=9\. Run"):
        read_runs([folder])
