"""Through the command: a target that misbehaves gets a clear verdict or error, and the others are still checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from proofs_checks import cli

MISBEHAVING = Path(__file__).with_name("misbehaving.py")


def crosschecked(*names: str, out: Path | None = None, limit: str = "2") -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code, and what is said of each target by its name."""
    targets = [name if ":" in name else f"{MISBEHAVING}:{name}" for name in names]
    more = [] if out is None else ["--out", str(out)]
    result = CliRunner().invoke(cli.app, ["crosscheck", *targets, "--json", "--time-limit", limit, *more])
    found = json.loads(result.stdout)["targets"]
    return result.exit_code, {name: one for name, one in zip(names, found, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "outcome", "words"),
    [
        ("raises", "could not run", "ValueError: there is no way"),
        ("hangs", "could not run", "hung"),
        ("leaves", "could not run", "SystemExit"),
        ("returns_nothing", "could not run", "NoneType"),
        ("forgets_the_state", "could not run", "not (params, state)"),
        ("not_a_number", "differs", ""),
        ("turns", "differs", "shape"),
        ("widens", "differs", "float64"),
        ("makes_a_number", "could not run", "int"),
        ("factory_raises", "could not run", "no such thing"),
        ("NUMBER", "could not run", "int is no target"),
        ("no_such_name", "could not run", "no_such_name"),
        ("no.such.module:name", "could not run", "not importable"),
    ],
)
def test_a_bad_target_gets_a_clear_answer_and_the_next_one_is_checked(name: str, outcome: str, words: str) -> None:
    code, found = crosschecked(name, "fine")
    assert found[name]["outcome"] == outcome, found[name]["words"]
    assert words in json.dumps(found[name], ensure_ascii=False)
    assert found["fine"]["outcome"] == "conforms", found["fine"]["words"]
    assert code == {"differs": 1, "could not run": 3}[outcome]


ONLY_TALL = """
import os

def right(params, grads, state, step_size=1.0):
    return params - step_size * grads, state

def raises(params, grads, state, step_size=1.0):
    if params.shape[-2] > params.shape[-1]:
        raise ArithmeticError("too tall")
    return params - step_size * grads, state

def hangs(params, grads, state, step_size=1.0):
    while params.shape[-2:] == (12, 6):
        pass
    return params - step_size * grads, state

def dies(params, grads, state, step_size=1.0):
    if params.shape[-2:] == (12, 6):
        os._exit(3)
    return params - step_size * grads, state

def not_a_number(params, grads, state, step_size=1.0):
    new = params - step_size * grads
    return (new * float("nan") if params.shape[-2] > params.shape[-1] else new), state
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [("raises", "too tall"), ("hangs", "hung"), ("dies", "ended"), ("not_a_number", "not finite")],
)
def test_what_goes_wrong_on_some_inputs_only_is_told_from_what_goes_right(
    name: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "only_tall.py"
    file.write_text(ONLY_TALL, encoding="utf-8")
    code, found = crosschecked(f"{file}:{name}", f"{file}:right", limit="1")
    wrong, right = found.values()
    assert (wrong["outcome"], right["outcome"], code) == ("differs", "conforms", 1), (wrong["words"], right["words"])
    assert any(words in reason for reason in wrong["verdict"]["reasons"])
    assert wrong["convention"]["map"]["kind"] == "PowerMap"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [("writes_to_gradients", "gradient"), ("writes_to_parameters", "parameters"), ("writes_to_state", "state")],
)
def test_what_is_written_over_is_said(name: str, words: str) -> None:
    _, found = crosschecked(name)
    broken = {one["name"]: one["words"] for one in found[name]["invariances"] if one["outcome"] == "broken"}
    assert words in broken["inputs not overwritten"]


@pytest.mark.slow
def test_all_at_once_every_one_has_a_page_and_one_that_differs_beats_one_that_could_not_run(tmp_path: Path) -> None:
    names = ("raises", "fine", "not_a_number", "no_such_name", "prints")
    code, found = crosschecked(*names, out=tmp_path)
    assert code == 1
    assert [one["outcome"] for one in found.values()] == [
        "could not run", "conforms", "differs", "could not run", "conforms",
    ]  # fmt: skip
    assert len(list(tmp_path.glob("*.txt"))) == len(names)
    assert (tmp_path / "crosscheck.json").is_file()
    assert (tmp_path / "index.html").is_file()
