"""The command: exit codes, files, JSON, errors of the user, and targets that misbehave."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from proofs_checks.command_line.crosscheck import crosscheck
from proofs_checks.crosscheck import command
from proofs_checks.crosscheck.crosscheck import CrossCheck
from proofs_checks.crosscheck.known import KNOWN
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.recorded import read_probes, write_recording
from schattor_theory.errors import ParameterError, UnknownNameError

app = typer.Typer()
app.command()(crosscheck)

SIGN = """
import numpy as np

def sign(params, grads, state, step_size=1.0, factor=1.0):
    return params - (step_size * factor * np.sign(grads)).astype(params.dtype), state

def raises(params, grads, state):
    raise ValueError("no way")

def turns(params, grads, state):
    return params.T.copy() if params.ndim == 2 and params.shape[0] == 12 else params - grads, state
"""


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    path = tmp_path / "targets.py"
    path.write_text(SIGN)
    return path


def observed_without_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each target its name alone, and no process."""
    monkeypatch.setattr(command, "observe", lambda target, **_: nullcontext(SimpleNamespace(name=target)))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_a_claim_that_is_right_gives_zero_and_a_page(targets: Path, tmp_path: Path) -> None:
    found = run(f"{targets}:sign", "--as", "signSGD", "--out", tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert "the sign of each entry" in found.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"index.html", "crosscheck.json"} < names
    assert sum(name.endswith(".html") for name in names) == 2
    assert sum(name.endswith(".txt") for name in names) == 1


def test_a_claim_that_is_wrong_gives_one(targets: Path) -> None:
    found = run(f"{targets}:sign", "--as", "Keller Jordan's Muon", "--json")
    assert found.exit_code == 1
    result = json.loads(found.stdout)
    assert result["exit_code"] == 1
    (target,) = result["targets"]
    assert target["outcome"] == "differs"
    assert any(one.startswith("map:") for one in target["claim_differences"])
    assert target["counterexample"] is not None


def test_options_reach_the_target(targets: Path) -> None:
    found = run(f"{targets}:sign", "--option", "factor=0.5", "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["targets"][0]["convention"]["scale"]["factor"] == pytest.approx(0.5)


def test_what_cannot_run_gives_three_and_the_rest_is_checked(targets: Path, tmp_path: Path) -> None:
    found = run("no.such:thing", f"{targets}:raises", f"{targets}:sign", "--out", tmp_path / "out")
    assert found.exit_code == 3
    ledger = json.loads((tmp_path / "out" / "crosscheck.json").read_text())
    assert [one["outcome"] for one in ledger["targets"]] == ["could not run", "could not run", "conforms"]
    assert "not importable" in ledger["targets"][0]["problem"]
    assert "ValueError: no way" in ledger["targets"][1]["problem"]
    assert sum(path.suffix == ".html" for path in (tmp_path / "out").iterdir()) == 4


@pytest.mark.slow
def test_a_difference_weighs_more_than_what_cannot_run(targets: Path) -> None:
    assert run("no.such:thing", f"{targets}:turns").exit_code == 1


@pytest.mark.slow
def test_a_recording_is_a_target(tmp_path: Path) -> None:
    from .test_report import polar

    write_recording(tmp_path / "r.npz", observe(polar).run(command.recordable_probes(0)))
    found = run(tmp_path / "r.npz", "--json")
    assert found.exit_code == 0
    (target,) = json.loads(found.stdout)["targets"]
    assert target["kind"] == "recording"
    assert target["convention"]["map"]["p"] == "inf"
    assert {one["outcome"] for one in target["invariances"]} <= {"holds", "broken", "not observed"}
    held = {one["name"] for one in target["invariances"] if one["outcome"] == "holds"}
    assert {"transpose", "padding", "stack = per slice"} < held


def test_probes_can_be_written_for_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "probes.safetensors"
    assert run("--write-probes", path).exit_code == 0
    probes = read_probes(path)
    assert {"square", "several-different", "invariance-base"} < {one.name for one in probes}
    assert all(np.all(np.isfinite(g[name])) for one in probes for g in one.gradients for name in g)


def test_interruption_keeps_what_is_finished(targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(observer: Any, **options: Any) -> CrossCheck:
        if "turns" in observer.name:
            raise KeyboardInterrupt
        return CrossCheck(target=observer.name, problem="not run here")

    observed_without_running(monkeypatch)
    monkeypatch.setattr(command, "crosscheck", interrupted)
    found = run(f"{targets}:sign", f"{targets}:turns", "--seed", 3, "--out", tmp_path / "out")
    assert found.exit_code == 4
    rest = f"after 1 of 2 targets. Go on with: schattor crosscheck {targets}:turns --seed 3"
    assert found.stderr.rstrip().endswith(rest)
    ledger = json.loads((tmp_path / "out" / "crosscheck.json").read_text())
    assert len(ledger["targets"]) == 1
    assert not ledger["manifest"]["is_complete"]


def test_a_defect_of_the_tool_is_told_and_the_next_target_checked(
    targets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_first(observer: Any, **options: Any) -> CrossCheck:
        if "turns" in observer.name:
            raise IndexError("out of range")
        return CrossCheck(target=observer.name, outcome="conforms")

    observed_without_running(monkeypatch)
    monkeypatch.setattr(command, "crosscheck", fails_first)
    found = run(f"{targets}:turns", f"{targets}:sign", "--json")
    assert found.exit_code == 3
    first, second = json.loads(found.stdout)["targets"]
    assert "the cross-check itself failed (IndexError: out of range)" in first["problem"]
    assert second["outcome"] == "conforms"


@pytest.mark.slow
def test_the_example_of_the_how_to_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "cross-check-an-optimizer.md"
    (example,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    exec(compile(example, str(page), "exec"), {})
    assert "That is Schattor, ball oracle." in capsys.readouterr().out


def test_published_conventions_are_listed() -> None:
    found = run("--as", "list")
    assert found.exit_code == 0
    assert all(name in found.output for name in KNOWN)


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((), ParameterError, "crosscheck: targets must name at least one"),
    (("x:y", "--as", "Moun"), UnknownNameError, "crosscheck: as must be one of"),
    (("x:y", "--dtype", "int8"), UnknownNameError, "crosscheck: dtype must be one of"),
    (("x:y", "--kind", "tensor"), UnknownNameError, "crosscheck: kind must be one of"),
    (("x:y", "--option", "momentum"), ParameterError, "crosscheck: option must be NAME=VALUE"),
    (("x:y", "--time-limit", "0"), ParameterError, "crosscheck: time_limit must be a positive finite number"),
    (("x:y", "--write-probes", "p.npz"), ParameterError, "crosscheck: targets must be left out with --write-probes"),
])  # fmt: skip
def test_bad_usage_is_worded(arguments: tuple[str, ...], error: type[Exception], message: str) -> None:
    found = run(*arguments)
    assert isinstance(found.exception, error)
    assert str(found.exception).startswith(message)


def test_the_exit_code_of_nothing_undecided_and_different() -> None:
    def code(*outcomes: str) -> int:
        return command.exit_code([CrossCheck(target="t", outcome=one) for one in outcomes])

    assert code("conforms") == 0
    assert code("conforms", "undecided") == code("could not run") == 3
    assert code("could not run", "differs", "conforms") == 1


def test_published_conventions_are_listed_for_programs() -> None:
    listed = json.loads(run("--as", "list", "--json").stdout)
    assert set(listed) == set(KNOWN)
    assert all(one["source"] and one["convention"] for one in listed.values())
