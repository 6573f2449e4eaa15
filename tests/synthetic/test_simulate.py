"""Simulation: what a run is a function of, what is recorded, and what happens to a run that fails."""

from __future__ import annotations

import importlib
import itertools
import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from schattor_theory import MomentumSchedule, PolynomialSchedule, ProductGeometry, Schattor, schatten_norm
from schattor_theory.errors import ParameterError, ShapeError, UnknownNameError
from synthetic.simulate import RECORDS, Snapshot, simulate
from synthetic.trajectory import Trajectory
from tests.synthetic.worlds import Bowl, NoNoise, SignNoise, Trouble

START = np.array([[0.0, 3.0], [-4.0, 0.0], [0.0, 0.0]])
OPT = Schattor(3, 0.1, 0.5)


def run(problem: Any = None, noise: Any = None, optimizer: Schattor = OPT, **options: Any) -> Trajectory:
    settings = {"n_steps": 12, "repeats": 3, "seed": 7} | options
    return simulate(problem or Bowl(START), noise or SignNoise(), optimizer, **settings)


def assert_same_runs(a: Trajectory, b: Trajectory, runs: slice, *, of: slice | None = None) -> None:
    """Require that ``runs`` of a are bit for bit the runs of b."""
    for f in fields(Trajectory):
        if f.name in ("n_steps", "block_stationarity_mean", "records", "tolerance"):
            continue
        np.testing.assert_array_equal(getattr(a, f.name)[runs], getattr(b, f.name)[of or slice(None)], err_msg=f.name)


def test_adding_repeats_changes_no_run() -> None:
    assert_same_runs(run(repeats=5), run(repeats=2), slice(0, 2))
    assert_same_runs(run(repeats=5), run(repeats=1), slice(0, 1))


def test_runs_in_blocks_are_the_runs_in_one() -> None:
    assert_same_runs(run(repeats=5), run(repeats=2, first_repeat=3), slice(3, 5))
    assert list(run(repeats=2, first_repeat=3).repeats) == [3, 4]


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    short, long = (run(n_steps=n, record=("stationarity", "value", "momentum_error")) for n in (20, 300))
    for name in ("stationarity", "value", "momentum_error"):
        np.testing.assert_array_equal(long.records[name][:20], short.records[name])


def test_size_of_the_drawn_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = run(n_steps=50)
    monkeypatch.setattr(importlib.import_module("synthetic.stepping"), "_DRAW_BYTES", 1)
    assert_same_runs(run(n_steps=50), usual, slice(None))


def test_seed_decides_the_runs_and_its_spelling_does_not() -> None:
    assert_same_runs(run(seed={"d": 2, "p": "inf"}), run(seed={"p": math.inf, "d": 2.0}), slice(None))
    assert (run(seed=1).stationarity_last != run(seed=2).stationarity_last).all()
    assert len(set(run(repeats=8).stationarity_mean)) == 8


def iterates(optimizer: Schattor, n_steps: int) -> list[np.ndarray]:
    """Return X_0 … X_K of the noiseless bowl, stepped by hand."""
    x, state, path = START, optimizer.init(START), [START]
    for _ in range(n_steps):
        x, state = optimizer.step(x, x, state)
        path.append(x)
    return path


