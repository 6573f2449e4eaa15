"""Means against bounds: the error rate is kept for heavy tails too, and what is wrong is seen."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from proofs_checks.empirical.check import Context
from proofs_checks.empirical.samples import Case, Sample, judge, log_e_value, smallest_visible_excess
from proofs_checks.evidence import Verdict
from schattor_theory.errors import ParameterError
from synthetic.seeds import Streams


def rng(name: str) -> np.random.Generator:
    return Streams({"test": name}).generator("data")


@pytest.mark.parametrize("probability", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("n", [1, 4, 10])
def test_e_value_has_mean_at_most_one_for_every_two_point_law(probability: float, n: int) -> None:
    high = 1 / probability  # the law of mean 1 on {0, 1/probability}, by enumeration of the number of high values
    mean = 0.0
    for count in range(n + 1):
        values = [high] * count + [0.0] * (n - count)
        weight = math.comb(n, count) * probability**count * (1 - probability) ** (n - count)
        mean += weight * math.exp(log_e_value(values, 1.0))
    assert mean == pytest.approx(1.0, abs=1e-12)


def test_e_value_does_not_depend_on_the_order() -> None:
    values = [0.3, 2.0, 1.1]
    found = {round(log_e_value(one, 0.9), 12) for one in itertools.permutations(values)}
    assert len(found) == 1


def test_e_value_keeps_its_level_without_a_variance() -> None:
    # Pareto of index 1.2 with mean 1: no variance, sample means far above 1 now and then
    draws = (1 - rng("pareto").random((4000, 50))) ** (-1 / 1.2) * (0.2 / 1.2)
    false_alarms = np.mean([log_e_value(row, 1.0) >= math.log(100) for row in draws])
    assert false_alarms <= 0.01


def test_smallest_visible_excess_is_seen_and_less_is_not() -> None:
    for n in (20, 200):
        excess = smallest_visible_excess(n, 1e-6)
        assert log_e_value(np.full(n, excess * 1.0001), 1.0) >= math.log(1e6)
        assert log_e_value(np.full(n, 1 + (excess - 1) / 2), 1.0) < math.log(1e6)


@pytest.mark.parametrize("values", [[1.0, -0.1], [math.nan]])
def test_e_value_refuses_values_below_zero(values: list[float]) -> None:
    with pytest.raises(ParameterError, match="log_e_value: values must be numbers >= 0, got values="):
        log_e_value(values, 1.0)


def test_e_value_refuses_a_bound_of_zero() -> None:
    with pytest.raises(ParameterError, match="bound must be a positive finite number, got bound=0"):
        log_e_value([1.0], 0.0)


def case(mean: float, bound: float, sense: str = "upper", spread: float = 0.5, n: int = 400) -> Case:
    def sample(context: Context) -> Sample:
        values = mean + spread * (2 * context.rng(case=f"{mean} {bound}").random(n * context.sample_factor) - 1)
        return Sample(values=values, bound=bound, sense=sense, ceiling=mean + spread)

    return Case(key={"mean": mean}, sample=sample)


def context() -> Context:
    return Context(seed=3, error_rate=1e-8, check="a test")


@pytest.mark.parametrize(("bound", "sense"), [(1.1, "upper"), (0.9, "lower"), (1.0, "equal")])
def test_holds_when_the_mean_is_on_the_right_side(bound: float, sense: str) -> None:
    assert judge(context(), [case(1.0, bound, sense)], "x").verdict is Verdict.HOLDS


@pytest.mark.parametrize(("bound", "sense"), [(0.7, "upper"), (1.3, "lower"), (0.7, "equal"), (1.3, "equal")])
def test_refutes_a_bound_on_the_wrong_side(bound: float, sense: str) -> None:
    finding = judge(context(), [case(1.0, 1.1), case(1.0, bound, sense)], "x")
    assert finding.verdict is Verdict.VIOLATED
    assert finding.witness is not None
    assert finding.witness["n_again"] == 10 * finding.witness["n"]
    assert finding.witness["case"] == {"mean": 1.0}


def test_is_inconclusive_when_the_data_do_not_decide() -> None:
    assert judge(context(), [case(1.0, 1.0001, n=20)], "x").verdict is Verdict.INCONCLUSIVE


def test_a_suspicion_that_does_not_repeat_is_no_violation() -> None:
    def sample(context: Context) -> Sample:
        return Sample(values=np.full(100, 1.0 if context.attempt else 3.0), bound=2.0)

    finding = judge(context(), [Case(key={}, sample=sample)], "x")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.witness is None


def test_says_why_nothing_is_applicable() -> None:
    def sample(_: Context) -> Sample:
        return Sample(values=np.zeros(0), bound=None, reason="no second moments")

    finding = judge(context(), [Case(key={}, sample=sample)], "x")
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "no second moments" in finding.detail


def test_a_value_above_a_ceiling_refutes() -> None:
    assert Sample(values=np.array([1.0, 2.0]), bound=1.0, sense="equal", ceiling=1.5).log_evidence() == math.inf
    assert Sample(values=np.array([0.5]), bound=2.0, sense="lower", ceiling=1.0).log_evidence() == math.inf
