"""Our guarantees beside published ones, as tables for pages."""

from __future__ import annotations

from pathlib import Path

from proofs_checks.report.page import write_report
from proofs_checks.report.relation import NUMBERS, compared_table, markdown_table, relation_section, values_table
from proofs_checks.report.webpage import rendered
from proofs_checks.statements import STATEMENTS
from schattor_theory.bounds.guarantees import OURS
from schattor_theory.bounds.published import PUBLISHED
from tests.proofs_checks.ledgers import entry, ledger
from tests.proofs_checks.report.test_page import Reader


def test_every_comparison_is_with_statements_there_are() -> None:
    for guarantee in (*OURS, *PUBLISHED):
        assert set(guarantee.statements) <= set(STATEMENTS)


def test_values_are_in_three_digits_and_orders_in_parentheses() -> None:
    head, rows = values_table()
    assert len(head) == 1 + len(NUMBERS)
    shown = {row[0]: row[1:] for row in rows}
    assert shown["T5-N2"] == ["0.127"] * len(NUMBERS)
    assert shown["Hübler et al."][0] == "(0.045)"
    assert "Pethick" not in shown
    assert all(len(row) == len(head) for row in rows)


def test_tables_have_a_row_for_every_record() -> None:
    head, rows = compared_table(PUBLISHED)
    assert [row[0] for row in rows] == [guarantee.name for guarantee in PUBLISHED]
    assert all(len(row) == len(head) and all(row) for row in rows)
    assert [row[2] for row in compared_table(OURS)[1]] == ["ours"] * len(OURS)


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert markdown_table(["a", "b"], [["|x|", "y"]]).splitlines()[-1] == r"| \|x\| | y |"


def test_the_report_sets_ours_beside_theirs(tmp_path: Path) -> None:
    found = Reader(write_report(ledger(entry()), tmp_path).read_text(encoding="utf-8"))
    assert "Beside published guarantees" in found.text
    assert "arXiv:2605.06615" in found.text
    assert rendered([relation_section()]).count("<tr>") == 2 + len(values_table()[1]) + len(PUBLISHED)
