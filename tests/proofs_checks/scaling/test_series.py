"""Series: the exponent that a bound itself has on the points of a fit."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.scaling.series import Point, Series


def series_with(bounds: list[float | None]) -> Series:
    members = tuple(
        Point("main", {"horizon": 10 ** (j + 1)}, {"bound": np.array([bound, bound], dtype=object)})
        for j, bound in enumerate(bounds)
    )
    return Series("main", {}, "horizon", members)


def test_bound_exponent_is_the_slope_of_the_bound() -> None:
    x = np.array([10.0, 100.0, 1000.0])
    assert series_with(list(3 * x**-0.25)).bound_exponent(x) == pytest.approx(-0.25, abs=1e-13)


def test_lower_order_terms_move_the_exponent_of_a_bound_off_its_rate() -> None:
    x = np.array([10.0, 100.0, 1000.0])
    exponent = series_with(list(x**-0.25 - 0.2 * x**-0.5)).bound_exponent(x)
    assert exponent is not None
    assert -0.25 < exponent < -0.2


def test_bound_exponent_looks_at_the_counted_points_alone() -> None:
    x = np.array([10.0, 100.0, 1000.0])
    series = series_with([7.0, *x[1:] ** -0.25])
    assert series.bound_exponent(x[1:]) == pytest.approx(-0.25, abs=1e-13)
    assert series.bound_exponent(x) != pytest.approx(-0.25, abs=1e-3)


@pytest.mark.parametrize("bounds", [[1.0, None, 1.0], [1.0, np.inf, 1.0], [1.0]])
def test_bound_exponent_is_none_without_a_bound_at_every_point(bounds: list[float | None]) -> None:
    series = series_with(bounds)
    assert series.bound_exponent(series.x) is None
