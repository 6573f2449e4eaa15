"""The command: grid, files, resuming, exit codes, report."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from proofs_checks.command_line.tightness import tightness
from proofs_checks.evidence import Verdict
from proofs_checks.ledger import read_ledger
from proofs_checks.moments import command, report, run
from proofs_checks.moments.grid import WORLDS, Cell, default_grid
from proofs_checks.moments.probe import Request
from proofs_checks.mutants.ways import bound_times
from schattor_theory.bounds import moments
from schattor_theory.errors import SchattorError
from synthetic.martingales import MARTINGALES

app = typer.Typer()
app.command()(tightness)

SMALL = ["--scale", "smoke", "--bound", "T4b,T4g", "--martingale", "fixed_signs,haar", "--n", "1,4", "--d", "2,3",
         "--trials", "2000"]  # fmt: skip


def invoke(*arguments: object):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("tightness")
    return out, invoke(*SMALL, "--out", out, "--json")


def test_writes_what_the_design_names(finished):
    out, result = finished
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    ledger = read_ledger(out / "ledger.json")
    assert printed["exit_code"] == 0
    assert {entry.statement for entry in ledger.entries} == {"T4a", "T4b", "T4f", "T4g"}
    assert ledger.manifest["command"].startswith("schattor tightness --bound T4b,T4g --martingale fixed_signs,haar")
    table = pq.read_table(out / "results.parquet")
    assert {"world", "bound", "q", "n_steps", "dimension", "ratio", "ratio_low", "ratio_high", "verdict",
            "method"} <= set(table.column_names)  # fmt: skip
    assert set(table["verdict"].to_pylist()) <= {"holds", "inconclusive", "not_applicable"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Where the bounds are attained" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert {p.name for p in (out / "figures").glob("*.png")} >= {"averages.png", "price.png", "ratio_n_steps.png"}


@pytest.fixture
def no_figures(monkeypatch):
    """Leave out what takes longest and is looked at elsewhere."""
    monkeypatch.setattr(report, "draw_all", lambda summary, folder: {})


def test_goes_on_where_it_stopped(finished, monkeypatch, no_figures):
    out, _ = finished
    before = pq.read_table(out / "results.parquet")
    damaged = sorted((out / "parts").glob("*.json"))[0]
    damaged.write_text("{", encoding="utf-8")
    built = []
    right = run.run_cell

    def counting(cell, **options):
        built.append(cell)
        return right(cell, **options)

    monkeypatch.setattr(run, "run_cell", counting)
    assert invoke(*SMALL, "--out", out).exit_code == 0
    assert len(built) == 1
    assert pq.read_table(out / "results.parquet").equals(before)


def test_violation_is_exit_code_1_and_named(tmp_path, monkeypatch, no_figures):
    monkeypatch.setattr(moments, "covariance_bound", bound_times(0.9)(moments.covariance_bound))
    result = invoke(*SMALL, "--out", tmp_path)
    assert result.exit_code == 1
    assert "violated: T4b" in result.stdout
    ledger = read_ledger(tmp_path / "ledger.json")
    entry = next(e for e in ledger.entries if e.statement == "T4b" and e.verdict is Verdict.VIOLATED)
    assert entry.witness is not None
    assert "T4b is violated" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_cell_that_fails_is_exit_code_3_and_costs_no_other(tmp_path, monkeypatch, no_figures):
    def broken(self, rng, trials):
        raise ZeroDivisionError

    monkeypatch.setattr(type(MARTINGALES["haar"].build((2, 2), 2)), "_sums", broken)
    result = invoke(*SMALL, "--out", tmp_path)
    assert result.exit_code == 3
    assert "could not run" in result.stdout
    ledger = read_ledger(tmp_path / "ledger.json")
    assert all("ZeroDivisionError" in entry.status for entry in ledger.failures)
    assert ledger.with_verdict(Verdict.HOLDS)


def test_interruption_is_exit_code_4_and_keeps_cells(tmp_path, monkeypatch):
    def stopping(cells, folder, **options):
        yield run.run_cell(cells[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run_cells", stopping)
    result = invoke(*SMALL, "--out", tmp_path)
    assert result.exit_code == 4
    assert "Run the same command again" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bound", "T4z"], "tightness: bound must be one of"),
        (["--martingale", "ginibri"], "Did you mean 'ginibre'?"),
        (["--q", "0.5"], "tightness: q must lie in [1, inf]"),
        (["--n", "1,x"], "tightness: n must be integers >= 1 with commas between them, got n='1,x'."),
        (["--d", "0"], "tightness: d must be an integer >= 1, got d=0."),
        (["--seed", "-1"], "tightness: seed must be an integer >= 0, got seed=-1."),
        (["--scale", "huge"], "tightness: scale must be one of 'full', 'smoke', got scale='huge'."),
        (["--martingale", ""], "tightness: martingale must be one of"),
    ],
)
def test_bad_usage_is_exit_code_2(arguments, message, tmp_path):
    result = invoke(*arguments, "--out", tmp_path / "never")
    assert result.exit_code == 2
    assert message in result.stderr


def test_folder_that_cannot_be_written_is_exit_code_2(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = invoke(*SMALL, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert "tightness: out must be a folder" in result.stderr


def test_names_with_commas_go_in_quotes():
    assert command._names('haar,"ginibre, complex"') == ["haar", "ginibre, complex"]
    assert command._names(None) is None


def test_every_family_is_a_world():
    assert set(MARTINGALES) <= {world.family for world in WORLDS.values()}


def test_cells_share_the_error_rate():
    grid = default_grid(scale="smoke", bounds=["T4b-left"], worlds=["haar", "adapted, jump"], dimensions=[2, 3])
    cells = grid.cells()
    assert len(cells) == 2 * 2 + 2
    assert {cell.n_probes for cell in cells} == {len(cells) * len(cells[0].requests)}
    assert {cell.n_steps for cell in cells if cell.world == "adapted, jump"} == {2}


def test_cells_are_told_apart_by_what_they_ask():
    def cell(**changes):
        fields = {"world": "haar", "dimension": 2, "n_steps": 3, "trials": 10, "seed": 0, "n_probes": 1,
                  "requests": (Request("T4b-left", 1.0, 2.0),)}  # fmt: skip
        return Cell(**(fields | changes))

    changes = [{"trials": 11}, {"seed": 1}, {"n_probes": 2}, {"requests": ()}, {"n_steps": 4}]
    assert len({cell(**change).digest for change in [{}, *changes]}) == 1 + len(changes)


def test_grid_refuses_what_means_nothing():
    with pytest.raises(SchattorError, match="tightness: trials must be an integer >= 1"):
        default_grid(trials=-1)
