"""The pages of the documentation, their blocks of code, and the modules that build the site."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

__all__ = [
    "ROOT",
    "TUTORIALS",
    "Block",
    "blocks_of",
    "commands_of",
    "extension",
    "pages",
    "shell_lines",
    "written_pages",
]

ROOT = Path(__file__).parent.parent.parent
TUTORIALS = sorted(path for path in (ROOT / "docs" / "tutorials").glob("*.md") if path.stem != "index")

_BLOCK = re.compile(r"(?:^<!-- not run: (.*?) -->\n\n?)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    ``not_run`` is the reason that stands before it in a comment, ``<!-- not run: … -->``; None if there is none.
    """

    language: str
    text: str
    not_run: str | None


def pages() -> list[Path]:
    """Return every page of the repository that people read."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def written_pages() -> list[Path]:
    """Return the pages that are no tutorial: the tutorials are run as a whole."""
    return [page for page in pages() if page not in TUTORIALS]


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of code of a page."""
    return [Block(m[2], m[3], m[1] and " ".join(m[1].split())) for m in _BLOCK.finditer(text)]


def shell_lines(text: str) -> list[str]:
    """Return the lines of the blocks of a page that may hold commands."""
    shown = (block for block in blocks_of(text) if block.language in ("", "console", "sh"))
    return [line for block in shown for line in block.text.splitlines()]


def commands_of(text: str) -> list[str]:
    """Return the lines of a page that begin with ``schattor``, in blocks of commands and in cells."""
    lines = shell_lines(text)
    lines += re.findall(r"^!(schattor .*)$", text, flags=re.MULTILINE)
    plain = [re.sub(r"^\$ ", "", line.strip()) for line in lines]
    return [re.sub(r"\s+#.*$", "", line) for line in plain if line.startswith("schattor ")]


def extension(name: str, *needed: str) -> ModuleType:
    """Return a module of docs/extensions; the test is skipped where a package that it needs is not installed."""
    for package in needed:
        pytest.importorskip(package, reason=f"{package} is not installed")
    key = f"docs_extension_{name}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, ROOT / "docs" / "extensions" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[key] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[key])
    return sys.modules[key]
