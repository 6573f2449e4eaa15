"""Coefficients of polar polynomials: those of their definitions, equal to the published ones, or refused."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from schattor_theory.errors import ParameterError
from schattor_theory.geometry.coefficients import (
    PUBLISHED_CUSHION,
    minimax_quintic,
    polar_express,
    taylor_polynomial,
)
from schattor_theory.geometry.polynomials import polar_schedule


def test_taylor_polynomials_are_those_of_the_inverse_root() -> None:
    assert taylor_polynomial(0) == (1.0,)
    assert taylor_polynomial(3) == (35 / 16, -35 / 16, 21 / 16, -5 / 16)
    for order in range(13):
        row = [Fraction(a) for a in taylor_polynomial(order)]
        weights = [Fraction(math.comb(2 * s, s), 4**s) for s in range(order + 1)]
        for x in (Fraction(1, 3), Fraction(2), Fraction(7, 5)):
            want = x * sum(w * (1 - x * x) ** s for s, w in enumerate(weights))
            assert sum(a * x ** (2 * j + 1) for j, a in enumerate(row)) == want


def test_published_coefficients_of_polar_express_come_out_of_the_definition() -> None:
    published = (
        (8.28721201814563, -23.595886519098837, 17.300387312530933),
        (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
        (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
        (3.3184196573706015, -2.488488024314874, 0.51004894012372),
        (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
        (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
        (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
        (1.875, -1.25, 0.375),
    )
    rows = polar_express(8, cushion=PUBLISHED_CUSHION)
    # the published ones were computed in double precision: the seventh equations are singular to eight digits
    np.testing.assert_allclose(rows[:6], published[:6], rtol=2e-14)
    np.testing.assert_allclose(rows[6:], published[6:], rtol=2e-10)
    shipped = polar_schedule("polar-express").polynomials
    np.testing.assert_allclose(shipped[:7], [[a / 1.01, b / 1.01**3, c / 1.01**5] for a, b, c in rows[:7]], rtol=1e-15)
    assert shipped[7] == rows[7]


def test_five_step_list_comes_out_of_the_definition() -> None:
    shipped = (
        (8.156554524902461, -22.48329292557795, 15.878769915207462),
        (4.042929935166739, -2.808917465908714, 0.5000178451051316),
        (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
        (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
        (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
    )
    np.testing.assert_allclose(polar_schedule("polar-express-five").polynomials, shipped, rtol=1e-14)


def test_rounded_list_of_cans_is_the_exact_composition() -> None:
    rows = np.array(polar_express(5))
    np.testing.assert_allclose(polar_schedule("cans").polynomials, rows, atol=0.51e-4)


@pytest.mark.parametrize(
    ("low", "high"), [("1e-9", "1"), ("1e-3", "1"), ("0.5", "1.5"), ("0.999", "1.001"), ("0.999999999", "1.000000001")]
)
def test_minimax_quintic_equioscillates(low: str, high: str) -> None:
    low, high = Decimal(low), Decimal(high)
    a, b, c = minimax_quintic(low, high)
    with decimal.localcontext(prec=100):
        root = (9 * b * b - 20 * a * c).sqrt()
        inner = (((-3 * b - root) / (10 * c)).sqrt(), ((-3 * b + root) / (10 * c)).sqrt())
        points = (low, *inner, high)
        assert low < inner[0] < inner[1] < high
        errors = [(-1) ** (i + 1) * (a * x + b * x**3 + c * x**5 - 1) for i, x in enumerate(points)]
        assert min(errors) > 0
        # the exchange stops when the level is known to 20 digits, so one step later it is known to 40
        assert max(errors) - min(errors) < max(errors) * Decimal("1e-25")


def test_minimax_quintic_of_equal_ends_is_the_taylor_quintic() -> None:
    for width in ("1e-8", "1e-10", "1e-14"):
        row = minimax_quintic(1 - Decimal(width) / 2, 1 + Decimal(width) / 2)
        np.testing.assert_allclose([float(a) for a in row], taylor_polynomial(2), rtol=3 * float(width) ** 2 + 2**-52)


@pytest.mark.parametrize(("order", "message"), [(-1, "be an integer >= 0"), (1.0, "be an integer"), (13, "be at most")])
def test_refuses_an_order_that_floats_do_not_hold(order: object, message: str) -> None:
    with pytest.raises(ParameterError, match=f"taylor_polynomial: order must {message}"):
        taylor_polynomial(order)  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 1), (2, 1), ("nan", 1), (1, "inf"), ("1e-10", 1), (-1, 1)])
def test_refuses_an_interval_that_is_none(low: object, high: object) -> None:
    with pytest.raises(ParameterError, match=r"minimax_quintic: low must lie in \[1e-9 high, high\), above 0, got"):
        minimax_quintic(Decimal(low), Decimal(high))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"least": 0.0}, r"least must lie in \[1e-09, 1\)"),
        ({"least": 1.0}, r"least must lie in \[1e-09, 1\)"),
        ({"cushion": 1.0}, r"cushion must lie in \[0, 1\)"),
        ({"safety": -1.0}, r"safety must be a finite number >= 0"),
    ],
)
def test_refuses_options_outside_their_range(options: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=f"polar_express: {message}"):
        polar_express(3, **options)
