"""What the commands themselves write is what the report reads: every kind of run, on a very small scale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proofs_checks import cli

pytestmark = pytest.mark.slow


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def test_every_command_leaves_a_folder_that_the_report_knows(tmp_path: Path) -> None:
    made = {
        "verify": ("verify", "--only", "T4e,D1", "--jobs", 1),
        "study": ("study", "run", "rate", "--scale", "smoke", "--jobs", 1),
        "tightness": ("tightness", "--scale", "smoke", "--bound", "T4b,T4g", "--martingale", "fixed_signs", "--n",
                      "1,4", "--d", "2,3", "--trials", 200, "--jobs", 1),
        "constants": ("constants", "--q", "3/2"),
        "crosscheck": ("crosscheck", "no.such:thing"),
    }  # fmt: skip
    for name, arguments in made.items():
        found = run(*arguments, "--out", tmp_path / name)
        assert found.exit_code == (3 if name == "crosscheck" else 0), found.output
    assert run("prove", "T13b", "--export", tmp_path / "prove").exit_code == 0
    folders = [tmp_path / name for name in (*made, "prove")]
    result = run("report", *folders, "--format", "md", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 3, result.output
    runs = {one["name"]: one for one in json.loads(result.output)["runs"]}
    assert {name: one["made_by"] for name, one in runs.items()} == {name: name for name in (*made, "prove")}
    assert [name for name, one in runs.items() if one["exit_code"]] == ["crosscheck"]
    stems = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    assert {"tightness-ratio_n_steps", "tightness-ratio_dimension", "tightness-price", "constants-band"} <= stems
    assert any(stem.startswith("study-") for stem in stems)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "No figure of the rate in the number of steps" not in text
    assert "no.such" in text
