"""Constants of the noise laws: by enumeration of all draws, or by an exact law; each check has a twin it refutes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from schattor_theory.assumptions import CovarianceNoise, MomentNoise, WeightedNoise
from schattor_theory.geometry import SchattenGeometry, dual_exponent, schatten_norm
from synthetic.haar import haar_orthogonal, orthonormal_columns
from synthetic.noise import NOISES, NoTail, Pareto, TwoPoint
from synthetic.noise.tails import tail_of
from synthetic.seeds import Streams
from synthetic.spectra import lp_norm
from tests.joined import every, some
from tests.synthetic.noise.cases import (
    CASES,
    CONTROLLED,
    GEOMETRY,
    PER_BLOCK,
    SIGMA,
    TWO_POINT,
    Case,
    covariance,
    expectation,
    rng,
    root_norm,
    sample,
)

ENUMERABLE = [c for c in CONTROLLED if c.family != "haar_signs" and not isinstance(c.build().tail, Pareto)]
EXPONENTS = (1, "4/3", 2, 4, "inf")


def assert_moment(case: Case, p, order: float, claimed: float) -> None:
    found = expectation(case.build(), case.shape, lambda z: float(schatten_norm(z, dual_exponent(p))) ** order)
    assert found == pytest.approx(claimed**order, rel=1e-11)


@pytest.mark.parametrize("case", some(ENUMERABLE, 2), ids=lambda c: c.label)
def test_moment_is_sigma_exactly(case: Case) -> None:
    assert_moment(case, case.geometry, case.moment_order, SIGMA)
    for p in EXPONENTS:
        for order in (1.2, 2.0):
            assert_moment(case, p, order, case.build().moment_sigma(p, order))


@pytest.mark.parametrize("factor", [0.95, 1.05])
@pytest.mark.parametrize("case", ENUMERABLE, ids=lambda c: c.label)
def test_moment_check_refutes_a_sigma_five_percent_off(case: Case, factor: float) -> None:
    with pytest.raises(AssertionError):
        assert_moment(case, case.geometry, case.moment_order, factor * SIGMA)


@pytest.mark.parametrize("case", CONTROLLED, ids=lambda c: c.label)
def test_dual_norm_is_sigma_times_the_radius_in_every_draw(case: Case) -> None:
    """The exact law behind N1 for tails that cannot be enumerated: ``‖Z‖_q = σ τ`` with ``E τ^α = 1``."""
    noise = case.build()
    z = sample(case, 40)
    draws = noise.draw(Streams({"noise": case.label}, 0), 40)
    tau = noise.tail.radius(draws.get("tail"))
    radius = np.broadcast_to(np.asarray(tau).reshape(-1), 40) if np.ndim(tau) else np.full(40, tau)
    norms = schatten_norm(z, dual_exponent(case.geometry))
    assert norms == pytest.approx(SIGMA * radius, rel=1e-11)
    assert noise.moment_sigma(case.geometry, case.moment_order) == pytest.approx(SIGMA, rel=1e-12)


@every("case", ENUMERABLE, ids=lambda c: c.label)
def test_mean_is_zero_exactly(case: Case) -> None:
    assert expectation(case.build(), case.shape, lambda z: z) == pytest.approx(np.zeros(case.shape), abs=1e-14)


def assert_least_covariance(case: Case, p, side: str, claimed: float) -> None:
    found = expectation(case.build(), case.shape, lambda z: covariance(z, side))
    assert root_norm(found, p) == pytest.approx(claimed, rel=1e-10)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "case", some([c for c in ENUMERABLE if c.family != "coordinate_sweep"], 2), ids=lambda c: c.label
)
def test_covariance_constant_is_that_of_the_enumerated_covariance(case: Case, side: str) -> None:
    for p in EXPONENTS:
        assert_least_covariance(case, p, side, case.build().covariance_sigma(p, side))
        with pytest.raises(AssertionError):
            assert_least_covariance(case, p, side, 0.95 * case.build().covariance_sigma(p, side))


@pytest.mark.parametrize("p", some(EXPONENTS, 2))
@pytest.mark.parametrize("case", [c for c in ENUMERABLE if c.family == "coordinate_sweep"], ids=lambda c: c.label)
def test_sweep_needs_the_full_dimension_for_a_covariance_bound(case: Case, p) -> None:
    """``Σ ⪰ t e_j e_jᵀ`` for each j says ``(Σ⁻¹)_jj <= 1/t``; random such Σ never beat the claimed constant."""
    noise, r = case.build(), min(case.shape)
    top = noise.levels.max() ** 2 * noise.tail.moment(2.0)
    claimed = noise.covariance_sigma(p)
    assert root_norm(top * np.eye(r), p) == pytest.approx(claimed, rel=1e-12)
    generator = rng("sweep", case.label, p)
    for _ in range(200):
        a = generator.standard_normal((r, r))
        inverse = a @ a.T + 1e-3 * np.eye(r)
        scale = 1 / np.sqrt(top * np.diagonal(inverse))
        sigma = np.linalg.inv(inverse * np.outer(scale, scale))
        assert root_norm(sigma, p) >= claimed * (1 - 1e-9)


def test_sweep_averages_like_t4f() -> None:
    """T4f: the sum over one sweep has dual norm ``r^{1/q} σ``, as N2's constant allows and not less than N3's."""
    case = Case("coordinate_sweep", (5, 5), "inf")
    noise = case.build()
    total = sample(case, 5).sum(axis=0)
    assert float(schatten_norm(total, 1)) == pytest.approx(5 * SIGMA, rel=1e-13)
    shape = noise.moment_shape("inf")
    assert shape.of_weights([1.0] * 5) == pytest.approx(5 * SIGMA, rel=1e-13)  # T4g is sharp here
    assert noise.covariance_sigma("inf") == pytest.approx(5 * SIGMA, rel=1e-13)


def weighted_moment(case: Case, p, order: float) -> float:
    """Return ``(E‖W⁺Z‖_α^α)^{1/α}`` for the law's W, found from the enumeration, with ``‖W‖_s = 1`` checked."""
    q = dual_exponent(p)
    s = math.inf if q == order else 1 / (1 / q - 1 / order)
    noise, m = case.build(), case.shape[0]
    if case.family == "fixed_signs":
        w = (noise.levels / lp_norm(noise.levels, q)) ** (q / s)
        basis = np.eye(m)[:, : len(w)] if noise.left_basis is None else noise.left_basis
        inverse = (basis * np.where(noise.levels > 0, 1 / np.where(w > 0, w, 1), 0)) @ basis.T
        size = lp_norm(w[noise.levels > 0], s)
    else:
        r = len(noise.levels)
        inverse = r ** (1 / s) * np.eye(m)
        size = lp_norm(np.full(r, r ** (-1 / s)), s)
    assert size == pytest.approx(1.0, rel=1e-12)
    found = expectation(noise, case.shape, lambda z: float(schatten_norm(inverse @ z, order)) ** order)
    return found ** (1 / order)


