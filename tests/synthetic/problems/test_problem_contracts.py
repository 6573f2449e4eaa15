"""What every problem of the catalogue promises."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from synthetic.problems import PROBLEMS
from tests.conftest import read_only
from tests.joined import every, some
from tests.synthetic.problems.cases import (
    CASES,
    GAP,
    Case,
    L,
    Planted,
    assert_gradient_is_the_derivative,
    assert_lower_bound_holds,
    assert_lower_bound_is_attained_at_zero,
    assert_smoothness_is_exact,
    assert_smoothness_is_not_refuted,
    points,
    rng,
    tree,
)

every_problem = every("case", CASES, ids=lambda case: case.label)
exact = [case for case in CASES if case.build().constants == "exact"]


def leaves(x):
    return list(x.values()) if isinstance(x, dict) else [x]


def test_every_family_has_a_case() -> None:
    assert {case.family for case in CASES} == set(PROBLEMS)


def test_catalogue_keys_are_the_names() -> None:
    assert all(family.name == key and family.summary for key, family in PROBLEMS.items())


@every_problem
def test_gradient_is_the_derivative(case: Case) -> None:
    assert_gradient_is_the_derivative(case.build(), rng("fd", case.label))


@every_problem
def test_gradient_check_refutes_a_gradient_one_percent_off(case: Case) -> None:
    with pytest.raises(AssertionError):
        assert_gradient_is_the_derivative(Planted(case.build(), gradient=1.01), rng("fd", case.label))


@pytest.mark.parametrize("case", some(exact, 2), ids=lambda case: case.label)
def test_smoothness_holds_and_is_attained(case: Case) -> None:
    assert_smoothness_is_exact(case.build(), case.geometry, rng("A2", case.label))


@pytest.mark.parametrize("case", some(exact, 3), ids=lambda case: case.label)
@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_smoothness_check_refutes_a_constant_five_percent_off(case: Case, factor: float) -> None:
    with pytest.raises(AssertionError):
        assert_smoothness_is_exact(Planted(case.build(), smoothness=factor), case.geometry, rng("A2", case.label))


@pytest.mark.parametrize("case", [c for c in CASES if c.family == "digits_logistic"], ids=lambda case: case.label)
def test_upper_smoothness_is_not_refuted_and_a_tenth_of_it_is(case: Case) -> None:
    problem = case.build()
    assert_smoothness_is_not_refuted(problem, case.geometry, rng("A2", case.label))
    with pytest.raises(AssertionError):
        assert_smoothness_is_not_refuted(Planted(problem, smoothness=0.1), case.geometry, rng("A2", case.label))


@every_problem
def test_lower_bound_holds(case: Case) -> None:
    assert_lower_bound_holds(case.build(), rng("low", case.label))


@every("case", [c for c in CASES if c.is_held and c.family != "lift"], ids=lambda case: case.label)
def test_lower_bound_is_attained_where_the_problem_is_exact(case: Case) -> None:
    problem = case.build()
    assert_lower_bound_is_attained_at_zero(problem)
    with pytest.raises(AssertionError):
        assert_lower_bound_is_attained_at_zero(Planted(problem, lower_bound=-1e-6))


@every_problem
def test_lower_bound_check_refutes_a_bound_above_the_start(case: Case) -> None:
    problem = case.build()
    too_high = Planted(problem, lower_bound=1.01 * problem.initial_gap)
    with pytest.raises(AssertionError):
        assert_lower_bound_holds(too_high, rng("low", case.label))


@every("case", [c for c in CASES if c.is_held], ids=lambda case: case.label)
def test_build_gives_exactly_the_constants_asked_for(case: Case) -> None:
    problem = case.build()
    assert problem.smoothness(case.geometry) == pytest.approx(L, rel=1e-12)
    assert problem.initial_gap == pytest.approx(GAP, rel=1e-12)
    assert problem.initial_gap == pytest.approx(float(problem.value(problem.start)) - problem.lower_bound, rel=1e-15)


@every_problem
def test_start_is_one_point_that_cannot_be_written_to(case: Case) -> None:
    for leaf in leaves(case.build().start):
        assert leaf.ndim == 2
        assert leaf.dtype == np.float64
        assert not leaf.flags.writeable


@every_problem
def test_input_stays_unchanged(case: Case) -> None:
    problem = case.build()
    x = tree(read_only, points(problem, rng("ro", case.label), 3))
    before = tree(np.array, x)
    problem.value(x)
    g = problem.gradient(x)
    assert all(np.array_equal(a, b) for a, b in zip(leaves(x), leaves(before), strict=True))
    assert not any(np.shares_memory(a, b) for a, b in zip(leaves(x), leaves(g), strict=True))


@every_problem
def test_stack_is_its_slices(case: Case) -> None:
    problem = case.build()
    x = points(problem, rng("stack", case.label), 6)
    x = tree(lambda v: v.reshape(2, 3, *v.shape[1:]), x)
    values, g = problem.value(x), problem.gradient(x)
    assert values.shape == (2, 3)
    for i in np.ndindex(2, 3):
        one = tree(lambda v, i=i: v[i], x)
        assert float(problem.value(one)) == pytest.approx(values[i], rel=1e-12, abs=1e-13)
        for a, b in zip(leaves(problem.gradient(one)), leaves(g), strict=True):
            # BLAS sums in another order for a stack; both are within a few eps of the size of the gradient
            assert np.abs(a - b[i]).max() <= 1e-13 * (1 + np.abs(a).max())


@every_problem
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_keeps_shape_and_dtype(case: Case, dtype: type) -> None:
    problem = case.build()
    x = tree(lambda v: v.astype(dtype), points(problem, rng("dtype", case.label), 2))
    g = problem.gradient(x)
    for a, b in zip(leaves(x), leaves(g), strict=True):
        assert b.shape == a.shape
        assert b.dtype == dtype
    assert np.asarray(problem.value(x)).dtype == dtype
    exact_g = problem.gradient(tree(lambda v: v.astype(np.float64), x))
    for a, b in zip(leaves(g), leaves(exact_g), strict=True):
        assert np.abs(a - b).max() <= 1e3 * np.finfo(dtype).eps * (1 + np.abs(b).max())


@every_problem
def test_problem_is_frozen(case: Case) -> None:
    problem = case.build()
    field = dataclasses.fields(problem)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(problem, field, None)


@every_problem
def test_same_generator_gives_the_same_problem(case: Case) -> None:
    a, b = case.build(), case.build()
    assert all(np.array_equal(x, y) for x, y in zip(leaves(a.start), leaves(b.start), strict=True))
    x = points(a, rng("same", case.label), 2)
    assert np.array_equal(a.value(x), b.value(x))
