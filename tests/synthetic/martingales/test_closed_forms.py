"""Closed forms of moments against enumeration, integration, and each other."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from schattor_theory import scalar_best_constant
from synthetic.martingales import MARTINGALES
from synthetic.martingales.closed_forms import (
    chi_moment,
    double_exponential,
    independent_moment,
    planar_moment,
    quadratic_form_moment,
    sign_sum_law,
)
from synthetic.martingales.coefficients import COEFFICIENTS, ComplexGaussian, Gaussian, Rademacher, TwoPoint
from synthetic.martingales.gaussian_moments import gaussian_moment, ginibre_moment
from synthetic.martingales.norms import mean_of_powers, norms, power, spectral_norms
from synthetic.martingales.real_gaussian import real_linear_moments
from synthetic.problems import PROBLEMS
from tests.joined import every
from tests.synthetic.martingales.cases import agrees, rng, weight_of

INF = math.inf


def closely(value: float, accuracy: float = 1e-12) -> object:
    return pytest.approx(value, rel=accuracy, abs=0)


# --- coefficients


@pytest.mark.parametrize("n", [0, 1, 2, 7, 12])
def test_law_of_a_sum_of_signs_is_enumerated(n: int) -> None:
    probabilities, values = sign_sum_law(n)
    sums = np.abs([sum(signs) for signs in itertools.product((1, -1), repeat=n)])
    for p, x in zip(probabilities, values, strict=True):
        assert p == closely(float((sums == x).mean()))
    assert math.fsum(probabilities) == closely(1.0)


@pytest.mark.parametrize("law", [Rademacher(), Gaussian(), ComplexGaussian(), TwoPoint(0.1), TwoPoint(0.9)])
def test_coefficients_have_mean_zero_and_variance_one(law) -> None:
    assert law.moment(2) == closely(1.0)
    draws = law.draw(rng("law", law.name), (4000,))
    largest = law.ceiling
    assert agrees(0.0, draws.real, largest)
    assert agrees(law.moment(1), np.abs(draws), largest)
    assert agrees(1.0, np.abs(draws) ** 2, largest**2)
    assert not agrees(3.0, np.abs(draws) ** 2, largest**2)


@pytest.mark.parametrize("order", [0.5, 1.0, 1.7, 2.0, 4.0])
def test_normal_moments_are_the_integrals(order: float) -> None:
    real = integrate.quad(lambda x: 2 * x**order * stats.norm.pdf(x), 0, INF)[0]
    modulus = integrate.quad(lambda x: x**order * 2 * x * math.exp(-x * x), 0, INF)[0]
    assert Gaussian().moment(order) == closely(real, 1e-7)
    assert ComplexGaussian().moment(order) == closely(modulus, 1e-7)


@pytest.mark.parametrize("probability", [0.5, 0.05, 0.8])
def test_law_of_a_sum_of_two_point_coefficients_is_enumerated(probability: float) -> None:
    law = TwoPoint(probability)
    p, x = law.atoms()
    sums = {k: 0.0 for k in range(6)}
    for which in itertools.product((0, 1), repeat=5):
        sums[which.count(0)] += math.prod(p[list(which)])
    probabilities, values = law.sum_law(5)
    assert probabilities == pytest.approx([sums[k] for k in range(6)], rel=1e-12)
    assert values == pytest.approx([k * x[0] + (5 - k) * x[1] for k in range(6)])


def test_coefficients_are_listed_under_their_names() -> None:
    assert all(law.name == key for key, law in COEFFICIENTS.items())


# --- independent values


WHOLE = (np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, 3.0]))
OTHER = (np.array([0.1, 0.9]), np.array([2.5, 0.7]))


def brute(levels: np.ndarray, laws: list, q: float, order: float) -> float:
    total = 0.0
    for atoms in itertools.product(*(list(zip(*law, strict=True)) for law in laws)):
        size = float(np.linalg.norm([w * x for w, (_, x) in zip(levels, atoms, strict=True)], q))
        total += math.prod(p for p, _ in atoms) * size**order
    return total


@pytest.mark.parametrize("levels", [[1.0, 1.0, 1.0], [2.0, 0.5, 1.0], [0.0, 3.0, 0.0], [1.0, 0.0, 1.0]])
@pytest.mark.parametrize("laws", [[WHOLE] * 3, [WHOLE, OTHER, WHOLE]], ids=["equal", "mixed"])
@pytest.mark.parametrize(("q", "order"), [(1, 1), (1, 2), (1, 1.5), (1.5, 1.5), (1.5, 3), (2, 1), (INF, 1.3)])
def test_moments_of_independent_values_are_enumerated(levels: list, laws: list, q: float, order: float) -> None:
    assert independent_moment(np.array(levels), laws, q, order) == closely(brute(np.array(levels), laws, q, order))


def test_moments_of_independent_values_are_none_when_too_many() -> None:
    laws = [sign_sum_law(100)] * 9
    assert independent_moment(np.ones(9), laws, 1.5, 1.7) is None
    assert independent_moment(np.zeros(9), laws, 1.5, 1.7) == 0
    for q, order in ((1.5, 1.5), (1.5, 3.0), (1.0, 1.7), (INF, 1.7)):
        assert independent_moment(np.ones(9), laws, q, order) > 0


# --- integrals


def test_double_exponential_rule_meets_end_point_powers() -> None:
    assert double_exponential(lambda x: x**-0.5, 4.0) == closely(4.0, 1e-9)
    assert double_exponential(lambda x: np.exp(-x) * x**0.3, 2.0) == closely(
        special.gamma(1.3) * special.gammainc(1.3, 2.0)
    )


@every(("a", "b"), [(0.0, 1.0), (1.0, 0.0), (5.0, 2.0), (100.0, 1.0)])
@every(("q", "order"), [(1.0, 1.0), (1.3, 1.7), (2.0, 1.0), (4.0, 2.0), (INF, 1.5)])
def test_planar_moments_are_the_integrals(a: float, b: float, q: float, order: float) -> None:
    def density(t: float) -> float:
        return math.sin(2 * t) ** a * abs(math.cos(2 * t)) ** b

    def value(t: float) -> float:
        return float(np.linalg.norm([math.cos(t), math.sin(t)], q)) ** order * density(t)

    quarters = (0, math.pi / 4, math.pi / 2)
    above, below = (
        sum(integrate.quad(f, *ends, epsabs=1e-13)[0] for ends in itertools.pairwise(quarters))
        for f in (value, density)
    )
    assert planar_moment(q, order, a, b) == closely(above / below, 1e-9)


@pytest.mark.parametrize("order", [0.1, 1.0, 1.5, 1.99])
def test_quadratic_forms_of_two_values_are_the_planar_integral(order: float) -> None:
    # a²χ² + b²χ² with one degree each: length and angle of a planar normal vector
    a, b = 1.0, 0.3
    angle = integrate.quad(lambda t: (a * math.cos(t) ** 2 + b * math.sin(t) ** 2) ** (order / 2), 0, math.pi / 2)[0]
    expected = chi_moment(2, order) * angle / (math.pi / 2)
    assert quadratic_form_moment(np.array([a, b]), 1, order) == closely(expected)


def test_quadratic_forms_meet_their_special_cases() -> None:
    lam = np.array([1.0, 0.2, 0.05])
    assert quadratic_form_moment(lam, 3, 2) == closely(3 * 1.25)
    # twice the degrees is every level twice
    assert quadratic_form_moment(lam, 2, 1.4) == closely(quadratic_form_moment(np.repeat(lam, 2), 1, 1.4))
    assert quadratic_form_moment(np.ones(3), 2, 1.4) == closely(chi_moment(6, 1.4))
    nearly = quadratic_form_moment(np.array([1.0, 1.0, 1 - 1e-9]), 2, 1.4)
    assert nearly == closely(chi_moment(6, 1.4), 1e-8)
    assert quadratic_form_moment(lam, 1, 4) == closely(1.25**2 + 2 * float(lam @ lam))
    assert quadratic_form_moment(lam, 1, 3) is None
    assert quadratic_form_moment(np.zeros(2), 1, 1) == 0


# --- Gaussian matrices


@every("shape", [(1, 1), (1, 4), (2, 2), (2, 3), (2, 30)])
@every("q", [1.0, 1.25, 2.0, 3.0])
def test_pfaffians_agree_with_rank_one_and_two(shape: tuple[int, int], q: float) -> None:
    first, second = real_linear_moments(shape[0], shape[1] - shape[0], q)
    assert first == closely(ginibre_moment(*shape, q, q))
    assert second == closely(ginibre_moment(*shape, q, 2 * q))


@pytest.mark.parametrize(("m", "n"), [(3, 3), (4, 4), (5, 7), (8, 3), (16, 16), (33, 40), (64, 64)])
def test_gaussian_traces_are_polynomials(m: int, n: int) -> None:
    r, extra = min(m, n), abs(m - n)
    assert real_linear_moments(r, extra, 2.0) == closely((m * n, m * n * (m * n + 2)))
    assert ginibre_moment(m, n, 4, 4) == closely(m * n * (m + n + 1))
    assert ginibre_moment(m, n, 4, 4, "complex") == closely(m * n * (m + n))


@pytest.mark.parametrize("field", ["real", "complex"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 5)])
def test_gaussian_moments_agree_with_samples(shape: tuple[int, int], field: str) -> None:
    z = MARTINGALES["ginibre"].build(shape, 4, field=field)
    sums = z.sums(rng("gaussian", shape, field), 8000)
    for q, order in ((1.0, 1.0), (1.5, 1.5), (1.0, 2.0), (1.5, 3.0)):
        values = norms(sums, q) ** order
        assert agrees(z.moment(q, order), values)
        assert not agrees(1.05 * z.moment(q, order), values)


def test_gaussian_moments_that_are_not_known_are_none() -> None:
    assert ginibre_moment(3, 3, 1, 1.5) is None
    assert ginibre_moment(3, 3, INF, 1) is None
    assert ginibre_moment(65, 65, 1, 1) is None
    assert gaussian_moment(np.array([1.0, 0.5]), np.ones(2), 1, 1) is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_weighted_gaussian_moments(side: str) -> None:
    z = MARTINGALES["ginibre"].build((3, 3), 2)
    weight = weight_of(3)
    inverse = np.linalg.inv(weight)
    assert z.sum_of_moments(2, 2, weight=weight, side=side) == closely(2 * 3 * float((inverse**2).sum()))
    projection = np.diag([2.0, 0.0, 2.0])
    assert z.sum_of_moments(1, 1, weight=projection, side=side) == closely(2 * 0.5 * ginibre_moment(2, 3, 1, 1))
    draws = z.steps(rng("weighted"), 6000)[:, 0]
    weighted = inverse @ draws if side == "left" else draws @ inverse
    assert agrees(z.sum_of_moments(2, 1.5, weight=weight, side=side) / 2, norms(weighted, 2) ** 1.5)
    assert z.sum_of_moments(1, 1, weight=weight, side=side) is None


def test_row_covariance_moments() -> None:
    z = MARTINGALES["row_covariance"].build((3, 4), 5, rows=[1.0, 0.5, 0.1], rotated=True, rng=rng("rows"))
    sums = z.sums(rng("rows", 1), 8000)
    for order in (1.0, 1.5, 2.0):
        assert agrees(z.moment(2, order), norms(sums, 2) ** order)
        assert not agrees(1.1 * z.moment(2, order), norms(sums, 2) ** order)
    root = np.linalg.cholesky(z.covariance("left") / 5)
    # W = Σ^{1/2}Q whitens: W⁺Z is Gaussian with independent entries of variance 1/4
    values, vectors = np.linalg.eigh(root @ root.T)
    whitening = (vectors * np.sqrt(values)) @ vectors.T
    for q, order in ((1.0, 1.0), (1.5, 3.0)):
        expected = 5 * ginibre_moment(3, 4, q, order) * 2.0**-order
        assert z.sum_of_moments(q, order, weight=whitening) == closely(expected, 1e-10)
    one_row = MARTINGALES["row_covariance"].build((1, 4), 5)
    assert one_row.moment(1, 1.3) == closely(one_row.moment(INF, 1.3)) == closely(5**0.65 * chi_moment(4, 1.3) / 2**1.3)


# --- other families


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("family", ["haar", "rank_one"])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
def test_weighted_moments_of_rotated_matrices(family: str, shape: tuple[int, int], side: str) -> None:
    z = MARTINGALES[family].build(shape, 2)
    size = shape[0] if side == "left" else shape[1]
    inverse = np.linalg.inv(weight_of(size))
    draws = z.steps(rng("rotated", family, side), 6000)[:, 0]
    weighted = inverse @ draws if side == "left" else draws @ inverse
    largest = float(np.linalg.norm(inverse, 2)) * z.ceiling(1)
    for q, order in ((1.0, 1.0), (2.0, 2.0), (1.5, 1.5)):
        stated = z.sum_of_moments(q, order, weight=np.linalg.inv(inverse), side=side)
        assert stated is None or agrees(stated / 2, norms(weighted, q) ** order, largest**order)
    assert z.sum_of_moments(2, 2, weight=np.linalg.inv(inverse), side=side) is not None


def test_haar_moments_with_a_weight_of_equal_levels() -> None:
    z = MARTINGALES["haar"].build((3, 3), 2, weights="power")
    assert z.sum_of_moments(1, 1, weight=2 * np.eye(3)) == closely(z.sum_of_moments(1, 1) / 2)
    assert z.sum_of_moments(1, 1, weight=np.diag([1.0, 1.0, 2.0])) is None


@pytest.mark.parametrize("n", [5, 8])
@pytest.mark.parametrize(("q", "order"), [(1.5, 1.5), (1.0, 2.0), (1.3, 2.6)])
def test_iid_coordinates_are_the_sum_over_all_counts(n: int, q: float, order: float) -> None:
    r, total = 3, 0.0
    for counts in itertools.product(range(n + 1), repeat=r):
        if sum(counts) == n:
            chance = math.factorial(n) / math.prod(map(math.factorial, counts)) / r**n
            total += chance * brute(np.ones(r), [sign_sum_law(k) for k in counts], q, order)
    assert MARTINGALES["iid_coordinates"].build((3, 5), n).moment(q, order) == closely(total)


def test_self_similar_ratio_approaches_the_best_constant() -> None:
    q, ratios = 1.5, []
    for growth, n_steps in ((0.05, 200), (0.005, 2000), (0.0005, 20000)):
        z = MARTINGALES["self_similar"].build((2, 2), n_steps, exponent=q, growth=growth)
        ratios.append(z.moment(q, q) / z.sum_of_moments(q, q))
    assert ratios == sorted(ratios)
    assert 0.99 * scalar_best_constant(q) < ratios[-1] < scalar_best_constant(q)
    assert z.limit_ratio(q) == closely(scalar_best_constant(q))


def test_heavy_tailed_radii_have_the_pareto_tail() -> None:
    z = MARTINGALES["heavy_tailed"].build((2, 2), 3, tail_index=1.5, weights="one_hot")
    radii = norms(z.steps(rng("radii"), 5000), 2).ravel()
    least = z.tail.least
    assert radii.min() >= least
    for times in (1.5, 3.0, 10.0):
        assert agrees(times**-1.5, (radii > times * least).astype(float), 1.0)
        assert not agrees(1.4 * times**-1.5, (radii > times * least).astype(float), 1.0) or times == 10.0
    assert z.tail_index == 1.5
    assert not z.has_moment(1.5)
    expected = integrate.quad(lambda x: x**1.2 * 1.5 * least**1.5 * x**-2.5, least, INF)[0]
    assert z.first_moment(1, 1.2) == closely(expected, 1e-6)
    assert z.sum_of_moments(1, 1.5) == z.moment(1, 1.5) == z.moment(2, 2) == INF
    assert z.covariance("left") is None
    assert z.moment(1, 1.2) is None
    assert z.ceiling(1) == INF


def test_digits_network_is_the_gradient_noise_of_the_problem() -> None:
    blocks = {"hidden": (2, 64), "hidden_bias": (2, 1), "output": (10, 2), "output_bias": (10, 1)}
    problem = PROBLEMS["digits_network"].build(None, None, rng=rng("digits"), width=2, n_samples=7)
    full = problem.gradient(problem.start)
    for block, shape in blocks.items():
        z = MARTINGALES["digits_network"].build(shape, 2, rng=rng("digits"), block=block, width=2, n_samples=7)
        for k in (0, 6):
            gradient = problem.minibatch_gradient(problem.start, np.array([k]))[block]
            assert np.abs(z.atoms[k] - (gradient - full[block])).max() <= 1e-14
        assert np.abs(z.atoms.mean(axis=0)).max() <= 1e-15
        assert z.moment(1, 1.5) == closely(float(np.mean([
            norms(a + b, 1) ** 1.5 for a, b in itertools.product(z.atoms, repeat=2)
        ])))  # fmt: skip


def test_batches_divide_the_covariance() -> None:
    one, four = (
        MARTINGALES["digits_network"].build(None, 3, rng=rng("b"), width=2, n_samples=50, batch_size=b) for b in (1, 4)
    )
    assert np.abs(one.covariance("left") - 4 * four.covariance("left")).max() <= 1e-14
    assert four.sum_of_moments(2, 2) == closely(one.sum_of_moments(2, 2) / 4)
    assert four.sum_of_moments(1, 1) is None
    assert four.moment(1, 1) is None


def test_complex_weights_of_complex_matrices() -> None:
    z = MARTINGALES["ginibre"].build((3, 2), 2, field="complex")
    a = ComplexGaussian().draw(rng("complex weight"), (3, 3))
    inverse = a @ a.conj().T + np.eye(3)
    weighted = inverse @ z.steps(rng("complex steps"), 6000)[:, 0]
    stated = z.sum_of_moments(2, 1.5, weight=np.linalg.inv(inverse)) / 2
    assert agrees(stated, norms(weighted, 2) ** 1.5)
    assert not agrees(1.1 * stated, norms(weighted, 2) ** 1.5)


# --- norms


@pytest.mark.parametrize("q", [1.0, 1.5, 2.0, 4.0, INF])
def test_complex_norms_are_those_of_the_singular_values(q: float) -> None:
    x = ComplexGaussian().draw(rng("complex"), (5, 3, 4))
    expected = [float(np.linalg.norm(np.linalg.svd(one, compute_uv=False), q)) for one in x]
    assert norms(x, q) == pytest.approx(expected, rel=1e-13)
    assert norms(x.real + 0j, q) == pytest.approx(norms(x.real, q), rel=1e-13)
    for scale in (1e-200, 1e200):
        assert norms(scale * x, q) == pytest.approx([scale * e for e in expected], rel=1e-13)
    assert norms(0 * x, q).tolist() == [0.0] * 5
    assert spectral_norms(np.zeros((2, 3)), q).tolist() == [0.0, 0.0]


def test_powers_keep_small_values_beside_large_ones() -> None:
    assert power(np.array([0.0, 1e-200, 2.0]), 2.0).tolist() == [0.0, 0.0, 4.0]
    assert mean_of_powers(np.array([0.5, 0.5]), np.array([0.0, INF]), 2.0) == INF
