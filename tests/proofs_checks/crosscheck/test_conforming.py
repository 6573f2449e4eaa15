"""No false *differs*: optimizers of conventions drawn at random conform, to the convention that is diagnosed too."""

from __future__ import annotations

import pytest

from proofs_checks.crosscheck.deviations.drawn import drawn
from proofs_checks.crosscheck.deviations.independent import independent
from proofs_checks.crosscheck.deviations.said import examined, faults_of
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probes import PROBES
from proofs_checks.crosscheck.verdict import judge

N_FAST, N_ALL = 12, 200


def numbers(n_fast: int) -> list:
    return [pytest.param(n, marks=() if n < n_fast else pytest.mark.slow) for n in range(N_ALL)]


@pytest.mark.parametrize("number", numbers(N_FAST))
def test_an_optimizer_conforms_to_its_own_convention(number: int) -> None:
    convention = drawn(number)
    verdict = judge(observe(independent(convention)).run(PROBES, "float32"), convention)
    assert verdict.outcome != "differs", (convention.words, verdict.reasons)


@pytest.mark.parametrize("number", numbers(4))
def test_an_optimizer_conforms_to_what_is_diagnosed(number: int) -> None:
    convention = drawn(number)
    found = examined(independent(convention))
    assert found.outcome != "differs", (convention.words, found.words)
    assert faults_of(found) == "", convention.words


@pytest.mark.parametrize("number", numbers(4))
def test_an_optimizer_differs_from_the_convention_of_the_next_number(number: int) -> None:
    runs = observe(independent(drawn(number))).run(PROBES, "float32")
    assert judge(runs, drawn(number + 1)).outcome == "differs"
