"""``schattor prove``: what it prints and writes, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from proofs_checks.command_line.prove import prove
from proofs_checks.proof import Proof, Proposition, Step
from proofs_checks.prove import command
from proofs_checks.prove.export import as_latex, escaped
from proofs_checks.rigorous.balls import Decision
from schattor_theory.errors import StoreError

RESULT = {"value": Decision.PROVED}


def in_this_process(propositions: Sequence[Proposition]) -> Iterator[tuple[Proposition, Proof]]:
    for one in propositions:
        yield one, one.run()


def planted(propositions: Sequence[Proposition]) -> Iterator[tuple[Proposition, Proof]]:
    for one in propositions:
        step = Step(claim="θ ≤ 2", latex=r"\theta\le 2", justification="100 % of a_b.", result=RESULT["value"])
        yield one, one.proof_of((step,), 0.25)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch):
    app = typer.Typer()
    app.command()(prove)
    monkeypatch.setattr(command, "prove_each", planted)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(("result", "code"), [(Decision.PROVED, 0), (Decision.REFUTED, 1), (Decision.UNDECIDED, 3)])
def test_exit_code_is_that_of_the_worst_verdict(call, monkeypatch, result: Decision, code: int) -> None:
    monkeypatch.setitem(RESULT, "value", result)
    found = call("T2")
    assert found.exit_code == code, found.output
    assert ("Undecided: θ ≤ 2" in found.stdout) == (result is Decision.UNDECIDED)
    assert f"1 {result.value}, in 0.2 s." in found.stdout


def test_a_refutation_counts_before_what_is_undecided() -> None:
    def proof(result: Decision) -> Proof:
        step = Step(claim="", latex="", justification="", result=result)
        return Proof(statement="T1", name="a", kind="conic", steps=(step,))

    assert command.exit_code([proof(Decision.UNDECIDED), proof(Decision.REFUTED)]) == 1
    assert command.exit_code([proof(Decision.UNDECIDED), proof(Decision.PROVED)]) == 3
    assert command.exit_code([]) == 0


def test_an_interruption_shows_what_is_proved_and_how_to_go_on(call, monkeypatch, tmp_path: Path) -> None:
    def stopped(propositions: Sequence[Proposition]) -> Iterator[tuple[Proposition, Proof]]:
        yield from list(planted(propositions))[:1]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "prove_each", stopped)
    n = len(command.chosen(["T2", "T5"]))
    found = call("T2", "T5", "--brief", "--export", tmp_path / "out")
    assert found.exit_code == 4
    assert "1 proofs: 1 proved" in found.stdout
    assert f"interrupted after 1 of {n} proofs, nothing is exported. Go on with: schattor prove" in found.stderr
    assert "schattor prove T5 " in found.stderr
    assert not (tmp_path / "out").exists()


def test_prints_the_chain_of_a_real_derivation(call, monkeypatch) -> None:
    monkeypatch.setattr(command, "prove_each", in_this_process)
    lines = call("one_step_of_the_ball_oracle_descends").stdout.splitlines()
    assert lines[0].startswith("✓ T1  One step of the ball oracle descends  (symbolic, 18 steps, ")
    assert "   18 ✓ descent_bound = L·η^2/2 + 2·η·‖e‖_q - η·‖∇f‖_q" in "\n".join(lines)
    assert " · ⟨e, D⟩ ≤ ‖D‖_p·‖e‖_q\n        Hölder." in "\n".join(lines)


def test_brief_prints_one_line_for_each(call) -> None:
    lines = call("T3", "--brief").stdout.splitlines()
    assert len(lines) == 1 + sum(line.startswith("✓ T3") for line in lines)


def test_json_is_the_only_output(call) -> None:
    content = json.loads(call("T2", "--json").stdout)
    assert content["schema"] == 1
    assert {proof["statement"] for proof in content["proofs"]} == {"T2"}


def test_export_writes_latex_and_json(call, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    assert call("T2", "T3", "--export", folder).exit_code == 0
    content = json.loads((folder / "proofs.json").read_text(encoding="utf-8"))
    assert {proof["verdict"] for proof in content["proofs"]} == {"proved"}
    text = (folder / "proofs.tex").read_text(encoding="utf-8")
    assert r"\section*{T2: " in text
    assert r"\begin{dmath*} \theta\le 2 \end{dmath*}100 \% of a\_b." in text
    assert text.count(r"\begin{enumerate}") == text.count(r"\end{enumerate}") == len(content["proofs"])


def test_a_folder_that_cannot_be_written_is_an_error_in_words(call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = call("T2", "--export", tmp_path / "file" / "out")
    assert isinstance(found.exception, StoreError)
    assert "prove: out must be a folder that can be read and written" in str(found.exception)


def test_latex_escapes_text_and_marks_what_is_open() -> None:
    assert escaped(r"a_b & 5% \x") == r"a\_b \& 5\% \textbackslash{}x"
    step = Step(claim="x", latex="x", justification="Because.", result=Decision.UNDECIDED)
    proof = Proof(statement="T1", name="a", kind="rigorous", steps=(step,), certificate={"file": "a_b.json"})
    text = as_latex([proof])
    assert r"\textbf{undecided}" in text
    assert r"\texttt{a\_b.json}" in text
