"""The command as a whole: what it lists, what it loads, its examples, completion, and what becomes of errors."""

from __future__ import annotations

import importlib
import json
import os
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner, Result

from proofs_checks import cli
from proofs_checks.commands import COMMANDS, EXAMPLES, EXIT_CODES, examples_of
from proofs_checks.crosscheck.adapters import ADAPTERS
from proofs_checks.crosscheck.observe import TIME_LIMIT
from proofs_checks.crosscheck.recorded import DTYPES
from proofs_checks.report.page import FORMATS
from proofs_checks.vectors.files import INDEX, NPZ, SAFETENSORS

HEAVY = (
    "numpy", "scipy", "sympy", "cvxpy", "matplotlib", "sklearn", "pyarrow", "flint", "threadpoolctl", "torch", "jax",
    "multiprocessing", "concurrent.futures", "schattor_theory", "synthetic",
)  # fmt: skip


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def loaded_by(*lines: str) -> dict[str, list[str]]:
    """Return which of the heavy libraries each of the lines loads that those before it did not, in a fresh process."""
    code = f"import json, sys\nfrom proofs_checks.cli import app\nloaded = {{}}\nfor line in {lines}:\n"
    code += "    before = set(sys.modules)\n    try:\n        app(line.split())\n"
    code += "    except SystemExit as stop:\n        assert not stop.code, line\n"
    code += f"    loaded[line] = [m for m in {HEAVY} if m in sys.modules.keys() - before]\nprint(json.dumps(loaded))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(found.stdout.splitlines()[-1])


def words_of_all_commands() -> list[str]:
    """Return every command and subcommand there is, as it is typed."""
    found = []
    for name in COMMANDS:
        command = cli._loaded(name)
        found += [name, *(f"{name} {sub}" for sub in getattr(command, "commands", {}))]
    return found


def test_help_version_and_completion_load_no_library_that_only_work_needs() -> None:
    lines = ["--version", "--show-completion", "--help", *(f"{words} --help" for words in EXAMPLES)]
    assert loaded_by(*lines) == {line: [] for line in lines}


def test_what_a_command_needs_is_loaded_when_it_runs() -> None:
    assert loaded_by("doctor --help", "doctor --json") == {
        "doctor --help": [],
        "doctor --json": ["numpy", "threadpoolctl"],
    }


def test_the_options_tell_the_choices_and_the_values_of_the_work_that_they_do_not_load() -> None:
    help_of = {(o.name, c): o for c in ("crosscheck", "vectors", "report") for o in cli._loaded(c).params}
    assert all(kind in help_of["kind", "crosscheck"].help for kind in ADAPTERS)
    assert all(dtype in help_of["dtype", "crosscheck"].help for dtype in DTYPES)
    assert help_of["time_limit", "crosscheck"].default == TIME_LIMIT
    assert all(name in help_of["out", "vectors"].help for name in (NPZ, SAFETENSORS, INDEX))
    assert all(f"{kind}:" in help_of["kind", "report"].help for kind in FORMATS)


def test_version_and_help() -> None:
    assert run("--version").output.startswith("schattor-theory ")
    shown = run("--help")
    assert shown.exit_code == 0
    for command in COMMANDS:
        assert command in shown.output
    for code, meaning in EXIT_CODES.items():
        assert f"{code}  {meaning}" in shown.output


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_listed_command_exists_and_its_help_shows_its_examples(name: str) -> None:
    shown = run(name, "--help")
    assert shown.exit_code == 0, shown.output
    text = " ".join(shown.output.split())
    assert all(line in text for line, _ in EXAMPLES[name])


def test_every_command_and_subcommand_has_an_example_and_no_example_is_of_another() -> None:
    assert sorted(words_of_all_commands()) == sorted(EXAMPLES)
    assert examples_of("study fly") is None


def test_every_command_and_subcommand_can_print_json() -> None:
    silent = []
    for name in COMMANDS:
        command = cli._loaded(name)
        for words, one in {name: command, **getattr(command, "commands", {})}.items():
            if not hasattr(one, "commands") and not any("--json" in option.opts for option in one.params):
                silent.append(words)
    assert silent == []


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line, _ in lines])
def test_every_example_is_understood_by_the_command(line: str) -> None:
    understood(line)


@pytest.mark.parametrize("line", ["schattor verify --levl full", "schattor study run", "schattor study fly"])
def test_an_example_that_is_wrong_would_be_noticed(line: str) -> None:
    usage_error = typer.BadParameter.__base__
    with pytest.raises(usage_error):  # type: ignore[arg-type]
        understood(line)


def understood(line: str) -> None:
    """Parse a command line without running it."""
    program, *arguments = shlex.split(line)
    assert program == "schattor"
    command, context = typer.main.get_command(cli.app), None
    while hasattr(command, "commands"):
        context = command.make_context(command.name, list(arguments), parent=context)
        _, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
    command.make_context(command.name, list(arguments), parent=context)


def test_a_mistyped_command_is_exit_2_and_the_nearest_is_named() -> None:
    result = run("doctr")
    assert result.exit_code == 2
    assert "Did you mean 'doctor'?" in result.output


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("schattor ver", {"verify"}, "vectors"),
        ("schattor study ", {"run", "report", "list", "copy"}, "verify"),
        ("schattor verify --le", {"--level"}, "--seed"),
    ],
)
def test_the_shell_completes_commands_and_options(typed: str, offered: set[str], not_offered: str) -> None:
    words = typed.split(" ")
    asked = {"_SCHATTOR_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    code = "from proofs_checks.cli import app; app(prog_name='schattor')"
    found = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, timeout=60
    )
    assert offered <= set(found.stdout.split()), found.stderr
    assert not_offered not in found.stdout.split()


def test_the_user_s_error_is_one_line_and_another_value_error_is_not_taken_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(importlib.import_module("proofs_checks.doctor"), "examine", broken)
    result = run("doctor")
    assert isinstance(result.exception, ValueError)
    assert "a defect" not in result.stderr


def test_an_unforeseen_error_is_exit_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_command_whose_module_is_missing_is_an_error_not_a_silent_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "nowhere", "Nothing.")
    assert isinstance(run("nowhere").exception, ModuleNotFoundError)
