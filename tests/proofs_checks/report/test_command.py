"""The command: formats, words, JSON, exit codes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from proofs_checks import cli
from tests.proofs_checks.report import folders


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["report", *map(str, arguments)])


def test_a_report_of_runs_says_where_it_is(tmp_path: Path) -> None:
    verify, check = folders.verify(tmp_path / "verify"), folders.crosscheck(tmp_path / "check")
    result = run(verify, check, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "verify (verify): Nothing is violated." in result.output
    assert f"Look at {tmp_path / 'out' / 'report.html'}" in result.output


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("html", ["report.html"]),
        pytest.param("md", ["figures", "report.md"], marks=pytest.mark.slow),
        pytest.param("tex", ["figures", "report.tex", "standalone.tex"], marks=pytest.mark.slow),
    ],
)
def test_each_format_writes_its_files(kind: str, files: list[str], tmp_path: Path) -> None:
    result = run(folders.constants(tmp_path / "run"), "--format", kind, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files


def test_the_summary_is_strict_json(tmp_path: Path) -> None:
    result = run(folders.crosscheck(tmp_path / "check", "differs"), "--out", tmp_path / "out", "--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert found["exit_code"] == 1
    assert found["report"] == str(tmp_path / "out" / "report.html")
    assert found["runs"] == [{"name": "check", "made_by": "crosscheck", "verdict": "Cross-check of 1: differs: 1.",
                              "exit_code": 1}]  # fmt: skip


def test_what_is_not_finished_is_exit_3(tmp_path: Path) -> None:
    folder = folders.tightness(tmp_path / "run")
    (folder / "ledger.json").unlink()
    result = run(folder, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "It is not finished." in result.output


def test_bad_usage_is_exit_2_and_one_line(tmp_path: Path) -> None:
    folder = folders.verify(tmp_path / "run")
    (tmp_path / "file").write_text("", encoding="utf-8")
    for arguments, words in (
        ((folder, "--format", "pdf"), "report: format must be one of"),
        ((folder, "--out", folder), "report: out must be another folder than those of the runs"),
        ((folder, "--out", tmp_path / "file"), "report: out must be a folder that can be read and written"),
        ((tmp_path / "nowhere", "--out", tmp_path / "out"), "report: folders must name folders that are there"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert words in result.output
        assert "Traceback" not in result.output
