"""The constants of T4 against independent computations."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from schattor_theory.bounds import (
    best_constant_bound,
    best_constant_bracket,
    martingale_constant,
    price_of_dimension,
    scalar_best_constant,
    scalar_worst_step,
)
from schattor_theory.errors import ParameterError

# docs/theory, table E; rounded to the nearest in the last place
TABLE = {
    1.1: 1.724467,
    1.2: 1.580830,
    1.25: 1.524154,
    1.4: 1.384475,
    1.5: 1.306563,
    1.6: 1.236166,
    1.75: 1.140547,
    1.8: 1.110772,
    1.9: 1.053837,
}


def agrees_with_the_table(constant) -> bool:
    return all(abs(constant(q) - value) <= 0.5e-6 for q, value in TABLE.items())


def test_scalar_constant_is_that_of_the_table():
    assert agrees_with_the_table(scalar_best_constant)


def test_refutes_a_scalar_constant_that_is_a_tenth_smaller():
    assert not agrees_with_the_table(lambda q: 0.9 * scalar_best_constant(q))


def test_scalar_constant_has_its_closed_values():
    assert scalar_best_constant(1) == 2.0
    assert scalar_best_constant(2) == 1.0
    assert scalar_best_constant(4 / 3) == pytest.approx(3 ** (1 / 3), rel=4e-16)
    assert scalar_best_constant(1.5) == pytest.approx(math.sqrt(1 + 1 / math.sqrt(2)), rel=4e-16)


@pytest.mark.parametrize("q", [1 + 1e-12, 1.0001, 1.03, 1.255, 1.5, 1.50001, 1.77, 1.9999, 2 - 1e-12])
def test_scalar_constant_has_full_double_precision(q):
    with mpmath.workdps(50):
        exact = mpmath.mpf(q)

        def equation(u):
            return (exact - 1) * u - (2 - exact) - u ** (exact - 1)

        low, high = mpmath.mpf(1), 10 / (exact - 1)
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if equation(middle) < 0 else (low, middle)
        reference = (exact - 1) * (1 + low) ** (2 - exact)
        assert abs(scalar_best_constant(q) - reference) <= 3 * mpmath.mpf(2) ** -53 * reference


@pytest.mark.parametrize("q", [1.1, 1.255, 4 / 3, 1.5, 1.8, 1.95])
def test_scalar_constant_is_the_maximum_it_is_defined_as(q):
    found = minimize_scalar(
        lambda x: -((1 - x) ** q - x**q + q * x ** (q - 1)),
        bounds=(1e-9, 1),
        method="bounded",
        options={"xatol": 1e-12},
    )
    assert scalar_best_constant(q) == pytest.approx(-found.fun, rel=1e-13)


def test_scalar_constant_decreases_and_stays_below_the_proved_one():
    grid = np.linspace(1, 2, 401)
    values = np.array([scalar_best_constant(q) for q in grid])
    assert np.all(np.diff(values) < 0)
    upper = np.array([martingale_constant(q) for q in grid])
    assert np.all(values <= upper)
    # T4: the ratio is at most 1.1035 (rounded up), near q = 1.255
    ratio = upper / values
    assert 1.103 < ratio.max() <= 1.1035
    assert grid[ratio.argmax()] == pytest.approx(1.255, abs=0.01)


def test_bracket_is_one_number_where_the_constant_is_known():
    for q in (1, 8 / 7, 1.2, 1.25, 4 / 3, 2):
        low, high = best_constant_bracket(q)
        assert low == pytest.approx(high, rel=4e-16)
    assert best_constant_bracket(4 / 3)[1] == pytest.approx(3 ** (1 / 3))


def test_bracket_has_the_widths_of_the_theory():
    # T4a*(c), rounded up: 0.78 % on [4/3, 2], 2.52 % on [1, 8/7]
    grid = np.linspace(1, 2, 2001)
    low, high = np.array([best_constant_bracket(q) for q in grid]).T
    ratio = high / low
    assert np.all(ratio >= 1)
    assert 1.0077 < ratio[grid >= 4 / 3].max() <= 1.0078
    assert 1.025 < ratio[grid <= 8 / 7].max() <= 1.0252
    first = np.array([martingale_constant(q) for q in grid])
    assert np.all(high <= first * (1 + 4e-16))


def test_upper_end_is_a_convex_logarithm():
    # T4a*(b): a chord of log U between any two of its points lies above it
    grid = np.linspace(1, 2, 1001)
    log = np.log([best_constant_bracket(q)[1] for q in grid])
    assert np.all(log[:-2] + log[2:] - 2 * log[1:-1] >= -1e-14)


@pytest.mark.parametrize(
    ("q", "proof"),
    [(1.1, "interpolation from 1"), (1.25, "sharp"), (1.5, "interpolation from 4/3")],
)
def test_upper_end_says_what_proves_it(q, proof):
    bound = best_constant_bound(q)
    assert (bound.statement, bound.dominant, bound.review) == ("T4a*", proof, "proved")
    assert bound.source.document == "docs/theory/best-constant.md"
    assert (bound.constants["scalar_constant"], bound.value) == best_constant_bracket(q)
    assert bound.constants["martingale_constant"] == martingale_constant(q)


@pytest.mark.parametrize("q", [1.02, 1.25, 1.5, 1.95])
def test_scalar_constant_is_attained_at_the_worst_step(q):
    s = scalar_worst_step(q)
    ratio = (abs(1 - s) ** q - 1 + q * s) / s**q
    assert ratio == pytest.approx(scalar_best_constant(q), rel=1e-13)
    assert scalar_worst_step(1.5) == pytest.approx(4 + 2 * math.sqrt(2), rel=1e-14)


def test_martingale_constant_is_a_power_of_two():
    assert [martingale_constant(b) for b in (1, 1.5, 2)] == [2.0, math.sqrt(2), 1.0]


def test_price_of_dimension_is_attained_by_fresh_coordinates():
    # T4f: n = r signs on fresh coordinates have ‖S‖_q = r^{1/q} while (Σ E‖Z‖^β)^{1/β} = r^{1/β}
    for q, beta, r in [(1, 2, 16), (1.5, 2, 9), (1, 1.5, 8)]:
        witness = r ** (1 / q) / r ** (1 / beta)
        assert price_of_dimension(q, beta, r, conditionally_symmetric=True) == pytest.approx(witness)
    assert price_of_dimension(1.5, 1.5, 50, conditionally_symmetric=True) == 1.0
    assert price_of_dimension(1, 1.5, 1) == pytest.approx(2 ** (1 / 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scalar_best_constant(2.1), "scalar_best_constant: q must lie in [1, 2], got q=2.1."),
        (lambda: scalar_best_constant(math.nan), "scalar_best_constant: q must lie in [1, 2], got q=nan."),
        (
            lambda: martingale_constant(0.5),
            "martingale_constant: moment_order must lie in [1, 2], got moment_order=0.5.",
        ),
        (lambda: best_constant_bracket("1.5"), "best_constant_bracket: q must lie in [1, 2], got q='1.5'."),
        (lambda: best_constant_bound(2.5), "best_constant_bound: q must lie in [1, 2], got q=2.5."),
        (lambda: scalar_worst_step(2), "scalar_worst_step: q must lie in (1, 2), got q=2."),
        (lambda: price_of_dimension(3, 2, 1), "price_of_dimension: q must lie in [1, 2], got q=3."),
        (
            lambda: price_of_dimension(1.5, 1.2, 1),
            "price_of_dimension: moment_order must lie in [1.5, 2], got moment_order=1.2. For β <= q there",
        ),
        (lambda: price_of_dimension(1, 2, 0), "price_of_dimension: rank must be an integer >= 1, got rank=0."),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ParameterError) as caught:
        call()
    assert str(caught.value).startswith(message)
