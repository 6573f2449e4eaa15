"""The distribution: what is in the wheel and the sdist, that it works from there, and what a missing extra says."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import schattor_theory
from proofs_checks.doctor import _CORE, EXTRAS
from tests.optional import NEEDED

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("schattor_theory", "synthetic", "proofs_checks")

needs_hatchling = pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed")


def distribution(requirement: str) -> str:
    return re.split(r"[<>=\[ ;]", requirement)[0]


def test_the_doctor_knows_every_dependency_and_extra() -> None:
    assert list(_CORE) == [distribution(one) for one in PROJECT["dependencies"]]
    declared = {
        extra: [distribution(one) for one in needs] for extra, needs in PROJECT["optional-dependencies"].items()
    }
    assert {extra: list(modules) for extra, (modules, _) in EXTRAS.items()} == declared


def test_the_version_and_the_citation_are_those_of_the_project() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert schattor_theory.__version__ == PROJECT["version"]
    assert f"\nversion: {PROJECT['version']}\n" in citation
    assert f"\nlicense: {PROJECT['license']}\n" in citation
    paper = "arXiv:2606.15702"
    assert paper in citation
    assert paper.removeprefix("arXiv:") in (ROOT / "docs" / "theory" / "index.md").read_text(encoding="utf-8")
    title = re.findall(r'title: "(Schattor.*)"', citation)[0]
    said = " ".join((ROOT / "docs" / "theory" / "index.md").read_text(encoding="utf-8").split())
    assert title in said


def test_every_package_says_that_it_is_typed() -> None:
    assert all((ROOT / package / "py.typed").is_file() for package in PACKAGES)


@functools.cache
def built(folder: Path, root: Path = ROOT) -> tuple[Path, Path]:
    """Return the wheel and the sdist, built from a folder without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return built(tmp_path_factory.mktemp("dist"))


def files_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as content:
        return set(content.namelist())


@pytest.mark.slow
@needs_hatchling
def test_the_wheel_holds_the_packages_their_data_and_the_studies(distributions: tuple[Path, Path]) -> None:
    found = files_of(distributions[0])
    sources = [p for package in PACKAGES for p in (ROOT / package).rglob("*") if p.is_file()]
    wanted = {p.relative_to(ROOT).as_posix() for p in sources if "__pycache__" not in p.parts}
    assert wanted <= found
    studies = {f"proofs_checks/scaling/shipped/{p.name}" for p in (ROOT / "studies").glob("*.toml")}
    assert len(studies) > 3
    assert studies <= found
    others = {name.split("/")[0] for name in found} - set(PACKAGES)
    assert [name for name in others if not name.endswith(".dist-info")] == []


@pytest.mark.slow
@needs_hatchling
def test_the_wheel_of_the_sdist_is_that_of_the_checkout(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(distributions[1]) as content:
        # Python 3.11 has the filter from 3.11.4 on, and 3.14 by default
        content.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (unpacked,) = tmp_path.iterdir()
    assert files_of(built(tmp_path / "again", unpacked)[0]) == files_of(distributions[0])
    assert (unpacked / "tests" / "conftest.py").is_file()
    assert (unpacked / "CITATION.cff").is_file()
    assert not list(unpacked.rglob("*.whl"))


@pytest.mark.slow
@needs_hatchling
def test_the_command_works_from_the_wheel_alone(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    place = tmp_path / "installed"
    with zipfile.ZipFile(distributions[0]) as content:
        content.extractall(place)

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "proofs_checks", *arguments]
        environment = os.environ | {"PYTHONPATH": str(place)}
        found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert found.returncode == 0, found.stderr
        return found.stdout

    shipped = json.loads(run("study", "list", "--json"))
    assert set(shipped) == {p.stem for p in (ROOT / "studies").glob("*.toml")}
    run("study", "copy", "rate", "--to", "mine.toml")
    assert (tmp_path / "mine.toml").read_bytes() == (ROOT / "studies" / "rate.toml").read_bytes()
    assert "cells" in run("study", "run", "mine.toml", "--out", "out", "--dry-run")
    code = "import proofs_checks, sys; sys.stdout.write(proofs_checks.__file__)"
    asked = {"PYTHONPATH": str(place)}
    file = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | asked, capture_output=True)
    assert Path(file.stdout.decode()).is_relative_to(place)


WITHOUT = """
import importlib, pkgutil, sys
from importlib.machinery import PathFinder

class Installed:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in {missing} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Installed
"""
OPTIONAL = sorted(
    {module for modules, _ in EXTRAS.values() for module in modules.values()} | {"jax", "pandas", "polars"}
)


def without_extras(code: str) -> subprocess.CompletedProcess[str]:
    """Run code where no optional package can be imported."""
    whole = WITHOUT.format(missing=set(OPTIONAL)) + code
    return subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_everything_else_can_be_imported_without_the_extras() -> None:
    code = f"""
for package in {PACKAGES}:
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if found.name not in {[*NEEDED, "proofs_checks.__main__", "proofs_checks.pytest_plugin"]}:
            importlib.import_module(found.name)
"""
    found = without_extras(code)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("module", NEEDED)
def test_a_missing_extra_is_one_sentence_that_says_what_to_install(module: str) -> None:
    found = without_extras(f"import {module}")
    last = found.stderr.strip().splitlines()[-1]
    package = NEEDED[module]
    assert last.startswith(f"schattor_theory.errors.MissingExtraError: {module}: {package} must be installed, got ")
    assert last.endswith(f'Install it with: pip install "schattor-theory[{package}]".')


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("selftest", "--device", "cuda"), "gpu"),
        (("study", "run", "rate", "--out", "{}", "--device", "cuda"), "gpu"),
        (("study", "run", "rate", "--out", "{}", "--scheduler", "tcp://localhost:1"), "cluster"),
    ],
)
@pytest.mark.slow
def test_a_command_that_needs_an_extra_says_which(arguments: tuple[str, ...], extra: str, tmp_path: Path) -> None:
    words = [one.format(tmp_path) for one in arguments]
    found = without_extras(f"from proofs_checks.cli import app\napp({words})")
    assert found.returncode == 2
    assert f'Install it with: pip install "schattor-theory[{extra}]".' in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.slow
def test_a_target_of_a_library_that_is_missing_says_what_to_install() -> None:
    code = "from proofs_checks.crosscheck.loading import LoadingError, load\n"
    code += "try:\n    load('torch.optim:Muon')\nexcept LoadingError as error:\n    print(error)"
    said = without_extras(code).stdout.strip()
    assert said.startswith("not importable: torch.optim raises ModuleNotFoundError")
    assert said.endswith("Install it with: pip install torch")
