"""The ledger: exit codes, and refusal of what is cut short, tampered with, or of another schema."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from proofs_checks.evidence import Verdict
from proofs_checks.files import write_file
from proofs_checks.ledger import SCHEMA, Ledger, read_ledger
from schattor_theory.errors import StoreError
from tests.proofs_checks.ledgers import entry, ledger

BROKEN = entry(Verdict.INCONCLUSIVE, check="fell_over", status="error: ValueError: no")


def test_survives_the_disk(tmp_path: Path) -> None:
    made = ledger(entry(), entry(Verdict.VIOLATED, witness={"x": [1.0]}), BROKEN)
    made.write(tmp_path / "ledger.json")
    assert read_ledger(tmp_path / "ledger.json").to_dict() == made.to_dict()
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.json"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ((entry(),), 0),
        ((entry(Verdict.INCONCLUSIVE), entry(Verdict.NOT_APPLICABLE)), 0),
        ((entry(), entry(Verdict.VIOLATED)), 1),
        ((entry(), BROKEN), 3),
        ((BROKEN, entry(Verdict.VIOLATED)), 1),
        ((), 0),
    ],
)
def test_exit_code_says_what_was_found(entries: tuple, code: int) -> None:
    assert ledger(*entries).exit_code == code


def test_words_name_what_is_violated_and_what_could_not_run() -> None:
    words = ledger(entry(), entry(Verdict.VIOLATED), entry(Verdict.INCONCLUSIVE), BROKEN).words()
    assert words.startswith("Violated: T1 (is_violated). 1 of 4 checks hold, 1 inconclusive (is_inconclusive).")
    assert words.endswith("Could not run: T1 (fell_over).")
    assert ledger(entry()).words() == "Nothing is violated. 1 of 1 checks hold."


def written(tmp_path: Path, change: object = None) -> Path:
    path = tmp_path / "ledger.json"
    ledger(entry(), entry(Verdict.VIOLATED)).write(path)
    if callable(change):
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_refuses_a_ledger_that_is_cut_short(tmp_path: Path, share: float) -> None:
    path = written(tmp_path)
    text = path.read_text()
    path.write_text(text[: int(share * len(text))])
    with pytest.raises(StoreError, match=r"path must hold a whole ledger, got path=.*damaged or cut short"):
        read_ledger(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c.update(schema=SCHEMA + 1),
            "schema must be 1, got schema=2. Read it with the version that wrote it",
        ),
        (lambda c: c.pop("manifest"), "path must hold a ledger"),
        (lambda c: c.update(entries={}), "path must hold a ledger"),
        (lambda c: c["entries"][0].pop("verdict"), "entry must have the fields verdict"),
        (lambda c: c["entries"][1].update(verdict="yes"), "verdict must be one of"),
    ],
)
def test_refuses_a_ledger_that_was_tampered_with(tmp_path: Path, change: object, message: str) -> None:
    path = written(tmp_path, change)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message):
        read_ledger(path)
    assert path.read_bytes() == before


def test_refuses_a_number_that_is_not_strict_json(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace("0.25", "NaN", 1))
    with pytest.raises(StoreError, match="NaN is not strict JSON"):
        read_ledger(path)


def test_refuses_what_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"path must be a readable ledger, got path=.*No such file"):
        read_ledger(tmp_path / "none.json")
    (tmp_path / "picture").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="it is not text"):
        read_ledger(tmp_path / "picture")


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    before = path.read_bytes()

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(
        StoreError, match=r"out must be a folder that can be read and written, got out=.*No space left on device"
    ):
        write_file(path, b"new", "verify")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.json"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Not a directory"):
        Ledger(manifest={}, entries=()).write(tmp_path / "file" / "ledger.json")
