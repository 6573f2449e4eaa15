"""Worst cases on a line: budgets of known functions, replayed runs, the best of all patterns, refusals."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofs_checks.conic import Instance, worst_on_a_line
from proofs_checks.conic.instances import optimal_budget
from schattor_theory.bounds import stationarity_bound
from schattor_theory.errors import ParameterError

ONE, HALF = Fraction(1), Fraction(1, 2)


def run(*gradients: Fraction | int, theta: Fraction = ONE) -> Instance:
    return Instance(tuple(map(Fraction, gradients)), theta)


def t5(n_steps: int, gap: float, theta: float = 1.0) -> float:
    bound = stationarity_bound(
        initial_gap=gap, smoothness=1.0, sigma=0.0, moment_order=2, p=2, step_size=1.0, momentum=1 - theta,
        n_steps=n_steps,
    )  # fmt: skip
    assert bound.value is not None
    return bound.value


def test_a_parabola_needs_half_its_square() -> None:
    # gradients 3, 2, 1 at positions 0, -1, -2 of (x + 3)²/2
    assert run(3, 2, 1).budget() == Fraction(9, 2)
    assert run(3, 2, 1).mean == 2


def test_equal_gradients_need_the_budget_of_the_chain() -> None:
    assert run(1, 1, 1).budget() == 2 * Fraction(3, 4) + HALF


def test_gradients_that_change_too_fast_belong_to_no_function() -> None:
    assert run(3, Fraction(19, 10)).budget() is None
    # a point that is visited again has the gradient it had: 0, -1, 0
    assert run(HALF, -HALF, HALF).budget() == Fraction(1, 8)
    assert run(HALF, -HALF, Fraction(49, 100)).budget() is None


def test_momentum_and_positions_follow_the_method() -> None:
    found = run(HALF, -HALF, Fraction(-3, 2), theta=HALF)
    assert found.momenta == (HALF, 0, Fraction(-3, 4))
    assert found.positions == (0, -1, -1)  # no step where the momentum is 0
    assert run(2, -1).positions == (0, -1)


@pytest.mark.parametrize("n_steps", [1, 4])
def test_a_parabola_attains_the_bound_where_k_is_a_square(n_steps: int) -> None:
    found = worst_on_a_line(n_steps, optimal_budget(n_steps, 1.0))
    gap = found.budget()
    assert gap is not None
    assert float(found.mean) == pytest.approx(t5(n_steps, float(gap)), abs=1e-5)


@pytest.mark.parametrize("theta", [ONE, HALF, Fraction(1, 4)])
@pytest.mark.parametrize("budget", [0.1, 1.0, 6.0])
def test_no_run_exceeds_the_bound(theta: Fraction, budget: float) -> None:
    found = worst_on_a_line(3, budget, theta)
    gap = found.budget()
    assert gap is not None
    assert float(gap) <= budget * (1 + 1e-6)
    assert float(found.mean) <= t5(3, float(gap), float(theta))
    assert all(m != 0 for m in found.momenta)


def test_more_than_one_dimension_may_be_worse() -> None:
    # lengths 1.617, 0.617, 0.5995 need a budget of 3/2 in the plane, and have a larger mean than any run on a line
    found = worst_on_a_line(3, 1.5)
    assert float(found.mean) < (1.617 + 0.617 + 0.5995) / 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1.0), "n_steps must be an integer >= 1"),
        ((13, 1.0), "n_steps must be at most 12"),
        ((2, 0.0), "budget must be"),
        ((2, 1.0, 0), r"theta must lie in \(0, 1\]"),
        ((2, 1.0, 1.5), r"theta must lie in \(0, 1\]"),
        ((1, 1e-30), "budget must be large enough for one run"),
    ],
)
def test_refuses(arguments: tuple, message: str) -> None:
    with pytest.raises(ParameterError, match=f"worst_on_a_line: {message}"):
        worst_on_a_line(*arguments)
