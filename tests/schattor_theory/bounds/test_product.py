"""Several blocks (T7) and norm transfer (T8) against independent maximisation and enumeration."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds import norm_transfer, product_moment_shape, product_smoothness, smoothness_transfer
from schattor_theory.errors import ExponentError, ParameterError, ShapeError
from schattor_theory.geometry import ProductGeometry, schatten_norm
from tests.joined import every, some

BALANCES = [1.0, 1.5, 2.0, 2.5, 4.0, math.inf]
RADII = {"a": 0.5, "b": 2.0, "c": 1.0}
LIPSCHITZ = {"a": 3.0, "b": 0.7, "c": 1.0}


def largest_dual_change(balance: float) -> float:
    """Return max |||(L_b x_b)_b|||_* over |||x||| ≤ 1 for scalar blocks, by a dense search of the positive sphere."""
    geometry = ProductGeometry({b: 2 for b in RADII}, radii=RADII, balance=balance)
    grid = np.linspace(0, 1, 241)
    u, v = np.meshgrid(grid, grid)
    # every ray of the positive octant up to scale
    rays = np.concatenate(
        [
            np.stack(order).reshape(3, -1)
            for order in ([np.ones_like(u), u, v], [u, np.ones_like(u), v], [u, v, np.ones_like(u)])
        ],
        axis=1,
    )
    blocks = {b: rays[i][:, None, None] for i, b in enumerate(RADII)}
    scale = geometry.norm(blocks)[:, None, None]
    changed = {b: LIPSCHITZ[b] * x / scale for b, x in blocks.items()}
    return float(geometry.dual_norm(changed).max())


@pytest.mark.parametrize("balance", some(BALANCES, 2))
def test_product_smoothness_is_the_largest_gradient_change(balance):
    found = largest_dual_change(balance)
    value = product_smoothness(LIPSCHITZ, RADII, balance)
    assert found <= value * (1 + 1e-12)
    assert found >= value * (1 - 1e-3)


def test_refutes_a_product_smoothness_of_the_neighbouring_balance():
    found = largest_dual_change(4.0)
    assert found > product_smoothness(LIPSCHITZ, RADII, 2.5) * 1.01
    assert found < product_smoothness(LIPSCHITZ, RADII, math.inf) * 0.99


def test_balance_trades_between_the_sum_and_the_largest():
    weighted = [RADII[b] ** 2 * LIPSCHITZ[b] for b in RADII]
    assert product_smoothness(LIPSCHITZ, RADII, math.inf) == pytest.approx(sum(weighted))
    for balance in (1, 1.5, 2):
        assert product_smoothness(LIPSCHITZ, RADII, balance) == max(weighted)
    assert product_smoothness(LIPSCHITZ, RADII, 2 + 1e-9) == pytest.approx(max(weighted))
    assert product_smoothness({"a": 0.0}) == 0.0


def moment_ratio(signs_of, balance: float, order: float, planted: float) -> float:
    """Return the exact E of the product norm of sums of independent signs over the (planted) shape's bound."""
    sigmas = {"a": 1.0, "b": 0.6}
    radii = {"a": 1.0, "b": 1.5}
    # the blocks' noise never acts together, which is the worst case for ℓ_u with u = β
    turns = [("a", "b", "a", "b"), ("a", "a", "b", "b")]
    worst = 0.0
    shape = product_moment_shape(
        {b: MomentShape(constant=1.0, moment_order=order, sigma=s) for b, s in sigmas.items()}, radii, balance
    )
    geometry = ProductGeometry({"a": 2, "b": 2}, radii=radii, balance=balance)
    for turn in turns:
        signs = signs_of(len(turn))
        for together in (True, False):
            # together: every block moves at every step; apart: each step moves one random block with odds 1/2
            sums = {b: np.zeros(len(signs)) for b in sigmas}
            for k, name in enumerate(turn):
                for b in sums:
                    if together or b == name:
                        sums[b] += sigmas[b] * signs[:, k]
            blocks = {b: s[:, None, None] for b, s in sums.items()}
            left = float((geometry.dual_norm(blocks) ** order).mean()) ** (1 / order)
            worst = max(worst, left / (planted * shape.of_weights([1.0] * len(turn))))
    return worst


@pytest.mark.parametrize("balance", BALANCES)
@pytest.mark.parametrize("order", [1.0, 1.5, 2.0])
def test_product_shape_bounds_sums_of_signs(signs_of, balance, order):
    assert moment_ratio(signs_of, balance, order, 1.0) <= 1 + 1e-12


