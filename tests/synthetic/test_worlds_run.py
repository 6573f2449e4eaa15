"""Problems and noises of the catalogues in the simulation loop, and numbers known from elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from schattor_theory import Schattor, schatten_norm
from schattor_theory.bounds.necessity import no_momentum_lower_bound
from synthetic.noise import NOISES
from synthetic.problems import PROBLEMS
from synthetic.seeds import Streams
from synthetic.simulate import simulate
from tests.joined import some
from tests.synthetic.noise.cases import CASES as NOISE_CASES
from tests.synthetic.noise.cases import Case as NoiseCase
from tests.synthetic.problems.cases import CASES as PROBLEM_CASES
from tests.synthetic.problems.cases import Case as ProblemCase

RATE = 1e-9


@pytest.mark.parametrize("case", some(NOISE_CASES, 2), ids=lambda case: case.label)
def test_every_noise_runs_and_a_longer_run_begins_like_a_shorter_one(case: NoiseCase) -> None:
    geometry = 2 if case.geometry is None else case.geometry
    optimizer = Schattor(geometry, step_size=0.01, momentum=0.9)
    noise, problem = case.build(), case.problem()
    options = {"seed": 1, "record": ("value",)}
    short, long = (simulate(problem, noise, optimizer, n_steps=n, repeats=2, **options) for n in (6, 20))
    assert long.is_ok.all()
    assert np.array_equal(short.records["value"], long.records["value"][:6])
    later = simulate(problem, noise, optimizer, n_steps=6, repeats=1, first_repeat=1, **options)
    assert later.records["value"][:, 0] == pytest.approx(short.records["value"][:, 1], rel=1e-12)


@pytest.mark.parametrize("case", some(PROBLEM_CASES, 2), ids=lambda case: case.label)
def test_every_problem_descends_without_noise(case: ProblemCase) -> None:
    problem, noise = case.build(), NOISES["none"].build(None, None)
    optimizer = Schattor(case.geometry, step_size=1e-3, momentum=0.0)
    run = simulate(problem, noise, optimizer, n_steps=30, repeats=1, seed=1)
    assert run.value_first == pytest.approx(problem.initial_gap + problem.lower_bound, rel=1e-12)
    assert (run.value_last < run.value_first).all()


@pytest.mark.parametrize("p", [2, pytest.param("inf", marks=pytest.mark.slow)])
def test_without_momentum_the_huber_world_stays_at_half_sigma(p) -> None:
    """T13c: a mean below the bound minus Hoeffding's half-width (runs lie in [0, σ/2]) has probability 1e-9."""
    sigma, n_steps, repeats = 1.5, 400, 200
    eta = n_steps**-0.5
    bound = no_momentum_lower_bound(sigma=sigma, smoothness=2.0, step_size=eta, n_steps=n_steps)
    options = {"smoothness": 2.0, "sigma": sigma, "step_size": eta, "n_steps": n_steps}
    problem = PROBLEMS["huber"].build((2, 2), p, **options)
    assert problem.initial_gap == pytest.approx(bound.constants["initial_gap"], rel=1e-12)
    assert problem.slope_cap == bound.constants["slope_cap"]
    noise = NOISES["gradient_sign"].build((2, 2), p, sigma=sigma)
    means = {
        momentum: simulate(
            problem, noise, Schattor(p, step_size=eta, momentum=momentum), n_steps=n_steps, repeats=repeats, seed=3
        ).stationarity_mean.mean()
        for momentum in (0.0, 0.9)
    }
    half = sigma / 2 * math.sqrt(math.log(1 / RATE) / (2 * repeats))
    assert means[0.0] >= bound.value - half
    assert means[0.9] < bound.value - half  # the twin: with momentum the same world is left behind


@pytest.mark.parametrize(
    ("n", "expected"),
    [(16, 0.8946), *(pytest.param(*row, marks=pytest.mark.slow) for row in ((64, 0.6757), (256, 0.3860)))],
)
def test_average_over_random_coordinates_has_the_known_nuclear_norm(n: int, expected: float) -> None:
    """d = 64: ``E‖average of n‖_1 = (d/n) E|R_Bin(n, 1/d)|``, R a simple random walk; Hoeffding on [0, 1] at 1e-9."""
    noise = NOISES["random_coordinates"].build((64, 64), "inf")
    repeats = 4000
    draws = noise.draw(Streams({"average": n}), n * repeats)
    z = np.zeros((repeats, 64))
    for k in range(n):
        part = {name: values[k::n] for name, values in draws.items()}
        matrices = noise.realise(part, None, None, np.zeros((repeats, 64, 64)))
        z += np.diagonal(matrices, axis1=-2, axis2=-1) / n
    half = math.sqrt(math.log(2 / RATE) / (2 * repeats))
    mean = np.abs(z).sum(axis=-1).mean()
    assert abs(mean - expected) <= half
    sweep = NOISES["coordinate_sweep"].build((64, 64), "inf")
    total = sweep.realise(sweep.draw(Streams(1), n), None, None, np.zeros((n, 64, 64))).mean(axis=0)
    assert abs(float(schatten_norm(total, 1)) - expected) > half  # the twin: a sweep averages nothing
