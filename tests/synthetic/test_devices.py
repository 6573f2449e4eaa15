"""Runs on a device: same numbers in every library, nothing of a step leaves the device, and what is refused."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
import pytest

from schattor_theory import ProductGeometry, Schattor
from schattor_theory.arrays import array_namespace, cuda_namespace
from schattor_theory.errors import MissingExtraError, ParameterError, UnknownNameError
from schattor_theory.geometry import DiagonalGeometry
from synthetic import NOISES, PROBLEMS, simulate
from synthetic.devices import Device, as_like, device_named
from synthetic.noise.record import signs_of
from synthetic.seeds import DeviceStreams, host_generator
from synthetic.trajectory import Trajectory
from tests.conftest import LIBRARIES
from tests.drivers import CASES, StandIn
from tests.joined import some

SHAPE = (5, 4)
RECORD = ("stationarity", "value", "momentum_error")
WORLDS = [
    ("haar_signs", {}),
    ("haar_signs", {"weights": "power"}),
    ("haar_signs", {"weights": "one_hot", "tail": "two_point"}),
    ("fixed_signs", {"tail": "pareto", "tail_index": 3.0}),
    ("fixed_signs", {"rotated": True}),
    ("gaussian", {"rotated": True, "rows": "power"}),
    ("random_coordinates", {"weights": "one_hot"}),
    ("random_coordinates", {"weights": [0.5, 0.0, 1.5, 1.0]}),
    ("none", {"sigma": 0.0}),
]


def stand_in(library: str) -> Device:
    """Return a device of an array library whose random numbers are drawn on the host."""
    array = LIBRARIES[library]().array
    namespace = array_namespace(array(np.zeros(1)))
    place = getattr(array(np.zeros(1)), "device", None) if library.startswith("array-api-strict") else None
    return Device(namespace, host_generator(array, namespace), place)


def world(noise: str = "haar_signs", p: object = "inf", **options: Any) -> tuple[Any, Any, Schattor]:
    rng = np.random.default_rng(3)
    options = {"sigma": 1.0} | options
    rotated = {"left": "power", "rotated": True, "rng": rng}
    problem = PROBLEMS["quadratic"].build(SHAPE, p, smoothness=1.0, initial_gap=0.5, **rotated)
    return problem, NOISES[noise].build(SHAPE, p, rng=rng, **options), Schattor(p, 0.05, 0.9)


def run(device: Any, args: Any = None, **settings: Any) -> Trajectory:
    return simulate(*(args or world()), **{"n_steps": 70, "repeats": 3, "seed": 1, "record": RECORD} | settings,
                    device=device)  # fmt: skip


@pytest.mark.parametrize(("noise", "options"), WORLDS)
@pytest.mark.parametrize("p", some(["inf", 3, 1.5], 3))
def test_every_library_gives_the_same_runs(p: object, noise: str, options: dict[str, Any]) -> None:
    args = world(noise, p, **options)
    # few steps: without noise the polar factor turns over at singular values near zero, and then follows rounding
    libraries = ("numpy", "array-api-strict-device1", "torch")
    numpy, strict, torch = (run(stand_in(name), args, n_steps=6) for name in libraries)
    for found in (strict, torch):
        assert list(found.status) == ["ok"] * 3
        for name in (*RECORD, "step"):
            np.testing.assert_allclose(found.records[name], numpy.records[name], rtol=1e-9, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(found.value_last, numpy.value_last, rtol=1e-9)


@pytest.mark.parametrize("noise", ["haar_signs", "fixed_signs", "gaussian"])
def test_blocks_run_on_a_device(noise: str) -> None:
    geometry = ProductGeometry({"w": 3, "b": 2}, {"w": 0.5}, "inf")
    shapes = {"w": (4, 3), "b": (4, 1)}
    args = (
        PROBLEMS["separable"].build(shapes, geometry, smoothness=1.0, initial_gap=0.5),
        NOISES[noise].build(shapes, geometry, sigma=1.0),
        Schattor(geometry, 0.02, 0.9),
    )
    options = {"record": ("block_stationarity",), "n_steps": 6}
    strict, torch = (run(stand_in(name), args, **options) for name in ("array-api-strict-device1", "torch"))
    path = strict.records["block_stationarity"]
    assert path.shape == (6, 3, 2)
    np.testing.assert_allclose(torch.records["block_stationarity"], path, rtol=1e-9)


@pytest.mark.parametrize("rotated", [False, True])
def test_the_saturating_problem_runs_on_a_device(rotated: bool) -> None:
    rng = np.random.default_rng(3)
    problem = PROBLEMS["saturating"].build(SHAPE, 3, smoothness=1.0, initial_gap=0.25, rotated=rotated, rng=rng)
    args = (problem, NOISES["fixed_signs"].build(SHAPE, 3, sigma=1.0), Schattor(3, 0.05, 0.9))
    strict, torch = (run(stand_in(name), args, n_steps=6) for name in ("array-api-strict-device1", "torch"))
    for name in RECORD:
        np.testing.assert_allclose(torch.records[name], strict.records[name], rtol=1e-9, atol=1e-12)


def test_diagonals_run_on_a_device() -> None:
    problem = PROBLEMS["commuting"].build((6, 6), 3, smoothness=1.0, initial_gap=0.5)
    optimizer = Schattor(DiagonalGeometry(3), 0.02, 0.9)
    for noise in ("gaussian", "none"):
        law = NOISES[noise].build(problem.start.shape, 3, sigma=float(noise == "gaussian"))
        strict, torch = (
            run(stand_in(name), (problem, law, optimizer), n_steps=6) for name in ("array-api-strict-device1", "torch")
        )
        for name in RECORD:
            np.testing.assert_allclose(torch.records[name], strict.records[name], rtol=1e-9, atol=1e-12)


def test_runs_differ_and_belong_to_their_seed() -> None:
    device = stand_in("numpy")
    one = run(device)
    np.testing.assert_array_equal(run(device, seed="1").stationarity_mean, one.stationarity_mean)
    assert len(set(one.stationarity_mean)) == 3
    for other in (run(device, seed=2), run(device, first_repeat=3)):
        assert not set(other.stationarity_mean) & set(one.stationarity_mean)


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    device = stand_in("numpy")
    short, long = run(device, n_steps=65), run(device, n_steps=200)
    for name in RECORD:
        np.testing.assert_array_equal(long.records[name][:65], short.records[name])


def test_the_noise_has_the_law_that_it_has_on_the_host() -> None:
    """One mean of squares in 400 runs of 64 steps: E‖Z‖_F² is exact for each law, and the draws are bounded."""
    problem, noise, optimizer = world("haar_signs", weights="power")
    total = []
    simulate(problem, noise, optimizer, n_steps=64, repeats=50, seed=4, device=stand_in("numpy"),
             observers=[lambda s: total.append((s.noise**2).sum(axis=(-2, -1)))])  # fmt: skip
    np.testing.assert_allclose(np.array(total), np.sum(noise.levels**2), rtol=1e-12)


@pytest.mark.parametrize(("noise", "options"), WORLDS)
def test_no_step_moves_anything_to_or_from_the_device(
    monkeypatch: pytest.MonkeyPatch, noise: str, options: dict[str, Any]
) -> None:
    """On ``device1`` NumPy cannot read an array at all; reads and transferred constants do not grow with the steps."""
    statistics, devices = (importlib.import_module(f"synthetic.{name}") for name in ("statistics", "devices"))
    real, reads = statistics.to_numpy, []
    monkeypatch.setattr(statistics, "to_numpy", lambda x: reads.append(x) or real(x))
    counts = []
    for n_steps in (2, 20):
        reads.clear()
        devices._moved.clear()
        run(stand_in("array-api-strict-device1"), world(noise, **options), n_steps=n_steps, record=())
        counts.append((len(reads), len(devices._moved)))
    assert counts[0] == counts[1]
    assert counts[0][0] <= 12


def test_what_leaves_the_device_is_seen() -> None:
    x = LIBRARIES["array-api-strict-device1"]().array(np.ones(2))
    with pytest.raises((RuntimeError, TypeError, BufferError)):
        np.asarray(x)


def test_a_constant_is_transferred_once() -> None:
    x = LIBRARIES["torch"]().array(np.ones((2, 2)))
    constant = np.arange(4.0).reshape(2, 2)
    assert as_like(constant, x) is as_like(constant, x)
    assert as_like(constant, x) is not as_like(constant.copy(), x)
    assert as_like(constant, np.ones(2)) is constant
    np.testing.assert_array_equal(as_like(constant, x).numpy(), constant)
    assert as_like(constant, np.ones(2, np.float32)).dtype == np.float32


def test_a_failing_run_has_a_status_on_a_device_too() -> None:
    diverging = Schattor(2, 1e160, 0.0, "regularized")
    problem, noise, _ = world("gaussian", 2)
    found = run(stand_in("numpy"), (problem, noise, diverging), n_steps=5, record=())
    assert all(status.startswith("non_finite at step") for status in found.status)


@pytest.mark.parametrize("size", [1, 7, 8, 63, 64, 65, 200])
def test_signs_are_the_bits_of_the_words_in_every_library(size: int) -> None:
    whole = np.iinfo(np.int64)
    words = np.random.default_rng(1).integers(whole.min, whole.max, size=(3, -(-size // 64)), dtype=np.int64)
    want = np.array([[1.0 - 2 * ((int(row[i // 64]) >> (i % 64)) & 1) for i in range(size)] for row in words])
    np.testing.assert_array_equal(signs_of(words, size), want)
    np.testing.assert_array_equal(signs_of(LIBRARIES["torch"]().array(words), size).numpy(), want)


def test_bits_of_the_words_of_a_device_are_fair_and_uncorrelated_with_their_neighbours() -> None:
    """False failure 1e-9 together: Hoeffding for 64 means of bits and 63 of products of neighbours."""
    streams = DeviceStreams("bits", range(1), stand_in("numpy").make_generator)
    n = 40_000
    words = streams.draw("signs", "bits", 0, (n, 1, 1))
    signs = signs_of(words[:, 0], 64)
    half = 2 * np.sqrt(np.log(2 * 127 / 1e-9) / (2 * n))
    assert np.abs(signs.mean(axis=0)).max() <= half
    assert np.abs((signs[:, 1:] * signs[:, :-1]).mean(axis=0)).max() <= half
    stuck = signs_of(words[:, 0] | 1, 64)
    assert np.abs(stuck.mean(axis=0)).max() > half


@pytest.mark.parametrize(("numbers", "repeats", "steps"), [(1, 1, 64), (2**20, 16, 2), (2**24, 16, 1)])
def test_the_length_of_a_block_of_steps_keeps_the_draws_in_bounds(numbers: int, repeats: int, steps: int) -> None:
    streams = DeviceStreams(1, range(repeats), stand_in("numpy").make_generator)
    assert streams.block_steps(numbers) == steps


def test_refuses_a_world_that_does_not_run_on_a_device() -> None:
    problem, noise, optimizer = world()
    sweep = NOISES["coordinate_sweep"].build(SHAPE, "inf")
    with pytest.raises(ParameterError) as caught:
        run(stand_in("numpy"), (problem, sweep, optimizer))
    assert str(caught.value) == (
        "simulate: noise must be one that runs on a device, got noise='CoordinateSweep'. "
        "On the host all do: device='cpu'."
    )
    huber = PROBLEMS["huber"].build(SHAPE, "inf", sigma=1.0)
    with pytest.raises(ParameterError, match=r"^simulate: problem must be one that runs on a device, got problem="):
        run(stand_in("numpy"), (huber, noise, optimizer))


def test_refuses_a_device_that_has_no_such_name() -> None:
    with pytest.raises(UnknownNameError, match=r"^simulate: device must be one of 'cpu', 'cuda', got device='gpu'\."):
        run("gpu")
    assert device_named("simulate", "cpu") is None


def test_cuda_without_cupy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(MissingExtraError, match=r"^simulate: cupy must be installed.*schattor-theory\[gpu\]"):
        run("cuda")


@pytest.mark.parametrize(("answer", "words"), CASES)
def test_cuda_without_a_device_gives_the_words_of_the_driver(
    monkeypatch: pytest.MonkeyPatch, answer: int | Exception, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", StandIn(answer))
    with pytest.raises(ParameterError) as caught:
        run("cuda")
    assert str(caught.value) == f"simulate: device must be one that can be used, got device='cuda'. {words}"


@pytest.mark.gpu
@pytest.mark.parametrize(("noise", "options"), WORLDS)
def test_runs_on_a_cuda_device_are_those_of_their_seed(noise: str, options: dict[str, Any]) -> None:
    LIBRARIES["cupy"]()
    assert cuda_namespace("test") is not np
    args = world(noise, **options)
    one, again = run("cuda", args), run("cuda", args)
    assert list(one.status) == ["ok"] * 3
    for name in RECORD:
        np.testing.assert_array_equal(one.records[name], again.records[name])
    np.testing.assert_array_equal(run("cuda", args, n_steps=200).records["value"][:70], one.records["value"])
    assert noise == "none" or (one.stationarity_mean != run("cuda", args, seed=2).stationarity_mean).all()


@pytest.mark.gpu
def test_steps_on_a_cuda_device_are_those_of_the_host() -> None:
    cupy = LIBRARIES["cupy"]().array
    namespace = cuda_namespace("test")
    device = Device(namespace, host_generator(cupy, namespace))
    for p in ("inf", 3, 1.5):
        found, host = run(device, world(p=p)), run(stand_in("numpy"), world(p=p))
        for name in RECORD:
            np.testing.assert_allclose(found.records[name], host.records[name], rtol=1e-7, atol=1e-9, err_msg=name)
