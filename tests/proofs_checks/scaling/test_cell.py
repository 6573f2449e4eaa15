"""One cell on real worlds: what is held fixed is checked, and the numbers depend on the axes and the repeat alone."""

from __future__ import annotations

import importlib
import math
from dataclasses import replace

import numpy as np
import pytest
import threadpoolctl

from proofs_checks.evidence import Verdict
from proofs_checks.scaling.columns import rows_of
from proofs_checks.scaling.compare import compare_with_bound
from proofs_checks.scaling.estimated import sigma_at
from proofs_checks.scaling.plan import Cell
from proofs_checks.scaling.series import points_of
from proofs_checks.scaling.study_file import read_study
from proofs_checks.scaling.tuning import best_step_size, regularized_tuning
from proofs_checks.scaling.work import run_cell
from proofs_checks.scaling.world import build_world, geometry_of
from schattor_theory.arrays import array_namespace
from schattor_theory.assumptions import MomentShape
from schattor_theory.bounds.regularized import regularized_bound
from schattor_theory.bounds.tuning import tuned
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import ProductGeometry
from synthetic import PROBLEMS, Streams
from synthetic.devices import Device
from synthetic.noise.minibatch import minibatch_covariance_sigma
from synthetic.seeds import host_generator


@pytest.fixture(autouse=True)
def one_blas_thread():
    """Run cells as a worker does."""
    with threadpoolctl.threadpool_limits(1):
        yield


def cells(arm: str, block_size: int = 4) -> list[Cell]:
    defaults = {
        "p": "inf", "dimension": "4", "horizon": "60", "noise": '"fixed_signs"', "problem": '"quadratic"',
        "tuning": '"theory"', "repeats": str(block_size),
    }  # fmt: skip
    given = {line.split("=")[0].strip(): line.split("=", 1)[1].strip() for line in arm.strip().splitlines()}
    lines = "\n".join(f"{key} = {value}" for key, value in (defaults | given).items())
    return read_study(f'[study]\nname = "s"\nblock_size = {block_size}\n[[arm]]\nname = "a"\n{lines}\n').cells()


def test_a_cell_gives_one_value_a_repeat_and_a_bound_above_their_mean() -> None:
    columns = run_cell(cells("")[0])
    assert np.asarray(columns["stationarity_mean"]).shape == (4,)
    assert set(columns["status"]) == {"ok"}
    assert columns["bound_statistic"] == "stationarity_mean"
    assert np.mean(columns["stationarity_mean"]) < columns["bound"]
    best = tuned(0.5, 1.0, 1.0, 60)
    assert columns["bound"] == pytest.approx(best.bound.value, rel=1e-12)
    assert columns["step_size"] == best.step_size


def test_runs_depend_on_the_repeat_and_not_on_how_repeats_are_cut_into_blocks() -> None:
    whole = run_cell(cells("", 8)[0])
    parts = [run_cell(cell) for cell in cells("repeats = 8", 4)]
    for name in ("stationarity_mean", "stationarity_last", "value_last"):
        assert np.array_equal(np.concatenate([part[name] for part in parts]), whole[name])
    assert len(set(whole["stationarity_last"])) == 8


@pytest.mark.slow
def test_threads_within_a_cell_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("synthetic.simulate"), "_LEAST_BYTES", 1)
    (cell,) = cells('tuning = "empirical"\ndimension = 8')
    one, three = run_cell(cell), run_cell(cell, "cpu", 3)
    assert set(one) == set(three)
    for name in one:
        np.testing.assert_array_equal(one[name], three[name], err_msg=name)


def test_a_cell_runs_on_a_device_or_says_why_not() -> None:
    namespace = array_namespace(np.zeros(1))
    device = Device(namespace, host_generator(np.asarray, namespace))
    found = run_cell(cells("")[0], device)
    assert set(found["status"]) == {"ok"}
    assert not set(found["stationarity_mean"]) & set(run_cell(cells("")[0])["stationarity_mean"])
    with pytest.raises(ParameterError, match=r"^simulate: noise must be one that runs on a device"):
        run_cell(cells('noise = "coordinate_sweep"')[0], device)


