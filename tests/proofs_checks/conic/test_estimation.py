"""Performance estimation: the published numbers, certificates that refuse to be changed, and a solver that lies."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.conic import Estimate, estimate, estimation, normalised_steps, one_step, plain_steps
from proofs_checks.conic.estimation import Program, Row, point_value, upper_end
from proofs_checks.conic.steps import chain_budget

ONE, ZERO = Fraction(1), Fraction(0)


@pytest.mark.parametrize("n", [1, 2, 3, pytest.param(10, marks=pytest.mark.slow)])
def test_plain_steps_have_the_published_worst_cases(n: int) -> None:
    gap, drop = estimate(plain_steps(n, "gap")), estimate(plain_steps(n, "drop"))
    assert gap.exact_lower == gap.exact_upper == Fraction(4, 3 * n + 2)
    assert drop.exact_lower == drop.exact_upper == Fraction(4, 3 * n)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_certificate_is_one_of_each_consecutive_pair(n: int) -> None:
    found = estimate(plain_steps(n, "drop"))
    pairs = {name: value for name, value in found.multipliers.items() if "above" in name}
    assert pairs == {f"f_{k} above f_{k + 1}": Fraction(4, 3 * n) for k in range(n)}
    assert found.shift == 0


@pytest.mark.parametrize("t", [Fraction(1), Fraction(4, 5), Fraction(3, 2), Fraction(1, 2)])
@pytest.mark.parametrize("budget", ["gap", "drop"])
def test_normalised_steps_need_the_budget_of_the_chain(t: Fraction, budget: str) -> None:
    found = estimate(normalised_steps(2, t, budget))
    closed = -chain_budget(2, t, budget)
    assert found.exact_lower <= closed <= found.exact_upper
    assert found.exact_upper - found.exact_lower <= Fraction(1, 10**6)


def test_a_run_of_tuned_normalised_steps_is_worth_a_run_of_plain_ones() -> None:
    for n in (1, 2, 3):
        # t = 1: the smallest gradient is Lη, and Δ = B Lη² makes its square LΔ/B
        assert 1 / chain_budget(n, ONE, "gap") == Fraction(4, 3 * n + 2)
        assert 1 / chain_budget(n, ONE, "drop") == Fraction(4, 3 * n)


def test_the_record_is_plain() -> None:
    found = estimate(plain_steps(1))
    record = found.to_dict()
    assert record["method"].startswith("CLARABEL ")
    assert found.reported == pytest.approx(0.8, abs=1e-6)
    assert found.reported_dual == pytest.approx(0.8, abs=1e-6)
    assert max(found.residuals.values()) < 1e-7
    assert found.certificate()["upper"] == "4/5"


def certified() -> tuple[Program, Estimate]:
    program = plain_steps(2)
    return program, estimate(program)


def test_the_checker_accepts_what_was_found() -> None:
    program, found = certified()
    assert upper_end(program, found.multipliers, found.shift) == Fraction(1, 2)


def test_the_checker_refuses_a_certificate_that_was_changed() -> None:
    program, found = certified()
    for name, value in found.multipliers.items():
        without = {other: x for other, x in found.multipliers.items() if other != name}
        assert upper_end(program, without) is None, name
        for changed in (-value, value * Fraction(99, 100), value * Fraction(101, 100)):
            bound = upper_end(program, found.multipliers | {name: changed})
            assert bound is None or bound > Fraction(1, 2), (name, changed)


def test_the_checker_refuses_what_belongs_to_no_row_or_a_negative_shift() -> None:
    program, found = certified()
    assert upper_end(program, found.multipliers | {"no such row": ONE}) is None
    assert upper_end(program, found.multipliers, Fraction(-1, 10**9)) is None


def test_the_checker_refuses_another_claim() -> None:
    program, found = certified()
    rows = tuple(replace(row, bound=row.bound * Fraction(9, 10)) for row in program.rows)
    assert upper_end(replace(program, rows=rows), found.multipliers) == Fraction(9, 20)
    larger = tuple(Fraction(11, 10) * c for c in program.values)
    assert upper_end(replace(program, values=larger), found.multipliers) is None


def test_a_point_counts_only_where_every_row_holds() -> None:
    program = plain_steps(2)
    assert program.witness is not None
    values, gram = program.witness
    assert point_value(program, (values, gram)) == Fraction(1, 2)
    assert point_value(program, ([*values[:-1], values[-1] + Fraction(1, 10**12)], gram)) is None
    tilted = [list(row) for row in gram]
    tilted[0][1] = tilted[1][0] = gram[0][0] + Fraction(1, 10**12)
    assert point_value(program, (values, tilted)) is None
    fixed = normalised_steps(1, ONE)
    assert fixed.witness is not None
    shrunk = [[x * Fraction(999, 1000) for x in row] for row in fixed.witness[1]]
    assert point_value(fixed, (fixed.witness[0], shrunk)) is None


def with_answers(monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    """Let the solver return multipliers and points that were changed, with the status it has."""
    right = estimation._solved

    def wrong(program: Program) -> tuple:
        outcome, multipliers, point, residuals = right(program)
        return (replace(outcome, status="optimal"), *change(multipliers, point), residuals)

    monkeypatch.setattr(estimation, "_solved", wrong)


@pytest.mark.parametrize(
    "change",
    [
        lambda multipliers, point: (0.9 * multipliers, point),
        lambda multipliers, point: (multipliers + 0.1, point),
        lambda multipliers, point: (np.full_like(multipliers, np.nan), point),
        lambda multipliers, point: (multipliers, (1.5 * point[0], 1.5 * point[1])),
        lambda multipliers, point: (multipliers, (point[0] * np.nan, point[1])),
        lambda multipliers, point: (multipliers, None),
    ],
)
def test_an_optimal_status_alone_is_not_believed(change: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with_answers(monkeypatch, change)
    try:
        found = estimate(replace(plain_steps(2), witness=None))
    except ArithmeticError:
        return
    assert found.exact_lower <= Fraction(1, 2) <= found.exact_upper


def test_without_a_witness_the_solver_s_own_point_is_repaired() -> None:
    found = estimate(replace(plain_steps(3), witness=None))
    assert Fraction(4, 11) * (1 - Fraction(1, 10**6)) <= found.exact_lower <= Fraction(4, 11)


def test_a_program_without_a_point_says_so() -> None:
    rows = (Row(name="y ≤ -1", values=(ONE,), gram=[[ZERO]], bound=-ONE),)
    program = Program(name="no point", rows=rows, values=(ONE,), gram=[[ZERO]], trace=ONE)
    with pytest.raises(ArithmeticError, match="no point: no point satisfies every row exactly"):
        estimate(program)


def test_a_program_without_a_bound_says_so() -> None:
    rows = (Row(name="y ≥ 0", values=(-ONE,), gram=[[ZERO]]),)
    program = Program(name="no bound", rows=rows, values=(ONE,), gram=[[ZERO]], trace=ONE)
    with pytest.raises(ArithmeticError, match="no bound: no rounding of the multipliers is a certificate"):
        estimate(program)


def test_one_step_along_a_wrong_direction() -> None:
    found = estimate(one_step(Fraction(5), Fraction(3), Fraction(4)))
    # e ⟂ M: the loss is 5 - 4, that is (1 - √(1 - ρ²))/ρ of ‖e‖ at ρ = 3/5
    assert found.exact_lower == Fraction(1, 2) - 4
    assert found.is_solved