@pytest.mark.parametrize("order", some([1.2, 1.5, 2.0], 2))
@pytest.mark.parametrize("case", some(ENUMERABLE, 2), ids=lambda c: c.label)
def test_weighted_constant_is_that_of_the_enumerated_moment(case: Case, order: float) -> None:
    for p in EXPONENTS:
        claimed = case.build().weighted_sigma(p, order)
        if dual_exponent(p) > order:
            assert claimed is None
        else:
            assert weighted_moment(case, p, order) == pytest.approx(claimed, rel=1e-10)
            assert weighted_moment(case, p, order) != pytest.approx(0.95 * claimed, rel=1e-3)


@pytest.mark.parametrize("options", [{}, {"weights": "power"}])
def test_haar_constants_follow_from_the_uniform_law(options) -> None:
    noise = NOISES["haar_signs"].build((4, 3), "inf", sigma=SIGMA, **options)
    w = noise.levels / SIGMA
    assert noise.covariance_sigma("inf") == pytest.approx(SIGMA * 4**0.5 * np.linalg.norm(w), rel=1e-13)
    assert noise.covariance_sigma("inf", "right") == pytest.approx(SIGMA * 3**0.5 * np.linalg.norm(w), rel=1e-13)
    assert noise.weighted_sigma(4, 1.5) == pytest.approx(SIGMA * 4 ** (3 / 4 - 2 / 3) * lp_norm(w, 1.5), rel=1e-13)


