"""Searches: the scalar optimum from every size by themselves, prefix-stable starts, and searches that are too weak."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.adversarial import search_martingale, search_one_step
from proofs_checks.adversarial import trees as tree_module
from proofs_checks.adversarial.search import TOLERANCE
from proofs_checks.rigorous import balls
from proofs_checks.rigorous.balls import Decision
from schattor_theory.bounds import martingale
from schattor_theory.errors import SchattorError
from tests.joined import some

SIZES = [((n, n), field) for n in range(1, 7) for field in ("real", "complex")]
SIZES += [((1, 6), "real"), ((2, 5), "complex"), ((6, 3), "real")]


@pytest.mark.parametrize(
    ("shape", "field"),
    [pytest.param(s, f, marks=pytest.mark.slow if max(s) > 2 else ()) for s, f in SIZES],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("q", some(["1.1", "1.9", "1.5"], 2))
def test_search_finds_the_scalar_optimum_from_every_size_and_nothing_above(
    q: str, shape: tuple[int, int], field: str
) -> None:
    found = search_one_step(q, shape, field=field, starts=3, seed="sizes")
    assert not found.is_too_weak
    assert found.scalar == pytest.approx(martingale.scalar_best_constant(float(q)), rel=1e-15)
    assert found.beats_scalar() is not Decision.PROVED
    witness = found.witness()
    assert balls.lower_float(witness.certified_lower()) >= found.scalar - TOLERANCE
    assert abs(float(witness.certified) - found.value) < 1e-12


def test_maximiser_of_numbers_is_the_known_one() -> None:
    found = search_one_step("4/3", (1, 1), starts=3)
    assert found.b[0, 0] / found.a[0, 0] == pytest.approx(-9, abs=1e-6)
    assert found.description["rank_b"] == 1
    assert found.q == Fraction(4, 3)


def test_more_starts_only_add_to_fewer() -> None:
    seen: list[list[float]] = []
    for starts in (2, 4):
        values: list[float] = []
        search_one_step("1.5", (2, 2), starts=starts, seed=5, progress=lambda k, n, best, v=values: v.append(best))
        seen.append(values)
    assert seen[0] == seen[1][:2]
    again = search_one_step("1.5", (2, 2), starts=2, seed=5)
    same = search_one_step(Fraction(3, 2), (2, 2), starts=2, seed=5)
    assert np.array_equal(again.a, same.a)
    other = search_one_step("1.5", (2, 2), starts=2, seed=6)
    assert not np.array_equal(again.a, other.a)


def test_a_search_of_no_iterations_is_too_weak() -> None:
    found = search_one_step("1.5", (3, 3), starts=1, iterations=1, least_commutator=0.3)
    assert found.is_too_weak
    planted = dataclasses.replace(search_one_step("1.5", (1, 1), starts=1), value=1.3)
    assert planted.is_too_weak
    assert dataclasses.replace(planted, value=float("nan")).is_too_weak


def test_pairs_that_do_not_commute_stay_below() -> None:
    found = search_one_step("1.5", (2, 2), starts=3, least_commutator=0.1, iterations=200)
    witness = found.witness()
    assert not witness.commutes
    assert balls.at_most(0.1, witness.commutator()) is Decision.PROVED
    assert found.beats_scalar() is Decision.REFUTED
    assert found.scalar - 0.01 < found.value < found.scalar


def test_time_limit_keeps_the_first_start() -> None:
    assert search_one_step("1.5", (2, 2), starts=50, time_limit=1e-9).starts == 1
    assert search_martingale("1.5", (1, 1), starts=50, time_limit=1e-9).starts == 1


def test_beyond_two_the_search_exceeds_the_scalar_constant() -> None:
    found = search_one_step(3, (2, 2), moment_order="3/2", starts=2)
    assert found.beats_scalar() is Decision.PROVED
    assert found.value == pytest.approx(1.3321926463, abs=1e-9)


@pytest.mark.parametrize(("q", "expected"), [("1.1", 1.038607538), ("1.5", 1.082289710), ("1.8", 1.044355175)])
def test_two_steps_of_numbers_and_of_matrices_reach_the_same(q: str, expected: float) -> None:
    for shape in ((1, 1), (2, 2)):
        found = search_martingale(q, shape, starts=6)
        assert found.value == pytest.approx(expected, abs=1e-9)
        assert float(found.witness().certified) == pytest.approx(found.value, abs=1e-12)
        assert found.beats_scalar() is Decision.REFUTED


@pytest.mark.slow
@pytest.mark.parametrize(("q", "expected"), [("1.3", 1.115900643), ("1.5", 1.118278339), ("1.8", 1.060639671)])
def test_three_steps_reach_what_was_found_elsewhere(q: str, expected: float) -> None:
    values = [search_martingale(q, shape, n_steps=3, starts=16).value for shape in ((1, 1), (2, 2))]
    assert max(values) == pytest.approx(expected, abs=1e-8)


def test_a_tree_with_a_wrong_chance_does_not_match_its_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    right = tree_module.Tree.with_gradient
    monkeypatch.setattr(tree_module.Tree, "with_gradient", lambda self, x: tuple(1.01 * v for v in right(self, x)))
    found = search_martingale("1.5", (1, 1), starts=2)
    assert abs(float(found.witness().certified) - found.value) > 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"q": 1}, "search_one_step: q must be a number or fraction larger than 1, got q=1"),
        ({"moment_order": "x"}, "search_one_step: moment_order must be a number or fraction larger than 1"),
        ({"shape": (0, 2)}, "search_one_step: shape must be an integer >= 1, got shape=0"),
        ({"field": "rational"}, "search_one_step: field must be one of 'real', 'complex'"),
        ({"starts": 0}, "search_one_step: starts must be an integer >= 1, got starts=0"),
        ({"time_limit": 0}, "search_one_step: time_limit must be a positive finite number"),
        ({"least_commutator": 1.0}, r"search_one_step: least_commutator must lie in \[0, 1\), got"),
        ({"least_commutator": 0.1, "shape": (1, 1)}, "search_one_step: least_commutator must be within reach of"),
    ],
)
def test_wrong_arguments_of_a_search_are_refused(changes: dict, message: str) -> None:
    arguments = {"q": "1.5", "shape": (2, 2), "starts": 1} | changes
    with pytest.raises(SchattorError, match=message):
        search_one_step(arguments.pop("q"), arguments.pop("shape"), **arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_steps": 1}, "search_martingale: n_steps must be one of '2', '3', '4'"),
        ({"starts": 0}, "search_martingale: starts must be an integer >= 1"),
        ({"field": "x"}, "search_martingale: field must be one of 'real', 'complex'"),
        ({"time_limit": -1}, "search_martingale: time_limit must be a positive finite number"),
    ],
)
def test_wrong_arguments_of_a_martingale_search_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(SchattorError, match=message):
        search_martingale("1.5", (1, 1), **changes)
