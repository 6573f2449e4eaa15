"""Our performance estimation beside PEPit, where that is installed: the same two worst cases, each with its budget."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from proofs_checks.conic import estimate, plain_steps

pytestmark = pytest.mark.peers


@pytest.fixture
def pepit() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # its own, when Python reads its files for the first time
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("PEPit", reason="PEPit is not installed", exc_type=ImportError)


def worst_case(pepit: Any, n_steps: int, budget: str) -> float:
    from PEPit.functions import SmoothFunction

    problem = pepit.PEP()
    function = problem.declare_function(SmoothFunction, L=1.0)
    x = problem.set_initial_point()
    gradients, values = [], []
    for k in range(n_steps + 1):
        g, f = function.oracle(x)
        gradients.append(g)
        values.append(f)
        x = x - g if k < n_steps else x
    for g in gradients:
        problem.set_performance_metric(g**2)
    if budget == "gap":
        lowest = pepit.Expression()
        for g, f in zip(gradients, values, strict=True):
            problem.add_constraint(f - lowest >= g**2 / 2)
        problem.set_initial_condition(values[0] - lowest <= 1)
    else:
        problem.set_initial_condition(values[0] - values[-1] <= 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # the default solver is another one, which is less accurate
        return float(problem.solve(wrapper="cvxpy", solver="CLARABEL", verbose=0))


@pytest.mark.parametrize("budget", ["gap", "drop"])
@pytest.mark.parametrize("n_steps", [1, 2, 4])
def test_pepit_finds_the_same_worst_case(pepit: Any, n_steps: int, budget: str) -> None:
    ours = estimate(plain_steps(n_steps, budget))
    closed = 4 / (3 * n_steps + 2) if budget == "gap" else 4 / (3 * n_steps)
    assert worst_case(pepit, n_steps, budget) == pytest.approx(ours.upper, rel=1e-5)
    assert ours.upper == pytest.approx(closed, rel=1e-12)


def test_pepit_s_own_example_has_the_budget_of_the_drop(pepit: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from PEPit.examples.nonconvex_optimization import wc_gradient_descent

        found, theory = wc_gradient_descent(L=1, gamma=1, n=3, wrapper="cvxpy", solver="CLARABEL", verbose=0)
    ours = estimate(plain_steps(3, "drop"))
    assert found == pytest.approx(ours.upper, rel=1e-5)
    assert theory == pytest.approx(ours.upper, rel=1e-12)
