"""One-step descent and misalignment against random and extremal matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory.bounds import (
    descent_bound,
    misalignment_bound,
    misalignment_factor,
    oracle_alignment,
    regularized_descent_bound,
)
from schattor_theory.errors import ExponentError, ParameterError, UnknownNameError
from schattor_theory.geometry import duality_map, schatten_norm

EXPONENTS = [(2.0, 2.0), (4.0, 4 / 3), (8.0, 8 / 7), ("inf", 1.0)]  # (p, q)


def misalignment(gradient, momentum, p, q) -> float:
    return float(schatten_norm(gradient, q) - np.sum(gradient * duality_map(momentum, p)))


def random_pairs(n: int = 300):
    rng = np.random.default_rng(7)
    for _ in range(n):
        gradient = rng.normal(size=(3, 4))
        yield gradient, 10 ** rng.uniform(-3, 1) * rng.normal(size=(3, 4))


@pytest.mark.parametrize(("p", "q"), EXPONENTS)
def test_misalignment_is_bounded_for_random_matrices(p, q):
    for gradient, error in random_pairs():
        momentum = gradient + error
        sizes = [float(schatten_norm(x, q)) for x in (error, gradient, momentum)]
        bound = misalignment_bound(error_norm=sizes[0], gradient_norm=sizes[1], momentum_norm=sizes[2], q=q)
        gap = misalignment(gradient, momentum, p, q)
        assert gap <= bound.value + 1e-12 * sizes[1]
        assert gap <= misalignment_factor(sizes[0] / sizes[1], q) * sizes[0] + 1e-12 * sizes[1]


def test_misalignment_names_the_smallest_candidate():
    numbers = {"error_norm": 0.1, "gradient_norm": 1.0, "momentum_norm": 1.0}
    assert misalignment_bound(**numbers, q=2).dominant == "bregman"
    assert misalignment_bound(error_norm=0.1, gradient_norm=1.0, q=2).dominant == "error"
    assert misalignment_bound(error_norm=5.0, gradient_norm=1.0, q=2).dominant == "gradient"
    assert misalignment_bound(**numbers, q=3).value == pytest.approx(0.2)
    assert misalignment_bound(error_norm=1.0, gradient_norm=1.0, momentum_norm=0.0, q=2).value == 2.0


@pytest.mark.parametrize(("p", "q"), EXPONENTS)
def test_factor_two_is_attained_by_a_reversed_gradient(p, q):
    gradient = np.diag([3.0, 1.0, 0.5])
    for epsilon in (0.1, 1e-6):
        error = -(1 + epsilon) * gradient
        ratio = misalignment(gradient, gradient + error, p, q) / float(schatten_norm(error, q))
        # ρ > 1: exactly 2/ρ
        assert ratio == pytest.approx(misalignment_factor(1 + epsilon, q), rel=1e-9)
    assert ratio > 1.99


def test_factor_at_q_1_is_approached_for_small_errors():
    # ∇f = diag(1-a, a), e = -diag(0, a'), a' slightly above a
    a = 0.2
    gradient, error = np.diag([1 - a, a]), -np.diag([0.0, a * (1 + 1e-9)])
    assert misalignment(gradient, gradient + error, "inf", 1) / a == pytest.approx(misalignment_factor(a, 1), rel=1e-6)


@pytest.mark.parametrize("rho", [1e-6, 0.3, 0.999, 1.0])
def test_factor_at_q_2_is_attained_by_a_right_angle(rho):
    # the worst M has e orthogonal to M
    sine, cosine = rho, math.sqrt(1 - rho**2)
    momentum = cosine * np.array([[cosine, sine]])
    gradient = np.array([[1.0, 0.0]])
    if cosine == 0:
        momentum = 1e-12 * np.array([[0.0, 1.0]])
    ratio = misalignment(gradient, momentum, 2, 2) / float(schatten_norm(momentum - gradient, 2))
    assert misalignment_factor(rho, 2) == pytest.approx(ratio, rel=1e-3 if rho < 1e-3 else 1e-9)


def worst_bregman_ratio(p, q, planted: float) -> float:
    """Return the largest misalignment over the planted Bregman term, with scalar blocks 1 and s of the worst sign."""
    worst = 0.0
    for s in np.geomspace(1.01, 1e3, 400):
        momentum = np.diag([1.0])
        error = np.diag([s])  # ∇f = M - e = 1 - s: the scalar von Bahr–Esseen extremal
        gradient = momentum - error
        bound = 2 ** (2 - q) / q * float(schatten_norm(error, q)) ** q * planted
        # the Bregman divergence of ‖·‖^q/q is what the term bounds before it is divided by ‖M‖^{q-1}
        gap = (abs(1 - s) ** q - 1 + q * s) / q
        worst = max(worst, gap / bound)
        assert misalignment(gradient, momentum, p, q) <= gap + 1e-9
    return worst


@pytest.mark.parametrize(("p", "q"), EXPONENTS)
def test_bregman_term_is_within_a_tenth_of_scalars(p, q):
    assert 0.9 < worst_bregman_ratio(p, q, 1.0) <= 1 + 1e-9


def test_refutes_a_halved_bregman_term():
    assert worst_bregman_ratio(4.0, 4 / 3, 0.5) > 1


def step_holds(planted_error: float = 1.0, planted_curvature: float = 1.0) -> bool:
    """Return whether T1 (with planted terms) holds on scalar quadratics and lines, exact and inexact directions."""
    for lipschitz in (0.0, 1.0):
        for gradient in (1.0, -0.5):
            for momentum in (-1e-9, 2.0, 0.3):
                for defect, excess, length in [(0.0, 0.0, 1.0), (0.3, 0.0, 0.7), (0.0, 0.2, 1.2), (0.3, 0.2, 0.7)]:
                    eta = 0.5
                    move = -eta * length * math.copysign(1.0, momentum)
                    change = gradient * move + lipschitz * move**2 / 2
                    bound = descent_bound(
                        step_size=eta,
                        gradient_norm=abs(gradient),
                        error_norm=abs(momentum - gradient),
                        smoothness=lipschitz,
                        direction_defect=defect,
                        norm_excess=excess,
                    )
                    parts = bound.terms
                    value = parts["progress"] + planted_error * parts["error"] + planted_curvature * parts["curvature"]
                    if change > value + 1e-12:
                        return False
    return True


def test_ball_step_descends_as_bounded():
    assert step_holds()


@pytest.mark.parametrize("planted", [(0.5, 1.0), (0.9, 1.0), (1.0, 0.5), (1.0, 0.9)])
def test_refutes_a_smaller_error_or_curvature_constant(planted):
    assert not step_holds(*planted)


def test_only_the_alignment_of_an_inexact_oracle_matters():
    numbers = {"gradient_norm": 2.0, "error_norm": 0.3, "smoothness": 1.1}
    alignment = oracle_alignment(0.25, 0.2)
    one = descent_bound(step_size=0.5, direction_defect=0.25, norm_excess=0.2, **numbers)
    other = descent_bound(step_size=0.6, direction_defect=1 - alignment, **numbers)
    assert one.terms == pytest.approx(other.terms)


@pytest.mark.parametrize(("p", "q"), EXPONENTS)
def test_regularized_step_descends_as_bounded(p, q):
    # f = (L/2)<A, X>² with ‖A‖_q = 1 is exactly L-smooth from S_p to S_q
    a = np.diag([0.6, 0.3, 0.1])
    a = a / float(schatten_norm(a, q))
    lipschitz, eta = 0.8, 0.9
    for gradient_sign, error in random_pairs(60):
        x = gradient_sign[:, :3]
        gradient = lipschitz * np.sum(a * x) * a
        momentum = gradient + error[:, :3]
        size = float(schatten_norm(momentum, q))
        moved = x - eta * size * duality_map(momentum, p)
        change = lipschitz / 2 * (np.sum(a * moved) ** 2 - np.sum(a * x) ** 2)
        for form in ("product", "split"):
            bound = regularized_descent_bound(
                step_size=eta,
                momentum_norm=size,
                error_norm=float(schatten_norm(error[:, :3], q)),
                smoothness=lipschitz,
                form=form,
            )
            assert change <= bound.value + 1e-9 * max(1.0, size**2)


def scalar_regularized_excess(form: str, planted: float) -> float:
    """Return the largest (change - bound) on scalar quadratics, the error and curvature terms multiplied by planted."""
    worst = -math.inf
    for lipschitz in (0.2, 1.0):
        for gradient in (0.0, 0.5, 1.0):
            for momentum in (-1.0, 0.5, 1.0):
                move = -momentum
                change = gradient * move + lipschitz * move**2 / 2
                bound = regularized_descent_bound(
                    step_size=1.0,
                    momentum_norm=abs(momentum),
                    error_norm=abs(momentum - gradient),
                    smoothness=lipschitz,
                    form=form,
                )
                parts = bound.terms
                worst = max(worst, change - parts["progress"] - planted * (parts["error"] + parts["curvature"]))
    return worst


@pytest.mark.parametrize("form", ["product", "split"])
def test_regularized_step_is_tight_for_scalars(form):
    assert abs(scalar_regularized_excess(form, 1.0)) <= 1e-12


@pytest.mark.parametrize("form", ["product", "split"])
def test_refutes_smaller_constants_of_the_regularized_step(form):
    assert scalar_regularized_excess(form, 0.9) > 0.01


def test_split_form_needs_a_small_step():
    bound = regularized_descent_bound(step_size=2.0, momentum_norm=1.0, error_norm=0.0, smoothness=1.0, form="split")
    assert bound.reason == "The split form needs Lη <= 1, here 2."


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: descent_bound(step_size=0.0, gradient_norm=1.0, error_norm=0.0, smoothness=1.0),
            ParameterError,
            "descent_bound: step_size must be a positive finite number, got step_size=0.0.",
        ),
        (
            lambda: descent_bound(step_size=1.0, gradient_norm=-1.0, error_norm=0.0, smoothness=1.0),
            ParameterError,
            "descent_bound: gradient_norm must be a finite number >= 0, got gradient_norm=-1.0.",
        ),
        (
            lambda: descent_bound(step_size=1.0, gradient_norm=1.0, error_norm=math.nan, smoothness=1.0),
            ParameterError,
            "descent_bound: error_norm must be a finite number >= 0, got error_norm=nan.",
        ),
        (
            lambda: oracle_alignment(1.1, 0.0),
            ParameterError,
            "oracle_alignment: direction_defect must lie in (-inf, 1], got direction_defect=1.1.",
        ),
        (
            lambda: oracle_alignment(0.0, -2.0),
            ParameterError,
            "oracle_alignment: norm_excess must lie in (-1, inf), got",
        ),
        (
            lambda: misalignment_bound(error_norm=1.0, gradient_norm=1.0, q=0.5),
            ExponentError,
            "misalignment_bound: q must lie in [1, inf], got q=0.5.",
        ),
        (
            lambda: misalignment_factor(0.0, 1),
            ParameterError,
            "misalignment_factor: relative_error must be a positive finite number, got relative_error=0.0.",
        ),
        (
            lambda: regularized_descent_bound(
                step_size=1.0, momentum_norm=1.0, error_norm=1.0, smoothness=1.0, form="spilt"
            ),
            UnknownNameError,
            "regularized_descent_bound: form must be one of 'product', 'split', got form='spilt'. Did you",
        ),
        (
            lambda: regularized_descent_bound(step_size=1.0, momentum_norm=-1.0, error_norm=1.0, smoothness=1.0),
            ParameterError,
            "regularized_descent_bound: momentum_norm must be a finite number >= 0, got momentum_norm=-1.0.",
        ),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)
