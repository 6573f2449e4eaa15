"""A small study and a stand-in for running a cell: values known in closed form, computed in no time."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.scaling.plan import Cell, Study
from proofs_checks.scaling.study_file import read_study
from synthetic.seeds import Streams

TEXT = """
[study]
name = "small"
block_size = 4
[[arm]]
name = "main"
p = [2, inf]
dimension = [4, 8, 16, 32]
horizon = 50
noise = "fixed_signs"
problem = "quadratic"
tuning = "theory"
repeats = 8
[[expect]]
arm = "main"
p = 2
equals = 0
margin = 0.02
"""

EXPONENT = {"2": 0.0, "inf": 0.5}


def known_columns(cell: Cell) -> dict[str, object]:
    """Return the columns of a cell whose stationarity is ``0.2 d^exponent``: 0 at p = 2, 1/2 at p = inf."""
    repeats = range(cell.first_repeat, cell.first_repeat + cell.block_size)
    spread = np.array([Streams(cell.axes, repeat).generator("signs").standard_normal() for repeat in repeats])
    d = float(cell.point["dimension"])
    mean = 0.2 * d ** EXPONENT[str(cell.point["p"])] * np.exp(0.005 * spread)
    return {
        "stationarity_mean": mean,
        "stationarity_squared_mean": mean**2,
        "stationarity_weighted_mean": mean,
        "stationarity_min": mean / 2,
        "stationarity_first": 10 * mean,
        "stationarity_second_half_mean": mean / 2,
        "stationarity_last": mean / 2,
        "status": ["ok"] * cell.block_size,
        "bound": 2.0,
        "bound_statistic": "stationarity_mean",
        "bound_status": "applicable",
        "constants": "exact",
        "moment_order": 2.0,
    }


@pytest.fixture
def text() -> str:
    return TEXT


@pytest.fixture
def study() -> Study:
    return read_study(TEXT, "small.toml")


@pytest.fixture
def work():
    return known_columns
