"""The catalogue of statements: complete, written out in the theory, and found by id."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs_checks.statements import ASSUMPTIONS, STATEMENTS, STATUSES, select
from schattor_theory.errors import UnknownNameError
from tests.joined import every

ROOT = Path(__file__).resolve().parents[2]


def test_every_statement_is_complete() -> None:
    for name, statement in STATEMENTS.items():
        assert name == statement.id
        assert statement.status in STATUSES
        assert statement.title
        assert statement.text.endswith(".")
        named = [h for h in statement.hypotheses if h[0] in "AN" and h[1:].isdigit()]
        assert set(named) <= set(ASSUMPTIONS)


@every("name", STATEMENTS)
def test_every_statement_is_written_out_in_the_theory(name: str) -> None:
    statement = STATEMENTS[name]
    lines = (ROOT / statement.document).read_text(encoding="utf-8").splitlines()
    headings = [line.lstrip("# ") for line in lines if line.startswith("#")]
    found = [heading for heading in headings if heading.startswith(statement.heading)]
    assert found, f"{statement.document} has no heading that begins with {statement.heading!r}"


def test_a_group_stands_for_its_parts() -> None:
    assert select(["T4"]) == ["T4a", "T4a*", "T4b", "T4c", "T4d", "T4e", "T4f", "T4g"]
    assert select(["T13", "D1"]) == ["D1", "T13a", "T13b", "T13c"]
    assert select(["T1"]) == ["T1"]


@pytest.mark.parametrize(("wrong", "near"), [("T55", "T5"), ("t1", "T1"), ("T5-n2", "T5-N2")])
def test_an_unknown_statement_is_named_with_the_nearest_one(wrong: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"got only='{wrong}'. Did you mean '{near}'"):
        select([wrong])


def test_without_a_near_one_every_id_is_listed() -> None:
    with pytest.raises(UnknownNameError, match="The ids are D1, D2"):
        select(["zzzzzz"])
