"""Stacks, threads and chunks: the numbers of a run do not depend on them, and a failure in one ends the others."""

from __future__ import annotations

import importlib
import itertools
import signal
import threading
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import threadpoolctl

from schattor_theory import ProductGeometry, SchattenGeometry, Schattor
from schattor_theory.errors import ParameterError
from synthetic import NOISES, PROBLEMS, simulate
from synthetic.simulate import TOLERANCE
from synthetic.stepping import Snapshot, StoppedError, step_runs
from synthetic.threads import even_parts, in_threads, one_blas_thread
from synthetic.trajectory import Trajectory

SIMULATE = importlib.import_module("synthetic.simulate")
RECORD = ("stationarity", "value", "momentum_error")


def assert_equal_bits(a: Trajectory, b: Trajectory) -> None:
    for f in fields(Trajectory):
        if f.name in ("block_stationarity_mean", "records"):
            one, other = getattr(a, f.name), getattr(b, f.name)
            assert list(one) == list(other)
            for name in one:
                np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        elif f.name not in ("n_steps", "tolerance"):
            np.testing.assert_array_equal(getattr(a, f.name), getattr(b, f.name), err_msg=f.name)


def world(shape: Any, geometry: Any, noise: str, **options: Any) -> tuple[Any, Any, Schattor]:
    rng = np.random.default_rng(5)
    problem = PROBLEMS["quadratic"].build(shape, geometry, smoothness=1.0, initial_gap=0.5, rng=rng, **options)
    return problem, NOISES[noise].build(shape, geometry, sigma=1.0, rng=rng), Schattor(geometry, 0.02, 0.9)


@pytest.mark.parametrize(
    ("shape", "p", "noise", "options"),
    [
        ((8, 8), "inf", "haar_signs", {}),
        ((5, 3), 3, "haar_signs", {"rotated": True, "left": "power", "start": "gaussian"}),
        ((16, 16), 1.5, "gaussian", {"rotated": True, "left": "power", "right": "power"}),
        ((1, 6), "inf", "haar_signs", {"start": "gaussian"}),
        ((33, 17), 4, "haar_signs", {"left": "spike", "rotated": True}),
        ((12, 12), 3, "haar_signs", {"start": "gaussian"}),
        ((20, 40), "inf", "gaussian", {"start": "gaussian", "rotated": True}),
        pytest.param((70, 70), "inf", "haar_signs", {"start": "gaussian"}, marks=pytest.mark.slow),
        ((4, 4), 1, "random_coordinates", {}),
    ],
)
@pytest.mark.parametrize("n_bytes", [1, 2000, pytest.param(10**9, marks=pytest.mark.slow)])
def test_how_the_runs_are_stacked_changes_no_bit(
    monkeypatch: pytest.MonkeyPatch, shape: Any, p: Any, noise: str, options: dict, n_bytes: int
) -> None:
    args = world(shape, p, noise, **options)
    settings: dict[str, Any] = {"n_steps": 12, "repeats": 7, "seed": 3, "record": RECORD, "first_repeat": 2}
    usual = simulate(*args, **settings)
    monkeypatch.setattr(SIMULATE, "_STACK_BYTES", n_bytes)
    assert_equal_bits(simulate(*args, **settings), usual)


@pytest.mark.parametrize("p", ["inf", 3])
def test_how_the_runs_of_the_regularised_oracle_are_stacked_changes_no_bit(
    monkeypatch: pytest.MonkeyPatch, p: Any
) -> None:
    problem, noise, _ = world((10, 10), p, "haar_signs", start="gaussian")
    optimizer = Schattor(p, 0.02, 0.9, "regularized", look_ahead="nesterov", weight_decay=0.1)
    settings: dict[str, Any] = {"n_steps": 12, "repeats": 7, "seed": 3, "record": RECORD}
    usual = simulate(problem, noise, optimizer, **settings)
    monkeypatch.setattr(SIMULATE, "_STACK_BYTES", 1)
    assert_equal_bits(simulate(problem, noise, optimizer, **settings), usual)


