"""Every check holds on the product as it is, and refutes the product with an error planted in it."""

from __future__ import annotations

import pytest

from proofs_checks.empirical import CHECKS, Check, Context
from proofs_checks.empirical.check import FALSE_FAILURES
from proofs_checks.evidence import KINDS, Verdict
from proofs_checks.statements import STATEMENTS
from tests.proofs_checks.conic.planted import SPLITTING
from tests.proofs_checks.empirical.planted import PLANTED, Planted
from tests.proofs_checks.empirical.planted_bounds import BOUNDS
from tests.proofs_checks.empirical.planted_constant import BEST_CONSTANT
from tests.proofs_checks.empirical.planted_moments import MOMENTS
from tests.proofs_checks.empirical.planted_witnesses import WITNESSES

ERRORS = (*PLANTED, *BOUNDS, *BEST_CONSTANT, *MOMENTS, *SPLITTING, *WITNESSES)
BY_NAME = {check.name: check for check in CHECKS}
SLOW = 0.9  # seconds of cost from which a twin is left out of the fast suite


def context(seed: int = 11) -> Context:
    return Context(seed=seed, error_rate=FALSE_FAILURES / len(CHECKS))


def marked(name: str, *values: object, label: str) -> object:
    return pytest.param(*values, id=label, marks=pytest.mark.slow if BY_NAME[name].cost > SLOW else ())


@pytest.mark.parametrize("check", [marked(c.name, c, label=c.name) for c in CHECKS])
def test_holds_on_a_seed_of_its_own(check: Check) -> None:
    evidence = check.run(context(seed=5))
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.HOLDS, (evidence.detail, evidence.margin, evidence.witness)
    assert evidence.margin is not None
    assert evidence.margin > -1e-9


@pytest.mark.parametrize(
    "planted", [marked(p.check, p, label=f"{p.check}: {p.owner.__name__}.{p.name}, {p.words}") for p in ERRORS]
)
def test_refutes(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.put_in(monkeypatch)
    evidence = BY_NAME[planted.check].run(context())
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.VIOLATED, evidence.detail
    assert evidence.witness is not None
    assert evidence.witness["seed"] == 11


def test_every_check_has_a_planted_error() -> None:
    assert {check.name for check in CHECKS} == {planted.check for planted in ERRORS}


def test_checks_are_well_formed() -> None:
    assert len(BY_NAME) == len(CHECKS)
    for check in CHECKS:
        assert check.statement in STATEMENTS
        assert check.kind in KINDS
        assert check.function.__doc__ or check.function.__name__ == "<lambda>", check.name


def test_evidence_of_a_check_does_not_depend_on_the_others() -> None:
    check = BY_NAME["sampled_moments_of_noise_agree"]
    first = check.run(context())
    BY_NAME["duality_map_is_equivariant"].run(context())
    assert check.run(context()).data == first.data


def test_seeds_change_the_samples() -> None:
    check = BY_NAME["sampled_moments_of_noise_agree"]
    assert check.run(context(1)).data["rows"] != check.run(context(2)).data["rows"]
