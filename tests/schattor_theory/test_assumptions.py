"""The noise assumptions and the moment shapes they imply."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schattor_theory.assumptions import (
    CovarianceNoise,
    MomentNoise,
    MomentShape,
    NotApplicable,
    Smoothness,
    WeightedNoise,
    minibatch_shape,
    moment_shape_constant,
    noise_record,
    resolve_shape,
)
from schattor_theory.errors import ExponentError, ParameterError, SchattorError, UnknownNameError
from schattor_theory.geometry import ProductGeometry, SchattenGeometry, dual_exponent
from tests.joined import every


@pytest.mark.parametrize(
    ("alpha", "p", "order"),
    [(2, 2, 2), (2, "inf", 1), (2, 4, 4 / 3), (1.2, 4, 1.2), (2, "4/3", 4 / 3), (1.5, 1, 1), (1, 2, 1)],
)
def test_moment_noise_has_the_order_alpha_q_and_p_allow(alpha, p, order):
    shape = MomentNoise(moment_order=alpha, sigma=3.0).moment_shape(p)
    assert shape.moment_order == pytest.approx(order, rel=1e-15)
    assert shape.sigma == 3.0
    # T4a's range: β ≤ q ≤ β/(β-1)
    q = dual_exponent(p)
    assert shape.moment_order <= q <= dual_exponent(shape.moment_order)


def test_moment_constant_is_one_at_both_ends_and_for_symmetric_noise():
    assert moment_shape_constant(1.0) == 1.0
    assert moment_shape_constant(2.0) == 1.0
    assert moment_shape_constant(4 / 3) == pytest.approx(2**0.5)
    assert moment_shape_constant(4 / 3, True) == 1.0


def test_covariance_noise_needs_p_at_least_2():
    shape = CovarianceNoise(sigma=2.0).moment_shape("inf")
    assert (shape.constant, shape.moment_order, shape.sigma) == (1.0, 2.0, 2.0)
    refused = CovarianceNoise(sigma=2.0).moment_shape(1.5)
    assert not refused
    assert "p >= 2" in refused.reason


@pytest.mark.parametrize(
    ("beta", "inner", "p", "holds"),
    [
        (2, 2, "inf", True),
        (2, 1.9, "inf", False),
        (1.5, 1.5, "inf", True),
        (1.5, 3.1, "inf", False),
        (2, 2, 1.5, False),
    ],
)
def test_weighted_noise_needs_its_inner_exponent_in_range(beta, inner, p, holds):
    shape = WeightedNoise(moment_order=beta, inner_exponent=inner, sigma=1.0).moment_shape(p)
    assert isinstance(shape, MomentShape) is holds
    if holds:
        assert shape.constant == pytest.approx(2 ** ((2 - beta) / beta))
    else:
        assert "inner exponent" in shape.reason


def test_a_product_geometry_asks_for_each_block_on_its_own():
    geometry = ProductGeometry({"w": 4, "b": 2})
    for record in (CovarianceNoise(sigma=1.0), MomentNoise(moment_order=2, sigma=1.0)):
        assert "product_moment_shape" in record.moment_shape(geometry).reason
    assert CovarianceNoise(sigma=1.0).moment_shape(SchattenGeometry(4)).sigma == 1.0
    assert resolve_shape("f", geometry, noise_model="shape", moment_order=2, sigma=1.0).sigma == 1.0
    assert not resolve_shape("f", geometry, noise_model="covariance", moment_order=2, sigma=1.0)


def _largest_ratio(order: float, constant: float) -> float:
    """Return the largest (E|Σ a_i Z_i|^β)^{1/β} / (cσ(Σ a_i^β)^{1/β}) over skew two-point laws and n ≤ 3."""
    worst = 0.0
    for share in np.linspace(0.05, 0.95, 19):
        values, odds = np.array([1 / share, -1 / (1 - share)]), np.array([share, 1 - share])
        sigma = float(odds @ np.abs(values) ** order) ** (1 / order)
        for n in (2, 3):
            law = list(itertools.product(range(2), repeat=n))
            sums = np.array([sum(values[i] for i in outcome) for outcome in law])
            chances = np.array([math.prod(odds[i] for i in outcome) for outcome in law])
            left = float(chances @ np.abs(sums) ** order) ** (1 / order)
            worst = max(worst, left / (constant * sigma * n ** (1 / order)))
    return worst


@pytest.mark.parametrize("order", [1.1, 1.3, 1.6, 2.0])
def test_the_shape_holds_for_skew_scalar_laws(order):
    assert _largest_ratio(order, moment_shape_constant(order)) <= 1 + 1e-12


def test_refutes_a_halved_shape_constant():
    assert _largest_ratio(1.6, moment_shape_constant(1.6) / 2) > 1


def test_minibatch_averages_by_the_moment_order():
    shape = MomentShape(constant=1.3, moment_order=1.5, sigma=2.0, source="N1")
    mean = minibatch_shape(shape, 8)
    assert (mean.sigma, mean.constant) == (pytest.approx(1.0), 1.3)
    # the same as giving the batch its weights 1/m
    assert mean.scale == pytest.approx(shape.of_weights([1 / 8] * 8))
    assert minibatch_shape(shape, 1).sigma == 2.0


def test_no_moment_no_gain_from_a_minibatch():
    assert minibatch_shape(MomentShape(constant=1, moment_order=1, sigma=2.0), 64).sigma == 2.0


@given(st.floats(1e-150, 1e150), st.floats(1, 2))
def test_shape_of_weights_is_homogeneous(scale, order):
    shape = MomentShape(constant=1.0, moment_order=order, sigma=1.0)
    assert shape.of_weights([scale, 2 * scale]) == pytest.approx(scale * shape.of_weights([1.0, 2.0]), rel=1e-12)


def test_shape_of_no_weights_is_zero():
    assert MomentShape(constant=1.0, moment_order=2, sigma=1.0).of_weights([]) == 0.0


@every(
    ("build", "error", "message"),
    [
        (
            lambda: MomentShape(constant=0.0, moment_order=2, sigma=1.0),
            ParameterError,
            "MomentShape: constant must be a positive finite number, got constant=0.0.",
        ),
        (
            lambda: MomentShape(constant=1.0, moment_order=2.5, sigma=1.0),
            ParameterError,
            "MomentShape: moment_order must lie in [1, 2], got moment_order=2.5. An order above 2 implies order 2",
        ),
        (
            lambda: MomentShape(constant=1.0, moment_order=2, sigma=-1.0),
            ParameterError,
            "MomentShape: sigma must be a finite number >= 0, got sigma=-1.0.",
        ),
        (
            lambda: MomentNoise(moment_order=0.9, sigma=1.0),
            ParameterError,
            "MomentNoise: moment_order must lie in [1, 2], got moment_order=0.9.",
        ),
        (
            lambda: MomentNoise(moment_order=2, sigma=math.nan),
            ParameterError,
            "MomentNoise: sigma must be a finite number >= 0, got sigma=nan.",
        ),
        (
            lambda: CovarianceNoise(sigma=math.inf),
            ParameterError,
            "CovarianceNoise: sigma must be a finite number >= 0, got sigma=inf.",
        ),
        (
            lambda: CovarianceNoise(sigma=1.0, side="lef"),
            UnknownNameError,
            "CovarianceNoise: side must be one of 'left', 'right', got side='lef'. Did you mean 'left'?",
        ),
        (
            lambda: WeightedNoise(moment_order=1, inner_exponent=2, sigma=1.0),
            ParameterError,
            "WeightedNoise: moment_order must lie in (1, 2], got moment_order=1. At order 1 use MomentNoise.",
        ),
        (
            lambda: WeightedNoise(moment_order=2, inner_exponent=0.5, sigma=1.0),
            ExponentError,
            "WeightedNoise: inner_exponent must lie in [1, inf], got inner_exponent=0.5.",
        ),
        (
            lambda: WeightedNoise(moment_order=2, inner_exponent=2, sigma=-2.0),
            ParameterError,
            "WeightedNoise: sigma must be a finite number >= 0, got sigma=-2.0.",
        ),
        (lambda: Smoothness(0.5, 1.0), ExponentError, "Smoothness: p must lie in [1, inf], got p=0.5."),
        (
            lambda: Smoothness(2, -1.0),
            ParameterError,
            "Smoothness: value must be a finite number >= 0, got value=-1.0.",
        ),
        (
            lambda: MomentNoise(moment_order=2, sigma=1.0).moment_shape(0.5),
            ExponentError,
            "MomentNoise.moment_shape: p must lie in [1, inf], got p=0.5.",
        ),
        (
            lambda: noise_record("run", "covarianc", moment_order=2, sigma=1.0),
            UnknownNameError,
            "run: noise_model must be one of 'covariance', 'moment', 'weighted', 'shape', got noise_model='covarianc'. "
            "Did you mean 'covariance'?",
        ),
        (
            lambda: minibatch_shape(MomentShape(constant=1, moment_order=2, sigma=1), 0),
            ParameterError,
            "minibatch_shape: batch_size must be an integer >= 1, got batch_size=0.",
        ),
        (
            lambda: minibatch_shape(NotApplicable("no"), 2),
            ParameterError,
            "minibatch_shape: shape must be a MomentShape, got shape=NotApplicable(reason='no').",
        ),
    ],
)
def test_bad_arguments_are_named(build, error, message):
    with pytest.raises(error) as caught:
        build()
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, SchattorError)


def test_models_whose_order_does_not_fit_are_not_applicable():
    assert "second moments" in noise_record("run", "covariance", moment_order=1.5, sigma=1.0).reason
    assert "above 1" in noise_record("run", "weighted", moment_order=1, sigma=1.0).reason
    # with p < β no inner exponent is admissible
    assert not resolve_shape("run", 1.5, noise_model="weighted", moment_order=2, sigma=1.0)
    assert resolve_shape("run", 1.5, noise_model="weighted", moment_order=1.5, sigma=1.0).moment_order == 1.5
