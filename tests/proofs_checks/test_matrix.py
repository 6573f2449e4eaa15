"""The matrix of statements against kinds of evidence: complete, counted, and honest about what is missing."""

from __future__ import annotations

import pytest

from proofs_checks import matrix as module
from proofs_checks.evidence import KINDS, Verdict
from proofs_checks.matrix import (
    ENOUGH,
    WHY_FEWER,
    Artefact,
    Cell,
    artefacts_of,
    kinds_by_statement,
    matrix_of,
    order_of,
    proofs,
)
from proofs_checks.statements import STATEMENTS
from tests.proofs_checks.ledgers import entry, ledger

HOLDS = entry(check="a", kind="inequality")
BROKEN = entry(Verdict.INCONCLUSIVE, check="b", kind="identity", status="error: ValueError: no")


def test_a_statement_without_a_check_is_unchecked() -> None:
    found = ledger(HOLDS).matrix
    assert [row.statement.id for row in found.rows] == ["T1", "T4d"]
    assert found.unchecked == ("T4d",)
    assert found.row("T4d").is_unchecked
    assert found.row("T4d").n_kinds == 0
    assert found.to_dict() == {"T1": {"inequality": {"verdict": "holds", "checks": 1, "ran": True}}, "T4d": {}}


def test_every_statement_is_a_row_when_nothing_is_said() -> None:
    assert [row.statement.id for row in matrix_of([]).rows] == list(STATEMENTS)
    assert matrix_of([]).unchecked == tuple(STATEMENTS)


def test_a_statement_with_an_entry_is_never_left_out() -> None:
    assert [row.statement.id for row in matrix_of([entry(statement="T8")], ["T1", "T99"]).rows] == ["T1", "T8"]


@pytest.mark.parametrize(
    ("verdicts", "worst", "counts"),
    [
        ((Verdict.HOLDS,), Verdict.HOLDS, True),
        ((Verdict.HOLDS, Verdict.INCONCLUSIVE), Verdict.INCONCLUSIVE, True),
        ((Verdict.HOLDS, Verdict.NOT_APPLICABLE), Verdict.NOT_APPLICABLE, True),
        ((Verdict.HOLDS, Verdict.VIOLATED), Verdict.VIOLATED, False),
        ((Verdict.INCONCLUSIVE,), Verdict.INCONCLUSIVE, False),
        ((Verdict.NOT_APPLICABLE,), Verdict.NOT_APPLICABLE, False),
        ((Verdict.VIOLATED,), Verdict.VIOLATED, False),
    ],
)
def test_a_kind_counts_only_where_it_supports(verdicts: tuple[Verdict, ...], worst: Verdict, counts: bool) -> None:
    cell = Cell("inequality", tuple(entry(verdict) for verdict in verdicts))
    assert cell.verdict is worst
    assert cell.counts is counts


def test_a_check_that_could_not_run_is_no_evidence() -> None:
    cell = Cell("identity", (BROKEN,))
    assert not cell.could_run
    assert not cell.counts
    assert cell.verdict is Verdict.INCONCLUSIVE
    # an entry that says "holds" with an error in its status is not believed
    assert not Cell("identity", (entry(status="error: no"),)).counts
    assert matrix_of([HOLDS, BROKEN]).row("T1").n_kinds == 1


def test_kinds_stand_in_their_order_and_unknown_ones_last() -> None:
    assert order_of(reversed([*KINDS, "zeal", "alchemy"])) == (*KINDS, "alchemy", "zeal")
    assert matrix_of([HOLDS, entry(kind="zeal", check="z"), BROKEN]).kinds == ("identity", "inequality", "zeal")


def test_a_cell_knows_what_there_is_to_look_at() -> None:
    drawn = entry(check="d", figure="tightness.png", data={"rows": [{"certified": "1.3"}], "steps": [{"claim": "a"}]})
    assert artefacts_of(drawn) == [Artefact("figure", "d"), Artefact("derivation", "d"), Artefact("witness", "d")]
    assert artefacts_of(entry(Verdict.VIOLATED, check="v", witness={"x": 1})) == [Artefact("witness", "v")]
    assert artefacts_of(entry(check="c", data={"certificate": {"file": "x"}})) == [Artefact("certificate", "c")]
    assert artefacts_of(entry(data={"rows": [{"ratio": 1.0}], "steps": []})) == []
    assert Cell("identity", (drawn, HOLDS)).artefacts == tuple(artefacts_of(drawn))


def test_reasons_are_sentences_about_statements() -> None:
    for name, reason in WHY_FEWER.items():
        assert name in STATEMENTS
        assert reason.endswith(".")


def test_catalogues_of_proofs_name_statements() -> None:
    for proof in proofs():
        assert proof.statement in STATEMENTS
        assert proof.name


def test_catalogues_that_are_not_there_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PROOFS", (("proofs_checks.files", "NOTHING"),))
    assert proofs() == []


def without_enough(kinds: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the statements with too few kinds of evidence and no reason for it."""
    return [name for name, found in kinds.items() if len(found) < ENOUGH and name not in WHY_FEWER]


def test_every_statement_has_three_kinds_of_evidence_or_a_reason() -> None:
    assert without_enough(kinds_by_statement()) == []


def test_a_statement_with_two_kinds_and_no_reason_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WHY_FEWER, "D3", "Because.")
    assert without_enough({"T1": ("identity", "simulation"), "D3": (), "T2": ("a", "b", "c")}) == ["T1"]


def test_every_reason_is_still_needed() -> None:
    kinds = kinds_by_statement()
    assert [name for name in WHY_FEWER if len(kinds[name]) >= ENOUGH] == []
