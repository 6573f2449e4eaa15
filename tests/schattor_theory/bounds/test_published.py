"""Guarantees of others beside ours: values in closed form, and every inequality that a comparison claims."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from schattor_theory.bounds import best_step_size, stationarity_bound, stationary_weight, tuned
from schattor_theory.bounds.guarantees import OURS, SEEN, SENSES, CommonNumbers, Guarantee, batched, batched_bound
from schattor_theory.bounds.published import NOT_SEEN, PUBLISHED
from schattor_theory.errors import ParameterError
from tests.joined import every

RECORDS = {guarantee.name: guarantee for guarantee in (*OURS, *PUBLISHED)}
NUMBERS = [
    CommonNumbers(
        initial_gap=gap, smoothness=2.0, rank=rank, nuclear_sigma=3.0, frobenius_sigma=share * 3.0, n_samples=n
    )
    for gap in (0.5, 4.0)
    for rank, share in ((1, 1.0), (16, 0.25), (16, 0.6), (400, 1.0))
    for n in (10, 10**4, 10**7)
]
THETAS = (1e-4, 0.01, 0.2, 0.7, 1.0)


def value(name: str, numbers: CommonNumbers) -> float:
    found = RECORDS[name].value(numbers)
    assert found is not None
    return found


def at(numbers: CommonNumbers, theta: float, eta: float, **options: object) -> dict[str, float]:
    return stationarity_bound(
        initial_gap=numbers.initial_gap, smoothness=numbers.smoothness, sigma=numbers.nuclear_sigma, moment_order=2,
        p="inf", step_size=eta, momentum=1 - theta, n_steps=numbers.n_samples, **options,
    ).terms  # fmt: skip


def test_every_record_says_all_there_is_to_compare() -> None:
    assert len(RECORDS) == len(OURS) + len(PUBLISHED)
    for guarantee in RECORDS.values():
        assert guarantee.seen in SEEN
        assert guarantee.sense in SENSES
        assert (guarantee.evaluate is None) == (guarantee.sense == "none")
        fields = (guarantee.source, guarantee.method, guarantee.assumption, guarantee.measure,
                  guarantee.dimension_factor, guarantee.rate, guarantee.constant)  # fmt: skip
        assert all(fields)
        assert guarantee.statements
    assert all(guarantee.comparison.endswith(".") for guarantee in PUBLISHED)


def test_nothing_is_promised_from_an_abstract_alone() -> None:
    for guarantee in PUBLISHED:
        if guarantee.seen == "abstract":
            assert guarantee.sense != "bound"
            assert guarantee.constant.startswith((NOT_SEEN, "O(·)"))


@pytest.mark.parametrize("source", ["2605.06615", "2503.12645", "2505.23737", "2601.19156", "2606.14560", "2606.15268",
                                    "2002.03305"])  # fmt: skip
def test_the_related_papers_are_all_there(source: str) -> None:
    assert any(source in guarantee.source for guarantee in PUBLISHED)


@every("numbers", NUMBERS)
def test_covariance_guarantees_do_not_see_the_dimension(numbers: CommonNumbers) -> None:
    flat = CommonNumbers(
        initial_gap=numbers.initial_gap, smoothness=2.0, rank=1, nuclear_sigma=3.0, frobenius_sigma=3.0,
        n_samples=numbers.n_samples,
    )  # fmt: skip
    for name in ("T5-N2", "T5, tuned", "T5, large batches", "Tao et al., upper", "Tao et al., lower"):
        assert RECORDS[name].value(numbers) == RECORDS[name].value(flat)


@every("numbers", NUMBERS)
def test_tao_is_t5_without_momentum_at_the_same_batch(numbers: CommonNumbers) -> None:
    n, product = numbers.n_samples, math.sqrt(numbers.initial_gap * numbers.smoothness)
    for batch in (1, 2, 5):
        steps = n // batch
        eta = math.sqrt(2 * numbers.initial_gap / (numbers.smoothness * steps))
        theirs = math.sqrt(2 * numbers.initial_gap * numbers.smoothness / steps) + 2 * 3.0 / math.sqrt(batch)
        ours = stationarity_bound(
            initial_gap=numbers.initial_gap, smoothness=numbers.smoothness, sigma=3.0 / math.sqrt(batch),
            moment_order=2, p="inf", step_size=eta, momentum=0.0, n_steps=steps,
        ).value  # fmt: skip
        assert ours == pytest.approx(theirs, rel=1e-13)
        assert batched(product, 3.0, batch * steps, batch) == pytest.approx(theirs, rel=1e-13)


@pytest.mark.parametrize("numbers", [replace(n, n_samples=10**20) for n in NUMBERS if n.n_samples == 10])
def test_leading_constants_are_the_ones_that_are_written(numbers: CommonNumbers) -> None:
    level = math.sqrt(numbers.rank) * numbers.frobenius_sigma
    root = math.sqrt(math.sqrt(numbers.initial_gap * numbers.smoothness / numbers.n_samples))
    assert value("T5-N2", numbers) / (root * math.sqrt(3.0)) == pytest.approx(4, rel=1e-6)
    assert value("T5, large batches", numbers) / (root * math.sqrt(3.0)) == pytest.approx(2**1.75, rel=1e-12)
    assert value("Tao et al., upper", numbers) / (root * math.sqrt(3.0)) == pytest.approx(2 + math.sqrt(2), rel=1e-12)
    assert value("Kovalev", numbers) / (root * math.sqrt(level)) == pytest.approx(2**2.25, rel=0.005)
    found = value("Kim and Oh, polar factor", numbers) / (root * math.sqrt(level))
    assert found == pytest.approx(3 + math.sqrt(2), rel=0.005)


@every("numbers", NUMBERS)
def test_the_best_batch_is_least_and_below_theirs(numbers: CommonNumbers) -> None:
    product = math.sqrt(numbers.initial_gap * numbers.smoothness)
    best, batch = batched_bound(
        initial_gap=numbers.initial_gap, smoothness=numbers.smoothness, sigma=3.0, n_samples=numbers.n_samples
    )
    assert 1 <= batch <= numbers.n_samples
    for factor in (0.5, 0.9, 1.1, 2.0):
        other = min(max(factor * batch, 1.0), numbers.n_samples)
        assert best <= batched(product, 3.0, numbers.n_samples, other) * (1 + 1e-12)
    assert best <= value("Tao et al., upper", numbers) * (1 + 1e-12)


@pytest.mark.parametrize("theta", THETAS)
def test_each_term_of_t5_is_at_most_kovalevs(theta: float) -> None:
    for numbers in NUMBERS:
        level, n = math.sqrt(numbers.rank) * numbers.frobenius_sigma, numbers.n_samples
        eta = best_step_size(theta, initial_gap=numbers.initial_gap, smoothness=numbers.smoothness, n_steps=n)
        ours = at(numbers, theta, eta)
        curved = numbers.smoothness * eta
        assert ours["initial_gap"] == pytest.approx(numbers.initial_gap / (eta * n), rel=1e-13), numbers
        assert ours["curvature"] + ours["drift"] <= 1.5 * curved + 2 * curved / theta, numbers
        assert ours["noise"] <= 2 * math.sqrt(theta) * level * (1 + 1e-12), numbers
        assert ours["burn_in"] <= 2 * level / (theta * n) * (1 + 1e-12), numbers


@every("numbers", NUMBERS)
def test_t5_at_its_best_is_below_kovalev_at_his(numbers: CommonNumbers) -> None:
    assert value("T5, tuned", numbers) <= value("Kovalev", numbers)


def test_kovalevs_grid_is_as_fine_as_it_says() -> None:
    numbers = CommonNumbers.concentrated(16, n_samples=10**4)
    fine = min(
        2 * math.sqrt((1.5 + 2 / alpha) / 10**4) + 8 * (1 / (alpha * 10**4) + math.sqrt(alpha))
        for alpha in (math.exp(-k / 10**4) for k in range(92_104))
    )
    assert fine <= value("Kovalev", numbers) <= fine * (1 + 1e-5)


@every("numbers", NUMBERS)
def test_kim_and_oh_have_the_terms_of_t5_and_another_start(numbers: CommonNumbers) -> None:
    n, level = numbers.n_samples, math.sqrt(numbers.rank) * numbers.frobenius_sigma
    product = math.sqrt(numbers.initial_gap * numbers.smoothness)
    theta = min(product / (level * math.sqrt(n)), 1.0)
    eta = math.sqrt(theta * numbers.initial_gap / (n * numbers.smoothness))
    ours = at(numbers, theta, eta, bias_correction=True)
    noise = 2 * level * math.sqrt(theta / (2 - theta))
    start = 2 * math.sqrt(2 * numbers.rank) * product * (1 - theta) / (theta * n)
    theirs = ours["initial_gap"] + ours["curvature"] + ours["drift"] + noise + start
    assert value("Kim and Oh, polar factor", numbers) == pytest.approx(theirs, rel=1e-11)
    assert ours["noise"] <= noise * (1 + 1e-12)
    assert stationary_weight(theta, 2) == pytest.approx(math.sqrt(theta / (2 - theta)), rel=1e-12)


@pytest.mark.parametrize("defect", [1e-6, 0.05, 0.4, 0.95])
def test_inexact_directions_cost_t5_less_than_kim_and_oh(defect: float) -> None:
    numbers = CommonNumbers.flat(8, n_samples=1000)
    exact, inexact = at(numbers, 0.1, 0.01), at(numbers, 0.1, 0.01, direction_defect=defect)
    factor = {name: inexact[name] / exact[name] for name in exact}
    assert factor["noise"] == pytest.approx((2 - defect) / (1 - defect) / 2)
    assert factor["drift"] == pytest.approx((2 - defect) / (1 - defect) / 2)
    assert factor["noise"] < 1 / (1 - defect)  # theirs: 2/(1-ε) for 2
    assert factor["drift"] < (1 + defect) / (1 - defect)  # theirs: 2(1+ε)/(1-ε) for 2
    assert factor["curvature"] == pytest.approx(1 / (1 - defect))
    assert factor["curvature"] < (1 + defect) ** 2 / (1 - defect)  # theirs


@pytest.mark.parametrize("alpha", [1.1, 1.5, 1.9, 2.0])
def test_t5_with_t4g_has_the_powers_of_huebler_et_al(alpha: float) -> None:
    # the value at constants times powers of 10, in the regime where the leading terms decide
    def log_value(rank: float, sigma: float, n: int) -> float:
        level = sigma * rank ** (1 - 1 / alpha)
        bound = tuned(1.0, 1.0, level, n, alpha, method="numerical").bound
        return math.log(bound.value or 0.0)

    n, power = 10**14, (alpha - 1) / (3 * alpha - 2)
    base = log_value(4, 1.0, n)
    slope_n = (log_value(4, 1.0, 10 * n) - base) / math.log(10)
    slope_r = (log_value(40, 1.0, n) - base) / math.log(10)
    slope_sigma = (log_value(4, 10.0, n) - base) / math.log(10)
    # ε from r(LΔ/ε²)(σ/ε)^{α/(α-1)} = N: ε = (rLΔ σ^{α/(α-1)}/N)^{(α-1)/(3α-2)}
    assert -slope_n == pytest.approx(power, rel=0.05)
    assert slope_r == pytest.approx(power, rel=0.05)
    assert slope_sigma == pytest.approx(power * alpha / (alpha - 1), rel=0.05)


def test_orders_have_the_powers_of_the_dimension_they_say() -> None:
    def slopes(name: str, make: object) -> list[float]:
        found = [value(name, make(4**k, n_samples=10**17)) for k in range(3, 7)]  # type: ignore[operator]
        return [math.log(b / a) / math.log(4) for a, b in pairwise(found)]

    assert slopes("Hübler et al.", CommonNumbers.flat) == pytest.approx([0.25] * 3)
    assert slopes("Kim and Oh, SGD", CommonNumbers.concentrated) == pytest.approx([0.5] * 3, abs=1e-6)
    assert slopes("Kim and Oh, SGD", CommonNumbers.flat) == pytest.approx([0.25] * 3, abs=0.01)
    assert slopes("Kovalev", CommonNumbers.concentrated) == pytest.approx([0.25] * 3, abs=0.01)
    assert slopes("Kovalev", CommonNumbers.flat) == pytest.approx([0.0] * 3, abs=1e-12)


def test_values_have_the_unit_of_a_gradient() -> None:
    numbers = CommonNumbers(rank=9, frobenius_sigma=0.5, n_samples=5000)
    scaled = CommonNumbers(
        initial_gap=8.0, smoothness=8.0, rank=9, nuclear_sigma=8.0, frobenius_sigma=4.0, n_samples=5000
    )
    for guarantee in RECORDS.values():
        if guarantee.evaluate is not None:
            assert guarantee.value(scaled) == pytest.approx(8 * value(guarantee.name, numbers), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frobenius_sigma": 0.2}, "frobenius_sigma must lie between nuclear_sigma/√rank and nuclear_sigma, got"),
        ({"frobenius_sigma": 1.5}, "frobenius_sigma must lie between nuclear_sigma/√rank and nuclear_sigma, got"),
        ({"initial_gap": 0.0}, "CommonNumbers: initial_gap must be a positive finite number, got initial_gap=0.0"),
        ({"rank": 0}, "CommonNumbers: rank must be an integer >= 1, got rank=0"),
    ],
)
def test_numbers_that_no_covariance_has_are_refused(change: dict[str, object], message: str) -> None:
    fields = {"rank": 4, "frobenius_sigma": 0.5, "n_samples": 10}
    with pytest.raises(ParameterError, match=message.replace("(", r"\(")):
        CommonNumbers(**(fields | change))  # type: ignore[arg-type]


def test_a_guarantee_without_a_value_has_none() -> None:
    assert RECORDS["Pethick"].value(NUMBERS[0]) is None
    assert RECORDS["T5-N2"].value(CommonNumbers.flat(2, n_samples=1)) is None
    assert isinstance(RECORDS["Pethick"], Guarantee)
