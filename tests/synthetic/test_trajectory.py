"""Trajectory: what its columns say."""

from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest

from schattor_theory import Schattor
from synthetic.simulate import simulate
from synthetic.trajectory import Trajectory
from tests.synthetic.worlds import Bowl, NoNoise, SignNoise

STATISTICS = (
    "stationarity_mean",
    "stationarity_squared_mean",
    "stationarity_weighted_mean",
    "stationarity_min",
    "stationarity_first",
    "stationarity_second_half_mean",
    "stationarity_last",
)


def trajectory(step_size: float = 0.1, n_steps: int = 8) -> Trajectory:
    opt = Schattor(2, step_size, 0.5, "regularized")
    return simulate(Bowl(np.eye(2)), SignNoise(0.01), opt, n_steps=n_steps, repeats=3, seed=1, first_repeat=4)


def test_columns_are_one_row_a_run_with_the_names_of_the_results_table() -> None:
    found = trajectory()
    columns = found.to_columns()
    assert set(columns) == {"repeat", "n_steps", *STATISTICS, "value_first", "value_last", "status"}
    assert {len(values) for values in columns.values()} == {3}
    np.testing.assert_array_equal(columns["repeat"], [4, 5, 6])
    np.testing.assert_array_equal(columns["n_steps"], [8, 8, 8])
    for name in STATISTICS:
        assert columns[name] is getattr(found, name)


def test_inequalities_between_the_statistics() -> None:
    found = trajectory()
    assert (found.stationarity_min <= found.stationarity_mean).all()
    assert (found.stationarity_mean**2 <= found.stationarity_squared_mean * (1 + 1e-15)).all()
    assert (found.stationarity_min <= found.stationarity_last).all()
    np.testing.assert_allclose(found.stationarity_weighted_mean, found.stationarity_mean, rtol=1e-14)  # constant step


def test_has_moved_asks_for_a_third_of_the_first_stationarity() -> None:
    assert trajectory(step_size=0.9, n_steps=20).has_moved.all()
    assert not trajectory(step_size=1e-3, n_steps=20).has_moved.any()


def test_trajectory_is_frozen_and_made_by_name() -> None:
    found = trajectory()
    with pytest.raises(AttributeError):
        found.n_steps = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        Trajectory(*(getattr(found, f.name) for f in fields(Trajectory)))


def test_statistics_are_nan_when_every_step_size_is_zero_only_where_weights_are_needed() -> None:
    found = simulate(Bowl(np.eye(2)), NoNoise(), Schattor(2, 0.0, 0.5), n_steps=3, repeats=2, seed=0)
    assert np.isnan(found.stationarity_weighted_mean).all()
    np.testing.assert_allclose(found.stationarity_mean, np.sqrt(2), rtol=1e-15)
    assert found.is_ok.all()


def test_to_dict_is_everything_as_strict_json() -> None:
    opt = Schattor(2, 3.0, 0, "regularized")  # diverges
    found = simulate(Bowl(np.eye(2)), NoNoise(), opt, n_steps=1100, repeats=2, seed=1, record=("value",))
    text = json.dumps(found.to_dict(), allow_nan=False)
    record = json.loads(text)
    assert set(record) == {f.name for f in fields(Trajectory)}
    assert record["stationarity_mean"] == [None, None]
    assert record["records"]["value"][0] == [1.0, 1.0]
    assert "inf" in [row[0] for row in record["records"]["value"]]
    assert record["repeats"] == [0, 1]
    assert record["tolerance"] == found.tolerance
