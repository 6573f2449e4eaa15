"""The command ``schattor``: where the parts are put together.

Exit codes of every command are those of :data:`proofs_checks.commands.EXIT_CODES`. The options of a command are
imported when it is typed, its work when it runs: help, version and completion do not wait for numerical libraries.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from .commands import COMMANDS, EXIT_CODES, examples_of

__all__ = ["app", "main"]

_BAD_USAGE, _COULD_NOT_RUN, _INTERRUPTED = 2, 3, 4


class _Commands(TyperGroup):
    """Loads a command when it runs, and gives every one the exit codes; an error of the user is one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=summary) for name, summary in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that was asked for, the module of its options imported."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed if name is None else _loaded(name), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # the reader of the output went away; nothing more can be said to it, at shutdown either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(_COULD_NOT_RUN) from error
        except KeyboardInterrupt as error:
            words = "interrupted; nothing is kept. Run the same command again to start over."
            print(f"schattor: {words}", file=sys.stderr)
            raise typer.Exit(_INTERRUPTED) from error
        except Exception as error:
            if not _is_of_the_user(error):
                raise
            print(f"schattor: {error}", file=sys.stderr)
            raise typer.Exit(_BAD_USAGE) from error
        finally:
            signal.signal(signal.SIGTERM, before)


def _loaded(name: str) -> Any:
    """Return a command with its examples, the module of its options imported."""
    found = getattr(importlib.import_module(f".command_line.{name}", __package__), name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    command = typer.main.get_command(found)
    command.epilog = examples_of(name)
    for words, one in getattr(command, "commands", {}).items():
        one.epilog = examples_of(f"{name} {words}")
    return command


def _is_of_the_user(error: Exception) -> bool:
    """Return whether it is a ``SchattorError``; as long as that class is not loaded, nothing is."""
    errors = sys.modules.get("schattor_theory.errors")
    return errors is not None and isinstance(error, errors.SchattorError)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


app = typer.Typer(
    cls=_Commands,
    name="schattor",
    help="Theory verification and numerical analysis for Schatten-norm matrix optimizers.",
    epilog="\n".join(["Exit codes:", *(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())]),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(is_asked: bool) -> None:
    if is_asked:
        try:
            print(f"schattor-theory {version('schattor-theory')}")
        except PackageNotFoundError:
            print("schattor-theory (not installed)")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Theory verification and numerical analysis for Schatten-norm matrix optimizers."""


def main() -> None:
    """Run the command; what nobody foresaw is shown whole and is exit code 3, never 1."""
    try:
        app()
    except Exception:
        traceback.print_exc()
        sys.exit(_COULD_NOT_RUN)
