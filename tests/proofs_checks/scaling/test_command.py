"""The command: exit codes, messages, and what it leaves behind."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from proofs_checks.command_line.study import study
from proofs_checks.scaling import command
from proofs_checks.scaling.run import run_study
from schattor_theory.errors import StoreError
from tests.drivers import CASES, StandIn


@pytest.fixture
def call(monkeypatch, work):
    """Call the command with the stand-in for running a cell, on threads of this process."""
    from concurrent.futures import ThreadPoolExecutor

    def run_here(study, out, *, jobs, device, executor):
        with ThreadPoolExecutor(jobs) as threads:
            return run_study(study, out, executor=threads, work=work)

    monkeypatch.setattr(command, "run_study", run_here)
    return lambda *arguments: CliRunner().invoke(study, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path, text):
    path = tmp_path / "small.toml"
    path.write_text(text)
    return path


def test_a_study_that_holds_exits_0_with_figure_table_and_verdict(call, file, tmp_path) -> None:
    out = tmp_path / "out"
    result = call("run", file, "--out", out)
    assert result.exit_code == 0, result.output
    assert "Nothing is violated. 1 of 1 expected exponents hold" in result.stdout
    for name in ("figures/main.png", "figures/main.pdf", "tables/exponents.csv", "tables/exponents.tex", "report.md"):
        assert (out / name).stat().st_size > 0
    page = (out / "report.html").read_text()
    assert page.index("Nothing is violated") < page.index("<table>")
    assert "N2 (covariance)" in page
    assert 'src="http' not in page


def test_a_violation_exits_1_and_names_it(call, file, tmp_path) -> None:
    file.write_text(file.read_text().replace("p = 2\nequals", 'p = "inf"\nequals'))
    result = call("run", file, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "1 violated: main (p=inf" in result.stdout


def test_json_is_the_only_output(call, file, tmp_path) -> None:
    result = call("run", file, "--out", tmp_path / "out", "--json")
    assert json.loads(result.stdout)["study"] == "small"
    assert json.loads(call("report", tmp_path / "out", "--json").stdout)["cells_done"] == 16


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scale", "tiny"], "--scale must be one of full, smoke, got 'tiny'"),
        (["--device", "tpu"], "--device tpu: device must be one of 'cpu', 'cuda', got device='tpu'"),
        (["--scale", "smoke"], "smoke must be given"),
    ],
)
def test_bad_usage_exits_2_with_a_sentence(call, file, tmp_path, arguments, words) -> None:
    result = call("run", file, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("cupy", ["--device", "cuda"], "gpu"),
        ("distributed", ["--scheduler", "tcp://127.0.0.1:1"], "cluster"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(call, file, tmp_path, monkeypatch, package, arguments, extra) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    result = call("run", file, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert f"{package} must be installed" in result.stderr
    assert f'pip install "schattor-theory[{extra}]"' in result.stderr


@pytest.mark.parametrize(("answer", "words"), CASES)
def test_cuda_without_a_device_exits_2_with_the_drivers_words(
    call, file, tmp_path, monkeypatch, answer: int | Exception, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", StandIn(answer))
    result = call("run", file, "--out", tmp_path / "out", "--device", "cuda")
    assert result.exit_code == 2
    assert "--device cuda: device must be one that can be used" in result.stderr
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_study_file_that_is_wrong_exits_2(call, file, tmp_path) -> None:
    file.write_text(file.read_text().replace('noise = "fixed_signs"', 'noise = "fixed_sings"'))
    result = call("run", file, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "Did you mean 'fixed_signs'?" in result.stderr
    assert call("run", tmp_path / "none.toml", "--out", tmp_path / "out").exit_code == 2


def test_a_folder_of_another_study_exits_2_and_stays_as_it_is(call, file, tmp_path) -> None:
    out = tmp_path / "out"
    call("run", file, "--out", out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    file.write_text(file.read_text().replace('name = "small"', 'name = "other"'))
    result = call("run", file, "--out", out)
    assert result.exit_code == 2
    assert "another study" in result.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_cell_that_cannot_run_exits_3_and_is_named(call, file, tmp_path, monkeypatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def broken(cell):
        raise ZeroDivisionError("planted")

    def run_here(study, out, **options):
        with ThreadPoolExecutor(1) as threads:
            return run_study(study, out, executor=threads, work=broken)

    monkeypatch.setattr(command, "run_study", run_here)
    result = call("run", file, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "could not run: main: p=2, dimension=32, horizon=50, block 0: ZeroDivisionError: planted" in result.stdout


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 4), (StoreError("study: no space"), 3)])
def test_stopping_exits_4_and_a_full_disk_3(call, file, tmp_path, monkeypatch, error, code) -> None:
    def stop(*_arguments, **_options):
        raise error

    monkeypatch.setattr(command, "run_study", stop)
    result = call("run", file, "--out", tmp_path / "out")
    assert result.exit_code == code
    if code == 4:
        assert "Run the same command again to go on" in result.stderr


def test_a_dry_run_counts_cells_and_writes_nothing(call, file, tmp_path) -> None:
    result = call("run", file, "--out", tmp_path / "out", "--dry-run")
    assert result.exit_code == 0
    assert "16 cells of 4 repeats" in result.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_report_of_an_unfinished_folder_says_so(call, file, tmp_path) -> None:
    out = tmp_path / "out"
    call("run", file, "--out", out)
    for part in list((out / "parts").iterdir())[:5]:
        part.unlink()
    result = call("report", out)
    assert "The study is unfinished: 11 of 16 cells have results." in result.stdout
    assert call("report", tmp_path).exit_code == 2


def test_lists_and_copies_the_shipped_studies(call, tmp_path) -> None:
    listed = json.loads(call("list", "--json").stdout)
    assert {"dimension_free", "rate", "block_balance", "digits_width"} <= set(listed)
    target = tmp_path / "mine.toml"
    assert call("copy", "rate", "--to", target).exit_code == 0
    assert 'name = "rate"' in target.read_text()
    assert call("copy", "rate", "--to", target).exit_code == 2
    result = call("copy", "rates", "--to", tmp_path / "other.toml")
    assert result.exit_code == 2
    assert "Did you mean 'rate'?" in result.stderr


def test_a_plan_and_a_copy_have_json_as_their_only_output(call, file, tmp_path) -> None:
    found = json.loads(call("run", file, "--out", tmp_path / "out", "--dry-run", "--json").stdout)
    assert (found["study"], found["scale"]) == ("small", "full")
    assert sum(arm["cells"] for arm in found["arms"].values()) == 16
    assert all(arm["present"] == 0 and arm["core_minutes"] > 0 for arm in found["arms"].values())
    assert not (tmp_path / "out").exists()
    target = tmp_path / "mine.toml"
    assert json.loads(call("copy", "rate", "--to", target, "--json").stdout) == {"file": str(target)}
    assert target.exists()