@pytest.mark.parametrize("p", ["2", "3", "4", "inf"])
def test_the_geometry_arm_holds_frobenius_constants_and_knows_its_own(p: str) -> None:
    (cell,) = cells(f'p = "{p}"\nfixed = {{ geometry = 2 }}\ndimension = 16')
    world = build_world(cell)
    exponent, q = geometry_of(cell).p, geometry_of(cell).q
    assert world.smoothness == pytest.approx(16 ** max(0.0, 1 - 2 / exponent), rel=1e-12)
    assert world.shape.sigma == pytest.approx(16 ** (1 / q - 0.5), rel=1e-12)
    assert world.problem.smoothness(2) == pytest.approx(1.0, rel=1e-12)


def test_a_cell_whose_assumption_says_nothing_is_not_applicable_and_never_an_exception() -> None:
    columns = run_cell(cells('p = "4/3"')[0])
    assert columns["bound_status"] == "not_applicable"
    assert columns["status"].startswith("not_applicable: ")
    assert columns["bound_reason"]
    (point,) = points_of(rows_of(cells('p = "4/3"')[0], columns))
    (comparison,) = compare_with_bound([point])
    assert comparison.verdict is Verdict.NOT_APPLICABLE


def test_sigma_is_that_of_the_assumption_and_not_of_another() -> None:
    """Fresh Haar signs: at p = inf the covariance's sigma is sqrt(m) times smaller for the same moment."""
    held = [build_world(cells(f'noise = "haar_signs"\ndimension = 16\nassumption = "{a}"')[0]) for a in
            ("moment", "covariance")]  # fmt: skip
    sigmas = [world.noise.moment_sigma(math.inf, 2) for world in held]
    assert sigmas[0] == pytest.approx(1.0, rel=1e-12)
    assert held[1].noise.covariance_sigma(math.inf) == pytest.approx(1.0, rel=1e-12)
    assert held[0].shape.moment_order == 1.0
    assert held[1].shape.moment_order == 2.0


def test_an_assumption_that_the_noise_does_not_satisfy_is_refused_where_it_is_held() -> None:
    noise = '{ name = "fixed_signs", tail = "pareto", tail_index = 1.8 }'
    (cell,) = cells(f"noise = {noise}\nfixed = {{ moment_order = 1.5 }}")
    with pytest.raises(ParameterError, match=r"sigma must be 1 in the method's own geometry, got sigma=None"):
        build_world(cell)


