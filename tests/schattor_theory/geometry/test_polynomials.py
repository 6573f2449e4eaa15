"""Polynomial polar schedules: coefficients from their definitions, the iteration on every library, what is refused."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from schattor_theory.errors import DTypeError, NonFiniteError, ParameterError, ShapeError, UnknownNameError
from schattor_theory.geometry.coefficients import (
    polar_express,
)
from schattor_theory.geometry.polynomials import POLAR_SCHEDULES, PolarSchedule, polar_schedule, polynomial_polar
from tests.conftest import Library
from tests.contracts.oracle import exact_svd, tolerance
from tests.joined import every
from tests.strategies import MATRICES, rotated, well_conditioned

GRID = np.geomspace(1e-3, 1, 4001)


def iteration_tolerance(m: np.ndarray, schedule: PolarSchedule) -> float:
    """Return the error, in the Frobenius norm, of the rounded iteration: each step adds its own and stretches the rest.

    An odd function of the singular values is Lipschitz in the Frobenius norm with the largest slope on their range.
    """
    rounding = tolerance(m) * math.sqrt(min(m.shape[-2:]))
    top, error = 1.0, rounding
    for row in schedule.steps:
        x = np.linspace(0, top + error, 1001)
        values = sum(a * x ** (2 * j + 1) for j, a in enumerate(row))
        slope = np.abs(sum((2 * j + 1) * a * x ** (2 * j) for j, a in enumerate(row))).max()
        size = sum(abs(a) * (top + error) ** (2 * j + 1) for j, a in enumerate(row))
        top, error = float(np.abs(values).max()), 1.01 * slope * error + rounding * size
    return error


def by_decomposition(m: np.ndarray, schedule: PolarSchedule) -> np.ndarray:
    u, s, vh = exact_svd(m)
    if s[0] == 0:
        return np.zeros(m.shape)
    u, s, vh = (np.array(x.tolist(), dtype=float) for x in (u, type(u)(s), vh))
    s = s.ravel()
    return (u * schedule(s / np.linalg.norm(s))) @ vh


# ---- the schedules


@pytest.mark.parametrize("name", POLAR_SCHEDULES)
def test_every_schedule_is_complete_and_keeps_its_name(name: str) -> None:
    schedule = polar_schedule(name)
    assert schedule.name == name
    assert schedule.source
    assert POLAR_SCHEDULES[name].__doc__
    assert len(schedule.steps) == schedule.n_steps
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert hash(schedule) == hash(polar_schedule(name))


def test_steps_are_cut_short_or_the_last_one_is_repeated() -> None:
    rows = ((2.0, -1.0), (1.5, -0.5))
    schedule = PolarSchedule("two", rows, 2)
    assert schedule.with_steps(1).steps == rows[:1]
    assert schedule.with_steps(4).steps == (*rows, rows[1], rows[1])
    assert polar_schedule("muon", n_steps=3).steps == ((3.4445, -4.775, 2.0315),) * 3


@every(
    ("name", "n_steps", "least", "printed"),
    [
        # measured by others on a grid, in double precision
        ("muon", 5, 1e-3, 0.529),
        ("muon", 5, 1e-2, 0.318),
        ("muon", 10, 1e-3, 0.318),
        ("you", 5, 1e-3, 0.525),
        ("you", 5, 1e-2, 0.0318),
        ("polar-express", 5, 1e-3, 0.160),
        ("polar-express", 6, 1e-3, 6.5e-3),
        ("polar-express", 7, 1e-3, 1.1e-5),
        ("polar-express", 5, 1e-2, 0.130),
        ("polar-express-five", 5, 1e-3, 0.153),
        ("polar-express-five", 5, 1e-2, 0.141),
        ("cans", 5, 1e-3, 0.120),
        ("deepseek-v4", 10, 1e-3, 5.4e-4),
        ("newton-schulz-quintic", 5, 1e-3, 0.977),
        ("newton-schulz-quintic", 10, 1e-3, 0.501),
        ("newton-schulz-quintic", 5, 0.1, 4e-3),
    ],
)
def test_worst_error_is_the_one_that_others_measured(name: str, n_steps: int, least: float, printed: float) -> None:
    worst = np.abs(1 - polar_schedule(name, n_steps)(GRID[least * (1 - 1e-9) <= GRID])).max()
    digits = len(f"{printed:e}".split("e")[0].rstrip("0").replace(".", ""))
    assert worst == pytest.approx(printed, rel=0, abs=0.51 * 10.0 ** (math.floor(math.log10(printed)) - digits + 1))


# ---- the iteration


@pytest.mark.parametrize("name", POLAR_SCHEDULES)
def test_iteration_applies_the_polynomials_to_the_singular_values(name: str) -> None:
    schedule = polar_schedule(name)
    for m in MATRICES.values():
        gap = np.linalg.norm(polynomial_polar(m, schedule) - by_decomposition(m, schedule))
        assert gap <= iteration_tolerance(m, schedule)


def test_iteration_sees_a_planted_error() -> None:
    m, schedule = MATRICES["square"], polar_schedule("muon")
    wrong = PolarSchedule("wrong", ((3.4445, -4.7750, 2.0316),), 5)
    gap = np.linalg.norm(polynomial_polar(m, wrong) - by_decomposition(m, schedule))
    assert gap > 100 * iteration_tolerance(m, schedule)


def test_iteration_agrees_on_every_library(xp: Library) -> None:
    schedule = polar_schedule("polar-express-five", n_steps=2)
    for shape in ((2, 3, 4), (2, 4, 3)):
        m = well_conditioned("polar", shape)
        for dtype in (np.float64, np.float32):
            found = xp.host(xp.call(lambda x: polynomial_polar(x, schedule), xp.array(m.astype(dtype))))
            assert found.dtype == dtype
            for one, x in zip(found, m, strict=True):
                gap = np.linalg.norm(one - by_decomposition(x, schedule))
                assert gap <= 2 * iteration_tolerance(x.astype(dtype), schedule)


def test_iteration_does_not_see_scale_or_basis() -> None:
    schedule = polar_schedule("you")
    for name in ("tall", "wide", "rank one", "diagonal with a zero"):
        m = MATRICES[name]
        want, allowed = polynomial_polar(m, schedule), 3 * iteration_tolerance(m, schedule)
        for c in (1e150, 1e-150, 1e300, 1e-300):
            assert np.linalg.norm(polynomial_polar(c * m, schedule) - want) <= allowed
        assert np.linalg.norm(polynomial_polar(-m, schedule) + want) <= allowed
        assert np.linalg.norm(polynomial_polar(m.T, schedule).T - want) <= allowed
        q, r = rotated(name, m)
        assert np.linalg.norm(polynomial_polar(q @ m @ r, schedule) - q @ want @ r) <= 2 * allowed


def test_zero_and_empty_matrices_stay_what_they_are(eager_xp: Library) -> None:
    schedule = polar_schedule("muon")
    stack = np.stack([np.zeros((2, 3)), MATRICES["wide"][:2, :3]])
    found = eager_xp.host(polynomial_polar(eager_xp.array(stack), schedule))
    assert not found[0].any()
    assert found[1].any()
    for shape in ((0, 3), (3, 0), (2, 0, 3)):
        assert eager_xp.host(polynomial_polar(eager_xp.array(np.zeros(shape)), schedule)).shape == shape


def test_rank_one_is_an_ascent_direction_for_no_named_schedule() -> None:
    m = np.outer([1.0, 2.0, -1.0], [0.5, 1.0])
    for name in POLAR_SCHEDULES:
        assert (m * polynomial_polar(m, polar_schedule(name))).sum() > 0


def test_scalar_map_takes_floats_and_arrays(xp: Library) -> None:
    schedule = polar_schedule("polar-express")
    s = np.array([0.0, 1e-3, 0.5, 1.0])
    found = xp.host(xp.call(schedule, xp.array(s)))
    np.testing.assert_allclose(found, [schedule(float(x)) for x in s], rtol=1e-14)


# ---- what is refused


@pytest.mark.parametrize("rows", [(), ((),), ((1.0, math.nan),), ((1.0,), (math.inf,))])
def test_refuses_coefficients_that_are_none(rows: tuple) -> None:
    requirement = "PolarSchedule: polynomials must hold finite coefficients for at least one step, got polynomials="
    with pytest.raises(ParameterError, match=requirement):
        PolarSchedule("x", rows, 1)


@pytest.mark.parametrize("n_steps", [0, 1.5, True])
def test_refuses_a_number_of_steps_that_is_none(n_steps: object) -> None:
    with pytest.raises(ParameterError, match=r"PolarSchedule: n_steps must be an integer >= 1, got n_steps="):
        polar_schedule("muon", n_steps)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"polar_express: n_steps must be an integer >= 1, got n_steps="):
        polar_express(n_steps)  # type: ignore[arg-type]


def test_refuses_a_negative_margin() -> None:
    with pytest.raises(ParameterError, match=r"PolarSchedule: input_margin must be a finite number >= 0, got"):
        PolarSchedule("x", ((1.0,),), 1, input_margin=-0.1)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"polar_schedule: name must be one of .* Did you mean 'muon'\?"):
        polar_schedule("moun")


def test_refuses_what_is_no_finite_matrix() -> None:
    schedule = polar_schedule("muon")
    with pytest.raises(NonFiniteError, match=r"polynomial_polar: m must have finite entries"):
        polynomial_polar(np.array([[1.0, math.nan]]), schedule)
    with pytest.raises(DTypeError, match="polynomial_polar: m must"):
        polynomial_polar(np.array([[1, 2]]), schedule)
    with pytest.raises(ShapeError, match="polynomial_polar: m must have at least two axes"):
        polynomial_polar(np.array([1.0]), schedule)
