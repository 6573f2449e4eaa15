"""Every deviation is named from its outputs, and differs from what was meant; what was meant is not."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from proofs_checks.crosscheck.crosscheck import CrossCheck
from proofs_checks.crosscheck.deviations import DEVIATIONS, MEANT, __main__
from proofs_checks.crosscheck.deviations.said import examined, faults_of, lacks, said
from proofs_checks.crosscheck.deviations.table import expected, listed, page
from proofs_checks.crosscheck.known import differences
from proofs_checks.crosscheck.verdict import judge

PAGE = Path(__file__).parents[3] / "docs" / "deviations.md"
FAST = "first_row_shrunk"
"""Is found within a second."""


@functools.cache
def right(name: str) -> CrossCheck:
    return examined(MEANT[name][1]())


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == FAST else pytest.mark.slow) for n in DEVIATIONS])
def test_a_deviation_is_named(name: str) -> None:
    deviation = DEVIATIONS[name]
    found = said(deviation)
    assert lacks(deviation, found) == []
    # a fault is told where it shows; what was meant may say nothing of such an input
    is_told_by_steps = not deviation.is_invariance and not found.faults
    assert not is_told_by_steps or judge(found.runs, deviation.meant).outcome == "differs"


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "polar" else pytest.mark.slow) for n in MEANT])
def test_what_was_meant_conforms_and_is_named(name: str) -> None:
    convention, _ = MEANT[name]
    found = right(name)
    assert found.outcome == "conforms", found.words
    assert faults_of(found) == ""
    assert found.diagnosis is not None
    assert found.diagnosis.convention is not None
    assert differences(found.diagnosis.convention, convention) == ()
    broken = [one.name for one in found.invariances if one.outcome == "broken"]
    # a floor ends f(cG) = f(G), and a step from NaN is not kept out by a plain implementation
    assert set(broken) <= {"f(cG) = f(G)", "f(cG) = c f(G)", "a step that is not finite"}


@pytest.mark.slow
def test_a_deviation_is_not_said_of_what_was_meant() -> None:
    found = {name: right(name) for name in MEANT}
    meant = {id(convention): name for name, (convention, _) in MEANT.items()}
    silent = [one.name for one in DEVIATIONS.values() if id(one.meant) in meant and one.becomes]
    wrong = [name for name in silent if not lacks(DEVIATIONS[name], found[meant[id(DEVIATIONS[name].meant)]])]
    assert silent
    assert wrong == []


def test_the_page_lists_the_deviations_as_they_are() -> None:
    assert list(listed(PAGE.read_text(encoding="utf-8"))) == expected()


def test_the_page_says_what_is_not_named() -> None:
    text = page(dict.fromkeys(DEVIATIONS, right("polar")))
    assert list(listed(text)) == expected()
    row = next(line for line in text.splitlines() if line.startswith("| `look_ahead_missing`"))
    assert "**not named**" in row


def test_command_names_a_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["entries_clipped"]) == 0
    assert "clip" in capsys.readouterr().out


def test_command_refuses_a_name_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["no_such"]) == 2
    assert "no_such" in capsys.readouterr().err
