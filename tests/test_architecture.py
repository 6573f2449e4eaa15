"""The shape of the code base: which way imports flow, and what has no place in a package.

Each rule is a function from the text of a file to the offences in it, and is shown an offence that it must find.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.joined import every

ROOT = Path(__file__).parent.parent
PACKAGES = ("schattor_theory", "synthetic", "proofs_checks")
LONGEST_FILE = 450

ARRAY_LIBRARIES = {"numpy", "cupy", "torch", "jax", "jaxlib", "array_api_compat", "array_api_strict", "tensorflow"}
# where schattor_theory may import NumPy, and why; every other array library comes through arrays.py
NUMPY_ALLOWED = {
    "schattor_theory/arrays.py": "the seam itself",
    "schattor_theory/geometry/spectral.py": "the diagonal shortcut reads values, so it is for NumPy arrays alone",
    "schattor_theory/geometry/schatten.py": "guarded maps and norms read residuals, so they are for NumPy arrays alone",
    "schattor_theory/geometry/methods.py": "asks whether an array is NumPy's",
    "schattor_theory/geometry/guarded.py": "reads residuals on the host",
    "schattor_theory/geometry/gram.py": "reads residuals on the host",
    "schattor_theory/geometry/certified_polar.py": "reads residuals on the host",
    "schattor_theory/geometry/polynomials.py": "on the host its products go to memory that is used again",
    "schattor_theory/geometry/workspace.py": "lends host memory",
    "schattor_theory/geometry/certified.py": "certificates are for NumPy arrays alone",
    "schattor_theory/geometry/certificates.py": "residuals are host numbers",
    "schattor_theory/optimizer/schattor.py": "coefficients at an int step number are host floats",
    "schattor_theory/optimizer/schedules.py": "NumPy step numbers are given to a schedule as ints",
    "schattor_theory/optimizer/state.py": "states are saved as host arrays",
    "schattor_theory/bounds/": "bounds are host numbers; sequences over the steps are NumPy arrays",
}
# where another array library may be imported, and why
LIBRARIES_ALLOWED = {
    "schattor_theory/arrays.py": "the seam itself",
    "schattor_theory/torch.py": "a shell for torch's own training loops; computes by the core alone",
    "schattor_theory/optax.py": "a shell for optax's own training loops; computes by the core alone",
    "proofs_checks/crosscheck/": "adapters to other people's optimizers",
    "proofs_checks/vectors/device.py": "asks CuPy for a CUDA device and makes its arrays; computes nothing",
    "proofs_checks/doctor.py": "asks the CUDA driver what devices there are; computes nothing",
}

FORBIDDEN_IN_THEORY = {
    "random", "secrets", "uuid", "os", "io", "pathlib", "shutil", "tempfile", "logging", "json", "pickle", "csv", "sys",
    "subprocess", "socket", "urllib", "time", "datetime", "threading", "multiprocessing", "sqlite3",
}  # fmt: skip


class Facts(NamedTuple):
    """What the rules ask of a file; its syntax tree is let go, since those of all files together are large."""

    imports: list[tuple[int, str | None, list[str]]]
    """Level, module and names of ``from module import names``; level -1 and the modules for ``import modules``."""
    calls: list[tuple[str, list[str | None]]]
    """The dotted name of everything that is called, and the keywords."""
    asserted_arguments: list[int]
    """Lines with an assert on an argument of the function that it is in."""


@functools.cache
def facts_of(text: str) -> Facts:
    facts = Facts([], [], [])
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            facts.imports.append((-1, None, [alias.name for alias in node.names]))
        elif isinstance(node, ast.ImportFrom):
            facts.imports.append((node.level, node.module, [alias.name for alias in node.names]))
        elif isinstance(node, ast.Call):
            facts.calls.append((dotted(node.func), [keyword.arg for keyword in node.keywords]))
        elif isinstance(node, ast.FunctionDef):
            facts.asserted_arguments.extend(lines_that_assert_arguments(node))
    return facts


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def lines_that_assert_arguments(function: ast.FunctionDef) -> Iterator[int]:
    given = function.args
    arguments = {a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)} - {"self"}
    # an assert that narrows a type of the function's own values is no check of an argument
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and arguments & {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}:
            yield node.lineno


def source_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_modules(text: str, name: str) -> Iterator[str]:
    """Yield the absolute name of every module that the file ``name`` imports, relative imports resolved."""
    package = name.removesuffix(".py").split("/")[:-1]
    for level, module, names in facts_of(text).imports:
        if level < 0:
            yield from names
        else:
            base = package[: len(package) - level + 1] if level else []
            yield ".".join([*base, *([module] if module else [])])


def imports_against_the_flow(text: str, name: str) -> list[str]:
    order = {package: i for i, package in enumerate(PACKAGES)}
    own = order[name.split("/")[0]]
    tops = {module.split(".")[0] for module in imported_modules(text, name)}
    return sorted(f"imports {top}" for top in tops if order.get(top, -1) > own)


def imports_of_tests(text: str, name: str) -> list[str]:
    return [m for m in imported_modules(text, name) if m.split(".")[0] in ("tests", "pytest", "hypothesis")]


def array_libraries_outside_the_seam(text: str, name: str) -> list[str]:
    found = {module.split(".")[0] for module in imported_modules(text, name)} & ARRAY_LIBRARIES
    if name.startswith(tuple(LIBRARIES_ALLOWED)):
        return []
    if not name.startswith("schattor_theory/") or name.startswith(tuple(NUMPY_ALLOWED)):
        found -= {"numpy"}
    return sorted(found)


def files_randomness_or_printing(text: str, name: str) -> list[str]:
    found = [m for m in imported_modules(text, name) if m.split(".")[0] in FORBIDDEN_IN_THEORY or m == "numpy.random"]
    words = re.compile(r"print|open|input|exec|eval|(np|numpy)\.(random\..*|save|savez|load|savetxt|loadtxt|fromfile)")
    return found + [called for called, _ in facts_of(text).calls if words.fullmatch(called)]


def generators_made(text: str, name: str) -> list[str]:
    makers = re.compile(r"(np|numpy)\.random\..*|random\..*|(.*\.)?(default_rng|RandomState|SeedSequence)|Generator")
    found = [m for m in imported_modules(text, name) if m in ("random", "numpy.random", "secrets")]
    found += [called for called, _ in facts_of(text).calls if makers.fullmatch(called)]
    for called, keywords in facts_of(text).calls:  # scipy draws from the global state unless it is given a generator
        if called.endswith(".rvs") and "random_state" not in keywords:
            found.append(called)
    return found


def machine_paths(text: str, name: str) -> list[str]:
    return re.findall(r"(?<![\w.])(?:/(?:home|root|work|Users|mnt|tmp|opt)/[\w.\-/]+|[A-Z]:\\\\?\w+)", text)


def unfinished(text: str, name: str) -> list[str]:
    return re.findall(r"\b(?:TODO|FIXME|XXX|HACK)\b", text)


def too_long(text: str, name: str) -> list[str]:
    n_lines = text.count("\n")
    return [f"{n_lines} lines"] if n_lines > LONGEST_FILE else []


def arguments_checked_by_assert(text: str, name: str) -> list[str]:
    return [f"line {line}" for line in facts_of(text).asserted_arguments]


Rule = Callable[[str, str], list[str]]
RULES: dict[Rule, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    # rule: (folders, files that may, an offence it must see in schattor_theory/bounds/new.py or .../geometry/new.py)
    imports_against_the_flow: (PACKAGES, (), "from synthetic.seeds import Streams"),
    imports_of_tests: (PACKAGES, ("proofs_checks/pytest_plugin.py",), "import pytest"),
    array_libraries_outside_the_seam: (PACKAGES, (), "def f():\n    import jax.numpy as jnp"),
    files_randomness_or_printing: (("schattor_theory",), (), "def f(x):\n    print(x)"),
    generators_made: (PACKAGES, ("synthetic/seeds.py",), "import numpy as np\nrng = np.random.default_rng(0)"),
    machine_paths: ((*PACKAGES, "tests", "benchmarks"), ("tests/test_architecture.py",), 'FOLDER = "/home/me/runs"'),
    unfinished: ((*PACKAGES, "tests", "benchmarks"), ("tests/test_architecture.py",), "x = 1  # TODO: more"),
    too_long: ((*PACKAGES, "tests", "benchmarks"), (), "x = 1\n" * (LONGEST_FILE + 1)),
    arguments_checked_by_assert: (PACKAGES, (), "def f(p):\n    assert p >= 1"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_file_has(rule: Rule) -> None:
    folders, may, _ = RULES[rule]
    found = {name_of(p): rule(p.read_text(encoding="utf-8"), name_of(p)) for p in source_files(*folders)}
    assert {name: offences for name, offences in found.items() if offences and name not in may} == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_finds_a_planted_offence(rule: Rule) -> None:
    assert rule(RULES[rule][2], "schattor_theory/geometry/new.py")
    assert not rule("from ..checks import fail\nx = 1\n", "schattor_theory/geometry/new.py")


@every(
    ("rule", "text", "name"),
    [
        (imports_against_the_flow, "from proofs_checks import cli", "synthetic/new.py"),
        (imports_against_the_flow, "def f():\n    import proofs_checks.cli", "schattor_theory/new.py"),
        (array_libraries_outside_the_seam, "import numpy as np", "schattor_theory/geometry/new.py"),
        (array_libraries_outside_the_seam, "import torch", "synthetic/new.py"),
        (array_libraries_outside_the_seam, "from array_api_compat import device", "schattor_theory/bounds/new.py"),
        (generators_made, "from random import choice", "proofs_checks/new.py"),
        (generators_made, "x = scipy.stats.norm.rvs(size=3)", "proofs_checks/new.py"),
        (generators_made, "from numpy.random import SFC64", "synthetic/noise/new.py"),
        (files_randomness_or_printing, "from pathlib import Path", "schattor_theory/new.py"),
        (files_randomness_or_printing, "x = open('a')", "schattor_theory/new.py"),
        (machine_paths, "root = 'C:\\\\Users'", "synthetic/new.py"),
    ],
)
def test_rules_find_other_offences(rule: Rule, text: str, name: str) -> None:
    assert rule(text, name)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (generators_made, "def f(rng: np.random.Generator) -> None:\n    isinstance(rng, np.random.Generator)"),
        (imports_against_the_flow, "from schattor_theory import Schattor\nfrom .seeds import Streams"),
        (machine_paths, "# minutes/hour, https://arxiv.org/work/1 and a/work/b"),
    ],
)
def test_rules_let_honest_code_pass(rule: Rule, text: str) -> None:
    assert not rule(text, "synthetic/new.py")


def test_relative_imports_are_resolved() -> None:
    text = "from ..checks import fail\nfrom . import a\nfrom .b import c"
    assert list(imported_modules(text, "schattor_theory/geometry/x.py")) == [
        "schattor_theory.checks",
        "schattor_theory.geometry",
        "schattor_theory.geometry.b",
    ]


def test_every_allowance_is_still_needed() -> None:
    files = source_files("schattor_theory")
    importers = {name_of(p) for p in files if "numpy" in set(imported_modules(p.read_text(), name_of(p)))}
    assert [a for a in NUMPY_ALLOWED if not any(name.startswith(a) for name in importers)] == []


@pytest.mark.parametrize("suffix", ["md", "toml", "yml", "cff"])
def test_no_text_file_has_a_machine_path_or_is_unfinished(suffix: str) -> None:
    visible = [p for p in ROOT.rglob(f"*.{suffix}") if not re.search(r"(^|/)\.", p.relative_to(ROOT).as_posix())]
    for path in visible:
        text = path.read_text(encoding="utf-8")
        assert machine_paths(text, "") + unfinished(text, "") == [], path


def test_every_source_file_says_what_it_is() -> None:
    # the first statement of a file is its docstring
    begins = re.compile(r'\s*r?""".*\w')
    silent = [name_of(p) for p in source_files(*PACKAGES, "tests") if not begins.match(p.read_text(encoding="utf-8"))]
    assert silent == []
    assert not begins.match("import os\n")
