"""The API reference: a line ``<!-- modules of PACKAGE -->`` of a page becomes the docstrings of all its public names.

``<!-- names of PACKAGE -->`` becomes a table of the public names of the package, which leads to them. A module is public
if it has ``__all__``; a name is shown where it is defined.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

WISH = re.compile(r"^<!-- (names|modules|catalogue) of ([\w.]+)(?: but ([\w., ]+))? -->$", re.MULTILINE)


def module_named(name: str) -> ModuleType | None:
    """Return a module, or None where it needs a package that is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def modules_of(package: str) -> Iterator[str]:
    """Yield the names of the public modules of a package, itself first."""
    module = module_named(package)
    if module is None:
        return
    if getattr(module, "__all__", None):
        yield package
    for info in sorted(pkgutil.iter_modules(getattr(module, "__path__", [])), key=lambda one: one.name):
        if not info.name.startswith("_"):
            yield from modules_of(f"{package}.{info.name}")


def own_names(name: str) -> list[str]:
    """Return the names of ``__all__`` that a module defines itself."""
    module = module_named(name)
    if module is None:
        return []
    found = []
    for item in getattr(module, "__all__", []):
        home = getattr(getattr(module, item), "__module__", None)
        is_lazy = item not in vars(module)  # made when it is asked for, and documented where it is made
        if not is_lazy and not (isinstance(home, str) and home.startswith(name.split(".")[0]) and home != name):
            found.append(item)
    return found


def asked(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the modules whose docstrings a page asks for, each with its names to show."""
    for what, package, left_out in WISH.findall(text):
        out = [one.strip() for one in left_out.split(",") if one.strip()]
        for name in modules_of(package) if what == "modules" else ():
            if not any(name == one or name.startswith(f"{one}.") for one in out) and own_names(name):
                yield name, own_names(name)


def table_of(name: str) -> str:
    """Return the table of the public names of a module: each leads to where it is documented."""
    module = module_named(name)
    rows = []
    for item in getattr(module, "__all__", []):
        found = getattr(module, item)
        home = getattr(found, "__module__", None)
        where = home if isinstance(home, str) and home.startswith(name) else name
        documented = inspect.isclass(found) or inspect.isroutine(found)
        words = _first_line(found) if documented else "data"
        rows.append(f"| {{py:obj}}`{item} <{where}.{item}>` | {words} |")
    return "\n".join(["| name | |", "|---|---|", *rows])


def catalogue_of(name: str) -> str:
    """Return the table of a catalogue of ``synthetic``: each member with its options."""
    rows = []
    for key, family in getattr(importlib.import_module("synthetic"), name).items():
        options = "<br>".join(f"`{option}`: {_cell(words)}" for option, words in family.options.items())
        rows.append(f"| `{key}` | {_cell(family.summary)} | {options} |")
    return "\n".join([f"## {name}\n", "| name | | options |", "|---|---|---|", *rows])


def _cell(words: str) -> str:
    return re.sub(r"([\\*_<>\[\]|$])", r"\\\1", " ".join(words.split()))


def _first_line(item: Any) -> str:
    text = (inspect.getdoc(item) or "").split("\n\n")[0].replace("``", "`")
    return re.sub(r"\|", r"\\|", " ".join(text.split()))


def expanded(text: str) -> str:
    """Return a page in which each wish is replaced by what it asks for."""

    def block(match: re.Match[str]) -> str:
        if match[1] == "names":
            return table_of(match[2])
        if match[1] == "catalogue":
            return catalogue_of(match[2])
        return "\n\n".join(
            f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members: {', '.join(names)}\n```"
            for name, names in asked(match[0])
        )

    return WISH.sub(block, text)


def plain(lines: list[str]) -> list[str]:
    """Return a docstring in which no markup is found but literals, roles, links and lists."""
    return [line if line.lstrip().startswith((">>>", "..", ":", "|")) else _plain_line(line) for line in lines]


def _plain_line(line: str) -> str:
    pieces = re.split(r"(``.*?``|:[\w:]+:`[^`]*`|`[^`]*`_{0,2}|\\.)", line)
    return "".join(piece if i % 2 else re.sub(r"([*|]|_\b|\b_(?=\W|$))", r"\\\1", piece) for i, piece in enumerate(pieces))


def _docstring(app: Any, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    lines[:] = plain(lines)


def _read(app: Any, docname: str, source: list[str]) -> None:
    source[0] = expanded(source[0])


def setup(app: Any) -> dict[str, bool]:
    """Register the event."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _docstring, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