def haar_covariance_error(case: Case, z: np.ndarray, side: str, claimed: float) -> tuple[float, float]:
    """Return the largest deviation of the mean covariance from ``claimed² I/d``, and Hoeffding's half-width at 1e-9.

    Entries of ``Z Zᵀ`` lie within ``‖Z‖_inf²`` of 0 on each side.
    """
    n, d = len(z), case.shape[0] if side == "left" else case.shape[1]
    mean = np.einsum("kij,klj->il" if side == "left" else "kji,kjl->il", z, z) / n
    bound = float(schatten_norm(z, "inf").max()) ** 2
    half = 2 * bound * math.sqrt(math.log(2 * d * d / 1e-9) / (2 * n))
    return float(np.abs(mean - claimed**2 / d * np.eye(d)).max()), half


@pytest.mark.parametrize("side", ["left", pytest.param("right", marks=pytest.mark.slow)])
def test_haar_covariance_is_a_multiple_of_the_identity(side: str) -> None:
    """False failure 1e-9 a side; a covariance 5 % off in the Frobenius norm shows at this number of draws."""
    case = Case("haar_signs", (3, 2), 2)
    z = sample(case, 150_000)
    level = case.build().covariance_sigma(2, side)
    error, half = haar_covariance_error(case, z, side, level)
    assert error <= half
    off, half = haar_covariance_error(case, z, side, 1.05 * level)
    assert off > half


def assert_determinants_are_fair(q: np.ndarray) -> None:
    """False failure 1e-9: Hoeffding for the share of determinants +1 among n orthogonal matrices."""
    share = (np.linalg.det(q) > 0).mean()
    assert abs(share - 0.5) <= math.sqrt(math.log(2 / 1e-9) / (2 * len(q)))


@pytest.mark.parametrize("d", [1, 2, 3, 8])
def test_haar_matrices_are_orthogonal_with_fair_determinants_and_zero_mean(d: int) -> None:
    normals = rng("haar", d).standard_normal((20_000, d, d))
    q = orthonormal_columns(normals)
    assert q.shape == (20_000, d, d)
    assert np.abs(q.swapaxes(-1, -2) @ q - np.eye(d)).max() <= 1e-13
    assert_determinants_are_fair(q)
    half = 2 * math.sqrt(math.log(2 * d * d / 1e-9) / (2 * 20_000))  # Hoeffding, entries in [-1, 1]
    assert np.abs(q.mean(axis=0)).max() <= half
    raw = np.linalg.qr(normals)[0]
    with pytest.raises(AssertionError):
        assert_determinants_are_fair(raw)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_haar_sampler_keeps_its_first_axis(n: int) -> None:
    assert haar_orthogonal(rng("n"), n, 1).shape == (n, 1, 1)
    assert haar_orthogonal(rng("n"), n, 3).shape == (n, 3, 3)


def assert_radius_has_moment(tail, order: float, claimed: float) -> None:
    """Compare with the integral of ``radius(u)^order`` over u = 1 - e^{-t}, t <= 8, where u is known to 13 digits.

    What is left out of a Pareto moment is the share ``e^{-8 (1 - order/index)}``.
    """
    if isinstance(tail, TwoPoint):
        found, share = tail.probability * float(tail.radius(np.array(0.0))) ** order, 1.0
    else:
        share = -math.expm1(-8 * (1 - order / tail.index))
        found = quad(lambda t: float(tail.radius(np.array(-math.expm1(-t)))) ** order * math.exp(-t), 0, 8)[0]
    assert found == pytest.approx(share * claimed, rel=1e-8)


@pytest.mark.parametrize("tail", [Pareto(1.8, 1.5), Pareto(2.5, 2.0), Pareto(9.0, 2.0), TwoPoint(0.2, 1.5)], ids=str)
def test_radius_has_the_moments_it_states(tail) -> None:
    assert tail.moment(tail.normalised_order) == pytest.approx(1.0, rel=1e-14)
    for order in (0.5, 1.0, tail.normalised_order):
        assert_radius_has_moment(tail, order, tail.moment(order))
        with pytest.raises(AssertionError):
            assert_radius_has_moment(tail, order, 1.05 * tail.moment(order))


def test_pareto_quantiles_are_exact() -> None:
    tail = Pareto(1.8, 1.5)
    u = np.array([0.0, 0.5, 0.999])
    assert (tail.least / tail.radius(u)) ** 1.8 == pytest.approx(1 - u, rel=1e-12)


