"""Our own optimizer, with every option that it has and on several array libraries: it conforms, and is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proofs_checks.crosscheck.convention import Convention
from proofs_checks.crosscheck.deviations.said import examined, faults_of
from proofs_checks.crosscheck.known import differences
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probes import PROBES
from proofs_checks.crosscheck.verdict import judge
from tests.proofs_checks.crosscheck.schattors import SCHATTORS, Made, one

FAST = ("p = 3, regularised", "look-ahead, nesterov")
NAMES = [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in SCHATTORS]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_conforms_to_its_convention(name: str, dtype: str) -> None:
    make, convention = SCHATTORS[name]
    verdict = judge(observe(make).run(PROBES, dtype), convention)
    assert verdict.outcome == "conforms", verdict.reasons


@pytest.mark.slow
@pytest.mark.parametrize("namespace", [pytest.param("torch", marks=pytest.mark.peers), "array_api_strict"])
@pytest.mark.parametrize("name", SCHATTORS)
def test_conforms_on_other_array_libraries(name: str, namespace: str) -> None:
    pytest.importorskip(namespace, reason=f"{namespace} is not installed")
    make, convention = SCHATTORS[name]
    verdict = judge(observe(make, namespace=namespace).run(PROBES, "float32"), convention)
    assert verdict.outcome == "conforms", verdict.reasons


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHATTORS)
def test_is_named_by_its_outputs(name: str) -> None:
    make, convention = SCHATTORS[name]
    found = examined(make)
    assert found.outcome == "conforms", found.words
    assert faults_of(found) == ""
    assert found.diagnosis is not None
    assert found.diagnosis.convention is not None
    assert differences(found.diagnosis.convention, convention) == ()


@pytest.mark.parametrize(
    ("make", "convention"),
    [
        (one(3), replace(SCHATTORS["p = 3"][1], map=SCHATTORS["p = 2.5"][1].map)),
        (one("inf", momentum=0.949), SCHATTORS["p = inf"][1]),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                (one(3, look_ahead=0.26), SCHATTORS["look-ahead"][1]),
                (one(3, weight_decay=0.126), SCHATTORS["weight decay"][1]),
                (one(3, bias_correction=True), SCHATTORS["p = 3"][1]),
                (one(3, oracle="regularized"), SCHATTORS["p = 3"][1]),
            )
        ),
    ],
)
def test_differs_from_the_convention_of_another_option(make: Made, convention: Convention) -> None:
    assert judge(observe(make).run(PROBES, "float32"), convention).outcome == "differs"
