"""Numbers that others have published or that follow from classical limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, special

from synthetic.martingales import MARTINGALES
from synthetic.martingales.gaussian_moments import ginibre_moment
from synthetic.martingales.norms import norms
from tests.synthetic.martingales.cases import rng

HALF_DIGIT = 0.5000001  # a number printed to k digits is within half of the last one


def printed(value: float, digits: int) -> object:
    return pytest.approx(value, rel=0, abs=HALF_DIGIT * 10.0**-digits)


def quarter_circle_moment(q: float) -> float:
    """Return ``lim E‖G‖_q^q/n^{1+q/2}`` for square matrices."""
    return 2**q * special.gamma((q + 1) / 2) / (math.sqrt(math.pi) * special.gamma(q / 2 + 2))


def marchenko_pastur_mean(aspect: float) -> float:
    """Return the mean singular value of X/√n for m×n matrices, m/n → aspect <= 1, by the density."""
    low, high = (1 - math.sqrt(aspect)) ** 2, (1 + math.sqrt(aspect)) ** 2
    middle, half = (low + high) / 2, (high - low) / 2

    def integrand(t: float) -> float:  # x = middle + half sin t
        x = middle + half * math.sin(t)
        return half * half * math.cos(t) ** 2 / (2 * math.pi * aspect * math.sqrt(x)) if x > 0 else 0.0

    return integrate.quad(integrand, -math.pi / 2, math.pi / 2, epsabs=1e-12)[0]


def test_real_two_by_two_ginibre() -> None:
    z = MARTINGALES["ginibre"].build((2, 2), 1)
    assert z.moment(1, 1) == pytest.approx(math.sqrt(math.pi) * (2 - 1 / math.sqrt(2)), rel=1e-13)
    assert z.moment(1, 1) == printed(2.291594, 6)
    assert z.moment(1, 1) != printed(2.2917, 6)


@pytest.mark.parametrize(("n", "number"), [(1, 0.886227), (2, 2.437124), (3, 4.444982), (4, 6.823255), (8, 19.234740)])
def test_complex_ginibre_by_the_laguerre_density(n: int, number: float) -> None:
    assert MARTINGALES["ginibre"].build((n, n), 1, field="complex").moment(1, 1) == printed(number, 6)

    def density(x: float) -> float:
        return math.exp(-x) * sum(special.eval_laguerre(k, x) ** 2 for k in range(n))

    direct = integrate.quad(lambda s: 2 * s * s * density(s * s), 0, 4 * math.sqrt(n) + 4, limit=200)[0]
    assert ginibre_moment(n, n, 1, 1, "complex") == pytest.approx(direct, rel=1e-9)


@pytest.mark.parametrize("field", ["real", "complex"])
@pytest.mark.parametrize("q", [1.0, 1.5, 2.0, 3.0])
def test_large_square_matrices_approach_the_quarter_circle(field: str, q: float) -> None:
    gaps = [ginibre_moment(n, n, q, q, field) / n ** (1 + q / 2) / quarter_circle_moment(q) - 1 for n in (16, 32, 64)]
    # the correction is of order 1/n (real), 1/n² up to a power of log n (complex): it at least halves
    assert abs(gaps[2]) <= 0.02
    assert abs(gaps[1]) <= 0.55 * abs(gaps[0]) + 1e-13
    assert abs(gaps[2]) <= 0.55 * abs(gaps[1]) + 1e-13


def test_quarter_circle_mean_is_eight_over_three_pi() -> None:
    assert quarter_circle_moment(1) == pytest.approx(8 / (3 * math.pi), rel=1e-14)
    assert quarter_circle_moment(1) == printed(0.848826, 6)
    assert quarter_circle_moment(2) == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize(("aspect", "number"), [(1.0, 0.848826), (0.5, 0.932799), (0.25, 0.967688), (0.1, 0.987339)])
def test_mean_singular_value_approaches_marchenko_pastur(aspect: float, number: float) -> None:
    assert marchenko_pastur_mean(aspect) == printed(number, 6)
    n = 60
    m = round(aspect * n)
    for field in ("real", "complex"):
        assert ginibre_moment(m, n, 1, 1, field) / (m * math.sqrt(n)) == pytest.approx(number, rel=1 / n)


@pytest.mark.parametrize(("n", "number"), [(16, 0.8946), (64, 0.6757), (256, 0.3860), (1024, 0.1979), (4096, 0.09954)])
def test_random_coordinates_fill_up_like_coupons(n: int, number: float) -> None:
    average = MARTINGALES["iid_coordinates"].build((64, 64), n, scale=1 / n).moment(1, 1)
    assert average == printed(number, 4 if n < 4096 else 5)


def test_mean_length_of_a_walk_of_signs() -> None:
    for k in (1, 2, 3, 10, 11):
        half = math.ceil(k / 2)
        walk = MARTINGALES["fixed_signs"].build((1, 1), k).moment(1, 1)
        assert walk == pytest.approx(2 * half * math.comb(k, half) / 2**k, rel=1e-13)


@pytest.mark.parametrize(("n", "truth", "one_sided", "infimum"), [
    (4, 3.877243, 6, 4), (16, 7.937754, 20, 8), (64, 15.968781, 72, 16),
])  # fmt: skip
def test_rows_beside_columns(n: int, truth: float, one_sided: float, infimum: float) -> None:
    z = MARTINGALES["rows_and_columns"].build(None, 2 * n, coefficients="complex_gaussian")
    assert z.moment(1, 1) == printed(truth, 6)
    assert z.moment(1, 1) == pytest.approx(2 * math.exp(math.lgamma(n + 0.5) - math.lgamma(n)), rel=1e-12)
    for side in ("left", "right"):
        root = np.sqrt(np.linalg.eigvalsh(z.covariance(side)))
        assert float(root.sum()) == pytest.approx(one_sided, rel=1e-12)
    rows, columns = (float(np.sqrt(np.linalg.eigvalsh(part)).sum()) for part in z.split())
    assert rows + columns == pytest.approx(infimum, rel=1e-12)


def test_real_rows_beside_columns() -> None:
    z = MARTINGALES["rows_and_columns"].build(None, 10)
    n = 5
    expected = 2 * math.sqrt(2) * math.gamma((n + 1) / 2) / math.gamma(n / 2)
    assert z.moment(1, 1) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("probability", [0.3, 0.01, 1e-6])
@pytest.mark.parametrize("q", [1.0, 1.5])
def test_counterexample_to_a_random_conditional_covariance(probability: float, q: float) -> None:
    z = MARTINGALES["adapted"].build((2, 2), 2, probability=probability)
    variance = probability / (1 - probability)
    left = probability * 2 ** (2 / q) + probability * variance
    assert z.moment(q, 2) == pytest.approx(left, rel=1e-12)
    probabilities, matrices = z.conditional_covariance_outcomes()
    right = float(probabilities @ norms(np.sqrt(matrices), q) ** 2)
    expected = probability * (1 + variance ** (q / 2)) ** (2 / q) + (1 - probability) * variance
    assert right == pytest.approx(expected, rel=1e-12)
    if probability == 1e-6 and q == 1.0:
        assert left / right > 1.99  # the wrong form would have at most 1
    mean = norms(np.sqrt(z.covariance("left")), q) ** 2
    assert left <= float(mean)  # the true form


def test_third_part_needs_its_own_moments() -> None:
    z = MARTINGALES["diagonal_third_part"].build((2, 2), 5, probability=1e-4)
    assert math.sqrt(z.moment(1, 2)) == pytest.approx(1e-2, rel=1e-12)
    # 2^{2/q-1} (Σ E‖Z_i‖_q^q)^{1/q} at q = 1: below the left side, so that second moments cannot stand there
    assert 2 * z.sum_of_moments(1, 1) == pytest.approx(2e-4, rel=1e-12)


def test_fresh_coordinates_do_not_average() -> None:
    for n in (1, 5, 8):
        z = MARTINGALES["fresh_coordinates"].build((8, 8), n, scale=1 / n)
        assert z.moment(1, 1) == pytest.approx(1, rel=1e-14)
        assert z.moment(2, 2) == pytest.approx(1 / n, rel=1e-14)
        assert norms(z.sums(rng(n), 3), 1).tolist() == pytest.approx([1.0] * 3)
