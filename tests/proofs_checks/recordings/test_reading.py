"""Recordings on the disk: both formats, and every way in which a file can be bad."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from proofs_checks.formats import read_safetensors, write_safetensors
from proofs_checks.recordings.reading import load_recording, recording_of
from schattor_theory.errors import DTypeError, NonFiniteError, ShapeError, StoreError
from tests.joined import every
from tests.proofs_checks.recordings.records import gaussian

GOOD = gaussian(20, 2, 3)


def save(folder: Path, suffix: str, arrays: dict[str, np.ndarray]) -> Path:
    path = folder / f"record{suffix}"
    if suffix == ".npz":
        np.savez(path, **arrays)
    else:
        write_safetensors(path, arrays)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_recorded_mean_is_subtracted(tmp_path: Path, suffix: str) -> None:
    mean = np.full((2, 3), 2.0)
    found = load_recording(save(tmp_path, suffix, {"w": GOOD + mean, "w/mean": mean})).blocks["w"]
    assert found.centring == "recorded mean"
    assert np.allclose(found.noise, GOOD, rtol=0, atol=1e-14)
    assert np.array_equal(found.mean, mean)
    assert found.size_factors == (1.0, 1.0)


def test_a_mean_for_each_gradient_is_subtracted() -> None:
    drift = np.linspace(0, 5, 20)[:, None, None] * np.ones((2, 3))
    found = recording_of({"w": GOOD + drift, "w/mean": drift}).blocks["w"]
    assert np.allclose(found.noise, GOOD, rtol=0, atol=1e-14)


def test_without_a_mean_neighbours_are_subtracted() -> None:
    found = recording_of({"w": GOOD[:19] + 1e3}).blocks["w"]
    assert found.centring == "pairs"
    assert found.noise.shape == (9, 2, 3)
    assert np.allclose(found.noise, (GOOD[0:18:2] - GOOD[1:18:2]) / np.sqrt(2), rtol=0, atol=1e-12)
    assert found.size_factors == pytest.approx((0.5**0.5, 2**0.5))


def test_float32_and_bfloat16_are_read(tmp_path: Path) -> None:
    path = save(tmp_path, ".safetensors", {"w": GOOD.astype(np.float32)})
    assert read_safetensors(path)["w"].dtype == np.float32
    half = np.array([1.0, -2.5], dtype=np.float32)
    data = (half.view(np.uint32) >> 16).astype("<u2").tobytes()
    header = json.dumps({"b": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}, "__metadata__": {"a": "b"}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + data)
    assert np.array_equal(read_safetensors(path)["b"], half)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 4, 9, 60, -20])
def test_refuses_a_file_that_is_cut_short(tmp_path: Path, suffix: str, kept: int) -> None:
    path = save(tmp_path, suffix, {"w": GOOD})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StoreError, match="file must be a whole"):
        load_recording(path)


@pytest.mark.parametrize(
    "header",
    ["[]", "{", '{"w": {"dtype": "F64"}}', '{"w": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}}',
     '{"w": 3}', '{"w": {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]}}'],
)  # fmt: skip
def test_refuses_a_header_that_is_none(tmp_path: Path, header: str) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(8))
    with pytest.raises(StoreError, match="read_safetensors: file must be a whole safetensors file"):
        load_recording(path)


def test_refuses_types_that_hold_no_real_numbers(tmp_path: Path) -> None:
    header = '{"w": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}'
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(8))
    with pytest.raises(DTypeError, match="read_safetensors: w must hold F64"):
        load_recording(path)
    with pytest.raises(DTypeError, match="write_safetensors: w must hold float64 or float32"):
        write_safetensors(path, {"w": np.ones(3, dtype=int)})


def test_refuses_a_pickle(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, w=np.array([{"a": 1}], dtype=object))
    with pytest.raises(StoreError, match=r"be a whole \.npz file"):
        load_recording(path)


@pytest.mark.parametrize(("name", "message"), [("w.pt", "end in .npz or .safetensors"), ("w.npz", "be a readable file"),
                                               ("w.safetensors", "be a readable file")])  # fmt: skip
def test_refuses_a_file_there_is_not(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(StoreError, match=f"load_recording: file must {message}"):
        load_recording(tmp_path / name)


def with_nan() -> np.ndarray:
    values = GOOD.copy()
    values[3, 1, 2] = np.nan
    return values


@every(
    ("arrays", "error", "message"),
    [
        ({}, StoreError, "file must hold at least one block"),
        ({"w/mean": GOOD[0]}, StoreError, "file must hold at least one block"),
        ({"w": GOOD, "v/mean": GOOD[0]}, StoreError, "v/mean must belong to a block"),
        ({"w": GOOD[0]}, ShapeError, r"w must have shape \(k, m, n\)"),
        ({"w": GOOD[:, :, :0]}, ShapeError, r"w must have shape \(k, m, n\)"),
        ({"w": GOOD[:1]}, ShapeError, "w must hold at least 8 gradients"),
        ({"w": GOOD[:0]}, ShapeError, "w must hold at least 8 gradients"),
        ({"w": GOOD, "w/mean": GOOD[0, 0]}, ShapeError, r"w/mean must have shape \(2, 3\) or \(20, 2, 3\)"),
        ({"w": GOOD.astype(int)}, DTypeError, "w must hold real floating-point numbers"),
        ({"w": GOOD + 1j}, DTypeError, "w must hold real floating-point numbers"),
        ({"w": with_nan()}, NonFiniteError, r"w\[3, 1, 2\] must be finite"),
    ],
)
def test_refuses(arrays: dict[str, np.ndarray], error: type, message: str) -> None:
    with pytest.raises(error, match=f"load_recording: {message}"):
        recording_of(arrays)
