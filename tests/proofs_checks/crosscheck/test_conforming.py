"""No false *differs*: optimizers of conventions drawn at random conform, to the convention that is diagnosed too."""

from __future__ import annotations

import pytest

from proofs_checks.crosscheck.crosscheck import CrossCheck
from proofs_checks.crosscheck.deviations import __main__, conforming
from proofs_checks.crosscheck.deviations.conforming import Alarm, alarms
from proofs_checks.crosscheck.deviations.drawn import drawn
from proofs_checks.crosscheck.deviations.independent import independent
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probes import PROBES
from proofs_checks.crosscheck.verdict import judge

N_ALL = 200

MISREAD = (123, 129, 140, 141, 152, 166, 169, 173, 183, 184, 192)
"""Conventions that are misread step by step: what all steps together follow is their diagnosis."""


def numbers(n_all: int, *fast: int) -> list:
    return [pytest.param(n, marks=() if n in fast else pytest.mark.slow) for n in range(n_all)]


@pytest.mark.parametrize("number", numbers(N_ALL, 1))
def test_an_optimizer_conforms_to_its_own_convention(number: int) -> None:
    convention = drawn(number)
    verdict = judge(observe(independent(convention)).run(PROBES, "float32"), convention)
    assert verdict.outcome == "conforms", (convention.words, verdict.reasons)


# all 200 take minutes: `python -m proofs_checks.crosscheck.deviations --conforming 200`
@pytest.mark.parametrize(
    "number",
    [
        *numbers(40),
        *(pytest.param(n, marks=pytest.mark.slow) for n in (75, 128, 137)),  # p = 8 with a decomposition in float64
        *(pytest.param(n, marks=pytest.mark.slow) for n in MISREAD),
    ],
)
def test_an_optimizer_conforms_to_what_is_diagnosed(number: int) -> None:
    (alarm,) = alarms([number])
    assert not alarm.is_false, alarm.words


@pytest.mark.parametrize("number", numbers(40, 0))
def test_an_optimizer_differs_from_the_convention_of_the_next_number(number: int) -> None:
    runs = observe(independent(drawn(number))).run(PROBES, "float32")
    assert judge(runs, drawn(number + 1)).outcome == "differs"


@pytest.mark.parametrize("outcome", ["conforms", "undecided", "differs", "could not run"])
def test_a_false_alarm_is_counted_and_told(
    outcome: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    is_false = outcome in ("differs", "could not run")
    result = CrossCheck(target="drawn", outcome=outcome, problem="none")
    monkeypatch.setattr(conforming, "examined", lambda target, name: result)
    assert [one.is_false for one in alarms([3])] == [is_false]
    assert Alarm(number=3, result=result, others=()).words.startswith(f"number 3: {drawn(3).words}")
    assert __main__.main(["--conforming", "4", "--first", "7"]) == int(is_false)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{4 * is_false} false alarms of 4: 4 {outcome}; 4 with a field named otherwise"
    assert len(lines) == 1 + 4 * is_false
