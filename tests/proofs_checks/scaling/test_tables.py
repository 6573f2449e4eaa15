"""Tables: the same content in every spelling."""

from __future__ import annotations

import csv
import io

from proofs_checks.scaling.tables import Table, to_csv, to_latex, to_markdown, to_text

TABLE = Table("Exponents of α_1", ["p", "exponent & interval"], [["inf", "0 ± 0.02"], ["4/3", "50 % | 1_2"]])


def test_csv_gives_the_rows_back() -> None:
    assert list(csv.reader(io.StringIO(to_csv(TABLE)))) == [list(TABLE.header), *map(list, TABLE.rows)]


def test_latex_escapes_what_latex_would_read_as_markup() -> None:
    text = to_latex(TABLE)
    assert r"exponent \& interval" in text
    assert r"0 $\pm$ 0.02 \\" in text
    assert r"50 \% | 1\_2" in text
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert text.count(rule) == 1


def test_text_lines_up_its_columns() -> None:
    lines = to_text(TABLE).splitlines()
    assert lines[0] == TABLE.caption
    starts = [line.index(entry) for line, entry in zip(lines[4:], ["0 ±", "50 %"], strict=True)]
    assert len(set(starts)) == 1


def test_markdown_keeps_a_bar_inside_an_entry() -> None:
    assert r"50 % \| 1_2" in to_markdown(TABLE)
