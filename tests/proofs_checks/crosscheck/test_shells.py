"""The shells for training loops, seen from outside: each conforms to the convention of its options, and to no other."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from proofs_checks.crosscheck.convention import Convention, PolynomialMap
from proofs_checks.crosscheck.crosscheck import crosscheck
from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probes import PROBES
from proofs_checks.crosscheck.verdict import judge
from schattor_theory.geometry.polynomials import polar_schedule
from tests.proofs_checks.crosscheck.schattors import follows

pytestmark = pytest.mark.peers

SPECS = {"torch": "schattor_theory.torch:Schattor", "optax": "schattor_theory.optax:schattor"}

# a kernel of three axes: outputs first in the torch shell, and as asked for here in the optax shell
FLATTENED: dict[str, dict[str, Any]] = {"torch": {}, "optax": {"outputs": "first"}}

CASES: dict[str, tuple[dict[str, Any], Convention]] = {
    "p = inf": ({"momentum": 0.9}, follows(math.inf)),
    "p = 3, regularised": ({"p": 3, "momentum": 0.9, "oracle": "regularized"}, follows(3, regularized=True)),
    "p = 1.5": ({"p": 1.5, "momentum": 0.9}, follows(1.5)),
    "bias correction, look-ahead": (
        {"p": 4, "momentum": 0.9, "bias_correction": True, "look_ahead": "nesterov"},
        follows(4, average="bias corrected", look_ahead="next weight"),
    ),
    "five steps of muon": (
        {"method": "muon", "momentum": 0.9},
        replace(follows(math.inf), map=PolynomialMap(schedule=polar_schedule("muon"))),
    ),
    "weight decay": ({"p": 3, "momentum": 0.9, "weight_decay": 0.125}, follows(3, decay=0.125)),
}
# the optax shell is compiled anew for every shape of a probe
RUNS = [*(("torch", name) for name in CASES), ("optax", "p = inf"), ("optax", "bias correction, look-ahead")]


def verdict(library: str, options: dict[str, Any], convention: Convention, dtype: str = "float32") -> Any:
    pytest.importorskip(library, reason=f"{library} is not installed")
    with observe(SPECS[library], options=options | FLATTENED[library]) as observer:
        return judge(observer.run(PROBES, dtype), replace(convention, stack="flattened"))


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name"), RUNS)
def test_conforms_to_the_convention_of_its_options(library: str, name: str) -> None:
    found = verdict(library, *CASES[name])
    assert found.outcome == "conforms", found.reasons


@pytest.mark.slow
@pytest.mark.parametrize("library", ["torch"])
def test_conforms_in_double_precision(library: str) -> None:
    found = verdict(library, *CASES["p = inf"], dtype="float64")
    assert found.outcome == "conforms", found.reasons


@pytest.mark.slow
@pytest.mark.parametrize("library", SPECS)
def test_is_diagnosed_without_being_told_and_nothing_is_broken_but_stacks(library: str) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed")
    options, _ = CASES["weight decay"]
    with observe(SPECS[library], options=options | FLATTENED[library]) as observer:
        found = crosscheck(observer)
    assert found.outcome == "conforms", found.words
    assert [one.name for one in found.invariances if one.outcome == "broken"] == ["stack = per slice"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "convention",
    [
        follows(3),
        follows(3.01, regularized=True),
        follows(3, regularized=True, beta=0.899),
        follows(3, regularized=True, look_ahead="next weight"),
        follows(3, regularized=True, decay=1e-3),
    ],
)
def test_differs_from_the_convention_of_other_options(convention: Convention) -> None:
    assert verdict("torch", CASES["p = 3, regularised"][0], convention).outcome == "differs"