OWN = """
from synthetic import NOISES, PROBLEMS

def problem(shape, geometry, *, smoothness, initial_gap, rng, lie=1.0):
    return PROBLEMS["quadratic"].build(shape, geometry, smoothness=lie * smoothness, initial_gap=initial_gap, rng=rng)

def noise(shape, geometry, **options):
    return NOISES["fixed_signs"].build(shape, geometry, **options)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_world.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("own")
def test_a_world_of_ones_own_is_built_and_its_constants_are_measured() -> None:
    own = run_cell(cells('problem = "own_world:problem"\nnoise = "own_world:noise"')[0])
    assert np.mean(own["stationarity_mean"]) < own["bound"]
    (cell,) = cells('problem = { name = "own_world:problem", lie = 1.001 }')
    with pytest.raises(ParameterError, match=r"smoothness must be 1 in the method's own geometry, got .*=1\.00"):
        run_cell(cell)


def test_the_empirical_step_size_is_chosen_on_other_seeds(monkeypatch) -> None:
    seeds = []
    from proofs_checks.scaling import cell as module

    simulate = module.simulate

    def watched(*arguments, **options):
        seeds.append(options["seed"])
        return simulate(*arguments, **options)

    monkeypatch.setattr(module, "simulate", watched)
    (cell,) = cells('tuning = "empirical"\ngrid = [0.5, 1.0, 2.0]')
    columns = run_cell(cell)
    theory = tuned(0.5, 1.0, 1.0, 60).step_size
    assert columns["step_size"] / theory in (0.5, 1.0, 2.0)
    assert len(seeds) == 4
    assert all(seed == {"pilot": cell.axes} for seed in seeds[:3])
    assert seeds[3] == cell.axes


def test_the_best_step_size_is_the_least_finite_one_of_the_grid() -> None:
    (cell,) = cells('tuning = "empirical"\ngrid = [1.0, 2.0, 4.0, 8.0]')
    assert best_step_size(cell, 1.0, lambda eta: np.array([math.nan if eta > 4 else (eta - 2) ** 2])) == 2.0
    with pytest.raises(ParameterError, match="grid must hold a step size with finite runs"):
        best_step_size(cell, 1.0, lambda eta: np.array([math.nan]))


def test_the_regularised_oracle_is_tuned_by_its_own_bound_and_compared_with_squares() -> None:
    columns = run_cell(cells('oracle = "regularized"\nhorizon = 400')[0])
    assert columns["bound_statistic"] == "stationarity_squared_mean"
    assert np.mean(columns["stationarity_squared_mean"]) < columns["bound"]
    shape = MomentShape(constant=1.0, moment_order=2.0, sigma=1.0)
    eta, momentum = regularized_tuning(0.5, 1.0, shape, 400)

    def bound(eta: float, momentum: float) -> float:
        found = regularized_bound(
            initial_gap=0.5, smoothness=1.0, shape=shape, step_size=eta, momentum=momentum, n_steps=400
        )
        return found.value

    best = bound(eta, momentum)
    theta = 1 - momentum
    assert all(best <= bound(eta * a, 1 - theta * b) for a in (0.9, 1.0, 1.1) for b in (0.9, 1.0, 1.1))


@pytest.mark.parametrize("balance", ["1", "2", "inf"])
def test_blocks_hold_the_constants_of_their_product_geometry(balance: str) -> None:
    found = cells(
        f'problem = "separable"\nblocks = [1, 4, 9]\nbalance = "{balance}"\nradii_spread = 1e4\ndimension = 3\n'
        'assumption = "moment"'
    )
    for cell in found:
        world = build_world(cell)
        assert world.smoothness == pytest.approx(1.0, rel=1e-9)
        assert world.initial_gap == pytest.approx(0.5, rel=1e-9)
        assert world.shape.scale == pytest.approx(1.0, rel=1e-9)
    radii = list(geometry_of(found[-1]).radii.values())
    assert radii[-1] / radii[0] == pytest.approx(1e4)
    columns = run_cell(found[1])
    assert np.shape(columns["block_stationarity"]) == (4, 4)
    assert np.mean(columns["stationarity_mean"]) < columns["bound"]


def test_real_data_has_estimated_constants_with_intervals_and_a_start_for_each_repeat() -> None:
    (cell,) = cells(
        'problem = { name = "digits_network", n_samples = 64 }\nwidth = 4\nhorizon = 20\nconstants = "estimated"\n'
        'noise = { name = "minibatch", batch_size = 8, n_samples = 64 }',
        3,
    )
    columns = run_cell(cell)
    assert columns["constants"] == "estimated"
    assert 0 < columns["smoothness_low"] <= columns["smoothness"]
    assert 0 < columns["sigma_low"] <= columns["sigma"]
    assert len(set(columns["value_first"])) == 3
    assert len(columns["bound"]) == 3
    again = run_cell(replace(cell, block=1))
    assert not set(again["value_first"]) & set(columns["value_first"])


@pytest.mark.parametrize("p", ["2", "4", "inf"])
def test_sigma_of_real_data_is_that_of_the_catalogue_on_the_better_side(p: str) -> None:
    rng = Streams("sigma").generator("start")
    problem = PROBLEMS["digits_network"].build(None, None, smoothness=None, initial_gap=None, rng=rng, width=6,
                                               n_samples=70)  # fmt: skip
    geometry = ProductGeometry(dict.fromkeys(problem.start, p), balance=2)
    sides = [
        minibatch_covariance_sigma(problem, problem.start, geometry, batch_size=8, side=side)
        for side in ("left", "right")
    ]
    better = {b: sides[x.shape[-1] <= x.shape[-2]][b] for b, x in problem.start.items()}
    expected = np.linalg.norm(list(better.values()))
    assert sigma_at(problem, 8, problem.start, geometry) == pytest.approx(expected, rel=1e-6)
