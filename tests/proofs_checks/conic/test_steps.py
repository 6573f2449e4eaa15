"""The programs of steps: interpolation conditions on real functions, rational worst cases, lengths, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.conic import normalised_steps, one_step, plain_steps, steps
from proofs_checks.conic.estimation import point_value
from schattor_theory.errors import ParameterError, UnknownNameError
from synthetic.seeds import Streams
from tests.joined import every

ONE = Fraction(1)


def left_side(f: np.ndarray, x: np.ndarray, g: np.ndarray, i: int, j: int) -> float:
    """Return ``f_j - f_i + <S, G>`` for points and gradients in a space of their own."""
    n = len(x)
    basis = np.concatenate([x, g])
    gram = basis @ basis.T
    units = [[Fraction(int(r == c)) for c in range(2 * n)] for r in range(2 * n)]
    s = np.array(steps.interpolation((units[i], units[n + i]), (units[j], units[n + j])), dtype=float)
    return float(f[j] - f[i] + np.vdot(s, gram))


FUNCTIONS: dict[str, tuple[Callable, Callable]] = {
    "parabola": (lambda x: np.sum(x**2, -1) / 2, lambda x: x),
    "saddle": (lambda x: (x[..., 0] ** 2 - np.sum(x[..., 1:] ** 2, -1)) / 2, lambda x: x * ([1] + [-1] * 2)),
    "cosines": (lambda x: np.sum(np.cos(x), -1), lambda x: -np.sin(x)),
    "linear": (lambda x: x @ [1.0, 2.0, 3.0], lambda x: np.broadcast_to([1.0, 2.0, 3.0], x.shape)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_smooth_functions_satisfy_the_interpolation_conditions(name: str) -> None:
    value, gradient = FUNCTIONS[name]
    x = 2 * Streams({"conic": "points"}).generator("data").standard_normal((6, 3))
    sides = [left_side(value(x), x, gradient(x), i, j) for i in range(6) for j in range(6) if i != j]
    assert max(sides) <= 1e-12


def test_a_function_of_more_curvature_does_not() -> None:
    x = Streams({"conic": "points"}).generator("data").standard_normal((6, 3))
    f, g = 1.1 * np.sum(x**2, -1) / 2, 1.1 * x
    assert max(left_side(f, x, g, i, j) for i in range(6) for j in range(6) if i != j) > 0


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("budget", steps.BUDGETS)
def test_witnesses_and_interior_points_satisfy_every_row(n: int, budget: str) -> None:
    programs = [plain_steps(n, budget), plain_steps(n, budget, "mean")]
    programs += [normalised_steps(n, t, budget) for t in (ONE, Fraction(4, 5), Fraction(7, 3))]
    for program in programs:
        assert program.interior is not None
        assert point_value(program, program.interior) is not None, program.name
        assert program.witness is None or point_value(program, program.witness) is not None, program.name


def test_the_trace_is_bounded_as_declared() -> None:
    for n in (1, 3):
        for program in (plain_steps(n), plain_steps(n, "drop"), plain_steps(n, "gap", "mean")):
            assert program.witness is not None
            gram = program.witness[1]
            assert sum(gram[k][k] for k in range(n + 1)) <= program.trace


@every("n", [0, 1, 3, 10])
@every("t", [0.5, 0.8, 1.0, 1.7])
def test_the_length_inverts_the_budget(n: int, t: float) -> None:
    budget = steps.chain_budget(n, Fraction(t)) if n else Fraction(t) ** 2 / 2
    assert steps.chain_length(n, float(budget)) == pytest.approx(t, abs=1e-12)


def test_the_smallest_gradient_at_the_step_of_t5_tends_to_half_the_golden_ratio() -> None:
    k = 10**6
    assert steps.chain_length(k - 1, k / 2) == pytest.approx((1 + math.sqrt(5)) / 4, abs=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plain_steps(0), ParameterError, "plain_steps: n_steps must be an integer >= 1"),
        (lambda: plain_steps(1, "all"), UnknownNameError, "plain_steps: budget must be one of"),
        (lambda: plain_steps(1, "gap", "largest"), UnknownNameError, "plain_steps: measure must be one of"),
        (lambda: normalised_steps(1, Fraction(0)), ParameterError, "normalised_steps: length must be positive"),
        (lambda: normalised_steps(0, ONE), ParameterError, "normalised_steps: n_steps must be an integer >= 1"),
        (lambda: steps.chain_budget(1, Fraction(1, 3)), ParameterError, "chain_budget: length must be at least 1/2"),
        (lambda: one_step(ONE, ONE, Fraction(3)), ParameterError, r"one_step: momentum must lie in \[|‖∇f‖ - ‖e‖|"),
        (lambda: one_step(ONE, ONE, Fraction(0)), ParameterError, "one_step: momentum must lie in"),
        (lambda: one_step(ONE, ONE, ONE, Fraction(0)), ParameterError, "one_step: length must be positive"),
    ],
)
def test_refuses(call: Callable, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