@pytest.mark.parametrize("threads", [2, 3, pytest.param(16, marks=pytest.mark.slow)])
def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(SIMULATE, "_LEAST_BYTES", 1)  # else such small stacks are left whole
    for args in (world((8, 8), "inf", "haar_signs"), world((6, 4), 3, "fixed_signs", rotated=True, start="gaussian")):
        settings: dict[str, Any] = {"n_steps": 20, "repeats": 9, "seed": 3, "record": RECORD}
        assert_equal_bits(simulate(*args, **settings, threads=threads), simulate(*args, **settings))


def test_threads_change_no_bit_of_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SIMULATE, "_LEAST_BYTES", 1)
    geometry = ProductGeometry({"w": 3, "b": 2}, {"w": 0.5}, "inf")
    shape = {"w": (4, 3), "b": (4, 1)}
    args = (
        PROBLEMS["separable"].build(shape, geometry, smoothness=1.0, initial_gap=0.5),
        NOISES["haar_signs"].build(shape, geometry, sigma=1.0),
        Schattor(geometry, 0.02, 0.9),
    )
    settings: dict[str, Any] = {"n_steps": 20, "repeats": 5, "seed": 3, "record": ("block_stationarity",)}
    assert_equal_bits(simulate(*args, **settings, threads=2), simulate(*args, **settings))


@pytest.mark.parametrize(
    ("repeats", "sizes"), [(16, [16]), (128, [64, 64]), (200, [100, 100]), (2000, [667, 667, 666])]
)
def test_small_stacks_are_left_whole_and_large_ones_are_cut(
    monkeypatch: pytest.MonkeyPatch, repeats: int, sizes: list[int]
) -> None:
    found: list[range] = []

    def first_only(work: Any, parts: Any, threads: int) -> list[Trajectory]:
        found.extend(parts)
        return [work(parts[0], bool)]

    monkeypatch.setattr(SIMULATE, "in_threads", first_only)
    simulate(*world((8, 8), 2, "fixed_signs"), n_steps=1, repeats=repeats, seed=1, threads=3 if repeats > 200 else 2)
    assert [len(part) for part in found] == sizes


def test_the_comparison_of_bits_sees_one_changed_bit() -> None:
    args = world((4, 4), 3, "haar_signs")
    a, b = (simulate(*args, n_steps=5, repeats=3, seed=1, record="value") for _ in range(2))
    b.records["value"][-1, 0] = np.nextafter(b.records["value"][-1, 0], np.inf)
    with pytest.raises(AssertionError, match="value"):
        assert_equal_bits(a, b)


def test_observers_see_all_runs_as_one_stack() -> None:
    seen: list[Snapshot] = []
    simulate(*world((8, 8), "inf", "haar_signs"), n_steps=3, repeats=5, seed=1, threads=4, observers=[seen.append])
    assert [(s.k, s.params.shape[0]) for s in seen] == [(0, 5), (1, 5), (2, 5)]


@pytest.mark.parametrize("threads", [0, 1.5, None])
def test_refuses_a_number_of_threads_that_is_none(threads: Any) -> None:
    with pytest.raises(ParameterError, match=r"^simulate: threads must be an integer >= 1, got threads="):
        simulate(*world((2, 2), 2, "haar_signs"), n_steps=1, repeats=1, seed=1, threads=threads)


def test_a_run_of_the_simulation_has_one_blas_thread_and_gives_the_others_back() -> None:
    def n_threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = n_threads()
        assert max(before) == 2
        with one_blas_thread():
            assert set(n_threads()) == {1}
        assert n_threads() == before


