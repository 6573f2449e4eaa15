"""Files of the repository that a page leads to become pages of the site: code with line numbers, folders as lists.

A page of the documentation links to code by its path from the page, which is right in a checkout. On the site the link
leads to a copy of the file, so that it needs no network and shows the version that was documented.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound

LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^()\s#]+)(?=[)#])")
SCHEME = "source:"
FOLDER = "source"
IS_PAGE = {".md", ".png", ".svg"}
TEXT = {".py", ".md", ".toml", ".json", ".txt", ".cff", ".cfg"}
LONGEST = 200_000
"""Bytes of the largest file that is shown; of others only the size is said."""


def rewritten(text: str, folder: Path, docs: Path) -> tuple[str, set[str]]:
    """Return a page whose links to what is no page lead to source pages, and the paths that they lead to.

    Parameters
    ----------
    text : str
        The page.
    folder : Path
        The folder it lies in.
    docs : Path
        The folder of the documentation; its parent is the root of the repository.
    """
    found: set[str] = set()

    def replaced(match: re.Match[str]) -> str:
        path = Path(os.path.normpath(folder / match[1]))
        if not path.exists() or not path.is_relative_to(docs.parent):
            return match[0]
        if path.is_relative_to(docs) and (path / "index.md").is_file():
            return f"{match[1].rstrip('/')}/index.md"
        if path.is_relative_to(docs) and path.suffix in IS_PAGE:
            return match[0]
        name = path.relative_to(docs.parent).as_posix()
        found.add(name)
        return SCHEME + name

    return LINK.sub(replaced, text), found


def listed(folder: Path) -> list[Path]:
    """Return the files and folders of a folder that belong to the project, in order."""
    hidden = (".", "__")
    return sorted(path for path in folder.iterdir() if path.name == "__init__.py" or not path.name.startswith(hidden))


def shown(path: Path) -> str:
    """Return the body of the page of a file or folder."""
    if path.is_dir():
        items = [
            f'<a href="{path.name}/{item.name}.html">{item.name}</a>' if item.is_file() else f"{item.name}/"
            for item in listed(path)
        ]
        return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"
    size = path.stat().st_size
    if path.suffix not in TEXT or size > LONGEST:
        return f"<p>{size} bytes, not shown here.</p>"
    try:
        lexer = get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = TextLexer()
    lines = HtmlFormatter(linenos="inline", lineanchors="line", anchorlinenos=True)
    return str(highlight(path.read_text(encoding="utf-8"), lexer, lines))


def _with_children(names: set[str], root: Path) -> list[str]:
    folders = [root / name for name in names if (root / name).is_dir()]
    files = [item for folder in folders for item in listed(folder) if item.is_file()]
    return sorted(names | {item.relative_to(root).as_posix() for item in files})


def _read(app: Any, docname: str, source: list[str]) -> None:
    docs = Path(app.srcdir)
    folder = Path(app.env.doc2path(docname)).parent
    source[0] = rewritten(source[0], folder, docs)[0]


def _resolve(app: Any, doctree: nodes.document, docname: str) -> None:
    for node in doctree.findall(nodes.reference):
        uri = node.get("refuri", "")
        if uri.startswith(SCHEME):
            name, _, anchor = uri.removeprefix(SCHEME).partition("#")
            page = app.builder.get_relative_uri(docname, f"{FOLDER}/{name}")
            node["refuri"] = f"{page}#{anchor}" if anchor else page
            node["internal"] = True


def _pages(app: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    docs = Path(app.srcdir)
    found: set[str] = set()
    for docname in app.env.found_docs:
        path = Path(app.env.doc2path(docname))
        found |= rewritten(path.read_text(encoding="utf-8"), path.parent, docs)[1]
    for name in _with_children(found, docs.parent):
        title = f"<h1>{html.escape(name)}</h1>"
        body = f'<section>{title}<div class="highlight">{shown(docs.parent / name)}</div></section>'
        yield f"{FOLDER}/{name}", {"title": name, "body": body}, "page.html"


def setup(app: Any) -> dict[str, bool]:
    """Register the events."""
    app.connect("source-read", _read)
    app.connect("doctree-resolved", _resolve)
    app.connect("html-collect-pages", _pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