@pytest.mark.parametrize("order", [1.8, 1.9, 2.0, 3.0])
def test_infinite_moments_are_infinite_and_never_a_number(order: float) -> None:
    tail = Pareto(1.8, 1.5)
    assert tail.moment(order) == math.inf
    for name in ("fixed_signs", "haar_signs", "random_coordinates", "coordinate_sweep"):
        noise = NOISES[name].build((3, 3), "inf", tail="pareto", tail_index=1.8, moment_order=1.5)
        assert noise.moment_sigma("inf", order) is None
        assert noise.covariance_sigma("inf") is None
        assert "infinite" in noise.why_not("covariance", "inf")
        assert not any(isinstance(record, CovarianceNoise) for record in noise.assumptions("inf"))


def test_heavy_tail_in_a_fixed_basis_keeps_sigma_at_its_order() -> None:
    noise = NOISES["fixed_signs"].build(
        (5, 5), "inf", sigma=SIGMA, weights="power", tail="pareto", tail_index=1.8, moment_order=1.5
    )
    records = {type(record): record for record in noise.assumptions("inf")}
    assert records[WeightedNoise].sigma == pytest.approx(SIGMA, rel=1e-13)
    assert records[MomentNoise].sigma == pytest.approx(SIGMA, rel=1e-13)
    shape = noise.moment_shape("inf")
    assert (shape.moment_order, shape.constant, shape.source) == (1.5, 1.0, "N3")
    assert shape.sigma == pytest.approx(SIGMA, rel=1e-13)


def test_no_tail_has_every_moment() -> None:
    assert tail_of("t", "none", 2.0) == NoTail()
    assert NoTail().moment(7.0) == 1.0


@pytest.mark.parametrize("case", PER_BLOCK, ids=lambda c: c.label)
def test_product_moment_is_sigma_times_the_common_radius(case: Case) -> None:
    noise = case.build()
    z = sample(case, 30)
    draws = noise.draw(Streams({"noise": case.label}, 0), 30)
    tau = np.ones(30) if "tail" not in draws else noise.blocks["w"].tail.radius(draws["tail"])[:, 0]
    assert GEOMETRY.dual_norm(z) == pytest.approx(SIGMA * tau, rel=1e-11)
    assert noise.moment_sigma(GEOMETRY, case.moment_order) == pytest.approx(SIGMA, rel=1e-12)


def test_blocks_have_independent_signs() -> None:
    """1000 products of two fair signs: off 0 by more than .207 with probability below 1e-9 (Hoeffding)."""
    z = sample(Case("fixed_signs", BLOCKS_OF_ONE, ONE), 1000)
    product = np.sign(z["a"] * z["b"])[:, 0, 0]
    half = math.sqrt(2 * math.log(2 / 1e-9) / 1000)
    assert abs(product.mean()) <= half
    assert abs(np.sign(z["a"] * z["a"]).mean()) > half


BLOCKS_OF_ONE = {"a": (1, 1), "b": (1, 1)}
ONE = type(GEOMETRY)({"a": 2, "b": 2})


@pytest.mark.parametrize("case", [c for c in CASES if c.family == "gaussian" and c.geometry != GEOMETRY], ids=str)
@pytest.mark.parametrize("side", ["left", "right"])
def test_gaussian_covariance_is_exact_by_linearity(case: Case, side: str) -> None:
    """Z is linear in independent standard normals, so ``E ZZᵀ`` is the sum over unit vectors of the draws."""
    noise = case.build()
    units = np.eye(math.prod(case.shape))
    z = noise.realise({"normals": units}, None, None, np.zeros((len(units), *case.shape)))
    found = sum(covariance(one, side) for one in z)
    for p in EXPONENTS:
        assert root_norm(found, p) == pytest.approx(noise.covariance_sigma(p, side), rel=1e-11)
    assert noise.covariance_sigma(case.geometry) == pytest.approx(SIGMA, rel=1e-12)
    assert noise.moment_sigma(2) == pytest.approx(noise.covariance_sigma(2), rel=1e-12)
    assert noise.moment_sigma(3) is None


def test_two_point_enumeration_sees_the_large_value() -> None:
    noise = NOISES["fixed_signs"].build((2, 2), 2, **TWO_POINT)
    found = expectation(noise, (2, 2), lambda z: float(schatten_norm(z, 2) > 0))
    assert found == pytest.approx(0.25)


def test_geometry_objects_are_accepted_for_p() -> None:
    noise = NOISES["fixed_signs"].build((3, 3), SchattenGeometry("inf"), sigma=SIGMA)
    assert noise.moment_sigma(SchattenGeometry("inf")) == pytest.approx(SIGMA)
    assert noise.moment_shape(SchattenGeometry("inf")).source == "N2"
