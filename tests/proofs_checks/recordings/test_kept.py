"""A run over several blocks that was stopped goes on with those that are missing, and says the same in the end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from proofs_checks.command_line.assumptions import assumptions
from proofs_checks.ledger import read_ledger
from proofs_checks.recordings import analysis, command, load_recording
from proofs_checks.recordings.analysis import BlockAnalysis, analyse
from proofs_checks.recordings.kept import KeptBlocks, from_record, to_record
from proofs_checks.recordings.reading import recording_of
from tests.joined import some
from tests.proofs_checks.recordings.records import gaussian, pareto

app = typer.Typer()
app.command()(assumptions)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "three.npz"
    np.savez(path, first=gaussian(40, 2, 2), second=gaussian(40, 3, 2), third=gaussian(40, 1, 4))
    return path


class Counted:
    """Looks at blocks, remembers which, and stops like Ctrl-C at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looked_at: list[str] = []
        self.stop_at: str | None = None
        whole = analysis._analyse_block

        def look(block, *settings):
            if block.name == self.stop_at:
                raise KeyboardInterrupt
            self.looked_at.append(block.name)
            return whole(block, *settings)

        monkeypatch.setattr(analysis, "_analyse_block", look)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def entries(folder: Path) -> list[dict]:
    return [entry.to_dict() for entry in read_ledger(folder / "ledger.json").entries]


def test_the_same_command_looks_at_what_is_missing_and_writes_the_same(
    recorded: Path, counted: Counted, tmp_path: Path
) -> None:
    assert run(recorded, "--p", "2,inf", "--out", tmp_path / "whole").exit_code == 0
    counted.looked_at, counted.stop_at = [], "third"
    stopped = run(recorded, "--p", "2,inf", "--out", tmp_path / "parts")
    assert stopped.exit_code == 4
    place = tmp_path / "parts" / "unfinished"
    words = f"schattor: interrupted; 2 of 3 blocks are kept in {place}. Run the same command again to go on."
    assert stopped.stderr.splitlines()[-1] == words
    assert not (tmp_path / "parts" / "ledger.json").exists()
    counted.looked_at, counted.stop_at = [], None
    assert run(recorded, "--p", "2,inf", "--out", tmp_path / "parts").exit_code == 0
    assert counted.looked_at == ["third"]
    assert entries(tmp_path / "parts") == entries(tmp_path / "whole")
    page = "report.html"
    assert (tmp_path / "parts" / page).read_bytes() == (tmp_path / "whole" / page).read_bytes()
    assert not place.exists()


@pytest.mark.parametrize("changed", some(["recording", "level", "exponents", "code"], 2))
def test_another_recording_level_exponent_or_code_starts_anew(
    changed: str, recorded: Path, counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.stop_at = "third"
    run(recorded, "--p", "2,inf", "--out", tmp_path)
    counted.looked_at, counted.stop_at = [], None
    if changed == "recording":
        np.savez(recorded, first=gaussian(42, 2, 2), second=gaussian(40, 3, 2), third=gaussian(40, 1, 4))
    if changed == "code":
        monkeypatch.setattr(command, "key_of", lambda *parts: "another")
    level = 0.9 if changed == "level" else 0.95
    run(recorded, "--p", "2,4" if changed == "exponents" else "2,inf", "--level", level, "--out", tmp_path)
    assert counted.looked_at == ["first", "second", "third"]
    assert not (tmp_path / "unfinished").exists()


def test_without_a_folder_nothing_is_kept_and_it_is_said(recorded: Path, counted: Counted) -> None:
    counted.stop_at = "second"
    stopped = run(recorded)
    assert stopped.exit_code == 4
    assert stopped.stderr.rstrip().endswith("nothing is kept without --out. Run the same command again to start over.")


def block_analyses() -> list[BlockAnalysis]:
    zero = np.zeros((20, 2, 2))
    drawn = {"calm": gaussian(60, 3, 2), "calm/mean": np.eye(3, 2), "wild": pareto(400, 2, 3, 1.1), "zero": zero}
    return list(analyse(recording_of(drawn), ("2", "4", "inf")).blocks.values())


@pytest.mark.parametrize("one", block_analyses(), ids=lambda one: one.block.name)
def test_an_analysis_is_read_back_to_the_last_bit(one: BlockAnalysis) -> None:
    record = json.loads(json.dumps(to_record(one), allow_nan=False))
    again = from_record(one.block, record)
    assert repr(again) == repr(one)
    assert type(again.ranks) is type(one.ranks)


def test_a_damaged_file_is_looked_at_again(recorded: Path, tmp_path: Path) -> None:
    blocks = load_recording(recorded).blocks
    found = analyse(load_recording(recorded), ("2",)).blocks
    kept = KeptBlocks(tmp_path, "a key", "assumptions")
    assert kept.of(blocks.values()) == {}
    kept.add(found["first"])
    kept.add(found["second"])
    assert list(kept.of(blocks.values())) == ["first", "second"]
    damaged = kept._path("first")
    damaged.write_text(damaged.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert list(kept.of(blocks.values())) == ["second"]
    kept.finish()
    kept.finish()
    assert list(tmp_path.glob("unfinished*")) == []