def test_even_parts_cover_all_items_in_order() -> None:
    for n, size, multiple in itertools.product((1, 2, 7, 100), (1, 3, 7, 1000), (1, 2, 5)):
        case = f"n = {n}, size = {size}, multiple = {multiple}"
        parts = even_parts(range(10, 10 + n), size, multiple)
        assert [i for part in parts for i in part] == list(range(10, 10 + n)), case
        lengths = {len(part) for part in parts}
        assert max(lengths) <= size, case
        assert min(lengths) >= max(1, max(lengths) - 1), case
        assert len(parts) == n or len(parts) % multiple == 0, case


def test_a_failure_in_one_thread_stops_the_others_and_is_raised() -> None:
    has_stopped = threading.Event()

    def work(part: int, is_stopped: Any) -> int:
        if part == 1:
            raise ZeroDivisionError("part 1")
        for _ in range(10_000):
            if is_stopped():
                has_stopped.set()
                return part
            threading.Event().wait(0.001)
        return part

    with pytest.raises(ZeroDivisionError, match="part 1"):
        in_threads(work, [0, 1], 2)
    assert has_stopped.is_set()
    assert in_threads(lambda part, _: part, [3, 1, 2], 2) == [3, 1, 2]


def test_ctrl_c_stops_every_thread() -> None:
    stopped: list[int] = []
    begun: set[int] = set()

    def work(part: int, is_stopped: Any) -> int:
        begun.add(part)
        if part == 0:
            threading.Event().wait(0.1)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # as a terminal does
        for _ in range(10_000):
            if is_stopped():
                stopped.append(part)
                return part
            threading.Event().wait(0.001)
        return part

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            in_threads(work, [0, 1, 2, 3], 2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(stopped) == sorted(begun)
    assert 0 in begun
    assert not {2, 3} & begun  # they wait for the first two


def test_stepping_ends_between_two_steps_when_it_is_told_to() -> None:
    asked: list[bool] = []

    def is_stopped() -> bool:
        asked.append(True)
        return len(asked) > 3

    problem, noise, optimizer = world((2, 2), 2, "haar_signs")
    with pytest.raises(StoppedError, match=r"^step_runs: given up before step 3\.$"):
        step_runs(problem, noise, optimizer, n_steps=9, seed=1, repeats=range(2), is_stopped=is_stopped)


def test_the_tolerance_is_that_of_the_geometry_or_else_of_the_run() -> None:
    problem, noise, _ = world((8, 8), 3, "haar_signs")
    own = Schattor(SchattenGeometry(3, tolerance=1e-9), 0.02, 0.9)
    by_svd = Schattor(SchattenGeometry(3, method="svd"), 0.02, 0.9)
    settings: dict[str, Any] = {"n_steps": 3, "repeats": 2, "seed": 3}
    assert simulate(problem, noise, own, **settings).tolerance == 1e-9
    assert simulate(problem, noise, by_svd, **settings).tolerance is None
    usual = Schattor(3, 0.02, 0.9)
    assert simulate(problem, noise, usual, **settings, threads=2).tolerance == TOLERANCE
    assert simulate(problem, noise, usual, **settings, tolerance=None).tolerance is None


@pytest.mark.parametrize("p", ["inf", 3, 1.5])
def test_the_tolerance_costs_no_more_than_it_says(p: object) -> None:
    """One step: stationarity to TOLERANCE relative, directions to TOLERANCE, both beyond rounding."""
    problem, noise, _ = world((16, 16), p, "haar_signs", start="gaussian")
    seen: list[Snapshot] = []
    for optimizer in (Schattor(p, 0.02, 0.9), Schattor(SchattenGeometry(p, method="svd"), 0.02, 0.9)):
        simulate(problem, noise, optimizer, n_steps=1, repeats=20, seed=3, observers=[seen.append])
    fast, exact = (s.params - s.next_params for s in seen)
    error = np.linalg.norm((fast - exact) / 0.02, axis=(-2, -1))
    assert error.max() <= TOLERANCE + 1e3 * 16 * np.finfo(float).eps  # the condition of these matrices is below 1e3
