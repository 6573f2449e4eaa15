"""The catalogue of mutants is well formed, and an error is put in everywhere and taken out again."""

from __future__ import annotations

import sys
import types
from functools import cached_property

import pytest

from proofs_checks.empirical import CHECKS
from proofs_checks.mutants import MUTANTS, Mutant
from proofs_checks.mutants.hunt import named
from proofs_checks.statements import STATEMENTS
from schattor_theory import bounds
from schattor_theory.bounds import descent
from schattor_theory.errors import UnknownNameError
from synthetic.noise.controlled import ControlledNoise
from synthetic.noise.fixed_signs import FixedSigns

STATEMENT_OF = {check.name: check.statement for check in CHECKS}


def held_names() -> dict[tuple[str, str], int]:
    """Return the identity of everything that the modules of the packages hold."""
    packages = ("schattor_theory", "synthetic", "proofs_checks")
    modules = [(path, module) for path, module in list(sys.modules.items()) if path.split(".")[0] in packages]
    return {(path, name): id(value) for path, module in modules for name, value in vars(module).items()}


def mutant(owner: object, attribute: str, wrong: object) -> Mutant:
    return Mutant(name="m", statement="T1", words="wrong", owner=owner, attribute=attribute, wrong=lambda _: wrong,
                  checks=())  # fmt: skip


def test_there_are_enough_and_their_names_are_unique() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names)) >= 40
    assert all(name.isidentifier() and name.islower() for name in names)


def test_every_statement_with_a_check_has_a_mutant() -> None:
    assert set(STATEMENT_OF.values()) - {mutant.statement for mutant in MUTANTS} == set()


def test_every_one_is_one_error_of_one_statement() -> None:
    for mutant in MUTANTS:
        assert mutant.statement in STATEMENTS, mutant.name
        assert mutant.words, mutant.name
        assert mutant.place.endswith(f".{mutant.attribute}"), mutant.name
        assert {STATEMENT_OF[name] for name in mutant.checks} == {mutant.statement}, mutant.name


def test_what_goes_wrong_is_of_every_kind() -> None:
    packages = {mutant.place.rsplit(".", 1)[0] for mutant in MUTANTS}
    for part in ("bounds", "geometry", "optimizer", "assumptions", "noise", "problems", "martingales", "rigorous",
                 "conic"):  # fmt: skip
        assert any(part in package for package in packages), part


@pytest.mark.parametrize("apart", [5, pytest.param(1, marks=pytest.mark.slow)], ids=["one in five", "every one"])
def test_is_put_in_and_taken_out(apart: int) -> None:
    before = held_names()
    for mutant in MUTANTS[::apart]:
        right = getattr(mutant.owner, mutant.attribute)
        with mutant.planted():
            assert getattr(mutant.owner, mutant.attribute) is not right, mutant.name
        assert getattr(mutant.owner, mutant.attribute) is right, mutant.name
    after = held_names()
    assert {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)} == set()


def test_function_is_replaced_under_every_name_by_which_it_is_imported() -> None:
    def wrong() -> None: ...

    with mutant(descent, "descent_bound", wrong).planted():
        assert descent.descent_bound is bounds.descent_bound is wrong
    assert descent.descent_bound is bounds.descent_bound is not wrong


def test_modules_of_others_are_left_alone() -> None:
    module = types.ModuleType("elsewhere")
    module.descent_bound = descent.descent_bound
    sys.modules["elsewhere"] = module
    try:
        with mutant(descent, "descent_bound", None).planted():
            assert module.descent_bound is not None
    finally:
        del sys.modules["elsewhere"]


def test_inherited_method_is_replaced_where_it_is_asked_for_and_nowhere_else() -> None:
    with mutant(FixedSigns, "moment_sigma", None).planted():
        assert FixedSigns.moment_sigma is None
        assert ControlledNoise.moment_sigma is not None
    assert "moment_sigma" not in vars(FixedSigns)


def test_error_is_taken_out_when_something_else_fails() -> None:
    right = descent.descent_bound
    with pytest.raises(ZeroDivisionError), mutant(descent, "descent_bound", None).planted():
        raise ZeroDivisionError
    assert descent.descent_bound is right


def test_cached_property_is_put_back_as_it_was() -> None:
    class Owner:
        @cached_property
        def value(self) -> int:
            return 1

    with mutant(Owner, "value", property(lambda self: 2)).planted():
        assert Owner().value == 2
    assert isinstance(vars(Owner)["value"], cached_property)
    assert Owner().value == 1


def test_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match=r"^verify: mutant must name a mutant, got .* Did you mean 'drift_halved"
    ):
        named("drift_halve")
    with pytest.raises(UnknownNameError, match=r"They are listed in docs/mutants\.md\.$"):
        named("zzz")


def test_a_module_imported_meanwhile_loses_the_error_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    right = descent.descent_bound
    one = mutant(descent, "descent_bound", lambda **_: 0.0)
    late = types.ModuleType("proofs_checks.late")
    with one.planted():
        late.descent_bound = descent.descent_bound  # what its import statement does
        monkeypatch.setitem(sys.modules, "proofs_checks.late", late)
        assert late.descent_bound is not right
    assert late.descent_bound is right
