"""T6: the sharp form solves its own optimisation problem, the pairs follow from it, and exact runs obey it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import momentum_error_weights, regularized_bound, regularized_pairs, stationarity_bound
from schattor_theory.errors import ParameterError

BASE = {"initial_gap": 0.8, "smoothness": 1.3, "step_size": 0.05, "momentum": 0.6, "n_steps": 40}


def sharp(sigma=0.6, **changes):
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=sigma)
    return regularized_bound(shape=shape, **{**BASE, **changes})


def pairs(sigma=0.6, **changes):
    return regularized_pairs(sigma=sigma, p="inf", **{**BASE, **changes})


def test_sharp_form_is_the_largest_root_mean_square_that_descent_allows():
    # maximise (1+κ)m + ν subject to Δ/(ηK) >= (1-λ/2)m² - m(κm + ν)
    bound, theta, rate = sharp(), 0.4, 1.3 * 0.05
    kappa = rate * (1 - theta) / theta
    nu = 0.6 * math.sqrt(theta / (2 - theta) + 1 / (theta * (2 - theta) * 40))
    m = np.linspace(0, 10, 2_000_001)
    allowed = (1 - rate / 2) * m**2 - m * (kappa * m + nu) <= 0.8 / (0.05 * 40)
    root = (1 + kappa) * m[allowed].max() + nu
    assert bound.constants["root_mean_square"] == pytest.approx(root, rel=1e-5)
    assert bound.value == pytest.approx(bound.constants["root_mean_square"] ** 2)
    assert bound.value == math.fsum(bound.terms.values())
    assert bound.statistic == "stationarity_squared_mean"


def test_front_door_gives_the_same_bound():
    door = stationarity_bound(**BASE, sigma=0.6, moment_order=2, p="inf", oracle="regularized")
    assert door.value == sharp().value
    # N1 with α = q = 2 counts as second moments; at q = 1 it does not
    n1 = {**BASE, "sigma": 0.6, "moment_order": 2, "oracle": "regularized", "noise_model": "moment"}
    assert stationarity_bound(**n1, p=2).value == sharp().value
    assert not stationarity_bound(**n1, p=4).is_applicable


def test_mean_square_of_the_weights_is_below_its_bracket():
    for theta in (0.02, 0.3, 0.9, 1.0):
        for n_steps in (1, 5, 300):
            thetas = np.full(n_steps, theta)
            thetas[0] = 1.0
            mean = (momentum_error_weights(thetas, 2.0) ** 2).mean()
            assert mean <= theta / (2 - theta) + 1 / (theta * (2 - theta) * n_steps)


def test_without_noise_and_momentum_descent_is_that_of_gradient_descent():
    # (1 - Lη/2)(1/K)Σ‖∇f‖² <= Δ/(ηK)
    bound = sharp(sigma=0.0, momentum=0.0)
    assert bound.terms["noise"] == 0.0
    assert bound.value == pytest.approx(0.8 / (0.05 * 40) / (1 - 1.3 * 0.05 / 2))


def grid():
    for theta in (1e-3, 0.1, 0.5, 2 / 3, 0.9, 1.0):
        for share in (0.01, 0.3, 0.999):
            for limit in (theta / (2 - theta), 2 * theta / (3 * (2 - theta)), 0.5):
                for sigma in np.geomspace(1e-3, 1e2, 41):
                    yield {"momentum": 1 - theta, "step_size": share * limit / 1.3}, float(sigma)


def worst_ratios() -> np.ndarray:
    """Return the largest sharp²/pair of each pair over the grid."""
    worst = np.zeros(5)
    for changes, sigma in grid():
        exact = sharp(sigma, **changes)
        for i, pair in enumerate(pairs(sigma, **changes)):
            if pair.is_applicable:
                worst[i] = max(worst[i], exact.value / pair.value)
    return worst


def test_each_pair_follows_from_the_sharp_form_and_is_nearly_attained():
    worst = worst_ratios()
    assert np.all(worst <= 1 + 1e-12)
    assert np.all(worst >= 0.95)


def test_refutes_pairs_that_are_a_tenth_smaller():
    assert np.all(worst_ratios() / 0.9 > 1)


def test_each_pair_has_its_own_side_condition():
    names = [(p.constants["gap_weight"], p.constants["noise_weight"]) for p in pairs()]
    assert names == [(12, 16), (9, 17), (16 / 3, 10), (8, 9), (5, 16)]
    theta = 0.4
    between = pairs(step_size=0.9 * theta / (2 - theta) / 1.3)
    assert [p.is_applicable for p in between] == [True, True, False, False, False]
    assert "needs Lη <= 2θ/(3(2-θ))" in between[2].reason
    small = pairs(step_size=0.5 * theta / (3 * (2 - theta)) / 1.3)
    assert all(p.is_applicable for p in small)
    large = pairs(momentum=0.1, step_size=0.49 / 1.3)
    assert large[4].is_applicable
    assert "needs Lη <= 1/2 and Lη(1-θ)/θ <= 1/4" in pairs(momentum=0.9)[4].reason
    assert "needs Lη <= θ/(2-θ)" in pairs(momentum=0.99, step_size=0.3)[0].reason


@pytest.mark.parametrize("start", [0.1, 1.0, 2.1])
@pytest.mark.parametrize("sigma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("theta", [0.4, 1.0])
def test_exact_mean_square_of_a_scalar_run_is_below_the_bound(washboard, run_signs, start, sigma, theta):
    n_steps, eta = 10, 0.2
    thetas = np.array([1.0] + [theta] * (n_steps - 1))
    gradients, _ = run_signs(
        washboard, start=start, sigma=sigma, step_sizes=np.full(n_steps, eta), thetas=thetas, oracle="regularized"
    )
    numbers = {"smoothness": 1.0, "step_size": eta, "momentum": 1 - theta, "n_steps": n_steps}
    bound = sharp(sigma, initial_gap=float(washboard.value(start)), **numbers)
    assert (gradients[:, :-1] ** 2).mean() <= bound.value


def descent_ratio(planted: float) -> float:
    """Return the ratio of the exact to the (planted) bounded mean square for gradient descent on ``x²/2``."""
    n_steps, eta, x, total = 1000, 0.01, 1.0, 0.0
    for _ in range(n_steps):
        total += x * x
        x -= eta * x
    bound = sharp(0.0, initial_gap=0.5, smoothness=1.0, step_size=eta, momentum=0.0, n_steps=n_steps)
    return total / n_steps / (planted * bound.value)


def test_gap_term_is_attained_by_gradient_descent():
    assert 0.99 <= descent_ratio(1.0) <= 1.0


def test_refutes_a_gap_term_that_is_a_tenth_smaller():
    assert descent_ratio(0.9) > 1


def test_too_large_steps_and_missing_moments_are_not_applicable():
    assert "smaller step" in sharp(step_size=5.0).reason
    heavy = MomentShape(constant=1.0, moment_order=1.5, sigma=1.0)
    assert "second moments" in regularized_bound(shape=heavy, **BASE).reason
    assert all(
        "second moments" in p.reason
        for p in regularized_pairs(sigma=1.0, p=2, noise_model="moment", moment_order=1.5, **BASE)
    )


def test_extreme_noise_keeps_its_digits():
    assert sharp(1e150).value == pytest.approx(sharp(1e140).value * 1e20, rel=1e-9)
    tiny = sharp(1e-12)
    assert tiny.terms["noise"] == pytest.approx(10 * sharp(1e-13).terms["noise"], rel=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sharp(step_size=-1.0), "regularized_bound: step_size must be a positive finite number, got"),
        (lambda: sharp(momentum=1.0), "regularized_bound: momentum must lie in [0, 1), got momentum=1.0."),
        (lambda: sharp(n_steps=0), "regularized_bound: n_steps must be an integer >= 1, got n_steps=0."),
        (
            lambda: regularized_bound(shape=1.0, **BASE),
            "regularized_bound: shape must be a MomentShape, got shape=1.0.",
        ),
        (lambda: pairs(sigma=-1.0), "regularized_pairs: sigma must be a finite number >= 0, got sigma=-1.0."),
        (lambda: pairs(step_size=0.0), "regularized_pairs: step_size must be a positive finite number, got"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ParameterError) as caught:
        call()
    assert str(caught.value).startswith(message)
