"""The pages on reference vectors: the fixture's examples and both readers are run as they are printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from proofs_checks.vectors import ReferenceVectors, reference_vectors, write_vectors

ROOT = Path(__file__).parents[3]
FORMAT = ROOT / "docs" / "reference-vectors.md"
HOW_TO = ROOT / "docs" / "how-to" / "check-your-optimizer.md"

NAMES = ("duality_map/wide/p=2", "duality_map/no-rows/p=2", "duality_map/stack/p=2", "run/average/ball/tall/p=inf")


def blocks(page: Path, language: str) -> list[str]:
    """Return the code of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    few = ReferenceVectors([reference_vectors()[name] for name in NAMES])
    write_vectors(few, tmp_path / "vectors")
    return tmp_path


# what somebody else's repository would have: a polar factor, an iteration and an optimizer of its own
IMPLEMENTATIONS = """
import numpy as np


def my_polar_factor(matrix):
    if matrix.size == 0:
        return matrix
    u, s, vh = np.linalg.svd(matrix, full_matrices=False)
    is_kept = s > max(matrix.shape[-2:]) * np.finfo(matrix.dtype).eps * s.max(axis=-1, keepdims=True)
    return (u * is_kept[..., None, :]) @ vh


def my_newton_schulz(matrix):
    if matrix.size == 0:
        return matrix
    x = matrix / np.maximum(abs(matrix).max(axis=(-2, -1), keepdims=True), np.finfo(matrix.dtype).tiny)
    x = x / np.maximum(np.sqrt((x * x).sum(axis=(-2, -1), keepdims=True)), np.finfo(matrix.dtype).tiny)
    for _ in range(5):
        gram = x @ x.swapaxes(-2, -1)
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


class MyOptimizer:
    def __init__(self, step_size, momentum):
        self.step_size, self.momentum, self.average = step_size, momentum, None

    def step(self, x, gradient):
        first = self.average is None
        self.average = gradient if first else self.momentum * self.average + (1 - self.momentum) * gradient
        return x - self.step_size * my_polar_factor(self.average)
"""


PLANTED = {
    "rank_not_decided": ("return (u * is_kept[..., None, :]) @ vh", "return u @ vh"),
    "sign": ("return (u * is_kept[..., None, :]) @ vh", "return -(u * is_kept[..., None, :]) @ vh"),
    "coefficient": ("3.4445 * x", "3.44 * x"),
    "heavy_ball": ("self.momentum * self.average + (1 - self.momentum) * gradient",
                   "self.momentum * self.average + gradient"),
}  # fmt: skip
"""What somebody's repository may have instead."""


@pytest.mark.slow
def test_the_examples_pass_for_sound_code_and_fail_for_planted_errors(tmp_path: Path) -> None:
    examples = blocks(HOW_TO, "python")
    assert len(examples) == 3
    assert len(examples[0].splitlines()) <= 5
    for name, (sound, planted) in {"sound": ("import", "import"), **PLANTED}.items():
        assert sound in IMPLEMENTATIONS
        text = "\n\n".join([IMPLEMENTATIONS.replace(sound, planted), *examples])
        (tmp_path / f"test_{name}.py").write_text(text, encoding="utf-8")
    result = run_tests(tmp_path)
    assert result.returncode == 1, result.stdout
    failed = set(re.findall(r"^FAILED (test_\w+)\.py::", result.stdout, flags=re.M))
    assert failed == {f"test_{name}" for name in PLANTED}
    assert re.search(r"AssertionError: \S+/\S+, \w+: differs by .* eps, beyond the", result.stdout)


@pytest.mark.slow
def test_the_first_example_of_the_fixture_runs_in_another_repository(tmp_path: Path) -> None:
    text = "\n\n".join([IMPLEMENTATIONS, blocks(HOW_TO, "python")[0]])
    (tmp_path / "test_mine.py").write_text(text, encoding="utf-8")
    result = run_tests(tmp_path)
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout


def run_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "proofs_checks.pytest_plugin", "-p", "no:cacheprovider"]
    # as if no other plugin were installed
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.run([*command, "."], cwd=folder, capture_output=True, text=True, env=alone)


def test_the_plugin_imports_nothing_heavy() -> None:
    code = "import sys, proofs_checks.pytest_plugin; print(sorted({'numpy', 'flint', 'scipy'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_python_reader_reads_every_case(vectors: Path) -> None:
    (code,) = blocks(FORMAT, "python")
    # the numbers as hexadecimal text, which loses nothing
    check = """
    found[case["name"]] = {role: [float(x).hex() for x in values.ravel()] for role, values in answers.items()}
    assert all(values.dtype == np.float64 for values in inputs.values())
print(json.dumps(found))
"""
    program = f"found = {{}}\n{code.rstrip()}{check}"
    result = subprocess.run([sys.executable, "-c", program], cwd=vectors, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {
        name: {role: [float(x).hex() for x in answer.values.ravel()] for role, answer in case.answers.items()}
        for name in NAMES
        for case in [reference_vectors()[name]]
    }


JS_CHECK = """
const { cases, array } = readVectors("vectors");
const found = {};
for (const one of cases) {
  const read = (name) => { const { shape, values } = array(name); return { shape, values }; };
  found[one.name] = {
    inputs: Object.fromEntries(Object.entries(one.inputs).map(([role, name]) => [role, read(name)])),
    answers: Object.fromEntries(Object.entries(one.answers).map(([role, answer]) => [role, read(answer.array)])),
  };
}
console.log(JSON.stringify(found));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_reader_without_numpy_reads_every_number(vectors: Path) -> None:
    (code,) = blocks(FORMAT, "js")
    (vectors / "read.js").write_text(code + JS_CHECK, encoding="utf-8")
    result = subprocess.run(["node", "read.js"], cwd=vectors, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert set(found) == set(NAMES)
    for name, arrays in found.items():
        case = reference_vectors()[name]
        wanted = {"inputs": case.inputs, "answers": {role: a.values for role, a in case.answers.items()}}
        for group, by_role in wanted.items():
            assert set(arrays[group]) == set(by_role)
            for role, values in by_role.items():
                read = arrays[group][role]
                np.testing.assert_array_equal(
                    np.array(read["values"], dtype=float).reshape(read["shape"]), values, strict=True
                )
