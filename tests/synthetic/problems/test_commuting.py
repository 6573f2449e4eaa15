"""Commuting worlds: stored as diagonals they are the full worlds, with the same noise, at every dimension tried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schattor_theory as st
from schattor_theory.errors import ParameterError, ShapeError, UnknownNameError
from schattor_theory.geometry import DiagonalGeometry
from synthetic import NOISES, PROBLEMS, simulate
from synthetic.seeds import Streams
from tests.joined import some

EPS = float(np.finfo(float).eps)
GAP, STEP_SIZE, MOMENTUM, N_STEPS = 0.2, 0.01, 0.9, 25
LAWS = {"commuting_signs": "fixed_signs", "commuting_coordinates": "random_coordinates"}
STATISTICS = ("stationarity_mean", "stationarity_squared_mean", "stationarity_last", "value_last")
# proof step: a step adds a few roundings to each entry and to the norm and contracts none of them away, so that
# N_STEPS steps are apart by at most a few N_STEPS roundings, of the largest of the path's numbers
ALLOWED = 4 * N_STEPS * EPS


def world(d: int, p: Any, profile: str, law: str, *, is_full: bool, **weights: Any) -> tuple[Any, Any]:
    name = profile if is_full else "commuting"
    options = {} if is_full else {"profile": profile}
    problem = PROBLEMS[name].build((d, d), p, smoothness=1.0, initial_gap=GAP, **options)
    return problem, NOISES[LAWS[law] if is_full else law].build((d, d), p, sigma=0.5, **weights)


def run(problem: Any, noise: Any, geometry: Any, seed: object = 1) -> st.SchattorState:
    optimizer = st.Schattor(geometry, STEP_SIZE, MOMENTUM)
    return simulate(problem, noise, optimizer, n_steps=N_STEPS, repeats=2, seed=seed)


def furthest(a: Any, b: Any) -> float:
    """Return the largest relative distance between the statistics of two trajectories."""
    pairs = [(getattr(a, name), getattr(b, name)) for name in STATISTICS]
    return max(float(np.max(abs(x - y)) / np.max(abs(y))) for x, y in pairs)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("profile", some(["quadratic", "saturating"], 2))
@pytest.mark.parametrize("d", [8, pytest.param(64, marks=pytest.mark.slow)])
def test_diagonals_make_the_steps_of_full_matrices(d: int, profile: str, law: str) -> None:
    for p in (1, "4/3", 2, 4, "inf"):
        for weights in ({"weights": "power"}, {"weights": "one_hot"}):
            full = run(*world(d, p, profile, law, is_full=True, **weights), p)
            stored = run(*world(d, p, profile, law, is_full=False, **weights), DiagonalGeometry(p))
            assert furthest(stored, full) <= ALLOWED


def test_comparison_refutes_another_exponent_other_noise_and_another_geometry() -> None:
    full = run(*world(8, 4, "quadratic", "commuting_signs", is_full=True), 4)
    stored = world(8, 4, "quadratic", "commuting_signs", is_full=False)
    assert furthest(run(*stored, DiagonalGeometry(3)), full) > 1e3 * ALLOWED
    assert furthest(run(*stored, DiagonalGeometry(4), seed=2), full) > 1e3 * ALLOWED
    assert furthest(run(*stored, 4), full) > 1e3 * ALLOWED  # a column as a matrix: the Frobenius norm


@pytest.mark.parametrize("p", [4, "inf"])
def test_a_rotated_full_world_takes_the_same_path_through_its_decompositions(p: Any) -> None:
    rng = Streams({"test": "rotated world"}).generator("basis")
    rotated = PROBLEMS["quadratic"].build((8, 8), p, smoothness=1.0, initial_gap=GAP, rng=rng, rotated=True)
    noise = NOISES["fixed_signs"].build((8, 8), p, sigma=0.5)
    rotated_noise = type(noise)(
        shape=(8, 8), levels=noise.levels, tail=noise.tail,
        left_basis=rotated.left_basis, right_basis=rotated.right_basis,
    )  # fmt: skip
    general = run(rotated, rotated_noise, p)
    stored = run(*world(8, p, "quadratic", "commuting_signs", is_full=False), DiagonalGeometry(p))
    # an SVD is backward stable with a modest constant times d roundings, at each step
    assert furthest(stored, general) <= 64 * 8 * N_STEPS * EPS


@pytest.mark.parametrize("profile", ["quadratic", "saturating"])
def test_constants_are_those_of_the_full_problem(profile: str) -> None:
    option = "left" if profile == "quadratic" else "weights"
    for p in (1, 2, 3, "inf"):
        full = PROBLEMS[profile].build((5, 5), p, smoothness=None, initial_gap=0.1, **{option: "power"})
        decay = 1.0 if profile == "quadratic" else 2.0  # the full saturating problem has the squares of its weights
        options = {"profile": profile, "curvatures": "power", "decay": decay}
        stored = PROBLEMS["commuting"].build((5, 5), p, smoothness=None, initial_gap=0.1, **options)
        for r in (1, 2, 4, "inf"):
            assert stored.smoothness(r) == pytest.approx(full.smoothness(r), rel=8 * EPS)
        assert stored.initial_gap == pytest.approx(full.initial_gap, rel=8 * EPS)
        x = Streams({"test": "values"}).generator("data").standard_normal((3, 5))
        full_x = np.zeros((3, 5, 5))
        full_x[:, range(5), range(5)] = x
        np.testing.assert_allclose(stored.value(x[..., None]), full.value(full_x), rtol=16 * EPS)
        gradient = np.diagonal(full.gradient(full_x), axis1=-2, axis2=-1)
        np.testing.assert_allclose(stored.gradient(x[..., None])[..., 0], gradient, rtol=16 * EPS)


def test_ten_thousand_times_the_dimension_takes_no_square_of_the_memory() -> None:
    d = 10**5  # a full matrix would take 80 GB
    problem, noise = world(d, "inf", "quadratic", "commuting_signs", is_full=False)
    trajectory = run(problem, noise, DiagonalGeometry("inf"))
    assert trajectory.is_ok.all()
    assert problem.start.shape == (d, 1)


def test_a_minimiser_elsewhere_moves_everything_with_it() -> None:
    problem, _ = world(4, 2, "quadratic", "commuting_signs", is_full=False)
    shift = np.arange(4.0)[:, None]
    moved = type(problem)(
        curvatures=problem.curvatures, start=problem.start + shift, minimiser=problem.minimiser + shift
    )
    np.testing.assert_allclose(moved.gradient(problem.start + shift), problem.gradient(problem.start), atol=4 * EPS)
    assert moved.initial_gap == pytest.approx(problem.initial_gap)


@pytest.mark.parametrize("profile", ["quadratic", "saturating"])
@pytest.mark.parametrize("curvatures", ["flat", "power"])
@pytest.mark.parametrize("law", LAWS)
def test_every_array_library_sees_the_same_world(eager_xp: Any, profile: str, curvatures: str, law: str) -> None:
    options = {"profile": profile, "curvatures": curvatures, "initial_gap": GAP}
    problem = PROBLEMS["commuting"].build((5, 5), 4, **options)
    noise = NOISES[law].build((5, 5), 4, weights=curvatures)
    x = Streams({"test": "libraries"}).generator("data").standard_normal((2, 5, 1))
    draws = noise.draw(Streams(3), 2)
    z = noise.realise(draws, problem, x, x)
    there, there_draws = eager_xp.array(x), {name: eager_xp.array(values) for name, values in draws.items()}
    np.testing.assert_allclose(eager_xp.host(problem.value(there)), problem.value(x), rtol=8 * EPS)
    np.testing.assert_allclose(eager_xp.host(problem.gradient(there)), problem.gradient(x), rtol=8 * EPS)
    np.testing.assert_array_equal(eager_xp.host(noise.realise(there_draws, problem, there, there)), z)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"profile": "cubic"}, UnknownNameError, "commuting: profile must be one of"),
        ({"start": "gaussian"}, ParameterError, "commuting: rng must be a generator when start='gaussian'"),
        ({"start": "corner"}, UnknownNameError, "commuting: start must be one of"),
        (
            {"curvatures": [0.0, 1.0], "start": "spike"},
            ParameterError,
            "commuting: initial_gap must be None for this start",
        ),
        ({"profile": "saturating", "initial_gap": 9.0}, ParameterError, r"commuting: initial_gap must lie in \(0, "),
    ],
)
def test_refusals_name_the_argument(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PROBLEMS["commuting"].build((2, 2), 4, **options)


def test_full_gradients_are_refused_by_the_noise() -> None:
    noise = NOISES["commuting_signs"].build((3, 3), 2)
    draws = {name: values[0] for name, values in noise.draw(Streams(1), 1).items()}
    with pytest.raises(ShapeError, match=r"CommutingSigns.realise: gradient must have matrices of shape \(3, 1\)"):
        noise.realise(draws, None, None, np.eye(3))
    with pytest.raises(ShapeError, match="commuting_signs: shape must be the shape"):
        NOISES["commuting_signs"].build({"w": (2, 2)}, 2)
