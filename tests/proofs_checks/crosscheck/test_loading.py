"""Names lead to objects, and objects say what arguments they take."""

from __future__ import annotations

import functools
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.crosscheck.loading import LoadingError, Target, load
from schattor_theory import Schattor

BAD = str(Path(__file__).with_name("misbehaving.py"))


def test_loads_from_a_module_a_class_and_a_file() -> None:
    assert load("schattor_theory:Schattor") is Schattor
    assert load("schattor_theory:Schattor.step") is Schattor.step
    assert load(f"{BAD}:fine").__name__ == "fine"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("torch", "'torch' names no target. Write module:name, file.py:name, or a .npz or .safetensors file."),
        (":name", "':name' names no target."),
        ("module:", "'module:' names no target."),
        ("no_module_of_this_name:x", "not importable: no_module_of_this_name raises ModuleNotFoundError"),
        ("schattor_theory:Schator", "not importable: schattor_theory has no 'Schator'. Did you mean 'Schattor'?"),
        ("schattor_theory:Schattor.zzzz", "not importable: schattor_theory has no 'Schattor.zzzz'"),
        ("no_file.py:x", "not importable: there is no file no_file.py"),
    ],
)
def test_says_why_a_name_leads_nowhere(spec: str, words: str) -> None:
    with pytest.raises(LoadingError, match=re.escape(words)):
        load(spec)


def test_a_file_may_hold_dataclasses_and_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour_of_a_target.py").write_text("VALUE = 5")
    (tmp_path / "muon.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from neighbour_of_a_target import VALUE\n"
        "@dataclass(slots=True)\n"
        "class Made:\n"
        "    value: int = VALUE\n"
    )
    path = list(sys.path)
    made = load(f"{tmp_path / 'muon.py'}:Made")
    assert made().value == 5  # type: ignore[operator]
    assert sys.path == path


@pytest.mark.parametrize("content", ["raise RuntimeError('broken')", "import sys; sys.exit(3)", "def ("])
def test_a_module_that_cannot_be_run_is_not_importable(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken.py").write_text(content)
    with pytest.raises(LoadingError, match="not importable: "):
        load(f"{tmp_path / 'broken.py'}:x")


def step(params: Any, grads: Any, state: Any = None, *, lr: float = 1.0, previous_grads: Any = None) -> Any: ...
def two(params: Any, grads: Any) -> Any: ...
def named(params: Any, learning_rate: float, step_size: float) -> Any: ...
def keyword(params: Any, *, beta: float, step_size: float = 1.0) -> Any: ...


@pytest.mark.parametrize(
    ("call", "options", "step_size", "previous", "n_required", "is_step"),
    [
        (step, {}, "lr", "previous_grads", 2, True),
        (step, {"lr": 1.0}, None, "previous_grads", 2, True),
        (two, {}, None, None, 2, False),
        (two, {"grads": 1}, None, None, 1, False),
        (named, {}, "learning_rate", None, 1, False),
        (keyword, {}, "step_size", None, 1, False),
        (functools.partial(step, lr=0.5), {}, "lr", "previous_grads", 2, True),
        (Schattor, {"geometry": "inf", "momentum": 0.9}, "step_size", None, 0, False),
        (max, {}, None, None, 0, False),
    ],
)
def test_knows_the_arguments_of_a_target(
    call: Any, options: dict, step_size: str | None, previous: str | None, n_required: int, is_step: bool
) -> None:
    target = Target(object=call, options=options)
    assert target.step_size_name == step_size
    assert target.previous_name == previous
    assert target.n_required == n_required
    assert target.is_step is is_step


def test_passes_step_size_and_options() -> None:
    target = Target(object=lambda a, lr, beta: (a, lr, beta), options={"beta": 3})
    assert target.call(1, step_size=2) == (1, 2, 3)
