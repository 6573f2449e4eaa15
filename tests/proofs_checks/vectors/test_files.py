"""The files: the same bytes in every process, read back as they were, and refused when anything is off."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proofs_checks.formats import read_safetensors, write_safetensors
from proofs_checks.vectors import ReferenceVectors, load_vectors, reference_vectors, write_vectors
from proofs_checks.vectors.files import INDEX, NPZ, SAFETENSORS
from proofs_checks.vectors.questions import questions
from schattor_theory.errors import StoreError

FILES = (NPZ, SAFETENSORS, INDEX)
NAMES = ("duality_map/wide/p=4/3", "duality_map/no-rows/p=2", "duality_map/stack/p=inf", "schedule/muon/tall",
         "product/two-blocks/balance=2", "run/recursive/ball/tall/p=inf")  # fmt: skip


@pytest.fixture
def few() -> ReferenceVectors:
    return ReferenceVectors([reference_vectors()[name] for name in NAMES])


@pytest.fixture
def folder(few: ReferenceVectors, tmp_path: Path) -> Path:
    write_vectors(few, tmp_path / "vectors")
    return tmp_path / "vectors"


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def test_files_are_the_same_bytes_when_answered_anew(tmp_path: Path) -> None:
    asked = {question.name: question for question in questions()}
    for name in ("here", "there"):
        write_vectors(ReferenceVectors([asked[name] for name in NAMES]), tmp_path / name)
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


# a change of these is a change of the vectors for everybody who has them: it goes into the changelog
PINNED = {
    "vectors.npz": "bf71efe08338a54af9ae6d769ddde6d374bda7d5ec59a8716ac5cbc5fb100668",
    "vectors.safetensors": "faaa2f851515ff51227526dd958a23b819cc383d7c8ae498cef3f84afaadbe7f",
    "index.json": "15ed286a4aa69808567386d98c1f787ddf676bfc08ff2a12b9497f84db840058",
}


def test_files_are_the_bytes_they_were_on_other_machines(tmp_path: Path) -> None:
    write_vectors(reference_vectors(), tmp_path)
    assert digests(tmp_path) == PINNED


@pytest.mark.slow
def test_files_are_the_same_bytes_in_two_processes(tmp_path: Path) -> None:
    code = ("import sys; from pathlib import Path; from proofs_checks.vectors import *; "
            "write_vectors(reference_vectors(), Path(sys.argv[1]))")  # fmt: skip
    write_vectors(reference_vectors(), tmp_path / "here")
    # another order of hashing, another time zone and another number of threads
    other = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True, env=other)
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


def test_what_is_read_is_what_was_written(few: ReferenceVectors, folder: Path) -> None:
    read = load_vectors(folder)
    assert read.names == few.names
    for ours, theirs in zip(few, read, strict=True):
        assert (ours.kind, dict(ours.parameters), dict(ours.input_names)) == (
            theirs.kind, dict(theirs.parameters), dict(theirs.input_names)
        )  # fmt: skip
        for role, x in ours.inputs.items():
            np.testing.assert_array_equal(theirs.inputs[role], x, strict=True)
        for role, answer in ours.answers.items():
            other = theirs.answers[role]
            np.testing.assert_array_equal(other.values, answer.values, strict=True)
            assert (other.error_bound, other.undecided, other.sensitivity) == (
                answer.error_bound, answer.undecided, answer.sensitivity
            )  # fmt: skip
            assert other.bits <= answer.bits


@pytest.mark.parametrize("lost", [NPZ, SAFETENSORS])
def test_one_of_the_two_array_files_is_enough(folder: Path, lost: str) -> None:
    (folder / lost).unlink()
    assert load_vectors(folder).names == NAMES


def test_the_index_is_strict_json_and_numbers_survive_it(folder: Path) -> None:
    text = (folder / INDEX).read_text(encoding="utf-8")
    index = json.loads(text, parse_constant=pytest.fail)
    assert index["schema"] == 1
    case = next(case for case in index["cases"] if case["name"] == NAMES[0])
    assert case["parameters"] == {"p": "4/3"}
    answer = reference_vectors()[NAMES[0]].answers["direction"]
    assert case["answers"]["direction"]["error_bound"] == answer.error_bound


def spoil_number(folder: Path) -> None:
    arrays = read_safetensors(folder / SAFETENSORS)
    name = f"{NAMES[0]}/direction"
    arrays[name] = np.nextafter(arrays[name], 2.0)
    write_safetensors(folder / SAFETENSORS, arrays)


def drop_array(folder: Path) -> None:
    arrays = read_safetensors(folder / SAFETENSORS)
    del arrays["input/wide"]
    write_safetensors(folder / SAFETENSORS, arrays)


def edit_index(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        change(index)
        (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")

    return edit


def cut(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:1000]) and None


def no_arrays(folder: Path) -> None:
    (folder / NPZ).unlink()
    (folder / SAFETENSORS).unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_number, "The numbers of 'duality_map/wide/p=4/3/direction' are not those of the index"),
        (drop_array, "It does not hold the arrays of the index: \\['input/wide'\\]"),
        (cut(NPZ), "be a whole .npz file"),
        (cut(SAFETENSORS), "be a whole safetensors file"),
        (cut(INDEX), "It is no JSON"),
        (edit_index(lambda index: index.update(schema=2)), "Its schema is not 1"),
        (edit_index(lambda index: index.pop("cases")), "It has no arrays and cases"),
        (edit_index(lambda index: index["cases"][0].pop("kind")), "A case has no 'kind'"),
        (edit_index(lambda index: index["cases"].append(3)), "Write the files again"),
        (lambda folder: (folder / INDEX).unlink(), "It cannot be read"),
        (no_arrays, "load_vectors: folder must hold vectors.npz or vectors.safetensors"),
    ],
)
def test_refuses_spoilt_files(folder: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(folder)
    with pytest.raises(StoreError, match=message):
        load_vectors(folder)


def test_refuses_a_folder_that_cannot_be_written(few: ReferenceVectors, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="vectors: out must be a folder that can be read and written"):
        write_vectors(few, tmp_path / "file")
