"""The ledger: exit codes, and refusal of what is cut short, tampered with, or of another schema."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
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
        (lambda c: c.update(schema=True), "schema must be 1, got schema=True"),
        (lambda c: c.update(schema="1"), "schema must be 1, got schema='1'"),
        (
            lambda c: c["entries"][1].pop("check"),
            r"entry 1 of .*ledger.json cannot be read\. Evidence.from_dict: entry",
        ),
        (lambda c: c["entries"][0].update(constants="guessed"), "constants must be one of exact, estimated, got"),
        (lambda c: c["entries"][0].update(seed=1.5), "seed must be an integer, got seed=1.5"),
        (lambda c: c["entries"][0].update(figure=3), "figure must be a file name, got figure=3"),
        (
            lambda c: c["entries"][1].update(check="is_holds"),
            r"entries must name every check of a statement once, got .*is_holds",
        ),
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


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_refuses_a_number_that_is_not_finite_wherever_it_stands(tmp_path: Path, literal: str) -> None:
    path = tmp_path / "ledger.json"
    ledger(entry(data={"rows": [{"ratio": 0.125}]})).write(path)
    path.write_text(path.read_text().replace("0.125", literal))
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"path must hold a whole ledger.*(is not strict JSON|is not finite)"):
        read_ledger(path)
    assert path.read_bytes() == before


def test_refuses_a_field_that_stands_twice(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace('"margin": 0.25', '"margin": 0.25, "margin": 0.5', 1))
    with pytest.raises(StoreError, match="the field 'margin' stands twice in one table"):
        read_ledger(path)


def test_refuses_what_is_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    path.write_text("[" * 100_000)
    with pytest.raises(StoreError, match="path must hold a whole ledger"):
        read_ledger(path)


@pytest.mark.parametrize(
    "damage", [lambda text: text[: len(text) // 2], lambda text: text.replace('"schema": 1', '"schema": 2')]
)
def test_writing_over_what_cannot_be_read_keeps_it(tmp_path: Path, damage: Callable[[str], str]) -> None:
    path = written(tmp_path)
    path.write_text(damage(path.read_text()))
    for number in (1, 2):
        before = path.read_bytes()
        kept = ledger(entry()).write(path)
        assert kept == tmp_path / f"ledger.kept-{number}.json"
        assert kept.read_bytes() == before
        assert read_ledger(path).to_dict() == ledger(entry()).to_dict()
        path.write_text(damage(path.read_text()))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ledger.json", "ledger.kept-1.json", "ledger.kept-2.json"]


def test_writing_over_a_ledger_replaces_it(tmp_path: Path) -> None:
    assert ledger(entry()).write(tmp_path / "ledger.json") is None
    assert ledger().write(tmp_path / "ledger.json") is None
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.json"]


def test_a_ledger_of_other_kinds_and_statements_is_read(tmp_path: Path) -> None:
    made = ledger(entry(kind="alchemy"))
    made.write(tmp_path / "ledger.json")
    assert read_ledger(tmp_path / "ledger.json").matrix.kinds == ("alchemy",)


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
