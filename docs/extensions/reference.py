"""The API reference: a line ``<!-- modules of PACKAGE -->`` of a page becomes the docstrings of its public names.

``<!-- names of PACKAGE -->`` becomes a table of the public names of the package, which leads to them. A module is
public if it has ``__all__``; a name is shown where it is defined.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from sphinx.pycode import ModuleAnalyzer

PACKAGES = ("schattor_theory", "synthetic", "proofs_checks")
LONGEST_VALUE = 100
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
    """Return the names of ``__all__`` that a module defines itself rather than imports from ours."""
    module = module_named(name)
    if module is None:
        return []
    imported = set()
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).startswith(PACKAGES)):
            imported |= {alias.asname or alias.name for alias in node.names}
    return [item for item in getattr(module, "__all__", []) if item not in imported]


def bare_data(name: str, names: list[str]) -> list[str]:
    """Return which names are data without words of their own: autodoc leaves them out."""
    module, described = module_named(name), ModuleAnalyzer.for_module(name).find_attr_docs()
    data = [item for item in names if not _has_docstring(vars(module).get(item))]
    return [item for item in data if ("", item) not in described]


def _has_docstring(item: Any) -> bool:
    return (inspect.isclass(item) or inspect.isroutine(item)) and bool(inspect.getdoc(item))


def section_of(name: str, names: list[str]) -> str:
    """Return the part of a page on one module."""
    bare = bare_data(name, names)
    lines = [f".. automodule:: {name}", f"   :members: {', '.join(item for item in names if item not in bare)}", ""]
    for item in bare:
        lines += [f".. py:data:: {item}", *_value(vars(module_named(name)).get(item)), ""]
    code = "\n".join(lines)
    return f"## {name}\n\n```{{eval-rst}}\n{code}\n```"


def _value(value: Any) -> list[str]:
    is_plain = isinstance(value, str | int | float | tuple | list)
    words = repr(value)
    return [f"   :value: {words}"] if is_plain and len(words) <= LONGEST_VALUE and "<" not in words else []


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
    text = re.sub(r":\w+:`~?\.?([^`]*)`", r"`\1`", text)
    return re.sub(r"\|", r"\\|", " ".join(text.split()))


def expanded(text: str) -> str:
    """Return a page in which each wish is replaced by what it asks for."""

    def block(match: re.Match[str]) -> str:
        if match[1] == "names":
            return table_of(match[2])
        if match[1] == "catalogue":
            return catalogue_of(match[2])
        return "\n\n".join(section_of(name, names) for name, names in asked(match[0]))

    return WISH.sub(block, text)


def plain(lines: list[str]) -> list[str]:
    """Return a docstring in which no markup is found but literals, roles, links and lists."""
    return [line if line.lstrip().startswith((">>>", "..", ":", "|")) else _plain_line(line) for line in lines]


# what stays as it is: literals, roles, links, emphasis of whole words, what is escaped already
_MARKUP = re.compile(r"(``.*?``|:[\w:]+:`[^`]*`|`[^`]*`_{0,2}|(?<![\w*])\*[^\s*](?:[^*]*[^\s*])?\*(?![\w*])|\\.)")


def _plain_line(line: str) -> str:
    pieces = _MARKUP.split(line)
    escaped = (piece if i % 2 else re.sub(r"([*|]|_\b|\b_(?=\W|$))", r"\\\1", piece) for i, piece in enumerate(pieces))
    return "".join(escaped)


_WORDS_OF_DATA: dict[str, list[str]] = {}


def _docstring(app: Any, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    lines[:] = plain(lines)
    if what in ("data", "attribute"):
        _WORDS_OF_DATA[name] = list(lines)


def _docstring_of_data(app: Any, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    """Undo what was made of the words before a colon, which are no type."""
    if name in _WORDS_OF_DATA:
        lines[:] = _WORDS_OF_DATA.pop(name)


def _read(app: Any, docname: str, source: list[str]) -> None:
    source[0] = expanded(source[0])


def setup(app: Any) -> dict[str, bool]:
    """Register the event."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _docstring, priority=400)
    app.connect("autodoc-process-docstring", _docstring_of_data, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
