"""The reference of commands: the line ``<!-- commands -->`` of a page becomes every command with its options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from proofs_checks.cli import app as schattor
from proofs_checks.commands import EXAMPLES, EXIT_CODES

WISH = "<!-- commands -->"


def commands() -> Iterator[tuple[str, Any]]:
    """Yield the words of every command that does something, and the command."""
    group = typer.main.get_command(schattor)
    context = group.make_context("schattor", [], resilient_parsing=True)
    for name in group.commands:
        _, command, _ = group.resolve_command(context, [name])
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {word}", one) for word, one in inner.items())


def section(words: str, command: Any) -> str:
    """Return the part of the page on one command."""
    anchor = f"(command-{words.replace(' ', '-')})="
    rows = ["| option | | default |", "|---|---|---|", *(_row(one) for one in command.params if one.name != "help")]
    examples = [f"{what[0].upper()}{what[1:]}:\n\n```console\n$ {line}\n```" for line, what in EXAMPLES.get(words, ())]
    about = " ".join(inspect.cleandoc(command.help or "").split())
    return "\n\n".join([anchor, f"## schattor {words}", _plain(about), "\n".join(rows), *examples])


def _row(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if is_option else (parameter.metavar or parameter.name)
    default = parameter.default
    shown = (
        "required" if parameter.required else "" if default in (None, False, [], ()) or callable(default) else default
    )
    return f"| `{name}` | {_plain(getattr(parameter, 'help', None) or '')} | {_plain(str(shown))} |"


def _plain(text: str) -> str:
    for sign in "\\*_<>[]|$":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def text() -> str:
    """Return the page's part on all commands."""
    codes = [
        "| exit code | |",
        "|---|---|",
        *(f"| {code} | {_plain(meaning)} |" for code, meaning in EXIT_CODES.items()),
    ]
    return "\n\n".join(["\n".join(codes), *(section(words, command) for words, command in commands())])


def _read(app: Any, docname: str, source: list[str]) -> None:
    lines = source[0].split("\n")
    if WISH in lines:
        source[0] = "\n".join(text() if line == WISH else line for line in lines)


def setup(app: Any) -> dict[str, bool]:
    """Register the event."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
