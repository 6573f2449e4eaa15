"""Ranges of polynomial schedules: enclosed, attained, and the same as on a grid."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from proofs_checks.rigorous.balls import Decision, exact, hull, less, lower_float, precision, upper_float, width
from proofs_checks.rigorous.polar import (
    Range,
    critical_points,
    image,
    inexact_oracle,
    keeps_signs,
    largest_error,
    minimax_bracket,
    output_ranges,
    value,
)
from schattor_theory.bounds.descent import descent_bound, oracle_alignment
from schattor_theory.geometry import duality_map, schatten_norm
from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule, polar_schedule, polynomial_polar
from tests.contracts.oracle import with_spectrum
from tests.joined import every
from tests.strategies import rng


@every("name", POLAR_SCHEDULES)
@every("least", [1e-3, 0.1])
def test_range_holds_every_value_and_is_attained(name, least) -> None:
    schedule = polar_schedule(name)
    low, high = output_ranges(schedule, least)[-1]
    values = schedule(np.geomspace(least, 1, 20_001))
    slack = 1e-12  # of the values in double precision
    assert values.min() >= lower_float(low) - slack
    assert values.max() <= upper_float(high) + slack
    # between neighbours of the grid a value moves by at most a thousandth here
    assert values.min() <= upper_float(low) + 1e-3
    assert values.max() >= lower_float(high) - 1e-3


def test_one_range_for_each_step_and_each_is_narrowly_known() -> None:
    schedule = polar_schedule("polar-express")
    found = output_ranges(schedule, "1/1000")
    assert len(found) == 8
    assert all(width(end) < arb(2) ** -100 for interval in found for end in interval)
    with precision(64):
        assert output_ranges(schedule, "1/1000", bits=300)[3].low.rad() < arb(2) ** -200


def test_critical_points_are_the_roots_of_the_derivative() -> None:
    assert critical_points((1.0,)) == ()
    assert critical_points((1.5, 0.5)) == ()
    (one,) = critical_points((1.5, -0.5))
    assert one.overlaps(arb(1))
    (double,) = critical_points((1.875, -1.25, 0.375))  # 1 is a double root
    assert double.overlaps(arb(1))
    seven = critical_points((35 / 16, -35 / 16, 21 / 16, -5 / 16))
    assert [round(float(x.mid()), 12) for x in seven] == [1.0]


def test_an_end_within_its_radius_of_a_critical_point_widens_the_enclosure_only() -> None:
    row = (1.5, -0.5)
    ball = arb(1, 1e-3)
    found = image(row, Range(exact("1/2"), ball))
    assert found.high.contains(1)  # p(1) = 1 if the end is beyond 1
    assert found.high.contains(value(row, arb(1) - arb(2) ** -11).mid())
    sure = image(row, Range(exact("1/2"), arb(2)))
    assert sure.high.overlaps(arb(1))
    assert width(sure.high) < 1e-12
    assert sure.low.overlaps(value(row, arb(2)))


def test_image_of_an_interval_known_up_to_balls_holds_the_image_of_each() -> None:
    row = polar_schedule("muon").steps[0]
    low, high = hull(exact("0.50"), exact("0.56")), hull(exact("1.0"), exact("1.1"))
    found = image(row, Range(low, high))
    for a in ("0.50", "0.53", "0.56"):
        for b in ("1.0", "1.04", "1.06", "1.1"):
            inner = image(row, Range(exact(a), exact(b)))
            assert found.low.contains(inner.low.mid())
            assert found.high.contains(inner.high.mid())


def test_minimax_bracket_holds_the_least_error_and_needs_alternation() -> None:
    interval = Range(exact("1/1000"), arb(1))
    row = polar_schedule("polar-express-exact").steps[0]
    low, high = minimax_bracket(row, interval, interval)
    assert 0 < high - low < 1e-12
    # a worse polynomial brackets the same number, less narrowly
    worse = tuple(a * (1 + 1e-4) for a in row)
    wide = minimax_bracket(worse, interval, interval)
    assert wide.low <= low
    assert high <= wide.high
    assert minimax_bracket((1.5, -0.5), interval, interval).low == 0


def test_negative_outputs_are_seen() -> None:
    assert all(keeps_signs(polar_schedule(name)) is Decision.PROVED for name in POLAR_SCHEDULES)
    assert keeps_signs(PolarSchedule("bad", ((1.5, -2.0),), 1)) is Decision.REFUTED
    # a first polynomial that changes its sign inside (0, 1), as one list on offer has it under this normalisation
    aol = ((4.0098, -7.0585, 2.4635), (3.4585, -5.5479, 2.5959), (2.7573, -3.2939, 1.4254), (2.7215, -3.0494, 1.3169))
    assert keeps_signs(PolarSchedule("aol", aol, 4)) is Decision.REFUTED
    assert largest_error(output_ranges(PolarSchedule("aol", aol, 4), "1/1000")[-1]).overlaps(arb(2.08, 0.005))


@pytest.mark.parametrize("name", ["muon", "polar-express-five", "newton-schulz-quintic"])
def test_defect_and_excess_bound_the_iteration_on_matrices(name) -> None:
    schedule, least = polar_schedule(name), Fraction(1, 20)
    oracle = inexact_oracle(schedule, least)
    defect, excess = (upper_float(x) for x in oracle)
    for shape, spectrum in (((5, 3), [1.0, 0.5, 0.06]), ((3, 6), [2.0, 1.9, 0.3])):
        m = with_spectrum(rng("polar oracle"), shape, spectrum)
        direction = polynomial_polar(m, schedule)
        nuclear = schatten_norm(m, 1)
        assert (m * direction).sum() >= (1 - defect) * nuclear - 1e-12
        assert schatten_norm(direction, "inf") <= 1 + excess + 1e-12
        exact_direction = duality_map(m, "inf")
        assert (m * exact_direction).sum() >= (m * direction).sum() / (1 + excess) - 1e-12
    assert oracle_alignment(defect, excess) == pytest.approx(float(oracle.alignment.mid()), rel=1e-14)


def test_a_defect_that_is_halved_is_broken_by_a_matrix() -> None:
    schedule, least = polar_schedule("muon"), Fraction(1, 100)
    defect = float(inexact_oracle(schedule, least).direction_defect.mid())
    # one singular value where the composition is least
    grid = np.geomspace(0.01, 1, 20_001)
    worst = grid[schedule(grid).argmin()]
    m = np.diag([worst, np.sqrt(1 - worst**2)])
    pairing = (np.diag([m[0, 0], 0]) * polynomial_polar(m, schedule)).sum()
    assert pairing < (1 - defect / 2) * m[0, 0]


def test_guarantee_of_an_implementation_is_that_of_its_numbers() -> None:
    oracle = inexact_oracle(polar_schedule("polar-express"), "1/1000")
    constants = {"step_size": 0.1, "gradient_norm": 2.0, "error_norm": 0.1, "smoothness": 1.0}
    numbers = {"direction_defect": upper_float(oracle.direction_defect), "norm_excess": upper_float(oracle.norm_excess)}
    inexact = descent_bound(**constants, **numbers).value
    assert inexact == pytest.approx(descent_bound(**constants).value, rel=1e-12)
    assert less(oracle.direction_defect, "1e-14") is Decision.PROVED
