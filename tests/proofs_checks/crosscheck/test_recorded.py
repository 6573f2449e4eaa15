"""Recordings: what is written comes back, and what is broken is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probe import Probe, Run
from proofs_checks.crosscheck.recorded import (
    read_probes,
    read_recording,
    write_probes,
    write_recording,
)
from proofs_checks.formats import read_metadata, read_safetensors, write_safetensors
from schattor_theory.errors import NonFiniteError, SchattorError, ShapeError, StoreError

SUFFIXES = (".npz", ".safetensors")
X = {"layers/0/w": np.array([[1.0, -2.0, 0.1]]), "b": np.zeros((2, 0, 3))}
G = tuple({name: x + k for name, x in X.items()} for k in range(3))
PROBE = Probe(
    name="two blocks",
    purpose="to see",
    start=X,
    gradients=G,
    previous_gradients=tuple(reversed(G)),
    step_size=0.25,
    saved_before=1,
)
PLAIN = Probe(name="plain", purpose="", start={"w": np.eye(2)}, gradients=({"w": np.ones((2, 2))},) * 2)


def run_of(probe: Probe, **changes: Any) -> Run:
    parameters = tuple(
        {name: x - 0.25 * (k + 1) * probe.gradients[k][name] for name, x in probe.start.items()}
        for k in range(probe.n_steps)
    )
    made = Run(probe=probe, parameters=parameters, dtype="float32", result_dtype="float32")
    return replace(made, **changes)


RUNS = (
    run_of(PROBE, inputs_changed=("gradient 'b' at step 0",), knows_step_size=False),
    run_of(PLAIN),
    run_of(PLAIN, dtype="bfloat16", result_dtype="float32"),
    replace(run_of(PLAIN, status="raised: ValueError: é at step 1"), parameters=run_of(PLAIN).parameters[:1]),
    replace(run_of(PLAIN), parameters=({"w": np.full((2, 2), np.nan)}, {"w": np.full((2, 2), np.inf)})),
)


def same_blocks(one: Any, other: Any) -> bool:
    return list(one) == list(other) and all(
        x.shape == other[name].shape and x.tobytes() == other[name].tobytes() for name, x in one.items()
    )


def is_same(one: Probe, other: Probe) -> bool:
    pairs = [(one.start, other.start), *zip(one.gradients, other.gradients, strict=True)]
    pairs += zip(one.previous_gradients or (), other.previous_gradients or (), strict=True)
    names = ("name", "purpose", "step_size", "saved_before")
    return all(getattr(one, n) == getattr(other, n) for n in names) and all(same_blocks(*pair) for pair in pairs)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_recording_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"runs{suffix}"
    write_recording(path, RUNS)
    back = read_recording(path)
    assert len(back) == len(RUNS)
    for one, other in zip(RUNS, back, strict=True):
        assert is_same(one.probe, other.probe)
        for name in ("dtype", "result_dtype", "status", "inputs_changed", "knows_step_size"):
            assert getattr(one, name) == getattr(other, name)
        assert all(same_blocks(x, y) for x, y in zip(one.parameters, other.parameters, strict=True))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_bytes_are_the_same_whenever_it_is_written(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        write_recording(tmp_path / f"{name}{suffix}", RUNS)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_probes_come_back_and_are_no_recording(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"probes{suffix}"
    write_probes(path, (PROBE, PLAIN))
    assert all(is_same(one, other) for one, other in zip((PROBE, PLAIN), read_probes(path), strict=True))
    with pytest.raises(StoreError, match=r"file must hold the results of at least one run.*Add <probe>/parameters"):
        read_recording(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_inputs_that_are_not_finite_come_back_where_they_are_meant(tmp_path: Path, suffix: str) -> None:
    bad = replace(PLAIN, gradients=({"w": np.full((2, 2), np.nan)},) * 2)
    path = tmp_path / f"a{suffix}"
    write_recording(path, [replace(run_of(PLAIN), probe=bad)])
    assert np.isnan(read_recording(path)[0].probe.gradients[0]["w"]).all()


def test_numbers_that_float32_does_not_hold_stay_exact(tmp_path: Path) -> None:
    start = {"w": np.array([[1 / 3, 1e-300, 1e300]])}
    probe = Probe(name="a", purpose="", start=start, gradients=(start,))
    write_recording(tmp_path / "a.npz", [run_of(probe, dtype="float64", result_dtype="float64")])
    assert same_blocks(read_recording(tmp_path / "a.npz")[0].probe.start, start)
    with np.load(tmp_path / "a.npz") as file:
        assert file["a/start/w"].dtype == np.float64


def header(**values: Any) -> np.ndarray:
    return np.frombuffer(json.dumps({"schema": 1} | values).encode(), dtype=np.uint8)


def minimal(**changes: Any) -> dict[str, np.ndarray]:
    arrays = {
        "schema": header(step_size=0.5),
        "p/start/w": np.zeros((2, 1)),
        "p/gradient/0/w": np.array([[1.0], [2.0]]),
        "p/gradient/1/w": np.array([[1.0], [1.0]]),
        "p/update/0/w": np.array([[0.5], [1.0]]),
        "p/update/1/w": np.array([[0.5], [0.5]]),
    } | changes
    return {name: x for name, x in arrays.items() if x is not None}


def written(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    np.savez(folder / "a.npz", **arrays)
    return folder / "a.npz"


def test_a_small_header_and_updates_are_enough(tmp_path: Path) -> None:
    (run,) = read_recording(written(tmp_path, minimal()))
    assert (run.probe.name, run.probe.step_size, run.knows_step_size, run.dtype) == ("p", 0.5, True, "float32")
    np.testing.assert_array_equal(run.parameters[1]["w"], [[-1.0], [-1.5]])
    np.testing.assert_array_equal(run.update(0, "w"), [[1.0], [2.0]])
    (run,) = read_recording(written(tmp_path, minimal(schema=header())))
    assert not run.knows_step_size
    text = np.array(json.dumps({"schema": 1, "dtype": "bfloat16"}))
    assert read_recording(written(tmp_path, minimal(schema=text)))[0].dtype == "bfloat16"


def test_a_run_without_results_is_left_out(tmp_path: Path) -> None:
    more = {"q/start/w": np.zeros((1, 1)), "q/gradient/0/w": np.ones((1, 1))}
    assert [run.probe.name for run in read_recording(written(tmp_path, minimal(**more)))] == ["p"]


WRONG: list[tuple[dict[str, Any], type[SchattorError], str]] = [
    ({"schema": None}, StoreError, r"file must hold a header named 'schema'"),
    ({"schema": header() * 0 + 65}, StoreError, r"header must be JSON"),
    ({"schema": header(schema=2)}, StoreError, r'header must have "schema": 1, got header=2.*another version'),
    ({"schema": header(runs={"p": 3})}, StoreError, r"header of 'p' must be a table"),
    ({"schema": header(dtype="int8")}, StoreError, r"dtype of 'p' must be one of float32, float64, bfloat16, float16"),
    ({"schema": header(step_size=0)}, StoreError, r"step_size of 'p' must be a finite number other than 0"),
    ({"schema": header(step_size="big")}, StoreError, r"step_size of 'p' must be a finite number"),
    ({"schema": header(saved_before=1.5)}, StoreError, r"saved_before of 'p' must be the number of a step"),
    ({"schema": header(n_steps=3)}, StoreError, r"run 'p' must hold gradients of 3 steps, as its header says"),
    ({"p/start/w": None}, StoreError, r"run 'p' must hold p/start/"),
    ({"p/gradient/0/w": None}, StoreError, r"run 'p' must hold p/gradient/0/w"),
    ({"p/update/0/w": None}, StoreError, r"run 'p' must hold p/update/0/w"),
    ({"p/update/1/w": None}, StoreError, r"run 'p' must hold p/parameters/1/w"),
    ({"p/gradient/1/w": None}, StoreError, r"run 'p' must hold p/gradient/1/w"),
    ({"p/gradient/1/v": np.ones((2, 1))}, StoreError, r"run 'p' must hold p/start/v"),
    ({"p/parameters/0/w": np.ones((2, 1))}, StoreError, r"p must hold parameters or updates, got p='both'"),
    ({"p/previous_gradient/0/w": np.ones((2, 1))}, StoreError, r"a previous gradient for each of its 2 steps"),
    ({"p/gradient/1/w": np.ones((1, 2))}, ShapeError, r"p/gradient/1/w must have the shape \(2, 1\) of its start"),
    ({"p/update/1/w": np.ones((2, 2))}, ShapeError, r"p/update/1/w must have the shape \(2, 1\) of its start"),
    ({"p/gradient/1/w": np.array([[1], [np.nan]])}, NonFiniteError, r"p/gradient/1/w\[1, 0\] must be finite.*is_f"),
    ({"p/gradient/1/w": np.ones((2, 1), dtype=complex)}, StoreError, r"p/gradient/1/w must hold real numbers"),
    ({"p/step/1/w": np.ones((2, 1))}, StoreError, r"array must be named <probe>/start/<block> or"),
    ({"p/update/x/w": np.ones((2, 1))}, StoreError, r"array must be named <probe>/start/<block> or"),
]


@pytest.mark.parametrize(("changes", "error", "words"), WRONG, ids=lambda v: v if isinstance(v, str) else "")
def test_says_what_is_wrong_with_a_file(
    tmp_path: Path, changes: dict[str, Any], error: type[SchattorError], words: str
) -> None:
    path = written(tmp_path, minimal(**changes))
    with pytest.raises(error, match=r"^read_recording: .*" + words):
        read_recording(path)
    target = observe(str(path))
    assert target.problem is not None
    assert not target.recorded


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("cut", [10, 200, -30])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, suffix: str, cut: int) -> None:
    path = tmp_path / f"a{suffix}"
    write_recording(path, RUNS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StoreError):
        read_recording(path)


@pytest.mark.parametrize("name", ["a.npz", "a.safetensors", "a.csv"])
def test_a_missing_or_unknown_file_is_a_problem(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError):
        read_recording(tmp_path / name)


def test_refuses_names_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="probe must have a name without a slash, got probe='a/b'"):
        write_probes(tmp_path / "a.npz", [replace(PLAIN, name="a/b")])
    with pytest.raises(StoreError, match=r"write_probes: path must end in \.npz or \.safetensors"):
        write_probes(tmp_path / "a.csv", [PLAIN])


LOG = {"gradients": np.arange(6.0).reshape(3, 2, 1) + 1, "step_size": np.array(0.5)}
AFTER = np.cumsum(-0.5 * LOG["gradients"], axis=0)


@pytest.mark.parametrize(
    ("more", "n_steps"),
    [
        ({"parameters": np.concatenate([np.zeros((1, 2, 1)), AFTER])}, 3),
        ({"parameters": np.concatenate([np.zeros((1, 2, 1)), AFTER[:2]])}, 2),
        ({"start": np.zeros((2, 1)), "parameters": AFTER}, 3),
        ({"start": np.zeros((2, 1)), "updates": 0.5 * LOG["gradients"]}, 3),
    ],
)
def test_reads_a_plain_log(tmp_path: Path, more: dict[str, np.ndarray], n_steps: int) -> None:
    (run,) = read_recording(written(tmp_path, LOG | more))
    assert (run.probe.n_steps, len(run.parameters)) == (n_steps, n_steps)
    assert (run.dtype, run.knows_step_size) == ("float64", True)
    for k in range(n_steps):
        np.testing.assert_array_equal(run.update(k), LOG["gradients"][k])


WRONG_LOGS: list[tuple[dict[str, Any], type[SchattorError], str]] = [
    ({}, StoreError, "file must hold parameters, or updates and start"),
    ({"updates": AFTER}, StoreError, "file must hold parameters, or updates and start"),
    ({"parameters": AFTER[:1]}, ShapeError, r"parameters must have 4 or 3 matrices of shape \(2, 1\)"),
    ({"parameters": AFTER, "start": np.zeros((1, 2))}, ShapeError, r"start must have the shape \(2, 1\) of a gradient"),
    ({"parameters": AFTER[:2], "start": np.zeros((2, 1))}, ShapeError, "parameters must have 3 matrices"),
    ({"updates": AFTER[:2], "start": np.zeros((2, 1))}, ShapeError, r"updates must have the shape \(3, 2, 1\)"),
    ({"parameters": AFTER, "start": np.full((2, 1), np.inf)}, NonFiniteError, "start must be finite"),
    ({"parameters": AFTER, "gradients": AFTER * np.nan}, NonFiniteError, r"gradients\[0, 0, 0\] must be finite"),
    ({"parameters": AFTER, "gradients": np.ones((3, 2))}, ShapeError, "gradients must hold real numbers, shape"),
    ({"parameters": AFTER, "losses": np.ones(3)}, StoreError, "file must hold only gradients, parameters, updates"),
    ({"parameters": AFTER, "step_size": np.zeros(1)}, ShapeError, "step_size must be one finite number other than 0"),
    ({"parameters": AFTER[:1], "gradients": AFTER[:1]}, ShapeError, "parameters must show at least one step"),
]


@pytest.mark.parametrize(("more", "error", "words"), WRONG_LOGS, ids=lambda v: v if isinstance(v, str) else "")
def test_says_what_is_wrong_with_a_plain_log(
    tmp_path: Path, more: dict[str, Any], error: type[SchattorError], words: str
) -> None:
    with pytest.raises(error, match=r"^read_recording: " + words):
        read_recording(written(tmp_path, LOG | more))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_recording_is_a_target_that_cannot_run(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_recording(path, RUNS[:3])
    target = observe(str(path))
    assert (target.name, target.kind, target.can_run, target.problem) == (path.name, "recording", False, None)
    assert (target.dtypes, target.takes_step_size, len(target.recorded)) == (("float32", "bfloat16"), False, 3)
    other = replace(PLAIN, gradients=({"w": np.eye(2)},) * 2)
    assert [run.probe.name for run in target.run([PLAIN, other, PROBE])] == ["plain", "two blocks"]
    assert [run.dtype for run in target.run([PLAIN, PROBE], "bfloat16")] == ["bfloat16"]


def safetensors_of(change: Callable[[dict[str, str]], dict[str, str]], path: Path) -> None:
    write_recording(path, RUNS[1:2])
    write_safetensors(path, read_safetensors(path), change(read_metadata(path)))


def test_the_header_of_safetensors_is_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    safetensors_of(lambda found: found, path)
    assert read_recording(path)[0].probe.name == "plain"
    safetensors_of(lambda found: {"format": "pt"}, path)
    with pytest.raises(StoreError, match="file must hold a header named 'schema'"):
        read_recording(path)


def test_refuses_metadata_that_is_no_table_of_texts(tmp_path: Path) -> None:
    text = json.dumps({"__metadata__": {"schema": 1}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(StoreError, match="The metadata is no table of texts"):
        read_recording(tmp_path / "a.safetensors")
