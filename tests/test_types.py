"""The types: what a strict type checker says about the packages, and that it would see what users get wrong.

A package that is left out says so in docs/own-exceptions.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed: pip install mypy"),
]


def findings(*arguments: str) -> tuple[int, str]:
    # a cache of its own: two checkers that run at once disturb each other in a common one
    cache = ROOT / ".mypy_cache" / f"test-{os.getpid()}"
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), *arguments]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    return found.returncode, found.stdout + found.stderr


def sees(*libraries: str) -> pytest.MarkDecorator:
    unseen = [name for name in libraries if find_spec(name) is None]
    return pytest.mark.skipif(bool(unseen), reason=f"the types of {', '.join(unseen)} cannot be seen: not installed")


@pytest.mark.parametrize(
    "package",
    [
        pytest.param("schattor_theory", marks=sees("torch", "jax", "optax")),
        "synthetic",
        pytest.param("proofs_checks", marks=sees("torch", "jax", "optax", "distributed")),
    ],
)
def test_a_strict_type_checker_has_nothing_to_say(package: str) -> None:
    code, text = findings(package)
    assert code == 0, text


def test_the_checker_is_strict_and_sees_what_users_would_get_wrong(tmp_path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "import schattor_theory as st\n"
        "def bare(x):\n    return x\n"
        "bound: str = st.martingale_constant(1.5)\n"
        "st.SchattenGeometry('inf').nrom\n",
        encoding="utf-8",
    )
    code, text = findings("--config-file", str(ROOT / "pyproject.toml"), str(wrong))
    assert code == 1
    lines = [line for line in text.splitlines() if "wrong.py" in line]
    assert {int(line.split("wrong.py:")[1].split(":")[0]) for line in lines} >= {2, 4, 5}


USE = """
from fractions import Fraction

geometry = st.SchattenGeometry(Fraction(4, 3), tolerance=1e-9)
plain = st.Schattor("inf", step_size=0.02, momentum=lambda k: 0.5)
scheduled = st.Schattor(2, **st.parameter_free(0.1))
blocks = st.Schattor(st.ProductGeometry({"w": 4, "b": 2}, radii={"w": 1.0}, balance=float("inf")), 0.1, 0.9)
start = {"w": np.zeros((3, 2)), "b": np.zeros((3, 1))}
moved, after = blocks.step(start, start, blocks.init(start))
numbers: dict[str, float] = {"q": st.dual_exponent("4/3"), "norm": float(st.schatten_norm(np.eye(2), Fraction(3, 2)))}
"""


def test_what_the_readme_shows_is_well_typed(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    use = tmp_path / "use.py"
    use.write_text("\n".join(blocks) + USE, encoding="utf-8")
    code, text = findings("--config-file", str(ROOT / "pyproject.toml"), str(use))
    assert code == 0, text
