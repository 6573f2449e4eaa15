"""The command: what it prints and writes, its exit codes, and that it says loudly when something is refuted."""

from __future__ import annotations

import csv
import json
from fractions import Fraction

import pytest
import typer
from typer.testing import CliRunner

from proofs_checks.adversarial import Witness
from proofs_checks.command_line.constants import constants
from proofs_checks.constants import command
from proofs_checks.constants.search import Found
from proofs_checks.ledger import read_ledger
from proofs_checks.rigorous.balls import exact
from schattor_theory.errors import ParameterError, StoreError
from tests.proofs_checks.constants.test_bracket import SCALAR, TURNED


@pytest.fixture
def call(monkeypatch):
    app = typer.Typer()
    app.command()(constants)
    monkeypatch.setattr(command, "load_witnesses", lambda: (SCALAR, TURNED))
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_prints_the_bracket_and_says_that_nothing_beats_it(call) -> None:
    result = call("--q", "1.5,4/3,2")
    assert result.exit_code == 0, result.output
    assert "1.306562964876" in result.stdout
    assert "1.316074012953" in result.stdout
    assert "T4a*(a)" in result.stdout
    assert "No witness beats C_q" in result.stdout


def test_json_is_strict_and_the_only_output(call) -> None:
    content = json.loads(call("--q", "1.5", "--digits", 15, "--json").stdout)
    assert content["exit_code"] == 0
    (row,) = content["rows"]
    assert row["q"] == "3/2"
    assert row["scalar_low"] == "1.306562964876376"
    assert row["matrix_witness"]["certified_lower"] < row["scalar_low"]
    assert not row["beats_scalar"]


def test_writes_ledger_tables_and_figure(call, tmp_path) -> None:
    out = tmp_path / "out"
    assert call("--q", "1.1,1.5", "--out", out).exit_code == 0
    ledger = read_ledger(out / "ledger.json")
    verdicts = {entry.check: entry.verdict.value for entry in ledger.entries}
    assert verdicts == {
        "witnesses_stay_below_the_proved_upper_end": "holds",
        "no_matrix_witness_beats_the_scalar_constant": "inconclusive",
        "scalar_lemmas_are_enclosed": "holds",
    }
    rows = list(csv.DictReader((out / "constants.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["q"] for row in rows] == ["11/10", "3/2"]
    assert json.loads((out / "constants.json").read_text(encoding="utf-8"))["rows"][1]["upper"] == "1.316074012953"
    for name in ("band.png", "band.pdf"):
        assert (out / "figures" / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("certified", "words"),
    [("1.307", "!!! K_q = C_q IS REFUTED"), ("1.32", "!!! T4a* IS REFUTED")],
)
def test_a_witness_above_is_loud_and_exit_code_1(call, monkeypatch, certified, words) -> None:
    monkeypatch.setattr(Witness, "certified_lower", lambda self, digits=25: exact(certified))
    result = call("--q", "1.5")
    assert result.exit_code == 1
    assert words in result.stdout


def test_what_a_search_finds_is_shown_unless_it_is_too_weak(call, monkeypatch) -> None:
    monkeypatch.setattr(command, "load_witnesses", lambda: ())

    class Result:
        is_too_weak = False

    found = Found(Fraction(3, 2), (Result(),), (TURNED,))
    monkeypatch.setattr(command, "search_all", lambda *_, **__: {Fraction(3, 2): found})
    strong = json.loads(call("--q", "1.5", "--search", 1, "--json").stdout)
    assert strong["rows"][0]["matrix_witness"]["name"] == TURNED.name
    monkeypatch.setattr(Result, "is_too_weak", True)
    weak = call("--q", "1.5", "--search", 1)
    assert "Too weak to report at q = 3/2" in weak.stdout
    assert "1.30" not in weak.stdout.split("matrices >=")[1].splitlines()[1].split()[3]


def test_an_interrupted_search_is_exit_4_and_says_how_to_go_on(call, monkeypatch) -> None:
    class Result:
        is_too_weak = False

    found = Found(Fraction(3, 2), (Result(),), (), is_cut=True)
    monkeypatch.setattr(command, "search_all", lambda *_, **__: {Fraction(3, 2): found})
    result = call("--q", "1.5", "--search", 100)
    assert result.exit_code == 4
    assert "the search was interrupted; what it had found is in the result. Run the same command again" in result.stderr
    assert "3/2" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--q", "3"), r"constants: q must hold numbers in \[1, 2\], got q='3'"),
        (("--digits", 0), r"constants: digits must lie in \[1, 1000\], got digits=0"),
        (("--search", -1), r"constants: search must be a positive number of seconds, got search=-1.0"),
        (("--seed", -1), r"constants: seed must be an integer >= 0, got seed=-1"),
    ],
)
def test_bad_usage_is_named(call, arguments, message) -> None:
    result = call(*arguments)
    assert isinstance(result.exception, ParameterError)
    with pytest.raises(ParameterError, match=message):
        raise result.exception


def test_a_folder_that_cannot_be_is_named(call, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    result = call("--q", "1.5", "--out", tmp_path / "file" / "out")
    assert isinstance(result.exception, StoreError)
    assert "constants: out must be a folder" in str(result.exception)
