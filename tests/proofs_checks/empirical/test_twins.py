"""Every check holds on the product as it is, and refutes each of its mutants: the product with an error in it."""

from __future__ import annotations

import pytest

from proofs_checks.empirical import CHECKS, Check, Context, proofs
from proofs_checks.empirical.check import FALSE_FAILURES
from proofs_checks.evidence import KINDS, Verdict
from proofs_checks.mutants import MUTANTS, Mutant
from proofs_checks.statements import STATEMENTS

BY_NAME = {check.name: check for check in CHECKS}
# a proof has no seed; that a wrong step is not proved is tested beside the proofs
SAMPLED = [check for check in CHECKS if check not in proofs.CHECKS]
SLOW = 0.35  # seconds of cost from which a twin is left out of the fast suite
# and these, whose cost is a little less
LONG = {
    "ball_step_is_a_minimiser", "gap_term_is_attained_by_gradient_steps", "no_weight_breaks_the_weighted_bound",
    "nuclear_and_spectral_norms_are_dual_programs", "one_step_inequality_holds_with_the_proved_constant",
    "product_map_attains_the_product_dual_norm", "regularized_step_is_a_minimiser", "scalar_constant_is_enclosed",
    "search_finds_the_product_dual_norm", "tuning_minimises_the_bound",
}  # fmt: skip
# of the mutants of a check the fast suite plants the first one
FIRST = {name: mutant for mutant in reversed(MUTANTS) for name in mutant.checks}


def context(seed: int = 11) -> Context:
    return Context(seed=seed, error_rate=FALSE_FAILURES / len(CHECKS))


def marked(name: str, *values: object, label: str, is_first: bool = True) -> object:
    is_slow = BY_NAME[name].cost > SLOW or name in LONG or not is_first
    return pytest.param(*values, id=label, marks=pytest.mark.slow if is_slow else ())


@pytest.mark.parametrize("check", [marked(c.name, c, label=c.name) for c in SAMPLED])
def test_holds_on_a_seed_of_its_own(check: Check) -> None:
    evidence = check.run(context(seed=5))
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.HOLDS, (evidence.detail, evidence.margin, evidence.witness)
    assert evidence.margin is not None
    assert evidence.margin > -1e-9


@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        marked(name, name, mutant, label=f"{name}: {mutant.name}", is_first=FIRST[name] is mutant)
        for mutant in MUTANTS
        for name in mutant.checks
    ],
)
def test_refutes(name: str, mutant: Mutant) -> None:
    with mutant.planted():
        evidence = BY_NAME[name].run(context())
    assert evidence.is_ok, evidence.status
    assert evidence.verdict is Verdict.VIOLATED, evidence.detail
    assert evidence.witness is not None
    assert evidence.witness["seed"] == 11


def test_every_check_has_a_mutant() -> None:
    assert [check.name for check in SAMPLED if not any(check.name in mutant.checks for mutant in MUTANTS)] == []


def test_checks_are_well_formed() -> None:
    assert len(BY_NAME) == len(CHECKS)
    assert BY_NAME.keys() > LONG
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
