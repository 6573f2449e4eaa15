"""Processes: the numbers of a run do not depend on them, and what happens in one is heard here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from schattor_theory import Schattor
from schattor_theory.errors import ParameterError
from synthetic import NOISES, PROBLEMS, simulate
from synthetic.processes import in_processes

SETTINGS: dict[str, Any] = {"n_steps": 6, "seed": 3, "record": ("stationarity", "value"), "first_repeat": 2}


def world(geometry: Any = 3, noise: str = "haar_signs") -> tuple[Any, Any]:
    problem = PROBLEMS["quadratic"].build((4, 4), geometry, smoothness=1.0, initial_gap=0.5)
    return problem, NOISES[noise].build((4, 4), geometry, sigma=1.0)


@pytest.mark.slow
@pytest.mark.parametrize(("repeats", "processes"), [(7, 2), (3, 3), (1, 2), (2, 5)])
def test_processes_change_no_bit(repeats: int, processes: int) -> None:
    # a schedule that is a lambda, as a user writes it, goes to the processes too
    optimizer = Schattor("inf", lambda k: 0.02 / (k + 1), 0.9)
    usual = simulate(*world("inf"), optimizer, **SETTINGS, repeats=repeats)
    shared = simulate(*world("inf"), optimizer, **SETTINGS, repeats=repeats, processes=processes)
    assert shared.to_dict() == usual.to_dict()
    assert shared.repeats.tolist() == list(range(2, 2 + repeats))


@pytest.mark.slow
def test_work_is_done_in_other_processes_and_comes_back_in_order() -> None:
    found = in_processes(lambda part: (part, os.getpid()), [3, 1, 2])
    assert [part for part, _ in found] == [3, 1, 2]
    assert os.getpid() not in {pid for _, pid in found}


@pytest.mark.slow
def test_a_class_of_no_module_and_its_error_pass_between_the_processes() -> None:
    problem, noise = world()

    @dataclass(frozen=True)
    class Failing:
        start: np.ndarray

        def value(self, x: np.ndarray) -> np.ndarray:
            return np.zeros(len(x))

        def gradient(self, x: np.ndarray) -> np.ndarray:
            raise RuntimeError(f"no gradient of {len(x)} runs")

    with pytest.raises(RuntimeError, match="no gradient of 2 runs"):
        simulate(Failing(problem.start), noise, Schattor(3, 0.02, 0.9), **SETTINGS, repeats=4, processes=2)


def test_observers_keep_the_runs_in_this_process() -> None:
    pids: list[int] = []
    optimizer = Schattor(3, 0.02, 0.9)
    simulate(*world(), optimizer, **SETTINGS, repeats=4, processes=2, observers=[lambda now: pids.append(os.getpid())])
    assert pids == [os.getpid()] * 6


@pytest.mark.parametrize("processes", [0, 1.5, None])
def test_refuses_a_number_of_processes_that_is_none(processes: Any) -> None:
    with pytest.raises(ParameterError, match=r"^simulate: processes must be an integer >= 1, got processes="):
        simulate(*world(), Schattor(3, 0.02, 0.9), **SETTINGS, repeats=1, processes=processes)