def test_product_shape_is_attained_and_refuted_when_a_tenth_smaller(signs_of):
    # t = inf: Minkowski is an equality for fully dependent blocks with the same signs
    assert moment_ratio(signs_of, math.inf, 2.0, 1.0) == pytest.approx(1.0)
    assert moment_ratio(signs_of, math.inf, 2.0, 0.9) > 1


def test_product_order_is_the_smallest_and_its_sigma_the_weighted_norm():
    shapes = {
        "a": MomentShape(constant=1.2, moment_order=1.5, sigma=2.0),
        "b": MomentShape(constant=1.0, moment_order=2.0, sigma=1.0),
    }
    for balance, u in [(math.inf, 1.0), (2.0, 1.5), (4.0, 4 / 3), (1.0, 1.5)]:
        shape = product_moment_shape(shapes, {"a": 0.5}, balance)
        assert shape.moment_order == 1.5
        assert shape.scale == pytest.approx((1.2**u + 1.0**u) ** (1 / u))
    assert product_moment_shape({"a": MomentShape(constant=1, moment_order=2, sigma=0)}).sigma == 0.0


@pytest.mark.parametrize("q", [1.0, 4 / 3, 2.0, 3.0, math.inf])
def test_norm_transfer_is_attained_at_both_ends(q):
    r = 5
    low, high = norm_transfer(q, r)
    ends = [np.eye(r), np.diag([1.0] + [0.0] * (r - 1))]
    ratios = [float(schatten_norm(x, q)) / float(schatten_norm(x, 2)) for x in ends]
    assert min(ratios) == pytest.approx(low)
    assert max(ratios) == pytest.approx(high)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, r, 7))
    inside = np.asarray(schatten_norm(x, q)) / np.asarray(schatten_norm(x, 2))
    assert np.all((low * (1 - 1e-12) <= inside) & (inside <= high * (1 + 1e-12)))


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 4.0, math.inf])
def test_smoothness_transfer_is_attained_by_a_frobenius_quadratic(p):
    # f = ‖X‖_F²/2: the change of gradient is the change of X, worst between ‖·‖_q and ‖·‖_p
    r, q = 6, math.inf if p == 1 else 1.0 if math.isinf(p) else p / (p - 1)
    ratios = [
        float(schatten_norm(x, q)) / float(schatten_norm(x, p)) for x in (np.eye(r), np.diag([1.0] + [0.0] * (r - 1)))
    ]
    assert max(ratios) == pytest.approx(smoothness_transfer(p, r))


@every(
    ("call", "error", "message"),
    [
        (
            lambda: product_smoothness({}),
            ParameterError,
            "product_smoothness: block_smoothness must be a mapping with at least one block, got block_smoothness={}.",
        ),
        (
            lambda: product_smoothness({"a": -1.0}),
            ParameterError,
            "product_smoothness: block_smoothness['a'] must be a finite number >= 0, got block_smoothness['a']=-1.0.",
        ),
        (
            lambda: product_smoothness({"a": 1.0}, {"b": 1.0}),
            ShapeError,
            "product_smoothness: radii must name blocks among ['a'], got radii=['b']. Drop or rename these.",
        ),
        (
            lambda: product_smoothness({"a": 1.0}, {"a": 0.0}),
            ParameterError,
            "product_smoothness: radii['a'] must be a positive finite number, got radii['a']=0.0.",
        ),
        (
            lambda: product_smoothness({"a": 1.0}, balance=0.5),
            ExponentError,
            "product_smoothness: balance must lie in [1, inf], got balance=0.5.",
        ),
        (
            lambda: product_moment_shape({"a": 1.0}),
            ParameterError,
            "product_moment_shape: shape must be a MomentShape, got shape=1.0.",
        ),
        (
            lambda: product_moment_shape([]),
            ParameterError,
            "product_moment_shape: shapes must be a mapping with at least one block, got shapes=[].",
        ),
        (lambda: norm_transfer(0.5, 2), ExponentError, "norm_transfer: q must lie in [1, inf], got q=0.5."),
        (lambda: norm_transfer(1, 0), ParameterError, "norm_transfer: rank must be an integer >= 1, got rank=0."),
        (lambda: smoothness_transfer(2, 1.5), ParameterError, "smoothness_transfer: rank must be an integer >= 1, got"),
        (lambda: smoothness_transfer("x", 1), ExponentError, "smoothness_transfer: p must lie in [1, inf], got p='x'."),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)