@pytest.mark.parametrize(
    "optimizer",
    [
        OPT,
        Schattor("inf", PolynomialSchedule(0.5, 0.75), MomentumSchedule(0.5)),
        Schattor(2, 0.1, 0.9, "regularized", bias_correction=True, look_ahead="nesterov"),
    ],
)
@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_statistics_are_those_of_the_path(optimizer: Schattor, n_steps: int) -> None:
    path = iterates(optimizer, n_steps)
    found = run(noise=NoNoise(), optimizer=optimizer, n_steps=n_steps, repeats=2)
    stationarity = np.array([schatten_norm(x, optimizer.geometry.q) for x in path[:-1]])
    weights = np.array([optimizer.step_size_at(k) for k in range(n_steps)])
    for name, want in {
        "stationarity_mean": stationarity.mean(),
        "stationarity_squared_mean": (stationarity**2).mean(),
        "stationarity_weighted_mean": (weights * stationarity).sum() / weights.sum(),
        "stationarity_min": stationarity.min(),
        "stationarity_first": stationarity[0],
        "stationarity_second_half_mean": stationarity[n_steps // 2 :].mean(),
        "stationarity_last": stationarity[-1],
        "value_first": 12.5,
        "value_last": 0.5 * (path[-1] ** 2).sum(),
    }.items():
        np.testing.assert_allclose(getattr(found, name), [want] * 2, rtol=1e-12, err_msg=name)
    assert found.n_steps == n_steps
    assert list(found.status) == ["ok", "ok"]


def test_recorded_paths_are_the_steps() -> None:
    path = iterates(OPT, 6)
    found = run(noise=NoNoise(), n_steps=6, repeats=2, record=("value", "stationarity", "momentum_error"))
    np.testing.assert_array_equal(found.records["step"], range(6))
    for i in range(2):
        np.testing.assert_allclose(found.records["value"][:, i], [0.5 * (x**2).sum() for x in path[:-1]], rtol=1e-12)
        norms = schatten_norm(np.array(path[:-1]), 1.5)
        np.testing.assert_allclose(found.records["stationarity"][:, i], norms, rtol=1e-12)
    # e_k = M_k - ∇f(X_k); M_0 = G_0
    assert found.records["momentum_error"].shape == (6, 2)
    np.testing.assert_array_equal(found.records["momentum_error"][0], 0)
    m1 = 0.5 * path[0] + 0.5 * path[1]
    np.testing.assert_allclose(found.records["momentum_error"][1], schatten_norm(m1 - path[1], 1.5), rtol=1e-10)


@pytest.mark.slow
def test_recorded_paths_are_thinned_from_the_first_step_on() -> None:
    found = run(n_steps=2100, repeats=1, record=("stationarity",))
    steps = found.records["step"]
    assert steps[0] == 0
    assert set(np.diff(steps)) == {2}
    assert len(steps) == 1050
    assert found.records["stationarity"].shape == (len(steps), 1)


def test_a_record_asked_for_twice_is_kept_once() -> None:
    found = run(n_steps=4, record=("value", "value"))
    assert found.records["value"].shape == (4, 3)


def test_nothing_is_recorded_unless_asked_for() -> None:
    assert run().records == {}
    assert run().block_stationarity_mean == {}


BLOCKS = {"w": START, "b": np.array([[2.0], [0.0]])}


def test_blocks_have_their_own_stationarity() -> None:
    geometry = ProductGeometry({"w": 3, "b": 2}, {"w": 0.5}, "inf")
    opt = Schattor(geometry, 1e-12, 0)
    found = run(Bowl(BLOCKS), NoNoise(), opt, record=("block_stationarity",))
    want = {"w": float(schatten_norm(START, 1.5)), "b": 2.0}
    for b in want:
        np.testing.assert_allclose(found.block_stationarity_mean[b], want[b], rtol=1e-9)
    np.testing.assert_allclose(found.stationarity_mean, 0.5 * want["w"] + want["b"], rtol=1e-9)
    assert found.records["block_stationarity"].shape == (12, 3, 2)
    np.testing.assert_allclose(found.records["block_stationarity"][..., 1], 2.0, rtol=1e-9)
    assert set(found.to_columns()) >= {"block_w", "block_b"}


def test_observers_see_every_step_with_what_the_step_used() -> None:
    seen: list[Snapshot] = []
    run(n_steps=5, observers=[seen.append, lambda s: None])
    assert [s.k for s in seen] == list(range(5))
    for before, after in itertools.pairwise(seen):
        np.testing.assert_array_equal(before.next_params, after.params)
    first = seen[0]
    np.testing.assert_array_equal(first.params, np.broadcast_to(START, (3, 3, 2)))
    np.testing.assert_array_equal(first.gradient, first.params)
    np.testing.assert_array_equal(first.state.momentum, first.gradient + first.noise)
    assert set(np.unique(np.abs(first.noise))) == {0.1}


def test_signs_of_the_runs_differ() -> None:
    signs: list[np.ndarray] = []
    run(n_steps=20, repeats=8, observers=[lambda s: signs.append(np.sign(s.noise[:, 0, 0]))])
    assert len({tuple(column) for column in np.array(signs).T}) == 8


@pytest.mark.parametrize("n_steps", [5, 30])
def test_a_failing_run_has_a_status_and_no_statistics_and_the_others_go_on(n_steps: int) -> None:
    clean, found = run(noise=SignNoise(), n_steps=n_steps), run(noise=Trouble(at=3), n_steps=n_steps)
    assert list(found.status) == ["ok", "non_finite at step 3", "ok"]
    assert list(found.is_ok) == [True, False, True]
    for f in fields(Trajectory):
        values = getattr(found, f.name)
        if isinstance(values, np.ndarray) and values.dtype == float:
            assert np.isnan(values[1]), f.name
            np.testing.assert_array_equal(values[[0, 2]], getattr(clean, f.name)[[0, 2]], err_msg=f.name)


def test_a_diverging_run_is_a_status_and_no_warning() -> None:
    # the bowl under a step of 3: X is multiplied by -2 each step, until the objective and then X overflow
    found = run(noise=NoNoise(), optimizer=Schattor(2, 3.0, 0, "regularized"), n_steps=1100)
    assert all(s.startswith("non_finite at step 10") for s in found.status)
    assert np.isnan(found.stationarity_mean).all()
    assert not found.has_moved.any()


def test_recursive_momentum_is_given_the_same_sample_at_the_previous_point() -> None:
    opt = Schattor(3, 0.1, 0.9, recursive=True)
    errors = run(noise=NoNoise(), optimizer=opt, record=("momentum_error",)).records["momentum_error"]
    assert errors.max() < 1e-13  # without noise there is no error at all (T12)
    # additive noise that does not depend on X cancels: M_k - ∇f = (1 - θ)(M_{k-1} - ∇f) + θ Z_k
    noises: list[np.ndarray] = []
    observers = [lambda s: noises.append(s.noise)]
    noisy = run(noise=SignNoise(), optimizer=opt, record=("momentum_error",), observers=observers)
    e = noises[0]
    for k in range(1, 12):
        e = 0.9 * e + 0.1 * noises[k]
        np.testing.assert_allclose(noisy.records["momentum_error"][k], schatten_norm(e, 1.5), rtol=1e-9)


def test_worlds_are_not_written_to() -> None:
    start = START.copy()
    start.flags.writeable = False
    run(Bowl(start))
    np.testing.assert_array_equal(start, START)


@pytest.mark.parametrize("name", ["n_steps", "repeats", "first_repeat"])
def test_refuses_a_bad_count(name: str) -> None:
    least = 0 if name == "first_repeat" else 1
    for value in (least - 1, 2.0, "3", True, None):
        with pytest.raises(ParameterError) as caught:
            run(**{name: value})
        assert str(caught.value) == f"simulate: {name} must be an integer >= {least}, got {name}={value!r}."


def test_refuses_a_record_it_does_not_know() -> None:
    with pytest.raises(UnknownNameError) as caught:
        run(record=("values",))
    names = ", ".join(map(repr, RECORDS))
    assert str(caught.value) == f"simulate: record must be one of {names}, got record='values'. Did you mean 'value'?"


def test_refuses_blocks_of_a_run_without_blocks() -> None:
    with pytest.raises(ParameterError) as caught:
        run(record=("block_stationarity",))
    assert str(caught.value).startswith("simulate: record must leave out block_stationarity without a ProductGeometry")
    assert str(caught.value).endswith('Record "stationarity": a single matrix has no blocks.')


def test_refuses_a_start_that_does_not_fit_the_geometry() -> None:
    way_out = "A problem with a dict of blocks needs a ProductGeometry, a single matrix a Schatten geometry."
    for problem, optimizer, got in (
        (Bowl(BLOCKS), OPT, "['b', 'w']"),
        (Bowl(START), Schattor(ProductGeometry({"w": 2}), 0.1, 0), "(3, 2)"),
    ):
        with pytest.raises(ShapeError) as caught:
            run(problem, optimizer=optimizer)
        assert str(caught.value) == (
            f"simulate: problem must have a start that fits the optimizer's geometry, got problem={got}. {way_out}"
        )


def test_refuses_a_seed_without_a_canonical_form() -> None:
    with pytest.raises(ParameterError, match="canonical_json: value must be built of"):
        run(seed=object())
