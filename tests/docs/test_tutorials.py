"""The tutorials: every cell and every command of each, literally and in order, in an empty folder."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?::tags:[^\n]*\n)?(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass
class Session:
    """What a reader sees who runs the cells of a page one after the other."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    printed: list[str] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)

    def run(self, cell: str) -> None:
        """Run a cell: a file to write, a command, or Python."""
        first, _, rest = cell.partition("\n")
        if first.startswith("%%writefile "):
            (self.folder / first.removeprefix("%%writefile ")).write_text(rest, encoding="utf-8")
        elif first.startswith("!"):
            self.shell(first[1:])
        else:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(cell, "a cell", "exec"), self.names)
            self.printed.append(out.getvalue())

    def shell(self, command: str) -> None:
        """Run a command as a terminal does in which the environment of these tests is active."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=600,
        )
        self.codes[command] = done.returncode
        self.printed.append(done.stdout + done.stderr)


def session_of(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return the session of a tutorial after all its cells."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    session = Session(folder)
    cells = CELL.findall((ROOT / "docs" / "tutorials" / f"{name}.md").read_text(encoding="utf-8"))
    assert len(cells) > 4
    for cell in cells:
        session.run(cell)
    return session


@pytest.mark.slow
def test_dimension_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython", reason="IPython is not installed")
    session = session_of("dimension-free", tmp_path, monkeypatch)
    assert set(session.codes.values()) == {0}
    first, second = (re.findall(r"d = +\d+: ([\d.]+) ±", text) for text in session.printed if "d = " in text)
    flat, growing = [[float(number) for number in numbers] for numbers in (first, second)]
    # what the page says of its numbers: one does not move and lies below the bound, the other grows
    assert max(flat) < 1.05 * min(flat)
    assert max(flat) < session.names["tuning"].bound.value
    assert growing == sorted(growing)
    assert growing[-1] > 1.2 * growing[0]
    assert any("3 of 3 expected exponents hold" in text for text in session.printed)
    assert (tmp_path / "out" / "first_study" / "report.html").is_file()


@pytest.mark.slow
def test_tightness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython", reason="IPython is not installed")
    session = session_of("tightness", tmp_path, monkeypatch)
    assert set(session.codes.values()) == {0}
    names = session.names
    # a third of the bound, and more is lost in the descent step than in the momentum error
    assert 0.25 < names["measured"] / names["tuning"].bound.value < 0.4
    assert names["measured"] / names["with_measured_error"] < names["error"] / names["error_bound"] < 1
    assert any(re.search(r"3/2 .* 0\.73 .* 8\.24", text) for text in session.printed)
    assert names["found"].verdict.value == "holds"


@pytest.mark.slow
def test_cross_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of("cross-check", tmp_path, monkeypatch)
    sys.modules.pop("my_optimizer")  # a file of this folder, which no other test shall import
    # 1: the first one differs, which is the point
    assert list(session.codes.values()) == [1, 0]
    (said,) = (text for text in session.printed if "Differs from" in text)
    assert "although the gradient is zero" in said
    assert "null space" in said
    assert any("smallest/gradient/0/w [[0.0]]" in text for text in session.printed)
    assert session.names["result"].outcome == "conforms"
    assert any("1 passed" in text for text in session.printed)


def test_a_session_keeps_files_commands_and_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Session(tmp_path)
    for cell in ("%%writefile a.txt\ntext\n", "!cat a.txt", "x = 3\nprint(x)", "!exit 5"):
        session.run(cell)
    assert session.printed == ["text\n", "3\n", ""]
    assert session.codes == {"cat a.txt": 0, "exit 5": 5}
    assert session.names["x"] == 3
