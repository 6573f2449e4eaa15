"""Every command on every page, and every option in it, is one that there is."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from proofs_checks import cli
from tests.docs.pages import ROOT, commands_of, pages, shell_lines

LINES = sorted(
    {(page.relative_to(ROOT).as_posix(), line) for page in pages() for line in commands_of(page.read_text())}
)


def understood(line: str) -> None:
    """Parse a command line without running it; what the shell puts in for a variable may be 1."""
    program, *arguments = shlex.split(re.sub(r'"?\$\w+[^\s"]*"?', "1", line).removesuffix("&"))
    assert program == "schattor"
    command, context = typer.main.get_command(cli.app), None
    if arguments[0].startswith("-"):  # these act as soon as they are parsed
        assert arguments[0] in {"--help", *(name for option in command.params for name in option.opts)}
        return
    while hasattr(command, "commands"):
        context = command.make_context(command.name, list(arguments), parent=context)
        _, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
    if "--help" not in arguments:
        command.make_context(command.name, list(arguments), parent=context)


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_command_of_a_page_is_understood(page: str, line: str) -> None:
    understood(line)


def test_there_are_commands_in_blocks_and_in_cells() -> None:
    assert len(LINES) > 20
    assert commands_of("```\n$ schattor doctor   # versions\n```\n\n!schattor selftest\n") == [
        "schattor doctor", "schattor selftest",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["schattor verify --levels full", "schattor fly", "schattor study run"])
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    usage_error = typer.BadParameter.__base__
    with pytest.raises(usage_error):  # type: ignore[arg-type]
        understood(line)


def modules_run(text: str) -> list[str]:
    """Return the modules that a page runs with ``python -m`` or by their path."""
    lines = shell_lines(text)
    named = [name.replace(".", "/") for line in lines for name in re.findall(r"\bpython3? -m ([\w.]+)", line)]
    return named + [path.removesuffix(".py") for line in lines for path in re.findall(r"\bpython3? ([\w/]+\.py)", line)]


OUTSIDE = {"venv", "pip", "pytest", "sphinx"}
SAVED_BY_THE_READER = {"slurm_cluster"}


def test_a_module_that_a_page_runs_is_in_the_repository() -> None:
    run = {(page, name) for page in pages() for name in modules_run(page.read_text(encoding="utf-8"))}
    ours = {(page, name) for page, name in run if name not in OUTSIDE | SAVED_BY_THE_READER}
    assert ours
    files = {name: (ROOT / f"{name}.py", ROOT / name / "__main__.py") for _, name in ours}
    assert [(page, name) for page, name in ours if not any(file.is_file() for file in files[name])] == []


def test_a_module_that_is_not_there_is_noticed() -> None:
    assert modules_run("```\npython -m proofs_checks.flying --out a\npython docs/flying.py\n```\n") == [
        "proofs_checks/flying", "docs/flying",
    ]  # fmt: skip
