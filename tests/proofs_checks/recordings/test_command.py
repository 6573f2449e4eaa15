"""The command ``schattor assumptions``: exit codes, files, the worked example."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from proofs_checks.command_line.assumptions import assumptions
from proofs_checks.ledger import read_ledger
from proofs_checks.recordings import load_recording
from proofs_checks.recordings.example import digits_recording
from schattor_theory.errors import ParameterError, StoreError
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams
from tests.proofs_checks.recordings.records import gaussian, pareto

app = typer.Typer()
app.command()(assumptions)


def run(*arguments: object) -> object:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def calm(tmp_path: Path) -> Path:
    path = tmp_path / "calm.npz"
    np.savez(path, **{"w": gaussian(200, 2, 2), "w/mean": np.zeros((2, 2))})
    return path


def test_writes_a_ledger_and_a_page(calm: Path, tmp_path: Path) -> None:
    result = run(calm, "--p", "2,inf", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    ledger = read_ledger(tmp_path / "out" / "ledger.json")
    assert [e.statement for e in ledger.entries] == ["N1", "N2", "N3"]
    assert ledger.entries[0].data["shape"] == [2, 2]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "http" not in page
    assert "That confirms nothing." in page


def test_json_is_strict_and_alone(calm: Path) -> None:
    result = run(calm, "--json")
    found = json.loads(result.stdout)
    assert found["exit_code"] == 0
    assert found["entries"][0]["data"]["constants"][0]["high"] is not None


def test_a_contradicted_assumption_is_exit_code_one(tmp_path: Path) -> None:
    path = tmp_path / "wild.npz"
    np.savez(path, **{"w": pareto(3000, 2, 3, 1.1), "w/mean": np.zeros((2, 3))})
    result = run(path, "--p", "2")
    assert result.exit_code == 1
    assert "N2, any Σ: CONTRADICTED" in result.output


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([], ParameterError, "assumptions: file must be given"),
        (["nowhere.npz"], StoreError, "load_recording: file must be a readable file"),
        (["a.npz", "--example", "here"], ParameterError, "assumptions: file must be left out with --example"),
    ],
)
def test_refuses(arguments: list[str], error: type, message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)


def test_the_example_is_the_noise_of_the_network(tmp_path: Path) -> None:
    found = digits_recording(width=3, batch_size=4, n_gradients=40, seed=1)
    streams = Streams({"recording": "digits", "seed": 1})
    problem = PROBLEMS["digits_network"].build(None, None, width=3, rng=streams.generator("start"))
    batch = streams.generator("data").integers(0, problem.n_samples, size=(40, 4))[7]
    expected = problem.minibatch_gradient(problem.start, batch)
    for name, gradient in expected.items():
        assert np.allclose(found[name][7], gradient, rtol=0, atol=1e-12)
        assert np.allclose(found[name + "/mean"], problem.gradient(problem.start)[name], rtol=0, atol=1e-12)


def test_the_example_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from proofs_checks.recordings import example

    small = digits_recording(width=2, batch_size=4, n_gradients=16)
    monkeypatch.setattr(example, "digits_recording", lambda *, seed: small)
    result = run("--example", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert set(load_recording(tmp_path / "new" / "digits.npz").blocks) == {
        "hidden", "hidden_bias", "output", "output_bias"
    }  # fmt: skip


@pytest.mark.parametrize(("argument", "message"), [("batch_size", "batch_size"), ("n_gradients", "n_gradients")])
def test_the_example_refuses_empty_batches(argument: str, message: str) -> None:
    with pytest.raises(ParameterError, match=f"digits_recording: {message} must be an integer >= 1"):
        digits_recording(**{argument: 0})
