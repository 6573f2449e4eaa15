"""The updaters of D2 and weight decay of T11 against formulas written out by hand."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from schattor_theory import PolynomialSchedule, ProductGeometry, SchattenGeometry, Schattor, duality_map, schatten_norm
from tests.contracts.oracle import exact_map, map_tolerance, tolerance
from tests.schattor_theory.optimizer.runs import gradients, run, steps_of
from tests.strategies import EXPONENTS

STEP = 0.25
START = np.arange(12.0).reshape(3, 4) / 10


def momenta(seen: list[np.ndarray], mu: float) -> list[np.ndarray]:
    """Return M_0, M_1, … of D3 with constant momentum, ``M_0 = G_0``."""
    found = [seen[0]]
    for g in seen[1:]:
        found.append(mu * found[-1] + (1 - mu) * g)
    return found


def test_regularized_at_two_is_sgd_with_momentum() -> None:
    seen = gradients(6)
    x, _ = run(Schattor(2, STEP, 0.9, "regularized"), START, seen)
    np.testing.assert_allclose(x, START - STEP * sum(momenta(seen, 0.9)), atol=10 * tolerance(START))


def test_ball_at_two_is_normalised_sgd_with_momentum() -> None:
    seen = gradients(6)
    x, _ = run(Schattor(2, STEP, 0.9), START, seen)
    want = START - STEP * sum(m / np.linalg.norm(m) for m in momenta(seen, 0.9))
    np.testing.assert_allclose(x, want, atol=10 * tolerance(START))


def test_ball_at_infinity_is_muon_with_the_exact_polar_factor() -> None:
    seen = gradients(6)
    x, _ = run(Schattor(math.inf, STEP, 0.9), START, seen)
    v, want = np.zeros_like(START), START
    for g in seen:
        v = 0.9 * v + g if v.any() else g / 0.1  # heavy ball buffer whose average starts at M_0 = G_0
        want = want - STEP * exact_map(v, math.inf)
    assert np.linalg.norm(x - want) <= 6 * STEP * max(map_tolerance(m, math.inf) for m in momenta(seen, 0.9))


@pytest.mark.parametrize("p", EXPONENTS)
def test_regularized_moves_by_the_dual_norm_times_the_ball(p: float) -> None:
    g = gradients(1)[0]
    ball, _ = run(Schattor(p, STEP, 0), START, [g])
    regularized, _ = run(Schattor(p, STEP, 0, "regularized"), START, [g])
    norm = SchattenGeometry(p).dual_norm(g)
    np.testing.assert_allclose(regularized - START, norm * (ball - START), atol=10 * tolerance(START))


@pytest.mark.parametrize("p", EXPONENTS)
def test_ball_step_is_the_best_point_of_the_ball(p: float) -> None:
    g = gradients(1)[0]
    x, _ = run(Schattor(p, STEP, 0), START, [g])
    assert schatten_norm(x - START, p) == pytest.approx(STEP, rel=20 * tolerance(START))
    best = np.sum(g * (x - START))
    assert best == pytest.approx(-STEP * SchattenGeometry(p).dual_norm(g), rel=20 * tolerance(START))


@pytest.mark.parametrize("p", [p for p in EXPONENTS if 1 < p < math.inf])
def test_regularized_step_minimises_its_model(p: float) -> None:
    g = gradients(1)[0]
    x, _ = run(Schattor(p, STEP, 0, "regularized"), START, [g])

    def model(y: np.ndarray) -> float:
        return float(np.sum(g * y) + schatten_norm(y, p) ** 2 / (2 * STEP))

    least = model(x - START)
    # the minimum of the model is -η‖G‖_q²/2, and other points are above it
    assert least == pytest.approx(-STEP * SchattenGeometry(p).dual_norm(g) ** 2 / 2, rel=20 * tolerance(START))
    for other in gradients(20, name="others"):
        assert model(x - START + other / 50) >= least - 10 * tolerance(START) * abs(least)


def test_weight_decay_is_decoupled_and_the_direction_does_not_see_it() -> None:
    g = gradients(1)[0]
    for oracle in ("ball", "regularized"):
        plain, _ = run(Schattor(3, STEP, 0, oracle), START, [g])
        decayed, _ = run(Schattor(3, STEP, 0, oracle, weight_decay=0.5), START, [g])
        np.testing.assert_allclose(decayed, plain - STEP * 0.5 * START, atol=4 * tolerance(START))


@pytest.mark.parametrize("step_size", [0.1, 0.3])
def test_zero_gradient_gives_exactly_the_declared_decay(step_size: float) -> None:
    for oracle in ("ball", "regularized"):
        x, state = run(Schattor("inf", step_size, 0.9, oracle, weight_decay=0.1), START, [np.zeros_like(START)])
        np.testing.assert_allclose(x, (1 - step_size * 0.1) * START, rtol=4 * np.finfo(float).eps)
        assert state.status == 0
        still, _ = run(Schattor("inf", step_size, 0.9, oracle), START, [np.zeros_like(START)])
        np.testing.assert_array_equal(still, START)


@pytest.mark.parametrize("p", EXPONENTS)
def test_weight_decay_is_frank_wolfe_on_the_ball_of_radius_one_over_it(p: float) -> None:
    decay, seen = 0.5, gradients(30)
    radius = 1 / decay
    x = duality_map(START, p) * radius  # on the sphere, where leaving the ball is easiest
    opt = Schattor(p, STEP, 0.5, weight_decay=decay)
    path = [x, *(x for x, _ in steps_of(opt, x, seen))]
    gamma = STEP * decay
    for before, after, m in zip(path, path[1:], momenta(seen, 0.5), strict=False):
        target = -radius * duality_map(m, p)
        np.testing.assert_allclose(after, (1 - gamma) * before + gamma * target, atol=20 * tolerance(START))
    assert max(schatten_norm(np.array(path), p)) <= radius * (1 + 20 * tolerance(START))


def test_step_size_zero_does_not_move_but_learns_momentum() -> None:
    seen = gradients(2)
    x, state = run(Schattor(3, 0, 0.5), START, seen)
    np.testing.assert_array_equal(x, START)
    np.testing.assert_allclose(state.momentum, (seen[0] + seen[1]) / 2, rtol=4 * np.finfo(float).eps)


@pytest.mark.parametrize("p", EXPONENTS)
def test_ball_run_does_not_see_the_scale_of_its_gradients(p: float) -> None:
    seen = gradients(4)
    plain, _ = run(Schattor(p, STEP, 0.9), START, seen)
    for c in (2.0**-1000, 2.0**900):  # a power of two: the same bits
        scaled, state = run(Schattor(p, STEP, 0.9), START, [c * g for g in seen])
        np.testing.assert_array_equal(scaled, plain)
        assert state.status == 0
    for c in (1e-300, 1e-12, 1e-9, 1e18, 1e300):
        scaled, _ = run(Schattor(p, STEP, 0.9), START, [c * g for g in seen])
        assert np.linalg.norm(scaled - plain) <= 8 * STEP * max(map_tolerance(m, p) for m in momenta(seen, 0.9))


def test_ball_step_takes_the_largest_gradient_there_is() -> None:
    x, state = run(Schattor(2, STEP, 0.9), np.zeros((2, 2)), [np.full((2, 2), np.finfo(float).max)])
    np.testing.assert_allclose(x, -STEP / 2, rtol=1e-15)
    assert state.status == 0


@pytest.mark.parametrize("balance", [1, 1.5, 2, math.inf])
def test_blocks_move_by_the_product_geometry(balance: float) -> None:
    geometry = ProductGeometry({"w": "inf", "b": 2}, {"w": 0.5, "b": 2.0}, balance)
    params = {"w": START, "b": np.ones((5, 1))}
    g = {"w": gradients(1)[0], "b": gradients(1, (5, 1))[0]}
    norm, direction = geometry.dual_norm_and_map(g)
    for oracle, length in (("ball", STEP), ("regularized", STEP * norm)):
        x, state = run(Schattor(geometry, STEP, 0.9, oracle), params, [g])
        for b in params:
            np.testing.assert_allclose(x[b], params[b] - length * direction[b], rtol=4 * np.finfo(float).eps)
            np.testing.assert_array_equal(state.momentum[b], g[b])


def test_a_vector_is_a_block_of_one_column() -> None:
    g = gradients(1, (5, 1))[0]
    for p in EXPONENTS:  # one singular value: every p is normalised gradient descent
        x, _ = run(Schattor(p, STEP, 0), np.zeros((5, 1)), [g])
        np.testing.assert_allclose(x, -STEP * g / np.linalg.norm(g), atol=4 * tolerance(g))


def test_a_bare_exponent_is_the_same_method_as_its_geometry() -> None:
    assert Schattor("4/3", 0.1, 0.5) == Schattor(SchattenGeometry(4 / 3), step_size=0.1, momentum=0.5)


def test_method_is_a_value_that_workers_can_receive() -> None:
    opt = Schattor(
        ProductGeometry({"w": 3}), PolynomialSchedule(1, 0.5), 0.9, bias_correction=True, look_ahead="nesterov"
    )
    assert pickle.loads(pickle.dumps(opt)) == opt
    assert hash(pickle.loads(pickle.dumps(opt))) == hash(opt)
    with pytest.raises(AttributeError):
        opt.momentum = 0.5  # type: ignore[misc]
