"""Constants of single families against an independent answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from schattor_theory import ProductGeometry, Schattor, schatten_norm
from schattor_theory.errors import ParameterError
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS, EuclideanFunction, Quadratic, Separable
from synthetic.problems.saturating import saturation, saturation_slope
from tests.joined import every, some
from tests.synthetic.problems.cases import (
    BLOCKS,
    Planted,
    assert_smoothness_is_exact,
    assert_smoothness_is_not_refuted,
    gradient_ratios,
    product,
    rng,
)


@pytest.mark.parametrize("p", [1, 2, 2.1, 3, 4, "inf"])
def test_quadratic_smoothness_follows_the_formula_in_every_norm(p) -> None:
    left, right = np.array([0.5, 3.0, 1.0]), np.array([2.0, 0.1])
    f = Quadratic(left=left, right=right, start=np.ones((3, 2)), minimiser=np.zeros((3, 2)))
    c = [6.0, 0.1]
    expected = 6.0 if p in (1, 2) else sum(c) if p == "inf" else sum(v ** (p / (p - 2)) for v in c) ** ((p - 2) / p)
    assert f.smoothness(p) == pytest.approx(expected, rel=1e-14)
    assert_smoothness_is_exact(f, p, rng("formula", p))


@pytest.mark.parametrize("built_in", [2, "inf"])
@pytest.mark.parametrize("p", some([1, 1.7, 2, 2.3, 5, "inf"], 2))
def test_smoothness_is_exact_in_other_geometries_than_the_one_it_was_built_in(built_in, p) -> None:
    for name, options in (("quadratic", {"left": "power"}), ("saturating", {"weights": "power"}), ("huber", {})):
        f = PROBLEMS[name].build((4, 3), built_in, initial_gap=0.1, rng=rng("other"), **options)
        assert_smoothness_is_exact(f, p, rng(name, built_in, p))


def test_quadratic_in_written_out_bases_is_the_same_function() -> None:
    f = PROBLEMS["quadratic"].build((4, 3), 4, left="power", right="spike")
    clumsy = Quadratic(
        left=f.left, right=f.right, start=f.start, minimiser=f.minimiser, left_basis=np.eye(4), right_basis=np.eye(3)
    )
    x = rng("clumsy").standard_normal((5, 4, 3))
    assert clumsy.value(x) == pytest.approx(f.value(x), rel=1e-13)
    assert clumsy.gradient(x) == pytest.approx(f.gradient(x), rel=1e-13)


def test_rotated_quadratic_is_the_quadratic_seen_in_another_basis() -> None:
    options = {"left": "power", "right": "power"}
    flat, turned = (
        PROBLEMS["quadratic"].build((4, 3), 4, rotated=r, rng=rng("turn"), **options) for r in (False, True)
    )
    x = rng("turn x").standard_normal((5, 4, 3))
    u, v = turned.left_basis, turned.right_basis
    assert turned.value(u @ x @ v.T) == pytest.approx(flat.value(x), rel=1e-12)
    assert turned.gradient(u @ x @ v.T) == pytest.approx(u @ flat.gradient(x) @ v.T, rel=1e-11, abs=1e-13)


def test_flat_quadratic_keeps_diagonal_matrices_diagonal() -> None:
    f = PROBLEMS["quadratic"].build((4, 4), "inf")
    g = f.gradient(f.start)
    assert np.count_nonzero(g) == np.count_nonzero(np.diagonal(g)) == 4


def test_scaling_value_and_variable_scales_the_constants() -> None:
    f = PROBLEMS["quadratic"].build((4, 3), 4, left="power", smoothness=2.0, initial_gap=0.3)
    c, a = 10.0, 7.0
    g = Quadratic(left=f.left * a / c**2, right=f.right, start=c * f.start, minimiser=f.minimiser)
    assert g.smoothness(4) == pytest.approx(2.0 * a / c**2, rel=1e-13)
    assert g.initial_gap == pytest.approx(0.3 * a, rel=1e-13)


def test_saturation_has_curvature_between_minus_a_quarter_and_one() -> None:
    x = np.linspace(-6, 6, 20_001)
    curvature = np.gradient(saturation_slope(x), x)
    assert curvature.max() == pytest.approx(1.0, abs=1e-5)
    assert curvature.min() == pytest.approx(-0.25, abs=1e-5)
    assert np.gradient(saturation(x), x)[1:-1] == pytest.approx(saturation_slope(x)[1:-1], abs=1e-6)


@pytest.mark.parametrize("x", [0.0, 1e-200, 1e200, -1e300, np.inf])
def test_saturation_is_exact_at_the_ends_of_the_floating_point_range(x: float) -> None:
    value = saturation(np.array([x]))[0]
    assert value == (0.0 if abs(x) < 1 else 0.5)


def test_saturating_gap_cannot_reach_half_the_smoothness_at_p_inf() -> None:
    build = PROBLEMS["saturating"].build
    assert build((3, 3), "inf", smoothness=1.0, initial_gap=0.499999).initial_gap == pytest.approx(0.499999, rel=1e-10)
    with pytest.raises(ParameterError, match=r"saturating: initial_gap must lie in \(0, 0\.5\), got initial_gap=0\.5"):
        build((3, 3), "inf", smoothness=1.0, initial_gap=0.5)


@pytest.mark.parametrize("gap", [1e-12, 1e-3, 0.4])
def test_saturating_start_has_the_gap_from_any_direction(gap: float) -> None:
    options = {"weights": "power", "start": "gaussian", "rotated": True}
    f = PROBLEMS["saturating"].build((4, 3), "inf", initial_gap=gap, rng=rng("gap"), **options)
    assert f.initial_gap == pytest.approx(gap, rel=1e-10)


@pytest.mark.parametrize("balance", [1, *(pytest.param(t, marks=pytest.mark.slow) for t in (1.5, 2, 8)), 3, "inf"])
@pytest.mark.parametrize("p", some([1, 2, 3, "inf"], 2))
def test_separable_smoothness_is_exact_for_every_balance(balance, p) -> None:
    geometry = product(BLOCKS, p, balance)
    f = PROBLEMS["separable"].build(BLOCKS, geometry, scale_spread=4.0, left="power")
    assert_smoothness_is_exact(f, geometry, rng("separable", balance, p))
    other = ProductGeometry({"w": 3, "b": 2}, {"b": 0.3}, balance=5)
    assert_smoothness_is_exact(f, other, rng("separable other", balance, p))


def test_separable_takes_blocks_of_different_objectives() -> None:
    f = Separable(
        blocks={
            "w": PROBLEMS["saturating"].build((4, 3), 4, smoothness=2.0, initial_gap=0.1),
            "b": PROBLEMS["quadratic"].build((3, 1), 2, smoothness=3.0, initial_gap=0.2),
        }
    )
    assert f.smoothness(ProductGeometry({"w": 4, "b": 2})) == pytest.approx(5.0)
    assert f.smoothness(ProductGeometry({"w": 4, "b": 2}, balance=2)) == pytest.approx(3.0)
    assert f.initial_gap == pytest.approx(0.3)


@pytest.mark.parametrize("p", [1, 2, 4, "inf"])
@pytest.mark.parametrize("direction", ["spike", "identity"])
def test_huber_walks_by_exactly_the_step_size_whatever_the_sign(p, direction: str) -> None:
    sigma, eta, n_steps = 1.5, 0.01, 400
    f = PROBLEMS["huber"].build(
        (3, 3), p, smoothness=2.0, sigma=sigma, direction=direction, step_size=eta, n_steps=n_steps
    )
    noise = NOISES["gradient_sign"].build((3, 3), p, sigma=sigma)
    along = float((f.direction * f.start).sum())
    assert along == pytest.approx(sigma / (2 * 2.0) + 3 * eta * math.sqrt(n_steps), rel=1e-13)
    optimizer = Schattor(p, step_size=eta, momentum=0.0)
    x = np.array([f.start, f.start])
    g = f.gradient(x)
    z = noise.realise({"signs": np.array([[0], [1]])}, f, x, g)
    assert schatten_norm(z, optimizer.geometry.q) == pytest.approx([sigma, sigma], rel=1e-12)
    moved, _ = optimizer.step(x, g + z, optimizer.init(x))
    steps = (f.direction * (moved - x)).sum(axis=(-2, -1))
    # the sample 3∇f steps down the slope, the sample -∇f up: a fair walk
    assert steps == pytest.approx([-eta, eta], rel=1e-10)


def test_huber_is_continuously_differentiable_at_its_knee() -> None:
    f = PROBLEMS["huber"].build((2, 2), "inf", smoothness=3.0, sigma=1.0)
    knee = 0.5 / 3.0
    x = np.zeros((2, 2, 2))
    x[:, 0, 0] = knee * (1 - 1e-9), knee * (1 + 1e-9)
    assert np.diff(f.value(x))[0] == pytest.approx(0.5 * 2e-9 * knee, rel=1e-5)
    assert np.diff(f.gradient(x)[:, 0, 0])[0] == pytest.approx(0.0, abs=1e-9)
    assert f.gradient_bound("inf") == pytest.approx(0.5)


@pytest.mark.parametrize("gap", [1e-4, 0.03125, 2.0])
def test_huber_start_has_the_gap_on_both_sides_of_the_knee(gap: float) -> None:
    f = PROBLEMS["huber"].build((3, 2), 4, smoothness=2.0, sigma=1.0, initial_gap=gap)
    assert f.initial_gap == pytest.approx(gap, rel=1e-12)


@pytest.mark.parametrize("d", [1, 2, 7])
def test_chain_has_the_stated_minimum_and_largest_eigenvalue(d: int) -> None:
    h = PROBLEMS["lift"].build((d, 2), 2, smoothness=None, function="chain").function
    hessian = np.array([h.gradient(e) - h.gradient(0 * e) for e in np.eye(d)])
    assert np.linalg.eigvalsh(hessian)[-1] == pytest.approx(h.smoothness, rel=1e-12)
    minimiser = 1 - np.arange(1, d + 1) / (d + 1)
    assert h.gradient(minimiser) == pytest.approx(np.zeros(d), abs=1e-15)
    assert h.value(minimiser) == pytest.approx(h.lower_bound, rel=1e-13)


def test_lift_takes_a_function_of_its_own_and_keeps_its_label() -> None:
    h = EuclideanFunction(
        name="logcosh",
        value=lambda y: np.log(np.cosh(y)).sum(axis=-1),
        gradient=np.tanh,
        smoothness=1.0,
        lower_bound=0.0,
        start=np.full(3, 2.0),
        constants="upper",
    )
    f = PROBLEMS["lift"].build((3, 4), "inf", smoothness=5.0, initial_gap=0.7, function=h)
    assert (f.constants, f.smoothness(3), f.initial_gap) == ("upper", pytest.approx(5.0), pytest.approx(0.7))
    assert_smoothness_is_exact(f, "inf", rng("lift"))
    assert schatten_norm(f.gradient(f.start), 1) == pytest.approx(schatten_norm(f.gradient(f.start), 2), rel=1e-13)


def test_matrix_factorisation_smoothness_holds_on_its_ball_and_only_there() -> None:
    geometry = product(("u", "v"), 4, 3)
    f = PROBLEMS["matrix_factorisation"].build((4, 3), geometry, rng=rng("mf"), radius=1.5, rank=2)

    def in_ball(n: int) -> dict[str, np.ndarray]:
        x = {b: rng("ball", b, n).standard_normal((n, *f.start[b].shape)) for b in ("u", "v")}
        return {b: 1.5 * v / np.linalg.norm(v, 2, axis=(-2, -1), keepdims=True) for b, v in x.items()}

    x, y = in_ball(200), {b: v[::-1] for b, v in in_ball(201).items()}
    y = {b: v[:200] for b, v in y.items()}
    assert f.is_in_domain({b: v * (1 - 1e-9) for b, v in x.items()}).all()
    change = {b: f.gradient(x)[b] - f.gradient(y)[b] for b in x}
    ratios = geometry.dual_norm(change) / geometry.norm({b: x[b] - y[b] for b in x})
    assert ratios.max() <= f.smoothness(geometry)
    assert ratios.max() > f.smoothness(geometry) / 10
    outside = {b: 10 * v for b, v in x.items()}
    assert not f.is_in_domain(outside).any()
    with pytest.raises(AssertionError):
        assert_smoothness_is_not_refuted(Planted(f, smoothness=0.1), geometry, rng("mf"))


def test_matrix_factorisation_lower_bound_is_the_best_low_rank_error() -> None:
    f = PROBLEMS["matrix_factorisation"].build((4, 3), None, rng=rng("mf"), weights="power", rank=2)
    u, s, vt = np.linalg.svd(f.target, full_matrices=False)
    best = {"u": u[:, :2] * s[:2], "v": vt[:2].T}
    assert f.value(best) == pytest.approx(f.lower_bound, rel=1e-12)
    assert f.smoothness(product(("u", "v"))) is None


def test_scalar_steepest_direction_of_a_quadratic_beats_a_search() -> None:
    f = Quadratic(left=[3.0, 1.0], right=[1.0, 1.0], start=np.ones((2, 2)), minimiser=np.zeros((2, 2)))

    def ratio(angle: float) -> float:
        d = np.diag([math.cos(angle), math.sin(angle)])
        return -float(schatten_norm(f.gradient(d), 4 / 3) / schatten_norm(d, 4))

    found = minimize_scalar(ratio, bounds=(0, math.pi / 2), method="bounded", options={"xatol": 1e-10})
    assert -found.fun == pytest.approx(f.smoothness(4), rel=1e-8)


@every("p", [1, 1.5, 2, 2.3, 4, "inf"])
@every("left", ["flat", "power", [1.0, 0.0, 0.9, 0.5]])
def test_extremal_pair_attains_the_smoothness_by_itself(p, left) -> None:
    f = PROBLEMS["quadratic"].build((4, 3), p, left=left, rotated=True, rng=rng("pair", p))
    x, y = f.extremal_pair(p)
    assert float(gradient_ratios(f, x, y, p)) == pytest.approx(f.smoothness(p), rel=1e-12)
