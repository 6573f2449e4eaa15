"""The display of progress: nothing where nobody looks."""

from __future__ import annotations

import io
import sys

import pytest
from rich.progress import TextColumn

from proofs_checks.display import display


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "is_shown"), [(io.StringIO, False), (Terminal, True)])
def test_draws_on_a_terminal_only(stream: type, is_shown: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    with display() as progress:
        progress.add_task("a task", total=2, completed=1)
        progress.refresh()
        drawn = sys.stderr.getvalue()
    assert ("a task" in drawn and "1/2" in drawn) == is_shown
    assert is_shown or drawn == ""


def test_draws_nothing_in_a_cell_of_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    with display() as progress:
        progress.add_task("a task", total=2, completed=1)
        progress.refresh()
        assert sys.stderr.getvalue() == ""


def test_columns_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    with display(TextColumn("only {task.description}")) as progress:
        progress.add_task("this", total=2)
        progress.refresh()
        assert "only this" in sys.stderr.getvalue()
        assert "0/2" not in sys.stderr.getvalue()
