"""The commands ``schattor vectors`` and ``schattor selftest``: files, exit codes, words and JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from proofs_checks.command_line.selftest import selftest
from proofs_checks.command_line.vectors import vectors
from proofs_checks.vectors import ReferenceVectors, reference_vectors, write_vectors
from proofs_checks.vectors import command as commands
from proofs_checks.vectors.device import arrays_on
from schattor_theory.errors import MissingExtraError, ParameterError, StoreError, UnknownNameError
from synthetic import devices
from tests.drivers import CASES, StandIn

app = typer.Typer()
app.command()(vectors)
app.command()(selftest)


def run(*arguments: object) -> object:
    return CliRunner().invoke(app, [str(a) for a in arguments])


NAMES = ("duality_map/wide/p=4", "schedule/muon/tall", "duality_map/scale-1e150/p=2")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> ReferenceVectors:
    found = ReferenceVectors([reference_vectors()[name] for name in NAMES])
    monkeypatch.setattr(commands, "reference_vectors", lambda: found)
    return found


def with_spoilt_direction(name: str) -> ReferenceVectors:
    case = reference_vectors()[name]
    answer = case.answers["direction"]
    spoilt = replace(answer, values=answer.values + 1e-3)
    return ReferenceVectors([replace(case, answers={**case.answers, "direction": spoilt})])


def test_vectors_writes_three_files_and_says_so(few: ReferenceVectors, tmp_path: Path) -> None:
    result = run("vectors", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "3 cases with 5 certified answers; every rounding is decided." in result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "index.json", "vectors.npz", "vectors.safetensors"
    ]  # fmt: skip


def test_vectors_prints_json_alone(few: ReferenceVectors, tmp_path: Path) -> None:
    found = json.loads(run("vectors", "--out", tmp_path, "--json").stdout)
    assert (found["schema"], found["cases"], found["undecided"]) == (1, 3, 0)
    assert all(Path(name).is_file() for name in found["files"])


def test_selftest_of_this_installation_is_exit_code_zero(few: ReferenceVectors) -> None:
    result = run("selftest")
    assert result.exit_code == 0, result.output
    assert "3 cases on cpu in float64: every answer is within what rounding explains." in result.output
    assert "duality_map, direction" in result.output


def test_selftest_in_single_precision_leaves_out_what_says_nothing(few: ReferenceVectors) -> None:
    result = run("selftest", "--dtype", "float32")
    assert result.exit_code == 0, result.output
    assert "1 of 3 cases say nothing about float32 and were left out." in result.output


def test_selftest_of_files_compares_them_bit_by_bit(few: ReferenceVectors, tmp_path: Path) -> None:
    run("vectors", "--out", tmp_path)
    result = run("selftest", "--vectors", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Stored answers: 5 compared bit by bit with those certified here, 0 differ." in result.output


def test_selftest_of_wrong_files_is_exit_code_one(tmp_path: Path) -> None:
    write_vectors(with_spoilt_direction(NAMES[0]), tmp_path)
    result = run("selftest", "--vectors", tmp_path)
    assert result.exit_code == 1
    assert "1 differ." in result.output
    assert f"{NAMES[0]}, direction: differs by" in result.output


def test_selftest_says_how_many_answers_it_cannot_certify(tmp_path: Path) -> None:
    case = replace(reference_vectors()[NAMES[0]], name="duality_map/theirs/p=4")
    write_vectors(ReferenceVectors([case]), tmp_path)
    result = run("selftest", "--vectors", tmp_path)
    assert result.exit_code == 0, result.output
    assert "1 cases of the files are not of this release" in result.output
    assert json.loads(run("selftest", "--vectors", tmp_path, "--json").stdout)["uncertified"] == 1


def test_selftest_that_differs_is_exit_code_one_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "reference_vectors", lambda: with_spoilt_direction(NAMES[0]))
    result = run("selftest", "--json")
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    assert result.exit_code == found["exit_code"] == 1
    assert [row["conforms"] for row in found["comparisons"]] == [True, False]
    assert found["verdict"] == "1 answers differ by more than rounding explains"


def test_an_infinite_difference_is_text_in_json(few: ReferenceVectors, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_finite(kind: str, parameters: Mapping, inputs: Mapping, array: object) -> dict[str, np.ndarray]:
        return {"direction": np.full(inputs["matrix"].shape, np.nan)}

    monkeypatch.setattr("proofs_checks.vectors.selftest.computed_by_library", not_finite)
    found = json.loads(run("selftest", "--json").stdout, parse_constant=pytest.fail)
    assert found["exit_code"] == 1
    assert {row["difference_eps"] for row in found["comparisons"]} == {"inf"}


def test_a_case_that_cannot_run_is_exit_code_three(monkeypatch: pytest.MonkeyPatch) -> None:
    case = reference_vectors()[NAMES[0]]
    broken = ReferenceVectors([replace(case, kind="unheard of"), replace(case, name="good")])
    monkeypatch.setattr(commands, "reference_vectors", lambda: broken)
    result = run("selftest")
    assert result.exit_code == 3
    assert f"{NAMES[0]}: KeyError: 'unheard of'" in result.output
    assert "1 cases could not be computed" in result.output


def test_long_lists_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    case = reference_vectors()[NAMES[0]]
    broken = ReferenceVectors([replace(case, name=f"{i}", kind="unheard of") for i in range(30)])
    monkeypatch.setattr(commands, "reference_vectors", lambda: broken)
    assert "… and 10 more (all of them with --json)" in run("selftest").output


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["selftest", "--device", "tpu"], UnknownNameError, "selftest: device must be one of 'cpu', 'cuda'"),
        (["selftest", "--dtype", "int8"], UnknownNameError, "selftest: dtype must be one of 'float64', 'float32'"),
        (["selftest", "--vectors", "nowhere"], StoreError, "load_vectors: folder must hold whole reference vectors"),
    ],
)
def test_refuses(arguments: list[str], error: type, message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)


def test_cuda_without_cupy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(MissingExtraError, match=r"^selftest: cupy must be installed.*schattor-theory\[gpu\]"):
        arrays_on("cuda", "float64")


@pytest.mark.parametrize(("answer", "message"), CASES)
def test_cuda_without_a_device_gives_the_drivers_message(
    answer: int | Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", StandIn(answer))
    with pytest.raises(ParameterError, match=re.escape(message)):
        arrays_on("cuda", "float64")


def test_a_device_makes_its_arrays_in_the_type_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda_namespace", lambda call: np)
    made = arrays_on("cuda", "float32")(np.full(2, 1 / 3))
    assert made.dtype == np.float32
    assert made[0] == np.float32(1 / 3)


@pytest.mark.gpu
def test_selftest_on_a_cuda_device() -> None:
    cupy = pytest.importorskip("cupy", reason="cupy is not installed", exc_type=ImportError)
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f"no CUDA device: {error}")
    result = run("selftest", "--device", "cuda")
    assert result.exit_code == 0, result.output
