"""The matrix of the report: what its cells say and lead to, and what checks left to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofs_checks.evidence import Verdict
from proofs_checks.matrix import WHY_FEWER, matrix_of
from proofs_checks.report.entries import artefacts_of, matrix_section, place_of
from proofs_checks.report.page import write_report
from proofs_checks.report.webpage import rendered
from tests.proofs_checks.ledgers import entry, ledger
from tests.proofs_checks.report.test_page import TIGHT, Reader

STEPS = [
    {"claim": "f(X⁺) ≤ f(X)", "justification": "A2.", "result": "proved", "role": "hypothesis"},
    {"claim": "2 <b>", "justification": "By Hölder.", "result": "proved", "role": "step"},
    {"claim": "so", "justification": "", "result": "undecided", "role": "conclusion"},
]
DERIVED = entry(check="Proved for every q in [1, 2].", kind="derivation", data={"steps": STEPS})
KEPT = entry(check="replayed", kind="adversarial", data={"rows": [{"name": "w", "certified": "1.3", "more": [1]}]})
STORED = entry(check="stored", kind="simulation", data={"certificate": {"file": "a.json.gz"}})


def artefacts_html(entry: object) -> str:
    return rendered(artefacts_of(entry))  # type: ignore[arg-type]


def matrix_html(*arguments: object) -> str:
    return rendered([matrix_section(*arguments)])  # type: ignore[arg-type]


def page(tmp_path: Path, *entries: object) -> Reader:
    return Reader(write_report(ledger(*entries), tmp_path).read_text(encoding="utf-8"))  # type: ignore[arg-type]


def test_cells_lead_to_derivation_certificate_witness_and_figure(tmp_path: Path) -> None:
    found = page(tmp_path, DERIVED, KEPT, STORED, TIGHT)
    inside = {reference[1:] for reference in found.references if reference.startswith("#")}
    assert inside <= found.anchors
    for what, check in (("derivation", DERIVED.check), ("witness", "replayed"), ("certificate", "stored")):
        assert place_of(what, check) in inside
    assert place_of("figure", TIGHT.check) in inside
    assert {place_of("check", e.check) for e in (DERIVED, KEPT, STORED, TIGHT)} <= inside
    assert " " not in "".join(inside)


def test_places_of_different_checks_differ() -> None:
    names = ["A holds: a < b.", "A holds: a > c.", "a_b", "a b", "φ'' lies in [-1/4, 1]"]
    places = {place_of("check", name) for name in names}
    assert len(places) == len(names)
    assert all(place.isascii() for place in places)


def test_a_derivation_is_written_out_line_by_line() -> None:
    shown = artefacts_html(DERIVED)
    assert "Derivation, step by step (3)" in shown
    assert shown.count("<li>") == 3
    assert "2 &lt;b&gt;" in shown
    assert 'aria-label="undecided">?' in shown
    # nothing is proved in a hypothesis, so it has no sign
    assert 'aria-label="proved"></span>' in shown
    assert shown.count("✓") == 1


def test_witnesses_are_a_table_of_what_was_certified() -> None:
    shown = artefacts_html(KEPT)
    assert "Witnesses: 1" in shown
    assert '<td class="left">1.3</td>' in shown
    assert "more" not in shown


def test_many_witnesses_are_cut_and_say_so() -> None:
    rows = [{"name": str(k), "certified": "1"} for k in range(100)]
    assert "20 more in ledger.json" in artefacts_html(entry(data={"rows": rows}))


def test_a_derivation_of_which_the_length_alone_is_kept_leads_to_the_command_that_writes_it_out(tmp_path: Path) -> None:
    counted = entry(kind="symbolic", data={"steps": 8, "proof": "one_step_descends"})
    assert "<code>schattor prove one_step_descends</code>" in artefacts_html(counted)
    found = page(tmp_path, counted)
    assert {reference[1:] for reference in found.references if reference.startswith("#")} <= found.anchors


@pytest.mark.parametrize("data", [{"rows": {"certified": 1}}, {"rows": [1, None]}, {}])
def test_data_of_another_form_is_left_alone(data: dict[str, object]) -> None:
    assert artefacts_html(entry(data=data)) == ""


def test_steps_of_another_form_are_shown_as_text() -> None:
    assert "just words" in artefacts_html(entry(data={"steps": ["just words"]}))


def test_the_last_column_counts_kinds_that_hold_of_kinds_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("D3", "T4e"):
        monkeypatch.setitem(WHY_FEWER, name, "Because.")
    known = {"T1": ("identity", "inequality", "symbolic"), "T2": ("identity",), "D3": ("identity",), "T4e": ()}
    held, broken = entry(), entry(Verdict.VIOLATED, check="v", kind="identity", witness={"x": 1})
    table = matrix_html(matrix_of([held, broken], known), known, set())
    assert "<td>1 of 3</td>" in table
    assert '<td class="few">0 of 1</td>' in table
    assert "<td>0 of 1*</td>" in table
    assert "Fewer than three kinds so far: T2." in table
    assert table.count("unchecked in this run") == 2
    assert ">unchecked</td>" in table


def test_a_violated_cell_leads_to_the_violation() -> None:
    held, broken = entry(check="held"), entry(Verdict.VIOLATED, check="broken", witness={"x": 1})
    table = matrix_html(matrix_of([held, broken], ["T1"]), {}, set())
    words = 'title="held; broken"><a href="#check-broken" aria-label="violated">✗\N{NO-BREAK SPACE}2</a>'
    assert f'<td class="violated" {words}' in table


def test_a_figure_that_was_not_drawn_is_not_led_to() -> None:
    assert "#figure-" not in matrix_html(matrix_of([TIGHT], []), {}, set())
    assert "#figure-" in matrix_html(matrix_of([TIGHT], []), {}, {TIGHT.check})
